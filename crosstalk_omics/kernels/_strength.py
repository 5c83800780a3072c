"""The compiled part of `correlation.strength`, apart so that its import costs only its users."""

import numba
import numpy as np


@numba.njit(cache=True, fastmath=True)
def add_from_table(r, value, slope, total):
    """Add to `total` the sum over each row of a table read at |r|, linear between its points.

    `r` float32 (n, m), without NaN; `value` and `slope` float32, the table over 0 to 1 and its
    differences; `total` float64 (n,).
    """
    last = np.float32(value.size - 1)
    for i in range(r.shape[0]):
        part = np.float32(0)
        for j in range(r.shape[1]):
            at = min(abs(r[i, j]), np.float32(1)) * last
            k = np.int32(at)
            part += value[k] + (at - np.float32(k)) * slope[k]
        total[i] += part
