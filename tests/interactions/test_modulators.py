"""What weakens, carries, activates or removes a signal."""

import pytest

from crosstalk_omics.core.errors import InputError
from crosstalk_omics.interactions import complexes, load, modulators
from crosstalk_omics.interactions.modulators import COLUMNS, ENZYMES, SIGNAL


@pytest.fixture(scope="module")
def table():
    return load()


@pytest.fixture(scope="module")
def found(table):
    return modulators(table)


def test_every_modulator_stands_beside_an_agonist_of_the_table(table, found):
    assert list(found.columns) == COLUMNS
    agonists = table.loc[found["interaction"]]
    assert (agonists["role"] == "agonist").all()
    for column in ("factor", "ligand_complex", "receptor_complex"):
        assert (agonists[column].to_numpy() == found[column].to_numpy()).all()
    assert not found.duplicated(["interaction", "modulator", "modulator_complex", "role"]).any()
    assert set(found["role"]) <= set(SIGNAL)


@pytest.mark.parametrize(
    ("factor", "modulator_complex", "role", "acts_on"),
    [
        ("RANKL", "TNFRSF11B", "decoy", "ligand"),
        ("WNT1", "SOST", "antagonist", "receptor"),
        ("WNT1", "DKK1", "antagonist", "receptor"),
        ("BMP2", "NOG", "antagonist", "ligand"),
        ("myostatin", "FST", "antagonist", "ligand"),
        ("IGF-1", "IGFBP3", "carrier", "ligand"),
        ("norepinephrine", "SLC6A2", "carrier", "ligand"),
        ("GLP-1", "DPP4", "antagonist", "ligand"),
        ("cortisol", "HSD11B1", "activation", "substance"),
        ("cortisol", "HSD11B2", "inactivation", "substance"),
        ("thyroid hormone T3", "DIO2", "activation", "substance"),
        ("thyroid hormone T3", "DIO3", "inactivation", "substance"),
        ("testosterone", "SRD5A1|SRD5A2", "activation", "substance"),
    ],
)
def test_known_modulators_are_attached(found, factor, modulator_complex, role, acts_on):
    hit = found[(found["factor"] == factor) & (found["modulator_complex"] == modulator_complex)]
    assert set(hit["role"]) == {role}
    assert set(hit["acts_on"]) == {acts_on}


def test_enzymes_act_in_the_receiver_and_have_a_source(found):
    enzymes = found[found["acts_on"] == "substance"]
    assert set(enzymes["side"]) == {"receiver"}
    assert all(enzyme.reference for enzyme in ENZYMES)
    assert not enzymes["references"].eq("").any()


def test_curated_antagonists_are_attached_to_a_filtered_table():
    table = load(route="paracrine")
    assert "antagonist" not in set(table.loc[table["ligand_complex"] == "SOST", "role"])
    found = modulators(table)
    assert {"SOST", "DKK1"} <= set(found.loc[found["factor"] == "WNT10B", "modulator_complex"])


def test_modulators_follow_the_organism_of_the_table():
    mouse = modulators(load(organism="mouse"))
    genes = complexes.genes(mouse["modulator_complex"])
    assert {"Sost", "Tnfrsf11b", "Dio2", "Hsd11b1", "Srd5a2"} <= set(genes)
    table = load(organism="mouse")
    table.attrs = {}
    assert len(modulators(table, organism="mouse")) == len(mouse)


def test_a_table_without_roles_is_refused(table):
    with pytest.raises(InputError, match="no column 'role'"):
        modulators(table.drop(columns="role"))
