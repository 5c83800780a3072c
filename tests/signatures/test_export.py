import json

import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError


@pytest.fixture(scope="module")
def net() -> pd.DataFrame:
    return cx.signatures.load(["myokine", "response_insulin_igf1_foxo"])


def test_gmt_holds_the_evidence_and_reads_back(tmp_path, net):
    path = cx.signatures.export(net, tmp_path / "x.gmt")
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    by_name = {line[0]: line for line in lines}
    assert "PMID:26236992" in by_name["myokine_sender"][1]
    assert "in_vivo" in by_name["myokine_sender"][1]
    assert by_name["myokine_sender"][1].startswith("Myokine ligands | ")
    back = cx.signatures.load(path)
    unsigned = net[net["source"].str.startswith("myokine")]
    assert set(back.loc[back["source"] == "myokine_sender", "target"]) == set(
        unsigned.loc[unsigned["source"] == "myokine_sender", "target"]
    )


def test_signed_sets_are_split_in_two(net):
    sets = cx.signatures.to_dict(net)
    assert {"response_insulin_igf1_foxo_up", "response_insulin_igf1_foxo_down"} <= set(sets)
    assert "response_insulin_igf1_foxo" not in sets


def test_tsv_is_the_long_form_of_decoupler(tmp_path, net):
    path = cx.signatures.export(net, tmp_path / "x.tsv")
    back = cx.signatures.load(path)
    pd.testing.assert_frame_equal(back, net, check_exact=False)


def test_json_has_weights_title_and_evidence(tmp_path):
    path = cx.signatures.export(["myokine_bone_net_sender"], tmp_path / "x.json", organism="mouse")
    entry = json.loads(path.read_text())["myokine_bone_net_sender"]
    assert entry["genes"]["Mstn"] == -1
    assert entry["title"] == "Myokine ligands, net effect on bone"
    assert "PMID:" in entry["evidence"]


def test_same_input_same_bytes(tmp_path):
    one = cx.signatures.export("response", tmp_path / "1.gmt").read_bytes()
    assert one == cx.signatures.export("response", tmp_path / "2.gmt").read_bytes()


def test_an_unknown_format_writes_nothing(tmp_path, net):
    with pytest.raises(InputError, match=r"format is 'xlsx'. Valid: gmt, tsv, json"):
        cx.signatures.export(net, tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_gseapy_reads_the_gmt_and_the_dict(tmp_path, net, rng):
    gseapy = pytest.importorskip("gseapy")
    path = cx.signatures.export(net, tmp_path / "x.gmt")
    assert gseapy.read_gmt(str(path)) == cx.signatures.to_dict(net)
    genes = sorted(set(net["target"])) + [f"G{i}" for i in range(200)]
    data = pd.DataFrame(rng.normal(size=(len(genes), 3)), index=genes, columns=list("abc"))
    done = gseapy.ssgsea(
        data, gene_sets=cx.signatures.to_dict(net), outdir=None, min_size=5, no_plot=True
    )
    assert set(done.res2d["Term"]) == set(cx.signatures.to_dict(net))


def test_decoupler_takes_the_net(net, rng):
    dc = pytest.importorskip("decoupler")
    genes = sorted(set(net["target"])) + [f"G{i}" for i in range(200)]
    data = pd.DataFrame(rng.normal(size=(4, len(genes))), columns=genes)
    estimate, _ = dc.mt.ulm(data, net, tmin=5)
    assert set(estimate.columns) == set(net["source"])
    assert estimate.notna().all(axis=None)
