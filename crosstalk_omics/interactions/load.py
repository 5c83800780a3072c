"""One table of interactions from the packaged evidence, broad resources or a table of one's own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.checks import check_one_of, nearest
from ..core.errors import InputError, ResourceError
from ..core.names import EVIDENCE_LEVELS, ORGANISMS, RECEPTOR_BASES, ROUTES
from . import broad, merge, own, species
from .complexes import genes
from .curated import curated
from .hormones import NOT_CODED

CURATED = "curated"
ALL = "all"
RESOURCES = (CURATED, *broad.FILES, ALL)


def load(
    resource: str | Path | pd.DataFrame | Sequence[Any] = CURATED,
    *,
    organism: str = "human",
    route: str | Sequence[str] | None = None,
    receptor_basis: str | None = None,
    min_evidence: str | None = None,
    aliases: dict[str, str] | None = None,
) -> pd.DataFrame:
    """Load ligands, receptors and what is known of each pair.

    Parameters
    ----------
    resource
        ``"curated"``: the packaged evidence, needs no download. ``"consensus"`` (LIANA),
        ``"cellphonedb"``, ``"cellchatdb"``, ``"celltalkdb"``, ``"connectomedb2020"``,
        ``"neuronchat"``, ``"mebocost"``: as their authors give them, with the curated evidence
        beside the pairs that have it. ``"all"``, or a list of these names: merged, without
        duplicates. A path, a table with the columns ligand and receptor, or a list of
        (ligand, receptor): your own pairs, in symbols of `organism`; other columns of the
        result are taken from it where it has them.
    organism
        ``"human"``, ``"mouse"`` or ``"rat"``; mapped by one-to-one orthologs, and what is lost
        is in ``attrs["lost"]``.
    route
        Keep rows of this route (or these): ``"endocrine"`` for what could cross tissues,
        ``"juxtacrine"`` for contact pairs, which serve as negative controls.
    receptor_basis
        Weakest basis to keep, of shown, canonical, assumed.
    min_evidence
        Weakest evidence to keep, of human, in_vivo, in_vitro, review, database.
    aliases
        For your own table: your names of genes -> symbol.

    Returns
    -------
    One row per (factor, ligand_complex, receptor_complex, role); ``+`` = all subunits, ``|`` =
    alternatives. For antagonists, decoys and carriers `receptor_complex` may be the ligand that
    they bind: see `modulators`. Empty text = nothing on record. ``attrs``: resource, organism,
    lost (records: what, reason), notes (sentences).

    Raises
    ------
    InputError
        An unknown name, or a table that cannot be used.
    ResourceError
        A resource is neither in the cache nor can be fetched.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> table = cx.interactions.load(organism="mouse", route="endocrine")
    >>> table.loc[table["factor"] == "leptin", "receptor_complex"].unique().tolist()
    ['Lepr']
    >>> own = cx.interactions.load([("IGF1", "IGF1R"), ("IL6", "IL6R+IL6ST")])
    >>> own["receptor_complex"].tolist()
    ['IGF1R', 'IL6R+IL6ST']
    """
    check_one_of(organism, ORGANISMS, "organism")
    names = _names(resource)
    if names is None:
        table, attrs = _own(resource, organism, aliases)
    elif aliases is not None:
        msg = "aliases are for a table of your own; the named resources hold current symbols."
        raise InputError(msg)
    else:
        table, attrs = _named(names, organism)
    table = _filter(table, route, receptor_basis, min_evidence)
    table.attrs = {"resource": "; ".join(names or ["own"]), "organism": organism, **attrs}
    return table


def _names(resource: object) -> list[str] | None:
    """Names of packaged resources, or None for a table of the user's."""
    if isinstance(resource, str) and resource in RESOURCES:
        return [CURATED, *broad.FILES] if resource == ALL else [resource]
    if isinstance(resource, pd.DataFrame | Path):
        return None
    if isinstance(resource, str):
        if Path(resource).is_file() or Path(resource).suffix or "/" in resource:
            return None
        msg = (
            f"resource is {resource!r}. {nearest(resource, RESOURCES)}"
            f"Valid: {', '.join(RESOURCES)}, a path, a table or a list."
        )
        raise InputError(msg)
    if isinstance(resource, Sequence) and resource:
        if not all(isinstance(name, str) for name in resource):
            return None
        for name in resource:
            check_one_of(name, RESOURCES[:-1], "resource")
        return list(dict.fromkeys(resource))
    msg = f"resource is {resource!r}. Expected one of {', '.join(RESOURCES)}, a path or a table."
    raise InputError(msg)


