"""One table from the evidence, from resources or from the user."""

import functools
import logging

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from crosstalk_omics import datasets
from crosstalk_omics.core.errors import InputError, ResourceError
from crosstalk_omics.core.files import write_table
from crosstalk_omics.core.names import EVIDENCE_LEVELS, ORGANISMS, RECEPTOR_BASES, ROLES, ROUTES
from crosstalk_omics.interactions import broad, complexes, load
from crosstalk_omics.interactions.curated import COLUMNS, KEY
from crosstalk_omics.signatures.tables import evidence_table

POSITIVE_CONTROLS = [  # ligand genes, receptor genes
    ({"SOST"}, {"LRP5", "LRP6"}),
    ({"TNFSF11"}, {"TNFRSF11A"}),
    ({"FGF23"}, {"FGFR1", "KL"}),
    ({"GH1"}, {"GHR"}),
    ({"PTH"}, {"PTH1R"}),
    ({"LEP"}, {"LEPR"}),
]


@pytest.fixture
def offline(monkeypatch):
    """Nothing in the cache and no network."""

    def fail(dataset, **_):
        msg = f"{dataset} cannot be fetched: no network."
        raise ResourceError(msg)

    monkeypatch.setattr(datasets, "load", fail)
    monkeypatch.setattr(broad, "_load", broad._load.__wrapped__)
    monkeypatch.setattr(broad, "_parsed", broad._parsed.__wrapped__)


@pytest.mark.parametrize("organism", ORGANISMS)
def test_curated_table_has_the_columns_and_words_of_the_contract(organism):
    table = load(organism=organism)
    assert list(table.columns) == COLUMNS
    assert not table.duplicated(KEY).any()
    assert not table.isna().any().any()
    for column, words in (
        ("role", ROLES),
        ("route", ROUTES),
        ("evidence_level", EVIDENCE_LEVELS),
        ("receptor_basis", RECEPTOR_BASES),
    ):
        assert set(table[column]) <= set(words)
    assert (table["ligand_complex"].map(complexes.canonical) == table["ligand_complex"]).all()
    assert (table["n_evidence"] > 0).all()


def test_every_evidence_row_is_counted_or_reported():
    evidence = evidence_table()
    table = load()
    lost = pd.DataFrame(table.attrs["lost"])
    unnamed = evidence["receptor"] == "NA"
    activation = evidence["synthesis_genes"] == "HSD11B1"
    counted = table.groupby("factor")["n_evidence"].sum()  # once per receptor that a row names
    rows = evidence[~unnamed & ~activation].groupby("factor").size()
    assert (counted.reindex(rows.index) >= rows).all()
    expected = evidence.loc[unnamed | activation, ["factor", "ligand"]].drop_duplicates()
    assert set(expected.itertuples(index=False, name=None)) == set(
        lost[["factor", "ligand"]].itertuples(index=False, name=None)
    )


def test_receptors_of_a_ligand_exclude_one_another():
    for _, rows in load().groupby(["factor", "ligand_complex", "role"]):
        named = [frozenset(p) for text in rows["receptor_complex"] for p in complexes.parse(text)]
        assert len(named) == len(set(named))
        assert not any(a < b for a in named for b in named)


def test_a_subunit_stands_for_its_complex_and_is_canonical_there():
    basis = load().query("role == 'agonist'").groupby("factor")
    tgfb = basis.get_group("TGF-beta 1").set_index("receptor_complex")["receptor_basis"]
    assert dict(tgfb) == {"TGFBR1+TGFBR2": "canonical"}
    adrenergic = set(basis.get_group("norepinephrine")["receptor_complex"])
    assert {"ADRB1", "ADRB2", "ADRB3"} < adrenergic


@pytest.mark.parametrize(("ligand", "receptor"), POSITIVE_CONTROLS)
def test_positive_controls_are_curated_and_could_cross_tissues(ligand, receptor):
    table = load(route="endocrine")
    hit = [
        set(complexes.genes([row.ligand_complex])) == ligand
        and set(complexes.genes([row.receptor_complex])) == receptor
        for row in table.itertuples()
    ]
    assert any(hit)


def test_opposite_effects_on_one_tissue_are_flagged():
    table = load().set_index(KEY)
    cortisol = table.xs(("cortisol", "NR3C1"), level=("factor", "receptor_complex")).iloc[0]
    assert cortisol["conflict"]
    assert {"bone_formation:+", "bone_formation:-"} <= set(cortisol["effects"].split("; "))
    assert not table.xs(("PTH", "PTH1R"), level=("factor", "receptor_complex"))["conflict"].any()


def test_filters_act_and_are_ordered():
    whole = load()
    assert set(load(route=["synaptic", "juxtacrine"])["route"]) == {"synaptic", "juxtacrine"}
    sizes = [len(load(min_evidence=level)) for level in EVIDENCE_LEVELS]
    assert sizes == sorted(sizes)
    assert sizes[-1] == len(whole)
    assert set(load(receptor_basis="shown")["receptor_basis"]) == {"shown"}


def test_organism_mapping_reports_what_is_lost():
    human, rat = load(), load(organism="rat")
    lost = pd.DataFrame(rat.attrs["lost"])
    orthologs = lost[lost["reason"].str.contains("ortholog")]
    assert len(human) == len(rat) + len(orthologs)
    assert orthologs["reason"].str.contains("no one-to-one rat ortholog of [A-Z0-9]+").all()
    mouse = load(organism="mouse")
    cortisol = mouse.loc[mouse["factor"] == "cortisol", "ligand_complex"]
    assert set(cortisol) == {"Cyp11a1+Cyp11b1+Cyp21a1+Hsd3b1+Star"}


