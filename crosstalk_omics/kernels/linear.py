"""Least squares for many features at once, and limma's moderated t."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .tails import t_sf

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """Coefficients and residual variances of one design for many features."""

    coef: Array  # (p, n_features); NaN where the observed samples cannot estimate it
    sigma2: Array  # (n_features,); NaN without residual degrees of freedom
    df: Array  # (n_features,)
    cov_unscaled: Array  # (p, p), or (n_features, p, p) when values are missing


class ModeratedT(NamedTuple):
    """One contrast for many features; `pvalue` is two-sided."""

    estimate: Array
    se: Array
    t: Array
    df: Array
    pvalue: Array


def _solve(y: Array, design: Array) -> tuple[Array, Array, float, Array]:
    """Coefficients, residual sums of squares, df and unscaled covariance for complete `y`."""
    inverse = np.linalg.pinv(design)
    projection = inverse @ design
    coef = inverse @ y
    rss = np.square(y - design @ coef).sum(axis=0)
    df = len(design) - round(float(np.trace(projection)))
    unscaled = inverse @ inverse.T
    lost = ~np.isclose(np.diag(projection), 1.0, atol=1e-8)
    coef[lost] = np.nan
    unscaled[lost] = unscaled[:, lost] = np.nan
    return coef, rss, df, unscaled


def least_squares(y: Array, design: Array) -> Fit:
    """Fit `design` to every feature, over the samples in which the feature was measured.

    Parameters
    ----------
    y
        Values, (n_obs, n_features), on a log scale; NaN = not measured.
    design
        Model matrix, (n_obs, p).

    Returns
    -------
    `Fit`. A coefficient that the measured samples cannot estimate is NaN.
    """
    y, design = np.asarray(y, dtype=np.float64), np.asarray(design, dtype=np.float64)
    p, n_features = design.shape[1], y.shape[1]
    seen = ~np.isnan(y)
    if seen.all():
        coef, rss, df, unscaled = _solve(y, design)
        sigma2 = rss / df if df > 0 else np.full(n_features, np.nan)
        return Fit(coef, sigma2, np.full(n_features, float(max(df, 0))), unscaled)
    coef, covariance = np.full((p, n_features), np.nan), np.full((n_features, p, p), np.nan)
    rss, df = np.full(n_features, np.nan), np.zeros(n_features)
    patterns, which = np.unique(seen, axis=1, return_inverse=True)
    for k, rows in enumerate(patterns.T):
        columns = np.flatnonzero(which.ravel() == k)
        if rows.any():
            parts = _solve(y[np.ix_(rows, columns)], design[rows])
            coef[:, columns], rss[columns], df[columns], covariance[columns] = parts
    sigma2 = np.divide(rss, df, out=np.full(n_features, np.nan), where=df > 0)
    return Fit(coef, sigma2, df, covariance)


def _natural_spline(x: Array, at: Array, df: int) -> tuple[Array, Array]:
    """Natural cubic spline basis with `df` columns, knots at quantiles of `x`, for `x` and `at`."""
    low, width = x.min(), np.ptp(x)
    inner = np.quantile(x, np.linspace(0, 1, df)[1:-1])
    knots = (np.unique([x.min(), *inner, x.max()]) - low) / width

    def basis(values: Array) -> Array:
        values = (values - low) / width
        cubes = np.clip(values[:, None] - knots, 0, None) ** 3
        slopes = (cubes[:, :-1] - cubes[:, -1:]) / (knots[-1] - knots[:-1])
        return np.column_stack([np.ones_like(values), values, slopes[:, :-1] - slopes[:, -1:]])

    return basis(x), basis(at)


def _trigamma_inverse(value: float) -> float:
    """`x` with trigamma(x) = `value`, by Newton's method on 1/trigamma."""
    if value > 1e7:
        return 1 / np.sqrt(value)
    if value < 1e-6:
        return 1 / value
    x = 0.5 + 1 / value
    for _ in range(50):
        trigamma = special.polygamma(1, x)
        step = trigamma * (1 - trigamma / value) / special.polygamma(2, x)
        x += step
        if -step / x < 1e-8:
            break
    return float(x)


