"""Each figure script draws what it drew before: the same CSV, and a picture that looks the same."""

import importlib
import os
import runpy
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
FIGURES = ROOT / "figures"
EXPECTED = FIGURES / "expected"
SCRIPTS = sorted(FIGURES.glob("fig_*.py"))
ALIKE = 4.0  # mean difference of grey values, 0 to 255, of the shrunk pictures


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Run a script with its output in a temporary folder; skip where its study was not run."""
    results = Path(os.environ.get("CROSSTALK_RESULTS", ROOT / "results"))
    monkeypatch.syspath_prepend(str(FIGURES))
    monkeypatch.setenv("CROSSTALK_RESULTS", str(results))
    monkeypatch.setenv("CROSSTALK_FIGURES", str(tmp_path))
    importlib.invalidate_caches()

    def run(script: Path, folder: str = "one") -> Path:
        monkeypatch.setenv("CROSSTALK_FIGURES", str(tmp_path / folder))
        try:
            runpy.run_path(str(script), run_name="__main__")
        except SystemExit as missing:
            pytest.skip(str(missing))
        return tmp_path / folder / script.stem

    return run


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda s: s.stem)
def test_figure_is_what_it_was(script, drawn):
    base = drawn(script)
    expected = EXPECTED / f"{script.stem}.csv"
    assert base.with_suffix(".csv").read_text() == expected.read_text()
    shrink = importlib.import_module("_results").shrunk
    now = np.asarray(shrink(base.with_suffix(".png")), dtype=float)
    before = np.asarray(Image.open(expected.with_suffix(".png")), dtype=float)
    assert all(abs(a - b) <= 4 for a, b in zip(now.shape, before.shape, strict=True))
    rows, columns = (min(pair) for pair in zip(now.shape, before.shape, strict=True))
    assert np.abs(now[:rows, :columns] - before[:rows, :columns]).mean() < ALIKE


def test_a_figure_has_the_same_bytes_on_every_run(drawn):
    script = FIGURES / "fig_07_evidence.py"
    one, two = (drawn(script, folder) for folder in ("one", "two"))
    for suffix in (".svg", ".png", ".csv"):
        assert one.with_suffix(suffix).read_bytes() == two.with_suffix(suffix).read_bytes()


def test_every_script_has_an_expected_table_and_picture():
    for suffix in (".csv", ".png"):
        expected = {path.stem for path in EXPECTED.glob(f"*{suffix}")}
        assert expected == {script.stem for script in SCRIPTS}


def test_a_script_says_which_study_to_run(drawn, monkeypatch, tmp_path):
    monkeypatch.setenv("CROSSTALK_RESULTS", str(tmp_path / "nothing"))
    with pytest.raises(SystemExit, match=r"crosstalk run examples/a_exercise.*\.yaml"):
        runpy.run_path(str(FIGURES / "fig_08_irisin.py"), run_name="__main__")