def _own(
    resource: Any, organism: str, aliases: dict[str, str] | None
) -> tuple[pd.DataFrame, dict[str, list]]:
    """A table of the user's, with the curated evidence beside pairs that say nothing of theirs."""
    if isinstance(resource, str | Path):
        frame = own.read(resource)
    else:
        frame = resource if isinstance(resource, pd.DataFrame) else own.from_pairs(resource)
    given, renamed = own.from_frame(frame, organism, aliases=aliases)
    notes = [f"{old} was read as {new}." for old, new in sorted(renamed.items()) if old != new]
    evidence, _ = species.to_organism(curated()[0], organism)
    table = merge.annotate(given, evidence)
    coded = ~evidence["ligand_kind"].isin(NOT_CODED)
    table = merge.finish(table, frozenset(genes(evidence.loc[coded, "ligand_complex"])))
    theirs = [c for c in frame.columns if c in given and c not in own.NAMES.values()]
    table = table.assign(**{column: given[column].to_numpy() for column in theirs})
    if (table["route"] == "unknown").any():
        unknown = int((table["route"] == "unknown").sum())
        notes.append(f"{unknown} pairs are of unknown route: add a column route to say it.")
    return table, {"lost": [], "notes": notes}


def _named(names: list[str], organism: str) -> tuple[pd.DataFrame, dict[str, list]]:
    """Named resources, merged where there are several; `all` does with what there is."""
    evidence, unused = curated()
    evidence, gone = species.to_organism(evidence, organism)
    lost = [entry | {"resource": CURATED} for entry in [*unused, *gone]]
    if names == [CURATED]:
        return evidence, {"lost": lost, "notes": []}
    if len(names) == 1:
        rows, lost = broad.rows_of(names[0], organism, unify=False)
        table = merge.finish(merge.annotate(rows, evidence), broad.secreted(organism))
        return table, {"lost": lost, "notes": []}
    tables, notes = [evidence.assign(hint="")] if CURATED in names else [], []
    lost = lost if CURATED in names else []
    secreted: frozenset[str] = frozenset()
    for name in [n for n in names if n != CURATED]:
        try:
            secreted = broad.secreted(organism)
            rows, gone = broad.rows_of(name, organism, unify=True)
        except ResourceError as error:
            if set(names) != set(RESOURCES) - {ALL}:
                raise
            notes.append(f"Resource {name} is missing. {error}")
            continue
        tables.append(rows)
        lost += gone
    table, folded = merge.combine(tables)
    notes.append(f"{folded} database rows name only part of a receptor and were folded in.")
    return merge.finish(table, secreted), {"lost": lost, "notes": notes}


def _filter(
    table: pd.DataFrame,
    route: str | Sequence[str] | None,
    receptor_basis: str | None,
    min_evidence: str | None,
) -> pd.DataFrame:
    """Rows of the routes asked for, at least as well founded as asked for."""
    keep = pd.Series(True, index=table.index)
    if route is not None:
        wanted = [route] if isinstance(route, str) else list(route)
        for name in wanted:
            check_one_of(name, ROUTES, "route")
        keep &= table["route"].isin(wanted)
    for column, least, order in (
        ("receptor_basis", receptor_basis, RECEPTOR_BASES),
        ("evidence_level", min_evidence, EVIDENCE_LEVELS),
    ):
        if least is not None:
            check_one_of(least, order, "min_evidence" if column == "evidence_level" else column)
            keep &= table[column].isin(order[: order.index(least) + 1])
    return table[keep].reset_index(drop=True)
