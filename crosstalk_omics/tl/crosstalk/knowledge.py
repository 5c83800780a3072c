"""The interaction table as the inference needs it: filtered, and in the genes of each side."""

import numpy as np
import pandas as pd
from anndata import AnnData

from ...core.checks import check_columns, check_one_of
from ...core.errors import InputError
from ...core.names import ORGANISMS, ROUTES
from ...interactions import complexes
from .joint import MODULATORS, Side
from .magnitude import described

Interactions = pd.DataFrame | str | None
DEFAULTS = {
    "role": "agonist",
    "route": "unknown",
    "evidence_level": "database",
    "effects": "",
    "references": "",
}


def prepare(interactions: Interactions, route: str | None) -> pd.DataFrame:
    """Load or complete an interaction table, in its own symbols, and filter it by route."""
    if route is not None:
        check_one_of(route, ROUTES, "route")
    if not isinstance(interactions, pd.DataFrame):
        from ...interactions import load

        return load(interactions or "curated", organism="human", route=route)
    check_columns(interactions, ["ligand_complex", "receptor_complex"], "The interaction table")
    table = interactions.copy()
    has_routes = "route" in table
    for column, value in DEFAULTS.items():
        if column not in table:
            table[column] = value
    if "factor" not in table:
        table["factor"] = table["ligand_complex"]
    if route is not None and has_routes:
        table = table[table["route"] == route]
        if table.empty:
            found = sorted(interactions["route"].astype(str).unique())
            msg = (
                f"No interaction has the route {route!r}; the table has {found}. Use route=None "
                "to keep all."
            )
            raise InputError(msg)
    named = table["ligand_complex"].notna() & table["receptor_complex"].notna()
    return table[named & (table["ligand_complex"] != "") & (table["receptor_complex"] != "")]


def for_organisms(
    table: pd.DataFrame, source: AnnData, target: AnnData, organism: str | None
) -> tuple[pd.DataFrame, list[str]]:
    """Write ligands in genes of `source` and receptors in genes of `target`; say what was lost."""
    own = organism or str(table.attrs.get("organism", "human"))
    check_one_of(own, ORGANISMS, "interactions_organism")
    table, notes = table.reset_index(drop=True), []
    for column, adata in (("ligand_complex", source), ("receptor_complex", target)):
        wanted = described(adata, "organism", own)
        if wanted == own:
            continue
        from ...signatures import map_genes

        before = complexes.genes(table[column])
        mapping, _ = map_genes(before, source=own, target=wanted)
        mapped = complexes.map_genes(table[column], mapping).set_index("text")["mapped"]
        names = table[column].map(mapped)
        lost = sorted(table.loc[names == "", column].unique())
        if lost:
            notes.append(
                f"{len(lost)} {column.removesuffix('_complex')}s of the table have no "
                f"one-to-one ortholog in {wanted}: {', '.join(lost[:8])}"
                f"{' ...' if len(lost) > 8 else ''}."
            )
        table = table.assign(**{column: names})[names != ""].reset_index(drop=True)
    if table.empty:
        msg = f"No interaction is left after mapping from {own}. Check the organism of the data."
        raise InputError(msg)
    return table, notes


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
