"""Means of the targets: mean, zscore, score_genes."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

Array = np.ndarray


@dataclass(frozen=True)
class LinearPass:
    """Sums over rows; the weights' sums are per row where some genes are not measured."""

    total: Array  # (n_rows,) sum of the values
    square: Array  # (n_rows,) sum of their squares
    measured: Array  # (n_rows,) measured genes
    weighted: Array  # (n_rows, n_signatures) sum of weight * value
    size: Array  # (n_rows or 1, n_signatures) measured targets
    weight: Array  # same shape: sum of their weights
    weight_abs: Array
    weight_square: Array
    gram: Array  # (n_signatures, n_signatures) sum over genes of weight * weight

    @property
    def sd(self) -> Array:
        """(n_rows, 1) standard deviation over genes, n - 1 in the denominator."""
        n = self.measured
        return np.sqrt(np.maximum(self.square - self.total**2 / n, 0) / (n - 1))[:, None]


def mean(sums: LinearPass, options: Mapping) -> Array:
    """Weighted mean of the targets, sum(w x) / sum(|w|)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums.weighted / sums.weight_abs


def zscore(sums: LinearPass, options: Mapping) -> Array:
    """Weighted mean minus the mean of all genes, over its standard error in the observation."""
    overall = (sums.total / sums.measured)[:, None] if options["centre"] else 0.0
    with np.errstate(invalid="ignore", divide="ignore"):
        return (sums.weighted / sums.weight_abs - overall) * np.sqrt(sums.size) / sums.sd
