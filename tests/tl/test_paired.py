"""Paired donors: WGCNA's and QENIE's numbers, the re-pairing null, planted pairs, errors."""

from math import factorial

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from scipy import stats

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.kernels import correlation as kernel
from crosstalk_omics.tl.crosstalk.paired import crosstalk_paired

N = 24
LIGANDS = [f"L{i}" for i in range(8)]
RECEPTORS = [f"R{i}" for i in range(8)]
PAIRS = pd.DataFrame(
    {
        "factor": LIGANDS,
        "ligand_complex": LIGANDS,
        "receptor_complex": RECEPTORS,
        "role": "agonist",
        "route": "endocrine",
        "evidence_level": "in_vivo",
    }
)


def read(oracles, name):
    return pd.read_csv(oracles / "stats" / name, index_col=0)


def tissue(rng, signal, column, *, name, donors=None, n_genes=200, weight=2.0):
    """Log expression of 24 donors; gene `column` and a tenth of the genes follow `signal`."""
    genes = [*LIGANDS, *RECEPTORS, *(f"G{i}" for i in range(n_genes))]
    values = rng.normal(8, 1, (N, len(genes)))
    values[:, genes.index(column)] += weight * signal
    donors = [f"d{i}" for i in range(N)] if donors is None else donors
    adata = ad.AnnData(
        values,
        obs=pd.DataFrame({"donor": donors}, index=[f"{name}{i}" for i in range(N)]),
        var=pd.DataFrame(index=genes),
    )
    adata.uns["crosstalk"] = {
        "organism": "human",
        "modality": "microarray",
        "value_state": "log_intensity",
        "tissue": name,
    }
    return adata


@pytest.fixture
def pair(rng):
    signal = rng.normal(size=N)
    muscle = tissue(rng, signal, "L0", name="muscle")
    fat = tissue(rng, signal, "R0", name="fat")
    return muscle, fat[rng.permutation(N)].copy()


# kernels


def test_bicor_and_its_p_equal_wgcna(oracles):
    first, second = (read(oracles, f"tissue{t}_donors_x_genes.csv").to_numpy() for t in "AB")
    r = kernel.correlate(*(kernel.standardise(x, "bicor") for x in (first, second)))
    np.testing.assert_allclose(r, read(oracles, "expected_bicor.csv"), atol=1e-6, rtol=0)
    p = kernel.correlation_p(r, len(first) - 2)
    np.testing.assert_allclose(p, read(oracles, "expected_bicor_p.csv"), atol=1e-6, rtol=0)


def test_spearman_equals_r(oracles):
    first, second = (read(oracles, f"tissue{t}_donors_x_genes.csv").to_numpy() for t in "AB")
    r = kernel.correlate(*(kernel.standardise(x, "spearman") for x in (first, second)))
    np.testing.assert_allclose(r, read(oracles, "expected_spearman.csv"), atol=1e-6, rtol=0)


def test_strength_equals_qenie(oracles):
    first, second = (
        kernel.standardise(read(oracles, f"tissue{t}_donors_x_genes.csv").to_numpy(), "bicor")
        for t in "AB"
    )
    expected = read(oracles, "expected_qenie_ssec.csv")["Ssec"]
    found = kernel.strength(first, second, len(first) - 2)
    np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)


def test_strength_does_not_depend_on_the_blocks(rng, monkeypatch):
    first, second = (kernel.standardise(rng.normal(size=(20, k)), "pearson") for k in (30, 70))
    whole = kernel.strength(first, second, 18)
    monkeypatch.setattr(kernel, "_ROWS", 7)
    monkeypatch.setattr(kernel, "_COLUMNS", 9)
    np.testing.assert_allclose(kernel.strength(first, second, 18), whole, rtol=1e-5)


def test_partial_correlation_equals_that_of_residuals(rng):
    x, y, c = rng.normal(size=(30, 2)), rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    x, y = x + c @ rng.normal(size=(2, 2)), y + c @ rng.normal(size=(2, 3))
    found = kernel.correlate(*(kernel.standardise(v, "pearson", c) for v in (x, y)))
    inverse = np.linalg.inv(np.cov(np.column_stack([x[:, :1], y[:, :1], c]).T))
    expected = -inverse[0, 1] / np.sqrt(inverse[0, 0] * inverse[1, 1])
    assert found[0, 0] == pytest.approx(expected)


def test_missing_values_leave_out_their_donors_only(rng):
    x, y = rng.normal(size=(20, 3)), rng.normal(size=(20, 2))
    x[:4, 1] = np.nan
    seen = [~np.isnan(v) for v in (x, y)]
    z = [kernel.standardise(v, "pearson") for v in (x, y)]
    r = kernel.correlate_seen(*z, *(s.astype(float) for s in seen))
    np.testing.assert_allclose(r[0], kernel.correlate(*z)[0])
    assert r[1, 0] == pytest.approx(np.corrcoef(x[4:, 1], y[4:, 0])[0, 1], abs=0.05)


