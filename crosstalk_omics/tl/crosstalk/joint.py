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
    sides = {}
    for side, column, group in ((source, "ligand", s), (target, "receptor", t)):
        values = side.of(table[f"{column}_complex"].tolist())
        sides[column] = {k: v[group, row] for k, v in values.items()}
    signals = ~table["role"].isin(MODULATORS).to_numpy()
    tier = np.where(table["evidence_level"] == "database", "database", "literature")
    family = np.where(signals, tier, "modulator")
    out = _described(sides, source, target, s, t)
    out |= _tested(sides, family[row], fdr)
    out |= _ligands(out, sides, family[row], s, table["ligand_complex"], row, fdr)
    ties = ["ligand_complex", "receptor_complex", "factor", "role"]
    rank = table.reset_index(drop=True).sort_values(ties).index.argsort()[row]
    keys = (out["specificity_fdr"], out["specificity_pvalue"], -out["magnitude_gmean"])
    order = np.lexsort((rank, t, s, *keys[::-1], ~signals[row]))
    names = {"source": np.array(source.groups, dtype=object)[s[order]],
             "target": np.array(target.groups, dtype=object)[t[order]]}  # fmt: skip
    known = table.take(row[order]).set_axis(pd.RangeIndex(len(order)))
    columns = names | dict(known.items()) | {c: np.asarray(v)[order] for c, v in out.items()}
    return pd.DataFrame(columns, copy=False)  # a copy would double time and memory


def _described(
    sides: dict, source: Side, target: Side, s: NDArray, t: NDArray
) -> dict[str, NDArray]:
    """Magnitudes, gates and what kind of evidence each side gives."""
    left, right = (sides[c]["magnitude"] for c in ("ligand", "receptor"))
    out = {
        "magnitude_ligand": left,
        "magnitude_receptor": right,
        "magnitude_gmean": np.sqrt(left * right),
    }
    for column, side, group in (("ligand", source, s), ("receptor", target, t)):
        values = sides[column]
        out[f"magnitude_{column}_low"] = values["low"]
        out[f"magnitude_{column}_high"] = values["high"]
        out[f"expr_prop_{column}"] = values["prop"]
        out[f"gate_{column}"] = values["gate"] == 1
        out[f"kind_{column}"] = np.full(len(s), side.kind, dtype=object)
        out[f"unit_{column}"] = np.full(len(s), side.unit, dtype=object)
        out[f"n_donors_{'source' if column == 'ligand' else 'target'}"] = side.n_donors[group]
    missing = np.isnan(left) + 2 * np.isnan(right)
    reasons = (
        "",
        f"ligand not measured in {source.name}",
        f"receptor not measured in {target.name}",
        "neither side measured",
    )
    out["assessable"] = missing == 0
    out["reason"] = np.array(reasons, dtype=object)[missing]
    return out


def _tested(sides: dict, family: NDArray, fdr: str) -> dict[str, NDArray]:
    """Joint p-value and its FDR within each family."""
    left, right = (sides[c]["pvalue"] for c in ("ligand", "receptor"))
    joint = np.where(family == "modulator", np.nan, np.maximum(left, right))
    adjusted = np.full(len(joint), np.nan)
    for name in ("literature", "database"):
        rows = family == name
        adjusted[rows] = joint_fdr(left[rows], right[rows], fdr)
    return {
        "p_ligand": left,
        "p_receptor": right,
        "presence_pvalue_ligand": sides["ligand"]["presence"],
        "presence_pvalue_receptor": sides["receptor"]["presence"],
        "specificity_pvalue": joint,
        "family": family,
        "specificity_fdr": adjusted,
    }


def _ligands(
    out: dict,
    sides: dict,
    family: NDArray,
    s: NDArray,
    ligands: pd.Series,
    row: NDArray,
    fdr: str,
) -> dict[str, NDArray]:
    """FDR of "this ligand of this group meets at least one receptor".

    The receptors of a ligand are joined by Simes into one second side.
    """
    code, names = pd.factorize(ligands)
    unit = s * len(names) + code[row]
    adjusted = np.full(len(row), np.nan)
    for name in ("literature", "database"):
        rows = np.flatnonzero(family == name)
        number = pd.factorize(unit[rows])[0]
        left, right = (sides[c]["pvalue"][rows] for c in ("ligand", "receptor"))
        tested = ~np.isnan(out["specificity_pvalue"][rows])
        receptors = simes(np.where(tested, right, np.nan), number)[1]
        ligand = np.full(len(receptors), np.nan)
        ligand[number] = left
        ligand[np.isnan(receptors)] = np.nan
        adjusted[rows] = joint_fdr(ligand, receptors, fdr)[number]
    return {"ligand_fdr": adjusted}


def joint_fdr(left: Float, right: Float, how: str) -> Float:
    """FDR of "both sides hold" over one family of pairs."""
    if how == "mixture":
        return mixture_fdr(left, right)
    larger = np.maximum(left, right)
    if how == "bh":
        return bh(larger)
    above = NULL_ABOVE if how == "adaptive" else None
    return adafilter_bh(np.minimum(left, right), larger, null_above=above)
