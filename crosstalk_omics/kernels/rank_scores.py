"""The one ranking pass over CSR rows that feeds every rank method; compiled by numba.

A row is ranked once. From the number of greater values `g` and the number of ties `t` of a gene,
each requested statistic follows, and is added to every column (signature half) of that gene.
Genes without a stored value share the ranks of zero, so they cost nothing. Values are ordered by
their bits (as signed integers, negative ones mirrored): one counting pass over the leading bits
puts them into buckets, and only the buckets that hold a gene of the net are sorted.
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

N_BUCKETS = 1024


@njit(cache=True, nogil=True)
def _bound(values, lo, hi, x, upper):
    """Index up to which sorted values[lo:hi] are < x, or <= x where `upper`."""
    while lo < hi:
        mid = (lo + hi) >> 1
        if values[mid] < x or (upper and values[mid] == x):
            lo = mid + 1
        else:
            hi = mid
    return lo


@njit(cache=True, nogil=True)
def _into_buckets(keys, m, first, ordered):
    """Order keys by their leading bits; return the lowest key and the bits left out."""
    low = high = keys[0]
    for i in range(1, m):
        low = min(low, keys[i])
        high = max(high, keys[i])
    shift = 0
    while (np.uint64(high - low) >> np.uint64(shift)) >= N_BUCKETS:
        shift += 1
    first[:] = 0
    for i in range(m):
        first[(np.uint64(keys[i] - low) >> np.uint64(shift)) + 2] += 1
    for b in range(2, N_BUCKETS + 2):
        first[b] += first[b - 1]
    for i in range(m):
        b = (np.uint64(keys[i] - low) >> np.uint64(shift)) + 1
        ordered[first[b]] = keys[i]
        first[b] += 1
    return low, shift


@njit(cache=True, nogil=True)
def _sort_slice(ordered, start, end):
    """Sort in place: by insertion while that is cheap, which it is among equal values."""
    moves = 0
    for i in range(start + 1, end):
        key = ordered[i]
        j = i
        while j > start and ordered[j - 1] > key:
            ordered[j] = ordered[j - 1]
            j -= 1
        ordered[j] = key
        moves += i - j
        if moves > 4 * (end - start) + 64:
            ordered[start:end].sort()
            return


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
def _gather(data, bits, mirror, indices, lo, hi, slot, start, column, count, keys, hit, hit_key):
    """Collect the keys of one row and its net genes; return how many, and the missing ones."""
    m = n_hits = n_missing = 0
    for p in range(lo, hi):
        v = data[p]
        if v == 0:
            continue
        u = slot[indices[p]]
        if v != v:
            n_missing += 1
            if u >= 0:
                for j in range(start[u], start[u + 1]):
                    count[column[j]] -= 1
            continue
        key = np.int64(bits[p])
        if key < 0:
            key ^= mirror
        keys[m] = key
        m += 1
        if u >= 0:
            hit[n_hits] = u
            hit_key[n_hits] = key
            n_hits += 1
    return m, n_hits, n_missing


@njit(cache=True, nogil=True)
def _add_hits(
    m, n, hit, hit_key, n_hits, start, column, want, cap, top, powers, first, ordered, low, shift,
    value, hits, out,
):  # fmt: skip
    """Add the statistics of the net's genes that have a value in this row."""
    done = np.zeros(N_BUCKETS, np.uint8)
    for h in range(n_hits):
        key = hit_key[h]
        b = np.uint64(key - low) >> np.uint64(shift)
        begin, end = first[b], first[b + 1]
        if end - begin > 1 and not done[b]:
            _sort_slice(ordered, begin, end)
            done[b] = 1
        left = _bound(ordered, begin, end, key, False)
        right = _bound(ordered, left, end, key, True)
        g = m - right + (n - m if key < 0 else 0)
        _statistics(g, right - left, n, want, cap, top, powers, value)
        for j in range(start[hit[h]], start[hit[h] + 1]):
            hits[column[j]] += 1
            for q in range(want.size):
                out[column[j], q] += value[q]


@njit(cache=True, nogil=True)
def rank_sums(
    data, bits, mirror, indices, indptr, lo, hi, n_genes, slot, start, column, size, want,
    max_rank, top_fraction, powers, out, count, filled, measured,
):  # fmt: skip
    """Sum the wanted rank statistics over the genes of each column, for rows `lo` to `hi`.

    Parameters
    ----------
    data, bits, mirror
        CSR values, the same bytes as signed integers, and the integer whose bits are all set but
        the sign. NaN = not measured.
    indices, indptr, lo, hi, n_genes
        CSR structure, the rows to do, and the number of genes.
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
    value, hits = np.empty(want.size), np.empty(size.size, np.int64)
    keys, ordered = np.empty(n_genes, np.int64), np.empty(n_genes, np.int64)
    first = np.zeros(N_BUCKETS + 2, np.int64)
    hit, hit_key = np.empty(start.size, np.int64), np.empty(start.size, np.int64)
    for i in range(lo, hi):
        row = i - lo
        count[row, :] = size
        m, n_hits, n_missing = _gather(
            data, bits, mirror, indices, indptr[i], indptr[i + 1], slot, start, column,
            count[row], keys, hit, hit_key,
        )  # fmt: skip
        n = n_genes - n_missing
        filled[row], measured[row] = m, n
        if m == 0:
            continue
        cap, top = min(max_rank, n), max(2, int(np.ceil(top_fraction * n)))
        low, shift = _into_buckets(keys, m, first, ordered)
        hits[:] = 0
        _add_hits(
            m, n, hit, hit_key, n_hits, start, column, want, cap, top, powers, first, ordered,
            low, shift, value, hits, out[row],
        )  # fmt: skip
        if n == m:
            continue
        g = 0
        for j in range(m):
            g += keys[j] > 0
        _statistics(g, n - m, n, want, cap, top, powers, value)
        for c in range(size.size):
            for q in range(want.size):
                out[row, c, q] += (count[row, c] - hits[c]) * value[q]
