import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from crosstalk_omics.signatures.schema import (
    EvidenceRow,
    GeneSetRow,
    NamedSignature,
    check_gene,
    descendants,
    vocabularies,
)
from crosstalk_omics.signatures.species import ortholog_table
from crosstalk_omics.signatures.tables import named_signatures

GENES = sorted({*ortholog_table()["human"], *ortholog_table()["mouse"], *ortholog_table()["rat"]})


@given(st.sampled_from(GENES))
def test_no_real_gene_is_taken_for_a_date_or_formula(gene):
    assert check_gene(gene) == gene


@given(st.integers(1, 31), st.sampled_from(["Mar", "Sep", "Dec", "Oct", "Apr"]))
def test_every_spreadsheet_date_is_caught(day, month):
    for text in (f"{day}-{month}", f"{month}-{day:02d}", f"{day}-{month}-26"):
        with pytest.raises(ValueError, match="spreadsheet"):
            check_gene(text)


def test_parents_are_followed_to_the_end():
    assert {"endurance_exercise", "mechanical_loading"} <= descendants("context", ["activity"])
    assert "hpa" in descendants("class", ["neuroendocrine"])
    assert descendants("tissue", ["bone"]) == {"bone", "bone_marrow"}


def test_every_vocabulary_of_the_schema_is_shipped():
    used = {"class", "tissue", "cell", "effect", "effect_sign", "context", "context_sign", "role"}
    used |= {"ligand_kind", "evidence_type", "species", "verified", "receptor_basis", "receptor_in"}
    assert used == set(vocabularies())


def test_signature_ids_are_permanent_words():
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in named_signatures())


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ({}, "give either select"),
        ({"select": {}, "gene_set": "x"}, "give either select"),
        ({"select": {"colour": ["red"]}}, "Extra inputs"),
        ({"select": {"level": "strong"}}, "Input should be"),
        ({"select": {}, "signed": {"bone": 1}}, "is no effect"),
    ],
)
def test_malformed_entries_of_the_yaml_are_refused(entry, text):
    base = {"title": "t", "description": "d", "side": "sender"}
    with pytest.raises(ValidationError, match=text):
        NamedSignature.model_validate(base | entry)


def test_unknown_columns_are_refused():
    with pytest.raises(ValidationError, match="Extra inputs"):
        GeneSetRow.model_validate({"set_id": "a", "colour": "red"})
    assert "class" in {field.alias for field in EvidenceRow.model_fields.values()}
