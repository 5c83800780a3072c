"""Graded findings on the shipped tables, with counts; `ERROR` must not be shipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ..core.errors import InputError
from ..core.names import ORGANISMS
from ..core.resources import packaged
from .export import to_dict
from .load import load
from .query import conflicting_effects, list_signatures
from .schema import GENE_KINDS, EvidenceRow, GeneSetRow, vocabularies
from .species import ortholog_table
from .tables import (
    bad_cells,
    evidence_table,
    gene_set_table,
    ligand_genes,
    named_signatures,
    read_text,
    response_receptors,
    split_genes,
)

GRADES = ("ERROR", "WARN", "INFO")
CHANGE_COLUMNS = ["signature", "added", "removed"]
Finding = tuple[str, str, str, str]  # grade, table, where, text


@dataclass(frozen=True)
class Report:
    """What `validate` found.

    Attributes
    ----------
    findings
        `grade` (ERROR, WARN, INFO), `table`, `where`, `finding`; worst first.
    counts
        Size and quality, see `counts`; for a user's table genes per signature.
    changes
        Genes that signatures gained and lost since the last release, see `changes`.
    """

    findings: pd.DataFrame
    counts: pd.DataFrame
    changes: pd.DataFrame

    def __str__(self) -> str:
        """Counts, findings but for the INFO ones, and what changed, as plain text."""
        grades = self.findings["grade"].value_counts()
        worse = self.findings[self.findings["grade"] != "INFO"]
        parts = [
            self.counts.to_string(index=False),
            ", ".join(f"{grade} {grades.get(grade, 0)}" for grade in GRADES),
            *(f"{g}  {t}: {w}: {f}" for g, t, w, f in worse.itertuples(index=False)),
            f"{len(self.changes)} signatures changed since the last release",
            *(f"  {n}: +[{a}] -[{r}]" for n, a, r in self.changes.itertuples(index=False)),
        ]
        return "\n".join(parts)

    @property
    def has_errors(self) -> bool:
        """Whether a finding is an ERROR, which must not be shipped."""
        return bool((self.findings["grade"] == "ERROR").any())

    def raise_on_errors(self) -> "Report":
        """Return the report itself, or raise InputError with it if a finding is an ERROR."""
        if self.has_errors:
            raise InputError(str(self))
        return self


def validate(path: str | Path | None = None) -> Report:
    """Check the shipped tables, or a user's.

    Parameters
    ----------
    path
        GMT, TSV or YAML of a user, as `cx.signatures.load` takes; None checks every shipped table.

    Returns
    -------
    Graded findings with counts; it prints as text and raises on request.

    Raises
    ------
    InputError
        A user's table has bad cells; the text names row and column.
    """
    if path is not None:
        sizes = load(path)["source"].value_counts(sort=False)
        sizes = sizes.rename_axis("signature").reset_index(name="genes")
        return Report(_frame([]), sizes, pd.DataFrame(columns=CHANGE_COLUMNS))
    evidence, sets = evidence_table(), gene_set_table()
    found = [
        *_rows(evidence, EvidenceRow),
        *_rows(sets, GeneSetRow),
        *_repeats(evidence, sets),
        *_genes(evidence, sets),
        *_signatures(sets),
        *_responses(evidence),
        *_doubts(evidence),
    ]
    return Report(_frame(found), counts(), changes(load("all")))


def _frame(found: list[Finding]) -> pd.DataFrame:
    frame = pd.DataFrame(found, columns=["grade", "table", "where", "finding"])
    order = frame["grade"].map(GRADES.index).astype(int)
    return frame.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def changes(net: pd.DataFrame, released: str | Path | None = None) -> pd.DataFrame:
    """Genes that signatures gained or lost since a release.

    Parameters
    ----------
    net
        Every signature of now: columns `source`, `target`, `weight`.
    released
        GMT of the release; None takes ``signatures/last_release.gmt``, which a release writes
        with ``crosstalk signatures export all``.

    Returns
    -------
    Columns `signature`, `added`, `removed` (";"-joined genes), changed signatures only.
    """
    text = read_text(Path(released or packaged("signatures") / "last_release.gmt"))
    fields = [line.split("\t") for line in text.splitlines()]
    old = {name: set(genes) for name, _, *genes in fields}
    new = {name: set(genes) for name, genes in to_dict(net).items()}
    rows = []
    for name in sorted({*old, *new}):
        before, now = old.get(name, set()), new.get(name, set())
        if before != now:
            rows.append((name, ";".join(sorted(now - before)), ";".join(sorted(before - now))))
    return pd.DataFrame(rows, columns=CHANGE_COLUMNS)


def counts() -> pd.DataFrame:
    """Size and quality of the evidence, per table and class.

    Returns
    -------
    One row per table, per class and in all: `part`, `rows`, `factors`, `ligands`,
    `pct_identifier` (PMID or DOI), `pct_receptor` (a receptor is named), `pct_receptor_shown`
    (of those, shown by the source), `pct_receptor_in_resource`, `pct_verified`.
    """
    rows = evidence_table()
    parts = {"all": rows}
    parts |= {f"table {name}": part for name, part in rows.groupby("table", sort=False)}
    parts |= {f"class {name}": part for name, part in rows.groupby("class")}
    return pd.DataFrame([{"part": name, **_quality(part)} for name, part in parts.items()])


def _quality(rows: pd.DataFrame) -> dict[str, float]:
    named = rows[rows["receptor"] != "NA"]

    def percent(hits: pd.Series) -> float:
        return round(100 * float(hits.mean()), 1) if len(hits) else 0.0

    return {
        "rows": len(rows),
        "factors": rows["factor"].nunique(),
        "ligands": rows["ligand"].nunique(),
        "pct_identifier": percent((rows["pmid"] != "NA") | (rows["doi"] != "NA")),
        "pct_receptor": percent(rows["receptor"] != "NA"),
        "pct_receptor_shown": percent(named["receptor_basis"] == "shown"),
        "pct_receptor_in_resource": percent(named["receptor_in"] != "none"),
        "pct_verified": percent(rows["verified"] != "unverified"),
    }


def _rows(frame: pd.DataFrame, record: type) -> Iterator[Finding]:
    for table, part in frame.groupby("table", sort=False):
        for row, column, text in bad_cells(part.drop(columns="table"), record):
            yield "ERROR", str(table), f"row {row}, column {column}", text


def _repeats(evidence: pd.DataFrame, sets: pd.DataFrame) -> Iterator[Finding]:
    keys = ["factor", "receptor", "target_tissue", "target_cell", "effect", "pmid", "doi", "note"]
    for frame, columns in ((evidence, keys), (sets, ["set_id", "gene"])):
        twice = frame[frame.duplicated(["table", *columns])]
        for table, name in zip(twice["table"], twice[columns[0]], strict=True):
            yield "ERROR", table, name, "the same fact stands twice"


def used_genes(evidence: pd.DataFrame, sets: pd.DataFrame) -> set[str]:
    """Every human gene that a table names."""
    genes = {gene for row in evidence.to_dict("records") for gene in ligand_genes(row)}
    genes |= {gene for text in evidence["receptor"] for gene in split_genes(text)}
    genes |= {gene for text in evidence["synthesis_genes"] for gene in split_genes(text)}
    return genes | set(sets["gene"])


def _genes(evidence: pd.DataFrame, sets: pd.DataFrame) -> Iterator[Finding]:
    table = ortholog_table().set_index("human")
    used = used_genes(evidence, sets)
    for gene in sorted(used - set(table.index)):
        yield "ERROR", "orthologs", gene, "used in a table, but not in orthologs.tsv"
    for organism in ORGANISMS[1:]:
        known = table.loc[sorted(used & set(table.index)), organism]
        lost = known.index[known == "NA"].tolist()
        yield (
            "INFO",
            "orthologs",
            organism,
            f"{len(lost)} of {len(used)} genes have no one-to-one ortholog",
        )
        own = table.loc[table[organism] != "NA", organism]
        for gene in sorted(set(own[own.duplicated()])):
            yield "ERROR", "orthologs", gene, f"stands for two human genes in {organism}"


def _signatures(sets: pd.DataFrame) -> Iterator[Finding]:
    known = named_signatures()
    missing = set(sets["set_id"]) - {entry.gene_set for entry in known.values()}
    for name in sorted(missing):
        yield "ERROR", "signatures.yaml", name, "this gene set has no entry"
    for name, entry in known.items():
        if entry.gene_set is not None and entry.gene_set not in set(sets["set_id"]):
            yield "ERROR", "signatures.yaml", name, f"there is no gene set {entry.gene_set}"
    frame = list_signatures()
    for name, *sizes in frame[["signature", "n_human", "n_mouse", "n_rat"]].itertuples(index=False):
        if sizes[0] == 0:
            yield "ERROR", "signatures.yaml", name, "no row fits, the signature is empty"
        elif min(sizes) < 3:
            yield "INFO", "signatures.yaml", name, f"few genes: {sizes} in human, mouse, rat"


def _responses(evidence: pd.DataFrame) -> Iterator[Finding]:
    """Each link of a response to a receptor: known, once, and with evidence on that receptor."""
    links = response_receptors()
    known = {i for i, entry in named_signatures().items() if entry.side == "response"}
    named = {gene for text in evidence["receptor"] for gene in split_genes(text)}
    for response, receptor, basis, _ in links.itertuples(index=False):
        where = f"{response}, {receptor}"
        if response not in known:
            yield "ERROR", "response_receptors", where, "there is no such response signature"
        if receptor not in named:
            yield "ERROR", "response_receptors", where, "no evidence row names this receptor"
        if basis not in vocabularies()["receptor_basis"]:
            yield "ERROR", "response_receptors", where, f"{basis!r} is no receptor_basis"
    twice = links[links.duplicated(["response", "receptor"])]
    for response, receptor in zip(twice["response"], twice["receptor"], strict=True):
        yield "ERROR", "response_receptors", f"{response}, {receptor}", "the link stands twice"


def _doubts(evidence: pd.DataFrame) -> Iterator[Finding]:
    unknown = evidence[
        (evidence["receptor_basis"] == "canonical") & (evidence["receptor_in"] == "none")
    ]
    for table, factor, receptor in unknown[["table", "factor", "receptor"]].itertuples(index=False):
        yield "WARN", table, factor, f"canonical receptor {receptor} is in no resource"
    nowhere = evidence[(evidence["verified"] != "unverified") & (evidence["verified_at"] == "NA")]
    for table, factor, title in nowhere[["table", "factor", "title"]].itertuples(index=False):
        yield "WARN", table, factor, f"no address where it can be read: {title[:80]}"
    for factor, rows in evidence.groupby("factor"):
        for effect in conflicting_effects(rows):
            yield "INFO", "evidence", str(factor), f"{effect} has both signs in one target"
    genes = evidence["ligand_kind"].isin(GENE_KINDS)
    several = evidence[genes].groupby("ligand")["factor"].nunique()
    for ligand in several.index[several > 1]:
        yield (
            "INFO",
            "evidence",
            str(ligand),
            "codes several factors that expression cannot separate",
        )
