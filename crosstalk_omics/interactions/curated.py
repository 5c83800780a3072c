"""The packaged evidence, one row per (factor, ligand, receptor, role)."""

from collections import Counter
from functools import cache

import pandas as pd

from ..core.names import EVIDENCE_LEVELS, RECEPTOR_BASES
from ..signatures.query import conflicting_effects, row_levels
from ..signatures.schema import MISSING
from ..signatures.tables import evidence_table
from . import hormones, secretion
from .complexes import canonical, parse, to_text

SENDER = ["factor", "ligand_complex", "role"]
KEY = ["factor", "ligand_complex", "receptor_complex", "role"]
COLUMNS = [
    "factor",
    "ligand_complex",
    "ligand_kind",
    "receptor_complex",
    "role",
    "classes",
    "route",
    "source_tissues",
    "target_tissues",
    "effects",
    "evidence_level",
    "receptor_basis",
    "conflict",
    "n_evidence",
    "references",
    "resources",
]


def curated() -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Group the evidence rows into interactions, in human symbols.

    Returns
    -------
    Table with columns `COLUMNS`, and the evidence rows that no pair could be made of, with the
    reason.
    """
    table, unused = _curated()
    return table.copy(), [dict(entry) for entry in unused]


@cache
def _curated() -> tuple[pd.DataFrame, list[dict[str, str]]]:
    evidence = evidence_table()
    rows = evidence.replace(MISSING, "").assign(level=row_levels(evidence))
    rows["ligand_complex"] = [
        hormones.sender_genes(ligand, genes) if kind in hormones.NOT_CODED else canonical(ligand)
        for ligand, genes, kind in zip(
            rows["ligand"], rows["synthesis_genes"], rows["ligand_kind"], strict=True
        )
    ]
    rows["receptor_complex"] = [canonical(text) if text else "" for text in rows["receptor"]]
    rows["reason"] = ""
    rows.loc[rows["receptor_complex"] == "", "reason"] = "no receptor named in the evidence"
    rows.loc[rows["ligand_complex"] == "", "reason"] = "no gene of a sender makes the ligand"
    groups = _distinct_receptors(rows[rows["reason"] == ""]).groupby(KEY, sort=True)
    table = pd.DataFrame([dict(zip(KEY, key, strict=True)) | _row(group) for key, group in groups])
    table["route"] = secretion.routes_of(table, pd.Series("secreted", index=table.index))
    unused = rows.loc[rows["reason"] != "", ["factor", "ligand", "receptor", "reason"]]
    return table[COLUMNS], unused.drop_duplicates().to_dict("records")


def _distinct_receptors(rows: pd.DataFrame) -> pd.DataFrame:
    """Make the receptors of a ligand exclude one another, so that none is tested twice.

    Papers name the same receptor in unlike detail. A subunit stands for the complexes of the
    same ligand that hold it (TGFBR2 for TGFBR1+TGFBR2); these are then canonical, not shown.
    Where alternatives overlap (ADRB1|ADRB2 beside ADRB2), each becomes a row of its own.
    """
    parts = []
    for _, group in rows.groupby(SENDER):
        named = {frozenset(part) for text in group["receptor_complex"] for part in parse(text)}
        full = {p: [w for w in named if p < w and not any(w < x for x in named)] for p in named}
        texts = [
            canonical(to_text(w for p in parse(text) for w in full[frozenset(p)] or [p]))
            for text in group["receptor_complex"]
        ]
        completed = (group["receptor_complex"] != texts) & (group["receptor_basis"] == "shown")
        group = group.assign(
            receptor_complex=texts,
            receptor_basis=group["receptor_basis"].mask(completed, "canonical"),
        )
        counts = Counter(part for text in set(texts) for part in parse(text))
        alone = [
            [to_text([p]) for p in parse(t)] if any(counts[p] > 1 for p in parse(t)) else [t]
            for t in texts
        ]
        parts.append(group.assign(receptor_complex=alone).explode("receptor_complex"))
    return pd.concat(parts)


def _row(group: pd.DataFrame) -> dict[str, object]:
    """All that the evidence rows of one interaction say together."""
    return {
        "ligand_kind": group["ligand_kind"].iloc[0],
        "classes": union(group["class"]),
        "source_tissues": union(group["source_tissue"]),
        "target_tissues": union(group["target_tissue"]),
        "effects": union(group["effect"]),
        "evidence_level": strongest(group["level"], EVIDENCE_LEVELS),
        "receptor_basis": strongest(group["receptor_basis"], RECEPTOR_BASES),
        "conflict": bool(conflicting_effects(group)),
        "n_evidence": len(group),
        "references": references(group),
        "resources": "curated",
    }


def union(values: pd.Series) -> str:
    """Sorted distinct entries of ";"-joined lists, joined by "; "."""
    entries = {entry.strip() for value in values for entry in value.split(";")}
    return "; ".join(sorted(entries - {""}))


def strongest(values: pd.Series, order: tuple[str, ...]) -> str:
    """First of `order` that occurs."""
    return min(values, key=order.index)


def references(group: pd.DataFrame) -> str:
    """PMID, or else DOI, or else the address of every row's source, each once."""
    found = [
        f"PMID:{pmid}" if pmid else f"doi:{doi}" if doi else address
        for pmid, doi, address in zip(
            group["pmid"], group["doi"], group["verified_at"], strict=True
        )
    ]
    return union(pd.Series(found))
