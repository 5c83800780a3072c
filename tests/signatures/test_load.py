import time

import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.signatures.load import receptor_genes, resolve
from crosstalk_omics.signatures.tables import evidence_table, named_signatures, split_genes

load = cx.signatures.load


def is_net(net: pd.DataFrame) -> bool:
    return (
        list(net.columns) == ["source", "target", "weight"]
        and net["weight"].dtype == "float64"
        and bool(net["weight"].between(-1, 1).all())
        and not net.duplicated(["source", "target"]).any()
    )


@pytest.mark.parametrize("organism", ["human", "mouse", "rat"])
def test_every_signature_is_a_net_and_reports_what_was_lost(organism):
    net = load("all", organism=organism)
    assert is_net(net)
    lost = pd.DataFrame(net.attrs["lost"]).set_index("signature")
    assert set(lost.index) == set(named_signatures())
    sizes = net["source"].value_counts().reindex(lost.index, fill_value=0)
    assert (sizes == lost["n_kept"]).all()
    gone = lost["lost"].map(lambda text: len(text.split(";")) if text else 0)
    assert (lost["n_total"] == lost["n_kept"] + gone).all()


def test_myokine_senders_are_the_ligands_of_the_myokine_table():
    rows = evidence_table()
    rows = rows[(rows["table"] == "myokine") & rows["ligand_kind"].isin(["protein", "peptide"])]
    ligands = {gene for text in rows["ligand"] for gene in split_genes(text)}
    targets = set(load("myokine", side="sender")["target"])
    assert ligands <= targets
    assert {"PTGES", "LDHA", "MIR206"} <= targets  # synthesis genes and microRNA loci
    assert "lactate" not in targets


def test_a_class_without_side_gives_both_sides():
    assert set(load("hpa")["source"]) == {"hpa_sender", "hpa_receiver"}
    both = load(["myokine", "osteokine"], side="receiver")
    assert set(both["source"]) == {"myokine_receiver", "osteokine_receiver"}


def test_the_parent_class_holds_its_classes():
    whole = set(load("neuroendocrine", side="sender")["target"])
    assert set(load("hpg", side="sender")["target"]) <= whole
    assert not {"FNDC5", "BGLAP"} <= whole - set(load("bone_to_brain", side="sender")["target"])


def test_blocked_ligands_are_no_receptors_but_blocked_receptors_are():
    receivers = set(load("osteokine", side="receiver")["target"])
    assert {"LRP5", "LRP6"} <= receivers  # SOST and DKK1 block them
    rows = evidence_table()
    opg = rows[rows["ligand"] == "TNFRSF11B"]
    assert not any(receptor_genes(pd.concat([opg, rows]))[: len(opg)])


def test_signed_rules_weigh_by_the_mean_effect_and_say_what_cancels():
    net = load("myokine_bone_net_sender")
    weight = net.set_index("target")["weight"]
    assert weight["IGF1"] == 1
    assert weight["MSTN"] == -1
    assert -1 < weight["FGF21"] < 0  # one row of three found no change
    cancelled = net.attrs["cancelled"]["myokine_bone_net_sender"]
    assert "IL7" in cancelled  # one study adds bone, one takes it
    assert not set(cancelled) & set(weight.index)


def test_response_sets_keep_their_signs():
    net = load("response_insulin_igf1_foxo")
    assert set(net["weight"]) == {1.0, -1.0}


def test_organism_mapping_goes_through_orthologs_not_case():
    net = load("myokine_sender", organism="mouse")
    assert "Fndc5" in set(net["target"])
    assert [row["lost"] for row in net.attrs["lost"]] == ["CXCL8"]
    assert "Gh" in set(load("gh_igf_sender", organism="mouse")["target"])


def test_nets_can_be_concatenated():
    nets = [load(name, organism="mouse") for name in ("myokine_sender", "osteokine_sender")]
    assert len(pd.concat(nets)) == sum(map(len, nets))
    assert pd.concat([nets[0], nets[0].copy()]).attrs["lost"] == nets[0].attrs["lost"]


def test_a_stronger_level_keeps_fewer_rows():
    sizes = [len(load("myokine", min_level=level)) for level in ("review", "in_vitro", "in_vivo")]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes)) == 3


def test_unverified_rows_can_stay_out():
    everything = load(["osteokine_sender", "marker_skeletal_stem_cell"])
    backed = load(["osteokine_sender", "marker_skeletal_stem_cell"], unverified=False)
    fewer = everything["source"].value_counts() - backed["source"].value_counts()
    assert fewer["osteokine_sender"] >= 1
    assert fewer["marker_skeletal_stem_cell"] == 8


def test_table_names_stand_for_all_their_sets():
    assert len(resolve("marker")) == 49
    assert len(resolve("program")) == 56
    assert len(resolve("response")) == 32


def test_a_user_dict_and_a_file_join_the_named_ones(tmp_path):
    path = tmp_path / "mine.gmt"
    path.write_text("mine\tfrom a paper\tFNDC5\tMSTN\n")
    net = load(["myokine_sender", path], organism="mouse")
    assert set(net.loc[net["source"] == "mine", "target"]) == {"Fndc5", "Mstn"}
    assert is_net(net)
    assert len(net.attrs["lost"]) == 2


@pytest.mark.parametrize(
    ("what", "options", "text"),
    [
        ("myokin", {}, "Did you mean 'myokine"),
        ("hpa_sender", {"side": "receiver"}, "has no side 'receiver'; it has: sender"),
        ("myokine", {"organism": "zebrafish"}, "organism is 'zebrafish'"),
        ("myokine", {"side": "senders"}, "Did you mean 'sender'"),
        ("myokine", {"min_level": "database"}, "min_level is 'database'"),
        ("prolactin_sender", {"min_level": "human"}, "No gene of 'prolactin_sender' is left"),
    ],
)
def test_wrong_names_get_the_nearest_valid_one(what, options, text):
    with pytest.raises(InputError, match=text):
        load(what, **options)


def test_loading_is_fast_once_the_tables_are_read():
    load("myokine", side="sender", organism="mouse")
    start = time.process_time()
    load("myokine", side="sender", organism="mouse")
    assert time.process_time() - start < 0.5


def test_the_callers_copy_of_a_table_is_its_own():
    table = evidence_table()
    table.loc[:, "factor"] = "changed"
    assert "changed" not in set(evidence_table()["factor"])
