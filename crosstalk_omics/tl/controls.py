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
from .crosstalk.joint import DEFAULT_FDR, MODULATORS, Side, joint_fdr
from .crosstalk.knowledge import Interactions, Knowledge, gather
from .crosstalk.side import Options, side

Float = NDArray[np.float64]
SEEN = 0.01  # share of observations that show a gene, below which p-values are too coarse to judge
POSITIVES = (
    ("SOST", "LRP5|LRP6"),
    ("TNFSF11", "TNFRSF11A"),
    ("FGF23", "FGFR1+KL"),
    ("GH1", "GHR"),
    ("PTH", "PTH1R"),
    ("LEP", "LEPR"),
)
ROLES = ("source", "target")


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
        texts = self.table[("ligand_complex", "receptor_complex")[i]]
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

    def calls(self, table: pd.DataFrame | None = None, left: Side | None = None) -> NDArray:
        """Which pairs are called at the level."""
        one, other = self.sides
        p, q = self.pvalues(left or one, other, table)
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


def decoys(study: Study) -> list[dict]:
    """Calls of genes that cannot signal, as expressed as the ligands that they stand for."""
    named = set(study.known.named[0])
    ligands = complexes.genes(study.table["ligand_complex"])
    every = [g for g in study.source.var_names if "+" not in g and "|" not in g]
    all_genes = study.side(0, study.source, also=tuple(every))
    level = pd.Series(np.nanmean(all_genes.magnitude, axis=0), index=all_genes.genes)
    pool = level[[g for g in level.index if g not in named]].dropna().sort_values()
    real = int(study.calls().sum())
    if pool.empty or not real:
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
        ratios.append(study.calls(fake, all_genes).sum() / real)
    return [record("decoys", "ligand", "decoy_fdr", ratios)]


def contact(study: Study, interactions: Interactions) -> list[dict]:
    """Share of pairs called: contact pairs, which cannot cross tissues, and the others."""
    known = gather(interactions, "juxtacrine", study.source, study.target)
    other = replace(study, known=known)
    rows = []
    for name, one in (("contact", other), ("asked", study)):
        called = one.calls()
        rows.append(record("contact", "pair", f"called_{name}", [called.mean()], n=len(called)))
    return rows


def swap(study: Study, unrelated: AnnData | None) -> list[dict]:
    """How many called ligands are still called when an unrelated tissue sends."""
    if unrelated is None:
        msg = "The scenario 'swap' needs `unrelated`, a tissue that should not send these ligands."
        raise InputError(msg)
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
    """Rank correlation of two halves of the donors of both tissues."""
    from scipy.stats import spearmanr

    donor, found = study.options.donor, {"magnitude": [], "pvalue": []}
    for rng in study.generators():
        halves: list[list[Side]] = [[], []]
        for i, adata in enumerate(study.tissues):
            names = sorted(adata.obs[donor].dropna().unique()) if donor in adata.obs else []
            if len(names) < 2:
                msg = f"The scenario 'split' needs 2 donors per tissue; found {len(names)}."
                raise InputError(msg)
            first = set(rng.permutation(names)[: len(names) // 2])
            inside = adata.obs[donor].isin(first).to_numpy()
            for k, rows in enumerate((inside, ~inside)):
                halves[k].append(study.side(i, adata[rows].copy()))
        for what, column in (("magnitude", 0), ("pvalue", 1)):
            values = [_pair_values(study, *half)[column] for half in halves]
            if values[0].shape == values[1].shape:
                found[what].append(spearmanr(*values, nan_policy="omit").statistic)
    return [record("split", "pair", f"spearman_{k}", v) for k, v in found.items()]


def _pair_values(study: Study, left: Side, right: Side) -> tuple[Float, Float]:
    """Geometric-mean magnitude and larger p of every pair."""
    a = left.of(study.table["ligand_complex"].tolist())["magnitude"]
    b = right.of(study.table["receptor_complex"].tolist())["magnitude"]
    return np.sqrt(a[:, None] * b[None]).ravel(), np.maximum(*study.pvalues(left, right))


def positives(study: Study) -> list[dict]:
    """Rank of known axes among pairs of the same ligand with any receptor of the table.

    1: no other receptor of the table does better with this ligand, in the best groups.
    """
    left, right = study.sides
    receptors = study.table["receptor_complex"].unique().tolist()
    everywhere = right.of(receptors)["magnitude"]
    best = np.fmax.reduce(everywhere, axis=0)
    rows = []
    for ligand, receptor in POSITIVES:
        a = left.of([ligand])["magnitude"]
        b = np.fmax.reduce(right.of([receptor])["magnitude"], axis=0)
        if not np.isnan(b[0]) and not np.isnan(a).all():
            share = float(np.nanmean(best <= b[0]))
            rows.append(record("positives", f"{ligand} {receptor}", "receptor_rank", [share], n=1))
            rows.append(
                record("positives", f"{ligand} {receptor}", "ligand_magnitude", [np.nanmax(a)], n=1)
            )
    return rows


CONTROLS: dict[str, Callable[[Study], list[dict]]] = {
    "rewired": rewired,
    "decoys": decoys,
    "split": split,
    "positives": positives,
}
