"""Is it high? Each score against random sets of genes of like expression and detection.

Genes are cut into strata by the mean of their ranks of mean value and of detection. A random set
takes from each stratum as many genes as the signature has there. For sums over genes (ucell,
aucell, singscore, mean, zscore, ulm) mean and variance over all such sets are exact: drawing
without replacement; for ssgsea they come from seeded random sets.
"""

from typing import Any
from zlib import crc32

import numpy as np
import scipy.sparse as sp

from ...core.errors import InputError
from .passes import Options, Ranking, Reading, over_blocks, rows_per_block, with_bits
from .ranking import CAPPED, LOW, TOP, RankPass
from .targets import NetIndex

N_STRATA = 25
N_RANDOM = 200
EXACT_RANK = {"ucell": CAPPED, "aucell": TOP, "singscore": LOW}
EXACT_LINEAR = ("mean", "zscore", "ulm")
METHODS_WITH_NULL = (*EXACT_RANK, "ssgsea", *EXACT_LINEAR)


def check_null(null: str | None, options: Options) -> None:
    """Raise if a method of the call has no null, or the null is unknown."""
    if null is None:
        return
    if null != "matched":
        msg = f"null is {null!r}. Valid: None, 'matched'."
        raise InputError(msg)
    without = [name for name in options if name not in METHODS_WITH_NULL]
    if without or options.get("singscore", {}).get("direction") == "unknown":
        what = ", ".join(without) or "singscore of unknown direction"
        msg = (
            f"null='matched' is not defined for {what}. It is for: "
            f"{', '.join(METHODS_WITH_NULL)}. Score the others in a call of their own."
        )
        raise InputError(msg)


