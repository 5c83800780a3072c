import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.signatures.species import map_net, ortholog_table

ORGANISMS = ["human", "mouse", "rat"]


@pytest.mark.parametrize("source", ORGANISMS)
@pytest.mark.parametrize("target", ORGANISMS)
def test_orthologs_are_one_to_one(source, target):
    pairs = cx.signatures.orthologs(source, target)
    assert pairs["source_gene"].is_unique
    assert pairs["target_gene"].is_unique
    assert not (pairs == "NA").any(axis=None)


@pytest.mark.parametrize("target", ["mouse", "rat"])
def test_mapping_there_and_back_gives_the_same_genes(target):
    genes = ["FNDC5", "SOST", "TNFRSF11A", "GH1", "CALCA", "CCN2", "BMAL1"]
    there, lost = cx.signatures.map_genes(genes, target=target)
    assert lost == []
    back, _ = cx.signatures.map_genes(there.values(), source=target, target="human")
    assert list(back.values()) == genes


def test_known_one_to_many_cases():
    kept, lost = cx.signatures.map_genes(["INS", "CCL2", "GH1", "CXCL8", "FGF19"], target="mouse")
    assert kept == {"INS": "Ins2", "CCL2": "Ccl2", "GH1": "Gh", "FGF19": "Fgf15"}
    assert lost == ["CXCL8"]


@given(st.lists(st.sampled_from(sorted(ortholog_table()["human"])), max_size=30))
def test_every_gene_is_kept_or_lost(genes):
    kept, lost = cx.signatures.map_genes(genes, target="rat")
    assert set(kept) | set(lost) == set(genes)
    assert not set(kept) & set(lost)


def test_disagreeing_sources_are_shown():
    table = ortholog_table().set_index("human")
    assert "Ins1" in table.loc["INS", "mouse_other"]
    assert table.loc["MSTN", "mouse_basis"] == "one2one"
    assert {
        "one2one",
        "same_symbol",
        "majority",
        "one2many",
        "many2one",
        "none",
        "symbol_only",
    } == set(table["mouse_basis"])
    missing = table[table["mouse"] == "NA"]
    assert set(missing["mouse_basis"]) <= {"one2many", "many2one", "none"}


def test_map_net_says_what_each_signature_lost():
    net = pd.DataFrame(
        {
            "source": ["a", "a", "b"],
            "target": ["SOST", "CXCL8", "CXCL8"],
            "weight": [1.0, 1.0, -1.0],
        }
    )
    mapped = map_net(net, source="human", target="mouse")
    assert mapped["target"].tolist() == ["Sost"]
    assert mapped.attrs["lost"] == [
        {"signature": "a", "n_total": 2, "n_kept": 1, "lost": "CXCL8"},
        {"signature": "b", "n_total": 1, "n_kept": 0, "lost": "CXCL8"},
    ]
    assert net["target"].tolist() == ["SOST", "CXCL8", "CXCL8"]


def test_unknown_organism():
    with pytest.raises(InputError, match="target is 'fly'"):
        cx.signatures.orthologs(target="fly")
    with pytest.raises(InputError, match="organism is 'fly'"):
        cx.signatures.aliases("fly")
