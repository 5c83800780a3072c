"""Correlation of two matrices over the same donors, and its null by re-pairing the donors."""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice, permutations, product
from math import factorial, prod

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

_GRID = 4096  # points of the table of -ln p, linear between them; fits the fastest cache
_ROWS, _COLUMNS = 256, 2048  # correlations held at once: 2 MB, which stay in the cache


def _biweight(x: Array) -> Array:
    """Centred values with Tukey's biweights; columns without spread of the middle stay plain."""
    centred = x - np.nanmedian(x, axis=0)
    mad = np.nanmedian(np.abs(centred), axis=0)
    u = np.divide(centred, 9 * mad, out=np.zeros_like(centred), where=mad > 0)
    weighted = centred * np.square(1 - np.square(u)) * (np.abs(u) < 1)
    return np.where(mad > 0, weighted, x - np.nanmean(x, axis=0))


def standardise(x: Array, method: str, covariates: Array | None = None) -> Array:
    """Columns scaled so that the correlation of two matrices is one matrix product.

    Parameters
    ----------
    x
        Values, (n_donors, n_features); NaN = not measured. Centre and scale of a feature
        are those of the donors in which it was measured.
    method
        ``"pearson"``, ``"spearman"`` (mid-ranks) or ``"bicor"`` (biweight midcorrelation;
        Pearson for a feature whose median absolute deviation is 0).
    covariates
        (n_donors, q) without missing values; their linear part is removed first.

    Returns
    -------
    (n_donors, n_features) of unit column norm; 0 where not measured, NaN where a feature
    does not vary.

    References
    ----------
    WGCNA's `bicor` (1.72).
    """
    x = np.asarray(x, dtype=np.float64)
    out, some = np.full(x.shape, np.nan), ~np.isnan(x).all(axis=0)
    x = x[:, some]
    if method == "spearman":
        from scipy.stats import rankdata

        x = rankdata(x, axis=0, nan_policy="omit")
    if covariates is not None and covariates.shape[1]:
        x = _residuals(x, covariates)
    centred = _biweight(x) if method == "bicor" else x - np.nanmean(x, axis=0)
    norm = np.sqrt(np.nansum(np.square(centred), axis=0))
    varies = norm > 1e-12 * (1 + np.sqrt(np.nansum(np.square(x), axis=0)))
    scaled = np.nan_to_num(centred / np.where(varies, norm, np.nan), nan=0.0)
    out[:, some] = np.where(varies, scaled, np.nan)
    return out


def _residuals(x: Array, covariates: Array) -> Array:
    """`x` without the linear part of `covariates`, fitted on the measured donors."""
    design = np.column_stack([np.ones(len(x)), covariates])
    seen = ~np.isnan(x)
    out = np.full_like(x, np.nan)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for k, rows in enumerate(patterns.T):
        block = np.ix_(rows, np.flatnonzero(which.ravel() == k))
        coef = np.linalg.lstsq(design[rows], x[block], rcond=None)[0]
        out[block] = x[block] - design[rows] @ coef
    return out


def correlate(first: Array, second: Array) -> Array:
    """Correlation of every column of `first` with every column of `second`.

    Both are standardised and complete: (n_donors, p), (n_donors, q) -> (p, q).
    """
    r = first.T @ second
    return np.clip(r, -1.0, 1.0, out=r)


def correlate_seen(first: Array, second: Array, seen_first: Array, seen_second: Array) -> Array:
    """`correlate`, over the donors in which both features of a pair were measured."""
    own = np.square(first).T @ seen_second
    other = seen_first.T @ np.square(second)
    scale = np.sqrt(own * other)
    r = np.divide(first.T @ second, scale, out=np.full(scale.shape, np.nan), where=scale > 0)
    return np.clip(r, -1.0, 1.0)


def fisher(r: Array) -> Array:
    """Fisher's z of a correlation; |r| = 1 is taken as 1 - 1e-12."""
    return np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))


def minus_log_p(r: Array, df: Array | float) -> Array:
    """-ln of the two-sided p-value of correlation `r` with `df` = n - 2 - covariates."""
    half, left = np.asarray(df, dtype=np.float64) / 2, np.maximum(1 - np.square(r), 1e-300)
    p = special.betainc(half, 0.5, left)
    with np.errstate(divide="ignore"):  # where p is too small for a number, its leading term
        leading = half * np.log(left) - np.log(half) - special.betaln(half, 0.5)
        return -np.where(p < 1e-290, leading, np.log(p))


def correlation_p(r: Array, df: Array | float) -> Array:
    """Two-sided p-value of correlation `r` with `df` = n - 2 - covariates."""
    return np.exp(-minus_log_p(r, df))


def strength(first: Array, second: Array, df: float) -> Array:
    """Mean of -ln p of each column of `first` over all columns of `second`.

    Parameters
    ----------
    first, second
        Standardised and complete, (n_donors, p), (n_donors, q).
    df
        n_donors - 2 - covariates.

    Returns
    -------
    (p,), QENIE's Ssec. Correlations are made block by block and -ln p is read from a table;
    the error of a mean over many columns is below 1e-5.

    References
    ----------
    Seldin et al. 2018, PMC5935137.
    """
    from ._strength import add_from_table

    value, slope = _table(float(df))
    first = np.ascontiguousarray(first.T, dtype=np.float32)
    second = np.ascontiguousarray(second, dtype=np.float32)
    total = np.zeros(len(first))
    for i in range(0, len(first), _ROWS):
        for j in range(0, second.shape[1], _COLUMNS):
            add_from_table(
                first[i : i + _ROWS] @ second[:, j : j + _COLUMNS], value, slope,
                total[i : i + _ROWS],
            )  # fmt: skip
    return total / second.shape[1]


@lru_cache(maxsize=8)
def _table(df: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """-ln p at equal steps of |r|, and the differences between neighbours."""
    value = minus_log_p(np.linspace(0, 1 - 1e-12, _GRID), df)
    return value.astype(np.float32), np.append(np.diff(value), 0).astype(np.float32)


def repairings(
    n: int, n_perms: int, seed: int, strata: NDArray | None = None
) -> tuple[Iterator[NDArray], int, bool]:
    """Orders of `n` donors that break the pairing, exchanging donors within `strata` only.

    Parameters
    ----------
    n, n_perms, seed
        Donors, number of random orders, and where they come from.
    strata
        (n,) labels; None: all donors are exchangeable.

    Returns
    -------
    The orders, their number, and whether they are all there are (then without the
    original one), which is so when there are at most `n_perms`.
    """
    code = np.zeros(n, int) if strata is None else np.unique(strata, return_inverse=True)[1]
    groups = [np.flatnonzero(code == k) for k in range(code.max() + 1)]
    total = prod(factorial(len(g)) for g in groups)
    if total - 1 <= n_perms:
        return islice(_all_orders(n, groups), 1, None), total - 1, True
    return _random_orders(n, groups, n_perms, seed), n_perms, False


def _all_orders(n: int, groups: list[NDArray]) -> Iterator[NDArray]:
    for parts in product(*(permutations(g) for g in groups)):
        order = np.empty(n, int)
        for group, part in zip(groups, parts, strict=True):
            order[group] = part
        yield order


def _random_orders(n: int, groups: list[NDArray], n_perms: int, seed: int) -> Iterator[NDArray]:
    for child in np.random.SeedSequence(seed).spawn(n_perms):
        rng, order = np.random.default_rng(child), np.empty(n, int)
        for group in groups:
            order[group] = rng.permutation(group)
        yield order
