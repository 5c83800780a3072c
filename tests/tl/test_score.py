"""Scores agree with reference implementations and depend on nothing but values and net."""

import json

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy.io import mmread
from scipy.stats import rankdata

import crosstalk_omics.tl as tl
from crosstalk_omics.core.errors import CrosstalkWarning, InputError

RANK = ["ucell", "aucell", "singscore", "ssgsea"]
LINEAR = ["mean", "zscore", "ulm", "mlm"]


def as_net(sets: dict[str, list[str]], weight: float = 1.0) -> pd.DataFrame:
    rows = [(name, gene, weight) for name, genes in sets.items() for gene in genes]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


def frame(adata: ad.AnnData, method: str) -> pd.DataFrame:
    return adata.obsm[f"score_{method}"]


@pytest.fixture(scope="module")
def ucell_sample(oracles):
    folder = oracles / "ucell_sample"
    x = mmread(folder / "matrix_genes_x_cells.mtx.gz").T.tocsr()
    genes = (folder / "genes.txt").read_text().split("\n")[: x.shape[1]]
    cells = (folder / "cells.txt").read_text().split("\n")[: x.shape[0]]
    adata = ad.AnnData(x, obs=pd.DataFrame(index=cells), var=pd.DataFrame(index=genes))
    return folder, adata, as_net(json.loads((folder / "sets.json").read_text()))


@pytest.fixture(scope="module")
def tgfb(oracles):
    folder = oracles / "tgfb_bulk"
    values = pd.read_csv(folder / "expr_genes_x_samples.csv.gz", index_col=0).T
    values.columns = values.columns.astype(str)
    return folder, ad.AnnData(values), as_net(json.loads((folder / "sets.json").read_text()))


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


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ucell_default_max1500", {}),
        ("ucell_max800", {"max_rank": 800}),
        ("ucell_missing_skip", {"missing": "skip"}),
    ],
)
def test_ucell_equals_the_r_package(ucell_sample, name, options):
    folder, adata, net = ucell_sample
    found = tl.score(adata, net, options={"ucell": options}, copy=True)
    want = expected(folder, name)
    np.testing.assert_allclose(frame(found, "ucell")[want.columns], want, atol=1e-12)


@pytest.mark.parametrize("w_neg", [1, 0.5])
def test_ucell_of_signed_sets_equals_the_r_package(ucell_sample, w_neg):
    folder, adata, _ = ucell_sample
    sets = json.loads((folder / "sets_updown.json").read_text())
    net = pd.DataFrame(
        [(s, g[:-1], 1.0 if g[-1] == "+" else -1.0) for s, v in sets.items() for g in v],
        columns=["source", "target", "weight"],
    )
    found = tl.score(adata, net, options={"ucell": {"w_neg": w_neg}}, copy=True)
    want = expected(folder, f"ucell_updown_wneg{w_neg}")
    np.testing.assert_allclose(frame(found, "ucell")[want.columns], want, atol=1e-12)


def test_ucell_caps_max_rank_where_pyucell_does_not(pbmc):
    """On 765 genes pyucell keeps maxRank 1500: apart by up to 0.4, the ranks being the same."""
    folder, adata, net = pbmc
    net = net[net["source"] != "MT"]
    found = frame(tl.score(adata, net, copy=True), "ucell")
    python = expected(folder, "pyucell")[found.columns]
    assert 0.2 < (found - python).abs().max().max() < 0.45
    assert all(found[c].corr(python[c], method="spearman") > 0.95 for c in ("mono", "Tcell"))


@pytest.mark.parametrize(("method", "name"), [("aucell", "aucell_top05"), ("ssgsea", "ssgsea_raw")])
def test_rank_scores_of_bulk_equal_the_r_packages(tgfb, method, name):
    folder, adata, net = tgfb
    found = frame(tl.score(adata, net, method, copy=True), method)
    want = expected(folder, name)
    np.testing.assert_allclose(found[want.columns], want, rtol=1e-12, atol=1e-9)


