"""Multiple testing: one side, both sides of a pair, and families of tests; arrays in, arrays out.

NaN means "not tested": it stays NaN and is not counted.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]


def _step_up(p: Float, expected: Float) -> Float:
    """Smallest `expected` false calls over calls among thresholds not below each `p`."""
    order = np.argsort(p, kind="stable")
    called = np.searchsorted(p[order], p[order], side="right")
    ratio = np.minimum.accumulate((expected[order] / called)[::-1])[::-1]
    out = np.empty_like(p)
    out[order] = np.minimum(ratio, 1.0)
    return out


def bh(p: ArrayLike) -> Float:
    """Benjamini-Hochberg adjusted p-values.

    Parameters
    ----------
    p
        Raw p-values, any shape; NaN is not a test.

    Returns
    -------
    Adjusted p-values of the same shape.

    References
    ----------
    Benjamini & Hochberg 1995, doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    p = np.asarray(p, dtype=np.float64)
    out = np.full(p.shape, np.nan)
    tested = ~np.isnan(p)
    out[tested] = _step_up(p[tested], p[tested] * tested.sum())
    return out


def adafilter_bh(p_min: ArrayLike, p_max: ArrayLike, *, null_above: float | None = None) -> Float:
    """FDR of "both sides hold" by adaptive filtering (AdaFilter-BH for 2 of 2).

    At the threshold t the number of false calls is at most about
    ``t * #{p_min <= t}``: a pair whose smaller p exceeds t cannot be called, so it
    does not count as a test. A pair is called at the level a if its larger p is at most the
    highest t with ``t * #{p_min <= t} <= a * #{p_max <= t}``.

    Parameters
    ----------
    p_min, p_max
        Smaller and larger p-value of the two sides of each pair; (n_pairs,).
    null_above
        `None` counts every such pair, as published. A number estimates, as Storey does, how
        many of them are null on the other side from those with a larger p above it.

    Returns
    -------
    Adjusted p-values; NaN where either side was not tested.

    References
    ----------
    Wang, Gui, Su, Sabatti & Owen 2022, doi:10.1214/21-aos2139, with filtering p-value
    (n - r + 1) P_(r-1) and selection p-value (n - r + 1) P_(r) for n = r = 2, as in the first
    author's R package (github.com/jingshuw/adaFilter, R/adaFilter.R): equal where no
    p-values are tied; ties are counted there in any order, here as the inequalities say.
    """
    p_min = np.asarray(p_min, dtype=np.float64)
    p_max = np.asarray(p_max, dtype=np.float64)
    out = np.full(p_max.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p_min) & ~np.isnan(p_max))
    tested = tested[np.argsort(p_max[tested])]  # sorted values are looked up much faster
    p_min, p_max = p_min[tested], p_max[tested]
    filtered = np.searchsorted(np.sort(p_min), p_max, side="right")
    if null_above is not None:
        high = np.searchsorted(np.sort(p_min[p_max > null_above]), p_max, side="right")
        filtered = np.minimum(filtered, (high + 1) / (1 - null_above))
    out[tested] = _step_up(p_max, p_max * filtered)
    return out


def mixture_fdr(p_first: ArrayLike, p_second: ArrayLike, *, threshold: float = 0.5) -> Float:
    """FDR of "both sides hold" by the three-part mixture of composite nulls.

    How many pairs have both, only the first or only the second side null is estimated from the
    p-values above `threshold`. Where one side is null and the other is not, the larger p is
    below t with chance t times the share of the other side's signals below t.

    Parameters
    ----------
    p_first, p_second
        P-values of the two sides of each pair; (n_pairs,).
    threshold
        P-values above it count as null.

    Returns
    -------
    Adjusted p-values; NaN where either side was not tested.

    References
    ----------
    Dai, Stanford & LeBlanc 2020, doi:10.1080/01621459.2020.1765785.
    """
    first = np.asarray(p_first, dtype=np.float64)
    second = np.asarray(p_second, dtype=np.float64)
    out = np.full(first.shape, np.nan)
    tested = ~np.isnan(first) & ~np.isnan(second)
    first, second = first[tested], second[tested]
    n, width, larger = len(first), 1.0 - threshold, np.maximum(first, second)
    both = min(np.sum((first > threshold) & (second > threshold)) / width**2, n)
    nulls = [min(np.sum(p > threshold) / width, n) for p in (first, second)]
    expected = both * larger**2
    for side, null, other in ((first, nulls[0], nulls[1]), (second, nulls[1], nulls[0])):
        below = np.searchsorted(np.sort(side), larger, side="right")
        signals = np.clip((below - null * larger) / max(n - null, 1), 0, 1)
        expected += max(other - both, 0) * larger * signals
    out[tested] = _step_up(larger, expected)
    return out


def simes(p: ArrayLike, groups: ArrayLike) -> tuple[NDArray, Float]:
    """Simes p-value of each group: at least one of its tests is not null.

    Parameters
    ----------
    p
        Raw p-values, (n_tests,); NaN is not a test.
    groups
        Group of each test, (n_tests,).

    Returns
    -------
    The sorted groups, and one p-value per group (NaN where nothing was tested).

    References
    ----------
    Simes 1986, doi:10.1093/biomet/73.3.751.
    """
    p = np.asarray(p, dtype=np.float64)
    names, code = np.unique(np.asarray(groups), return_inverse=True)
    out = np.full(len(names), np.nan)
    tested = ~np.isnan(p)
    p, code = p[tested], code[tested]
    order = np.argsort(p)
    small = code[order].astype(np.min_scalar_type(len(names)))  # 2 bytes are sorted by radix
    order = order[np.argsort(small, kind="stable")]
    p, code = p[order], code[order]
    size = np.bincount(code, minlength=len(names))
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    rank = np.arange(len(p)) - start[code] + 1
    np.fmin.at(out, code, p * size[code] / rank)
    return names, out
