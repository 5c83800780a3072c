"""Many resources to one table."""

import pandas as pd

from crosstalk_omics.interactions import merge


def rows(resource, *pairs, kind="protein", role="agonist", hint=""):
    table = pd.DataFrame(pairs, columns=["factor", "ligand_complex", "receptor_complex"])
    return table.assign(
        **merge.EMPTY, ligand_kind=kind, role=role, references="", resources=resource, hint=hint
    )


def curated(*pairs, **facts):
    return rows("curated", *pairs, **facts).assign(
        n_evidence=2, evidence_level="in_vivo", references="PMID:1", route="endocrine"
    )


def test_equal_pairs_become_one_row_that_names_its_sources():
    table, folded = merge.combine(
        [rows("a", ("L", "L", "R")), rows("b", ("L", "L", "R"), ("L", "L", "S"))]
    )
    assert table["resources"].tolist() == ["a; b", "b"]
    assert folded == 0


def test_curated_rows_keep_factor_and_evidence_and_gain_sources():
    table, _ = merge.combine(
        [curated(("peptide one", "L", "R"), ("peptide two", "L", "R")), rows("a", ("L", "L", "R"))]
    )
    assert table["factor"].tolist() == ["peptide one", "peptide two"]
    assert table["resources"].tolist() == ["a; curated"] * 2
    assert table["references"].tolist() == ["PMID:1"] * 2


def test_parts_of_a_receptor_are_folded_into_the_whole():
    table, folded = merge.combine(
        [
            curated(("L", "L", "R+S")),
            rows("a", ("L", "L", "R"), ("L", "L", "S"), ("L", "L", "T"), ("M", "M", "R")),
            rows("b", ("L", "L", "R+S"), ("L", "L", "R")),
        ]
    )
    assert folded == 2
    assert table["receptor_complex"].tolist() == ["R+S", "T", "R"]
    assert table["resources"].tolist() == ["a (part); b; curated", "a", "a"]


def test_a_curated_part_is_never_folded():
    table, folded = merge.combine([curated(("L", "L", "R")), rows("a", ("L", "L", "R+S"))])
    assert folded == 0
    assert len(table) == 2


def test_roles_are_kept_apart():
    table, _ = merge.combine(
        [rows("a", ("L", "L", "R")), rows("b", ("L", "L", "R"), role="antagonist")]
    )
    assert sorted(table["role"]) == ["agonist", "antagonist"]


def test_one_substance_is_one_row_however_its_enzymes_are_spelled():
    table, _ = merge.combine(
        [
            rows("a", ("histamine", "HDC", "HRH1"), kind="monoamine"),
            rows("b", ("histamine", "HDC+SLC18A2", "HRH1"), kind="monoamine"),
            rows("c", ("HDC", "HDC", "HRH1")),
        ]
    )
    assert table["factor"].tolist() == ["histamine"]
    assert table["resources"].tolist() == ["a; b; c"]


def test_annotation_keeps_pairs_and_adds_evidence_of_the_whole_receptor():
    pairs = rows("a", ("L", "L", "R"), ("L", "L", "R+S"), ("L", "L", "T"), ("M", "M", "R"))
    evidence = curated(("hormone", "L", "R+S"))
    table = merge.annotate(pairs, evidence)
    assert table["receptor_complex"].tolist() == ["R", "R+S", "T", "R"]
    assert table["factor"].tolist() == ["hormone", "hormone", "L", "M"]
    assert table["evidence_level"].tolist() == ["in_vivo", "in_vivo", "database", "database"]
    assert table["resources"].tolist() == ["a; curated", "a; curated", "a", "a"]


def test_a_ligand_known_as_secreted_is_so_in_all_its_rows():
    table, _ = merge.combine(
        [
            rows("a", ("L", "L", "R"), hint="secreted"),
            rows("b", ("L", "L", "S"), ("M", "M", "R")),
        ]
    )
    assert merge.finish(table, frozenset())["route"].tolist() == [
        "endocrine",
        "endocrine",
        "unknown",
    ]
    assert merge.finish(table, frozenset({"M"}))["route"].tolist() == ["endocrine"] * 3