def test_a_feature_without_spread_is_nan_not_zero(rng):
    x = rng.normal(size=(10, 2))
    x[:, 1] = 3.0
    for method in ("pearson", "spearman", "bicor"):
        z = kernel.standardise(x, method)
        assert np.isnan(z[:, 1]).all()
        assert np.linalg.norm(z[:, 0]) == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=9), st.integers(0, 5))
def test_repairings_keep_strata_and_are_all_there_are_when_few(labels, seed):
    labels = np.array(labels)
    orders, number, exact = kernel.repairings(len(labels), 200, seed, labels)
    orders = list(orders)
    assert len(orders) == number
    for order in orders:
        assert sorted(order) == list(range(len(labels)))
        assert (labels[order] == labels).all()
    if exact:
        sizes = np.unique(labels, return_counts=True)[1]
        assert number == np.prod([factorial(s) for s in sizes]) - 1
        assert len({tuple(o) for o in orders}) == number
        assert tuple(range(len(labels))) not in {tuple(o) for o in orders}


# the analysis


def test_the_planted_pair_is_found_whatever_the_order_of_donors(pair):
    muscle, fat = pair
    table = crosstalk_paired(muscle, fat, interactions=PAIRS, n_perms=500)
    best = table.iloc[0]
    assert (best["ligand_complex"], best["feature"]) == ("L0", "R0")
    assert best["correlation"] > 0.6
    assert best["fdr"] < 0.05
    assert (table["fdr"].iloc[1:] > 0.1).all()
    assert (table["n_donors"] == N).all()


@pytest.mark.parametrize("method", ["bicor", "spearman", "pearson"])
def test_every_method_agrees_with_scipy_or_with_itself_on_residuals(pair, method):
    muscle, fat = pair
    table = crosstalk_paired(muscle, fat, interactions=PAIRS, method=method, n_perms=50)
    found = table.set_index("ligand_complex").loc["L3"]
    x = muscle[:, "L3"].to_df().set_index(muscle.obs["donor"].to_numpy())["L3"]
    y = fat[:, "R3"].to_df().set_index(fat.obs["donor"].to_numpy())["R3"].reindex(x.index)
    if method == "bicor":
        z = [kernel.standardise(v.to_numpy()[:, None], "bicor") for v in (x, y)]
        expected = kernel.correlate(*z)[0, 0]
    else:
        expected = (stats.spearmanr if method == "spearman" else stats.pearsonr)(x, y)[0]
    assert found["correlation"] == pytest.approx(expected)


