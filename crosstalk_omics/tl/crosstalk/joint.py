"""Both sides of every pair: complexes, the joint p-value and what it is corrected over."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.checks import check_one_of
from ...interactions import complexes
from ...kernels.multiple import adafilter_bh, bh, mixture_fdr, simes

Float = NDArray[np.float64]
FDR = ("adafilter", "adaptive", "mixture", "bh")
NULL_ABOVE = 0.5  # p-values above it tell how many pairs are null
MODULATORS = ("decoy", "carrier")  # roles that take no part in signalling: a family of their own


@dataclass
class Side:
    """One tissue after its own tests; arrays are (n_groups, n_genes) of `genes`."""

    name: str
    genes: list[str]
    groups: list[str]
    magnitude: Float
    low: Float
    high: Float
    prop: Float
    gate: Float
    pvalue: Float
    presence: Float
    kind: str
    unit: str
    n_donors: NDArray[np.intp]
    donors: list[str]
    notes: list[str] = field(default_factory=list)

    def of(self, texts: list[str]) -> dict[str, Float]:
        """Every quantity for complexes, (n_groups, n_texts)."""
        weakest = ("magnitude", "low", "high", "prop", "gate")
        out = {k: complexes.evaluate(texts, getattr(self, k), self.genes) for k in weakest}
        for k in ("pvalue", "presence"):
            out[k] = complexes.evaluate_p(texts, getattr(self, k), self.genes)
        return out


def pair(table: pd.DataFrame, source: Side, target: Side, *, fdr: str) -> pd.DataFrame:
    """Join two sides over an interaction table.

    Parameters
    ----------
    table
        Interactions; ligands in the genes of `source`, receptors in those of `target`.
    source, target
        The sending and the receiving tissue.
    fdr
        ``"adafilter"``, ``"adaptive"``, ``"mixture"`` or ``"bh"``.

    Returns
    -------
    One row per interaction, sending group and receiving group.
    """
    check_one_of(fdr, FDR, "fdr")
    shape = (len(table), len(source.groups), len(target.groups))
    row, s, t = (a.ravel() for a in np.indices(shape))
    sides = {}
    for side, column, group in ((source, "ligand", s), (target, "receptor", t)):
        values = side.of(table[f"{column}_complex"].tolist())
        sides[column] = {k: v[group, row] for k, v in values.items()}
    out = pd.DataFrame(
        {"source": np.array(source.groups, object)[s], "target": np.array(target.groups, object)[t]}
    )
    for column in table.columns:
        out[column] = table[column].to_numpy()[row]
    _describe(out, sides, source, target, s, t)
    _test(out, sides, fdr)
    out["_last"] = out["family"] == "modulator"
    order = ["_last", "specificity_fdr", "specificity_pvalue", "magnitude_gmean"]
    ties = ["source", "target", "ligand_complex", "receptor_complex", "factor", "role"]
    ascending = [True, True, True, False] + [True] * len(ties)
    out = out.sort_values(order + ties, ascending=ascending, ignore_index=True)
    return out.drop(columns="_last")


def _describe(
    out: pd.DataFrame, sides: dict, source: Side, target: Side, s: NDArray, t: NDArray
) -> None:
    """Magnitudes, gates and what kind of evidence each side gives."""
    both = (("ligand", source, s), ("receptor", target, t))
    for column, _, _ in both:
        out[f"magnitude_{column}"] = sides[column]["magnitude"]
    out["magnitude_gmean"] = np.sqrt(out["magnitude_ligand"] * out["magnitude_receptor"])
    for column, side, group in both:
        values = sides[column]
        out[f"magnitude_{column}_low"] = values["low"]
        out[f"magnitude_{column}_high"] = values["high"]
        out[f"expr_prop_{column}"] = values["prop"]
        out[f"gate_{column}"] = values["gate"] == 1
        out[f"kind_{column}"] = side.kind
        out[f"unit_{column}"] = side.unit
        out[f"n_donors_{'source' if column == 'ligand' else 'target'}"] = side.n_donors[group]
    out["assessable"] = out[["magnitude_ligand", "magnitude_receptor"]].notna().all(axis=1)
    reason = np.where(out["magnitude_ligand"].isna(), f"ligand not measured in {source.name}", "")
    missing = out["magnitude_receptor"].isna().to_numpy()
    add = np.where(missing, f"receptor not measured in {target.name}", "")
    both_missing = (reason != "") & missing
    out["reason"] = np.where(both_missing, "neither side measured", np.where(missing, add, reason))


def _test(out: pd.DataFrame, sides: dict, fdr: str) -> None:
    """Joint p-value, its FDR within each family, and the FDR of ligands."""
    left, right = (sides[c]["pvalue"] for c in ("ligand", "receptor"))
    out["p_ligand"], out["p_receptor"] = left, right
    for column in sides:
        out[f"presence_pvalue_{column}"] = sides[column]["presence"]
    signals = ~out["role"].isin(MODULATORS).to_numpy()
    out["specificity_pvalue"] = np.where(signals, np.maximum(left, right), np.nan)
    tier = np.where(out["evidence_level"] == "database", "database", "literature")
    out["family"] = np.where(signals, tier, "modulator")
    out["specificity_fdr"] = out["ligand_fdr"] = np.nan
    for _, rows in out[signals].groupby("family", sort=False).groups.items():
        out.loc[rows, "specificity_fdr"] = joint_fdr(left[rows], right[rows], fdr)
        out.loc[rows, "ligand_fdr"] = _ligand_fdr(out.iloc[rows], left[rows], right[rows], fdr)


def joint_fdr(left: Float, right: Float, how: str) -> Float:
    """FDR of "both sides hold" over one family of pairs."""
    if how == "mixture":
        return mixture_fdr(left, right)
    larger = np.maximum(left, right)
    if how == "bh":
        return bh(larger)
    above = NULL_ABOVE if how == "adaptive" else None
    return adafilter_bh(np.minimum(left, right), larger, null_above=above)


def _ligand_fdr(out: pd.DataFrame, left: Float, right: Float, how: str) -> Float:
    """FDR of "this ligand of this group meets at least one receptor".

    The receptors of a ligand are joined by Simes into one second side.
    """
    code = out.groupby(["source", "ligand_complex"], sort=False).ngroup().to_numpy()
    tested = ~np.isnan(left) & ~np.isnan(right)
    receptors = simes(np.where(tested, right, np.nan), code)[1]
    ligand = np.full(len(receptors), np.nan)
    ligand[code] = left
    return joint_fdr(np.where(np.isnan(receptors), np.nan, ligand), receptors, how)[code]
