"""Broad resources, each from its own tables to the same few columns; no judgement added.

Every parser returns `factor, ligand_complex, ligand_kind, receptor_complex, role, hint,
references`; `hint` is what the resource says of the route: contact, matrix, secreted,
transmitter or nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import pandas as pd

from . import hormones
from .complexes import canonical, from_steps, from_underscore
from .secretion import CONTACT, LOCAL

ROW = [
    "factor",
    "ligand_complex",
    "ligand_kind",
    "receptor_complex",
    "role",
    "hint",
    "references",
]
Tables = Mapping[str, pd.DataFrame]
MAX_ENZYMES = 10  # a substance that more enzymes make has no gene that stands for it

_STEROID = re.compile(r"sterone|stan[eo]|diol$|cortico|cortisol|DHEA|pregn|estr[io]", re.IGNORECASE)
_CELLCHAT_HINTS = {
    "Secreted Signaling": "secreted",
    "ECM-Receptor": "matrix",
    "Cell-Cell Contact": "contact",
}
# What a resource has wrong, by (substance, gene): found by reading, see the reason.
ERRORS = {
    ("dehydroepiandrosterone", "UBASH3B"): "steroid sulfatase is STS; UBASH3B is a phosphatase",
    ("dhea", "UBASH3B"): "steroid sulfatase is STS; UBASH3B is a phosphatase",
    ("triiodothyronine", "DIO3"): "DIO3 inactivates T3 (doi:10.1530/JOE-18-0704)",
}


def consensus(tables: Tables) -> pd.DataFrame:
    """Read the consensus part of LIANA's table."""
    table = next(iter(tables.values()))
    table = table[table["resource"] == "consensus"]
    return _frame(
        _protein(from_underscore(ligand), from_underscore(receptor))
        for ligand, receptor in zip(
            table["source_genesymbol"], table["target_genesymbol"], strict=True
        )
    )


def celltalkdb(tables: Tables) -> pd.DataFrame:
    """Read CellTalkDB's pairs."""
    table = next(iter(tables.values()))
    columns = ["ligand_gene_symbol", "receptor_gene_symbol", "evidence"]
    return _frame(
        _protein(ligand, receptor, references=_pmids(evidence))
        for ligand, receptor, evidence in table[columns].itertuples(index=False)
    )


def connectomedb2020(tables: Tables) -> pd.DataFrame:
    """Read connectomeDB2020's pairs with literature support."""
    table = next(iter(tables.values()))
    columns = ["Ligand gene symbol", "Receptor gene symbol"]
    return _frame(_protein(*pair) for pair in table[columns].itertuples(index=False))


def cellphonedb(tables: Tables) -> pd.DataFrame:
    """Read CellPhoneDB v5; inhibitors of a ligand become antagonist rows."""
    symbols = tables["gene"].groupby("uniprot")["hgnc_symbol"].unique().map("|".join).to_dict()
    secreted = {
        row.uniprot if "uniprot" in tables["protein"] else row.complex_name
        for row in tables["protein"].itertuples()
        if _true(row.secreted)
    }
    partners = dict(symbols)
    for row in _filled(tables["complex"]).itertuples():
        subunits = [getattr(row, f"uniprot_{i}") for i in range(1, 6)]
        partners[row.complex_name] = from_steps(*(symbols[u] for u in subunits if u))
        if _true(row.secreted):
            secreted.add(row.complex_name)
    rows = []
    for row in _filled(tables["interaction"]).itertuples():
        a, b = row.partner_a, row.partner_b
        if row.directionality == "Ligand-Ligand":
            a, b = b, a
        ligand, receptor = canonical(partners[a]), canonical(partners[b])
        contact = bool(CONTACT.match(ligand))
        inhibits = row.modulatory_effect == "Inhibitory" and not contact
        references = _pmids(row.source)
        if "_by" in a and not _true(row.is_ppi):
            rows.append(_substance(a.split("_by")[0], ligand, receptor, references=references))
            continue
        hint = "secreted" if a in secreted else ""
        if row.directionality in ("Adhesion-Adhesion", "Gap-Gap", "Receptor-Receptor"):
            hint = "matrix" if LOCAL.match(ligand) else "contact"
        role = "antagonist" if inhibits else "agonist"
        rows.append(_protein(ligand, receptor, role=role, hint=hint, references=references))
    return _frame(rows)


def cellchatdb(tables: Tables) -> pd.DataFrame:
    """Read CellChatDB v2; substances stand under their synthesis complex."""
    table = _filled(tables["interaction"])
    subunits = _filled(tables["complex"]).set_index("complex")
    subunits = subunits[[c for c in subunits if c.startswith("subunit")]]
    parts = {name: "+".join(filter(None, row)) for name, *row in subunits.itertuples()}
    rows = []
    for row in table.itertuples():
        ligand = canonical(parts.get(row.ligand, row.ligand))
        receptor = canonical(parts.get(row.receptor, row.receptor))
        references = _pmids(row.evidence)
        if row.annotation == "Non-protein Signaling" and row.ligand in parts and "-" in row.ligand:
            name = row.ligand.rpartition("-")[0]
            hint = "transmitter" if _true(row.is_neurotransmitter) else ""
            rows.append(_substance(name, ligand, receptor, hint=hint, references=references))
        else:
            hint = _CELLCHAT_HINTS.get(row.annotation, "")
            rows.append(_protein(ligand, receptor, hint=hint, references=references))
    return _frame(rows)