def test_singscore_equals_the_r_package(tgfb):
    folder, adata, net = tgfb
    up = frame(tl.score(adata, net, "singscore", copy=True), "singscore")["tgfb_up"]
    np.testing.assert_allclose(up, expected(folder, "singscore_up")["TotalScore"], atol=1e-12)
    options = {"singscore": {"direction": "unknown"}}
    unknown = frame(tl.score(adata, net, "singscore", options=options, copy=True), "singscore")
    want = expected(folder, "singscore_up_unknown_direction")["TotalScore"]
    np.testing.assert_allclose(unknown["tgfb_up"], want, atol=1e-12)


def test_singscore_of_a_signed_set_equals_the_r_package(tgfb):
    folder, adata, net = tgfb
    signed = net[net["source"].isin(["tgfb_up", "tgfb_dn"])].copy()
    signed["weight"] = signed["source"].map({"tgfb_up": 1.0, "tgfb_dn": -1.0})
    found = tl.score(adata, signed.assign(source="tgfb"), "singscore", copy=True)
    want = expected(folder, "singscore_updown")["TotalScore"]
    np.testing.assert_allclose(frame(found, "singscore")["tgfb"], want, atol=1e-12)


@pytest.mark.parametrize(
    ("method", "options"), [("ulm", {}), ("mlm", {}), ("zscore", {"centre": False})]
)
def test_linear_scores_equal_decoupler(pbmc, method, options):
    folder, adata, net = pbmc
    found = tl.score(adata, net, method, options={method: options}, copy=True)
    want = expected(folder, f"decoupler_{method}")
    np.testing.assert_allclose(frame(found, method)[want.columns], want, atol=1e-8)


def test_aucell_is_the_mean_over_random_breaks_of_ties(rng):
    x = rng.poisson(0.7, (6, 60)).astype(float)
    adata = ad.AnnData(x, var=pd.DataFrame(index=[f"G{i}" for i in range(60)]))
    net = as_net({"s": [f"G{i}" for i in range(5)]})
    options = {"aucell": {"top": 0.5}}
    found = frame(tl.score(adata, net, "aucell", options=options, copy=True), "aucell")["s"]
    top, best, draws = 30, sum(30 - r for r in range(1, 6)), []
    for _ in range(4000):
        ranks = np.lexsort((rng.random(x.shape), -x), axis=1).argsort(axis=1) + 1
        draws.append(np.maximum(top - ranks[:, :5], 0).sum(axis=1) / best)
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert (np.abs(found - np.mean(draws, axis=0)) < 4.5 * error + 1e-12).all()


def test_ssgsea_is_the_mean_over_random_orders_of_ties(rng):
    """The walk of the reference over genes in one order; tied genes have their mean rank."""
    x = rng.poisson(0.7, (4, 50)).astype(float)
    adata = ad.AnnData(x, var=pd.DataFrame(index=[f"G{i}" for i in range(50)]))
    net = as_net({"s": [f"G{i}" for i in range(6)]})
    found = frame(tl.score(adata, net, "ssgsea", copy=True), "ssgsea")["s"]
    weight, draws = rankdata(x, axis=1) ** 0.25, []
    for _ in range(3000):
        order = np.lexsort((rng.random(x.shape), -x), axis=1)
        inside = order < 6
        steps = np.where(inside, np.take_along_axis(weight, order, axis=1), 0)
        walk = np.cumsum(steps, axis=1) / steps.sum(axis=1, keepdims=True)
        draws.append((walk - np.cumsum(~inside, axis=1) / 44).sum(axis=1))
    error = np.std(draws, axis=0) / np.sqrt(len(draws))
    assert (np.abs(found - np.mean(draws, axis=0)) < 4.5 * error + 1e-9).all()


