import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError


@pytest.fixture
def samples(rng) -> ad.AnnData:
    """Six samples of muscle; the last one is full of blood."""
    net = cx.signatures.load(["marker_marrow_erythroid", "marker_myofiber"])
    blood = net.loc[net["source"] == "marker_marrow_erythroid", "target"]
    fibre = net.loc[net["source"] == "marker_myofiber", "target"]
    names = [*blood, *fibre, *(f"GENE{i}" for i in range(500))]
    mean = np.r_[np.full(len(blood), 2.0), np.full(len(fibre), 500.0), rng.gamma(1, 100, 500)]
    x = rng.poisson(mean, size=(6, len(names))).astype(float)
    x[5, : len(blood)] *= 500
    var = pd.DataFrame(index=pd.Index(names).unique())
    adata = ad.AnnData(x[:, ~pd.Index(names).duplicated()], var=var)
    adata.obs_names = [f"s{i}" for i in range(6)]
    adata.uns["crosstalk"] = {"organism": "human", "tissue": "skeletal muscle"}
    return adata


def test_blood_in_one_muscle_sample_stands_out(samples):
    table = cx.pp.contamination(samples).query("panel == 'erythroid'").set_index("sample")
    assert table.loc["s5", "high"]
    assert not table.drop("s5")["high"].any()
    assert table["deviation"].idxmax() == "s5"
    assert table.loc["s5", "deviation"] > 5
    assert table["percentile"].between(0, 1).all()


def test_the_percentile_is_the_median_rank_of_the_panel(samples):
    table = cx.pp.contamination(samples).set_index(["panel", "sample"])
    frame = samples.to_df()
    frame = frame.loc[:, (frame != 0).any()]
    ranks = (frame.rank(axis=1) - 0.5) / frame.shape[1]
    genes = cx.signatures.load("marker_marrow_erythroid")["target"]
    expected = ranks[genes[genes.isin(ranks.columns)]].median(axis=1)
    np.testing.assert_allclose(table.loc["erythroid", "percentile"], expected)


def test_sparse_equals_dense_and_scale_does_not_matter(samples):
    other = samples.copy()
    other.X = sp.csr_matrix(np.log1p(samples.X))
    pd.testing.assert_frame_equal(cx.pp.contamination(other), cx.pp.contamination(samples))


def test_panels_follow_the_tissue_or_the_caller(samples):
    assert "nerve" in set(cx.pp.contamination(samples)["panel"])
    samples.uns["crosstalk"]["tissue"] = "bone"
    assert "muscle" in set(cx.pp.contamination(samples)["panel"])
    own = cx.pp.contamination(samples, panels={"fibre": "marker_myofiber"}, threshold=0.99)
    assert set(own["panel"]) == {"fibre"}
    assert not own["high"].any()


def test_a_panel_without_genes_is_missing_not_low(samples):
    genes = [g for g in samples.var_names if g.startswith("GENE")]
    table = cx.pp.contamination(samples[:, genes].copy())
    assert table["percentile"].isna().all()
    assert (table["n_found"] == 0).all()


def test_cells_are_sent_to_pseudobulk():
    cells = ad.AnnData(sp.csr_matrix(np.ones((1001, 2))))
    with pytest.raises(InputError, match="look like cells"):
        cx.pp.contamination(cells)


def test_metrics_by_hand():
    x = sp.csr_matrix(np.array([[1.0, 3, 0], [0, 0, 0], [2, 0, 2]]))
    cells = ad.AnnData(x, var=pd.DataFrame(index=["MT-ND1", "IL6", "MTOR"]))
    table = cx.pp.qc_metrics(cells)
    assert list(table["total_counts"]) == [4, 0, 4]
    assert list(table["n_genes"]) == [2, 0, 2]
    np.testing.assert_allclose(table["pct_mitochondrial"], [25, np.nan, 50])
    cells.X = cells.X * 0.3
    with pytest.raises(InputError, match="need counts"):
        cx.pp.qc_metrics(cells)


def test_group_sizes_count_absent_groups_too(adata):
    adata.obs.loc[adata.obs_names[:3], "cell_type"] = np.nan
    sizes = cx.pp.group_sizes(adata[:35].copy(), min_cells=4)
    by = sizes.set_index(["cell_type", "donor"])
    assert by.loc[("a", "d1"), "n_cells"] == 3
    assert not by.loc[("a", "d1"), "enough"]
    assert by.loc[("b", "d4"), "n_cells"] == 2
    assert set(sizes.loc[sizes["cell_type"] == "a", "n_donors"]) == {2}
    with pytest.raises(InputError, match="no column 'donors'"):
        cx.pp.group_sizes(adata, donor="donors")
