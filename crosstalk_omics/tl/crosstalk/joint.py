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
        out = {}
        for names, evaluate in (
            (("magnitude", "low", "high", "prop", "gate"), complexes.evaluate),
            (("pvalue", "presence"), complexes.evaluate_p),
        ):
            together = evaluate(texts, np.vstack([getattr(self, k) for k in names]), self.genes)
            out |= dict(zip(names, np.split(together, len(names)), strict=True))
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
    table = table.sort_values(["ligand_complex", "receptor_complex", "factor", "role"])
    s, t, row = np.indices((len(source.groups), len(target.groups), len(table))).reshape(3, -1)
    ligand = source.of(table["ligand_complex"].tolist())
    receptor = target.of(table["receptor_complex"].tolist())
    at, to = s * len(table) + row, t * len(table) + row  # places among the values of each side
    p = ligand["pvalue"].take(at), receptor["pvalue"].take(to)
    signals = ~table["role"].isin(MODULATORS).to_numpy()
    tier = np.where(table["evidence_level"] == "database", "database", "literature")
    family = np.where(signals, tier, "modulator").astype(object)
    tested = _tested(*p, family, row, fdr)
    code, names = pd.factorize(table["ligand_complex"])
    tested["ligand_fdr"] = _ligands(*p, family, row, s * len(names) + code[row], fdr)
    gmean = np.sqrt(ligand["magnitude"].take(at) * receptor["magnitude"].take(to))
    keys = (-gmean, tested["specificity_pvalue"], tested["specificity_fdr"], ~signals[row])
    order = np.lexsort(keys)  # ties stay in the order of groups and of the table
    s, t, row, at, to = (index[order] for index in (s, t, row, at, to))
    known = table.take(row)
    known.index = pd.RangeIndex(len(row))
    columns = {"source": np.array(source.groups, dtype=object)[s],
               "target": np.array(target.groups, dtype=object)[t]}  # fmt: skip
    columns |= dict(known.items())
    columns |= _described((source, ligand, s, at), (target, receptor, t, to))
    columns |= {name: values[order] for name, values in tested.items()}
    return pd.DataFrame(columns, copy=False)  # a copy would double time and memory


def _described(
    source: tuple[Side, dict, NDArray, NDArray], target: tuple[Side, dict, NDArray, NDArray]
) -> dict[str, NDArray]:
    """Magnitudes, gates and what kind of evidence each side gives.

    A side comes with its values of complexes, and with the group and the place of each row.
    """
    left, right = (values["magnitude"].take(at) for _, values, _, at in (source, target))
    out = {
        "magnitude_ligand": left,
        "magnitude_receptor": right,
        "magnitude_gmean": np.sqrt(left * right),
    }
    ends = (("ligand", "source", *source), ("receptor", "target", *target))
    for column, end, side, values, group, at in ends:
        out[f"magnitude_{column}_low"] = values["low"].take(at)
        out[f"magnitude_{column}_high"] = values["high"].take(at)
        out[f"expr_prop_{column}"] = values["prop"].take(at)
        out[f"gate_{column}"] = values["gate"].take(at) == 1
        for name, text in (("kind", side.kind), ("unit", side.unit)):
            out[f"{name}_{column}"] = np.array([text], dtype=object).repeat(len(at))
        out[f"n_donors_{end}"] = side.n_donors[group]
    missing = np.isnan(left) + 2 * np.isnan(right)
    reasons = (
        "",
        f"ligand not measured in {source[0].name}",
        f"receptor not measured in {target[0].name}",
        "neither side measured",
    )
    out["assessable"] = missing == 0
    out["reason"] = np.array(reasons, dtype=object)[missing]
    for name, key in (("p", "pvalue"), ("presence_pvalue", "presence")):
        for column, _, _, values, _, at in ends:
            out[f"{name}_{column}"] = values[key].take(at)
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
        mine, ligand = unit[rows], left[rows]
        found, simes_p = simes(np.where(np.isnan(ligand), np.nan, right[rows]), mine)
        ligands, receptors = np.full((2, unit.max(initial=-1) + 1), np.nan)
        receptors[found] = simes_p
        ligands[mine] = ligand
        ligands[np.isnan(receptors)] = np.nan
        adjusted[rows] = joint_fdr(ligands, receptors, fdr)[mine]
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
