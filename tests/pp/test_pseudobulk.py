import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError


@pytest.fixture
def cells(rng) -> ad.AnnData:
    counts = rng.poisson(1.0, size=(40, 6)).astype(np.float32)
    obs = pd.DataFrame(
        {
            "donor": pd.Categorical(np.repeat(["d2", "d1"], 20)),
            "condition": pd.Categorical(np.repeat(["old", "young"], 20)),
            "cell_type": pd.Categorical([*["a"] * 12, *["b"] * 8, *["a"] * 15, *["b"] * 5]),
            "depth": counts.sum(axis=1),
        },
        index=[f"c{i}" for i in range(40)],
    )
    var = pd.DataFrame(index=[f"G{i}" for i in range(6)])
    return ad.AnnData(sp.csr_matrix(counts), obs=obs, var=var, layers={"raw": counts * 2})


def test_sums_equal_a_loop_over_donors_and_groups(cells):
    bulk = cx.pp.pseudobulk(cells, min_cells=1)
    assert list(bulk.obs_names) == ["d1|a", "d1|b", "d2|a", "d2|b"]
    assert list(bulk.obs["n_cells"]) == [15, 5, 12, 8]
    for unit, row in bulk.obs.iterrows():
        mine = (cells.obs["donor"] == row["donor"]) & (cells.obs["cell_type"] == row["cell_type"])
        expected = cells[mine].X.toarray().sum(axis=0)
        np.testing.assert_array_equal(bulk[unit].X.ravel(), expected)


def test_sums_equal_scanpy(cells):
    sc = pytest.importorskip("scanpy")
    expected = sc.get.aggregate(cells, by=["donor", "cell_type"], func="sum")
    bulk = cx.pp.pseudobulk(cells, min_cells=1)
    np.testing.assert_array_equal(
        bulk.X, expected[[n.replace("|", "_") for n in bulk.obs_names]].layers["sum"]
    )


def test_dense_equals_sparse_and_order_does_not_matter(cells, rng):
    dense = cells.copy()
    dense.X = cells.X.toarray()
    shuffled = cells[rng.permutation(40)].copy()
    expected = cx.pp.pseudobulk(cells, min_cells=1)
    for other in (dense, shuffled):
        pd.testing.assert_frame_equal(
            cx.pp.pseudobulk(other, min_cells=1).to_df(), expected.to_df()
        )


def test_small_groups_are_dropped_and_listed(cells):
    bulk = cx.pp.pseudobulk(cells, min_cells=10)
    dropped = bulk.uns["crosstalk"]["pseudobulk"]["dropped"]
    assert list(bulk.obs_names) == ["d1|a", "d2|a"]
    assert dropped.to_dict("list") == {
        "donor": ["d1", "d2"], "cell_type": ["b", "b"], "n_cells": [5, 8]
    }  # fmt: skip


def test_columns_that_are_constant_within_units_stay(cells):
    bulk = cx.pp.pseudobulk(cells, min_cells=1)
    assert list(bulk.obs["condition"]) == ["young", "young", "old", "old"]
    assert isinstance(bulk.obs["condition"].dtype, pd.CategoricalDtype)
    assert "depth" not in bulk.obs


def test_cells_without_a_label_are_left_out_and_counted(cells):
    cells.obs.loc["c0", "cell_type"] = np.nan
    bulk = cx.pp.pseudobulk(cells, min_cells=1)
    assert bulk.obs.loc["d2|a", "n_cells"] == 11
    assert bulk.uns["crosstalk"]["pseudobulk"]["n_cells_without_label"] == 1


def test_one_profile_per_donor_or_per_group(cells):
    assert list(cx.pp.pseudobulk(cells, groupby=None).obs_names) == ["d1", "d2"]
    by_group = cx.pp.pseudobulk(cells, donor=None)
    assert list(by_group.obs_names) == ["a", "b"]
    assert by_group.uns["crosstalk"]["modality"] == "celltype_means"
    assert cx.pp.pseudobulk(cells).uns["crosstalk"]["modality"] == "bulk_rna"
    with pytest.raises(InputError, match="Neither `donor` nor `groupby`"):
        cx.pp.pseudobulk(cells, donor=None, groupby=None)


def test_a_layer_is_summed_when_named(cells):
    plain = cx.pp.pseudobulk(cells, min_cells=1)
    doubled = cx.pp.pseudobulk(cells, min_cells=1, layer="raw")
    np.testing.assert_array_equal(doubled.X, 2 * plain.X)


def test_sums_need_counts_and_means_do_not(cells):
    log = cx.pp.lognormalise(cells)
    with pytest.raises(InputError, match="'lognorm', but sums need counts"):
        cx.pp.pseudobulk(log)
    mean = cx.pp.pseudobulk(log, min_cells=1, statistic="mean")
    mine = (cells.obs["donor"] == "d1") & (cells.obs["cell_type"] == "a")
    np.testing.assert_allclose(mean["d1|a"].X[0], log[mine].X.toarray().mean(axis=0), rtol=1e-6)
    assert mean.uns["crosstalk"]["value_state"] == "lognorm"


def test_misuse_says_what_to_do(cells):
    with pytest.raises(InputError, match="Did you mean 'donor'"):
        cx.pp.pseudobulk(cells, donor="donors")
    with pytest.raises(InputError, match="the largest has 15"):
        cx.pp.pseudobulk(cells, min_cells=100)


def test_the_result_can_be_written(cells, tmp_path):
    cx.pp.pseudobulk(cells).write_h5ad(tmp_path / "bulk.h5ad")
    again = ad.read_h5ad(tmp_path / "bulk.h5ad")
    assert list(again.uns["crosstalk"]["pseudobulk"]["dropped"]["n_cells"]) == [5, 8]
