"""Meta-analysis of many rows at once: random effects, Stouffer and robust rank aggregation."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from .tails import t_quantile, t_sf

Array = NDArray[np.float64]


class Pooled(NamedTuple):
    """One pooled effect per row; arrays are (n_rows,)."""

    estimate: Array
    se: Array
    pvalue: Array
    ci_low: Array
    ci_high: Array
    pi_low: Array  # prediction interval of a further study
    pi_high: Array
    tau2: Array
    i2: Array  # percent
    q: Array
    k: NDArray[np.intp]


def _sums(y: Array, v: Array, tau2: Array, seen: NDArray) -> tuple[Array, Array, Array]:
    """Weights, their sum and the weighted mean."""
    w = np.where(seen, 1 / (v + tau2[:, None]), 0.0)
    total = w.sum(axis=1)
    return w, total, (w * y).sum(axis=1) / total


def tau2_of(y: Array, v: Array, method: str) -> Array:
    """Variance between studies, (n_rows,): ``"fixed"``, ``"dl"``, ``"pm"`` or ``"reml"``.

    Parameters
    ----------
    y, v
        Effects and their variances, (n_rows, n_studies); NaN = not in the study.

    References
    ----------
    metafor's `rma` (3.8): DerSimonian-Laird, Paule-Mandel, restricted maximum likelihood.
    """
    seen = ~np.isnan(y) & ~np.isnan(v)
    y, v = np.where(seen, y, 0.0), np.where(seen, v, 1.0)
    df, tau2 = seen.sum(axis=1) - 1, np.zeros(len(y))
    many = df > 0
    if method == "fixed" or not many.any():
        return tau2
    y, v, seen, df = y[many], v[many], seen[many], df[many]
    w, total, mean = _sums(y, v, np.zeros(len(y)), seen)
    if method == "dl":
        q = (w * np.square(y - mean[:, None])).sum(axis=1)
        tau2[many] = np.maximum(0, (q - df) / (total - np.square(w).sum(axis=1) / total))
        return tau2
    centre = (y * seen).sum(axis=1) / seen.sum(axis=1)
    spread = (seen * np.square(y - centre[:, None])).sum(axis=1) / df
    mean_v = (seen * v).sum(axis=1) / seen.sum(axis=1)
    found = np.maximum(0, spread - mean_v) if method == "reml" else np.zeros(len(y))
    for _ in range(500):
        w, total, mean = _sums(y, v, found, seen)
        square = np.square(w * (y - mean[:, None])).sum(axis=1)
        if method == "pm":
            q = (w * np.square(y - mean[:, None])).sum(axis=1)
            step = np.divide(q - df, square, out=np.zeros_like(q), where=square > 0)
        else:
            w2, w3 = (w**2).sum(axis=1), (w**3).sum(axis=1)
            trace = total - w2 / total
            step = (square - trace) / (w2 - 2 * w3 / total + np.square(w2 / total))
        new = np.maximum(0, found + step)
        done = np.abs(new - found) <= 1e-10 * (1 + found)
        found = new
        if done.all():
            break
    tau2[many] = found
    return tau2


def pool(
    y: Array,
    v: Array,
    *,
    method: str = "reml",
    knapp_hartung: bool = True,
    truncated: bool = False,
    level: float = 0.95,
) -> Pooled:
    """Pool the effects of each row over its studies.

    Parameters
    ----------
    y, v
        Effects and their variances, (n_rows, n_studies); NaN = not in the study.
    method
        Of the variance between studies, see `tau2_of`.
    knapp_hartung
        Student's t with the weighted residual variance; a row of one study stays normal.
    truncated
        Let that variance not fall below the one that the studies' own errors give: few studies
        that agree by chance would otherwise look exact.
    level
        Of the intervals.

    References
    ----------
    metafor's `rma` with ``test="z"`` or ``"knha"`` (3.8).
    """
    seen = ~np.isnan(y) & ~np.isnan(v)
    k = seen.sum(axis=1)
    tau2 = tau2_of(y, v, method)
    y0, v0 = np.where(seen, y, 0.0), np.where(seen, v, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        w, total, mean = _sums(y0, v0, tau2, seen)
        se = np.sqrt(1 / total)
        several = (k > 1) & knapp_hartung
        residual = (w * np.square(y0 - mean[:, None])).sum(axis=1) / (k - 1)
        residual = np.maximum(residual, 1.0) if truncated else residual
        se = np.where(several, np.sqrt(residual / total), se)
        df = np.where(several, k - 1, np.inf)
        fixed, _, centre = _sums(y0, v0, np.zeros(len(y)), seen)
        q = (fixed * np.square(y0 - centre[:, None])).sum(axis=1)
        typical = (k - 1) * fixed.sum(axis=1)
        typical /= np.square(fixed.sum(axis=1)) - np.square(fixed).sum(axis=1)
        share = (q - k + 1) / q if method == "fixed" else tau2 / (tau2 + typical)
        i2 = np.where(k > 1, 100 * np.maximum(0, share), 0.0)
        t = mean / se
        half = t_quantile((1 + level) / 2, df)
        reach = half * np.sqrt(tau2 + se**2)
    none = k == 0
    mean, se = np.where(none, np.nan, mean), np.where(none, np.nan, se)
    return Pooled(
        estimate=mean,
        se=se,
        pvalue=np.where(none, np.nan, 2 * t_sf(np.abs(t), df)),
        ci_low=mean - half * se,
        ci_high=mean + half * se,
        pi_low=mean - reach,
        pi_high=mean + reach,
        tau2=tau2,
        i2=i2,
        q=q,
        k=k,
    )


def stouffer(z: Array) -> Array:
    """Combined standard normal score of each row, equal weights; NaN = not in the study."""
    k = (~np.isnan(z)).sum(axis=1)
    return np.divide(np.nansum(z, axis=1), np.sqrt(k), out=np.full(len(z), np.nan), where=k > 0)


def robust_ranks(ranks: Array) -> Array:
    """Score of robust rank aggregation: how much better than chance the best ranks agree.

    Parameters
    ----------
    ranks
        Normalised ranks in (0, 1], (n_rows, n_lists), 1 = last; NaN = not in the list.

    Returns
    -------
    (n_rows,), Bonferroni-corrected over the positions, at most 1.

    References
    ----------
    Kolde et al. 2012; RobustRankAggreg (1.2.1).
    """
    k = (~np.isnan(ranks)).sum(axis=1)
    ordered = np.sort(ranks, axis=1)
    position = np.arange(1, ranks.shape[1] + 1)
    last = np.maximum(k[:, None] - position + 1, 1)
    p = special.betainc(position, last, ordered)
    p = np.where(np.isnan(ordered), np.inf, p)
    return np.where(k > 0, np.minimum(p.min(axis=1, initial=np.inf) * k, 1.0), np.nan)