def test_what_sex_does_to_both_tissues_is_no_evidence_within_strata(rng):
    sex = np.repeat([0.0, 1.0], N // 2)
    muscle = tissue(rng, sex, "L0", name="muscle", weight=4)
    fat = tissue(rng, sex, "R0", name="fat", weight=4)
    for adata in (muscle, fat):
        adata.obs["sex"] = np.where(sex > 0, "f", "m")
    naive, strata, partial = (
        crosstalk_paired(muscle, fat, interactions=PAIRS, n_perms=300, strength=False, **options)
        .set_index("ligand_complex")
        .loc["L0"]
        for options in ({}, {"strata": ["sex"]}, {"covariates": ["sex"]})
    )
    assert naive["pvalue"] < 0.01
    assert strata["pvalue"] > 0.05
    assert abs(partial["correlation"]) < 0.6 < naive["correlation"]


def test_repaired_donors_give_uniform_p_values(rng):
    p, strength = [], []
    for _ in range(12):
        muscle = tissue(rng, np.zeros(N), "L0", name="muscle", n_genes=60)
        fat = tissue(rng, np.zeros(N), "R0", name="fat", n_genes=60)
        table = crosstalk_paired(muscle, fat, interactions=PAIRS, n_perms=99)
        p += table["pvalue"].tolist()
        strength += table["strength_pvalue"].tolist()
    assert stats.kstest(p, "uniform").pvalue > 0.001
    assert 0.3 < np.mean(strength) < 0.7


def test_a_ligand_that_moves_many_genes_is_strong(rng):
    signal = rng.normal(size=N)
    muscle = tissue(rng, signal, "L0", name="muscle", weight=3)
    fat = tissue(rng, np.zeros(N), "R0", name="fat")
    fat.X[:, 20:120] += 1.5 * signal[:, None]
    table = crosstalk_paired(muscle, fat, interactions=PAIRS, n_perms=200)
    found = table.set_index("ligand_complex")
    assert found["strength"].idxmax() == "L0"
    assert found.loc["L0", "strength_pvalue"] < 0.01
    assert found.drop(index="L0")["strength_pvalue"].min() > 0.005


def test_hidden_factors_show_what_is_shared_by_the_whole_tissue(rng):
    shared = rng.normal(size=N)
    muscle = tissue(rng, shared, "L0", name="muscle")
    fat = tissue(rng, shared, "R0", name="fat")
    for adata in (muscle, fat):
        adata.X[:, 16:] += 2 * shared[:, None]
    table = crosstalk_paired(
        muscle, fat, interactions=PAIRS, n_perms=20, hidden_factors=1, strength=False
    )
    found = table.set_index("ligand_complex").loc["L0"]
    assert found["correlation"] > 0.6
    assert abs(found["correlation_hidden"]) < 0.5
    assert any("Without the first 1 components" in note for note in table.attrs["notes"])


def test_scores_genes_and_blood_values_take_part(pair, rng):
    muscle, fat = pair
    fat.obsm["score_ucell"] = pd.DataFrame({"response_x": fat[:, "R0"].X[:, 0]}, fat.obs_names)
    blood = pd.DataFrame({"leptin": rng.normal(size=N)}, index=muscle.obs["donor"].to_numpy())
    blood.iloc[0, 0] = np.nan
    table = crosstalk_paired(
        muscle,
        fat,
        interactions=PAIRS,
        target_scores="score_ucell",
        target_genes=["G1"],
        analytes=blood,
        n_perms=100,
    )
    kinds = table.groupby("feature_kind").size()
    assert kinds.to_dict() == {"receptor": 8, "signature": 8, "analyte": 8, "gene": 8}
    assert (table["factor"] == table["ligand_complex"]).all()
    by_kind = table.set_index(["ligand_complex", "feature_kind"])
    assert by_kind.loc[("L0", "signature"), "correlation"] == pytest.approx(
        by_kind.loc[("L0", "receptor"), "correlation"]
    )
    assert by_kind.loc[("L0", "analyte"), "n_donors"] == N - 1


def test_unpaired_donors_are_listed(rng):
    muscle = tissue(rng, np.zeros(N), "L0", name="muscle")
    fat = tissue(rng, np.zeros(N), "R0", name="fat", donors=[f"d{i + 2}" for i in range(N)])
    table = crosstalk_paired(muscle, fat, interactions=PAIRS, n_perms=20, strength=False)
    assert table.attrs["unpaired"] == {"source": ["d0", "d1"], "target": ["d24", "d25"]}
    assert (table["n_donors"] == N - 2).all()
    assert any("d0, d1" in note for note in table.attrs["notes"])


def test_too_few_shared_donors_are_refused_by_name(rng):
    muscle = tissue(rng, np.zeros(N), "L0", name="muscle")
    fat = tissue(rng, np.zeros(N), "R0", name="fat", donors=[f"x{i}" for i in range(N)])
    with pytest.raises(
        InputError, match=r"0 donors have both muscle and fat.*only in the source: d0"
    ):
        crosstalk_paired(muscle, fat, interactions=PAIRS)


def test_few_donors_are_paired_in_all_ways(pair):
    muscle, fat = pair
    few = [f"d{i}" for i in range(5)]
    part = [a[a.obs["donor"].isin(few)].copy() for a in (muscle, fat)]
    table = crosstalk_paired(*part, interactions=PAIRS, n_perms=1000, strength=False)
    assert any("All 119 other pairings" in note for note in table.attrs["notes"])
    assert table["pvalue"].min() >= 1 / 120


def test_the_same_seed_gives_the_same_table_and_the_input_stays(pair):
    muscle, fat = pair
    before = muscle.X.copy()
    first, second = (
        crosstalk_paired(muscle, fat, interactions=PAIRS, n_perms=50, seed=3) for _ in range(2)
    )
    assert_frame_equal(first, second)
    np.testing.assert_array_equal(muscle.X, before)


def test_an_unmeasured_or_silent_ligand_is_not_assessable(pair):
    muscle, fat = pair
    table = crosstalk_paired(
        muscle[:, muscle.var_names != "L1"].copy(), fat, interactions=PAIRS, n_perms=20
    ).set_index("ligand_complex")
    assert np.isnan(
        table.loc["L1", ["correlation", "pvalue", "fdr", "strength"]].astype(float)
    ).all()
    assert table.loc["L1", "gene_ligand"] == ""


@pytest.mark.real
@pytest.mark.slow
def test_two_muscles_of_the_same_rats_agree_more_than_repaired_ones(cache):
    sides = [
        cx.pp.standardise(cx.datasets.load(f"motrpac_rat_{t}"), donor="pid")
        for t in ("gastrocnemius", "vastus_lateralis")
    ]
    table = crosstalk_paired(
        *sides, strata=["sex", "timepoint"], covariates=["sex", "timepoint"], n_perms=100
    )
    assert 40 <= table["n_donors"].max() <= 50
    assert table["correlation"].notna().sum() > 50
