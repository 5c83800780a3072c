"""One tissue from its cells or samples to magnitudes, gates and p-values."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData

from ...core.errors import InputError
from ...interactions import complexes
from .joint import Side
from .magnitude import Profiles, over_donors, profile, unit_ranks
from .specificity import (
    MIN_DONORS,
    analytic_test,
    donor_test,
    paired_donors,
    permutation_test,
    presence_test,
)

NULLS = ("auto", "donor", "analytic", "permutation", "none")
EVIDENCE = ("auto", "specificity", "presence")
MIN_PROP_SAMPLES = 0.5
UNITS = {"donor": "donor", "presence": "gene", "none": "none"}


@dataclass(frozen=True)
class Options:
    """How a side is profiled and tested; see `crosstalk`."""

    donor: str = "donor"
    null: str = "auto"
    n_perms: int = 1000
    seed: int = 0
    min_prop: float = 0.1
    min_cells: int = 10
    layer: str | None = None
    block_size: int = 4096


def profiled(adata: AnnData, groupby: str | None, genes: list[str], options: Options) -> Profiles:
    """Profile one tissue, keeping what the tests of `genes` need."""
    return profile(
        adata,
        groupby,
        donor=options.donor,
        genes=genes,
        min_cells=options.min_cells,
        layer=options.layer,
        block_size=options.block_size,
    )


def side(
    adata: AnnData,
    groupby: str | None,
    texts: pd.Series,
    *,
    named: list[str],
    kind: str,
    role: str,
    options: Options,
) -> Side:
    """Profile and test one tissue.

    Parameters
    ----------
    adata, groupby
        The tissue and the column with its groups.
    texts
        Complexes of this side; their genes are tested.
    named
        All genes of the interaction table: ranked where measured, and kept out of the
        background of the presence test.
    kind, role
        Evidence that was asked for; ``"source"`` or ``"target"``.
    options
        See `crosstalk`.
    """
    inside = set(adata.var_names)
    genes = [g for g in named if g in inside]
    asked = [g for g in complexes.genes(texts) if g in inside]
    profiles = profiled(adata, groupby, asked, options)
    if not asked:
        raise InputError(_none_measured(profiles, adata, texts, role))
    ranks = unit_ranks(profiles)
    chosen = profiles.genes.get_indexer(genes)
    magnitude, prop = over_donors(ranks, profiles), over_donors(profiles.prop, profiles)
    gate = prop >= (options.min_prop if profiles.single_cell else MIN_PROP_SAMPLES)
    test, note = choose(profiles, options.null, kind)
    presence = presence_test(magnitude, gate, ~profiles.genes.isin(named))[:, chosen]
    if test == "none":
        presence = np.full_like(presence, np.nan)
    specific = tested(test, profiles, adata, asked, options)[:, chosen]
    if not gate[:, profiles.genes.get_indexer(asked)].any():
        note += f" None of the {len(asked)} genes asked for passes the gate in any group."
    return Side(
        name=profiles.name,
        genes=genes,
        groups=profiles.design.groups,
        magnitude=magnitude[:, chosen],
        low=over_donors(ranks, profiles, "min")[:, chosen],
        high=over_donors(ranks, profiles, "max")[:, chosen],
        prop=prop[:, chosen],
        gate=gate[:, chosen].astype(float),
        pvalue=np.where(
            np.isnan(magnitude[:, chosen]), np.nan, presence if test == "presence" else specific
        ),
        presence=presence,
        kind="presence" if test == "presence" else "specificity",
        unit=UNITS.get(test, "cell"),
        n_donors=donors_behind(profiles, test),
        donors=profiles.design.donors,
        notes=[*profiles.design.notes, f"{profiles.name} as {role}: {note}"],
    )


def _none_measured(profiles: Profiles, adata: AnnData, texts: pd.Series, role: str) -> str:
    return (
        f"None of the {texts.nunique()} {'ligands' if role == 'source' else 'receptors'} of the "
        f"interaction table is measured in {profiles.name} ({profiles.organism}). Its genes look "
        f"like {list(adata.var_names[:3])}, the table's like {list(texts[:3])}. Run "
        "`cx.pp.standardise(adata, organism=...)`."
    )


def tested(
    test: str, profiles: Profiles, adata: AnnData, genes: list[str], options: Options
) -> np.ndarray:
    """P-values of specificity, (n_groups, n_genes); NaN without a test and for other genes."""
    out = np.full((len(profiles.design.groups), len(profiles.genes)), np.nan)
    at = profiles.genes.get_indexer(genes)
    if test == "donor":
        out[:, at] = donor_test(profiles)[:, at]
    elif test == "analytic":
        out[:, at] = analytic_test(profiles)
    elif test == "permutation":
        out[:, at] = permutation_test(
            profiles,
            adata,
            layer=options.layer,
            n_perms=options.n_perms,
            seed=options.seed,
            size=options.block_size,
        )
    return out


def donors_behind(profiles: Profiles, test: str) -> np.ndarray:
    """Donors of each group: those that the test could use."""
    if test == "donor":
        return paired_donors(profiles)
    out = []
    for g in range(len(profiles.design.groups)):
        donors = profiles.unit_donor[profiles.unit_group == g]
        out.append(len(np.unique(donors[donors >= 0])))
    return np.array(out, dtype=np.intp)


def choose(profiles: Profiles, null: str, kind: str) -> tuple[str, str]:
    """Which test a side gets, and the sentence that tells the reader."""
    if null == "none":
        return "none", "no test was asked for; ranks only."
    if profiles.modality == "celltype_means":
        return "none", "means without replicates: ranks only, no p-value."
    if len(profiles.design.groups) == 1 or kind == "presence":
        if kind == "specificity":
            msg = (
                f"{profiles.name} has one group, so that nothing can be specific to it. Use "
                "evidence='presence' for this side, or a `groupby` with several groups."
            )
            raise InputError(msg)
        return "presence", _presence_note(profiles)
    enough = paired_donors(profiles) >= MIN_DONORS
    if null == "donor" or (null == "auto" and enough.any()):
        return "donor", _donor_note(profiles)
    if profiles.single_cell:
        return "permutation" if null == "permutation" else "analytic", (
            f"specificity of {len(profiles.design.groups)} groups "
            f"{_with_donors(len(profiles.design.donors))}, cells as replicates, descriptive "
            "(labels shuffled within donor and batch)."
        )
    if null != "auto":
        msg = (
            f"null={null!r} shuffles cells; {profiles.name} is {profiles.modality}. Use "
            "null='auto', or 'donor' with 3 donors that have several groups."
        )
        raise InputError(msg)
    if kind == "specificity":
        return "none", f"fewer than {MIN_DONORS} donors have several groups: ranks only."
    return "presence", (
        f"fewer than {MIN_DONORS} donors have several groups; {_presence_note(profiles)}"
    )


def _counted(n: int, noun: str) -> str:
    return f"one {noun}" if n == 1 else f"{n} {noun}s"


def _with_donors(n: int) -> str:
    return f"with {_counted(n, 'donor')}" if n else "without known donors"


def _presence_note(profiles: Profiles) -> str:
    donors = _with_donors(len({d for d in profiles.unit_donor if d >= 0}))
    return (
        f"presence in {_counted(len(profiles.design.groups), 'group')} {donors}, as the rank among "
        "expressed genes that the interaction table does not name (genes are the unit)."
    )


def _donor_note(profiles: Profiles) -> str:
    """Sentence on the donor-level test; raises where no group has enough donors."""
    n_donors = paired_donors(profiles)
    enough = n_donors >= MIN_DONORS
    if not enough.any():
        msg = (
            f"null='donor' needs {MIN_DONORS} donors that have a group and another one; "
            f"{profiles.name} has at most {n_donors.max(initial=0)}. Use null='analytic' "
            "(cells as replicates, descriptive)."
        )
        raise InputError(msg)
    few = [g for g, ok in zip(profiles.design.groups, enough, strict=True) if not ok]
    used = sorted(set(n_donors[enough]))
    donors = profiles.unit_donor[profiles.unit_donor >= 0]
    alone = int((np.bincount(donors) == 1).sum())
    span = str(used[0]) if len(used) == 1 else f"{used[0]} to {used[-1]}"
    return (
        f"specificity of {_counted(enough.sum(), 'group')} with {span} donors (moderated t within "
        "donors)."
        + (f" Not tested, fewer than {MIN_DONORS} donors: {', '.join(few)}." if few else "")
        + (f" Left out, with a single group: {_counted(alone, 'donor')}." if alone else "")
    )
