"""Counts to log2 counts per million, as edgeR does it."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


def tmm_factors(counts: Array) -> Array:
    """Trimmed mean of M-values: factors that multiply the library sizes.

    Parameters
    ----------
    counts
        (n_samples, n_genes).

    Returns
    -------
    (n_samples,), geometric mean 1.

    References
    ----------
    edgeR's `calcNormFactors` (3.40), with its default trimming of 30 % and 5 %.
    """
    counts = np.asarray(counts, dtype=np.float64)
    counts = counts[:, counts.any(axis=0)]
    size = counts.sum(axis=1)
    upper = np.quantile(counts, 0.75, axis=1) / size
    if np.median(upper) < 1e-20:
        reference = int(np.argmax(np.sqrt(counts).sum(axis=1)))
    else:
        reference = int(np.argmin(np.abs(upper - upper.mean())))
    factors = np.array([_tmm(row, counts[reference]) for row in counts])
    return factors / np.exp(np.log(factors).mean())


def _tmm(sample: Array, reference: Array) -> float:
    both = (sample > 0) & (reference > 0)
    a, b = sample[both], reference[both]
    n_a, n_b = sample.sum(), reference.sum()
    ratio = np.log2((a / n_a) / (b / n_b))  # in edgeR's order of operations: ties depend on it
    mean = (np.log2(a / n_a) + np.log2(b / n_b)) / 2
    if not len(ratio) or np.abs(ratio).max() < 1e-6:
        return 1.0
    variance = (n_a - a) / n_a / a + (n_b - b) / n_b / b
    keep = np.ones(len(ratio), dtype=bool)
    for values, trim in ((ratio, 0.3), (mean, 0.05)):
        low = np.floor(len(values) * trim) + 1
        rank = stats.rankdata(values)
        keep &= (rank >= low) & (rank <= len(values) + 1 - low)
    if not keep.any():
        return 1.0
    return float(2 ** ((ratio[keep] / variance[keep]).sum() / (1 / variance[keep]).sum()))


def log_cpm(counts: Array, factors: Array, *, prior: float = 2.0) -> Array:
    """log2 counts per million with `prior` counts added in proportion to library size.

    Parameters
    ----------
    counts
        (n_samples, n_genes).
    factors
        (n_samples,), from `tmm_factors`.
    prior
        Average count added to each gene.

    References
    ----------
    edgeR's `cpm(log=TRUE)` (3.40).
    """
    counts = np.asarray(counts, dtype=np.float64)
    size = counts.sum(axis=1) * factors
    added = (size / size.mean() * prior)[:, None]
    return np.log2((counts + added) / (size[:, None] + 2 * added) * 1e6)
