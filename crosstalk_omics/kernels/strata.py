"""Moments of rank statistics or values within strata of genes, row by row; compiled by numba.

With them the mean and the variance of a sum over a random set of genes are exact: a set that
draws k of the N genes of a stratum without replacement.
"""

import numpy as np
from numba import njit

from .rank_scores import N_BUCKETS, _bound, _into_buckets, _sort_slice, _statistics


@njit(cache=True, nogil=True)
def value_moments(data, indices, indptr, lo, hi, stratum, total, square):
    """Sum values and squares of rows `lo` to `hi` in each stratum, (n_rows, n_strata)."""
    for i in range(lo, hi):
        for p in range(indptr[i], indptr[i + 1]):
            v = float(data[p])
            total[i - lo, stratum[indices[p]]] += v
            square[i - lo, stratum[indices[p]]] += v * v


@njit(cache=True, nogil=True)
def _add(keys, genes, m, n, stratum, want, cap, top, powers, first, ordered, low, shift, total,
         square, here):  # fmt: skip
    """Add the statistics of the genes that have a value; count them per stratum in `here`."""
    done, value = np.zeros(N_BUCKETS, np.uint8), np.empty(want.size)
    for h in range(m):
        key = keys[h]
        b = np.uint64(key - low) >> np.uint64(shift)
        begin, end = first[b], first[b + 1]
        if not done[b]:
            _sort_slice(ordered, begin, end)
            done[b] = 1
        left = _bound(ordered, begin, end, key, False)
        right = _bound(ordered, left, end, key, True)
        g = m - right + (n - m if key < 0 else 0)
        _statistics(g, right - left, n, want, cap, top, powers, value)
        s = stratum[genes[h]]
        here[s] += 1
        for q in range(want.size):
            total[s, q] += value[q]
            square[s, q] += value[q] * value[q]


@njit(cache=True, nogil=True)
def rank_moments(data, bits, mirror, indices, indptr, lo, hi, stratum, size, want, max_rank,
                 top_fraction, powers, total, square):  # fmt: skip
    """Sum the wanted rank statistics and their squares in each stratum, for rows `lo` to `hi`.

    Arguments as in `rank_scores.rank_sums`; `stratum` gives the stratum of each gene, `size`
    the genes of each stratum; `total` and `square` are (n_rows, n_strata, n_want). No value may
    be missing.
    """
    n = stratum.size
    keys, ordered = np.empty(n, np.int64), np.empty(n, np.int64)
    genes, first = np.empty(n, np.int64), np.zeros(N_BUCKETS + 2, np.int64)
    here, value = np.empty(size.size, np.int64), np.empty(want.size)
    cap, top = min(max_rank, n), max(2, int(np.ceil(top_fraction * n)))
    for i in range(lo, hi):
        row, m, g = i - lo, 0, 0
        for p in range(indptr[i], indptr[i + 1]):
            if data[p] != 0:
                key = np.int64(bits[p])
                keys[m] = key ^ mirror if key < 0 else key
                genes[m] = indices[p]
                g += data[p] > 0
                m += 1
        if m == 0:
            continue
        low, shift = _into_buckets(keys, m, first, ordered)
        here[:] = 0
        _add(keys, genes, m, n, stratum, want, cap, top, powers, first, ordered, low, shift,
             total[row], square[row], here)  # fmt: skip
        if n > m:
            _statistics(g, n - m, n, want, cap, top, powers, value)
            for s in range(size.size):
                for q in range(want.size):
                    total[row, s, q] += (size[s] - here[s]) * value[q]
                    square[row, s, q] += (size[s] - here[s]) * value[q] * value[q]
