import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from crosstalk_omics.kernels.multiple import adafilter_bh, bh, mixture_fdr, simes

unit = st.floats(0, 1)


def test_bh_equals_p_adjust_of_r(oracles):
    p = pd.read_csv(oracles / "stats" / "pvalues.csv")["p"]
    expected = pd.read_csv(oracles / "stats" / "expected_p_adjust.csv", index_col=0)["BH"]
    np.testing.assert_allclose(bh(p), expected, atol=1e-9)


def test_bh_worked_by_hand_leaves_nan_out():
    np.testing.assert_allclose(
        bh([0.01, np.nan, 0.04, 0.03]), [0.03, np.nan, 0.04, 0.04], equal_nan=True
    )


def test_adafilter_worked_by_hand():
    # thresholds 0.01, 0.04, 0.5 count 2, 3, 3 smaller p-values
    p_min, p_max = np.array([0.001, 0.002, 0.04]), np.array([0.01, 0.04, 0.5])
    np.testing.assert_allclose(adafilter_bh(p_min, p_max), [0.02, 0.06, 0.5])


@given(arrays(np.float64, (2, 20), elements=unit))
def test_adafilter_lies_between_the_larger_p_over_all_calls_and_bh(p):
    p_min, p_max = p.min(axis=0), p.max(axis=0)
    fdr = adafilter_bh(p_min, p_max)
    assert (fdr <= bh(p_max) + 1e-12).all()
    assert (np.diff(fdr[np.argsort(p_max)]) >= -1e-12).all()


def test_adafilter_controls_the_rate_where_bh_finds_nothing():
    rng = np.random.default_rng(0)
    false, calls = [], 0
    for _ in range(40):
        truth = rng.random((4000, 2)) < 0.15
        z = rng.normal(size=(4000, 2)) + 3 * truth
        p = norm.sf(z)
        call = adafilter_bh(p.min(axis=1), p.max(axis=1)) < 0.1
        false.append((call & ~truth.all(axis=1)).sum() / max(call.sum(), 1))
        calls += call.sum() > 3 * (bh(p.max(axis=1)) < 0.1).sum()
    assert np.mean(false) < 0.1 + 2 * np.std(false) / np.sqrt(40)
    assert calls > 20


def test_mixture_controls_the_rate():
    rng = np.random.default_rng(1)
    false = []
    for _ in range(40):
        truth = rng.random((4000, 2)) < 0.3
        p = norm.sf(rng.normal(size=(4000, 2)) + 3 * truth)
        call = mixture_fdr(p[:, 0], p[:, 1]) < 0.1
        false.append((call & ~truth.all(axis=1)).sum() / max(call.sum(), 1))
    assert np.mean(false) < 0.1 + 2 * np.std(false) / np.sqrt(40)


def test_simes_per_group_worked_by_hand():
    names, p = simes([0.02, 0.5, 0.03, np.nan, 0.9], ["b", "a", "b", "c", "b"])
    assert list(names) == ["a", "b", "c"]
    np.testing.assert_allclose(p, [0.5, 0.045, np.nan], equal_nan=True)


def test_untested_sides_stay_missing():
    assert np.isnan(adafilter_bh([np.nan, 0.1], [0.2, 0.2])[0])
    assert np.isnan(mixture_fdr([np.nan, 0.1], [0.2, 0.2])[0])
