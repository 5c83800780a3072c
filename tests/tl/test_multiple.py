import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm, t

from crosstalk_omics.kernels.multiple import adafilter_bh, bh, mixture_fdr, simes
from crosstalk_omics.tl.crosstalk.joint import DEFAULT_FDR

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


def called_by_definition(p, level):
    """AdaFilter-BH as published, for 2 of 2: try every threshold, call what is selected there."""
    p = p[~np.isnan(p).any(axis=1)]
    filtering, selection = p.min(axis=1), p.max(axis=1)
    allowed = [
        t
        for t in np.unique([*filtering, *selection, *np.linspace(0, 1, 201)])
        if t * (filtering <= t).sum() <= level * max((selection <= t).sum(), 1)
    ]
    return selection <= max(allowed)


@given(
    arrays(np.float64, (15, 2), elements=st.sampled_from([*np.arange(0, 21) / 20, np.nan, 1e-3])),
    st.sampled_from([0.0123, 0.0511, 0.107, 0.231, 0.503, 0.987]),
)
def test_adafilter_calls_what_the_definition_calls_with_ties_and_missing_values(p, level):
    fdr = adafilter_bh(p.min(axis=1), p.max(axis=1))
    missing = np.isnan(p).any(axis=1)
    assert (np.isnan(fdr) == missing).all()
    assert ((fdr <= level)[~missing] == called_by_definition(p, level)).all()


METHODS = {
    "adafilter": lambda p: adafilter_bh(p.min(axis=1), p.max(axis=1)),
    "adaptive": lambda p: adafilter_bh(p.min(axis=1), p.max(axis=1), null_above=0.5),
    "mixture": lambda p: mixture_fdr(p[:, 0], p[:, 1]),
    "bh": lambda p: bh(p.max(axis=1)),
}


@pytest.mark.parametrize("share", [0.15, 0.3])
def test_false_calls_stay_below_the_level_and_power_grows_where_bh_finds_little(share):
    rng = np.random.default_rng(0)
    false, power = {name: [] for name in METHODS}, {name: [] for name in METHODS}
    for _ in range(40):
        truth = rng.random((4000, 2)) < share
        p = norm.sf(rng.normal(size=(4000, 2)) + 2.7 * truth)
        for name, method in METHODS.items():
            call = method(p) <= 0.1
            false[name].append((call & ~truth.all(axis=1)).sum() / max(call.sum(), 1))
            power[name].append((call & truth.all(axis=1)).sum() / truth.all(axis=1).sum())
    for name, rates in false.items():
        assert np.mean(rates) < 0.1 + 2 * np.std(rates) / np.sqrt(40), name
    means = {name: np.mean(values) for name, values in power.items()}
    assert means["bh"] * 2 < means["adafilter"] < means["adaptive"]
    assert means["adafilter"] < means["mixture"]


@pytest.mark.parametrize(("share", "least"), [(0.15, 0.18), (0.3, 0.45)])
def test_the_default_has_power_with_few_donors_where_bh_finds_nothing(share, least):
    rng = np.random.default_rng(0)
    found = {DEFAULT_FDR: [], "bh": []}
    for _ in range(20):
        truth = rng.random((20_000, 2)) < share
        z = rng.normal(size=truth.shape) + 3.55 * truth
        p = t.sf(z / np.sqrt(rng.chisquare(6, size=z.shape) / 6), 6)
        both = truth.all(axis=1)
        for name, rates in found.items():
            call = METHODS[name](p) <= 0.1
            rates.append(((call & ~both).sum() / max(call.sum(), 1), call[both].mean()))
    (fdr, power), (_, none) = (np.mean(rates, axis=0) for rates in found.values())
    assert fdr < 0.1 + 2 * np.std(found[DEFAULT_FDR], axis=0)[0] / np.sqrt(20)
    assert power > least
    assert none < 0.001


def test_simes_per_group_worked_by_hand():
    names, p = simes([0.02, 0.5, 0.03, np.nan, 0.9], ["b", "a", "b", "c", "b"])
    assert list(names) == ["a", "b", "c"]
    np.testing.assert_allclose(p, [0.5, 0.045, np.nan], equal_nan=True)


def test_untested_sides_stay_missing():
    assert np.isnan(adafilter_bh([np.nan, 0.1], [0.2, 0.2])[0])
    assert np.isnan(mixture_fdr([np.nan, 0.1], [0.2, 0.2])[0])
