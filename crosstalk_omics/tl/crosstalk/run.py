"""Two tissues to candidates: check, profile, test each side, join."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict

import pandas as pd
from anndata import AnnData

from ...core.checks import check_one_of
from ...core.errors import InputError
from .joint import DEFAULT_FDR, Side, pair
from .knowledge import ROW, Interactions, gather, modulator_texts, route_texts
from .side import EVIDENCE, NULLS, Options, side

GroupBy = str | None | tuple[str | None, str | None]


def crosstalk(
    source: AnnData,
    target: AnnData,
    *,
    groupby: GroupBy = None,
    donor: str = "donor",
    interactions: Interactions = None,
    interactions_organism: str | None = None,
    route: str | None = "endocrine",
    null: str = "auto",
    evidence: str | tuple[str, str] = "auto",
    fdr: str = DEFAULT_FDR,
    n_perms: int = 1000,
    seed: int = 0,
    min_prop: float = 0.1,
    min_cells: int = 10,
    layer: str | None = None,
    block_size: int = 4096,
) -> pd.DataFrame:
    """Which ligands of one tissue could act on which receptors of another, and how sure.

    The tissues are never concatenated: each side is ranked and tested among its own genes and
    donors, and a pair counts only if both sides hold.

    Parameters
    ----------
    source, target
        Sending and receiving tissue, (n_obs, n_genes), symbols as var_names (see
        `cx.pp.standardise`). Counts are log-normalised on the way; nothing is changed.
        The same object twice asks within one tissue.
    groupby
        Column of obs with the groups (cell types), `None` for one group, or one of these for
        each tissue: ``(source_groupby, target_groupby)``.
    donor
        Column of obs with the biological replicate. Without it, or where the source says that
        cells are the replicates, the result is descriptive.
    interactions
        `None` (curated), a resource name of `cx.interactions.load`, or a table with
        ``ligand_complex`` and ``receptor_complex``.
    interactions_organism
        Organism of the symbols in a table; default: what the table's ``attrs`` say, or human.
        Each side is mapped to its tissue's organism by one-to-one orthologs.
    route
        Keep interactions of this route; `None` keeps all. A table without routes is not
        filtered.
    null
        Null of specificity: ``"donor"`` (3 donors at least), ``"analytic"`` or
        ``"permutation"`` (cell labels within donor and batch), ``"none"``, or ``"auto"``:
        donors where there are enough, else cells, else none.
    evidence
        What enters the p-value: ``"specificity"``, ``"presence"``, or ``"auto"`` (specificity
        where a tissue has several groups); a pair of these gives one per side. Presence is
        reported for every row.
    fdr
        ``"adaptive"``: adaptive filtering with Storey's share of nulls. ``"adafilter"``: without
        it, as published; fewer calls. ``"mixture"``: most calls, at times a little above its
        level. All three want independent sides. ``"bh"`` on the larger p: always valid, hardly
        ever finds anything.
    n_perms, seed
        Permutations of ``null="permutation"`` and where their generators start.
    min_prop
        Gate of single cells: share of the cells that express the gene. Samples: half of them
        above the study's noise.
    min_cells
        Cells that a group, and a donor's share of a group, must have.
    layer
        Layer to read instead of X, in both tissues.
    block_size
        Cells read at once; no result depends on it.

    Returns
    -------
    Candidates, one row per interaction and pair of groups. ``source`` and ``target`` are the
    sending and receiving group; magnitudes are percentile ranks, 0 to 1, NaN = not measured;
    p-values are one-sided. `modulators` tells what blocks, carries or activates the signal, with
    percentiles in both tissues; `multi_step` by which chain a substance could come that the
    source does not make. ``attrs`` holds ``parameters`` and ``notes``.

    Raises
    ------
    InputError
        No ligand or no receptor is measured, genes repeat, no group is large enough, a file
        stores its values by genes (CSC), or the null that was asked for needs donors or cells
        that the data do not have.

    References
    ----------
    Wang, Gui, Su, Sabatti & Owen 2022, doi:10.1214/21-aos2139 (AdaFilter).

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> candidates = cx.tl.crosstalk(muscle, bone, groupby="cell_type")
    >>> candidates.columns[:3].tolist(), bool(candidates["specificity_fdr"].min() < 0.05)
    (['source', 'target', 'factor'], True)
    >>> candidates.attrs["notes"][-1]
    'Sender and receiver come from different subjects: hypotheses.'
    """
    check_one_of(null, NULLS, "null")
    asked = evidence if isinstance(evidence, tuple) else (evidence, evidence)
    for one in asked:
        check_one_of(one, EVIDENCE, "evidence")
    groups = groupby if isinstance(groupby, tuple) else (groupby, groupby)
    known = gather(interactions, route, source, target, interactions_organism)
    options = Options(donor, null, n_perms, seed, min_prop, min_cells, layer, block_size)
    left = side(
        source, groups[0], known.table["ligand_complex"],
        named=known.named[0], kind=asked[0], role="source", options=options,
    )  # fmt: skip
    right = side(
        target, groups[1], known.table["receptor_complex"],
        named=known.named[1], kind=asked[1], role="target", options=options,
    )  # fmt: skip
    table = known.table.drop(columns=ROW).assign(
        modulators=modulator_texts(known, left, right),
        multi_step=route_texts(known.table, left.name, right.name),
    )
    out = pair(table, left, right, fdr=fdr)
    same = left.name == right.name and _same_cells(source, target)
    out.attrs = {
        "parameters": {
            **asdict(options),
            "groupby": list(groups),
            "route": route,
            "evidence": list(asked),
            "fdr": fdr,
        },
        "notes": [
            *left.notes,
            *right.notes,
            *known.notes,
            *_joint_notes(left, right, same),
        ],
    }
    return out


def crosstalk_pairs(
    tissues: Mapping[str, AnnData],
    pairs: Iterable[tuple[str, str]] | None = None,
    *,
    groupby: str | Mapping[str, str | None] | None = None,
    donor: str = "donor",
    interactions: Interactions = None,
    route: str | None = "endocrine",
    null: str = "auto",
    seed: int = 0,
) -> pd.DataFrame:
    """Run `crosstalk` over many ordered pairs of tissues; each direction is its own family.

    Parameters
    ----------
    tissues
        Name to standardised data.
    pairs
        (sending, receiving) names; default: every tissue to every other, in both directions.
    groupby
        Column of obs, or one (or `None`) per tissue name.
    donor, interactions, route, null, seed
        As in `crosstalk`.

    Returns
    -------
    The candidates of all pairs, with ``source_tissue`` and ``target_tissue`` in front.

    Raises
    ------
    InputError
        A pair names an unknown tissue; and whatever `crosstalk` raises.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> tissues = {name: cx.pp.standardise(getattr(simulated, name)) for name in ("brain", "bone")}
    >>> table = cx.tl.crosstalk_pairs(tissues, [("brain", "bone")], groupby="cell_type")
    >>> table[["source_tissue", "target_tissue"]].iloc[0].tolist()
    ['brain', 'bone']
    """
    by = groupby if isinstance(groupby, Mapping) else dict.fromkeys(tissues, groupby)
    wanted = [(a, b) for a in tissues for b in tissues if a != b] if pairs is None else list(pairs)
    parts, notes = [], []
    for a, b in wanted:
        for name in (a, b):
            check_one_of(name, list(tissues), "tissue")
        part = crosstalk(
            tissues[a], tissues[b], groupby=(by.get(a), by.get(b)), donor=donor,
            interactions=interactions, route=route, null=null, seed=seed,
        )  # fmt: skip
        notes += [f"{a} to {b}: {note}" for note in part.attrs["notes"]]
        part.insert(0, "source_tissue", a)
        part.insert(1, "target_tissue", b)
        parts.append(part)
    if not parts:
        msg = f"There is no pair of tissues: found {list(tissues)}. Give at least two tissues."
        raise InputError(msg)
    out = pd.concat(parts, ignore_index=True)
    out.attrs = {"parameters": {"pairs": [list(p) for p in wanted]}, "notes": notes}
    return out


def _same_cells(source: AnnData, target: AnnData) -> bool:
    return source is target or (
        source.obs.equals(target.obs) and source.var_names.equals(target.var_names)
    )


def _joint_notes(left: Side, right: Side, same: bool) -> list[str]:
    """What the reader must know about the two sides together."""
    notes = []
    shared = sorted(set(left.donors) & set(right.donors))
    if same:
        notes.append("Source and target are the same cells: communication within one tissue.")
    elif shared:
        notes.append(
            f"{len(shared)} donors gave both tissues: the sides are not independent, as the "
            "FDR assumes; see cx.tl.crosstalk_paired."
        )
    else:
        notes.append("Sender and receiver come from different subjects: hypotheses.")
    if "cell" in (left.unit, right.unit):
        notes.append("P-values with cells as replicates do not generalise to other subjects.")
    if len({left.kind, right.kind}) == 2:
        notes.append(
            f"{left.name} is tested for {left.kind}, {right.name} for {right.kind}: the joint "
            "p-value says that both hold."
        )
    return notes