def by_hand(x: np.ndarray, genes: list[int]) -> dict[str, np.ndarray]:
    """Scores of one unsigned set from full ranks, as the papers write them."""
    n, k = x.shape[1], len(genes)
    down = rankdata(-x, axis=1)[:, genes]
    low = rankdata(x, axis=1, method="min")[:, genes].mean(axis=1)
    up = rankdata(x, axis=1)[:, genes]
    capped, cap = np.minimum(down, min(1500, n)).sum(axis=1), min(1500, n)
    lowest = k * (k + 1) / 2
    walk = (up**1.25).sum(axis=1) / (up**0.25).sum(axis=1)
    return {
        "ucell": 1 - (capped - lowest) / (k * cap - lowest),
        "singscore": (low - (k + 1) / 2) / (n - k) - 0.5,
        "ssgsea": walk - (n * (n + 1) / 2 - up.sum(axis=1)) / (n - k),
        "mean": x[:, genes].mean(axis=1),
        "zscore": (x[:, genes].mean(axis=1) - x.mean(axis=1)) * np.sqrt(k) / x.std(axis=1, ddof=1),
    }


values = st.sampled_from([0.0, 0.0, 0.0, 1.0, 1.0, 2.0, 2.5, 40.0, 1e-3, -1.0, -2.0, 1e9])


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(st.lists(values, min_size=12, max_size=12), min_size=1, max_size=5),
    genes=st.sets(st.integers(0, 11), min_size=1, max_size=11),
    kind=st.sampled_from([np.float32, np.float64]),
)
def test_every_kernel_equals_the_formula_on_any_values(rows, genes, kind):
    x = np.array(rows, dtype=kind)
    adata = ad.AnnData(sp.csr_matrix(x), var=pd.DataFrame(index=[f"G{i}" for i in range(12)]))
    net = as_net({"s": [f"G{i}" for i in genes]})
    tl.score(adata, net, [*RANK, "mean", "zscore"], value_state="log_intensity")
    empty = ~x.any(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        for method, want in by_hand(x.astype(float), sorted(genes)).items():
            found = frame(adata, method)["s"].to_numpy()
            assert np.isnan(found[empty]).all()
            if method == "zscore":
                varied = ~empty & (x.std(axis=1) > 0)
                np.testing.assert_allclose(found[varied], want[varied], rtol=1e-5, atol=1e-6)
            else:
                np.testing.assert_allclose(found[~empty], want[~empty], rtol=1e-9, atol=1e-9)


def shuffled(adata: ad.AnnData, rng: np.random.Generator) -> ad.AnnData:
    return adata[rng.permutation(adata.n_obs), rng.permutation(adata.n_vars)].copy()


@pytest.mark.parametrize("method", tl.score_methods()["method"])
def test_scores_ignore_order_of_genes_and_cells(adata, net, rng, method):
    signed = bool(tl.score_methods().set_index("method").loc[method, "signed"])
    net = net if signed else net[net["source"] == "first"]
    methods = ["mean", "ulm", method] if method == "consensus" else method
    other = shuffled(adata, rng)
    tl.score(adata, net, methods)
    tl.score(other, net.sample(frac=1, random_state=1), methods)
    found = frame(other, method).loc[adata.obs_names]
    assert_frame_equal(frame(adata, method), found, check_exact=False, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("change", [{"block_rows": 7}, {"n_threads": 1}, {"n_threads": 5}])
def test_scores_are_the_same_bytes_for_any_blocks_and_threads(adata, net, change):
    methods = ["ucell", "singscore", *LINEAR]
    one = tl.score(adata, net, methods, copy=True)
    other = tl.score(adata, net, methods, **change, copy=True)
    for method in methods:
        assert_frame_equal(frame(one, method), frame(other, method), check_exact=True)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, sp.csc_matrix, "float32", "int"])
def test_dense_sparse_and_integer_matrices_score_the_same(adata, net, form):
    counts = adata.copy()
    counts.X = np.round(np.expm1(adata.X.toarray()))
    net = net[net["source"] == "first"]
    other = counts.copy()
    if form == "float32":
        other.X = sp.csr_matrix(counts.X.astype(np.float32))
    elif form == "int":
        other.X = counts.X.astype(np.int32)
    else:
        other.X = form(counts.X)
    tl.score(counts, net, RANK)
    tl.score(other, net, RANK)
    for method in RANK:
        assert_frame_equal(frame(counts, method), frame(other, method), check_exact=True)


