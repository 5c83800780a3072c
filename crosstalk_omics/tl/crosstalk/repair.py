"""The null of paired donors: what correlations are when the donors are paired anew."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.progress import progress
from ...kernels import correlation as kernel
from ...kernels.multiple import bh

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Matrix:
    """Features over the shared donors: standardised values, and where they were measured."""

    z: Float  # (n_donors, n); NaN columns do not vary
    seen: NDArray[np.bool_]

    @property
    def complete(self) -> bool:
        """Whether every value was measured."""
        return bool(self.seen.all())

    def take(self, columns: NDArray) -> "Matrix":
        """Some of the features; -1 gives a feature that was not measured."""
        z = np.where(columns < 0, np.nan, self.z[:, columns])
        return Matrix(z, self.seen[:, columns] | (columns < 0))


@dataclass(frozen=True)
class Null:
    """How donors are paired anew, and the degrees of freedom that covariates cost."""

    n_donors: int
    n_covariates: int
    n_perms: int
    seed: int
    strata: NDArray | None

    def orders(self) -> tuple[Iterator[NDArray], int, bool]:
        """Orders of the donors of the sender; their number; whether they are all there are."""
        return kernel.repairings(self.n_donors, self.n_perms, self.seed, self.strata)


def one_thread() -> AbstractContextManager:
    """Keep the linear algebra on one thread: the products are small and many."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1, user_api="blas")


def correlations(first: Matrix, second: Matrix) -> Float:
    """Correlation of all features, over the donors with both: (p, q)."""
    if first.complete and second.complete:
        return kernel.correlate(first.z, second.z)
    return kernel.correlate_seen(
        first.z, second.z, first.seen.astype(float), second.seen.astype(float)
    )


def test_pairs(
    first: Matrix, second: Matrix, i: NDArray, j: NDArray, kind: NDArray, null: Null
) -> pd.DataFrame:
    """Correlation, its t-test and its re-pairing null for the pairs (i, j) of features.

    The two-sided p-value compares Fisher's z with its mean over the re-pairings, in units of
    its deviation; the FDR pools these units over all pairs of a kind (Tusher-style, every
    pair taken as null), because single p-values cannot fall below 1 / (1 + n).
    """
    r = correlations(first, second)[i, j]
    n = first.seen.astype(float).T @ second.seen.astype(float)
    n = n[i, j]
    total, square = np.zeros(len(r)), np.zeros(len(r))
    _, number, _ = null.orders()
    for z in _fisher(first, second, i, j, null, "re-pairing: moments"):
        total += z
        square += z * z
    mean = total / number
    deviation = np.sqrt(np.maximum(square / number - mean**2, 0))
    scale = np.where(deviation > 1e-9, deviation, np.nan)
    observed = np.abs(kernel.fisher(r) - mean) / scale
    exceed = np.zeros(len(r))
    pools = {k: _Pool(observed[kind == k]) for k in np.unique(kind)}
    for z in _fisher(first, second, i, j, null, "re-pairing: tails"):
        units = np.abs(z - mean) / scale
        exceed += units >= observed - 1e-9
        for k, pool in pools.items():
            pool.add(units[kind == k])
    tested = ~np.isnan(observed)
    fdr = np.full(len(r), np.nan)
    for k, pool in pools.items():
        fdr[kind == k] = pool.fdr(number)
    return pd.DataFrame(
        {
            "correlation": r,
            "n_donors": n.astype(int),
            "p_correlation": kernel.correlation_p(r, np.maximum(n - 2 - null.n_covariates, 1)),
            "pvalue": np.where(tested, (1 + exceed) / (1 + number), np.nan),
            "fdr": fdr,
        }
    )


def _fisher(
    first: Matrix, second: Matrix, i: NDArray, j: NDArray, null: Null, what: str
) -> Iterator[Float]:
    """Fisher's z of the pairs in every re-pairing."""
    orders, number, _ = null.orders()
    for order in progress(orders, what, total=number):
        shuffled = Matrix(first.z[order], first.seen[order])
        yield kernel.fisher(correlations(shuffled, second)[i, j])


class _Pool:
    """Counts of null values at least as large as each observed one."""

    def __init__(self, observed: Float) -> None:
        self.observed = observed
        self.sorted = np.sort(observed[~np.isnan(observed)])
        self.below = np.zeros(len(self.sorted) + 1)

    def add(self, null: Float) -> None:
        at = np.searchsorted(self.sorted, null[~np.isnan(null)] + 1e-9, side="right")
        self.below += np.bincount(at, minlength=len(self.below))

    def fdr(self, number: int) -> Float:
        """Expected over observed calls at each observed value, made monotone."""
        out = np.full(len(self.observed), np.nan)
        if not len(self.sorted):
            return out
        at_least = self.below[::-1].cumsum()[::-1][1:]  # null values >= sorted[k]
        calls = len(self.sorted) - np.searchsorted(self.sorted, self.sorted, side="left")
        expected = (at_least + calls) / (number + 1)
        rate = np.minimum(np.minimum.accumulate(expected / calls), 1.0)
        tested = ~np.isnan(self.observed)
        out[tested] = rate[np.searchsorted(self.sorted, self.observed[tested], side="left")]
        return out


def strengths(first: Matrix, second: Matrix, null: Null) -> pd.DataFrame:
    """Mean of -ln p of each feature of `first` over `second`, and its re-pairing null."""
    usable = np.flatnonzero(first.seen.all(axis=0) & ~np.isnan(first.z).any(axis=0))
    against = second.z[:, second.seen.all(axis=0) & ~np.isnan(second.z).any(axis=0)]
    against = np.ascontiguousarray(against, dtype=np.float32)
    df = float(null.n_donors - 2 - null.n_covariates)
    out = pd.DataFrame(
        np.nan,
        index=range(first.z.shape[1]),
        columns=["strength", "strength_pvalue", "strength_fdr"],
    )
    if not len(usable) or not against.shape[1]:
        return out
    mine = first.z[:, usable]
    observed = kernel.strength(mine, against, df)
    exceed, (orders, number, _) = np.zeros(len(usable)), null.orders()
    with one_thread():
        for order in progress(orders, "re-pairing: strength", total=number):
            exceed += kernel.strength(mine[order], against, df) >= observed - 1e-9
    pvalue = (1 + exceed) / (1 + number)
    out.iloc[usable] = np.column_stack([observed, pvalue, bh(pvalue)])
    return out
