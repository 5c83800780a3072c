"""Malformed user tables: each error names the file, the row and the column."""

import itertools
import json
import time
import tracemalloc

import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError, ResourceError
from crosstalk_omics.core.resources import packaged

load = cx.signatures.load


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def fails(path, *words):
    with pytest.raises(InputError) as caught:
        load(path)
    for word in words:
        assert word in str(caught.value), str(caught.value)


def test_all_forms_give_the_same_net(tmp_path):
    sets = {"one": ["FNDC5", "IL6"], "two": ["SOST"]}
    forms = [
        sets,
        write(tmp_path, "a.gmt", "one\tNA\tFNDC5\tIL6\ntwo\tNA\tSOST\n"),
        write(tmp_path, "a.tsv", "source\ttarget\none\tFNDC5\none\tIL6\ntwo\tSOST\n"),
        write(tmp_path, "a.yaml", "one: [FNDC5, IL6]\ntwo: [SOST]\n"),
        write(tmp_path, "a.json", json.dumps(sets)),
    ]
    nets = [load(form) for form in forms]
    assert all(net.equals(nets[0]) for net in nets)
    assert len(nets[0]) == 3


def test_weights_are_kept(tmp_path):
    path = write(tmp_path, "w.tsv", "source\ttarget\tweight\na\tSOST\t-0.5\n")
    assert load(path)["weight"].tolist() == [-0.5]
    assert load({"a": {"SOST": -0.5}})["weight"].tolist() == [-0.5]


def test_genes_named_na_and_nan_are_genes(tmp_path):
    path = write(tmp_path, "n.gmt", "a\tNA\tNAN\tSOST\n")
    assert "NAN" in set(load(path)["target"])


def test_yaml_words_stay_text(tmp_path):
    path = write(tmp_path, "n.yaml", "a: [NO, ON, SOST]\n")
    assert {"NO", "ON"} <= set(load(path)["target"])


def test_wrong_delimiter(tmp_path):
    fails(write(tmp_path, "c.tsv", "source,target\na,SOST\n"), "row 1", "commas", "tab")
    fails(write(tmp_path, "c.csv", "source;target\na;SOST\n"), "row 1", "semicolons")
    fails(write(tmp_path, "c.gmt", "a NA SOST\n"), "row 1", "tab-separated")


@pytest.mark.parametrize(
    "gene", ["1-Mar", "2-Sep", "Mar-01", "2026-03-01", "01/03/2026", "1.2E+05", "43891"]
)
def test_spreadsheet_mangled_names(tmp_path, gene):
    path = write(tmp_path, "d.tsv", f"source\ttarget\na\tSOST\na\t{gene}\n")
    fails(path, "row 3", "column target", gene, "MARCHF1")


@pytest.mark.parametrize(
    "gene", ["MARCHF1", "SEPTIN2", "DELEC1", "MARCH1", "SEPT2", "HLA-A", "NKX2-5"]
)
def test_names_that_only_look_like_dates_are_genes(tmp_path, gene):
    path = write(tmp_path, "d.tsv", f"source\ttarget\na\t{gene}\n")
    assert load(path)["target"].tolist() == [gene]


def test_formulas(tmp_path):
    for cell in ("=SUM(A1)", "+cmd|' /C calc'!A0", "@SUM(1)", "-A1"):
        fails(
            write(tmp_path, "f.tsv", f"source\ttarget\na\t{cell}\n"),
            "row 2",
            "column target",
            "formula",
        )


def test_duplicated_rows(tmp_path):
    path = write(tmp_path, "r.tsv", "source\ttarget\na\tSOST\nb\tSOST\na\tSOST\n")
    fails(path, "row 4", "column target", "repeats row 2")


def test_mixed_species(tmp_path):
    path = write(tmp_path, "m.tsv", "source\ttarget\na\tSOST\na\tIL6\na\tTnf\n")
    fails(path, "row 4", "column target", "'Tnf' is a mouse or rat symbol among human ones")


def test_every_bad_cell_is_listed_at_once(tmp_path):
    text = "source\ttarget\tweight\na/b\tSOST\t1\na\t1-Mar\tx\na\tIL6\t7\n"
    fails(
        write(tmp_path, "all.tsv", text), "4 bad cells", "row 2", "row 3", "row 4", "'a/b'", "'7'"
    )


def test_ragged_rows_and_unknown_columns(tmp_path):
    fails(
        write(tmp_path, "g.tsv", "source\ttarget\na\tSOST\textra\n"),
        "row 2",
        "3 cells",
        "2 columns",
    )
    fails(write(tmp_path, "u.tsv", "gene\tset\nSOST\ta\n"), "row 1", "Expected `source`, `target`")


