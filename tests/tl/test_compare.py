"""Score tests: donors are the replicates, designs are right, and misuse is refused."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, ttest_ind, ttest_rel

import crosstalk_omics.tl as tl
from crosstalk_omics.core.errors import InputError

COLUMNS = ["signature", "group", "contrast", "estimate", "ci_low", "ci_high", "pvalue", "padj"]


def made(rng, donors: int = 6, cells: int = 1, *, paired: bool = False, signatures: int = 4):
    """Scores with donor effects; signature s0 is higher by 2 in treated samples."""
    rows = []
    for d in range(donors):
        for condition in ("control", "treated") if paired else (("control", "treated")[d % 2],):
            rows += [(f"d{d}", condition)] * cells
    obs = pd.DataFrame(rows, columns=["donor", "condition"]).astype("category")
    obs["sex"] = pd.Categorical(np.where(obs["donor"].cat.codes % 3 == 0, "f", "m"))
    obs["age"] = 20.0 + obs["donor"].cat.codes ** 2
    obs.index = [f"o{i}" for i in range(len(obs))]
    effects = rng.normal(0, 1, (donors, signatures))[obs["donor"].cat.codes]
    values = effects + rng.normal(0, 0.3, (len(obs), signatures))
    values[:, 0] += 2.0 * (obs["condition"] == "treated")
    adata = ad.AnnData(np.ones((len(obs), 1)), obs=obs)
    names = [f"s{i}" for i in range(signatures)]
    adata.obsm["score_ucell"] = pd.DataFrame(values, index=obs.index, columns=names)
    return adata


def compare(adata, **more) -> pd.DataFrame:
    asked = {"condition": "condition", "reference": "control", "donor": "donor", **more}
    return tl.compare_scores(adata, "score_ucell", **asked)


def halves(adata) -> tuple[np.ndarray, np.ndarray]:
    scores, treated = adata.obsm["score_ucell"].to_numpy(), adata.obs["condition"] == "treated"
    return scores[treated], scores[~treated]


def test_an_unpaired_design_gives_the_two_sample_t_test(rng):
    adata = made(rng, 10)
    table = compare(adata, test="t")
    want = ttest_ind(*halves(adata))
    np.testing.assert_allclose(table["pvalue"], want.pvalue)
    interval = want.confidence_interval(0.95)
    np.testing.assert_allclose(table["ci_low"], interval.low)
    np.testing.assert_allclose(table["ci_high"], interval.high)
    assert list(table.columns[: len(COLUMNS)]) == COLUMNS
    assert (table["n_donors"] == 10).all()


@pytest.mark.parametrize("paired", [None, True])
def test_donors_seen_under_both_conditions_are_paired(rng, paired):
    adata = made(rng, 8, paired=True)
    table = compare(adata, test="t", paired=paired)
    np.testing.assert_allclose(table["pvalue"], ttest_rel(*halves(adata)).pvalue)
    assert table["method"].str.contains("paired by donor").all()
    assert (table["n_donors"] == 8).all()


def test_a_mixed_model_of_complete_pairs_gives_the_paired_t_test(rng):
    adata = made(rng, 12, paired=True)
    table = compare(adata, test="mixed")
    np.testing.assert_allclose(table["pvalue"], ttest_rel(*halves(adata)).pvalue, rtol=1e-3)


def test_a_mixed_model_uses_donors_with_one_condition_only(rng):
    adata = made(rng, 12, paired=True)
    adata = adata[3:].copy()
    both = compare(adata, test="mixed")
    assert (both["n_donors"] == 11).all()
    assert both.loc[0, "ci_low"] < 2 < both.loc[0, "ci_high"]
    blocked = compare(adata, test="t")
    assert (blocked["n_donors"] == 10).all()
    assert blocked["note"].str.contains("1 unpaired values left out").all()


def test_squeezing_lends_degrees_of_freedom(rng):
    adata = made(rng, 6, signatures=60)
    plain, moderated = compare(adata, test="t"), compare(adata)
    np.testing.assert_allclose(plain["estimate"], moderated["estimate"])
    width = (moderated["ci_high"] - moderated["ci_low"]).to_numpy()
    assert width.std() < (plain["ci_high"] - plain["ci_low"]).std()


def test_cells_are_averaged_within_donors(rng):
    adata = made(rng, 8, 30)
    table = compare(adata, test="t")
    means = adata.obsm["score_ucell"].groupby(adata.obs["donor"].astype(str)).mean()
    treated = means.index.str[1:].astype(int) % 2 == 1
    want = ttest_ind(means[treated], means[~treated])
    np.testing.assert_allclose(table["pvalue"], want.pvalue)
    assert (table["unit"] == "donor").all()


def test_p_values_are_uniform_where_nothing_differs():
    rng = np.random.default_rng(1)
    p = [compare(made(rng, 8, 5, signatures=12))["pvalue"].iloc[1:] for _ in range(60)]
    p = np.concatenate(p)
    assert kstest(p, "uniform").pvalue > 0.001
    assert 0.02 < np.mean(p < 0.05) < 0.09


def test_testing_cells_is_exploratory_and_says_so(rng):
    adata = made(rng, 6, 40)
    table = compare(adata, unit="observation")
    assert (table["unit"] == "exploratory (observation)").all()
    assert "not replicates" in table.attrs["notes"][0]
    assert (table["pvalue"].iloc[1:] < 0.01).mean() > 0.5  # what the refusal protects from


def test_each_group_and_level_has_its_rows(rng):
    adata = made(rng, 9, 20)
    adata.obs["condition"] = np.array(["control", "low", "high"])[adata.obs["donor"].cat.codes % 3]
    adata.obs["cell_type"] = np.tile(["a", "b"], adata.n_obs // 2)
    table = compare(adata, groupby="cell_type")
    assert set(table["contrast"]) == {"high vs control", "low vs control"}
    assert table.groupby(["contrast", "group"]).size().eq(4).all()
    one = compare(adata[adata.obs["cell_type"] == "a"].copy(), groupby="cell_type")
    part = table[table["group"] == "a"].reset_index(drop=True)
    np.testing.assert_allclose(part["pvalue"], one["pvalue"])


@pytest.mark.parametrize(("family", "size"), [("contrast", 8), ("group", 4), ("all", 16)])
def test_the_false_discovery_rate_is_over_the_family_that_was_named(rng, family, size):
    from scipy.stats import false_discovery_control

    adata = made(rng, 12, 20)
    adata.obs["condition"] = np.array(["control", "low", "high"])[adata.obs["donor"].cat.codes % 3]
    adata.obs["cell_type"] = np.tile(["a", "b"], adata.n_obs // 2)
    table = compare(adata, groupby="cell_type", family=family)
    first = table.iloc[:size]
    np.testing.assert_allclose(first["padj"], false_discovery_control(first["pvalue"]))


def test_a_covariate_takes_its_part_of_the_effect(rng):
    import statsmodels.formula.api as smf

    adata = made(rng, 14)
    adata.obsm["score_ucell"]["s1"] += 3 * (adata.obs["sex"] == "f").to_numpy()
    table = compare(adata, covariates=["sex", "age"], test="t").set_index("signature")
    data = adata.obs.assign(y=adata.obsm["score_ucell"]["s1"])
    fit = smf.ols("y ~ C(condition) + C(sex) + age", data).fit()
    assert table.loc["s1", "pvalue"] == pytest.approx(fit.pvalues["C(condition)[T.treated]"])
    assert table.loc["s1", "estimate"] == pytest.approx(fit.params["C(condition)[T.treated]"])


def test_two_donors_per_condition_give_estimates_without_p(rng):
    table = compare(made(rng, 4))
    assert table["estimate"].notna().all()
    assert table[["pvalue", "padj", "ci_low"]].isna().all().all()
    assert "fewer than 3 donors per condition" in table.attrs["notes"][0]


def test_few_cells_of_a_donor_do_not_count_as_a_donor(rng):
    adata = made(rng, 8, 12)
    adata.uns["crosstalk"] = {"modality": "single_cell"}
    kept = np.r_[0:3, 12 : adata.n_obs]  # donor d0 keeps three cells
    table = compare(adata[kept].copy())
    assert (table["n_donors"] == 7).all()
    assert (compare(adata[kept].copy(), min_observations=1)["n_donors"] == 8).all()


def test_missing_scores_leave_out_one_donor_of_one_signature(rng):
    adata = made(rng, 10)
    adata.obsm["score_ucell"].iloc[0, 1] = np.nan
    table, full = compare(adata, test="t"), compare(made(np.random.default_rng(0), 10), test="t")
    treated, control = halves(adata)
    want = ttest_ind(treated[:, 1], control[:, 1], nan_policy="omit").pvalue
    assert table.loc[1, "pvalue"] == pytest.approx(want)
    assert table.loc[2, "pvalue"] == pytest.approx(full.loc[2, "pvalue"])


def test_bulk_samples_are_their_own_donors(rng):
    adata = made(rng, 10)
    adata.obs = adata.obs.drop(columns="donor")
    adata.uns["crosstalk"] = {"modality": "bulk_rna"}
    table = compare(adata, donor=None, test="t")
    np.testing.assert_allclose(table["pvalue"], ttest_ind(*halves(adata)).pvalue)


def test_the_key_may_be_the_name_of_the_method(rng):
    adata = made(rng, 8)
    found = tl.compare_scores(adata, "ucell", condition="condition", reference="control")
    pd.testing.assert_frame_equal(found, compare(adata))


def without_donors(adata):
    adata.obs = adata.obs.drop(columns="donor")


def as_means(adata):
    adata.uns["crosstalk"] = {"modality": "celltype_means"}


def age_varies(adata):
    adata.obs["age"] = np.arange(adata.n_obs, dtype=float)


@pytest.mark.parametrize(
    ("change", "asked", "message"),
    [
        (None, {"condition": "conditoin"}, "no column 'conditoin'. Did you mean 'condition'"),
        (None, {"reference": "contrl"}, "not in obs.'condition'.. Did you mean 'control'"),
        (None, {"test": "anova"}, "test is 'anova'"),
        (None, {"family": "table"}, "family is 'table'"),
        (None, {"level": 95}, "level is 95; expected a number from 0 to 1"),
        (None, {"paired": True}, "no donor of group 'all' has both conditions"),
        (without_donors, {"donor": None}, "which donor is not known"),
        (as_means, {}, "without replicates"),
        (age_varies, {"covariates": ["age"]}, "Covariate 'age' varies within a donor"),
        (None, {"min_observations": 99}, "No donor has 99 observations"),
    ],
)
def test_misuse_says_what_to_do(rng, change, asked, message):
    adata = made(rng, 8, 4)
    if change:
        change(adata)
    with pytest.raises(InputError, match=message):
        compare(adata, **asked)


def test_absent_scores_are_named(rng):
    with pytest.raises(InputError, match=r"no scores 'aucell'.*score_ucell"):
        tl.compare_scores(made(rng), "aucell", condition="condition", reference="control")
