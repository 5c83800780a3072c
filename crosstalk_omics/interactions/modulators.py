"""What weakens, carries, activates or removes a signal on its way: rows beside each agonist."""

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from ..core.checks import check_columns
from . import hormones, species
from .complexes import canonical, genes
from .curated import curated

COLUMNS = [
    "interaction",
    "factor",
    "ligand_complex",
    "receptor_complex",
    "modulator",
    "modulator_complex",
    "role",
    "side",
    "acts_on",
    "signal",
    "references",
]


class Enzyme(NamedTuple):
    """A step of the receiving tissue that makes a substance active, or ends its signal."""

    complex: str
    role: str  # activation | inactivation
    substance: str
    reference: str


_NEURONCHAT = "doi:10.1038/s41467-023-36800-w"
ENZYMES = (
    Enzyme("DIO2", "activation", "triiodothyronine", "PMID:21292729; doi:10.1530/JOE-10-0448"),
    Enzyme("DIO3", "inactivation", "triiodothyronine", "doi:10.1038/nrendo.2013.238"),
    Enzyme("HSD11B1", "activation", "cortisol", "doi:10.1677/joe.1.06019"),
    Enzyme("HSD11B2", "inactivation", "cortisol", "doi:10.1677/joe.1.06019"),
    Enzyme(
        "SRD5A1|SRD5A2",
        "activation",
        "testosterone",
        "http://www.hindawi.com/journals/jos/2011/240328",
    ),
    Enzyme(
        "CYP24A1",
        "inactivation",
        "1,25-dihydroxyvitamin D3",
        "PMID:22100522; doi:10.1016/j.abb.2011.11.003",
    ),
    Enzyme("ACHE", "inactivation", "acetylcholine", _NEURONCHAT),
    Enzyme("SLC6A4", "inactivation", "serotonin", _NEURONCHAT),
    Enzyme("SLC6A3", "inactivation", "dopamine", _NEURONCHAT),
    Enzyme("COMT", "inactivation", "dopamine", _NEURONCHAT),
    Enzyme("COMT", "inactivation", "norepinephrine", _NEURONCHAT),
    Enzyme("SLC6A5|SLC6A9", "inactivation", "glycine", _NEURONCHAT),
)
SIGNAL = {
    "antagonist": "lowers",
    "decoy": "lowers",
    "carrier": "either",
    "activation": "raises",
    "inactivation": "lowers",
}


def modulators(table: pd.DataFrame, *, organism: str | None = None) -> pd.DataFrame:
    """Antagonists, decoys, carriers and receiver-side enzymes of every agonist row.

    A non-agonist row belongs to an agonist when it binds one of its ligand genes (noggin and
    BMP2), when it blocks a subunit of its receptor (sclerostin and LRP5), or when it is the
    transporter or clearance receptor of the same ligand (SLC6A2 and norepinephrine). Curated
    non-agonists are always used, those of `table` as well. Enzymes activate or inactivate a
    substance in the receiving tissue (DIO2, HSD11B1, SRD5A2 ...).

    Parameters
    ----------
    table
        Interactions, as `load` returns them.
    organism
        Whose symbols the table holds; by default what `load` noted in ``attrs``.

    Returns
    -------
    One row per agonist and modulator: `interaction` (index label of the agonist in `table`),
    its factor and complexes, `modulator` (name), `modulator_complex` (the genes to look at),
    `role` (antagonist, decoy, carrier, activation, inactivation), `side` (receiver, or both: it
    may come from either tissue or the blood), `acts_on` (ligand, receptor or substance),
    `signal` (raises, lowers, either), `references`.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> table = cx.interactions.modulators(cx.interactions.load())
    >>> sorted(table["role"].unique())
    ['activation', 'antagonist', 'carrier', 'decoy', 'inactivation']
    """
    check_columns(table, [*COLUMNS[1:4], "ligand_kind", "role"], "The interaction table")
    organism = organism or table.attrs.get("organism", "human")
    agonists = table[table["role"] == "agonist"]
    found = pd.concat([_binders(agonists, table, organism), _enzymes(agonists, organism)])
    own = agonists[COLUMNS[1:4]].loc[found["interaction"]].reset_index(drop=True)
    joined = pd.concat([found.reset_index(drop=True), own], axis=1)
    joined["signal"] = joined["role"].map(SIGNAL)
    order = ["interaction", "role", "modulator", "modulator_complex"]
    once = joined.drop_duplicates(order).sort_values(order, kind="stable")
    return once[COLUMNS].reset_index(drop=True)


