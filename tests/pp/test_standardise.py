import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError


@pytest.fixture
def raw(rng) -> ad.AnnData:
    obs = pd.DataFrame(
        {"Subject": ["s1", "s1", "s2", " "], "group": ["Pre", "Post", "Pre", "Post"]},
        index=["a", "b", "c", "d"],
    )
    names = ["MSTN", "IL6", "AARS", "ERCC-00002", "SOST"]
    x = rng.poisson(20, size=(4, 5)).astype(float)
    return ad.AnnData(sp.csr_matrix(x), obs=obs, var=pd.DataFrame(index=names))


def test_the_contract_is_filled_and_the_input_untouched(raw):
    before = raw.copy()
    result = cx.pp.standardise(raw, donor="Subject", condition="group")
    assert list(result.var_names) == ["MSTN", "IL6", "AARS1", "SOST"]
    assert list(result.var["gene_id"]) == ["MSTN", "IL6", "AARS", "SOST"]
    assert list(result.obs["donor"].cat.categories) == ["s1", "s2"]
    assert result.obs["donor"].isna().tolist() == [False, False, False, True]
    assert list(result.obs["condition"]) == list(raw.obs["group"])
    about = result.uns["crosstalk"]
    assert (about["organism"], about["value_state"]) == ("human", "counts")
    genes = about["genes"]
    assert (genes["n_in"], genes["n_mapped"], genes["n_dropped"]) == (5, 4, 1)
    assert genes["n_in"] == genes["n_mapped"] + genes["n_dropped"] + genes["n_duplicates"]
    assert genes["examples"]["renamed"] == ["AARS->AARS1"]
    pd.testing.assert_frame_equal(raw.obs, before.obs)
    pd.testing.assert_frame_equal(raw.to_df(), before.to_df())
    assert dict(raw.uns) == {}


def test_standardising_twice_changes_nothing(raw):
    once = cx.pp.standardise(raw, donor="Subject")
    twice = cx.pp.standardise(once)
    pd.testing.assert_frame_equal(twice.to_df(), once.to_df())
    pd.testing.assert_frame_equal(twice.obs, once.obs)


def test_what_a_cellxgene_file_says_is_understood(raw):
    raw.obs["donor_id"] = ["x", "x", "y", "y"]
    raw.obs["disease"] = "normal"
    raw.obs["organism_ontology_term_id"] = "NCBITaxon:9606"
    raw.var["feature_name"] = raw.var_names
    raw.var.index = [f"ENSG0000000000{i}" for i in range(5)]
    result = cx.pp.standardise(raw)
    assert list(result.obs["donor"]) == ["x", "x", "y", "y"]
    assert list(result.obs["condition"]) == ["normal"] * 4
    assert list(result.var_names)[:2] == ["MSTN", "IL6"]


def test_a_file_with_ontology_terms_only_is_understood_too(raw):
    raw.obs["donor_id"] = ["x", "x", "y", "y"]
    raw.obs["assay_ontology_term_id"] = "EFO:0009899"
    raw.obs["disease_ontology_term_id"] = ["PATO:0000461", "MONDO:1", "PATO:0000461", "MONDO:1"]
    raw.obs["cell_type_ontology_term_id"] = pd.Categorical(["CL:0000188"] * 4)
    raw.obs["tissue_ontology_term_id"] = pd.Categorical(["UBERON:0001134"] * 4)
    raw.uns["organism_ontology_term_id"] = "NCBITaxon:9606"
    result = cx.pp.standardise(raw)
    assert list(result.obs["condition"])[:2] == ["PATO:0000461", "MONDO:1"]
    assert set(result.obs["cell_type"]) == {"CL:0000188"}
    assert set(result.obs["tissue"]) == {"skeletal muscle"}
    about = result.uns["crosstalk"]
    assert (about["tissue"], about["modality"]) == ("skeletal muscle", "single_cell")
    assert about["organism"] == "human"
    named = cx.pp.standardise(raw, tissue="group", condition="donor_id")
    assert list(named.obs["tissue"]) == list(raw.obs["group"])
    assert "tissue" not in named.uns["crosstalk"]
    assert set(named.obs["condition"]) == {"x", "y"}