def strata_of(moments: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Stratum of each gene, from its mean value and detection."""
    from scipy.stats import rankdata

    rounded = [np.array([float(f"{v:.10g}") for v in values]) for values in moments]
    level = rankdata(sum(rankdata(values) for values in rounded), method="min") - 1
    per_stratum = max(2, int(np.ceil(len(level) / N_STRATA)))
    return np.unique(level // per_stratum, return_inverse=True)[1].astype(np.int64)


def null_z(
    options: Options,
    x: Any,
    net: NetIndex,
    moments: tuple[np.ndarray, np.ndarray],
    block_rows: int,
    n_threads: int,
    seed: int,
) -> dict[str, np.ndarray]:
    """Z of every score against matched random sets, as "<method>_z"."""
    stratum = strata_of(moments)
    z = {f"{n}_z": np.full((x.shape[0], len(net.signatures)), np.nan) for n in options}
    jobs = []
    if names := [n for n in EXACT_RANK if n in options]:
        jobs.append(_RankNull(options, net, names, stratum))
    if names := [n for n in EXACT_LINEAR if n in options]:
        jobs.append(_LinearNull(options, net, names, stratum))
    width = len(net.signatures)
    if "ssgsea" in options:
        jobs.append(_RandomSets(options, net, stratum, seed))
        width *= N_RANDOM

    def one(part: sp.csr_matrix, first: int, lo: int, hi: int) -> None:
        for job in jobs:
            for name, values in job(part, lo, hi).items():
                z[f"{name}_z"][first + lo : first + hi] = values

    step = rows_per_block(width, len(options) + 1, block_rows)
    over_blocks(one, x, step, n_threads, "null")
    return z


class _Exact:
    """Mean and variance over matched sets of a weighted sum over genes."""

    def __init__(self, net: NetIndex, stratum: np.ndarray) -> None:
        self.stratum, self.size = stratum, np.bincount(stratum)
        self.shape = (len(self.size), len(net.signatures))
        self.where = stratum[np.repeat(net.genes, np.diff(net.start))], net.column

    def z(
        self, found: np.ndarray, weight: np.ndarray, total: np.ndarray, square: np.ndarray
    ) -> np.ndarray:
        """Z of the sums `found`; `total`, `square` are moments of all genes per stratum."""
        first, second = np.zeros(self.shape), np.zeros(self.shape)
        np.add.at(first, self.where, weight)
        np.add.at(second, self.where, weight**2)
        n = self.size
        mean = total / n
        spread = np.maximum(square - total * mean, 0) / np.maximum(n - 1, 1)
        variance = spread @ (second - first**2 / n[:, None])
        # below rounding error of the moments a variance is 0: the set is all of its strata
        noise = 1e-12 * (square / n) @ second
        variance = np.where(variance > noise, variance, np.nan)
        return (found - mean @ first) / np.sqrt(variance)


class _RankNull(_Exact):
    """Exact null of the rank methods; signed sets as the difference of their halves."""

    def __init__(
        self, options: Options, net: NetIndex, names: list[str], stratum: np.ndarray
    ) -> None:
        super().__init__(net, stratum)
        self.net, self.names, self.options = net, names, options
        self.ranking = Ranking(options, net, names)

    def _weights(self, name: str, ranks: RankPass) -> np.ndarray:
        """Weight of each column's sum in the score, up to a factor per signature."""
        s, size = ranks.n_signatures, np.maximum(self.ranking.size, 1)
        if name == "ucell":
            cap = min(self.options[name]["max_rank"], self.net.n_genes)
            if self.options[name]["missing"] == "impute":
                size = size + ranks.absent
            weight = -1 / (size * cap - size * (size + 1) / 2)
            weight[s:] *= -self.options[name]["w_neg"]
            return weight
        weight = 1 / size / np.maximum(self.net.n_genes - size, 1)
        weight[s:] *= -1
        return weight

    def __call__(self, part: sp.csr_matrix, lo: int, hi: int) -> dict[str, np.ndarray]:
        from ...kernels.strata import rank_moments

        ranks, _ = self.ranking.sums(part, lo, hi)
        shape = (hi - lo, len(self.size), self.ranking.want.size)
        total, square = np.zeros(shape), np.zeros(shape)
        rank_moments(
            *with_bits(part), part.indices, part.indptr, lo, hi, self.stratum, self.size,
            *self.ranking.how, total, square,
        )  # fmt: skip
        out = {}
        for name in self.names:
            stat = EXACT_RANK[name]
            q = int(np.flatnonzero(self.ranking.want == stat)[0])
            weight = self._weights(name, ranks)
            sums, s = ranks.sums[stat] * weight, ranks.n_signatures
            found = sums[:, :s] + (sums[:, s:] if sums.shape[1] > s else 0)
            each = weight[self.ranking.column]
            out[name] = self.z(found, each, total[:, :, q], square[:, :, q])
        return out


class _LinearNull(_Exact):
    """Exact null of weighted sums of values; mean, zscore and ulm share it."""

    def __init__(
        self, options: Options, net: NetIndex, names: list[str], stratum: np.ndarray
    ) -> None:
        super().__init__(net, stratum)
        self.net, self.names = net, names
        self.reading = Reading(options, net, names, None)

    def __call__(self, part: sp.csr_matrix, lo: int, hi: int) -> dict[str, np.ndarray]:
        from ...kernels.strata import value_moments

        sums, _ = self.reading.sums(part, lo, hi)
        total = np.zeros((hi - lo, len(self.size)))
        square = np.zeros_like(total)
        value_moments(part.data, part.indices, part.indptr, lo, hi, self.stratum, total, square)
        z = self.z(sums.weighted, self.net.weight, total, square)
        return dict.fromkeys(self.names, z)


class _RandomSets:
    """Null of ssgsea from seeded random sets; their genes depend on names, not on order."""

    def __init__(self, options: Options, net: NetIndex, stratum: np.ndarray, seed: int) -> None:
        self.one = Ranking(options, net, ["ssgsea"])
        self.many = Ranking(options, _random_net(net, stratum, seed), ["ssgsea"])

    def __call__(self, part: sp.csr_matrix, lo: int, hi: int) -> dict[str, np.ndarray]:
        jobs = self.one, self.many  # the values have been checked
        score, random = (job(part, lo, hi, lambda: None)[0]["ssgsea"] for job in jobs)
        random = random.reshape(len(score), -1, N_RANDOM)
        sd = random.std(axis=2, ddof=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            return {"ssgsea": np.where(sd > 0, (score - random.mean(axis=2)) / sd, np.nan)}


def _random_net(net: NetIndex, stratum: np.ndarray, seed: int) -> NetIndex:
    """`N_RANDOM` matched random sets for each signature, in a net of their own."""
    ordered = stratum[net.by_name]
    pools = [net.by_name[ordered == s] for s in range(int(stratum.max()) + 1)]
    gene_of = np.repeat(net.genes, np.diff(net.start))
    gene, column = [], []
    for j, name in enumerate(net.signatures):
        counts = np.bincount(stratum[gene_of[net.column == j]], minlength=len(pools))
        random = np.random.default_rng([seed, crc32(name.encode())])
        for r in range(N_RANDOM):
            for s in np.flatnonzero(counts):
                gene.append(random.choice(pools[s], counts[s], replace=False))
                column.append(np.full(counts[s], j * N_RANDOM + r))
    names = tuple(f"{name}_{r}" for name in net.signatures for r in range(N_RANDOM))
    return net.of_entries(names, np.concatenate(gene), np.concatenate(column))
