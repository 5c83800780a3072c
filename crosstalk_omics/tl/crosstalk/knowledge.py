"""The interaction table as the inference needs it: filtered, and in the genes of each side."""

import numpy as np
import pandas as pd
from anndata import AnnData

from ...core.checks import check_one_of
from ...core.errors import InputError
from ...core.names import ORGANISMS, ROUTES
from ...interactions import complexes, load
from ...interactions.curated import COLUMNS
from ...interactions.species import to_organism
from ...signatures import map_genes
from .joint import MODULATORS, Side
from .magnitude import described

Interactions = pd.DataFrame | str | None


def prepare(
    interactions: Interactions,
    route: str | None,
    source: AnnData,
    target: AnnData,
    organism: str | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Interactions with ligands in genes of `source` and receptors in genes of `target`.

    Parameters
    ----------
    interactions, route, organism
        See `crosstalk`.
    source, target
        The tissues; their organisms count.

    Returns
    -------
    The table, and sentences on what was lost.
    """
    if route is not None:
        check_one_of(route, ROUTES, "route")
    wanted = [described(a, "organism", "human") for a in (source, target)]
    if isinstance(interactions, pd.DataFrame):
        own = organism or str(interactions.attrs.get("organism", "human"))
        check_one_of(own, ORGANISMS, "interactions_organism")
        table = _completed(interactions, own, route)
    else:
        own = wanted[0] if wanted[0] == wanted[1] else "human"
        table = load(interactions or "curated", organism=own, route=route)
    notes = [str(note) for note in table.attrs.get("notes", [])]
    if lost := table.attrs.get("lost"):
        notes.append(_counted(len(lost), "rows of the interaction source", own))
    table = table.reset_index(drop=True)
    for column, to in zip(("ligand_complex", "receptor_complex"), wanted, strict=True):
        if to != own:
            table, gone = _mapped(table, column, own, to)
            notes += gone
    if table.empty:
        msg = (
            f"No interaction is left for {wanted[0]} to {wanted[1]} (route {route!r}). Use "
            "route=None to keep all routes, and check the organism of the data."
        )
        raise InputError(msg)
    return table, notes


def _counted(n: int, what: str, organism: str) -> str:
    return (
        f"{n} {what} could not be used in {organism} symbols (no receptor or ligand gene known, "
        "or no one-to-one ortholog)."
    )


def _completed(frame: pd.DataFrame, organism: str, route: str | None) -> pd.DataFrame:
    """Give a user's table all columns and filter it by route, if it has routes."""
    attrs = frame.attrs
    table = frame if set(COLUMNS) <= set(frame.columns) else load(frame, organism=organism)
    if route is not None and "route" in frame:
        table = table[table["route"] == route]
    table.attrs = {**table.attrs, **attrs}
    return table


def _mapped(table: pd.DataFrame, column: str, own: str, to: str) -> tuple[pd.DataFrame, list[str]]:
    """Write one side in the genes of another organism; say what was lost."""
    if own == "human":
        sides = table[["factor", "ligand_kind", column]].drop_duplicates(["factor", column])
        text = sides[column]
        kind = sides["ligand_kind"] if column == "ligand_complex" else "protein"
        mapped, _ = to_organism(
            sides.assign(ligand_complex=text, receptor_complex=text, ligand_kind=kind, _text=text),
            to,
        )
        names = dict(
            zip(zip(mapped["factor"], mapped["_text"], strict=True), mapped["ligand_complex"],
                strict=True)
        )  # fmt: skip
    else:
        mapping, _ = map_genes(complexes.genes(table[column]), source=own, target=to)
        found = complexes.map_genes(table[column], mapping).set_index("text")["mapped"]
        names = {k: found[k[1]] for k in zip(table["factor"], table[column], strict=True)}
    keys = zip(table["factor"], table[column], strict=True)
    new = pd.Series([names.get(k, "") for k in keys], index=table.index)
    lost = sorted(table.loc[new == "", column].unique())
    what = column.removesuffix("_complex") + "s"
    notes = [_counted(len(lost), f"{what} ({', '.join(lost[:6])})", to)] if lost else []
    return table.assign(**{column: new})[new != ""].reset_index(drop=True), notes


def attach_modulators(
    out: pd.DataFrame, table: pd.DataFrame, source: Side, target: Side
) -> pd.DataFrame:
    """Add what blocks or carries each factor, with its highest rank in source and target."""
    rows = table[table["role"].isin((*MODULATORS, "antagonist"))]
    texts = {}
    for factor, mine in rows.groupby("factor", sort=True):
        parts = []
        for row in mine.drop_duplicates(["role", "receptor_complex"]).itertuples():
            text = row.receptor_complex if row.role in MODULATORS else row.ligand_complex
            ranks = [_highest(side, text) for side in (source, target)]
            parts.append(f"{row.role} {text} ({ranks[0]} in source, {ranks[1]} in target)")
        texts[factor] = "; ".join(dict.fromkeys(parts))
    return out.assign(modulators=out["factor"].map(texts).fillna(""))


def _highest(side: Side, text: str) -> str:
    """Highest rank of a complex over the groups of a side, or "not measured"."""
    rank = complexes.evaluate([text], side.magnitude, side.genes)
    return "not measured" if np.isnan(rank).all() else f"{np.nanmax(rank):.2f}"
