"""Controls of the inference: rewired pairs, decoys, contact pairs, swaps, splits, known axes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ..core.errors import InputError
from ..core.progress import progress
from ..interactions import complexes
from ..signatures import map_genes
from .crosstalk.joint import DEFAULT_FDR, MODULATORS, Side, joint_fdr
from .crosstalk.knowledge import Interactions, Knowledge, gather
from .crosstalk.magnitude import described
from .crosstalk.side import Options, side

Float = NDArray[np.float64]
CONTACT = "juxtacrine"
POSITIVES = (
    ("SOST", "LRP5|LRP6"),
    ("TNFSF11", "TNFRSF11A"),
    ("FGF23", "FGFR1+KL"),
    ("GH1", "GHR"),
    ("PTH", "PTH1R"),
    ("LEP", "LEPR"),
)
ROLES, SIDES = ("source", "target"), ("ligand", "receptor")


def record(
    scenario: str,
    side_: str,
    measure: str,
    values: list[float],
    *,
    n: int | None = None,
    bar: tuple[float, float] | None = None,
) -> dict:
    """One row of the summary: mean over repeats and its standard error."""
    values = np.asarray(values, dtype=np.float64)
    se = float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else np.nan
    return {
        "scenario": scenario,
        "side": side_,
        "measure": measure,
        "value": float(values.mean()) if len(values) else np.nan,
        "se": se,
        "n": len(values) if n is None else n,
        "bar": bar,
    }


@dataclass
class Study:
    """What is being calibrated."""

    source: AnnData
    target: AnnData
    groups: tuple[str | None, str | None]
    known: Knowledge
    options: Options
    level: float
    n_repeats: int
    seed: int

    @property
    def tissues(self) -> tuple[AnnData, AnnData]:
        """The sending and the receiving tissue."""
        return self.source, self.target

    @cached_property
    def table(self) -> pd.DataFrame:
        """Interactions that signal."""
        table = self.known.table
        return table[~table["role"].isin(MODULATORS)].reset_index(drop=True)

    def generators(self) -> Iterator[np.random.Generator]:
        """One generator per repeat, spawned from the seed."""
        seeds = np.random.SeedSequence(self.seed).spawn(self.n_repeats)
        yield from (np.random.default_rng(s) for s in progress(seeds, "repeats"))

    def side(self, i: int, adata: AnnData, *, also: tuple[str, ...] = ()) -> Side:
        """Profile and test tissue number `i`, with the observations of `adata`."""
        texts = self.table[f"{SIDES[i]}_complex"]
        named = sorted({*self.known.named[i], *also})
        return side(
            adata, self.groups[i], pd.Series([*texts, *also]),
            named=named, kind="auto", role=ROLES[i], options=self.options,
        )  # fmt: skip

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """Both tissues as they are."""
        return self.side(0, self.source), self.side(1, self.target)

    def pvalues(self, left: Side, right: Side, table: pd.DataFrame | None = None) -> tuple:
        """P-values of both sides for every pair and pair of groups."""
        table = self.table if table is None else table
        p = left.of(table["ligand_complex"].tolist())["pvalue"]
        q = right.of(table["receptor_complex"].tolist())["pvalue"]
        shape = (len(p), len(q), len(table))
        return (
            np.broadcast_to(p[:, None], shape).ravel(),
            np.broadcast_to(q[None], shape).ravel(),
        )

    @cached_property
    def threshold(self) -> float:
        """Largest joint p that is called at the level; -1 where nothing is."""
        left, right = self.pvalues(*self.sides)
        return float(np.max(np.maximum(left, right)[self.calls()], initial=-1.0))

    def share(self, table: pd.DataFrame | None = None, *sides: Side) -> float:
        """Share of pairs and groups whose p is called in the study, NaN where nothing is."""
        p = np.maximum(*self.pvalues(*(sides or self.sides), table))
        return float(np.mean(p <= self.threshold)) if self.threshold >= 0 else np.nan

    def calls(self, table: pd.DataFrame | None = None) -> NDArray:
        """Which pairs are called at the level."""
        p, q = self.pvalues(*self.sides, table)
        return joint_fdr(p, q, DEFAULT_FDR) <= self.level


def rewire(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Pair ligands and receptors at random; each keeps its number of partners.

    Swaps the receptors of two rows at a time wherever that makes no pair twice.
    """
    left = table["ligand_complex"].to_numpy()
    right = table["receptor_complex"].to_numpy().copy()
    taken = set(zip(left, right, strict=True))
    for i, j in rng.integers(len(table), size=(10 * len(table), 2)):
        new = {(left[i], right[j]), (left[j], right[i])}
        if left[i] != left[j] and right[i] != right[j] and not new & taken:
            taken -= {(left[i], right[i]), (left[j], right[j])}
            taken |= new
            right[i], right[j] = right[j], right[i]
    return table.assign(receptor_complex=right)


