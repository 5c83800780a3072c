"""Means of the targets: mean, zscore, score_genes; over observations: combined_z, plage."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ...core.errors import InputError
from .targets import NetIndex

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
    contrast: Array  # (n_rows, n_signatures) mean of the targets minus mean of their controls

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


def score_genes(sums: LinearPass, options: Mapping) -> Array:
    """Mean of the targets minus that of control genes of like expression (Tirosh 2016)."""
    return sums.contrast


def expression_bins(means: Array, n_bins: int) -> Array:
    """Bin of each gene by its mean over all observations, as scanpy cuts them."""
    from scipy.stats import rankdata

    per_bin = max(1, int(np.round(len(means) / (n_bins - 1))))
    return rankdata(means, method="min") // per_bin


def controls(bins: Array, target: Array, options: Mapping) -> Array:
    """Positions of the control genes of one signature, drawn as scanpy draws them.

    Parameters
    ----------
    bins
        (n_genes,) from `expression_bins`; the draw depends on the order of the genes.
    target
        Positions of the signature's genes.
    options
        `n_controls` (per bin that holds a target), `seed`.
    """
    # numpy's legacy generator, because scanpy's published scores come from it
    random = np.random.RandomState(options["seed"])
    chosen = []
    for cut in np.unique(bins[target]):
        pool = np.flatnonzero(bins == cut)
        if options["n_controls"] < len(pool):
            pool = pool[random.choice(len(pool), options["n_controls"], replace=False)]
        chosen.append(pool)
    return np.setdiff1d(np.concatenate(chosen), target)


def contrast_weights(means: Array, net: NetIndex, options: Mapping) -> Array:
    """(n_genes, n_signatures) weights of targets (1 / k) and controls (-1 / c).

    Controls are drawn with genes in the order of their names, so that the order of the data
    decides nothing; means are rounded for the same reason.
    """
    member, order = net.dense() != 0, net.by_name
    rounded = np.array([float(f"{m:.10g}") for m in means[order]])
    bins = expression_bins(rounded, options["n_bins"])
    weights = np.zeros(member.shape)
    for j, name in enumerate(net.signatures):
        control = order[controls(bins, np.flatnonzero(member[order, j]), options)]
        if not len(control):
            msg = (
                f"score_genes finds no control gene for {name!r}: all genes of like expression "
                "are its targets. Use fewer bins, options={'score_genes': {'n_bins': 5}}, or "
                "another method."
            )
            raise InputError(msg)
        weights[control, j] = -1 / len(control)
        weights[member[:, j], j] = 1 / member[:, j].sum()
    return weights


def combined_z(values: Array, member: Array, options: Mapping) -> Array:
    """Sum of the targets' z-values over observations, over sqrt(k) (Lee 2008; GSVA's zscore)."""
    z, member = _standardised(values, member)
    with np.errstate(invalid="ignore", divide="ignore"):
        return z @ member / np.sqrt((member != 0).sum(axis=0))


def plage(values: Array, member: Array, options: Mapping) -> Array:
    """First right singular vector of the targets' z-values (Tomfohr 2005).

    Its sign is arbitrary by definition; here it goes with the targets' mean.
    """
    z, member = _standardised(values, member)
    out = np.full((len(z), member.shape[1]), np.nan)
    for j in range(member.shape[1]):
        part = z[:, member[:, j] != 0]
        if part.shape[1]:
            u = np.linalg.svd(part, full_matrices=False)[0]
            out[:, j] = u[:, 0] * (1 if u[:, 0] @ part.sum(axis=1) >= 0 else -1)
    return out


def _standardised(values: Array, member: Array) -> tuple[Array, Array]:
    """Z-values per gene over observations, without genes that never vary."""
    sd = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1])
    varied = sd > 0
    return (values[:, varied] - values[:, varied].mean(axis=0)) / sd[varied], member[varied]
