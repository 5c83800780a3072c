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


@njit(cache=True, nogil=True, error_model="numpy")
def slope_t(total, square, measured, weighted, weight, weight_square):
    """T value of the slope of the values of each row on the weights of each signature.

    Parameters
    ----------
    total, square, measured
        (n_rows,) sum of the values, of their squares, and number of genes.
    weighted
        (n_rows, n_signatures) sum of weight times value.
    weight, weight_square
        (n_rows or 1, n_signatures) sum of the weights, and of their squares.

    Returns
    -------
    (n_rows, n_signatures); NaN where values or weights do not vary.
    """
    out = np.empty(weighted.shape)
    for i in range(len(out)):
        n, w, ww = measured[i], weight[i % len(weight)], weight_square[i % len(weight)]
        syy = square[i] - total[i] ** 2 / n
        syy = 0.0 if syy < 0 else syy
        for j in range(out.shape[1]):
            sxy = weighted[i, j] - w[j] * total[i] / n
            r = sxy / np.sqrt((ww[j] - w[j] ** 2 / n) * syy)
            out[i, j] = r * np.sqrt((n - 2) / ((1 - r + 2.2e-16) * (1 + r + 2.2e-16)))
    return out
