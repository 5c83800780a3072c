"""The one reading pass over CSR rows that feeds every linear score; compiled by numba."""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz"})
def _sums(values):
    """Sum, sum of squares, and how many values are not 0 (exact below 2**24)."""
    total = square = 0.0
    filled = np.float32(0)
    for i in range(values.size):
        v = float(values[i])
        total += v
        square += v * v
        filled += np.float32(1) if values[i] != 0 else np.float32(0)
    return total, square, int(filled)


@njit(cache=True, nogil=True)
def _measured_sums(values):
    """The same without NaN."""
    total = square = 0.0
    filled = 0
    for v in values:
        if v == v:
            total += v
            square += v * v
            filled += v != 0
    return total, square, filled


@njit(cache=True, nogil=True)
def gene_sums(data, indices, begin, end, total, detected):
    """Add the stored values from `begin` to `end` to the sums and counts of their genes."""
    for p in range(begin, end):
        total[indices[p]] += data[p]
        detected[indices[p]] += data[p] != 0


@njit(cache=True, nogil=True)
def _find(indices, used, place):
    """Where genes of the net stand among the stored ones of a row; `used` is 1 byte per gene."""
    h = 0
    for p in range(indices.size):
        place[np.uint32(h)] = p
        h += used[np.uint32(indices[p])]
    return h


@njit(cache=True, nogil=True)
def row_sums(
    data, indices, indptr, lo, hi, slot, start, column, weight, total, square, filled, out
):
    """Sum values, squares and weighted values of rows `lo` to `hi`; NaN counts as absent.

    Parameters
    ----------
    data, indices, indptr, lo, hi
        CSR arrays and the rows to do.
    slot, start, column, weight
        Gene -> index among the genes of the net or -1; that gene's columns and weights.
    total, square, filled, out
        Results: (n_rows,) sum, sum of squares and number of values other than 0, and
        (n_rows, n_columns) weighted sums.

    Returns
    -------
    Whether a row may hold NaN.
    """
    holes = False
    used, place = (slot >= 0).astype(np.uint8), np.empty(slot.size + 1, np.int32)
    for i in range(lo, hi):
        row, values = i - lo, data[indptr[i] : indptr[i + 1]]
        genes = indices[indptr[i] : indptr[i + 1]]
        total[row], square[row], filled[row] = _sums(values)
        if total[row] != total[row]:
            holes = True
            total[row], square[row], filled[row] = _measured_sums(values)
        sums = out[row]
        for k in range(_find(genes, used, place)):
            p = np.uint32(place[k])  # unsigned: numba looks for no negative positions
            v, u = float(values[p]), np.uint32(slot[np.uint32(genes[p])])
            if v == v:
                for j in range(np.uint32(start[u]), np.uint32(start[u + np.uint32(1)])):
                    sums[np.uint32(column[j])] += weight[j] * v
    return holes
