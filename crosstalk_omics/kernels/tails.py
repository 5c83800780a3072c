"""Tails and quantiles of the common distributions, without the slow import of scipy.stats."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]


def t_sf(t: ArrayLike, df: ArrayLike) -> Array:
    """P(T > t) of Student's t; normal where `df` is infinite."""
    t, df = np.asarray(t, dtype=np.float64), np.asarray(df, dtype=np.float64)
    finite = np.where(np.isinf(df), 1.0, df)
    return np.where(np.isinf(df), special.ndtr(-t), special.stdtr(finite, -t))


def t_quantile(p: ArrayLike, df: ArrayLike) -> Array:
    """Quantile of Student's t; normal where `df` is infinite."""
    df = np.asarray(df, dtype=np.float64)
    finite = np.where(np.isinf(df), 1.0, df)
    return np.where(np.isinf(df), special.ndtri(p), special.stdtrit(finite, p))


def normal_sf(z: ArrayLike) -> Array:
    """P(Z > z) of the standard normal."""
    return special.ndtr(-np.asarray(z, dtype=np.float64))


def normal_isf(p: ArrayLike) -> Array:
    """Value that the standard normal exceeds with probability `p`."""
    return -special.ndtri(np.asarray(p, dtype=np.float64))


def chi2_sf(x: ArrayLike, df: ArrayLike) -> Array:
    """P(X > x) of chi-squared."""
    return special.chdtrc(df, x)