def test_entries_out_of_order_or_stored_twice_score_the_same(adata, net):
    x = adata.X.tocoo()
    order = np.random.default_rng(1).permutation(x.nnz)
    halves = np.concatenate([x.data[order] / 2, x.data[order] / 2])
    row, col = np.tile(x.row[order], 2), np.tile(x.col[order], 2)
    by_row = np.argsort(row, kind="stable")
    start = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=adata.n_obs))])
    other = adata.copy()
    other.X = sp.csr_matrix((halves[by_row], col[by_row], start), adata.shape)
    assert other.X.nnz == 2 * x.nnz
    tl.score(adata, net, ["ucell", "ulm"])
    tl.score(other, net, ["ucell", "ulm"])
    assert other.X.nnz == 2 * x.nnz
    for method in ("ucell", "ulm"):
        assert_frame_equal(frame(adata, method), frame(other, method))


def test_rank_scores_ignore_any_increasing_transform(adata, net):
    counts = adata.copy()
    counts.X = adata.X.copy()
    counts.X.data = np.round(np.expm1(counts.X.data))
    net = net[net["source"] == "first"]
    tl.score(adata, net, RANK)
    tl.score(counts, net, RANK)
    for method in RANK:
        assert_frame_equal(frame(adata, method), frame(counts, method), check_exact=True)


def test_a_signature_scores_the_same_beside_others(adata, net):
    methods = ["ucell", "singscore", "mean", "zscore", "ulm"]
    alone = tl.score(adata, net[net["source"] == "second"], methods, copy=True)
    both = tl.score(adata, net, methods, copy=True)
    twice = pd.concat([net, net.assign(source=net["source"] + "_again")])
    again = tl.score(adata, twice, methods, copy=True)
    for method in methods:
        assert_frame_equal(frame(alone, method), frame(both, method)[["second"]])
        renamed = frame(again, method)[["first_again", "second_again"]]
        assert_frame_equal(frame(both, method), renamed.set_axis(["first", "second"], axis=1))


def test_input_is_left_as_it_was(adata, net):
    before = adata.copy()
    tl.score(adata, net, ["ucell", "ulm"])
    assert (adata.X != before.X).nnz == 0
    assert adata.X.dtype == before.X.dtype
    assert_frame_equal(adata.obs, before.obs)
    copied = tl.score(before, net, copy=True)
    assert "score_ucell" in copied.obsm
    assert "score_ucell" not in before.obsm


def test_an_observation_without_values_has_no_score(adata, net):
    adata.X[3] = 0
    tl.score(adata, net, ["ucell", "ulm"])
    assert frame(adata, "ucell").iloc[3].isna().all()
    assert frame(adata, "ucell").drop(index="cell3").notna().all().all()
    assert "1 observations have no values" in adata.uns["score_ucell"]["notes"][0]


def test_scores_survive_writing_to_a_file(adata, net, tmp_path):
    tl.score(adata, net, ["ucell", "ulm"])
    adata.write_h5ad(tmp_path / "scored.h5ad")
    back = ad.read_h5ad(tmp_path / "scored.h5ad")
    assert_frame_equal(back.obsm["score_ucell"], adata.obsm["score_ucell"])
    assert list(back.uns["score_ucell"]["coverage"]["n_found"]) == [4, 4]
    assert back.uns["score_ulm"]["parameters"]["method"] == "ulm"


def test_coverage_counts_and_names_what_is_missing(adata, net):
    extra = pd.DataFrame({"source": "first", "target": ["NOPE1", "NOPE2"], "weight": 1.0})
    table = tl.coverage(adata, pd.concat([net, extra])).set_index("signature")
    assert table.loc["first", ["n_targets", "n_found", "missing"]].tolist() == [6, 4, "NOPE1;NOPE2"]
    assert table.loc["second", "coverage"] == 1


