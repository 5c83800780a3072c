"""Power sums of genes per group of cells from one pass over CSR rows; compiled by numba.

Rows are read in order and every sum belongs to one group, so the result does not depend on
how the rows were cut into blocks, nor on the number of threads.
"""

from concurrent.futures import ThreadPoolExecutor
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
    histogram: NDArray[np.int32]  # (n_threads, n_chosen, N_BINS) positive values


def empty(n_groups: int, n_genes: int, n_chosen: int, n_threads: int) -> Moments:
    """Moments of no cell; each of the threads that will add cells has its own histogram."""
    wide, narrow = (n_groups, n_genes), (n_groups, n_chosen)
    sums = (np.zeros(shape) for shape in ((n_groups,), wide, wide, narrow, narrow))
    return Moments(*sums, np.zeros((n_threads, n_chosen, N_BINS), dtype=np.int32))


def add_block(block, group, target_sum, slot, moments):
    """Add a block of CSR rows to `moments`, groups shared out to threads; see `add_rows`."""
    n_threads = len(moments.histogram)
    rows = np.argsort(group, kind="stable")  # group by group: its sums stay in the cache
    rows = rows[group[rows] >= 0]
    done = np.cumsum(np.diff(block.indptr)[rows], dtype=np.int64)
    starts = np.flatnonzero(np.diff(group[rows], prepend=-1))  # no group is split
    shares = np.linspace(0, done.max(initial=0), n_threads + 1)[1:-1]
    cuts = np.append(starts, len(rows))[np.searchsorted(done[starts], shares)]
    index = block.indices.astype(np.int32, copy=False), block.indptr.astype(np.int64)

    def add(thread, part):
        sums = (*moments[:-1], moments.histogram[thread])
        add_rows(block.data, *index, part, group, target_sum, slot, *sums)

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(add, range(n_threads), np.split(rows, cuts)))


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _sum(row):
    """Library size; the order of additions is free (counts add up exactly)."""
    size = 0.0
    for value in row:
        size += float(value)
    return size


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
    longest = 0
    for i in rows:
        longest = max(longest, indptr[i + 1] - indptr[i])
    values, places = np.empty(longest), np.empty(longest, np.int32)
    for i in rows:
        g = group[i]
        n[g] += 1
        sums, seen, squares, cubes = total[g], detected[g], square[g], cube[g]
        row, genes = data[indptr[i] : indptr[i + 1]], indices[indptr[i] : indptr[i + 1]]
        factor = 1.0
        if target_sum > 0:
            size = _sum(row)
            factor = target_sum / size if size > 0 else 0.0
            logs[:] = 0.0
        m = 0  # values of chosen genes so far; kept aside without a branch
        for p in range(row.size):
            v = row[p] * factor
            if v == 0:
                continue
            if target_sum > 0:
                c = np.uint32(min(row[p], N_SMALL))
                if c == N_SMALL or c != row[p]:
                    v = np.log1p(v)
                elif logs[c] > 0:
                    v = logs[c]
                else:
                    v = logs[c] = np.log1p(v)
            j = np.uint32(genes[p])  # unsigned: no check for a negative index
            sums[j] += v
            seen[j] += 1
            k = slot[j]
            values[np.uint32(m)] = v
            places[np.uint32(m)] = k
            m += k >= 0
        for p in range(m):
            v, k = values[p], np.uint32(places[p])
            squares[k] += v * v
            cubes[k] += v * v * v
            histogram[k, np.uint32(min(v * PER_UNIT, N_BINS - 1))] += 1
