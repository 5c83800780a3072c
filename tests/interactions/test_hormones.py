"""Substances stand for the genes that make and release them."""

import pytest

from crosstalk_omics.interactions import complexes, hormones, species


@pytest.mark.parametrize("hormone", hormones.HORMONES, ids=lambda h: h.name)
def test_every_hormone_names_its_last_step_and_its_source(hormone):
    ways = complexes.from_steps(*hormone.steps)
    last = set(complexes.genes([hormone.last]))
    assert all(last & set(way) for way in complexes.parse(ways))
    assert hormone.source


def test_names_and_aliases_are_unique():
    names = [n.lower() for h in hormones.HORMONES for n in (h.name, *h.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("ligand", "noted", "expected"),
    [
        # one full way to make it is kept: this is the gut, that is the brain
        ("serotonin", "TPH1+DDC+SLC18A1", "DDC+SLC18A1+TPH1"),
        ("serotonin", "TPH2+DDC+SLC18A2", "DDC+SLC18A2+TPH2"),
        # a release step on top is kept
        ("prostaglandin E2", "PTGS2+PTGES+GJA1", "GJA1+PTGES+PTGS2"),
        # enzymes that replace one another are not all needed
        ("GABA", "GAD1+GAD2+SLC32A1", "GAD1+SLC32A1|GAD2+SLC32A1"),
        ("2-arachidonoylglycerol", "DAGLA+DAGLB", "DAGLA|DAGLB"),
        # steps of another tissue are not asked of the sender
        ("triiodothyronine", "TPO+TG+SLC5A5+DIO2", "SLC5A5+TG+TPO"),
        ("1,25-dihydroxyvitamin D3", "CYP2R1+CYP27B1", "CYP27B1"),
        # activation in the target is not sending
        ("cortisol", "HSD11B1", ""),
        # unknown to the table: the row speaks
        ("lactate", "SLC16A3+LDHA", "LDHA+SLC16A3"),
        ("unheard of", "", ""),
    ],
)
def test_sender_genes(ligand, noted, expected):
    assert hormones.sender_genes(ligand, noted) == expected


def test_rodents_make_corticosterone_without_cyp17a1():
    assert "CYP17A1" in hormones.sender_genes("cortisol")
    assert species.hormone_genes("mouse")["cortisol"] == "Cyp11a1+Cyp11b1+Cyp21a1+Hsd3b1+Star"
