import sys

import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.signatures import validate as validate_function
from crosstalk_omics.signatures.tables import response_receptors
from crosstalk_omics.signatures.validate import GRADES, Report

MODULE = sys.modules["crosstalk_omics.signatures.validate"]


def test_report_prints_counts_grades_and_changes():
    report = cx.signatures.validate()
    text = str(report)
    assert "ERROR 0" in text
    assert "signatures changed since the last release" in text
    assert list(report.findings.columns) == ["grade", "table", "where", "finding"]
    order = report.findings["grade"].map(GRADES.index)
    assert order.is_monotonic_increasing


def test_an_error_raises_with_the_whole_report():
    findings = pd.DataFrame(
        [("ERROR", "myokine", "row 2, column effect", "no such term")],
        columns=["grade", "table", "where", "finding"],
    )
    report = Report(findings, cx.signatures.counts(), pd.DataFrame())
    with pytest.raises(InputError, match="row 2, column effect: no such term"):
        report.raise_on_errors()


def test_counts_add_up():
    counts = cx.signatures.counts().set_index("part")
    tables = counts[counts.index.str.startswith("table ")]
    classes = counts[counts.index.str.startswith("class ")]
    assert tables["rows"].sum() == classes["rows"].sum() == counts.loc["all", "rows"]


def test_changes_name_added_removed_and_new(tmp_path):
    old = tmp_path / "old.gmt"
    old.write_text("a\tNA\tSOST\tIL6\ngone\tNA\tLEP\n")
    now = pd.DataFrame(
        {"source": ["a", "a", "new"], "target": ["SOST", "TNF", "PTH"], "weight": 1.0}
    )
    found = cx.signatures.changes(now, old).set_index("signature")
    assert found.loc["a"].tolist() == ["TNF", "IL6"]
    assert found.loc["gone"].tolist() == ["", "LEP"]
    assert found.loc["new"].tolist() == ["PTH", ""]


def test_a_release_compared_with_itself_has_not_changed(tmp_path):
    path = cx.signatures.export("all", tmp_path / "all.gmt")
    assert cx.signatures.changes(cx.signatures.load("all"), path).empty


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (("response_typo", "PTH1R", "canonical", "NA"), "no such response signature"),
        (("response_wnt_bcatenin", "LRP55", "canonical", "NA"), "no evidence row names"),
        (("response_wnt_bcatenin", "LRP5", "sure", "NA"), "is no receptor_basis"),
        (("response_wnt_bcatenin", "LRP5", "canonical", "NA"), "stands twice"),
    ],
)
def test_links_of_responses_to_receptors_are_checked(monkeypatch, link, text):
    table = response_receptors()
    more = pd.concat([table, pd.DataFrame([link], columns=table.columns)], ignore_index=True)
    monkeypatch.setattr(MODULE, "response_receptors", lambda: more)
    findings = validate_function().findings
    errors = findings.loc[findings["grade"] == "ERROR", ["table", "finding"]]
    assert errors["table"].eq("response_receptors").all()
    assert errors["finding"].str.contains(text).any()
