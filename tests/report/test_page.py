import os
from pathlib import Path

import pytest

from crosstalk_omics import signatures

AXE = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
WIDTHS = {"phone": 390, "laptop": 1366}
PRINTED = 690  # pixels of an A4 page within its margins
TOO_WIDE = """[...document.querySelectorAll('.scroll')]
  .filter(s => s.scrollWidth > s.clientWidth).map(s => s.getAttribute('aria-label'))"""


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_page_opens_without_complaint_or_request(page, page_file, width):
    page.open(page_file, width=width)
    assert page.complaints() == []
    assert [u for u in page.requests() if not u.startswith(("file:", "data:"))] == []
    assert page.run("window.hacked") is None
    assert page.run("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")


def test_no_table_is_wider_than_a_laptop(page, tmp_path, wide_folder):
    page.open(wide_folder(tmp_path), width=WIDTHS["laptop"])
    tables = page.run("document.querySelectorAll('.scroll table').length")
    assert tables == 7
    assert page.run(TOO_WIDE) == []
    page.call("Emulation.setEmulatedMedia", media="print")
    page.call("Emulation.setDeviceMetricsOverride", width=PRINTED, height=900,
              deviceScaleFactor=1, mobile=False)  # fmt: skip
    assert page.run(TOO_WIDE) == []


def test_columns_without_room_are_on_a_line_that_opens(page, tmp_path, wide_folder):
    page.open(wide_folder(tmp_path), width=WIDTHS["laptop"])
    page.run("window.grid = document.querySelector('#table-contrast'); 0")
    shown = "[...grid.querySelectorAll('thead th')].filter(h => h.offsetWidth).map({})"
    heads = page.run(shown.format("h => h.textContent"))
    assert {"factor", "ligand", "receptor", "p", "FDR"} <= set(heads)
    assert "references" not in heads
    button = "grid.querySelector('tbody button')"
    page.run(f"{button}.click()")
    assert page.run(f"{button}.getAttribute('aria-expanded')") == "true"
    line = page.run("grid.querySelector('.more').textContent")
    for text in ("replicate, from: donor", "references: PMID:27304508", "route: endocrine"):
        assert text in line
    more = page.run("[...grid.querySelectorAll('.more b')].map(b => b.textContent)")
    assert not {f"{head}: " for head in heads} & set(more)
    page.run(f"{button}.click()")
    assert page.run("grid.querySelector('.more')") is None
    page.run(
        "window.by = [...grid.querySelectorAll('select')].at(-1);"
        "by.value = [...by.options].find(o => o.textContent == 'donors, from').value;"
        "by.dispatchEvent(new Event('change'));"
        "[...grid.querySelectorAll('button')].find(b => b.textContent == 'Reverse').click();"
        f"{button}.click()"
    )
    assert "donors, from: 15" in page.run("grid.querySelector('.more').textContent")
    assert page.complaints() == []


def test_tables_filter_sort_turn_pages_and_export(page, tmp_path, run_folder):
    file = run_folder(tmp_path, 120)
    page.open(file)
    page.run("window.grid = document.querySelector('#table-crosstalk'); 0")
    cells = "[...grid.querySelectorAll('tbody tr')].map(r => r.cells[{}].textContent)"
    assert page.run("grid.querySelector('.count').textContent") == "rows 1 to 50 of 120"
    page.run("[...grid.querySelectorAll('button')].find(b => b.textContent == 'Next').click()")
    assert page.run("grid.querySelector('.count').textContent") == "rows 51 to 100 of 120"
    search = "s => { const i = grid.querySelector('input'); i.value = s; "
    search += "i.dispatchEvent(new Event('input')); }"
    page.run(f"({search})('lig7')")
    assert page.run("grid.querySelector('.count').textContent") == "rows 1 to 11 of 11"
    page.run(f"({search})('')")
    heads = page.run("[...grid.querySelectorAll('thead th')].map(h => h.textContent)")
    at = heads.index("magnitude")
    page.run(f"grid.querySelectorAll('thead button')[{at}].click()")
    values = [float(v) for v in page.run(cells.format(at))]
    assert values == sorted(values)
    assert page.run("grid.querySelector('[aria-sort]').getAttribute('aria-sort')") == "ascending"
    page.run(
        "window.saved = []; URL.createObjectURL = b => { saved.push(b); return '#'; };"
        "[...grid.querySelectorAll('button')].find(b => b.textContent == 'Export CSV').click()"
    )
    lines = page.run("saved[0].text()").splitlines()
    assert len(lines) == 121
    assert lines[0].startswith("source_tissue,")
    assert page.complaints() == []


def test_page_prints_whole_tables_and_figures(page, page_file):
    page.open(page_file)
    assert len(page.call("Page.printToPDF", preferCSSPageSize=True)["data"]) > 10_000
    page.call("Emulation.setEmulatedMedia", media="print")
    hidden = "getComputedStyle(document.querySelector('{}')).display"
    assert page.run(hidden.format("nav")) == "none"
    assert page.run(hidden.format(".tools")) == "none"
    page.call("Emulation.setDeviceMetricsOverride", width=PRINTED, height=900,
              deviceScaleFactor=1, mobile=False)  # fmt: skip
    assert page.run("document.documentElement.scrollWidth <= innerWidth")


def serious(page) -> list[str]:
    """What axe finds on the open page that keeps people from using it."""
    page.run(f"{AXE.read_text(encoding='utf-8')}; 0")
    found = page.run(
        "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)]))"
    )
    return [v for v in found if v[0] in ("serious", "critical")]


needs_axe = pytest.mark.skipif(not AXE.is_file(), reason="needs axe-core: set AXE_CORE to its file")


@needs_axe
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_page_is_accessible(page, page_file, width):
    page.open(page_file, width=width)
    assert serious(page) == []


@needs_axe
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_wide_tables_are_accessible_with_open_lines(page, tmp_path, wide_folder, width):
    page.open(wide_folder(tmp_path), width=width)
    page.run("document.querySelectorAll('tbody button').forEach(b => b.click())")
    assert page.run("document.querySelectorAll('.more').length") > 10
    assert serious(page) == []


@needs_axe
def test_page_is_accessible_as_it_is_printed(page, page_file):
    page.open(page_file, width=PRINTED)
    page.call("Emulation.setEmulatedMedia", media="print")
    assert serious(page) == []


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
def test_evidence_browser_is_accessible(page, tmp_path, width, scheme):
    file = signatures.browse(tmp_path / "signatures.html")
    page.open(file, width=width)
    page.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    assert serious(page) == []