def _prior(sigma2: Array, df: Array, covariate: Array | None) -> tuple[float, Array]:
    """Prior degrees of freedom and prior variance of every feature (limma's `fitFDist`)."""
    ok = (df > 1e-15) & np.isfinite(sigma2)
    if covariate is not None:
        ok &= np.isfinite(covariate)
    n = int(ok.sum())
    spline_df = 1 + (n >= 3) + (n >= 6) + (n >= 30)
    if covariate is not None:
        spline_df = min(spline_df, len(np.unique(covariate[ok])))
    if n < 2:
        return 0.0, np.full(len(sigma2), np.nan)
    x, half = np.clip(sigma2[ok], 0, None), df[ok] / 2
    x = np.maximum(x, 1e-5 * (np.median(x) or 1.0))
    e = np.log(x) - special.digamma(half) + np.log(half)
    if covariate is None or spline_df < 2:
        mean, rank = np.full(len(sigma2), e.mean()), 1
        residual = e - e.mean()
    else:
        fitted, everywhere = _natural_spline(covariate[ok], covariate, spline_df)
        beta, _, rank, _ = np.linalg.lstsq(fitted, e, rcond=None)
        mean, residual = everywhere @ beta, e - fitted @ beta
    excess = float(residual @ residual) / (n - rank) if n > rank else 0.0
    excess -= float(special.polygamma(1, half).mean())
    if excess > 0:
        df_prior = 2 * _trigamma_inverse(excess)
        return df_prior, np.exp(mean + special.digamma(df_prior / 2) - np.log(df_prior / 2))
    return np.inf, np.full(len(sigma2), x.mean()) if covariate is None else np.exp(mean)


def squeeze_variance(
    sigma2: Array, df: Array, covariate: Array | None = None
) -> tuple[Array, float, Array]:
    """Shrink residual variances towards a common value, or towards a trend over `covariate`.

    Parameters
    ----------
    sigma2, df
        Residual variance and its degrees of freedom, (n_features,).
    covariate
        For example the mean log expression, (n_features,), finite.

    Returns
    -------
    Posterior variances (n_features,), the prior degrees of freedom, prior variances
    (n_features,).

    References
    ----------
    limma's `squeezeVar` and `fitFDist` (3.54).
    """
    sigma2 = np.asarray(sigma2, dtype=np.float64)
    df = np.broadcast_to(np.asarray(df, dtype=np.float64), sigma2.shape)
    df_prior, s2_prior = _prior(sigma2, df, covariate)
    own = np.where(df > 0, df * np.nan_to_num(sigma2), 0.0)
    if df_prior == 0:
        return sigma2, df_prior, s2_prior
    if np.isinf(df_prior):
        return s2_prior.copy(), df_prior, s2_prior
    return (own + df_prior * s2_prior) / (df + df_prior), df_prior, s2_prior


def moderated_t(fit: Fit, contrast: Array, *, trend: Array | None = None) -> ModeratedT:
    """Test a contrast of coefficients with variances squeezed over the features.

    Parameters
    ----------
    fit
        From `least_squares`.
    contrast
        Weights of the coefficients, (p,).
    trend
        Covariate of the prior variance, (n_features,): limma-trend's mean expression.

    Returns
    -------
    `ModeratedT`; NaN where the contrast cannot be estimated or no variance is known.
    """
    contrast = np.asarray(contrast, dtype=np.float64)
    used = contrast != 0
    weights = contrast[used]
    estimate = weights @ fit.coef[used]
    unscaled = weights @ fit.cov_unscaled[..., used, :][..., used] @ weights
    variance, df_prior, _ = squeeze_variance(fit.sigma2, fit.df, trend)
    df = np.minimum(fit.df + df_prior, fit.df.sum())
    se = np.sqrt(variance * unscaled)
    t = np.divide(estimate, se, out=np.full(len(estimate), np.nan), where=se > 0)
    return ModeratedT(estimate, se, t, df, 2 * t_sf(np.abs(t), df))


def one_sided(t: Array, df: Array, alternative: str) -> Array:
    """P-value of `t` for the alternative ``"greater"`` or ``"less"``."""
    return t_sf(t if alternative == "greater" else -np.asarray(t), df)
