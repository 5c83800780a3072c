from pathlib import Path

import pytest

import crosstalk_omics as cx
from crosstalk_omics.signatures.schema import vocabularies
from crosstalk_omics.signatures.tables import named_signatures

PAGE = Path(__file__).resolve().parents[2] / "docs" / "coverage.md"
CONDITIONS = [
    "osteoporosis", "sarcopenia", "osteosarcopenia", "osteoarthritis", "muscular dystrophy",
    "osteogenesis imperfecta", "rickets and XLH", "chronic kidney disease", "diabetes", "obesity",
    "cachexia", "glucocorticoid excess", "menopause", "disuse", "denervation", "spaceflight",
    "fracture",
]  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return cx.signatures.coverage().set_index("system")


def test_the_page_is_what_the_tables_say(tmp_path):
    written = cx.signatures.write_coverage(tmp_path / "coverage.md").read_text()
    assert PAGE.read_text() == written, 'run cx.signatures.write_coverage("docs/coverage.md")'


def test_every_system_has_signatures_with_genes(table):
    assert len(table) == 46
    assert (table["n_genes"] > 0).all()
    assert set(CONDITIONS) == set(table.index[table["group"] == "condition"])


def test_every_condition_has_evidence(table):
    conditions = table[table["group"] == "condition"]
    assert (conditions["n_rows"] > 0).all()
    assert (conditions["level"] != "database").all()


def test_every_neuroendocrine_class_is_in_a_system(table):
    named = {name for names in table["signatures"] for name in names}
    classes = vocabularies()["class"]
    axes = {f"{name}_sender" for name, parent in classes.items() if parent == "neuroendocrine"}
    assert axes <= named
    assert named <= set(named_signatures())


def test_rows_add_up_over_levels(table):
    levels = table[["human", "in_vivo", "in_vitro", "review"]].sum(axis=1)
    assert (levels == table["n_rows"]).all()
