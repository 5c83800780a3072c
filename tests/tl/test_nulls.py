from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.stats import gamma, hypergeom, norm

import crosstalk_omics as cx
from crosstalk_omics.kernels import moments
from crosstalk_omics.kernels.moments import N_BINS, PER_UNIT
from crosstalk_omics.kernels.nulls import (
    drawn_positives,
    group_sums,
    permutation_pvalues,
    sampling_moments,
    shuffled,
    sparse_tail,
    upper_tail,
    value_tails,
)


def powers(values):
    return tuple((values**k).sum(axis=0)[None] for k in (1, 2, 3))


def histogram_of(values):
    bins = np.minimum(values * PER_UNIT, N_BINS - 1).astype(int)
    out = np.zeros((values.shape[1], N_BINS))
    for j in range(values.shape[1]):
        np.add.at(out[j], bins[values[:, j] > 0, j], 1)
    return out


@pytest.mark.parametrize("target_sum", [0.0, 1e4])
def test_sums_of_groups_are_those_of_their_cells_for_any_blocks_and_threads(rng, target_sum):
    counts = rng.poisson(rng.gamma(0.3, 20, 9), (60, 9)).astype(np.float32)
    counts[4] = 0
    counts[7, 2] = 1.5  # not a count, and more than N_SMALL elsewhere
    group = rng.integers(-1, 5, 60)
    slot = np.array([-1, 0, -1, 1, 2, -1, -1, 3, 4])
    values = counts.astype(float)
    if target_sum:
        size = values.sum(axis=1, keepdims=True)
        values = np.log1p(values * np.divide(target_sum, size, out=0 * size, where=size > 0))

    def added(threads, block):
        found = moments.empty(5, 9, 5, threads)
        for i in range(0, 60, block):
            rows = slice(i, i + block)
            moments.add_block(sp.csr_matrix(counts[rows]), group[rows], target_sum, slot, found)
        return *found[:-1], found.histogram.sum(axis=0)

    whole = added(1, 60)
    for threads, block in ((2, 60), (3, 7), (4, 1)):
        for one, other in zip(whole, added(threads, block), strict=True):
            np.testing.assert_array_equal(one, other)
    fold = (group == np.arange(5)[:, None]).astype(float)
    chosen = values[:, slot >= 0]
    expected = (fold.sum(axis=1), fold @ values, fold @ (values > 0), fold @ chosen**2)
    for one, other in zip(whole, (*expected, fold @ chosen**3), strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-12)
    np.testing.assert_array_equal(whole[-1], histogram_of(chosen[group >= 0]))


def test_moments_of_a_draw_equal_those_over_all_draws(rng):
    values = rng.exponential(size=(7, 1))
    sums = np.array([values[list(c)].sum() for c in combinations(range(7), 3)])
    mean, variance, third = sampling_moments(np.array([3.0]), np.array([7.0]), *powers(values))
    assert mean[0] == pytest.approx(sums.mean())
    assert variance[0] == pytest.approx(sums.var())
    assert third[0] == pytest.approx(((sums - sums.mean()) ** 3).mean())


def test_moments_add_over_strata(rng):
    values = rng.exponential(size=(12, 5))
    n, size = np.array([2.0, 3.0]), np.array([5.0, 7.0])
    parts = [powers(values[:5]), powers(values[5:])]
    both = sampling_moments(n, size, *(np.vstack(p) for p in zip(*parts, strict=True)))
    each = [sampling_moments(n[[i]], size[[i]], *parts[i]) for i in range(2)]
    for k in range(3):
        np.testing.assert_allclose(both[k], each[0][k] + each[1][k])


def test_tail_is_normal_without_skew_and_gamma_with_it():
    one, x = np.ones(1), np.array([2.0])
    assert upper_tail(x, 0 * one, one, 0 * one)[0] == pytest.approx(norm.sf(2))
    shape = 3.0  # a gamma of this shape has mean and variance 3 and third moment 6
    tail = upper_tail(np.array([7.0]), shape * one, shape * one, 2 * shape * one)
    assert tail[0] == pytest.approx(gamma.sf(7, shape))
    assert upper_tail(x, x, 0 * one, 0 * one)[0] == 1


def test_number_of_positive_cells_is_hypergeometric():
    pmf = np.zeros((2, 6))
    drawn_positives(np.array([5.0]), np.array([20.0]), np.array([[4.0, 9.0]]), pmf)
    np.testing.assert_allclose(pmf[0], hypergeom(20, 4, 5).pmf(range(6)), atol=1e-12)
    np.testing.assert_allclose(pmf[1], hypergeom(20, 9, 5).pmf(range(6)), atol=1e-12)


