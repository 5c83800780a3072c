"""Tables in the symbols of another organism."""

import pandas as pd

from crosstalk_omics.interactions import species


def table(*rows):
    columns = ["factor", "ligand_kind", "ligand_complex", "receptor_complex"]
    return pd.DataFrame(list(rows), columns=columns)


def test_alternatives_survive_the_loss_of_one_and_rows_the_loss_of_a_side_do_not():
    human = table(
        ("SOST", "protein", "SOST", "LRP5|LRP6"),
        ("CXCL8", "protein", "CXCL8", "CXCR1|CXCR2"),
        ("mixed", "protein", "SOST|CXCL8", "LRP5"),
    )
    mapped, lost = species.to_organism(human, "mouse")
    assert mapped["ligand_complex"].tolist() == ["Sost", "Sost"]
    assert mapped["receptor_complex"].tolist() == ["Lrp5|Lrp6", "Lrp5"]
    assert lost == [
        {
            "factor": "CXCL8",
            "ligand_complex": "CXCL8",
            "receptor_complex": "CXCR1|CXCR2",
            "reason": "no one-to-one mouse ortholog of CXCL8",
        }
    ]


def test_human_stays_as_it_is():
    human = table(("SOST", "protein", "SOST", "LRP5|LRP6"))
    mapped, lost = species.to_organism(human, "human")
    assert mapped is human
    assert lost == []


def test_rodent_steps_replace_human_enzymes_for_the_substance_only():
    human = table(
        ("cortisol", "steroid", "CYP17A1+STAR", "NR3C1"),
        ("a protein", "protein", "CYP17A1+STAR", "NR3C1"),
    )
    mapped, _ = species.to_organism(human, "mouse")
    assert mapped["ligand_complex"].tolist() == [
        "Cyp11a1+Cyp11b1+Cyp21a1+Hsd3b1+Star",
        "Cyp17a1+Star",
    ]


def test_previous_symbols_become_current():
    old = table(("x", "protein", "CTGF+GDF8", "CYR61"))
    current, renamed = species.to_current(old, "human")
    assert current.loc[0, ["ligand_complex", "receptor_complex"]].tolist() == ["CCN2+MSTN", "CCN1"]
    assert renamed == {"CTGF": "CCN2", "GDF8": "MSTN", "CYR61": "CCN1"}
    assert old.loc[0, "ligand_complex"] == "CTGF+GDF8"
