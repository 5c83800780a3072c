"""t values of the weights in a linear model of the values of one observation: ulm, mlm."""

from collections.abc import Mapping

import numpy as np

from ...core.errors import InputError
from .means import Array, LinearPass


def ulm(sums: LinearPass, options: Mapping) -> Array:
    """T value of the slope of the values on one signature's weights, over all genes."""
    from ...kernels.row_sums import slope_t

    return slope_t(
        sums.total, sums.square, sums.measured, sums.weighted, sums.weight, sums.weight_square
    )


def mlm(sums: LinearPass, options: Mapping) -> Array:
    """T values of all signatures' weights in one model; the values are read once."""
    n, s = int(sums.measured[0]), sums.weighted.shape[1]
    design = np.empty((s + 1, s + 1))
    design[0, 0], design[0, 1:], design[1:, 0] = n, sums.weight[0], sums.weight[0]
    design[1:, 1:] = sums.gram
    if np.linalg.matrix_rank(design, hermitian=True) <= s or n <= s + 1:
        msg = (
            f"mlm cannot tell the {s} signatures apart: some have the same targets, or one is a "
            "combination of others. Remove duplicated signatures, or use method='ulm'."
        )
        raise InputError(msg)
    inverse = np.linalg.inv(design)
    xy = np.column_stack([sums.total, sums.weighted])
    coef = xy @ inverse
    residual = np.maximum(sums.square - (coef * xy).sum(axis=1), 0) / (n - s - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return coef[:, 1:] / np.sqrt(residual[:, None] * np.diag(inverse)[1:])
