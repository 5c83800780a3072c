"""The one ranking pass over CSR rows that feeds every rank method; compiled by numba.

A row is ranked once. From the number of greater values `g` and the number of ties `t` of a gene,
each requested statistic follows, and is added to every column (signature half) of that gene.
Genes without a stored value share the ranks of zero, so they cost nothing.
"""

import numpy as np
from numba import njit

# Statistics per gene, summed over the genes of a column.
CAPPED = 0  # descending mid-rank, at most max_rank (UCell)
TOP = 1  # expected max(0, top - rank) over random tie breaks (AUCell)
LOW = 2  # ascending rank, ties take the lowest (singscore)
FOLD = 3  # |LOW - ceil of the middle rank| (singscore, direction unknown)
MID = 4  # ascending mid-rank (ssGSEA, moments)
POWER = 5  # MID ** power
MID_POWER = 6  # MID ** (1 + power)
N_STATS = 7


@njit(cache=True, nogil=True)
def _bound(values, count, x, upper):
    """Count of the first `count` sorted values that are < x, or <= x where `upper`."""
    lo, hi = 0, count
    while lo < hi:
        mid = (lo + hi) >> 1
        if values[mid] < x or (upper and values[mid] == x):
            lo = mid + 1
        else:
            hi = mid
    return lo


@njit(cache=True, nogil=True)
def _statistics(g, t, n, want, max_rank, top, powers, value):
    """Fill `value` with the wanted statistics of a gene below `g` values and tied among `t`."""
    low = n - g - t + 1
    for q in range(want.size):
        stat = want[q]
        if stat == CAPPED:
            value[q] = min(g + 0.5 * (t + 1), max_rank)
        elif stat == TOP:
            last = min(g + t, top - 1)
            value[q] = (last - g) * (2 * top - g - 1 - last) / (2.0 * t) if last > g else 0.0
        elif stat == LOW:
            value[q] = low
        elif stat == FOLD:
            value[q] = abs(low - (n // 2 + 1))
        elif stat == MID:
            value[q] = low + 0.5 * (t - 1)
        elif stat == POWER:
            value[q] = powers[2 * low + t - 1]
        else:
            value[q] = powers[2 * low + t - 1] * (low + 0.5 * (t - 1))


@njit(cache=True, nogil=True)
def rank_sums(
    data, indices, indptr, lo, hi, n_genes, slot, start, column, size, want, max_rank, top_fraction,
    powers, out, count, filled, measured,
):  # fmt: skip
    """Sum the wanted rank statistics over the genes of each column, for rows `lo` to `hi`.

    Parameters
    ----------
    data, indices, indptr, lo, hi, n_genes
        CSR arrays, the rows to do, and the number of genes. NaN = not measured.
    slot
        (n_genes,) index among the genes of the net, or -1.
    start, column
        CSR-like lists: columns to which gene `u` of the net belongs.
    size
        (n_columns,) genes per column.
    want
        The statistics asked for.
    max_rank, top_fraction, powers
        Cap of CAPPED; share of the genes for TOP; `powers[i]` = (i / 2) ** power.
    out, count, filled, measured
        Results per row: (n_rows, n_columns, n_want) sums, (n_rows, n_columns) measured genes,
        (n_rows,) values other than 0, (n_rows,) measured genes.
    """
    n_columns = size.size
    value = np.empty(want.size)
    hits = np.empty(n_columns, np.int64)
    kept = np.empty(n_genes, data.dtype)
    hit_gene = np.empty(start.size, np.int64)
    hit_value = np.empty(start.size, data.dtype)
    for i in range(lo, hi):
        row = i - lo
        m = n_hits = n_missing = 0
        count[row, :] = size
        for p in range(indptr[i], indptr[i + 1]):
            v = data[p]
            u = slot[indices[p]]
            if v != v:
                n_missing += 1
                if u >= 0:
                    for j in range(start[u], start[u + 1]):
                        count[row, column[j]] -= 1
            elif v != 0:
                kept[m] = v
                m += 1
                if u >= 0:
                    hit_gene[n_hits] = u
                    hit_value[n_hits] = v
                    n_hits += 1
        n = n_genes - n_missing
        filled[row] = m
        measured[row] = n
        ordered = np.sort(kept[:m])
        cap = min(max_rank, n)
        top = max(2, int(np.ceil(top_fraction * n)))
        hits[:] = 0
        for h in range(n_hits):
            right = _bound(ordered, m, hit_value[h], True)
            t = right - _bound(ordered, m, hit_value[h], False)
            g = m - right + (n - m if hit_value[h] < 0 else 0)
            _statistics(g, t, n, want, cap, top, powers, value)
            for j in range(start[hit_gene[h]], start[hit_gene[h] + 1]):
                hits[column[j]] += 1
                for q in range(want.size):
                    out[row, column[j], q] += value[q]
        if n > m:
            g = m - _bound(ordered, m, 0.0, True)
            _statistics(g, n - m, n, want, cap, top, powers, value)
            for c in range(n_columns):
                for q in range(want.size):
                    out[row, c, q] += (count[row, c] - hits[c]) * value[q]