def neuronchat(tables: Tables) -> pd.DataFrame:
    """Read NeuronChat; uptake and degradation are left out, they are no reception."""
    table = next(iter(tables.values()))
    table = table[table["interaction_type"].isin(["ligand-receptor", "gas-effector"])]
    hints = {"Neurotransmitter": "transmitter", "Gap junction protein": "contact"}
    hints["Synaptic adhesion molecule"] = "contact"
    rows = []
    for row in table.itertuples():
        ligand = _groups(row.lig_contributor, row.lig_contributor_group)
        receptor = _groups(row.receptor_subunit, row.receptor_subunit_group)
        hint = hints.get(row.ligand_type, "")
        if row.ligand_type in ("Neurotransmitter", "Gas"):
            name = row.interaction_name.split("_")[0]
            rows.append(_substance(name, ligand, receptor, hint=hint))
        else:
            rows.append(_protein(ligand, receptor, hint=hint))
    return _frame(rows)


def mebocost(tables: Tables) -> pd.DataFrame:
    """Read MEBOCOST's receptors of metabolites; the sender is whatever enzyme makes them.

    Transporters are left out, as are substances that no listed or more than `MAX_ENZYMES`
    enzymes make; `attrs["left_out"]` names them.
    """
    makers: dict[str, set[str]] = {}
    reactions = tables["reaction"]
    made = reactions[(reactions["direction"] == "product") & reactions["gene"].notna()]
    for hmdb, enzymes in zip(made["HMDB_ID"], made["gene"], strict=True):
        names = (re.sub(r"\[.*?\]", "", e).strip() for e in enzymes.split(";"))
        makers.setdefault(hmdb, set()).update(n for n in names if re.fullmatch(r"[\w.-]+", n))
    sensors = tables["sensor"]
    sensors = sensors[sensors["Annotation"].isin(["Receptor", "Nuclear Receptor"])]
    rows, left_out = [], set()
    for row in sensors.itertuples():
        name = row.standard_metName
        enzymes = makers.get(row.HMDB_ID, set())
        if hormones.find(name) is None and not 0 < len(enzymes) <= MAX_ENZYMES:
            left_out.add(name)
            continue
        ligand = "|".join(enzymes) or hormones.sender_genes(name)
        rows.append(
            _substance(name, canonical(ligand), row.Gene_name, references=_pmids(row.Evidence))
        )
    found = _frame(rows)
    found.attrs["left_out"] = sorted(left_out)
    return found


PARSERS: dict[str, Callable[[Tables], pd.DataFrame]] = {
    "consensus": consensus,
    "cellphonedb": cellphonedb,
    "cellchatdb": cellchatdb,
    "celltalkdb": celltalkdb,
    "connectomedb2020": connectomedb2020,
    "neuronchat": neuronchat,
    "mebocost": mebocost,
}


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Empty text where a cell is missing, whatever the type of the column."""
    return table.astype(object).where(table.notna(), "")


def _frame(rows: Iterable[dict[str, str]]) -> pd.DataFrame:
    """One row per (factor, ligand, receptor, role); hints and references are joined."""
    table = pd.DataFrame(list(rows), columns=ROW)
    key = ["factor", "ligand_complex", "receptor_complex", "role"]
    keys = list(table[key].itertuples(index=False, name=None))
    joined = table.assign(**{c: join_by(keys, table[c]) for c in ("hint", "references")})
    return joined.drop_duplicates(key).sort_values(key, ignore_index=True)


def join(values: Iterable[str]) -> str:
    """Distinct entries of "; "-joined lists, sorted and joined again."""
    return "; ".join(sorted({e for value in values for e in value.split("; ")} - {""}))


def join_by(keys: Sequence[tuple[str, ...]], values: Iterable[str]) -> list[str]:
    """For every row the joined entries of all rows with its key."""
    found: dict[tuple[str, ...], list[str]] = {}
    for key, value in zip(keys, values, strict=True):
        found.setdefault(key, []).append(value)
    joined = {key: join(entries) for key, entries in found.items()}
    return [joined[key] for key in keys]


def _protein(
    ligand: str, receptor: str, *, role: str = "agonist", hint: str = "", references: str = ""
) -> dict[str, str]:
    row = {"factor": ligand, "ligand_complex": ligand, "ligand_kind": "protein", "role": role}
    return row | {"receptor_complex": receptor, "hint": hint, "references": references}


def _substance(
    name: str, ligand: str, receptor: str, *, hint: str = "", references: str = ""
) -> dict[str, str]:
    hormone = hormones.find(name)
    kind = "steroid" if _STEROID.search(name) else "metabolite"
    row = _protein(ligand, receptor, hint=hint, references=references)
    return row | {
        "factor": hormone.name if hormone else name,
        "ligand_kind": hormone.kind if hormone else kind,
    }


def _groups(genes: str, groups: str) -> str:
    """Complex of NeuronChat: one gene of every group is needed."""
    steps: dict[str, list[str]] = {}
    for gene, group in zip(str(genes).split("|"), str(groups).split("|"), strict=True):
        steps.setdefault(group, []).append(gene)
    return from_steps(*("|".join(step) for step in steps.values()))


def _pmids(text: object) -> str:
    """PMIDs of a free-text source column."""
    found = re.findall(r"(?<![\d.])\d{6,8}(?!\d)", str(text)) if isinstance(text, str) else []
    return "; ".join(sorted({f"PMID:{pmid}" for pmid in found}))


def _true(value: object) -> bool:
    return str(value).strip().upper() == "TRUE"
