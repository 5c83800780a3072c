"""Power sums of genes per group of cells from one pass over CSR rows; compiled by numba.

Rows are read in order and every sum belongs to one group, so the result does not depend on
how the rows were cut into blocks.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float = NDArray[np.float64]
PER_UNIT, N_BINS = 64, 1024  # histogram of values: bins of 1/64, the last one takes the rest


class Moments(NamedTuple):
    """Sums per group of cells; `square` and `cube` only for the chosen genes."""

    n: Float  # (n_groups,) cells
    total: Float  # (n_groups, n_genes)
    detected: Float  # (n_groups, n_genes) cells with a value above 0
    square: Float  # (n_groups, n_chosen)
    cube: Float  # (n_groups, n_chosen)
    histogram: Float  # (n_chosen, N_BINS) positive values of all cells


def empty(n_groups: int, n_genes: int, n_chosen: int) -> Moments:
    """Moments of no cell."""
    wide, narrow = (n_groups, n_genes), (n_groups, n_chosen)
    shapes = ((n_groups,), wide, wide, narrow, narrow, (n_chosen, N_BINS))
    return Moments(*(np.zeros(shape) for shape in shapes))


@njit(cache=True, nogil=True)
def add_rows(
    data, indices, indptr, group, target_sum, slot, n, total, detected, square, cube, histogram
):
    """Add CSR rows to the sums of their group.

    Parameters
    ----------
    data, indices, indptr
        One block of CSR rows.
    group
        Group of each row; a negative one is left out.
    target_sum
        Above 0: each row is scaled to this sum and log1p is taken; 0: values as they are.
    slot
        Gene -> its place among the chosen genes, or -1.
    n, total, detected, square, cube, histogram
        The fields of `Moments`, changed in place.
    """
    for i in range(len(indptr) - 1):
        g = group[i]
        if g < 0:
            continue
        n[g] += 1
        factor = 1.0
        if target_sum > 0:
            size = 0.0
            for p in range(indptr[i], indptr[i + 1]):
                size += data[p]
            factor = target_sum / size if size > 0 else 0.0
        for p in range(indptr[i], indptr[i + 1]):
            x = data[p] * factor
            if x == 0:
                continue
            j = indices[p]
            v = np.log1p(x) if target_sum > 0 else x
            total[g, j] += v
            detected[g, j] += 1
            k = slot[j]
            if k >= 0:
                square[g, k] += v * v
                cube[g, k] += v * v * v
                histogram[k, min(int(v * PER_UNIT), N_BINS - 1)] += 1