def test_a_missing_column_names_the_nearest_one(raw):
    with pytest.raises(InputError, match=r"no column 'subject'\. Did you mean 'Subject'"):
        cx.pp.standardise(raw, donor="subject")


def test_an_unknown_organism_names_the_valid_ones(raw):
    with pytest.raises(InputError, match="Valid: human, mouse, rat"):
        cx.pp.standardise(raw, organism="zebrafish")


def test_a_stated_organism_of_the_data_is_checked_too(raw):
    raw.uns["crosstalk"] = {"organism": "mouse"}
    with pytest.raises(InputError, match="genes look like human"):
        cx.pp.standardise(raw)


def test_repeated_samples_are_refused(raw):
    raw.obs_names = ["a", "a", "b", "c"]
    with pytest.raises(InputError, match="Sample names repeat: 1"):
        cx.pp.standardise(raw)


def test_repeated_genes_are_summed_and_reported(raw):
    raw.var_names = ["MSTN", "IL6", "MSTN", "FGF21", "SOST"]
    result = cx.pp.standardise(raw)
    total = raw.X.toarray()[:, [0, 2]].sum(axis=1)
    np.testing.assert_array_equal(result[:, "MSTN"].X.toarray().ravel(), total)
    assert result.uns["crosstalk"]["genes"]["n_duplicates"] == 1


def test_declared_counts_must_be_counts(raw):
    raw.X[0, 0] = -1
    with pytest.raises(InputError, match="row 'a', gene 'MSTN'"):
        cx.pp.standardise(raw, value_state="counts")


def test_empty_data_are_refused(raw):
    with pytest.raises(InputError, match="The data are empty"):
        cx.pp.standardise(raw[:0].copy())


def test_the_result_can_be_written(raw, tmp_path):
    result = cx.pp.standardise(raw, donor="Subject", condition="group")
    result.write_h5ad(tmp_path / "x.h5ad")
    again = ad.read_h5ad(tmp_path / "x.h5ad")
    assert again.uns["crosstalk"]["genes"]["n_mapped"] == 4


REAL = {
    "gse184951_human_vastus_lateralis_dm1_cycling": ("human", "counts", 50_000, "lognorm"),
    "human_osteoblast_huvec_coculture": ("human", "counts", 30_000, "lognorm"),
    "mca_mouse_celltype_pseudobulk": ("mouse", "counts", 34_000, "lognorm"),
    "mouse_bm_endosteal_stroma_250": ("mouse", "counts", 20_000, "lognorm"),
    "mouse_hypothalamus_neurons_romanov_845": ("mouse", "counts", 21_000, "lognorm"),
    "human_osteoblast_msc_secretome": ("human", "intensity", 2_500, "log_intensity"),
    "human_osteoblast_proteome": ("human", "intensity", 5_000, "log_intensity"),
    "human_muscle_fibre_slow_fast_proteome": ("human", "log_intensity", 2_900, "log_intensity"),
    "motrpac_rat_gastrocnemius": ("rat", "counts", 13_000, "lognorm"),
    "osd103_mouse_quadriceps_spaceflight": ("mouse", "counts", 20_000, "lognorm"),
}


@pytest.mark.real
@pytest.mark.parametrize("dataset", REAL)
def test_real_data_become_symbols_on_a_log_scale(cache, dataset):
    organism, state, n_genes, after = REAL[dataset]
    result = cx.pp.standardise(cx.datasets.load(dataset))
    about = result.uns["crosstalk"]
    assert (about["organism"], about["value_state"]) == (organism, state)
    assert result.n_vars >= n_genes
    assert result.var_names.is_unique
    genes = about["genes"]
    assert genes["n_in"] == genes["n_mapped"] + genes["n_dropped"] + genes["n_duplicates"]
    assert cx.pp.lognormalise(result).uns["crosstalk"]["value_state"] == after
