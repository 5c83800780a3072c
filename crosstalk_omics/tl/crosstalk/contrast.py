"""What changes between conditions: ligands of the source, and receptors of the target."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ...core.checks import check_columns, check_one_of
from ...core.errors import InputError
from ...core.names import DONOR
from ...kernels.linear import one_sided
from ...kernels.multiple import bh, simes
from ..bulk import Model, contrast_genes
from ..samples import limiting_genes
from .direction import BLOCKERS, add_direction
from .joint import FDR, MODULATORS, joint_fdr
from .knowledge import Interactions, gather
from .magnitude import described
from .run import GroupBy, crosstalk

Float = NDArray[np.float64]
REPLACED = [
    "p_ligand", "specificity_pvalue", "specificity_fdr", "ligand_fdr", "kind_ligand",
    "unit_ligand", "n_donors_source",
]  # fmt: skip

OWN = ("reference", "covariates", "paired")
SAME_DONORS = "The same donors gave both changes: BH on the larger p, no adaptive filter."


def crosstalk_contrast(
    source: AnnData,
    target: AnnData | None = None,
    *,
    condition: str,
    reference: str,
    donor: str = DONOR,
    groupby: GroupBy = None,
    covariates: Sequence[str] = (),
    paired: bool | None = None,
    strata: str | None = None,
    interactions: Interactions = None,
    interactions_organism: str | None = None,
    route: str | None = "endocrine",
    model: Model = "moderated",
    target_contrast: bool | None = None,
    target_design: Mapping[str, Any] | None = None,
    evidence: str = "auto",
    fdr: str = "adafilter",
    min_cells: int = 10,
    layer: str | None = None,
    n_perms: int = 1000,
    seed: int = 0,
    changes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Which ligands of the source change between conditions, and what the target has for them.

    Both sides are tested at the level of donors and joined by the larger p. The ligand must
    change in the source. On the side of the target the receptor must change too, in the
    direction that gives more (or less) signal, where the target was measured in the same
    conditions; otherwise the receptor must be present, or specific to a group, as in
    `cx.tl.crosstalk`. A complex is judged by its weakest subunit, of alternatives by the
    strongest (`gene_ligand`, `gene_receptor`).

    Parameters
    ----------
    source, target
        Sending and receiving tissue, (n_obs, n_genes), samples or cells; `None`: only the
        ligands of the source.
    condition, reference
        Column of obs, and the value that every other one is compared with.
    donor
        Column with the biological replicate.
    groupby
        Column with cell types, or one per tissue: ``(source_groupby, target_groupby)``.
    covariates
        Columns of obs in the model, such as sex or batch; in the target those that it has.
    paired
        Compare within donors; `None`: where more than half of the donors have both conditions.
    strata
        Column of obs, such as sex: every value is analysed by itself, with a target that has
        the column reduced alike, and named in `stratum`; `fdr` is within a stratum.
    interactions, interactions_organism, route
        As in `cx.tl.crosstalk`.
    model
        ``"moderated"`` or ``"pydeseq2"``, see `cx.tl.contrast_genes`.
    target_contrast
        Test a change in the target; `None`: where it has the same conditions.
    target_design
        `reference`, `covariates` and `paired` of the target where they differ, as in
        ``{"reference": "old"}``. A single contrast of other name in the target is set against
        every contrast of the source.
    evidence
        Without a contrast in the target: ``"specificity"``, ``"presence"`` or ``"auto"``.
    fdr
        ``"adafilter"``, ``"mixture"`` or ``"bh"`` on the larger p; always ``"bh"`` where the
        same donors gave both changes, because the sides are then not independent.
    min_cells
        Least cells of a donor in a group.
    layer
        Layer to read instead of X, in both tissues.
    n_perms, seed
        For the receiving side of single cells with permuted labels.
    changes
        `cx.tl.contrast_genes` of the source, where it was computed before.

    Returns
    -------
    One row per interaction, pair of groups and contrast, sorted by `fdr`. `logfc_*` is log2
    where the values are; `p_ligand` is two-sided, `p_receptor` two-sided for a change and
    one-sided for presence or specificity (`kind_receptor`); `pvalue` says that both sides hold,
    in one direction of signal where both change; `fdr` is within contrast and family.
    `direction` is that of the ligand, `signal` what it means at the receptor (gain, loss,
    mixed, carrier; less of an antagonist is a gain: `antagonist_lost`), and `predicted_effect`
    what the curated effects say for the target. ``attrs``: ``parameters``, ``notes``.

    Raises
    ------
    InputError
        A design is confounded (the error names by what), a condition is missing, or the
        contrast that was asked for is not in the target.

    References
    ----------
    Wang, Gui, Su, Sabatti & Owen 2022, doi:10.1214/21-aos2139 (AdaFilter).

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> table = cx.tl.crosstalk_contrast(
    ...     muscle, bone, condition="condition", reference="control", groupby="cell_type"
    ... )
    >>> table["contrast"].unique().tolist()
    ['treated vs control']
    """
    check_one_of(fdr, FDR, "fdr")
    check_columns(source.obs, [condition], "obs of the source")
    if strata is not None:
        given = {k: v for k, v in locals().items() if k not in ("source", "target", "strata")}
        return _in_strata(source, target, strata, given)
    by = groupby if isinstance(groupby, tuple) else (groupby, groupby)
    options: dict[str, Any] = {
        "condition": condition, "reference": reference, "donor": donor, "groupby": by[0],
        "paired": paired, "model": model, "layer": layer, "min_cells": min_cells,
    }  # fmt: skip
    known = gather(interactions, route, source, target or source, interactions_organism)
    sent = changes
    if sent is None:
        sent = contrast_genes(source, covariates=covariates, among=known.named[0], **options)
    if target is None:
        table, notes = _ligands_only(sent, known.table), list(sent.attrs.get("notes", []))
    else:
        base = crosstalk(
            source, target, groupby=by, donor=donor, interactions=interactions, route=route,
            interactions_organism=interactions_organism, evidence=("auto", evidence), fdr=fdr,
            n_perms=n_perms, seed=seed, min_cells=min_cells, layer=layer,
        )  # fmt: skip
        options |= {"groupby": by[1], "among": known.named[1], "covariates": covariates}
        change = _target_change(target, options, target_contrast, dict(target_design or {}))
        same = change is not None and _shared_donors(source, target, donor)
        fdr = "bh" if same else fdr
        table, notes = joined(base, sent, change, fdr)
        notes += [SAME_DONORS] if same else []
    table = _sort(add_direction(table, target))
    table.attrs = {
        "parameters": {"condition": condition, "reference": reference, "model": model, "fdr": fdr,
                       "covariates": list(covariates), "groupby": list(by), "route": str(route)},
        "organisms": [described(a, "organism", "human") for a in (source, target or source)],
        "notes": list(dict.fromkeys(notes)),
    }  # fmt: skip
    return table