def test_a_signature_with_too_few_targets_is_left_out_and_said(adata, net):
    poor = pd.concat([net, as_net({"poor": ["G1", "X1", "X2", "X3", "X4"]})])
    with pytest.warns(CrosstalkWarning, match="1 of 3 signatures .* left out: poor"):
        tl.score(adata, poor, min_coverage=0.25)
    assert list(frame(adata, "ucell")) == ["first", "second"]
    table = adata.uns["score_ucell"]["coverage"].set_index("signature")
    assert not table.loc["poor", "scored"]


def test_a_signature_lost_to_old_names_says_which(adata, net):
    renamed = adata[:, :49].copy()
    renamed.var_names = [*renamed.var_names[:48], "CTGF"]
    both = pd.concat([net, as_net({"matrix": ["CCN2", "CCN1"]})])
    with pytest.warns(CrosstalkWarning, match="old names .CTGF for CCN2."):
        tl.score(renamed, both)
    renamed.var_names = [*renamed.var_names[:48], "TF"]  # transferrin; F3 is called so in mice only
    with pytest.warns(CrosstalkWarning) as caught:
        tl.score(renamed, pd.concat([net, as_net({"clot": ["F3", "F2"]})]))
    assert not any("old names" in str(warning.message) for warning in caught)


def test_a_signature_of_one_gene_is_scored(adata):
    tl.score(adata, as_net({"one": ["G3"]}), [*RANK, "mean", "zscore", "ulm", "mlm"])
    np.testing.assert_allclose(frame(adata, "mean")["one"], adata[:, "G3"].X.toarray().ravel())
    assert frame(adata, "ucell")["one"].between(0, 1).all()


def test_unmeasured_values_leave_one_observation_only(rng, net):
    x = rng.normal(8, 1, (6, 30))
    names = [f"G{i}" for i in range(30)]
    full = ad.AnnData(x, var=pd.DataFrame(index=names))
    holes = full.copy()
    holes.X[2, [1, 20]] = np.nan
    reduced = full[[2]][:, [n for i, n in enumerate(names) if i not in (1, 20)]].copy()
    net = net[net["source"] == "first"]
    methods = ["ucell", "singscore", "ssgsea", "aucell", "mean", "zscore", "ulm"]
    options = {"ucell": {"missing": "skip"}}
    for data in (full, holes, reduced):
        tl.score(data, net, methods, options=options, value_state="log_intensity")
    for method in methods:
        others = [i for i in range(6) if i != 2]
        np.testing.assert_allclose(
            frame(holes, method).iloc[others], frame(full, method).iloc[others]
        )
        np.testing.assert_allclose(frame(holes, method).iloc[2], frame(reduced, method).iloc[0])


def test_nan_is_refused_with_its_place_where_it_cannot_be_left_out(rng, net):
    x = rng.normal(8, 1, (6, 30))
    x[4, 7] = np.nan
    adata = ad.AnnData(x, var=pd.DataFrame(index=[f"G{i}" for i in range(30)]))
    with pytest.raises(InputError, match=r"nan in observation '4', gene 'G7'.*mlm cannot"):
        tl.score(adata, net, "mlm", value_state="log_intensity")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_sparse_data_with_values_that_are_no_numbers_are_refused(adata, net, bad):
    adata.X[5, 6] = bad
    with pytest.raises(InputError, match=r"cell5'.*gene 'G6'"):
        tl.score(adata, net, value_state="lognorm")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "ucel"}, "method is 'ucel'. Did you mean 'ucell'"),
        ({"layer": "count"}, "no layer 'count'"),
        ({"options": {"ucell": {"maxrank": 3}}}, "no option 'maxrank'. Did you mean 'max_rank'"),
        ({"options": {"ulm": {}}}, "which is not among the methods"),
        ({"options": {"ucell": {"max_rank": "all"}}}, "'max_rank' of ucell is 'all'; expected a"),
        ({"options": {"ucell": {"missing": "drop"}}}, "is 'drop'; expected one of"),
        ({"options": {"ucell": {"w_neg": -1}}}, "is -1; expected a number from 0"),
        ({"options": {"ucell": {"max_rank": 3}}}, "Raise it"),
        ({"value_state": "scaled"}, "'ucell' does not take values in the state 'scaled'"),
        ({"value_state": "counts", "method": "ulm"}, "Log-normalise first"),
        ({"method": "ssgsea"}, "no meaning for negative weights, which .'second'. have"),
        ({"value_state": "log"}, "value_state is 'log'"),
        ({"method": []}, "method is empty"),
        ({"min_coverage": 2}, "min_coverage is 2; expected a number from 0 to 1"),
        ({"n_threads": 0}, "n_threads is 0; expected a whole number of at least 1"),
        ({"block_rows": 1.5}, "block_rows is 1.5; expected a whole number"),
        ({"seed": -1}, "seed is -1"),
        ({"depth": 0}, "depth is 0"),
    ],
)
def test_misuse_says_what_to_do(adata, net, change, message):
    with pytest.raises(InputError, match=message):
        tl.score(adata, net, **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.drop(columns="target"), "net has no column 'target'"),
        (lambda n: n.iloc[:0], "net is empty"),
        (lambda n: {"first": ["G1"]}, "net is of type dict; expected DataFrame"),
        (lambda n: n.assign(target=[None, *n["target"][1:]]), "1 rows without a source or target"),
        (lambda n: pd.concat([n, n.iloc[[0]]]), "names 1 targets twice"),
        (lambda n: n.assign(weight=np.nan), "not finite numbers"),
        (lambda n: n.assign(source="a/b", target=[f"G{i}" for i in range(8)]), "has a '/'"),
    ],
)
def test_a_wrong_net_is_refused(adata, net, change, message):
    with pytest.raises(InputError, match=message):
        tl.score(adata, change(net))