def test_number_of_positive_cells_adds_over_strata():
    pmf = np.zeros((1, 9))
    drawn_positives(np.array([5.0, 4.0]), np.array([20.0, 8.0]), np.array([[4.0], [4.0]]), pmf)
    expected = np.convolve(hypergeom(20, 4, 5).pmf(range(5)), hypergeom(8, 4, 4).pmf(range(5)))
    np.testing.assert_allclose(pmf[0], expected, atol=1e-12)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_sums_of_few_values_are_counted_exactly(rng, k):
    values = rng.integers(1, 200, size=(8, 1)) / PER_UNIT + 0.5 / PER_UNIT
    bins = np.floor(values[:, 0] * PER_UNIT)
    target = int(np.median([bins[list(c)].sum() for c in combinations(range(8), k)]))
    sums = np.array([bins[list(c)].sum() for c in combinations(range(8), k)])
    expected = (sums >= target).mean()
    found = value_tails(histogram_of(values))[k - 1]
    assert found[0, target] == pytest.approx(expected)


def test_permutation_p_is_one_for_a_constant_gene_and_counts_ties():
    x = sp.csc_matrix(np.column_stack([np.ones(12), np.r_[np.ones(6), np.zeros(6)]]))
    arrays = (x.data, x.indices.astype(np.int64), x.indptr.astype(np.int64))
    options = {"labels": np.repeat([0, 1], 6), "n_groups": 2, "n_perms": 199, "seed": 0}
    p = permutation_pvalues(*arrays, **options, strata=[np.arange(12)])
    assert (p[:, 0] == 1).all()
    assert p[0, 1] < 0.02
    assert p[1, 1] == 1


def test_permutations_do_not_depend_on_the_block(rng):
    x = sp.csc_matrix(rng.poisson(1, size=(40, 5)).astype(float))
    arrays = (x.data, x.indices.astype(np.int64), x.indptr.astype(np.int64))
    options = {"labels": np.arange(40) % 4, "n_groups": 4, "n_perms": 50, "seed": 3}
    strata = [np.arange(20), np.arange(20, 40)]
    found = [permutation_pvalues(*arrays, **options, strata=strata, block=b) for b in (1, 7, 64)]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


@pytest.mark.parametrize(("n_labellings", "n_groups"), [(1, 3), (4, 3), (5, 3), (3, 40)])
def test_group_sums_equal_those_of_each_labelling(rng, n_labellings, n_groups):
    x = sp.csc_matrix(rng.poisson(1, size=(200, 4)).astype(float))
    labels = rng.integers(n_groups, size=(200, n_labellings)).astype(np.int16)
    arrays = (x.data, x.indices.astype(np.int64), x.indptr.astype(np.int64))
    found = group_sums(*arrays, labels, n_groups)
    for b in range(n_labellings):
        each = [np.asarray(x[labels[:, b] == g].sum(axis=0)).ravel() for g in range(n_groups)]
        np.testing.assert_allclose(found[:, b], np.transpose(each))


def test_labels_stay_within_their_stratum():
    labels, strata = np.array([0, 0, 0, 1, 1, 1]), [np.arange(3), np.arange(3, 6)]
    drawn = shuffled(labels, strata, np.random.SeedSequence(0).spawn(20))
    assert (drawn[:3] == 0).all()
    assert (drawn[3:] == 1).all()


@pytest.mark.real
@pytest.mark.slow
def test_closed_form_meets_permutations_at_one_in_ten_thousand_on_sparse_neurons(cache, rng):
    adata = cx.pp.lognormalise(cx.datasets.load("mouse_hypothalamus_neurons_romanov_845"))
    seen = np.asarray((adata.X > 0).sum(axis=0)).ravel()
    chosen = rng.choice(np.flatnonzero(seen > 10), 60, replace=False)
    x = sp.csc_matrix(adata.X[:, chosen], dtype=np.float64)
    arrays = (x.data, x.indices.astype(np.int64), x.indptr.astype(np.int64))
    n, n_perms = 60, 40_000
    labels = (np.arange(len(adata)) >= n).astype(np.int16)
    sums = np.empty((60, n_perms))
    for start in range(0, n_perms, 2000):
        seeds = np.random.SeedSequence(start).spawn(2000)
        drawn = shuffled(labels, [np.arange(len(adata))], seeds)
        sums[:, start : start + 2000] = group_sums(*arrays, drawn, 2)[:, :, 0]
    dense = x.toarray()
    drawn, size = np.array([float(n)]), np.array([float(len(adata))])
    for level in (0.05, 0.01, 1e-3, 1e-4):
        reach = np.quantile(sums, 1 - level, axis=1, method="higher")
        empirical = (sums >= reach[:, None] - 1e-9).mean(axis=1)
        positive = (dense > 0).sum(axis=0)[None].astype(float)
        tails = value_tails(histogram_of(dense))
        closed = sparse_tail(reach, drawn, size, positive, powers(dense), tails)
        ratio = np.log10(closed / empirical)
        noise = 1 / np.sqrt(empirical * n_perms) / np.log(10)
        assert abs(np.median(ratio)) < 0.02 + 2 * np.median(noise) / np.sqrt(60)
        assert np.mean(np.abs(ratio) < 0.1 + 3 * noise) > 0.95
