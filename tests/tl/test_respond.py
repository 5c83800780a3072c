"""Responses: planted answers, genes that may not count, specificity, agreement with the signal."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl import add_response, respond

GENES = [f"G{i}" for i in range(300)]
NET = pd.DataFrame(
    {
        "source": np.repeat(["response_a", "response_b", "response_c"], 12),
        "target": GENES[:36],
        "weight": np.tile([1.0] * 9 + [-1.0] * 3, 3),
    }
)
LINKS = pd.DataFrame({"response": ["response_a", "response_b"], "receptor": ["G100", "G101"]})
PAIRS = pd.DataFrame({"ligand_complex": ["G200"], "receptor_complex": ["G100+G0"]})
OPTIONS = {"responses": NET, "receptors": LINKS, "interactions": PAIRS}


def bone(rng, n=6, *, fold=0.0, level=None):
    """Log expression; set a moves by `fold` in half of the donors, or along `level`."""
    values = rng.normal(8, 1, (2 * n, len(GENES)))
    drive = np.repeat([0.0, fold], n) if level is None else level
    weight = NET.loc[NET["source"] == "response_a", "weight"].to_numpy()
    values[:, :12] += np.outer(drive, weight)
    values[:, 100] += 3 * drive
    adata = ad.AnnData(
        values,
        obs=pd.DataFrame(
            {
                "donor": [f"d{i}" for i in range(2 * n)],
                "condition": pd.Categorical(["old"] * n + ["young"] * n),
            },
            index=[f"s{i}" for i in range(2 * n)],
        ),
        var=pd.DataFrame(index=GENES),
    )
    adata.uns["crosstalk"] = {
        "organism": "human",
        "modality": "microarray",
        "value_state": "log_intensity",
        "tissue": "bone",
    }
    return adata


def test_a_planted_response_is_found_alone_and_beside_the_others(rng):
    table = respond(bone(rng, fold=1.0), condition="condition", reference="old", **OPTIONS)
    found = table.set_index("response")
    assert table["response"].iloc[0] == "response_a"
    assert found.loc["response_a", "padj"] < 0.01
    assert found.loc["response_a", "pvalue_adjusted"] < 0.01
    assert found.loc["response_a", "camera_pvalue"] < 0.01
    assert found.loc["response_a", "ci_low"] > 0
    assert found.loc["response_a", "receptor"] == "G100"
    assert (found.drop(index="response_a")["padj"] > 0.05).all()


def test_ligands_and_receptors_do_not_count_as_their_own_response(rng):
    table = respond(bone(rng), condition="condition", reference="old", **OPTIONS)
    assert table.set_index("response").loc["response_a", "n_targets"] == 11  # G0 is a receptor
    assert any(note.startswith("1 of 36 response genes") for note in table.attrs["notes"])


def test_a_receptor_is_followed_by_its_own_response_only(rng):
    table = respond(bone(rng, n=12, level=rng.normal(size=24)), **OPTIONS)
    found = table.set_index("response")
    assert found.loc["response_a", "correlation"] > 0.6
    assert found.loc["response_a", "padj"] < 0.01
    assert found.loc["response_a", "percentile"] == 1
    assert abs(found.loc["response_b", "correlation"]) < 0.6


def test_without_a_change_p_values_are_uniform(rng):
    p = np.concatenate(
        [
            respond(bone(rng), condition="condition", reference="old", **OPTIONS)["pvalue"]
            for _ in range(40)
        ]
    )
    assert 0.01 < (p < 0.05).mean() < 0.11
    assert 0.4 < p.mean() < 0.6


def test_two_donors_give_an_estimate_without_a_p_value(rng):
    table = respond(bone(rng, n=2, fold=1), condition="condition", reference="old", **OPTIONS)
    assert table["estimate"].notna().all()
    assert table[["pvalue", "camera_pvalue", "pvalue_adjusted", "ci_low"]].isna().all(axis=None)


def test_the_answer_stands_beside_the_pair_and_says_whether_it_agrees(rng):
    answer = respond(bone(rng, fold=1.0), condition="condition", reference="old", **OPTIONS)
    table = pd.DataFrame(
        {
            "target": "bone",
            "receptor_complex": ["G100", "G100+G5", "G101", "G50", "G100"],
            "signal": ["gain", "loss", "gain", "gain", "mixed"],
            "pvalue": 0.01,
        }
    )
    found = add_response(table, answer)
    assert found["response"].tolist()[:4] == ["response_a", "response_a", "response_b", ""]
    assert found["response_agrees"].tolist()[:2] == [True, False]
    assert found["response_agrees"].iloc[[3, 4]].isna().all()
    assert_frame_equal(found[table.columns], table)


def test_gene_order_and_the_input_do_not_matter(rng):
    adata = bone(rng, fold=0.5)
    before = adata.X.copy()
    first = respond(adata, condition="condition", reference="old", **OPTIONS)
    shuffled = adata[:, rng.permutation(len(GENES))].copy()
    second = respond(shuffled, condition="condition", reference="old", **OPTIONS)
    assert_frame_equal(first, second, rtol=1e-8)
    np.testing.assert_array_equal(adata.X, before)


def test_misuse_is_explained(rng):
    with pytest.raises(InputError, match="belong together"):
        respond(bone(rng), condition="condition", **OPTIONS)
    with pytest.raises(InputError, match="No response set has 5 genes"):
        respond(bone(rng), **OPTIONS | {"responses": NET.assign(target="X")})
    with pytest.raises(InputError, match="too few for a correlation"):
        respond(bone(rng, n=1), **OPTIONS)


@pytest.mark.real
def test_tnf_raises_the_nfkb_response_most_and_beside_all_others(cache):
    cells = cx.datasets.load("gse176086_human_msc_osteogenesis_tnf")
    cells = cx.pp.standardise(cells, condition="treatment")
    table = respond(cells, condition="condition", reference="control", covariates=["day"])
    best = table.iloc[0]
    assert best["response"] == "response_nfkb_tnf"
    assert best["estimate"] > 1
    assert best["pvalue_adjusted"] < 0.01
    interferon = table.set_index("response").loc["response_interferon_gamma"]
    assert interferon["padj"] < 0.01
    assert interferon["pvalue_adjusted"] > 0.05  # rises with the others, not by itself
