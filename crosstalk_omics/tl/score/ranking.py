"""From rank statistics to scores: ucell, aucell, singscore, ssgsea share one ranking pass."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

CAPPED, TOP, LOW, FOLD, MID, POWER, MID_POWER = range(7)  # as in kernels/rank_scores.py
Array = np.ndarray


@dataclass(frozen=True)
class RankPass:
    """Sums of rank statistics; the second half of the columns are the negative targets."""

    sums: Mapping[int, Array]  # statistic -> (n_rows, n_columns)
    count: Array  # (n_rows, n_columns) measured targets
    absent: Array  # (n_columns,) targets that the data do not have
    measured: Array  # (n_rows,) measured genes
    n_signatures: int

    def signed(self, score: Array, down: float) -> Array:
        """Score of the positive targets plus `down` times that of the negative ones."""
        up = score[:, : self.n_signatures]
        if score.shape[1] == self.n_signatures:
            return up
        count = self.count[:, self.n_signatures :] + self.absent[self.n_signatures :]
        negative = np.where(count > 0, score[:, self.n_signatures :], 0.0)
        positive = np.where(self.count[:, : self.n_signatures] > 0, up, 0.0)
        none = self.count[:, : self.n_signatures] + self.count[:, self.n_signatures :] == 0
        return np.where(none, np.nan, positive + down * negative)


def ucell(ranks: RankPass, options: Mapping) -> Array:
    """1 - U / U_max of the ranks capped at max_rank (Andreatta & Carmona 2021, UCell >= 2.7.6)."""
    cap = np.minimum(options["max_rank"], ranks.measured)[:, None].astype(float)
    absent = ranks.absent if options["missing"] == "impute" else np.zeros_like(ranks.absent)
    size = ranks.count + absent
    lowest = size * (size + 1) / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        score = 1 - (ranks.sums[CAPPED] + absent * cap - lowest) / (size * cap - lowest)
    score = np.where(ranks.count > 0, score, np.nan)
    if score.shape[1] == ranks.n_signatures:
        return score
    return np.maximum(ranks.signed(np.where(size > 0, score, 0.0), -options["w_neg"]), 0.0)


def aucell(ranks: RankPass, options: Mapping) -> Array:
    """Area under the recovery curve of the top genes, expected over random breaks of ties."""
    top = np.maximum(2, np.ceil(options["top"] * ranks.measured))[:, None]
    best = np.minimum(ranks.count, top - 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return ranks.sums[TOP] / (best * (2 * top - best - 1) / 2)


def singscore(ranks: RankPass, options: Mapping) -> Array:
    """Mean rank between its bounds, centred; up minus down for signed sets (Foroutan 2018)."""
    n, k = ranks.measured[:, None].astype(float), ranks.count
    with np.errstate(invalid="ignore", divide="ignore"):
        if options["direction"] == "unknown":
            low, high = _folded_bounds(n, k)
            return ranks.signed((ranks.sums[FOLD] / k - low) / (high - low), 1.0)
        low, high = (k + 1) / 2, (2 * n - k + 1) / 2
        mean = ranks.sums[LOW] / k
        score = (mean - low) / (high - low) - 0.5
        if score.shape[1] > ranks.n_signatures:
            turned = (n + 1 - mean - low) / (high - low) - 0.5
            score[:, ranks.n_signatures :] = turned[:, ranks.n_signatures :]
    return ranks.signed(score, 1.0)


def _folded_bounds(n: Array, k: Array) -> tuple[Array, Array]:
    """Bounds that singscore sets for the mean distance of k ranks from the middle rank."""
    half, ranks = np.floor(k / 2), np.ceil(n / 2)
    return (half + 1) / 2, (2 * ranks - half + 1) / 2


def ssgsea(ranks: RankPass, options: Mapping) -> Array:
    """Sum of the differences of the two cumulative distributions, in ranks (Barbie 2009)."""
    n, k = ranks.measured[:, None].astype(float), ranks.count
    with np.errstate(invalid="ignore", divide="ignore"):
        inside = ranks.sums[MID_POWER] / ranks.sums[POWER]
        outside = (n * (n + 1) / 2 - ranks.sums[MID]) / (n - k)
    return inside - outside


def statistics(name: str, options: Mapping) -> tuple[int, ...]:
    """Rank statistics that a method needs."""
    if name == "singscore":
        return (FOLD,) if options["direction"] == "unknown" else (LOW,)
    return {"ucell": (CAPPED,), "aucell": (TOP,), "ssgsea": (MID, POWER, MID_POWER)}[name]
