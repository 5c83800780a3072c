"""The compiled part of `correlation.strength`, apart so that its import costs only its users."""

import numba
import numpy as np


@numba.njit(cache=True, fastmath=False)
def mean_from_table(r, table):
    """Mean over each row of `table` read at |r| (0 to 1 over the table), linear in between."""
    n, m = r.shape
    last = table.size - 1
    out = np.empty(n)
    for i in range(n):
        total = 0.0
        for j in range(m):
            at = abs(r[i, j]) * last
            if at >= last:
                total += table[last]
            elif at >= 0.0:
                k = int(at)
                total += table[k] + (at - k) * (table[k + 1] - table[k])
            else:
                total += np.nan
        out[i] = total / m
    return out
