"""The evidence page in headless Chromium, from a file, without network."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import crosstalk_omics as cx
from crosstalk_omics.signatures import browse as browse_function
from crosstalk_omics.signatures.browse import _embed
from crosstalk_omics.signatures.query import levelled

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def page(tmp_path_factory) -> Path:
    return browse_function(tmp_path_factory.mktemp("browse") / "signatures.html")


def dom(page: Path, state: str, tmp_path: Path) -> str:
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={tmp_path}", "--virtual-time-budget=5000", "--dump-dom",
        f"{page.as_uri()}#{state}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return html.unescape(done.stdout)


def count(text: str) -> int:
    return int(re.search(r'id="count"[^>]*>(\d+) of', text)[1])


def test_the_page_asks_the_network_for_nothing(page):
    text = page.read_text()
    assert "default-src 'none'" in text
    head = text.split('<script id="data"')[0]
    assert not re.search(r"<(?:link|img|iframe|script src)|url\(|@import|https?://", head)
    assert not re.search(
        r"fetch\(|XMLHttpRequest|WebSocket|innerHTML|eval\(", text.split("</script>")[1]
    )


def test_text_of_a_row_cannot_become_markup():
    evil = "</script><script>alert(1)</script><!-- & \u2028"
    embedded = _embed({"rows": [[evil]]})
    assert "<" not in embedded
    assert json.loads(embedded)["rows"][0][0] == evil


def test_all_rows_are_counted_and_the_first_page_is_shown(page, tmp_path):
    text = dom(page, "", tmp_path)
    assert count(text) == len(levelled())
    assert text.count("<tr") - 1 == 200
    assert "https://pubmed.ncbi.nlm.nih.gov/" in text
    assert 'rel="noopener noreferrer"' in text
    # On a phone the rows are cards, whose cells carry their heading.
    assert text.count('data-head="Receptor"') == 200


@pytest.mark.parametrize(
    ("state", "column", "term"),
    [
        ("class=hpa", "class", "hpa"),
        ("target_tissue=cartilage", "target_tissue", "cartilage"),
        ("effect=muscle_mass:-", "effect", "muscle_mass:-"),
        ("level=human", "level", "human"),
        ("species=rat", "species", "rat"),
    ],
)
def test_filters_agree_with_the_table(page, tmp_path, state, column, term):
    cells = levelled()[column].str.split(";")
    assert count(dom(page, state, tmp_path)) == sum(term in cell for cell in cells)


def test_search_finds_a_factor(page, tmp_path):
    text = dom(page, "q=irisin%20cognition", tmp_path)
    assert 1 <= count(text) <= 5
    assert "irisin" in text


def test_the_function_returns_the_path(tmp_path):
    assert cx.signatures.browse(tmp_path / "b.html") == tmp_path / "b.html"
