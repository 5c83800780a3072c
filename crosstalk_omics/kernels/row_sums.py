"""The one reading pass over CSR rows that feeds every linear score; compiled by numba."""

from numba import njit


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
    """
    for i in range(lo, hi):
        row = i - lo
        s = q = 0.0
        m = 0
        for p in range(indptr[i], indptr[i + 1]):
            v = float(data[p])
            if v != v:
                continue
            s += v
            q += v * v
            m += v != 0
            u = slot[indices[p]]
            if u >= 0:
                for j in range(start[u], start[u + 1]):
                    out[row, column[j]] += weight[j] * v
        total[row] = s
        square[row] = q
        filled[row] = m
