"""Methods that look at gene means or at all observations, adapters, consensus, disk and dask."""

import json
import time

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from pandas.testing import assert_frame_equal

import crosstalk_omics.tl as tl
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl.score import dense
from crosstalk_omics.tl.score.means import controls, expression_bins
from crosstalk_omics.tl.score.passes import over_blocks


@pytest.fixture(scope="module")
def tgfb(oracles):
    folder = oracles / "tgfb_bulk"
    values = pd.read_csv(folder / "expr_genes_x_samples.csv.gz", index_col=0).T
    values.columns = values.columns.astype(str)
    sets = json.loads((folder / "sets.json").read_text())
    rows = [(name, gene) for name, genes in sets.items() for gene in genes]
    return folder, ad.AnnData(values), pd.DataFrame(rows, columns=["source", "target"])


@pytest.fixture(scope="module")
def pbmc(oracles):
    folder = oracles / "pbmc700"
    values = pd.read_csv(folder / "lognorm_cells_x_genes.csv.gz", index_col=0)
    adata = ad.AnnData(
        sp.csr_matrix(values.to_numpy()),
        obs=pd.DataFrame(index=values.index),
        var=pd.DataFrame(index=values.columns),
    )
    return folder, adata, pd.read_csv(folder / "net_signed.csv")


def expected(folder, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"expected_{name}.csv.gz", index_col=0)


def scored(adata, net, method, **more) -> pd.DataFrame:
    return tl.score(adata, net, method, copy=True, **more).obsm[f"score_{method}"]


@pytest.mark.parametrize(
    ("method", "name", "tolerance"),
    [("combined_z", "zscore", 1e-9), ("gsva", "gsva_gaussian", 1e-4)],
)
def test_scores_over_samples_equal_the_r_package(tgfb, method, name, tolerance):
    folder, adata, net = tgfb
    want = expected(folder, name)
    np.testing.assert_allclose(scored(adata, net, method)[want.columns], want, atol=tolerance)


def test_plage_equals_the_r_package_but_for_its_sign(tgfb):
    folder, adata, net = tgfb
    want = expected(folder, "plage")
    found = scored(adata, net, "plage")[want.columns]
    sign = np.sign((found * want).sum())
    np.testing.assert_allclose(found * sign, want, atol=1e-9)


def test_plage_goes_with_the_mean_of_its_genes(tgfb):
    _, adata, net = tgfb
    both = tl.score(adata, net, ["plage", "combined_z"], copy=True)
    for name in both.obsm["score_plage"]:
        assert both.obsm["score_plage"][name].corr(both.obsm["score_combined_z"][name]) > 0


def test_viper_equals_decoupler(pbmc):
    folder, adata, net = pbmc
    want = expected(folder, "decoupler_viper")
    part = adata[:100].copy()
    found = scored(part, net, "viper")
    np.testing.assert_allclose(found[want.columns], want.loc[part.obs_names], atol=1e-8)


def test_gsea_is_near_decoupler_which_breaks_ties_by_gene_order(pbmc):
    folder, adata, net = pbmc
    want = expected(folder, "decoupler_gsea").iloc[:20]
    part, net = adata[want.index].copy(), net[net["source"] != "MT"]
    found = scored(part, net, "gsea", options={"gsea": {"times": 100}})[want.columns]
    assert np.corrcoef(found.to_numpy().ravel(), want.to_numpy().ravel())[0, 1] > 0.97


def test_score_genes_equals_scanpy(pbmc):
    folder, adata, net = pbmc
    net = net[net["source"] != "MT"]
    want = expected(folder, "scanpy_score_genes")
    found = scored(adata, net, "score_genes")
    np.testing.assert_allclose(found[want.columns], want, atol=1e-8)


def test_score_genes_draws_the_controls_that_scanpy_draws(rng):
    """With more genes per bin than controls the draw matters; names in order, as scanpy's."""
    import scanpy as sc

    x = sp.csr_matrix(rng.gamma(0.2, np.exp(rng.normal(-1, 1, 2000)), (50, 2000)))
    names = [f"G{i:04d}" for i in range(2000)]
    adata = ad.AnnData(x, var=pd.DataFrame(index=names))
    genes = list(rng.choice(names, 30, replace=False))
    found = scored(adata, pd.DataFrame({"source": "s", "target": genes}), "score_genes")["s"]
    sc.tl.score_genes(
        adata, genes, ctrl_as_ref=True, ctrl_size=50, gene_pool=None, n_bins=25,
        score_name="scanpy", random_state=0, copy=False, use_raw=False, layer=None,
    )  # fmt: skip
    np.testing.assert_allclose(found, adata.obs["scanpy"], atol=1e-12)


