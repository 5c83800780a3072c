"""Records and closed vocabularies: what a row of each table and a named signature may say."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Literal

import pandas as pd
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from ..core.checks import nearest
from ..core.names import EVIDENCE_LEVELS
from ..core.resources import packaged

MISSING = "NA"
GENE_KINDS = ("protein", "peptide", "mirna")  # ligand is a gene; else a substance
EVIDENCE_TABLES = ("myokine", "osteokine", "neuroendocrine")
GENE_SET_TABLES = ("marker", "program", "response")

_ID = re.compile(r"[a-z0-9_]+")
_GENES = re.compile(r"[A-Za-z0-9.-]+(?:[+|][A-Za-z0-9.-]+)*")
_FORMULA = re.compile(r"[=@]|[+-](?![\d.])")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)"
_DATE = re.compile(
    rf"\d{{1,2}}[-/ ]{_MONTH}(?:[-/ ]\d{{2,4}})?|{_MONTH}[-/ ]\d{{1,4}}|\d{{4}}-\d\d-\d\d.*"
    r"|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d+(?:\.\d+)?E\+\d+",
    re.IGNORECASE,
)


@lru_cache(maxsize=1)
def vocabularies() -> dict[str, dict[str, str]]:
    """Closed vocabularies of ``signatures/vocabulary.tsv``: name -> term -> parent (or NA)."""
    frame = pd.read_csv(
        packaged("signatures") / "vocabulary.tsv", sep="\t", dtype=str, keep_default_na=False
    )
    return {
        str(name): dict(zip(part["term"], part["parent"], strict=True))
        for name, part in frame.groupby("vocabulary")
    }


def descendants(vocabulary: str, names: Iterable[str]) -> set[str]:
    """Terms of a vocabulary that equal one of `names` or have it as parent or grandparent."""
    parents = vocabularies()[vocabulary]
    wanted = set(names)
    while True:
        more = wanted | {term for term, parent in parents.items() if parent in wanted}
        if more == wanted:
            return wanted
        wanted = more


def check_text(value: str) -> str:
    """Refuse what a spreadsheet leaves behind: formulas, control characters, blank cells."""
    if not value.strip() or value != value.strip():
        msg = "is empty or has blanks around it; write NA where nothing is known"
        raise ValueError(msg)
    if _FORMULA.match(value):
        msg = f"{value[:40]!r} starts like a spreadsheet formula; write plain text"
        raise ValueError(msg)
    if any(ord(character) < 32 for character in value):
        msg = "holds a control character"
        raise ValueError(msg)
    return value


def check_gene(value: str) -> str:
    """Refuse gene names that a spreadsheet turned into a date or a number."""
    if _DATE.fullmatch(value) or re.fullmatch(r"-?[\d.]+", value):
        msg = (
            f"{value!r} is a date or number, as a spreadsheet makes of symbols such as MARCHF1 "
            "or SEPTIN2; format the column as text and paste the symbols again"
        )
        raise ValueError(msg)
    return check_text(value)


def _genes(value: str) -> str:
    if value == MISSING:
        return value
    for gene in re.split(r"[+|]", value):
        check_gene(gene)
    if not _GENES.fullmatch(value):
        msg = f"{value!r} is no list of genes; join with '+' (all needed) or '|' (alternatives)"
        raise ValueError(msg)
    return value


def check_term(value: str, vocabulary: str) -> str:
    """Raise ValueError unless `value` is a term of the vocabulary."""
    terms = vocabularies()[vocabulary]
    if value not in terms:
        msg = f"{value!r} is no {vocabulary}. {nearest(value, terms)}See signatures/vocabulary.tsv"
        raise ValueError(msg)
    return value


def _term(vocabulary: str) -> AfterValidator:
    return AfterValidator(lambda value: check_term(value, vocabulary))


def _terms(vocabulary: str) -> AfterValidator:
    def check(value: str) -> str:
        for term in [] if value == MISSING else value.split(";"):
            check_term(term, vocabulary)
        return value

    return AfterValidator(check)


def _signed(vocabulary: str) -> AfterValidator:
    def check(value: str) -> str:
        for part in [] if value == MISSING else value.split(";"):
            term, colon, sign = part.rpartition(":")
            if not colon:
                msg = f"{part!r} has no sign; write e.g. {part}:+"
                raise ValueError(msg)
            check_term(term, vocabulary)
            check_term(sign, f"{vocabulary}_sign")
        return value

    return AfterValidator(check)


def _matches(pattern: str, what: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(value: str) -> str:
        if value != MISSING and not compiled.fullmatch(value):
            msg = f"{value!r} is no {what}"
            raise ValueError(msg)
        return value

    return AfterValidator(check)


Text = Annotated[str, AfterValidator(check_text)]
Gene = Annotated[str, AfterValidator(check_gene)]
Genes = Annotated[str, AfterValidator(_genes)]
Pmid = Annotated[str, _matches(r"[1-9]\d{3,8}", "PMID, which is a whole number")]
Doi = Annotated[str, _matches(r"10\.\d{4,9}/\S+", "DOI, which starts with '10.'")]
Year = Annotated[str, _matches(r"(?:19|20)\d\d", "year")]
Address = Annotated[str, _matches(r"(?!https?://(?:[\d.:]+/|.*;)).+", "address of a named host")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class EvidenceRow(_Row):
    """One statement from one paper."""

    factor: Text
    ligand: Gene
    ligand_kind: Annotated[str, _term("ligand_kind")]
    synthesis_genes: Genes
    class_: Annotated[str, _term("class")] = Field(alias="class")
    source_tissue: Annotated[str, _terms("tissue")]
    source_cell: Annotated[str, _terms("cell")]
    target_tissue: Annotated[str, _terms("tissue")]
    target_cell: Annotated[str, _terms("cell")]
    receptor: Genes
    receptor_basis: Annotated[str, _term("receptor_basis")]
    receptor_in: Annotated[str, _terms("receptor_in")]
    role: Annotated[str, _term("role")]
    effect: Annotated[str, _signed("effect")]
    context: Annotated[str, _signed("context")]
    evidence_type: Annotated[str, _terms("evidence_type")]
    species: Annotated[str, _terms("species")]
    pmid: Pmid
    doi: Doi
    year: Year
    title: Text
    verified: Annotated[str, _term("verified")]
    verified_at: Address
    note: Text

    @model_validator(mode="after")
    def _consistent(self) -> "EvidenceRow":
        if self.ligand_kind in GENE_KINDS:
            _genes(self.ligand)
        elif self.synthesis_genes == MISSING:
            msg = f"ligand {self.ligand!r} is a {self.ligand_kind} and needs synthesis_genes"
            raise ValueError(msg)
        if (self.receptor == MISSING) != (self.receptor_basis == "none"):
            msg = f"receptor is {self.receptor!r} but receptor_basis is {self.receptor_basis!r}"
            raise ValueError(msg)
        if self.verified == "unverified" and (self.pmid, self.doi) != (MISSING, MISSING):
            msg = "an unverified row has no pmid and no doi"
            raise ValueError(msg)
        return self


class GeneSetRow(_Row):
    """One gene in one marker, program or response set."""

    set_id: Annotated[str, _matches(_ID.pattern, "id of small letters, digits and '_'")]
    tissue: Annotated[str, _terms("tissue")]
    gene: Gene
    weight: Annotated[float, Field(ge=-1, le=1)]
    pmid: Pmid
    doi: Doi
    year: Year
    title: Text
    verified: Annotated[str, _term("verified")]
    verified_at: Address
    note: Text


class Select(_Row):
    """Which evidence rows a rule takes; every key given must match, a list means "any of"."""

    class_: tuple[str, ...] = Field(default=(), alias="class")
    factor: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    target_cell: tuple[str, ...] = ()
    role: tuple[str, ...] = ()
    effect: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    level: Literal[EVIDENCE_LEVELS] = "review"

    @model_validator(mode="after")
    def _known_terms(self) -> "Select":
        for vocabulary, names in (
            ("class", self.class_),
            ("tissue", (*self.source, *self.target)),
            ("cell", self.target_cell),
            ("role", self.role),
            ("effect", self.effect),
            ("context", self.context),
        ):
            for name in names:
                term, colon, sign = name.partition(":")
                if term not in vocabularies()[vocabulary].values():
                    check_term(term, vocabulary)
                if colon:
                    check_term(sign, f"{vocabulary}_sign")
        return self


class NamedSignature(_Row):
    """An entry of signatures.yaml: a rule over evidence, or a gene set."""

    title: Text
    description: Text
    side: Literal["sender", "receiver", "response", "marker", "program"]
    select: Select | None = None
    signed: dict[str, Literal[1, -1]] = Field(default_factory=dict)
    gene_set: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "NamedSignature":
        if (self.select is None) == (self.gene_set is None):
            msg = "give either select (a rule) or gene_set"
            raise ValueError(msg)
        for effect in self.signed:
            check_term(effect, "effect")
        return self
