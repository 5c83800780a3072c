"""An interaction table in the symbols of another organism, by one-to-one orthologs."""

from collections.abc import Mapping
from functools import cache

import pandas as pd

from ..signatures.species import aliases, map_genes
from . import complexes, hormones

SIDES = ("ligand_complex", "receptor_complex")


def to_organism(
    table: pd.DataFrame, organism: str, *, more: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Map human symbols of both complexes; a row that loses a side is dropped and reported.

    Steroids that rodents make with other enzymes take the steps of `hormones` that are written
    in rodent symbols.

    Parameters
    ----------
    table
        Columns `factor`, `ligand_complex`, `ligand_kind`, `receptor_complex` and any others.
    organism
        ``"human"``, ``"mouse"`` or ``"rat"``.
    more
        Orthologs of genes that the packaged table does not hold.

    Returns
    -------
    The mapped rows, and one record per lost row: factor, ligand_complex, receptor_complex (in
    human symbols), reason.
    """
    if organism == "human":
        return table, []
    texts = {text for side in SIDES for text in table[side]}
    kept, _ = map_genes(complexes.genes(texts), source="human", target=organism)
    report = complexes.map_genes(texts, {**(more or {}), **kept}).set_index("text")
    mapped = table.assign(**{side: table[side].map(report["mapped"]) for side in SIDES})
    own = [
        complexes.from_steps(*hormone.rodent) if hormone and hormone.rodent else ""
        for hormone in map(hormones.find, table["factor"])
    ]
    own_steps = table["ligand_kind"].isin(hormones.NOT_CODED) & (pd.Series(own, table.index) != "")
    mapped["ligand_complex"] = mapped["ligand_complex"].mask(own_steps, pd.Series(own, table.index))
    gone = (mapped[list(SIDES)] == "").any(axis=1)
    lost = []
    for index, row in table.loc[gone, ["factor", *SIDES]].iterrows():
        sides = [side for side in SIDES if mapped.loc[index, side] == ""]
        genes = sorted(
            {gene for side in sides for gene in report.loc[row[side], "lost"].split(";")}
        )
        reason = f"no one-to-one {organism} ortholog of {', '.join(genes)}"
        lost.append(row.to_dict() | {"reason": reason})
    mapped = mapped[~gone]
    key = [c for c in ("factor", *SIDES, "role") if c in mapped]
    return mapped.drop_duplicates(key).reset_index(drop=True), lost


def hormone_genes(organism: str) -> dict[str, str]:
    """Sender genes of every substance of `hormones`, in symbols of `organism`."""
    table = pd.DataFrame(
        {
            "factor": [hormone.name for hormone in hormones.HORMONES],
            "ligand_kind": [hormone.kind for hormone in hormones.HORMONES],
            "ligand_complex": [complexes.from_steps(*h.steps) for h in hormones.HORMONES],
        }
    )
    mapped, _ = to_organism(table.assign(receptor_complex=table["ligand_complex"]), organism)
    return dict(zip(mapped["factor"], mapped["ligand_complex"], strict=True))


@cache
def current_symbols(organism: str) -> dict[str, str]:
    """Previous and alias symbols of an organism -> the current one."""
    table = aliases(organism)
    return dict(zip(table["alias"], table["symbol"], strict=True))


def to_current(table: pd.DataFrame, organism: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """Replace previous and alias symbols by current ones; returns the renaming too."""
    known = current_symbols(organism)
    texts = {text for side in SIDES for text in table[side]}
    renamed = {gene: known[gene] for gene in complexes.genes(texts) if gene in known}
    if not renamed:
        return table, {}
    return rename(table, renamed), renamed


def rename(table: pd.DataFrame, names: dict[str, str]) -> pd.DataFrame:
    """Rename genes in both complexes; genes that `names` lacks stay."""
    texts = {text for side in SIDES for text in table[side]}
    every = {gene: names.get(gene, gene) for gene in complexes.genes(texts)}
    mapped = complexes.map_genes(texts, every).set_index("text")["mapped"]
    return table.assign(**{side: table[side].map(mapped) for side in SIDES})
