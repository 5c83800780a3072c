import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.pp.normalise import tmm_factors


@pytest.fixture
def counts(oracles) -> ad.AnnData:
    table = pd.read_csv(oracles / "stats" / "counts_genes_x_samples.csv", index_col=0)
    return ad.AnnData(table.T.astype(float))


def test_tmm_equals_edger(counts, oracles):
    expected = pd.read_csv(oracles / "stats" / "expected_edger_tmm.csv", index_col=0)
    result = cx.pp.lognormalise(counts)
    np.testing.assert_allclose(result.obs["norm_factor"], expected["norm.factors"], rtol=1e-9)


def test_log_cpm_equals_edger(counts, oracles):
    path = oracles / "stats" / "expected_edger_logcpm_prior2.csv"
    expected = pd.read_csv(path, index_col=0)
    result = cx.pp.lognormalise(counts, method="tmm")
    np.testing.assert_allclose(result.X.T, expected, atol=1e-9)
    np.testing.assert_array_equal(result.layers["counts"], counts.X)


def test_library_size_alone_is_log2_cpm_with_a_prior(counts):
    result = cx.pp.lognormalise(counts, method="library", prior=1e-9)
    library = counts.X.sum(axis=1, keepdims=True)
    some = counts.X > 0
    expected = np.log2((counts.X / library * 1e6)[some])
    np.testing.assert_allclose(result.X[some], expected, atol=1e-6)


@given(arrays(np.int64, (4, 30), elements=st.integers(0, 1000)), st.integers(1, 50))
def test_tmm_does_not_see_depth_and_has_geometric_mean_one(counts, depth):
    counts = counts.astype(float)
    factors = tmm_factors(counts)
    filled = counts.sum(axis=1) > 0
    assert np.isclose(np.log(factors[filled]).sum(), 0, atol=1e-9)
    assert np.all(factors[~filled] == 1)
    np.testing.assert_allclose(tmm_factors(np.vstack([counts[:1]] * 3) * depth), 1)


@pytest.mark.filterwarnings("ignore:Some cells have zero counts")
def test_cells_stay_sparse_and_equal_scanpy(adata):
    sc = pytest.importorskip("scanpy")
    counts = np.rint(np.expm1(adata.X.toarray()))
    counts[0] = 0
    cells = ad.AnnData(sp.csr_matrix(counts), obs=adata.obs)
    expected = cells.copy()
    sc.pp.normalize_total(expected, target_sum=1e4)
    sc.pp.log1p(expected)
    before = cells.X.copy()
    result = cx.pp.lognormalise(cells)
    assert sp.issparse(result.X)
    np.testing.assert_allclose(result.X.toarray(), expected.X.toarray(), rtol=1e-12)
    assert (before != cells.X).nnz == 0
    dense = ad.AnnData(cells.X.toarray())
    np.testing.assert_allclose(
        cx.pp.lognormalise(dense, method="log1p").X, result.X.toarray(), rtol=1e-12
    )
    per_million = cx.pp.lognormalise(cells, target_sum=1e6).X[1].toarray()
    np.testing.assert_allclose(np.expm1(per_million).sum(), 1e6)


def test_intensities_become_log2_and_zero_is_missing():
    adata = ad.AnnData(np.array([[0.0, 1024.0], [2.5, np.nan], [8.0, 4.0]]))
    adata.uns["crosstalk"] = {"value_state": "intensity"}
    result = cx.pp.lognormalise(adata)
    np.testing.assert_allclose(result.X, [[np.nan, 10], [np.log2(2.5), np.nan], [3, 2]])
    assert result.uns["crosstalk"]["value_state"] == "log_intensity"
    assert adata.uns["crosstalk"] == {"value_state": "intensity"}


@pytest.mark.parametrize("state", ["lognorm", "log_intensity", "means"])
def test_values_on_a_log_scale_stay(state):
    adata = ad.AnnData(np.array([[0.0, 3.5], [2.5, 1.0]]))
    adata.uns["crosstalk"] = {"value_state": state}
    np.testing.assert_array_equal(cx.pp.lognormalise(adata).X, adata.X)


def test_an_empty_sample_is_missing_not_infinite():
    adata = ad.AnnData(np.array([[0.0, 0, 0], [5, 0, 10], [6, 1, 9]]))
    result = cx.pp.lognormalise(adata)
    assert np.isnan(result.X[0]).all()
    assert np.isfinite(result.X[1:]).all()


def test_misuse_says_what_to_do(adata):
    scaled = ad.AnnData(np.array([[-1.0, 0.5], [1.0, -0.5]]))
    with pytest.raises(InputError, match="no way back to a log scale"):
        cx.pp.lognormalise(scaled)
    cells = ad.AnnData(sp.csr_matrix(np.array([[1.0, 0], [2, 5]])))
    with pytest.raises(InputError, match=r"`cx\.pp\.pseudobulk` first"):
        cx.pp.lognormalise(cells, method="tmm")
    with pytest.raises(InputError, match="'log1p' adds 1 by definition"):
        cx.pp.lognormalise(cells, prior=2)
    with pytest.raises(InputError, match="Did you mean 'tmm'"):
        cx.pp.lognormalise(cells, method="tmmm")


def test_dense_cells_are_normalised_as_cells_and_their_sums_as_samples(adata):
    cells = ad.AnnData(np.rint(np.expm1(adata.X.toarray())), obs=adata.obs)
    cells.uns["crosstalk"] = {"modality": "single_cell"}
    expected = cx.pp.lognormalise(cells, method="log1p")
    np.testing.assert_array_equal(cx.pp.lognormalise(cells).X, expected.X)
    assert "norm_factor" in cx.pp.lognormalise(cx.pp.pseudobulk(cells, min_cells=1)).obs
