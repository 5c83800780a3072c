"""Broad resources: what the parsers give against the tables as their authors ship them."""

import re

import pandas as pd
import pytest

from crosstalk_omics.interactions import complexes, parsers


def read(path):
    separator = "," if ".csv" in path.suffixes else "\t"
    return pd.read_csv(path, sep=separator, low_memory=False)


@pytest.fixture(scope="module")
def lr(shared):
    return shared / "data" / "lr"


def pairs(table):
    return set(zip(table["ligand_complex"], table["receptor_complex"], strict=True))


def plain(table, ligand, receptor):
    return {
        (complexes.from_underscore(a), complexes.from_underscore(b))
        for a, b in zip(table[ligand], table[receptor], strict=True)
    }


def test_simple_resources_give_exactly_their_pairs(lr):
    liana = read(lr / "liana_omni_resource.csv.gz")
    consensus = liana[liana["resource"] == "consensus"]
    expected = plain(consensus, "source_genesymbol", "target_genesymbol")
    assert pairs(parsers.consensus({"pairs": liana})) == expected
    assert len(expected) == 4624
    for organism, number in (("human", 3398), ("mouse", 2033)):
        table = read(lr / f"celltalkdb_{organism}_lr_pair.tsv.gz")
        found = parsers.celltalkdb({"pairs": table})
        expected = set(zip(table["ligand_gene_symbol"], table["receptor_gene_symbol"], strict=True))
        assert pairs(found) == expected
        assert len(expected) == number
        assert found["references"].str.match(r"PMID:\d+").all()
    table = read(lr / "connectomedb2020_lrc2p.csv")
    found = parsers.connectomedb2020({"pairs": table})
    assert len(pairs(found)) == len(table) == 2293


def test_cellphonedb_names_the_genes_that_its_own_column_names(lr):
    parts = ("interaction", "gene", "complex", "protein")
    tables = {part: read(lr / f"cellphonedb_v5_{part}_input.csv") for part in parts}
    found = parsers.cellphonedb(tables)
    ours = pairs(found) | {(b, a) for a, b in pairs(found)}  # inhibitors are turned round
    missing = []
    for text in tables["interaction"]["interactors"]:
        halves = [(text[: m.start()], text[m.end() :]) for m in re.finditer("-", text)]
        named = {(complexes.canonical(a), complexes.canonical(b)) for a, b in halves if a and b}
        if not named & ours:
            missing.append(text)
    assert missing == []
    blocked = found[(found["ligand_complex"] == "SFRP1") & (found["receptor_complex"] == "WNT3A")]
    assert blocked["role"].tolist() == ["antagonist"]
    testosterone = found[(found["factor"] == "testosterone") & (found["receptor_complex"] == "AR")]
    assert set(testosterone["ligand_kind"]) == {"steroid"}


@pytest.mark.parametrize("organism", ["human", "mouse"])
def test_cellchatdb_names_the_genes_that_its_own_column_names(lr, organism):
    tables = {
        part: read(lr / f"cellchatdb_{organism}_{part}.tsv.gz")
        for part in ("interaction", "complex")
    }
    found = parsers.cellchatdb(tables)
    genes = {
        frozenset(complexes.genes([row.ligand_complex, row.receptor_complex]))
        for row in found.itertuples()
    }
    table = tables["interaction"].fillna("")
    named = [
        frozenset(filter(None, re.split(r", *", f"{row[0]}, {row[1]}")))
        for row in table[["ligand.symbol", "receptor.symbol"]].itertuples(index=False, name=None)
    ]
    agreeing = sum(names in genes for names in named)
    assert agreeing / len(named) > 0.97
    hints = found.groupby("ligand_complex")["hint"].agg(set)
    assert "contact" in hints[{"human": "CDH1", "mouse": "Cdh1"}[organism]]


def test_neuronchat_needs_one_gene_of_every_group(lr):
    table = read(lr / "neuronchat_human.tsv")
    found = parsers.neuronchat({"pairs": table}).set_index(["factor", "receptor_complex"])
    assert len(found) == table["interaction_type"].isin(["ligand-receptor", "gas-effector"]).sum()
    assert found.loc[("GABA", "GABRA1"), "ligand_complex"] == "GAD1+SLC32A1|GAD2+SLC32A1"
    assert "SLC6A4" not in found.index.get_level_values("receptor_complex")


def test_mebocost_leaves_out_what_no_gene_stands_for(lr):
    found = parsers.mebocost(
        {
            "sensor": read(lr / "mebocost_human_metabolite_sensor.tsv"),
            "reaction": read(lr / "mebocost_human_metabolite_gene_reaction.tsv.gz"),
        }
    )
    assert "Hydrogen peroxide" in found.attrs["left_out"]
    unknown = [t for t in found["factor"] if parsers.hormones.find(t) is None]
    size = found.set_index("factor")["ligand_complex"].map(complexes.parse).map(len)
    assert (size[unknown] <= parsers.MAX_ENZYMES).all()
    calcitriol = found[found["factor"] == "1,25-dihydroxyvitamin D3"]
    assert set(calcitriol["ligand_complex"]) == {"CYP27B1"}
    assert "VDR" in set(calcitriol["receptor_complex"])


def test_known_errors_are_in_the_resources(lr):
    """Each listed error was seen; if a resource mends it, the entry can go."""
    parts = ("interaction", "gene", "complex", "protein")
    cellphonedb = parsers.cellphonedb(
        {part: read(lr / f"cellphonedb_v5_{part}_input.csv") for part in parts}
    )
    cellchatdb = parsers.cellchatdb(
        {part: read(lr / f"cellchatdb_human_{part}.tsv.gz") for part in ("interaction", "complex")}
    )
    seen = {
        (row.factor.lower(), gene)
        for table in (cellphonedb, cellchatdb)
        for row in table.itertuples()
        for gene in complexes.genes([row.ligand_complex])
    }
    assert set(parsers.ERRORS) <= seen