def _in_strata(
    source: AnnData, target: AnnData | None, strata: str, options: dict[str, Any]
) -> pd.DataFrame:
    """Analyse every value of a column by itself and stack the results."""
    check_columns(source.obs, [strata], "obs of the source")
    changes, parts, notes = options.pop("changes"), [], []
    if changes is not None:
        msg = "`changes` are of all samples together: leave them out where `strata` is given."
        raise InputError(msg)
    for value in sorted(source.obs[strata].dropna().astype(str).unique()):
        sides = [
            a[(a.obs[strata].astype(str) == value).to_numpy()].copy()
            if a is not None and strata in a.obs
            else a
            for a in (source, target)
        ]
        part = crosstalk_contrast(*sides, **options)
        notes += [f"{strata} {value}: {note}" for note in part.attrs["notes"]]
        parts.append(part.assign(stratum=value))
    table = pd.concat(parts, ignore_index=True)
    table.attrs = parts[0].attrs | {"notes": notes}
    return table


def _target_change(
    target: AnnData, options: dict[str, Any], asked: bool | None, own: dict[str, Any]
) -> pd.DataFrame | None:
    """Change of the target's genes, with the covariates that it has; `None` without a contrast."""
    for key in own:
        check_one_of(key, OWN, "target_design")
    reference = _received(target, options, asked, own.get("reference"))
    if reference is None:
        return None
    known = [c for c in options["covariates"] if c in target.obs]
    lost = [c for c in options["covariates"] if c not in known and "covariates" not in own]
    change = contrast_genes(
        target, **(options | {"covariates": known, **own, "reference": reference})
    )
    if lost:
        text = f"has no column {', '.join(lost)}; its contrast is without it."
        change.attrs["notes"].append(text)
    return change