def _binders(agonists: pd.DataFrame, table: pd.DataFrame, organism: str) -> pd.DataFrame:
    """Antagonists, decoys and carriers, found through the genes that they share."""
    known, _ = species.to_organism(curated()[0], organism)
    both = pd.concat([known, table], ignore_index=True)
    others = both[both["role"] != "agonist"].drop_duplicates(["factor", *COLUMNS[2:4], "role"])
    coded = ~agonists["ligand_kind"].isin(hormones.NOT_CODED)
    ligands = _by_gene(agonists.loc[coded, "ligand_complex"])
    receptors = _by_gene(agonists["receptor_complex"])
    keys = pd.Series(_keys(agonists), index=agonists.index, dtype=object)
    rows = []
    for row, key in zip(others.to_dict("records"), _keys(others), strict=True):
        partners = genes([row["receptor_complex"]])
        bound = _labels(ligands, partners)
        if not bound and row["role"] == "carrier":  # a transporter or clearance receptor
            same = keys.index[keys == key]
            gene = row["receptor_complex"]
            rows += [_record(i, row | {"factor": gene}, gene, "ligand") for i in same]
            continue
        rows += [_record(i, row, row["ligand_complex"], "ligand") for i in bound]
        if row["role"] == "antagonist":
            blocked = _labels(receptors, partners)
            rows += [_record(i, row, row["ligand_complex"], "receptor") for i in blocked]
    columns = ["interaction", "modulator", "modulator_complex", "role", "side", "acts_on"]
    return pd.DataFrame(rows, columns=[*columns, "references"])


def _enzymes(agonists: pd.DataFrame, organism: str) -> pd.DataFrame:
    """Enzymes of the receiving tissue, for the substances that they act on."""
    table = pd.DataFrame(ENZYMES).rename(columns={"reference": "references"})
    texts = table["complex"].map(canonical)
    sides = {"factor": texts, "ligand_complex": texts, "receptor_complex": texts}
    pairs = table.assign(**sides, ligand_kind="protein").drop(columns="complex")
    by_substance = []
    for role, part in pairs.groupby("role", sort=False):
        mapped, _ = species.to_organism(part.assign(role=part["substance"]), organism)
        by_substance.append(mapped.assign(role=role))
    enzymes = pd.concat(by_substance, ignore_index=True)
    enzymes = enzymes.rename(columns={"factor": "modulator", "ligand_complex": "modulator_complex"})
    keys = pd.DataFrame({"interaction": agonists.index, "substance": _keys(agonists)})
    keys = keys[agonists["ligand_kind"].isin(hormones.NOT_CODED).to_numpy()]
    joined = keys.merge(enzymes, on="substance").assign(side="receiver", acts_on="substance")
    return joined.drop(columns=["substance", "receptor_complex", "ligand_kind"])


def _record(label: object, row: dict[str, str], complex_: str, acts_on: str) -> dict[str, object]:
    names = {"interaction": label, "modulator": row["factor"], "modulator_complex": complex_}
    names |= {"role": row["role"], "side": "both", "acts_on": acts_on}
    return names | {"references": row.get("references", "")}


def _keys(table: pd.DataFrame) -> list[str]:
    columns = ["factor", "ligand_kind", "ligand_complex"]
    return [hormones.key_of(*row) for row in table[columns].itertuples(index=False)]


def _by_gene(texts: pd.Series) -> dict[str, list[object]]:
    """Gene -> labels of the rows whose complex names it."""
    found: dict[str, list[object]] = {}
    for label, text in texts.items():
        for gene in genes([text]):
            found.setdefault(gene, []).append(label)
    return found


def _labels(by_gene: dict[str, list[object]], wanted: Iterable[str]) -> list[object]:
    return list(dict.fromkeys(label for gene in wanted for label in by_gene.get(gene, [])))