@pytest.mark.parametrize("suffix", ["tsv", "csv", "txt", "gmt", "json", "yaml"])
def test_a_hundred_megabytes_are_refused_unread(tmp_path, suffix):
    path = tmp_path / f"junk.{suffix}"
    with path.open("wb") as handle:
        handle.truncate(100_000_000)
    tracemalloc.start()
    began = time.process_time()
    fails(path, "100 MB", "less than 20 MB")
    taken, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (taken < 1, peak < 5_000_000) == (True, True), (taken, peak)


def test_junk(tmp_path):
    path = tmp_path / "junk.tsv"
    path.write_bytes(b"source\ttarget\na\t\xff\xfe\x00")
    fails(path, "line 2", "not UTF-8")
    path.write_bytes(b"source\ttarget\na\tSO\x00ST")
    fails(path, "line 2", "binary")


def test_broken_yaml_and_odd_values(tmp_path):
    fails(write(tmp_path, "b.yaml", "a: [SOST\nb: ]["), "row 2", "YAML")
    fails(write(tmp_path, "s.yaml", "a: SOST\n"), "entry 'a'", "Expected a list of genes")
    fails({"a": []}, "holds no gene")
    fails({"a": 3}, "entry 'a'", "int")
    fails({"a": [["SOST"]]}, "entry 'a'", "list among its genes")
    laughs = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n"
        for old, new in itertools.pairwise("abcdefghijkl")
    )
    fails(write(tmp_path, "laughs.yaml", laughs), "entry 'b'", "list among its genes")
    fails(write(tmp_path, "deep.yaml", "a: " + "[" * 50_000), "deep.yaml", "YAML")


def test_missing_file(tmp_path):
    with pytest.raises(ResourceError, match=r"Cannot read .*none\.gmt"):
        load(tmp_path / "none.gmt")


def shipped_rows(n: int) -> list[list[str]]:
    lines = (packaged("signatures") / "evidence" / "myokine.tsv").read_text().splitlines()
    return [line.split("\t") for line in lines[: n + 1]]


def evidence_file(tmp_path, rows):
    return write(tmp_path, "e.tsv", "\n".join("\t".join(row) for row in rows) + "\n")


def test_a_users_evidence_table_is_a_class_with_two_sides(tmp_path):
    net = load(evidence_file(tmp_path, shipped_rows(30)))
    assert set(net["source"]) == {"myokine_sender", "myokine_receiver"}
    assert set(load(evidence_file(tmp_path, shipped_rows(30)), side="sender")["source"]) == {
        "myokine_sender"
    }


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        ("effect", "bone_formtion:+", "Did you mean 'bone_formation'"),
        ("effect", "bone_formation", "has no sign"),
        ("target_tissue", "femur", "is no tissue"),
        ("pmid", "PMID:123456", "is no PMID"),
        ("doi", "https://doi.org/10.1/x", "is no DOI"),
        ("receptor", "ACVR2B,TGFBR1", "is no list of genes"),
        ("ligand", "2-Sep", "spreadsheet"),
        ("note", "=HYPERLINK(1)", "formula"),
        ("verified_at", "http://10.0.0.1/x", "named host"),
        ("verified_at", "https://a.org/x;y", "named host"),
        ("species", "human,mouse", "is no species"),
        ("title", "", "is empty"),
        ("receptor_basis", "none", "receptor_basis is 'none'"),
    ],
)
def test_bad_evidence_cells_name_row_and_column(tmp_path, column, value, text):
    rows = shipped_rows(3)
    number = next(i for i, row in enumerate(rows) if i and row[rows[0].index("receptor")] != "NA")
    rows[number][rows[0].index(column)] = value
    shown = "row" if column == "receptor_basis" else column
    fails(evidence_file(tmp_path, rows), f"row {number + 1}, column {shown}", text)


def test_repeated_evidence_rows_are_named(tmp_path):
    rows = shipped_rows(2)
    fails(evidence_file(tmp_path, [*rows, rows[1]]), "row 4, column factor", "repeats row 2")


def test_missing_evidence_columns_are_named(tmp_path):
    rows = [row[:-1] for row in shipped_rows(2)]
    fails(evidence_file(tmp_path, rows), "no column 'note'")


def test_validate_takes_a_users_file(tmp_path):
    good = write(tmp_path, "v.gmt", "mine\tNA\tSOST\tIL6\n")
    assert "mine" in str(cx.signatures.validate(good).raise_on_errors())
    with pytest.raises(InputError, match="row 1"):
        cx.signatures.validate(write(tmp_path, "w.gmt", "mine SOST\n"))