def rewired(study: Study) -> list[dict]:
    """Calls of the real pairs over calls of rewired ones: 1 where knowledge adds nothing."""
    real = int(study.calls().sum())
    random = [int(study.calls(rewire(study.table, rng)).sum()) for rng in study.generators()]
    ratio = [(real + 0.5) / (r + 0.5) for r in random]
    return [
        record("rewired", "pair", "calls", [real]),
        record("rewired", "pair", "calls_rewired", random),
        record("rewired", "pair", "ratio", ratio),
    ]


def decoys(study: Study, interactions: Interactions) -> list[dict]:
    """Calls of genes that no route names, as expressed as the ligands that they stand for."""
    every_route = gather(interactions, None, study.source, study.target)
    named = {*study.known.named[0], *every_route.named[0]}
    ligands = complexes.genes(study.table["ligand_complex"])
    every = [g for g in study.source.var_names if "+" not in g and "|" not in g]
    all_genes = study.side(0, study.source, also=tuple(every))
    level = pd.Series(np.nanmean(all_genes.magnitude, axis=0), index=all_genes.genes)
    pool = level[[g for g in level.index if g not in named]].dropna().sort_values()
    if pool.empty or study.threshold < 0:
        return [record("decoys", "ligand", "decoy_fdr", [])]
    ratios = []
    for rng in study.generators():
        mapping = {}
        for gene in (g for g in ligands if g in level.index and not np.isnan(level[g])):
            near = np.searchsorted(pool.to_numpy(), level[gene]) + rng.integers(-25, 26)
            mapping[gene] = pool.index[np.clip(near, 0, len(pool) - 1)]
        mapped = complexes.map_genes(study.table["ligand_complex"], mapping)
        names = study.table["ligand_complex"].map(mapped.set_index("text")["mapped"])
        fake = study.table.assign(ligand_complex=names)[names != ""]
        ratios.append(study.share(fake, all_genes, study.sides[1]) / study.share())
    return [record("decoys", "ligand", "decoy_fdr", ratios)]


def contact(study: Study, interactions: Interactions) -> list[dict]:
    """Pairs that cannot cross tissues and those asked for: share with a p that is called."""
    known, pairs = contact_pairs(study, interactions)
    other = replace(study, known=known)
    rates = {"contact": study.share(pairs, *other.sides), "asked": study.share()}
    n_groups = [len(side_.groups) for side_ in study.sides]
    return [
        record("contact", "pair", f"called_{k}", [v], n=n * n_groups[0] * n_groups[1])
        for (k, v), n in zip(rates.items(), (len(pairs), len(study.table)), strict=True)
    ]


def contact_pairs(study: Study, interactions: Interactions) -> tuple[Knowledge, pd.DataFrame]:
    """Interactions of all routes, and those of them that need contact."""
    known = gather(interactions, None, study.source, study.target)
    pairs = known.table[known.table["route"] == CONTACT]
    if pairs.empty:
        msg = (
            f"The scenario 'contact' needs pairs of the route {CONTACT!r}; none of the "
            f"{len(known.table)} pairs of the interaction table is. Give a table with all routes, "
            "e.g. interactions='consensus'; `route` filters it."
        )
        raise InputError(msg)
    return known, pairs


def swap(study: Study, unrelated: AnnData) -> list[dict]:
    """How many called ligands are still called when an unrelated tissue sends."""
    called = [_called_ligands(study), _called_ligands(replace(study, source=unrelated))]
    both = len(called[0] & called[1]) / max(len(called[0]), 1)
    return [
        record("swap", "ligand", "called", [len(called[0])]),
        record("swap", "ligand", "still_called", [both], n=len(called[0])),
    ]


def _called_ligands(study: Study) -> set[str]:
    left, right = study.sides
    called = study.calls().reshape(len(left.groups), len(right.groups), len(study.table))
    return set(study.table["ligand_complex"][called.any(axis=(0, 1))])


