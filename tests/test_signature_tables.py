"""Every shipped row: well-formed, current, sourced, and the signatures that follow from it."""

import re

import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.resources import packaged
from crosstalk_omics.signatures.schema import EVIDENCE_TABLES, GENE_SET_TABLES, vocabularies
from crosstalk_omics.signatures.tables import evidence_table, gene_set_table, split_list
from crosstalk_omics.signatures.validate import used_genes

FOLDER = packaged("signatures")
FILES = [
    *(f"evidence/{name}.tsv" for name in EVIDENCE_TABLES),
    *(f"gene_sets/{name}.tsv" for name in GENE_SET_TABLES),
    "orthologs.tsv",
    "aliases.tsv",
    "vocabulary.tsv",
    "systems.tsv",
]


@pytest.fixture(scope="module")
def evidence() -> pd.DataFrame:
    return evidence_table()


@pytest.fixture(scope="module")
def report():
    return cx.signatures.validate()


def test_no_row_has_an_error(report):
    errors = report.findings[report.findings["grade"] == "ERROR"]
    assert errors.empty, str(report)
    assert report.raise_on_errors() is report


@pytest.mark.parametrize("name", FILES)
def test_files_are_plain_unix_utf8_tables(name):
    raw = (FOLDER / name).read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    lines = raw.decode("utf-8").removesuffix("\n").split("\n")
    assert {line.count("\t") for line in lines} == {lines[0].count("\t")}
    assert not any(cell == "" for line in lines for cell in line.split("\t"))


@pytest.mark.parametrize("name", FILES[:6])
def test_rows_are_sorted_so_that_diffs_are_short(name):
    first = [line.split("\t")[0].lower() for line in (FOLDER / name).read_text().splitlines()[1:]]
    assert first == sorted(first)


def test_there_is_enough_evidence(evidence):
    assert len(evidence) >= 600
    assert evidence["factor"].nunique() >= 190
    assert gene_set_table()["set_id"].nunique() == 137


def test_no_address_is_a_mirror_or_copy(evidence):
    hosts = evidence["verified_at"].str.extract(r"https?://([^/]+)")[0].dropna()
    assert not hosts.str.fullmatch(r"[\d.:]+").any()
    copies = r"suppr|bohrium|medluna|scribd|docslib|mafiadoc|laibokeji|mirror|zlibrary"
    assert not hosts.str.contains(copies).any()
    known = evidence[(evidence["pmid"] != "NA") | (evidence["doi"] != "NA")]
    allowed = r"https://(?:pubmed\.ncbi\.nlm\.nih\.gov/\d+/|pmc\.ncbi\.nlm\.nih\.gov/articles/PMC\d+/|doi\.org/10\..+)"
    assert known["verified_at"].str.fullmatch(allowed).all()


def test_retracted_papers_stay_out(evidence):
    assert not evidence["pmid"].isin(["15618276", "36628511"]).any()
    assert (
        not evidence["doi"].str.lower().isin(["10.1038/nature14492", "10.4235/agmr.22.0139"]).any()
    )


def test_unverified_rows_claim_no_source(evidence):
    rows = evidence[evidence["verified"] == "unverified"]
    assert (rows[["pmid", "doi", "title"]] == "NA").all(axis=None)
    assert (rows["receptor_basis"].isin(["assumed", "none"])).all()


def test_missing_is_only_na_and_gene_like_strings_survive(evidence):
    assert not evidence.isna().any(axis=None)
    assert not gene_set_table().isna().any(axis=None)
    for word in ("nan", "None", "null", "n/a", "-"):
        assert not (evidence == word).any(axis=None)


def test_every_used_gene_has_an_ortholog_row_and_a_current_symbol(evidence):
    used = used_genes(evidence, gene_set_table())
    table = pd.read_csv(FOLDER / "orthologs.tsv", sep="\t", dtype=str, keep_default_na=False)
    assert used <= set(table["human"])
    assert table["human"].is_unique
    replaced = set(cx.signatures.aliases("human")["alias"])
    assert not used & replaced


def test_renamed_genes_are_found_by_their_old_names():
    table = cx.signatures.aliases("human").set_index("alias")["symbol"]
    old = {"ARNTL": "BMAL1", "DDX58": "RIGI", "MYLPF": "MYL11", "CYR61": "CCN1", "CTGF": "CCN2"}
    assert table[list(old)].to_dict() == old
    mouse = cx.signatures.aliases("mouse").set_index("alias")["symbol"]
    assert mouse["Bmal1"] == "Arntl"
    assert mouse["Ctgf"] == "Ccn2"


@pytest.mark.parametrize("organism", ["human", "mouse", "rat"])
def test_aliases_are_unambiguous_and_never_current(organism):
    table = cx.signatures.aliases(organism)
    assert table["alias"].is_unique
    assert not set(table["alias"]) & set(table["symbol"])


def test_positive_controls_of_the_field_are_in(evidence):
    pairs = {
        "SOST": "LRP5",
        "TNFSF11": "TNFRSF11A",
        "FGF23": "FGFR1",
        "GH1": "GHR",
        "PTH": "PTH1R",
        "LEP": "LEPR",
        "MSTN": "ACVR2B",
        "CALCA": "RAMP1",
    }
    for ligand, receptor in pairs.items():
        rows = evidence[evidence["ligand"] == ligand]
        assert rows["receptor"].str.contains(rf"\b{receptor}\b").any(), ligand


def test_conflicts_stay(report):
    findings = report.findings
    both = findings[findings["finding"].str.contains("both signs")]
    assert {"GDF11", "irisin"} <= set(both["where"])


def test_response_sets_hold_no_protein_ligand(evidence):
    proteins = evidence[evidence["ligand_kind"].isin(["protein", "peptide"])]
    ligands = {gene for text in proteins["ligand"] for gene in re.split(r"[+|]", text)}
    sets = gene_set_table()
    assert not ligands & set(sets.loc[sets["table"] == "response", "gene"])


def test_vocabularies_have_no_unused_parent_and_no_capital():
    for name, terms in vocabularies().items():
        if name.endswith("_sign"):
            continue
        assert all(re.fullmatch(r"[a-z0-9_]+", term) for term in terms), name


def test_every_tissue_and_cell_is_a_term(evidence):
    for column, name in (("source_tissue", "tissue"), ("target_cell", "cell")):
        used = {term for text in evidence[column] for term in split_list(text)}
        assert used <= set(vocabularies()[name])


def test_counts_are_what_the_issue_asks_for(report):
    everything = report.counts.set_index("part").loc["all"]
    assert everything["pct_verified"] > 95
    assert everything["pct_receptor_in_resource"] > 85
    text = str(report)
    for word in ("rows", "factors", "pct_identifier", "pct_receptor_shown", "class hpa", "ERROR 0"):
        assert word in text
