"""The rule that gives each row its route."""

import pandas as pd
import pytest

from crosstalk_omics.interactions import load
from crosstalk_omics.interactions.secretion import routes_of


def route(ligand, *, factor="", kind="protein", classes="", sources="", targets="", hints=""):
    row = {
        "factor": factor or ligand,
        "ligand_complex": ligand,
        "ligand_kind": kind,
        "classes": classes,
        "source_tissues": sources,
        "target_tissues": targets,
    }
    return routes_of(pd.DataFrame([row]), pd.Series([hints]), ["IL6"])[0]


@pytest.mark.parametrize(
    ("expected", "ligand", "facts"),
    [
        ("juxtacrine", "CDH1", {"hints": "secreted"}),
        ("juxtacrine", "Cdh2", {}),
        ("juxtacrine", "HLA-A", {}),
        ("juxtacrine", "CD47", {"hints": "contact"}),
        ("juxtacrine", "EFNB2", {"sources": "bone", "targets": "skeletal_muscle"}),
        ("endocrine", "IL6", {}),
        ("unknown", "ABCA1", {}),
        ("paracrine", "WNT3A", {"hints": "secreted"}),
        ("endocrine", "WNT3A", {"sources": "bone", "targets": "skeletal_muscle"}),
        ("paracrine", "COL1A1", {"hints": "secreted"}),
        ("paracrine", "SPARCL1", {"hints": "matrix"}),
        ("paracrine", "WNT10B", {"sources": "bone", "targets": "bone_marrow"}),
        ("synaptic", "CALCA", {"kind": "peptide", "sources": "sensory_nerve", "targets": "bone"}),
        ("endocrine", "INS", {"kind": "peptide", "sources": "pancreas", "targets": "bone"}),
    ],
)
def test_proteins(expected, ligand, facts):
    assert route(ligand, **facts) == expected


@pytest.mark.parametrize(
    ("expected", "factor", "facts"),
    [
        ("synaptic", "norepinephrine", {"sources": "sympathetic_nerve", "targets": "bone"}),
        ("synaptic", "norepinephrine", {}),
        ("endocrine", "epinephrine", {"sources": "adrenal_medulla", "targets": "bone"}),
        ("synaptic", "serotonin", {"sources": "brainstem", "targets": "hypothalamus"}),
        ("endocrine", "serotonin", {"sources": "gut", "targets": "bone"}),
        ("endocrine", "dopamine", {"sources": "hypothalamus", "targets": "pituitary"}),
        ("endocrine", "melatonin", {}),
    ],
)
def test_monoamines(expected, factor, facts):
    assert route("TH+DDC", factor=factor, kind="monoamine", **facts) == expected


@pytest.mark.parametrize(
    ("expected", "kind", "sources", "targets"),
    [
        ("endocrine", "steroid", "", ""),
        ("endocrine", "lipid", "bone", "sensory_nerve"),
        ("paracrine", "lipid", "bone", "bone"),
        ("paracrine", "metabolite", "", ""),
    ],
)
def test_other_substances(expected, kind, sources, targets):
    assert route("X1", factor="x", kind=kind, sources=sources, targets=targets) == expected


def test_peptides_of_central_neurons_are_not_hormones_of_bone():
    table = load()
    for peptide in ("orexin", "galanin", "neuromedin U"):
        assert set(table.loc[table["factor"] == peptide, "route"]) == {"synaptic"}
    for hormone in ("oxytocin", "vasopressin", "growth hormone", "GnRH", "CRH", "FSH"):
        assert set(table.loc[table["factor"] == hormone, "route"]) == {"endocrine"}
