"""Tables of the user's."""

import pandas as pd
import pytest

from crosstalk_omics.core.errors import InputError, ResourceError
from crosstalk_omics.interactions import load


def pairs(*rows, columns=("ligand", "receptor")):
    return pd.DataFrame(list(rows), columns=list(columns))


def test_own_pairs_get_evidence_and_route():
    table = load(pairs(("SOST", "LRP5|LRP6"), ("CDH1", "CDH1"), ("ABCA1", "TFRC"))).set_index(
        "ligand_complex"
    )
    assert table.loc["CDH1", "route"] == "juxtacrine"
    assert table.loc["ABCA1", "route"] == "unknown"
    assert (table["resources"] == "own").all()
    table = load([("TNFSF11", "TNFRSF11A")])
    assert table["resources"].tolist() == ["curated; own"]
    assert table["evidence_level"].iloc[0] != "database"
    assert table["route"].tolist() == ["endocrine"]


def test_underscores_of_other_tools_are_read():
    assert load(pairs(("IL6", "IL6R_IL6ST")))["receptor_complex"].tolist() == ["IL6R+IL6ST"]


def test_previous_symbols_become_current_and_are_noted():
    table = load(pairs(("IL6", "IL6R"), ("GDF8", "IL6R")))
    assert "MSTN" in set(table["ligand_complex"])
    assert any("GDF8 was read as MSTN" in note for note in table.attrs["notes"])


def test_own_aliases_are_followed_and_circles_refused():
    table = load(pairs(("rankl", "rank")), aliases={"rankl": "TNFSF11", "rank": "TNFRSF11A"})
    assert table["ligand_complex"].tolist() == ["TNFSF11"]
    with pytest.raises(InputError, match="circle: A1 -> B1 -> A1"):
        load(pairs(("A1", "IL6R")), aliases={"A1": "B1", "B1": "A1"})


def test_the_users_columns_stay():
    frame = pairs(
        ("TNFSF11", "TNFRSF11A", "my RANKL", "paracrine"),
        columns=("ligand_complex", "receptor_complex", "factor", "route"),
    )
    table = load(frame)
    assert table["factor"].tolist() == ["my RANKL"]
    assert table["route"].tolist() == ["paracrine"]
    assert list(frame.columns) == ["ligand_complex", "receptor_complex", "factor", "route"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pairs(("A", "B"), columns=("ligand", "receptr")), "no column 'receptor_complex'. Did you"),
        (
            pairs(("IL6", "IL6R"), ("2-Mar", "IL6R")),
            "row 3, column ligand_complex: '2-Mar' is a date",
        ),
        (pairs(("IL6", "")), "row 2, column receptor_complex"),
        (pairs(("IL6", None)), "row 2, column receptor_complex"),
        (pairs(("ENSG00000136244", "IL6R")), "is an Ensembl identifier"),
        (pairs(("=CMD()", "IL6R")), "formula"),
        (pairs(("IL6", "IL6R"), ("IL6", "IL6R")), "row 3 repeats row 2"),
        (pairs(("IL6", "IL6R+IL6ST"), ("IL6", "IL6ST+IL6R")), "row 3 repeats row 2"),
        (
            pairs(("Il6", "Il6ra"), ("Lep", "Lepr")),
            "mouse or rat symbols.* but organism is 'human'",
        ),
        (
            pairs(("IL6", "IL6R", "activator"), columns=("ligand", "receptor", "role")),
            "role in the",
        ),
    ],
)
def test_malformed_tables_are_refused_with_row_and_column(frame, message):
    with pytest.raises(InputError, match=message):
        load(frame)


def test_pairs_that_are_none_are_refused():
    with pytest.raises(InputError, match="Expected \\(ligand, receptor\\) pairs"):
        load([("A", "B", "C")])


def test_unreadable_files_say_so(tmp_path):
    with pytest.raises(ResourceError, match="Cannot read"):
        load(tmp_path / "absent.tsv")
    junk = tmp_path / "junk.tsv"
    junk.write_bytes(b"\xff\xfe\x00\x01" * 10)
    with pytest.raises(InputError, match="no table of text"):
        load(junk)


def test_csv_and_tsv_read_alike(tmp_path):
    frame = pairs(("LEP", "LEPR"), ("NAMPT", "INSR"))
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_csv(tmp_path / "a.tsv", index=False, sep="\t")
    one, two = load(str(tmp_path / "a.csv")), load(tmp_path / "a.tsv")
    pd.testing.assert_frame_equal(one, two)