def joined(
    base: pd.DataFrame, sent: pd.DataFrame, change: pd.DataFrame | None, fdr: str
) -> tuple[pd.DataFrame, list[str]]:
    """Put the changes in the place of the evidence of `cx.tl.crosstalk`, and test both sides."""
    replaced = (" as source: ",) if change is None else (" as source: ", " as target: ")
    notes = list(sent.attrs.get("notes", []))
    notes += [n for n in base.attrs["notes"] if not any(part in n for part in replaced)]
    table = _add_ligands(base.drop(columns=REPLACED), sent)
    if change is not None:
        table = _add_receptors(table, change)
        notes += [f"target: {note}" for note in change.attrs.get("notes", [])]
    return test_sides(table, fdr), notes


def _shared_donors(source: AnnData, target: AnnData, donor: str) -> bool:
    """Whether a donor gave both tissues."""
    empty = pd.Series(dtype=str)
    first, second = (set(a.obs.get(donor, empty).dropna().astype(str)) for a in (source, target))
    return bool(first & second)


def _received(
    target: AnnData, options: dict[str, Any], asked: bool | None, own: str | None
) -> str | None:
    """Reference of the target's own contrast, or `None` where it has none."""
    if asked is False:
        return None
    wanted, condition = own or options["reference"], options["condition"]
    values = set(target.obs[condition].dropna().astype(str)) if condition in target.obs else set()
    if wanted in values and len(values) > 1:
        return wanted
    if asked or own:
        msg = (
            f"The target has no contrast against {wanted!r}: its column {condition!r} holds "
            f"{sorted(values) or 'nothing'}. Give target_design={{'reference': ...}}, or "
            "target_contrast=False to test the presence of receptors instead."
        )
        raise InputError(msg)
    return None


def units(change: pd.DataFrame, complexes: Sequence[str]) -> pd.DataFrame:
    """Test of each complex in each group and contrast: that of the gene which limits it."""
    distinct = sorted(set(complexes))
    parts = []
    for (group, contrast), part in change.groupby(["group", "contrast"], sort=False):
        level = part["mean_expression"].to_numpy(float)
        at = limiting_genes(distinct, level, part["gene"].to_numpy(str))
        found = part.reset_index(drop=True).reindex(np.where(at < 0, len(part), at))
        found = found.assign(complex=distinct, group=group, contrast=contrast)
        parts.append(found)
    return pd.concat(parts, ignore_index=True)


def _columns(found: pd.DataFrame, side: str, donors: str) -> pd.DataFrame:
    up = one_sided(found["statistic"].to_numpy(float), found["df"].to_numpy(float), "greater")
    return pd.DataFrame(
        {
            "group": found["group"],
            "contrast": found["contrast"],
            f"{side}_complex": found["complex"],
            f"gene_{side}": found["gene"].fillna(""),
            f"logfc_{side}": found["logfc"],
            f"se_{side}": found["se"],
            f"p_{side}": found["pvalue"],
            f"_up_{side}": up,
            f"kind_{side}": "contrast",
            f"unit_{side}": "donor",
            donors: found[["n_donors", "n_donors_reference"]].min(axis=1),
        }
    )


def _add_ligands(base: pd.DataFrame, sent: pd.DataFrame) -> pd.DataFrame:
    found = _columns(units(sent, base["ligand_complex"]), "ligand", "n_donors_source")
    found = found.rename(columns={"group": "source"})
    return base.merge(found, on=["source", "ligand_complex"], how="left").dropna(subset="contrast")


def _add_receptors(table: pd.DataFrame, change: pd.DataFrame) -> pd.DataFrame:
    """Replace the target's evidence by its own change, contrast by contrast."""
    found = _columns(units(change, table["receptor_complex"]), "receptor", "n_donors_target")
    found = found.rename(columns={"group": "target"})
    keys = ["target", "receptor_complex"]
    shared = set(found["contrast"]) & set(table["contrast"])
    if shared:
        keys.append("contrast")
    elif len(set(found["contrast"])) == 1:
        found = found.rename(columns={"contrast": "contrast_target"})
    else:
        msg = (
            f"The contrasts of the target ({', '.join(sorted(set(found['contrast'])))}) are not "
            f"those of the source ({', '.join(sorted(set(table['contrast'])))}). Name the "
            "conditions alike, or keep one condition besides the reference in the target."
        )
        raise InputError(msg)
    old = ["p_receptor", "kind_receptor", "unit_receptor", "n_donors_target"]
    return table.drop(columns=old).merge(found, on=keys, how="inner" if shared else "left")