def test_controls_have_the_expression_of_the_targets_and_are_none_of_them(rng):
    means, target = rng.random(1000), np.arange(20)
    bins, options = expression_bins(means, 25), {"n_controls": 10, "seed": 3}
    found = controls(bins, target, options)
    assert not set(found) & set(target)
    assert np.array_equal(found, controls(bins, target, options))
    assert set(bins[found]) == set(bins[target])
    assert np.ptp(means[bins == bins[0]]) < 0.1


def test_score_genes_without_any_control_gene_says_so(rng):
    x = ad.AnnData(rng.random((5, 4)) + 0.5, var=pd.DataFrame(index=list("ABCD")))
    net = pd.DataFrame({"source": "all", "target": list("ABCD")})
    with pytest.raises(InputError, match="no control gene for 'all'"):
        tl.score(x, net, "score_genes", value_state="lognorm")


def test_consensus_equals_decoupler(pbmc):
    import decoupler as dc

    _, adata, net = pbmc
    part = tl.score(adata[:50].copy(), net, ["mean", "zscore", "ulm", "consensus"], copy=True)
    results = {f"score_{m}": part.obsm[f"score_{m}"] for m in ("mean", "zscore", "ulm")}
    want = dc.mt.consensus(results, verbose=False)[0]
    np.testing.assert_allclose(part.obsm["score_consensus"], want, atol=1e-12)


def test_consensus_needs_other_methods(adata, net):
    with pytest.raises(InputError, match="consensus combines the other methods"):
        tl.score(adata, net, ["ucell", "consensus"])


@pytest.mark.parametrize("method", ["viper", "gsea", "gsva", "ulm", "score_genes"])
def test_empty_observations_are_set_aside(adata, net, method):
    net = net[net["source"] == "first"]
    kept = [i for i in range(12) if i not in (3, 11)]
    adata = adata[:12].copy()
    adata.X = adata.X.toarray()
    adata.X[[3, 11]] = 0
    with_empty = scored(adata, net, method)
    assert with_empty.iloc[[3, 11]].isna().all().all()
    if method != "score_genes":  # its gene means count empty observations
        without = scored(adata[kept].copy(), net, method)
        assert_frame_equal(with_empty.iloc[kept], without)


def test_methods_over_all_observations_refuse_what_would_not_fit(adata, net, monkeypatch):
    monkeypatch.setattr(dense, "MOST_VALUES", 100)
    with pytest.raises(InputError, match=r"combined_z .* 40 x 50 dense values.*pseudobulk"):
        tl.score(adata, net, "combined_z")


METHODS = ["ucell", "singscore", "mean", "zscore", "ulm", "mlm"]


@pytest.mark.parametrize("kind", ["csr", "dense", "zarr", "dask"])
def test_matrices_on_disk_and_in_dask_score_as_in_memory(adata, net, tmp_path, kind):
    want = tl.score(adata, net, METHODS, copy=True)
    if kind == "dense":
        adata.X = adata.X.toarray()
    if kind == "dask":
        import dask.array as da

        other = adata.copy()
        other.X = da.from_array(adata.X.toarray(), chunks=(9, 50)).map_blocks(sp.csr_matrix)
    elif kind == "zarr":
        import zarr

        path = tmp_path / "x.zarr"
        adata.write_zarr(path)
        x = ad.io.sparse_dataset(zarr.open(path, mode="r")["X"])
        other = ad.AnnData(obs=adata.obs, var=adata.var)
        other.layers["disk"] = x
    else:
        adata.write_h5ad(tmp_path / "x.h5ad")
        other = ad.read_h5ad(tmp_path / "x.h5ad", backed="r")
    tl.score(other, net, METHODS, block_rows=7, layer="disk" if kind == "zarr" else None)
    for method in METHODS:
        key = f"score_{method}"
        assert_frame_equal(want.obsm[key], other.obsm[key], check_exact=True)


def test_an_interrupt_stops_the_blocks_to_come():
    done = []

    def one(part, first, lo, hi):
        done.append(lo)
        time.sleep(0.001)
        if lo == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        over_blocks(one, sp.csr_matrix((5000, 3)), 10, 2, "score")
    assert len(done) < 100


def test_a_matrix_on_disk_stored_by_genes_is_refused(adata, net, tmp_path):
    adata.X = adata.X.tocsc()
    adata.write_h5ad(tmp_path / "x.h5ad")
    backed = ad.read_h5ad(tmp_path / "x.h5ad", backed="r")
    with pytest.raises(InputError, match="stored by genes"):
        tl.score(backed, net)


