"""What the documentation says exists, and what its examples print is what they print."""

import doctest
import inspect
import re
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from crosstalk_omics import config

ROOT = Path(__file__).resolve().parent.parent
SPACES = ("datasets", "interactions", "pipeline", "pl", "pp", "report", "signatures", "tl")
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md"]
WRITTEN = [p for p in PAGES if not {"_build", "generated", "tutorials"} & set(p.parts)]


def public() -> dict[str, object]:
    """Every public function and class, as `tl.score`."""
    found = {}
    for space in SPACES:
        module = import_module(f"crosstalk_omics.{space}")
        things = {name: getattr(module, name) for name in module.__all__}
        found |= {f"{space}.{k}": v for k, v in things.items() if callable(v)}
    return found


def with_examples() -> list:
    things = public().items()
    return [pytest.param(v, id=k) for k, v in things if "\nExamples\n" in (inspect.getdoc(v) or "")]


@pytest.mark.parametrize("thing", with_examples())
def test_examples_print_what_they_show(thing, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    runner, said = doctest.DocTestRunner(optionflags=flags), []
    with mpl.rc_context({"backend": "agg"}):
        for test in doctest.DocTestFinder(recurse=False).find(thing, "example", module=False):
            runner.run(test, out=said.append)
        plt.close("all")
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_the_reference_names_every_public_function():
    pages = (ROOT / "docs" / "reference").glob("*.md")
    named = {line.strip() for page in pages for line in page.read_text().splitlines()}
    assert not set(public()) - named


@pytest.mark.parametrize("page", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_pages_name_only_what_exists(page):
    for space, name in re.findall(r"\bcx\.(\w+)\.(\w+)", page.read_text()):
        assert space in SPACES, f"cx.{space}.{name}"
        assert hasattr(import_module(f"crosstalk_omics.{space}"), name), f"cx.{space}.{name}"


def test_every_key_of_a_study_is_explained():
    page = (ROOT / "docs" / "study_file.md").read_text()
    for model in ("Study", "Tissue", "Contrast", "Scoring", "Interactions", "Inference", "Paired"):
        for key in getattr(config, model).model_fields:
            assert f"`{key}`" in page, f"{model}.{key}"
