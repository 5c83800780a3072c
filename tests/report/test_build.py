import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstalk_omics import report
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.core.files import write_table
from crosstalk_omics.report.build import MOST_ROWS
from crosstalk_omics.report.links import link_ids


def test_report_says_first_what_matters(page_file):
    html = page_file.read_text(encoding="utf-8")
    parts = ["Blood genes vary", "poor in muscle", "These are hypotheses", "factor 2", "<figure"]
    places = [html.index(part) for part in parts]
    assert places == sorted(places)


def test_report_holds_methods_links_and_provenance(page_file):
    html = page_file.read_text(encoding="utf-8")
    for text in (
        'href="https://doi.org/10.1016/j.csbj.2021.06.043"',
        'href="https://pubmed.ncbi.nlm.nih.gov/27304508/"',
        'href="https://doi.org/10.1016/S0092-8674(02)01049-8"',
        "Vastus lateralis &amp; training",
        "ab" * 32,
        "at FDR ≤ 0.05",
        "bone formation ↑; muscle mass ↓",
        "11 → 3",
        'href="crosstalk.tsv"',
        'href="figures/ranks.svg"',
    ):
        assert text in html


def test_names_from_data_are_escaped(page_file, hostile):
    html = page_file.read_text(encoding="utf-8")
    assert all(name not in html for name in hostile)
    assert "&lt;script&gt;window.hacked" in html


def test_nothing_outside_the_file_is_referred_to_but_links(page_file):
    html = page_file.read_text(encoding="utf-8")
    for attribute in ('src="http', "@import", "url(http", '<link rel="stylesheet"'):
        assert attribute not in html
    assert html.count('src="data:image/png;base64,') == 2


def test_report_is_the_same_each_time(page_file):
    before = page_file.read_bytes()
    assert report.build(page_file.parent).read_bytes() == before


def test_report_says_when_nothing_passed_and_what_stood_for_donors(tmp_path, rows):
    table = rows(6).assign(unit_ligand="gene", unit_receptor="donor", specificity_fdr=1.0)
    write_table(tmp_path / "crosstalk.tsv", table)
    html = report.build(tmp_path).read_text(encoding="utf-8")
    assert "0 at FDR ≤ 0.1: this list is an order to look at, not a set of findings" in html
    assert "11 → 3, genes compared" in html
    write_table(tmp_path / "crosstalk.tsv", table.assign(specificity_fdr=0.01))
    assert "not a set of findings" not in report.build(tmp_path).read_text(encoding="utf-8")


def test_report_without_donors_says_that_nothing_was_tested(tmp_path, run_folder):
    html = run_folder(tmp_path, tested=False).read_text(encoding="utf-8")
    assert "none tested: ranks only" in html
    assert "not tested</td>" in html


@pytest.mark.parametrize("n", [0, 1, 5])
def test_report_of_few_rows(tmp_path, rows, n):
    write_table(tmp_path / "crosstalk.tsv", rows(n))
    html = report.build(tmp_path).read_text(encoding="utf-8")
    assert f"{n} row" in html


def test_report_of_an_empty_folder_is_a_page(tmp_path):
    html = report.build(tmp_path).read_text(encoding="utf-8")
    assert "<h1>" in html
    assert "Top candidates" not in html


def test_report_embeds_some_rows_of_each_direction_and_links_all(tmp_path, rows):
    write_table(tmp_path / "crosstalk.tsv", rows(5000))
    html = report.build(tmp_path).read_text(encoding="utf-8")
    assert "The first 2,000 of 5,000 rows" in html
    data = html.split('class="rows">')[1].split("</script>")[0]
    embedded = json.loads(data)["rows"]
    assert len(embedded) == MOST_ROWS
    assert sum(row[0] == "bone" for row in embedded) == MOST_ROWS // 2


def test_report_tells_what_it_cannot_read(tmp_path):
    with pytest.raises(InputError, match="no results folder"):
        report.build(tmp_path / "nowhere")
    (tmp_path / "run.json").write_text('{"config": ')
    with pytest.raises(InputError, match="not readable JSON"):
        report.build(tmp_path)
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        ("see PMID:123.", "https://pubmed.ncbi.nlm.nih.gov/123/", "."),
        ("(doi:10.1000/a(b)c)", "https://doi.org/10.1000/a(b)c", ")"),
        ("https://doi.org/10.1000/x, then", "https://doi.org/10.1000/x", ", then"),
        (
            "https://pmc.ncbi.nlm.nih.gov/articles/PMC12/.",
            "https://pmc.ncbi.nlm.nih.gov/articles/PMC12/",
            ".",
        ),
        ("https://a.org/b?c=1&d=2.", "https://a.org/b?c=1&amp;d=2", "."),
    ],
)
def test_identifiers_become_links(text, address, rest):
    html = str(link_ids(text))
    assert f'href="{address}"' in html
    assert html.endswith(f"</a>{rest}")


def test_only_identifiers_become_links():
    assert str(link_ids('doi:10.1/<b>"')) == "doi:10.1/&lt;b&gt;&#34;"
    assert str(link_ids("javascript:alert(1)")) == "javascript:alert(1)"
    assert str(link_ids(None)) == ""


def test_a_note_on_several_directions_is_said_once(tmp_path):
    notes = ["a to b: No donors.", "b to a: No donors.", "No place.", "a to b: Other."]
    (tmp_path / "run.json").write_text(json.dumps({"notes": notes}))
    html = report.build(tmp_path).read_text(encoding="utf-8")
    for text in ("a to b; b to a: No donors.", "<li>No place.", "<li>a to b: Other."):
        assert text in html


@given(st.text(st.sampled_from("<>&'\" ;:/.()=a1PMIDdoi10."), max_size=60))
def test_no_text_can_open_a_tag(text):
    html = re.sub(
        r'<a href="https://[^"<>]*" rel="noopener noreferrer">|</a>', "", str(link_ids(text))
    )
    assert not re.search("[<>\"']", html)
