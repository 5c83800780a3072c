"""The matched null: exact moments, standard normal on random sets, labelled descriptive."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from pandas.testing import assert_frame_equal
from scipy.stats import rankdata

import crosstalk_omics.tl as tl
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl.score.null import strata_of

EXACT = ["ucell", "aucell", "singscore", "mean", "zscore", "ulm"]


def made(rng, n_obs: int = 40, n_genes: int = 1500) -> ad.AnnData:
    """Log-normalised cells with genes of very unlike expression."""
    rate = np.exp(rng.normal(-1.5, 1.5, n_genes))
    counts = rng.poisson(rate * rng.lognormal(0, 0.4, (n_obs, 1))).astype(float)
    scaled = np.log1p(1e4 * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))
    names = [f"G{i:04d}" for i in range(n_genes)]
    return ad.AnnData(sp.csr_matrix(scaled), var=pd.DataFrame(index=names))


def random_sets(adata, rng, n: int, sizes=(10, 30)) -> pd.DataFrame:
    rows = []
    for s in range(n):
        genes = rng.choice(adata.var_names, rng.integers(*sizes), replace=False)
        rows += [(f"s{s:03d}", g, 1.0) for g in genes]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


def z_of(adata, method: str) -> pd.DataFrame:
    return adata.obsm[f"score_{method}_z"]


@pytest.mark.parametrize("method", [*EXACT, "ssgsea"])
def test_z_of_random_sets_is_standard_normal(rng, method):
    adata = made(rng)
    options = {"aucell": {"top": 0.3}} if method == "aucell" else None
    net = random_sets(adata, rng, 80 if method == "ssgsea" else 400)
    tl.score(adata, net, method, null="matched", options=options)
    z = z_of(adata, method).to_numpy().ravel()
    z = z[np.isfinite(z)]
    assert len(z) > 0.95 * len(net["source"].unique()) * 40
    assert abs(z.mean()) < 0.1
    assert 0.9 < z.std() < 1.1
    assert 0.02 < np.mean(np.abs(z) > 2) < 0.075


def test_z_of_sets_chosen_for_expression_is_standard_normal_too(rng):
    """Highly expressed sets score high by any method; against matched sets they do not."""
    adata = made(rng)
    level = pd.Series(np.asarray(adata.X.mean(axis=0)).ravel(), adata.var_names)
    high = level.nlargest(300).index
    rows = [(f"s{s:03d}", g) for s in range(150) for g in rng.choice(high, 20, replace=False)]
    net = pd.DataFrame(rows, columns=["source", "target"])
    tl.score(adata, net, ["ucell", "zscore"], null="matched")
    assert adata.obsm["score_zscore"].to_numpy().mean() > 3
    for method in ("ucell", "zscore"):
        z = z_of(adata, method).to_numpy().ravel()
        assert abs(z.mean()) < 0.1
        assert 0.9 < z.std() < 1.1


def test_moments_equal_those_of_many_random_matched_sets(rng):
    adata = made(rng, 3, 300)
    net = random_sets(adata, rng, 1, (12, 13))
    tl.score(adata, net, ["ucell", "mean"], null="matched")
    x = adata.X.toarray()
    stratum = strata_of((x.mean(axis=0), (x > 0).mean(axis=0)))
    genes = adata.var_names.get_indexer(net["target"])
    counts = np.bincount(stratum[genes], minlength=stratum.max() + 1)
    drawn = [(np.flatnonzero(stratum == s), k) for s, k in enumerate(counts)]
    cap = 300
    down = np.minimum(rankdata(-x, axis=1), cap)
    draws = {"ucell": [], "mean": []}
    for _ in range(20000):
        chosen = np.concatenate([rng.choice(p, k, replace=False) for p, k in drawn])
        draws["ucell"].append(-down[:, chosen].sum(axis=1))
        draws["mean"].append(x[:, chosen].sum(axis=1))
    for method, values in (("ucell", -down), ("mean", x)):
        random = np.array(draws[method])
        want = (values[:, genes].sum(axis=1) - random.mean(axis=0)) / random.std(axis=0)
        np.testing.assert_allclose(z_of(adata, method)["s000"], want, atol=0.06, rtol=0.03)


def test_signed_sets_are_judged_as_a_difference(rng):
    adata = made(rng)
    net = random_sets(adata, rng, 300, (20, 30))
    net["weight"] = np.where(rng.random(len(net)) < 0.4, -1.0, 1.0)
    tl.score(adata, net, ["ucell", "singscore", "mean"], null="matched")
    for method in ("ucell", "singscore", "mean"):
        z = z_of(adata, method).to_numpy().ravel()
        assert abs(z.mean()) < 0.1
        assert 0.9 < z.std() < 1.1


def test_the_null_ignores_order_blocks_and_threads(rng):
    adata = made(rng, 20, 400)
    net = random_sets(adata, rng, 5)
    other = adata[rng.permutation(20), rng.permutation(400)].copy()
    methods = ["ucell", "ssgsea", "mean"]
    tl.score(adata, net, methods, null="matched")
    tl.score(other, net, methods, null="matched", block_rows=3, n_threads=3)
    for method in methods:
        found = z_of(other, method).loc[adata.obs_names]
        assert_frame_equal(z_of(adata, method), found, check_exact=False, rtol=1e-8, atol=1e-9)


def test_the_seed_decides_the_random_sets_of_ssgsea(rng):
    adata = made(rng, 5, 300)
    net = random_sets(adata, rng, 2)
    first = tl.score(adata, net, "ssgsea", null="matched", seed=1, copy=True)
    again = tl.score(adata, net, "ssgsea", null="matched", seed=1, copy=True)
    other = tl.score(adata, net, "ssgsea", null="matched", seed=2, copy=True)
    assert_frame_equal(z_of(first, "ssgsea"), z_of(again, "ssgsea"), check_exact=True)
    assert not np.allclose(z_of(first, "ssgsea"), z_of(other, "ssgsea"))


def test_z_is_labelled_descriptive_and_stands_beside_the_score(rng):
    adata = made(rng, 5, 300)
    tl.score(adata, random_sets(adata, rng, 2), null="matched")
    assert "descriptive" in adata.uns["score_ucell_z"]["notes"][0]
    assert adata.uns["score_ucell_z"]["parameters"]["null"] == "matched"
    assert set(adata.obsm) == {"score_ucell", "score_ucell_z"}


def test_a_planted_set_stands_out(rng):
    adata = made(rng)
    net = random_sets(adata, rng, 20)
    genes = net.loc[net["source"] == "s000", "target"]
    x = adata.X.toarray()
    x[:5, adata.var_names.get_indexer(genes)] += 3
    adata.X = sp.csr_matrix(x)
    tl.score(adata, net, ["ucell", "mean"], null="matched")
    for method in ("ucell", "mean"):
        assert (z_of(adata, method)["s000"].iloc[:5] > 4).all()


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"method": "viper"}, "not defined for viper"),
        ({"method": "singscore", "options": {"singscore": {"direction": "unknown"}}}, "direction"),
        ({"null": "random"}, "null is 'random'"),
    ],
)
def test_what_has_no_null_is_refused(adata, net, asked, message):
    with pytest.raises(InputError, match=message):
        tl.score(adata, net, **{"null": "matched", **asked})