def test_the_table_of_methods_names_a_source_for_each():
    table = tl.score_methods()
    assert table["reference"].str.match(r"doi:10\.\d{4,9}/\S+$").all()
    assert table["method"].is_unique


@pytest.fixture
def two_depths(rng):
    """The same cells sequenced to 6,000 and to 1,500 counts."""
    rate = np.exp(rng.normal(-1, 1.5, 600))
    rate /= rate.sum()
    x = np.vstack([rng.multinomial(n, rate, 30) for n in (6000, 1500)])
    obs = pd.DataFrame({"deep": np.repeat([True, False], 30)}, [f"c{i}" for i in range(60)])
    var = pd.DataFrame(index=[f"G{i}" for i in range(600)])
    genes = [f"G{i}" for i in np.argsort(-rate)[150:200]]
    net = pd.DataFrame({"source": "middling", "target": genes})
    return ad.AnnData(sp.csr_matrix(x.astype(np.float32)), obs=obs, var=var), net


def test_one_depth_makes_unlike_data_sets_comparable(two_depths):
    adata, net = two_depths
    options = {"ucell": {"max_rank": 500}}
    plain = scored(adata, net, "ucell", options=options)["middling"]
    level = scored(adata, net, "ucell", options=options, depth=1400)["middling"]
    deep = adata.obs["deep"]
    gap = plain[deep].mean() - plain[~deep].mean()
    assert abs(gap) > 8 * plain[deep].sem()
    assert abs(level[deep].mean() - level[~deep].mean()) < 4 * level[deep].sem()


def test_thinning_depends_on_names_and_seed_only(two_depths, rng):
    adata, net = two_depths
    other = adata[rng.permutation(60), rng.permutation(600)].copy()
    one = scored(adata, net, "ucell", depth=1000)
    assert_frame_equal(one, scored(other, net, "ucell", depth=1000, block_rows=7).loc[one.index])
    assert not np.allclose(one, scored(adata, net, "ucell", depth=1000, seed=1))


def test_observations_below_the_depth_have_no_score(two_depths):
    adata, net = two_depths
    tl.score(adata, net, depth=2000)
    missing = adata.obsm["score_ucell"]["middling"].isna()
    assert (missing == ~adata.obs["deep"]).all()
    assert "30 observations have fewer than 2000 counts" in adata.uns["score_ucell"]["notes"][0]


def test_only_counts_are_thinned(adata, net):
    with pytest.raises(InputError, match="thins counts, and the values are in the state 'lognorm'"):
        tl.score(adata, net, depth=100)


def test_shallow_data_get_advice_on_max_rank(two_depths):
    adata, net = two_depths
    tl.score(adata, net, options={"ucell": {"max_rank": 1500}})
    assert any("max_rank near" in note for note in adata.uns["score_ucell"]["notes"])


def test_deep_bulk_gets_advice_on_max_rank(rng, net):
    names = [f"G{i}" for i in range(900)]
    adata = ad.AnnData(rng.normal(8, 1, (4, 900)), var=pd.DataFrame(index=names))
    options = {"ucell": {"max_rank": 100}}
    tl.score(adata, net, options=options, value_state="log_intensity")
    assert any("singscore uses all" in note for note in adata.uns["score_ucell"]["notes"])


def test_scores_can_go_to_a_file_instead_of_memory(adata, net, tmp_path):
    adata.X[7] = 0
    want = tl.score(adata, net, ["ucell", "ulm"], copy=True)
    out = tmp_path / "scores.h5ad"
    tl.score(adata, net, ["ucell", "ulm"], out=out, block_rows=9)
    assert "score_ucell" not in adata.obsm
    assert adata.uns["score_ucell"]["parameters"]["out"] == str(out)
    back = ad.read_h5ad(out)
    assert list(back.obs_names) == list(adata.obs_names)
    for method in ("ucell", "ulm"):
        found = pd.DataFrame(back.layers[method], back.obs_names, back.var_names)
        np.testing.assert_allclose(found, want.obsm[f"score_{method}"], rtol=1e-6)


def test_a_file_that_failed_is_not_left_behind(adata, net, tmp_path):
    adata.X[30, 6] = np.inf
    with pytest.raises(InputError, match="inf"):
        tl.score(adata, net, out=tmp_path / "scores.h5ad", value_state="lognorm", block_rows=5)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"out": "scores.csv"}, "ends in .h5ad"),
        ({"out": "scores.h5ad", "method": "combined_z"}, "combined_z needs all scores"),
        ({"out": "scores.h5ad", "null": "matched"}, "null='matched' needs all"),
    ],
)
def test_what_cannot_be_written_block_by_block_is_refused(adata, net, asked, message):
    with pytest.raises(InputError, match=message):
        tl.score(adata, net, **asked)
