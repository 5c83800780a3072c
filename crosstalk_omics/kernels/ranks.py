"""Ranks within rows: percentile ranks, and the one ranking pass that feeds all rank scores."""

import numpy as np
import scipy.sparse as sp


def percentile_ranks(x: np.ndarray | sp.spmatrix | sp.sparray) -> np.ndarray:
    """Rank the values of each row and put the ranks on a scale that no platform owns.

    Parameters
    ----------
    x
        (n_rows, n_features), dense or sparse. NaN means not measured and stays NaN.

    Returns
    -------
    Dense float64 of the same shape: (mid-rank - 0.5) / n in (0, 1), where n counts the measured
    features of the row and equal values share their mean rank.
    """
    from scipy.stats import rankdata

    dense = x.toarray() if sp.issparse(x) else np.asarray(x)
    ranks = np.full(dense.shape, np.nan)
    for row, out in zip(dense, ranks, strict=True):
        measured = ~np.isnan(row)
        out[measured] = (rankdata(row[measured]) - 0.5) / max(measured.sum(), 1)
    return ranks
