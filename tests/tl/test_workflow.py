"""The bulk study in one call, and what was seen outside the cell."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl import add_secretome, bulk_study


def proteins(values, names):
    return ad.AnnData(
        np.asarray(values, dtype=float),
        obs=pd.DataFrame(index=[f"m{i}" for i in range(len(values))]),
        var=pd.DataFrame(index=names),
    )


def test_a_ligand_is_seen_outside_as_often_as_its_weakest_subunit():
    medium = proteins([[1, 2, 0], [3, np.nan, 0], [1, 1, 0], [1, 0, 0]], ["A", "B", "C"])
    table = pd.DataFrame({"ligand_complex": ["A", "A+B", "C", "X", "X|A", "A+X"]})
    found = add_secretome(table, medium)["seen_outside"]
    assert found.tolist() == [1.0, 0.5, 0.0, 0.0, 1.0, 0.0]
    with pytest.raises(InputError, match="ligand_complex"):
        add_secretome(table.rename(columns={"ligand_complex": "x"}), medium)


@pytest.mark.real
@pytest.mark.slow
def test_trained_muscle_to_osteoblasts_in_one_call(cache):
    muscle = cx.datasets.load("gse184951_human_vastus_lateralis_dm1_cycling")
    muscle = muscle[muscle.obs["group"].isin(["Pre", "Post"])].copy()
    muscle = cx.pp.standardise(muscle, donor="subject", condition="group")
    cells = cx.datasets.load("human_osteoblast_huvec_coculture")
    cells = cx.pp.standardise(cells[cells.obs["group"] == "osteoblast_control"].copy())
    result = bulk_study(muscle, cells, condition="condition", reference="Pre")
    assert len(result.qc) == 22
    assert result.genes.set_index("gene").loc["MSTN", "logfc"] < 0
    assert result.enrichment.set_index("signature").loc["osteokine_sender", "padj"] < 0.05
    assert {"CLEC11A", "MSTN"} <= set(result.factors.head(10)["ligand_complex"])
    assert result.crosstalk["kind_receptor"].eq("presence").all()
    assert not result.contamination.empty