def split(study: Study) -> list[dict]:
    """Rank correlation of two halves of the donors; a tissue without donors is left out."""
    found: dict[tuple[str, str], list[float]] = {}
    for rng in study.generators():
        halves = [_halves(study, i, names, rng) for i, names in enumerate(donors_of(study))]
        values = {name: half for name, half in zip(SIDES, halves, strict=True) if half}
        if len(values) == 2:
            values["pair"] = [
                {
                    "magnitude": np.sqrt(a["magnitude"][:, None] * b["magnitude"]),
                    "pvalue": np.maximum(a["pvalue"][:, None], b["pvalue"]),
                }
                for a, b in zip(*halves, strict=True)
            ]
        for name, (one, other) in values.items():
            for key in one:
                rho = _spearman(one[key].ravel(), other[key].ravel())
                found.setdefault((name, key), []).append(rho)
    return [
        record("split", name, f"spearman_{key}", [v for v in values if not np.isnan(v)])
        for (name, key), values in found.items()
    ]


def donors_of(study: Study) -> list[list[str]]:
    """Names of the donors of both tissues; at least one has two of them."""
    column = study.options.donor
    names = [
        sorted(a.obs[column].dropna().unique()) if column in a.obs else [] for a in study.tissues
    ]
    if max(map(len, names)) < 2:
        found = " and ".join(
            f"{described(a, 'tissue', role)} ({len(n)})"
            for a, role, n in zip(study.tissues, ROLES, names, strict=True)
        )
        msg = f"The scenario 'split' needs a tissue with 2 donors; found the donors of {found}."
        raise InputError(msg)
    return names


def _halves(
    study: Study, i: int, names: list[str], rng: np.random.Generator
) -> list[dict[str, Float]]:
    """Magnitudes and p-values of a side in two halves of its donors, for their common groups."""
    if len(names) < 2:
        return []
    adata, texts = study.tissues[i], study.table[f"{SIDES[i]}_complex"].tolist()
    inside = adata.obs[study.options.donor].isin(rng.permutation(names)[: len(names) // 2])
    halves = [study.side(i, adata[rows].copy()) for rows in (inside.to_numpy(), ~inside.to_numpy())]
    common = [g for g in halves[0].groups if g in halves[1].groups]
    out = []
    for half in halves:
        at, values = [half.groups.index(g) for g in common], half.of(texts)
        out.append({key: values[key][at] for key in ("magnitude", "pvalue")})
    return out


def _spearman(one: Float, other: Float) -> float:
    """Rank correlation of what both halves know; NaN where that is less than 3 values."""
    from scipy.stats import spearmanr

    both = ~np.isnan(one) & ~np.isnan(other)
    if both.sum() < 3 or np.ptp(one[both]) == 0 or np.ptp(other[both]) == 0:
        return np.nan
    return float(spearmanr(one[both], other[both]).statistic)


def positives(study: Study) -> list[dict]:
    """Rank of known axes among pairs of the same ligand with any receptor of the table.

    1: no other receptor of the table does better with this ligand, in the best groups.
    """
    left, right = study.sides
    receptors = study.table["receptor_complex"].unique().tolist()
    everywhere = right.of(receptors)["magnitude"]
    best = np.fmax.reduce(everywhere, axis=0)
    own = [_symbols(texts, a) for texts, a in zip(zip(*POSITIVES, strict=True), study.tissues,
                                                  strict=True)]  # fmt: skip
    rows = []
    for (ligand, receptor), sent, received in zip(POSITIVES, *own, strict=True):
        if not sent or not received:
            continue
        a = left.of([sent])["magnitude"]
        b = np.fmax.reduce(right.of([received])["magnitude"], axis=0)
        if not np.isnan(b[0]) and not np.isnan(a).all():
            share = float(np.nanmean(best <= b[0]))
            rows.append(record("positives", f"{ligand} {receptor}", "receptor_rank", [share], n=1))
            rows.append(
                record("positives", f"{ligand} {receptor}", "ligand_magnitude", [np.nanmax(a)], n=1)
            )
    return rows


def _symbols(texts: tuple[str, ...], adata: AnnData) -> list[str]:
    """Human complexes in symbols of a tissue's organism; "" without orthologs."""
    organism = described(adata, "organism", "human")
    mapping, _ = map_genes(complexes.genes(texts), source="human", target=organism)
    mapped = complexes.map_genes(texts, mapping).set_index("text")["mapped"]
    return [mapped[text] for text in texts]


CONTROLS: dict[str, Callable[[Study], list[dict]]] = {
    "rewired": rewired,
    "split": split,
    "positives": positives,
}
