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
N_SMALL = 32  # counts below it share one logarithm per cell


class Moments(NamedTuple):
    """Sums per group of cells; `square` and `cube` only for the chosen genes."""

    n: Float  # (n_groups,) cells
    total: Float  # (n_groups, n_genes)
    detected: Float  # (n_groups, n_genes) cells with a value above 0
    square: Float  # (n_groups, n_chosen)
    cube: Float  # (n_groups, n_chosen)
    histogram: NDArray[np.int32]  # (n_chosen, N_BINS) positive values of all cells


def empty(n_groups: int, n_genes: int, n_chosen: int) -> Moments:
    """Moments of no cell."""
    wide, narrow = (n_groups, n_genes), (n_groups, n_chosen)
    sums = (np.zeros(shape) for shape in ((n_groups,), wide, wide, narrow, narrow))
    return Moments(*sums, np.zeros((n_chosen, N_BINS), dtype=np.int32))


def add_block(block, group, target_sum, slot, moments):
    """Add a block of CSR rows to `moments`; see `add_rows`."""
    rows = np.argsort(group, kind="stable")  # group by group: its sums stay in the cache
    index = block.indices.astype(np.int32, copy=False), block.indptr.astype(np.int64)
    add_rows(block.data, *index, rows[group[rows] >= 0], group, target_sum, slot, *moments)


@njit(cache=True, nogil=True)
def add_rows(
    data, indices, indptr, rows, group, target_sum, slot,
    n, total, detected, square, cube, histogram,
):  # fmt: skip
    """Add CSR rows to the sums of their group.

    Parameters
    ----------
    data, indices, indptr
        One block of CSR rows; counts where `target_sum` is above 0.
    rows
        Rows to add, in this order.
    group
        Group of each row of the block.
    target_sum
        Above 0: each row is scaled to this sum and log1p is taken; 0: values as they are.
    slot
        Gene -> its place among the chosen genes, or -1.
    n, total, detected, square, cube, histogram
        The fields of `Moments`, changed in place.
    """
    logs = np.empty(N_SMALL)
    for i in rows:
        g = group[i]
        n[g] += 1
        sums, seen, squares, cubes = total[g], detected[g], square[g], cube[g]
        factor = 1.0
        if target_sum > 0:
            size = 0.0
            for p in range(indptr[i], indptr[i + 1]):
                size += data[p]
            factor = target_sum / size if size > 0 else 0.0
            logs[:] = 0.0
        for p in range(indptr[i], indptr[i + 1]):
            v = data[p] * factor
            if v == 0:
                continue
            if target_sum > 0:
                c = np.uint32(min(data[p], N_SMALL))
                if c == N_SMALL or c != data[p]:
                    v = np.log1p(v)
                elif logs[c] > 0:
                    v = logs[c]
                else:
                    v = logs[c] = np.log1p(v)
            j = np.uint32(indices[p])  # unsigned: no check for a negative index
            sums[j] += v
            seen[j] += 1
            if slot[j] >= 0:
                k = np.uint32(slot[j])
                squares[k] += v * v
                cubes[k] += v * v * v
                histogram[k, np.uint32(min(v * PER_UNIT, N_BINS - 1))] += 1
