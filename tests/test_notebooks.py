"""The stored notebooks: paired with their sources, small, and clean to read."""

import json
import re
import runpy
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
SOURCES = sorted(NOTEBOOKS.glob("[0-9]*.py"))
ABSOLUTE = re.compile(r"(?<![\w.:/])/(?:home|root|tmp|work|usr|opt|var|mnt|Users)/|[A-Z]:\\\\")
by_name = pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)


def outputs(source: Path) -> list[dict]:
    stored = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    return [out for cell in stored["cells"] for out in cell.get("outputs", [])]


def test_there_are_six_and_each_is_executed():
    assert [path.name[:2] for path in SOURCES] == ["01", "02", "03", "04", "05", "06"]
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == {path.stem for path in SOURCES}


@by_name
def test_text_and_stored_cells_agree(source):
    jupytext = pytest.importorskip("jupytext")
    text = jupytext.read(source)
    stored = json.loads(source.with_suffix(".ipynb").read_text(encoding="utf-8"))
    assert [(cell["cell_type"], "".join(cell["source"])) for cell in stored["cells"]] == [
        (cell.cell_type, cell.source) for cell in text.cells
    ]
    code = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not any("execution" in cell["metadata"] for cell in code)


@by_name
def test_outputs_are_clean_and_small(source):
    assert source.with_suffix(".ipynb").stat().st_size < 1_000_000
    found = outputs(source)
    assert found
    for out in found:
        assert out["output_type"] != "error"
        assert out.get("name") != "stderr", out["text"]
        text = out.get("text", "")
        data = "".join("".join(v) for k, v in out.get("data", {}).items() if k.startswith("text/"))
        hit = ABSOLUTE.search("".join(text) + data)
        assert hit is None, hit


@by_name
def test_a_figure_is_drawn(source):
    assert any("image/png" in out.get("data", {}) for out in outputs(source))


def test_data_that_cannot_be_had_are_named_and_what_is_stored_stays(monkeypatch, tmp_path, capsys):
    pytest.importorskip("nbclient")
    source = tmp_path / "01_needs_data.py"
    source.write_text(
        "# %%\nimport crosstalk_omics as cx\n\n"
        'cx.datasets.load("osd103_mouse_quadriceps_spaceflight")\n'
    )
    monkeypatch.setenv("CROSSTALK_CACHE", str(tmp_path / "empty"))
    monkeypatch.setenv("CROSSTALK_OFFLINE", "1")
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOKS.parent))
    monkeypatch.setattr("sys.argv", ["execute.py"])
    execute = runpy.run_path(str(NOTEBOOKS / "execute.py"))
    monkeypatch.setitem(execute["main"].__globals__, "HERE", tmp_path)
    execute["main"]()
    said = capsys.readouterr().out
    assert said.startswith("01_needs_data: skipped.")
    assert "CROSSTALK_OFFLINE" in said
    assert not (tmp_path / "01_needs_data.ipynb").exists()