def test_tables_can_be_joined_and_saved(tmp_path):
    table = load()
    both = pd.concat([table, load(organism="mouse")])
    assert len(both) > len(table)
    table.to_parquet(tmp_path / "table.parquet")


def test_a_saved_table_comes_back_the_same(tmp_path):
    table = load(min_evidence="human")
    path = tmp_path / "mine.tsv"
    write_table(path, table)
    again = load(path)
    order = [*KEY]
    assert_frame_equal(
        again.sort_values(order, ignore_index=True),
        table.sort_values(order, ignore_index=True),
        check_dtype=False,
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resource": "curatd"}, "Did you mean 'curated'"),
        ({"resource": []}, "Expected one of curated"),
        ({"resource": ["curated", "celltalk"]}, "Did you mean 'celltalkdb'"),
        ({"organism": "mice"}, "Valid: human, mouse, rat"),
        ({"route": "endocrin"}, "Did you mean 'endocrine'"),
        ({"min_evidence": "strong"}, "min_evidence is 'strong'. Valid: human"),
        ({"receptor_basis": "known"}, "Valid: shown, canonical"),
        ({"aliases": {"a": "b"}}, "aliases are for a table of your own"),
    ],
)
def test_wrong_arguments_say_what_is_right(options, message):
    with pytest.raises(InputError, match=message):
        load(**options)


def test_offline_consensus_points_to_the_curated_table(offline):
    with pytest.raises(ResourceError, match=r"cx\.interactions\.load\('curated'\)"):
        load("consensus")
    assert len(load("curated")) > 200


def test_offline_all_serves_what_is_there_and_says_what_is_missing(offline):
    table = load("all")
    assert set(table["resources"]) == {"curated"}
    missing = [note for note in table.attrs["notes"] if "is missing" in note]
    assert len(missing) == len(broad.FILES)


@pytest.mark.real
def test_licence_is_shown_once(cache, caplog, monkeypatch):
    for name in ("_load", "_parsed", "_show_licence"):
        monkeypatch.setattr(broad, name, functools.cache(getattr(broad, name).__wrapped__))
    with caplog.at_level(logging.WARNING):
        load("celltalkdb")
        load("celltalkdb", organism="rat")
    shown = [r.getMessage() for r in caplog.records if "celltalkdb" in r.getMessage()]
    assert len(shown) == 1
    assert "GPL-3" in shown[0]


@pytest.mark.real
def test_enzymes_of_metabolites_are_mapped_by_ensembl(cache):
    mouse = load("mebocost", organism="mouse")
    lost = [entry for entry in mouse.attrs["lost"] if "ortholog" in entry["reason"]]
    assert [entry["receptor_complex"] for entry in lost] == ["P2RY11"]
    heme = mouse.loc[mouse["factor"] == "Heme", "ligand_complex"]
    assert set(heme) == {"Fech|Hccs"}


@pytest.mark.real
def test_consensus_keeps_its_pairs_and_gains_the_evidence(cache):
    table = load("consensus")
    assert len(table) == 4624
    assert not table.duplicated(KEY[1:]).any()
    rankl = table[
        (table["ligand_complex"] == "TNFSF11") & (table["receptor_complex"] == "TNFRSF11A")
    ]
    assert rankl["resources"].tolist() == ["consensus; curated"]
    assert rankl["effects"].str.contains(r"bone_resorption:\+").all()
    assert (table.loc[table["n_evidence"] == 0, "evidence_level"] == "database").all()
    contact = load("consensus", route="juxtacrine")
    assert {"CDH1", "DLL1", "EFNB2", "HLA-A", "JAG1"} <= set(contact["ligand_complex"])
    assert (
        contact["ligand_complex"].isin(load("consensus", route="endocrine")["ligand_complex"]).sum()
        == 0
    )


@pytest.mark.real
@pytest.mark.slow
def test_all_resources_merge_without_duplicates(cache):
    table = load("all")
    named = {name for text in table["resources"] for name in text.split("; ")}
    assert {"curated", *broad.FILES} <= named
    key = ["ligand_complex", "receptor_complex", "role"]
    assert not table[table["n_evidence"] == 0].duplicated(key).any()
    curated = load()
    assert_frame_equal(
        table.loc[table["n_evidence"] > 0, KEY].sort_values(KEY, ignore_index=True),
        curated[KEY].sort_values(KEY, ignore_index=True),
    )
    # one row for norepinephrine and ADRB2, however a resource spells its synthesis
    spelled = table[(table["factor"] == "norepinephrine") & (table["receptor_complex"] == "ADRB2")]
    assert len(spelled) == 1
    assert {"curated", "cellphonedb", "cellchatdb", "neuronchat", "mebocost"} <= set(
        spelled["resources"].iloc[0].split("; ")
    )
    # a pair that names only part of a receptor is folded into the whole
    il6 = table[(table["ligand_complex"] == "IL6") & (table["role"] == "agonist")]
    assert "IL6ST" not in set(il6["receptor_complex"])
    whole = il6.loc[il6["receptor_complex"] == "IL6R+IL6ST", "resources"]
    assert whole.str.contains(r"celltalkdb \(part\)").all()
    assert not table["ligand_complex"].str.contains("UBASH3B|DIO3").any()