def test_sides(table: pd.DataFrame, fdr: str) -> pd.DataFrame:
    """Joint p-value and its FDR within contrast and family, and the FDR of ligands."""
    blocks = table["role"].isin(BLOCKERS).to_numpy()
    ligand, receptor = (table[f"p_{s}"].to_numpy(float) for s in ("ligand", "receptor"))
    if "_up_receptor" in table:
        up = table["_up_ligand"].to_numpy(float)
        gain = np.where(blocks, 1 - up, up)
        rise = table["_up_receptor"].to_numpy(float)
        runs, weight = [(gain, rise), (1 - gain, 1 - rise)], 2.0  # half the level each
    else:
        runs, weight = [(ligand, receptor)], 1.0
    out = {name: np.full(len(table), np.nan) for name in ("pvalue", "fdr", "ligand_fdr")}
    for _, rows in table.groupby(["contrast", "family"], sort=False).indices.items():
        part = table.iloc[rows]
        for left, right in ((a[rows], b[rows]) for a, b in runs):
            values = {
                "pvalue": np.maximum(left, right),
                "fdr": joint_fdr(left, right, fdr),
                "ligand_fdr": _ligand_fdr(part, left, right, fdr),
            }
            for name, found in values.items():
                out[name][rows] = np.fmin(out[name][rows], np.minimum(weight * found, 1.0))
    return table.assign(**out).drop(columns=table.filter(regex="^_up_").columns)


def _ligand_fdr(part: pd.DataFrame, left: Float, right: Float, fdr: str) -> Float:
    """FDR of "this ligand changes and meets at least one receptor" (Simes over receptors)."""
    code = part.groupby(["source", "ligand_complex", "role"], sort=False).ngroup().to_numpy()
    tested = ~np.isnan(left) & ~np.isnan(right)
    receptors = simes(np.where(tested, right, np.nan), code)[1]
    ligand = np.full(len(receptors), np.nan)
    ligand[code] = left
    return joint_fdr(np.where(np.isnan(receptors), np.nan, ligand), receptors, fdr)[code]


def _ligands_only(sent: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Secreted factors of the source that change, whatever receives them."""
    keep = ["factor", "ligand_complex", "role", "route", "evidence_level", "effects", "references"]
    known = known[keep].drop_duplicates(["factor", "ligand_complex", "role"], ignore_index=True)
    found = _columns(units(sent, known["ligand_complex"]), "ligand", "n_donors_source")
    table = known.merge(found, on="ligand_complex").rename(columns={"group": "source"})
    tier = np.where(table["evidence_level"] == "database", "database", "literature")
    table["family"] = np.where(table["role"].isin(MODULATORS), "modulator", tier)
    table["pvalue"] = table["p_ligand"]
    table["fdr"] = np.nan
    for _, rows in table.groupby(["contrast", "family"], sort=False).indices.items():
        part = table.iloc[rows].drop_duplicates(["source", "ligand_complex"])
        adjusted = part.assign(fdr=bh(part["pvalue"])).set_index(["source", "ligand_complex"])
        at = pd.MultiIndex.from_frame(table.iloc[rows][["source", "ligand_complex"]])
        table.loc[rows, "fdr"] = adjusted["fdr"].reindex(at).to_numpy()
    return table.drop(columns="_up_ligand")


FIRST = (
    "contrast", "source", "target", "factor", "ligand_complex", "receptor_complex", "role",
    "direction", "signal", "antagonist_lost", "predicted_effect", "logfc_ligand",
    "logfc_receptor", "p_ligand", "p_receptor", "pvalue", "fdr", "ligand_fdr",
)  # fmt: skip
TIES = ("contrast", "source", "target", "ligand_complex", "receptor_complex", "factor", "role")


def _sort(table: pd.DataFrame) -> pd.DataFrame:
    """Best first, whatever the order of the input; the columns that are read first in front."""
    table = table.sort_values(["fdr", "pvalue", *[c for c in TIES if c in table]])
    first = [c for c in FIRST if c in table]
    rest = [c for c in table.columns if c not in first]
    return table[first + rest].reset_index(drop=True)
