"""The one ranking pass over CSR rows that feeds every rank method; compiled by numba.

A row is ranked once. From the number of greater values `g` and the number of ties `t` of a gene,
each requested statistic follows, and is added to every column (signature half) of that gene.
Genes without a stored value share the ranks of zero, so they cost nothing. Cells hold few distinct
values, so values are counted, not sorted: for each distinct value of the net's genes, how many
values of the row are greater and how many equal, which the processor does many at a time. Rows
with many distinct values (bulk) are ordered by their bits (as signed integers, negative ones
mirrored): one counting pass over the leading bits puts them into buckets, and only the buckets
that hold a gene of the net are sorted.
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
MAX_COUNTED = 64  # distinct values per row up to which counting is quicker than ordering


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


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _count(values, x):
    """How many values are greater than x, and how many equal; exact below 2**24 values."""
    greater = equal = np.float32(0)
    for i in range(values.size):
        greater += np.float32(1) if values[i] > x else np.float32(0)
        equal += np.float32(1) if values[i] == x else np.float32(0)
    return int(greater), int(equal)


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _census(values):
    """How many values are positive, negative, and no number."""
    positive = negative = missing = np.float32(0)
    for i in range(values.size):
        positive += np.float32(1) if values[i] > 0 else np.float32(0)
        negative += np.float32(1) if values[i] < 0 else np.float32(0)
        missing += np.float32(0) if values[i] == values[i] else np.float32(1)
    return int(positive), int(negative), int(missing)


@njit(cache=True, nogil=True)
def _find(indices, slot, hit, place):
    """Net genes among the stored ones of a row: their index and where they stand."""
    h = 0
    for p in range(indices.size):
        u = slot[indices[p]]
        hit[h] = u
        place[h] = p
        h += u >= 0
    return h


@njit(cache=True, nogil=True)
def _distinct(values, place, n_hits, which, distinct):
    """Number the distinct values of the net genes: -1 for 0, -2 for NaN; -1 if too many."""
    d = 0
    for h in range(n_hits):
        v = values[place[h]]
        if v == 0 or v != v:
            which[h] = -1 if v == 0 else -2
            continue
        k = d - 1
        while k >= 0 and distinct[k] != v:
            k -= 1
        if k < 0:
            if d == distinct.size:
                return -1
            distinct[d] = v
            k = d
            d += 1
        which[h] = k
    return d


@njit(cache=True, nogil=True)
def _keys(values, bits, mirror, keys):
    """Sortable integers of the values other than 0 and NaN; return how many."""
    m = 0
    for p in range(values.size):
        if values[p] != 0 and values[p] == values[p]:
            key = np.int64(bits[p])
            keys[m] = key ^ mirror if key < 0 else key
            m += 1
    return m


@njit(cache=True, nogil=True)
def _add_counted(values, n, n_absent, d, distinct, which, hit, n_hits, start, column, want, cap,
                 top, powers, table, zero, out):  # fmt: skip
    """Add the statistics, less those of zero, of the net's genes: few distinct values."""
    for k in range(d):
        g, t = _count(values, distinct[k])
        g += n_absent if distinct[k] < 0 else 0
        _statistics(g, t, n, want, cap, top, powers, table[k])
        table[k] -= zero
    for h in range(n_hits):
        if which[h] >= 0:
            for j in range(start[hit[h]], start[hit[h] + 1]):
                for q in range(want.size):
                    out[column[j], q] += table[which[h], q]


@njit(cache=True, nogil=True)
def _add_ordered(values, bits, mirror, n, n_zero, hit, place, n_hits, start, column, want, cap,
                 top, powers, keys, ordered, first, value, zero, out):  # fmt: skip
    """Add the statistics, less those of zero, of the net's genes: many distinct values."""
    m = _keys(values, bits, mirror, keys)
    low, shift = _into_buckets(keys, m, first, ordered)
    done = np.zeros(N_BUCKETS, np.uint8)
    for h in range(n_hits):
        v = values[place[h]]
        if v == 0 or v != v:
            continue
        key = np.int64(bits[place[h]])
        key = key ^ mirror if key < 0 else key
        b = np.uint64(key - low) >> np.uint64(shift)
        if not done[b]:
            _sort_slice(ordered, first[b], first[b + 1])
            done[b] = 1
        left = _bound(ordered, first[b], first[b + 1], key, False)
        right = _bound(ordered, left, first[b + 1], key, True)
        g = m - right + (n_zero if key < 0 else 0)
        _statistics(g, right - left, n, want, cap, top, powers, value)
        value -= zero
        for j in range(start[hit[h]], start[hit[h] + 1]):
            for q in range(want.size):
                out[column[j], q] += value[q]


@njit(cache=True, nogil=True)
def _leave_out(values, hit, place, n_hits, start, column, count):
    """Take net genes that are not measured in this row from the counts of their columns."""
    for h in range(n_hits):
        if values[place[h]] != values[place[h]]:
            for j in range(start[hit[h]], start[hit[h] + 1]):
                count[column[j]] -= 1


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
    value, zero = np.empty(want.size), np.zeros(want.size)
    table, distinct = np.empty((MAX_COUNTED, want.size)), np.empty(MAX_COUNTED, data.dtype)
    keys, ordered = np.empty(n_genes, np.int64), np.empty(n_genes, np.int64)
    first = np.zeros(N_BUCKETS + 2, np.int64)
    hit, place = np.empty(n_genes + 1, np.int64), np.empty(n_genes + 1, np.int64)
    which = np.empty(n_genes, np.int64)
    for i in range(lo, hi):
        row, values = i - lo, data[indptr[i] : indptr[i + 1]]
        count[row, :] = size
        positive, negative, missing = _census(values)
        n, m = n_genes - missing, positive + negative
        filled[row], measured[row] = m, n
        if m == 0:
            continue
        n_hits = _find(indices[indptr[i] : indptr[i + 1]], slot, hit, place)
        if missing:
            _leave_out(values, hit, place, n_hits, start, column, count[row])
        cap, top = min(max_rank, n), max(2, int(np.ceil(top_fraction * n)))
        if n > m:
            _statistics(positive, n - m, n, want, cap, top, powers, zero)
        else:
            zero[:] = 0
        for c in range(size.size):
            for q in range(want.size):
                out[row, c, q] = count[row, c] * zero[q]
        d = _distinct(values, place, n_hits, which, distinct)
        if d >= 0:
            _add_counted(values, n, n_genes - values.size, d, distinct, which, hit, n_hits, start,
                         column, want, cap, top, powers, table, zero, out[row])  # fmt: skip
        else:
            here = bits[indptr[i] : indptr[i + 1]]
            _add_ordered(values, here, mirror, n, n - m, hit, place, n_hits, start, column, want,
                         cap, top, powers, keys, ordered, first, value, zero, out[row])  # fmt: skip
