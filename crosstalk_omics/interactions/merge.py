"""Many resources to one table without duplicates, each row naming all its sources."""

from collections.abc import Mapping, Sequence

import pandas as pd

from . import hormones, parsers, secretion
from .complexes import genes as genes_of
from .complexes import is_part_of
from .curated import COLUMNS

EMPTY = {
    "classes": "",
    "source_tissues": "",
    "target_tissues": "",
    "effects": "",
    "evidence_level": "database",
    "receptor_basis": "canonical",
    "conflict": False,
    "n_evidence": 0,
}

MADE_BY = {
    gene: [h.name for h in hormones.HORMONES if gene in genes_of(h.steps)]
    for gene in genes_of(step for h in hormones.HORMONES for step in h.steps)
}


def unify_substances(table: pd.DataFrame, genes: Mapping[str, str]) -> pd.DataFrame:
    """Give the substances of `hormones` their documented sender genes.

    Resources stand for a substance by one enzyme each, some by the wrong one; with the documented
    steps equal pairs become one row.

    Parameters
    ----------
    table
        Rows of one resource.
    genes
        Substance -> complex, in the symbols of `table`: `species.hormone_genes`.
    """
    keys = _keyed(table)["key"]
    return table.assign(ligand_complex=keys.map(genes).fillna(table["ligand_complex"]))


def annotate(table: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Put the curated evidence beside the pairs of one resource that have it.

    A curated row counts for a pair of the same ligand and role whose receptor is the same or
    part of it; the same receptor and the most evidence win. Pairs stay as their authors give
    them.
    """
    known = _keyed(evidence).sort_values("n_evidence", ascending=False, kind="stable")
    by_key: dict[tuple[str, str], list[dict]] = {}
    for row in known.to_dict("records"):
        by_key.setdefault((row["key"], row["role"]), []).append(row)
    table = _keyed(table).assign(route="")
    rows = table.to_dict("records")
    for row in rows:
        match = _best(row["receptor_complex"], by_key.get((row["key"], row["role"]), []))
        if match is not None:
            row |= {c: match[c] for c in ("factor", "route", *EMPTY)}
            for column in ("references", "resources"):
                row[column] = parsers.join([row[column], match[column]])
    return pd.DataFrame(rows, columns=table.columns).drop(columns="key")


def _best(receptor: str, known: list[dict]) -> dict | None:
    """Curated row with this receptor, or else one that contains it."""
    same = [row for row in known if row["receptor_complex"] == receptor]
    parts = (row for row in known if is_part_of(receptor, row["receptor_complex"]))
    return next(iter(same), None) or next(parts, None)


def _keyed(table: pd.DataFrame) -> pd.DataFrame:
    columns = ["factor", "ligand_kind", "ligand_complex"]
    keys = [hormones.key_of(*row) for row in table[columns].itertuples(index=False)]
    return table.assign(key=keys)


def combine(tables: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, int]:
    """One row per pair and role; curated rows stay apart by factor and keep their evidence.

    A database row whose receptor is only part of that of another row of the same ligand
    (``IL6 -> IL6R`` beside ``IL6 -> IL6R+IL6ST``) is folded in, and its sources named there.

    Parameters
    ----------
    tables
        Columns of `curated.COLUMNS` and `hint`; `route` may lack in database rows.

    Returns
    -------
    The table, with `hint` still on it, and the number of rows folded in.
    """
    rows = _enzymes_to_substances(_keyed(pd.concat(tables, ignore_index=True)))
    pair = ["key", "receptor_complex", "role"]
    is_curated = rows["n_evidence"] > 0
    keys = list(rows[pair].itertuples(index=False, name=None))
    rows["resources"] = parsers.join_by(keys, rows["resources"])
    rows["hint"] = parsers.join_by(keys, rows["hint"])
    joined = pd.Series(parsers.join_by(keys, rows["references"]), index=rows.index)
    rows["references"] = rows["references"].where(is_curated, joined)
    curated_keys = {key for key, known in zip(keys, is_curated, strict=True) if known}
    database = rows[[key not in curated_keys for key in keys]].drop_duplicates(pair)
    kept = pd.concat([rows[is_curated], database])
    kept, absorbed = _absorb(kept.reset_index(drop=True))
    return kept.drop(columns="key").reset_index(drop=True), absorbed


def _enzymes_to_substances(rows: pd.DataFrame) -> pd.DataFrame:
    """Key a pair like ``HDC -> HRH1`` as the substance that the enzyme makes, histamine.

    Some resources list an enzyme as if it were the ligand; the rows of substances come first.
    """
    substance = rows["ligand_kind"].isin(hormones.NOT_CODED)
    known = set(
        zip(rows.loc[substance, "key"], rows.loc[substance, "receptor_complex"], strict=True)
    )
    keys = [
        next((name for name in MADE_BY.get(key, ()) if (name, receptor) in known), key)
        for key, receptor in zip(rows["key"], rows["receptor_complex"], strict=True)
    ]
    return pd.concat(
        [rows.assign(key=keys)[substance], rows.assign(key=keys)[~substance]]
    ).reset_index(drop=True)


def _absorb(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Fold database rows into the rows of the same ligand that contain their receptor."""
    receptors = table["receptor_complex"].to_numpy()
    resources = table["resources"].to_numpy(dtype=object).copy()
    database = (table["n_evidence"] == 0).to_numpy()
    gone = []
    for group in table.groupby(["key", "role"], sort=False).indices.values():
        for i in group[database[group]]:
            wholes = [
                j
                for j in group
                if receptors[j] != receptors[i] and is_part_of(receptors[i], receptors[j])
            ]
            if wholes:
                gone.append(i)
                for j in wholes:
                    resources[j] = _name_part(resources[j], resources[i])
    return table.assign(resources=resources).drop(index=gone), len(gone)


def _name_part(whole: str, part: str) -> str:
    """Add the sources of a part as "name (part)" unless they list the whole too."""
    names = {name.removesuffix(" (part)") for name in part.split("; ")}
    return parsers.join([whole, *(f"{name} (part)" for name in names - set(whole.split("; ")))])


def finish(table: pd.DataFrame, secreted: frozenset[str]) -> pd.DataFrame:
    """Give database rows their route, keep that of curated ones, and order the columns.

    A ligand that the evidence or any resource has as secreted is so in all its rows.
    """
    known = (table["n_evidence"] > 0) | table["hint"].str.contains("secreted", regex=False)
    coded = ~table["ligand_kind"].isin(hormones.NOT_CODED)
    secreted = secreted | frozenset(genes_of(table.loc[known & coded, "ligand_complex"]))
    routes = pd.Series(secretion.routes_of(table, table["hint"], secreted), index=table.index)
    if "route" in table:
        routes = table["route"].where(table["n_evidence"] > 0, routes)
    return table.assign(route=routes)[COLUMNS].reset_index(drop=True)
