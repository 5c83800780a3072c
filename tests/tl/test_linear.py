"""Least squares and moderated t: limma's numbers, missing values, shrinkage limits."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from crosstalk_omics.kernels.linear import (
    least_squares,
    moderated_t,
    one_sided,
    squeeze_variance,
)

SLOPE = np.array([0.0, 1.0])


def two_groups(n: int) -> np.ndarray:
    return np.column_stack([np.ones(n), np.arange(n) >= n // 2]).astype(float)


def agrees(result, expected: pd.DataFrame) -> None:
    for ours, column in ((result.estimate, "logFC"), (result.t, "t"), (result.pvalue, "P.Value")):
        np.testing.assert_allclose(ours, expected[column], atol=1e-6, rtol=0)


def test_plain_moderated_t_equals_limma(oracles):
    expr = pd.read_csv(oracles / "tgfb_bulk/expr_genes_x_samples.csv.gz", index_col=0)
    samples = pd.read_csv(oracles / "tgfb_bulk/samples.csv", index_col=0).loc[expr.columns]
    expected = pd.read_csv(oracles / "tgfb_bulk/expected_limma_tgfb_vs_ctrl.csv.gz", index_col=0)
    design = np.column_stack([np.ones(len(samples)), samples["Treatment"] == "TGFb"])
    result = moderated_t(least_squares(expr.to_numpy().T, design), SLOPE)
    agrees(result, expected.loc[expr.index])


def test_trended_moderated_t_equals_limma_trend(oracles):
    expr = pd.read_csv(oracles / "stats/expected_edger_logcpm_prior2.csv", index_col=0)
    expected = pd.read_csv(oracles / "stats/expected_limma_trend.csv", index_col=0)
    fit = least_squares(expr.to_numpy().T, two_groups(expr.shape[1]))
    result = moderated_t(fit, SLOPE, trend=expr.mean(axis=1).to_numpy())
    agrees(result, expected.loc[expr.index])


def test_a_feature_with_missing_values_is_fitted_on_its_own_samples(rng):
    y, design = rng.normal(size=(10, 40)), two_groups(10)
    y[2, :7] = np.nan
    y[:3, 11] = np.nan
    fit = least_squares(y, design)
    for j in (0, 11, 20):
        rows = ~np.isnan(y[:, j])
        alone = least_squares(y[rows, j : j + 1], design[rows])
        np.testing.assert_allclose(fit.coef[:, j], alone.coef[:, 0])
        np.testing.assert_allclose(fit.sigma2[j], alone.sigma2[0])
        np.testing.assert_allclose(fit.cov_unscaled[j], alone.cov_unscaled)


def test_what_the_samples_cannot_tell_is_nan_and_spares_the_rest(rng):
    y = rng.normal(size=(8, 30))
    y[4:, 3] = np.nan
    y[:, 5] = np.nan
    result = moderated_t(least_squares(y, two_groups(8)), SLOPE, trend=np.arange(30.0))
    assert np.flatnonzero(np.isnan(result.pvalue)).tolist() == [3, 5]


def test_a_design_of_dependent_columns_leaves_only_their_coefficients_unknown(rng):
    y, design = rng.normal(size=(8, 5)), two_groups(8)
    extra = np.column_stack([design, [0, 1] * 4, [0, 1] * 4])
    fit = least_squares(y, extra)
    assert np.isnan(fit.coef[2:]).all()
    np.testing.assert_allclose(fit.coef[:2], least_squares(y, extra[:, :3]).coef[:2])
    assert fit.df[0] == 5


def test_one_feature_is_the_ordinary_t_test(rng):
    y = rng.normal(size=(12, 1))
    result = moderated_t(least_squares(y, two_groups(12)), SLOPE)
    assert result.pvalue[0] == pytest.approx(stats.ttest_ind(y[6:, 0], y[:6, 0]).pvalue)


def test_equal_variances_shrink_to_one_pooled_value(rng):
    sigma2 = np.full(50, 2.0)
    posterior, df_prior, prior = squeeze_variance(sigma2, np.full(50, 4.0))
    assert np.isinf(df_prior)
    np.testing.assert_allclose(posterior, prior)


def test_prior_is_recovered_from_simulated_variances(rng):
    true = 8 * 0.5 / rng.chisquare(8, size=20_000)
    sigma2 = true * rng.chisquare(5, size=true.size) / 5
    posterior, df_prior, prior = squeeze_variance(sigma2, np.full(true.size, 5.0))
    assert df_prior == pytest.approx(8, rel=0.1)
    assert prior[0] == pytest.approx(0.5, rel=0.03)
    assert np.square(posterior - true).mean() < np.square(sigma2 - true).mean()


def test_one_sided_p_values_are_halves_of_the_two_sided_and_add_up():
    t, df = np.array([2.0, -1.0]), np.array([5.0, 5.0])
    greater, less = one_sided(t, df, "greater"), one_sided(t, df, "less")
    np.testing.assert_allclose(greater + less, 1)
    assert greater[0] == pytest.approx(stats.t.sf(2.0, 5))