def test_data_that_cannot_be_scored_are_refused(adata, net):
    with pytest.raises(InputError, match="no observations"):
        tl.score(adata[:0].copy(), net)
    with pytest.raises(InputError, match="adata is of type csr_matrix; expected AnnData"):
        tl.score(adata.X, net)
    adata.X = adata.X.astype(complex)
    with pytest.raises(InputError, match="of type complex128; expected real numbers"):
        tl.score(adata, net)


def test_a_net_without_weights_counts_every_target_once(adata, net):
    first = net[net["source"] == "first"]
    one = tl.score(adata, first.drop(columns="weight"), "mean", copy=True)
    assert_frame_equal(frame(one, "mean"), frame(tl.score(adata, first, "mean", copy=True), "mean"))


@pytest.mark.parametrize(
    ("genes", "targets", "message"),
    [
        (["ENSG00000141510.17", "ENSG00000146648"], ["TP53", "EGFR"], "Ensembl ids"),
        (["Tp53", "Egfr"], ["TP53", "EGFR"], "look like mouse or rat, the net like human"),
        (["TP53", "EGFR"], ["Tp53", "Egfr"], "look like human, the net like mouse"),
        (["tp53", "egfr"], ["TP53", "EGFR"], "differ in case"),
        (["1007_s_at", "1053_at"], ["TP53", "EGFR"], "Run `cx.pp.standardise`"),
        (["CTGF", "GPR56"], ["CCN2", "ADGRG1"], r"old names \(.*CTGF for CCN2.*: run `cx.pp.stand"),
        (["TP53", "EGFR"], ["TP53", *(f"X{i}" for i in range(20))], "measure few of these genes"),
    ],
)
def test_names_that_disagree_are_explained(genes, targets, message):
    data = ad.AnnData(np.ones((2, 2)) * [[1.0, 2.5]], var=pd.DataFrame(index=genes))
    with pytest.raises(InputError, match=message):
        tl.score(data, as_net({"s": targets}))


def test_repeated_gene_names_are_refused(adata, net):
    adata.var_names = ["G0"] * 2 + [f"G{i}" for i in range(2, 50)]
    with pytest.raises(InputError, match="Gene names repeat"):
        tl.score(adata, net)


def test_methods_that_cannot_be_told_apart_by_mlm_are_named(adata, net):
    twice = pd.concat([net, net.assign(source=net["source"] + "_again")])
    with pytest.raises(InputError, match="mlm cannot tell the 4 signatures apart"):
        tl.score(adata, twice, "mlm")
