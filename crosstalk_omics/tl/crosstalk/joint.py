"""Both sides of every pair: complexes, the joint p-value and what it is corrected over."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...core.checks import check_one_of
from ...interactions import complexes
from ...kernels.multiple import adafilter_bh, bh, mixture_fdr, simes

Float = NDArray[np.float64]
FDR = ("adaptive", "adafilter", "mixture", "bh")
DEFAULT_FDR = FDR[0]
NULL_ABOVE = 0.5  # p-values above it tell how many pairs are null
TESTED = ("literature", "database")  # families of interactions; each is corrected by itself
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
        ``"adaptive"``, ``"adafilter"``, ``"mixture"`` or ``"bh"``.

    Returns
    -------
    One row per interaction, sending group and receiving group.
    """
    check_one_of(fdr, FDR, "fdr")
    shape = (len(table), len(source.groups), len(target.groups))
    row, s, t = (a.ravel() for a in np.indices(shape))
    ligand = source.of(table["ligand_complex"].tolist())
    receptor = target.of(table["receptor_complex"].tolist())
    left, right = _at(ligand["pvalue"], s, row), _at(receptor["pvalue"], t, row)
    signals = ~table["role"].isin(MODULATORS).to_numpy()
    tier = np.where(table["evidence_level"] == "database", "database", "literature")
    family = np.where(signals, tier, "modulator").astype(object)
    tested = _tested(left, right, family, row, fdr)
    code, names = pd.factorize(table["ligand_complex"])
    tested["ligand_fdr"] = _ligands(left, right, family, row, s * len(names) + code[row], fdr)
    ties = ["ligand_complex", "receptor_complex", "factor", "role"]
    rank = table.reset_index(drop=True).sort_values(ties).index.argsort()
    gmean = np.sqrt(_at(ligand["magnitude"], s, row) * _at(receptor["magnitude"], t, row))
    keys = (tested["specificity_fdr"], tested["specificity_pvalue"], -gmean)
    order = np.lexsort((rank[row], t, s, *keys[::-1], ~signals[row]))
    row, s, t = row[order], s[order], t[order]
    columns = {"source": np.array(source.groups, dtype=object)[s],
               "target": np.array(target.groups, dtype=object)[t]}  # fmt: skip
    known = table.take(row)
    known.index = pd.RangeIndex(len(row))
    columns |= dict(known.items())
    columns |= _described(ligand, receptor, source, target, row, s, t)
    columns |= {name: values[order] for name, values in tested.items()}
    return pd.DataFrame(columns, copy=False)  # a copy would double time and memory


def _at(values: Float, group: NDArray, row: NDArray) -> Float:
    """Values of (group, interaction)."""
    return values.ravel().take(group * values.shape[1] + row)


def _described(
    ligand: dict, receptor: dict, source: Side, target: Side, row: NDArray, s: NDArray, t: NDArray
) -> dict[str, NDArray]:
    """Magnitudes, gates and what kind of evidence each side gives."""
    left, right = _at(ligand["magnitude"], s, row), _at(receptor["magnitude"], t, row)
    out = {
        "magnitude_ligand": left,
        "magnitude_receptor": right,
        "magnitude_gmean": np.sqrt(left * right),
    }
    ends = (("ligand", "source", ligand, source, s), ("receptor", "target", receptor, target, t))
    for column, end, values, side, group in ends:
        out[f"magnitude_{column}_low"] = _at(values["low"], group, row)
        out[f"magnitude_{column}_high"] = _at(values["high"], group, row)
        out[f"expr_prop_{column}"] = _at(values["prop"], group, row)
        out[f"gate_{column}"] = _at(values["gate"], group, row) == 1
        out[f"kind_{column}"] = np.full(len(row), side.kind, dtype=object)
        out[f"unit_{column}"] = np.full(len(row), side.unit, dtype=object)
        out[f"n_donors_{end}"] = side.n_donors[group]
    missing = np.isnan(left) + 2 * np.isnan(right)
    reasons = (
        "",
        f"ligand not measured in {source.name}",
        f"receptor not measured in {target.name}",
        "neither side measured",
    )
    out["assessable"] = missing == 0
    out["reason"] = np.array(reasons, dtype=object)[missing]
    for column, _, values, _, group in ends:
        out[f"p_{column}"] = _at(values["pvalue"], group, row)
    for column, _, values, _, group in ends:
        out[f"presence_pvalue_{column}"] = _at(values["presence"], group, row)
    return out


def _tested(
    left: Float, right: Float, family: NDArray, row: NDArray, fdr: str
) -> dict[str, NDArray]:
    """Joint p-value and its FDR within each family; `family` is that of each interaction."""
    joint = np.where((family == "modulator")[row], np.nan, np.maximum(left, right))
    adjusted = np.full(len(joint), np.nan)
    for name in TESTED:
        rows = (family == name)[row]
        adjusted[rows] = joint_fdr(left[rows], right[rows], fdr)
    return {"specificity_pvalue": joint, "family": family[row], "specificity_fdr": adjusted}


def _ligands(
    left: Float, right: Float, family: NDArray, row: NDArray, unit: NDArray, fdr: str
) -> Float:
    """FDR of "this ligand of this group (`unit`) meets at least one receptor".

    The receptors of a ligand are joined by Simes into one second side.
    """
    adjusted = np.full(len(row), np.nan)
    for name in TESTED:
        rows = np.flatnonzero((family == name)[row])
        number = pd.factorize(unit[rows])[0]
        ligand, receptor = left[rows], right[rows]
        receptors = simes(np.where(np.isnan(ligand), np.nan, receptor), number)[1]
        ligands = np.full(len(receptors), np.nan)
        ligands[number] = ligand
        ligands[np.isnan(receptors)] = np.nan
        adjusted[rows] = joint_fdr(ligands, receptors, fdr)[number]
    return adjusted


def joint_fdr(left: Float, right: Float, how: str) -> Float:
    """FDR of "both sides hold" over one family of pairs."""
    if how == "mixture":
        return mixture_fdr(left, right)
    larger = np.maximum(left, right)
    if how == "bh":
        return bh(larger)
    above = NULL_ABOVE if how == "adaptive" else None
    return adafilter_bh(np.minimum(left, right), larger, null_above=above)
