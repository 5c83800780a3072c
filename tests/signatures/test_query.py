import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.core.names import EVIDENCE_LEVELS
from crosstalk_omics.signatures.query import (
    conflicting_effects,
    evidence_level,
    levelled,
    row_levels,
    select_rows,
)
from crosstalk_omics.signatures.schema import Select


def rows(*cells: tuple[str, str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(cells, columns=["evidence_type", "verified", "effect"])
    return frame.assign(target_tissue="bone")


@pytest.mark.parametrize(
    ("cells", "level"),
    [
        (("human_intervention", "primary", "bone_mass:+"), "human"),
        (("in_vivo", "cited", "bone_mass:+"), "in_vivo"),
        (("in_vitro", "primary", "bone_formation:-"), "in_vitro"),
        (("human_intervention", "primary", "NA"), "review"),
        (("human_observational", "primary", "bone_mass:+"), "review"),
        (("in_vivo", "review", "bone_mass:+"), "review"),
        (("in_vivo", "unverified", "bone_mass:+"), "review"),
        (("in_vivo", "primary", "bone_mass:0"), "review"),
        (("in_vivo", "primary", "bone_mass:0;appetite:-"), "in_vivo"),
        (("NA", "unverified", "NA"), "review"),
    ],
)
def test_level_of_a_row(cells, level):
    assert row_levels(rows(cells)).tolist() == [level]


def test_level_of_an_interaction_is_its_strongest_row():
    both = rows(
        ("in_vitro", "primary", "bone_mass:+"), ("human_intervention", "primary", "bone_mass:+")
    )
    assert evidence_level(both) == "human"
    assert evidence_level(both.iloc[:1]) == "in_vitro"
    assert evidence_level(both.iloc[:0]) == "database"


def test_conflicts_are_within_one_target_tissue():
    up, down = ("in_vivo", "primary", "bone_mass:+"), ("in_vivo", "primary", "bone_mass:-")
    both = rows(up, down)
    assert conflicting_effects(both) == ["bone_mass"]
    assert conflicting_effects(both.assign(target_tissue=["bone", "cartilage"])) == []
    assert conflicting_effects(rows(up, ("in_vivo", "primary", "bone_mass:0"))) == []


def test_evidence_of_a_factor_gene_class_and_signature():
    evidence = cx.signatures.evidence
    assert set(evidence("Irisin")["factor"]) == {"irisin"}
    assert {"SOST", "DKK1"} <= set(evidence("LRP5")["ligand"])
    assert set(evidence("PTGES")["factor"]) == {"prostaglandin E2"}
    assert set(evidence("hpg")["class"]) == {"hpg"}
    rule = evidence("myokine_bone_anabolic_sender")
    assert set(rule["class"]) == {"myokine"}
    assert set(rule["target_tissue"]) <= {"bone", "bone_marrow"}
    genes = evidence("response_bmp_smad")
    assert "ID1" in set(genes["gene"])


def test_evidence_comes_strongest_first():
    order = cx.signatures.evidence("leptin")["level"].map(EVIDENCE_LEVELS.index)
    assert order.is_monotonic_increasing


def test_an_unknown_name_gets_the_nearest_known_one():
    with pytest.raises(InputError, match="Did you mean 'irisin'"):
        cx.signatures.evidence("irisine")


def test_rules_take_parents_and_any_sign():
    everything = levelled()
    marrow = select_rows(everything, Select(target=("bone_marrow",)))
    bone = select_rows(everything, Select(target=("bone",)))
    assert set(marrow.index) < set(bone.index)
    signed = select_rows(everything, Select(context=("exercise:+",)))
    unsigned = select_rows(everything, Select(context=("exercise",)))
    assert set(signed.index) < set(unsigned.index)
    assert unsigned["context"].str.contains("resistance_exercise").any()


@pytest.mark.parametrize(
    "key", [{"class": ("myokin",)}, {"effect": ("bone_mass:up",)}, {"target": ("femur",)}]
)
def test_rules_take_known_terms_only(key):
    with pytest.raises(ValueError, match=r"is no (class|effect_sign|tissue)"):
        Select.model_validate(key)


def test_list_has_the_sizes_that_load_gives():
    table = cx.signatures.list().set_index("signature")
    for organism in ("human", "mouse", "rat"):
        net = cx.signatures.load("osteokine_receiver", organism=organism)
        assert table.loc["osteokine_receiver", f"n_{organism}"] == len(net)
    assert (table[["n_human", "n_mouse", "n_rat"]] > 0).all(axis=None)
    assert table.loc["myokine_bone_net_sender", "signed"]
    assert not table.loc["myokine_sender", "signed"]
    assert table["title"].str.len().gt(0).all()
    assert table["description"].str.len().gt(20).all()
