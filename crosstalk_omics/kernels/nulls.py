"""What a group's sum would be if its labels were drawn at random within strata.

Labels drawn without replacement: exact mean, variance and third moment in closed form with a
Pearson III tail, or seeded permutations.
"""

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, ndtr

Float = NDArray[np.float64]


def sampling_moments(
    n: Float, size: Float, total: Float, square: Float, cube: Float
) -> tuple[Float, Float, Float]:
    """Mean, variance and third central moment of the sum of values drawn without replacement.

    Parameters
    ----------
    n
        Cells drawn from each stratum, (n_strata,).
    size
        Cells in each stratum, (n_strata,).
    total, square, cube
        Sums of values, squares and cubes in each stratum, (n_strata, n_genes).

    Returns
    -------
    Three arrays (n_genes,), added over the strata.

    References
    ----------
    Cochran 1977, Sampling Techniques, for the variance (S2/n)(1 - n/N) of the mean.
    """
    n, size = n[:, None], np.maximum(size, 1.0)[:, None]
    mean = total / size
    second = np.maximum(square / size - mean**2, 0.0)
    third = cube / size - 3 * mean * square / size + 2 * mean**3
    pairs, triples = np.maximum(size - 1, 1), np.maximum((size - 1) * (size - 2), 1)
    variance = n * (size - n) / pairs * second
    skew = n * (size - n) * (size - 2 * n) / triples * third
    return (n * mean).sum(axis=0), variance.sum(axis=0), skew.sum(axis=0)


def upper_tail(observed: Float, mean: Float, variance: Float, third: Float) -> Float:
    """P(sum >= observed) of the Pearson III distribution with these three moments.

    A sum without variance gets 1. Below a skewness of 1e-4 the normal tail is used.
    """
    spread = np.sqrt(np.maximum(variance, 0.0))
    random = spread > 1e-9 * np.maximum(np.abs(mean), 1e-300)
    safe = np.where(random, spread, 1.0)
    z = np.where(random, (observed - mean) / safe, 0.0)
    skew = np.where(random, third / safe**3, 0.0)
    normal = np.abs(skew) < 1e-4
    shape = 4 / np.where(normal, 1.0, skew) ** 2
    x = np.maximum(shape + np.sign(skew) * z * np.sqrt(shape), 0.0)
    gamma = np.where(skew > 0, gammaincc(shape, x), gammainc(shape, x))
    return np.where(random, np.where(normal, ndtr(-z), gamma), 1.0)


@njit(cache=True, nogil=True, parallel=True)
def group_sums(data, rows, indptr, labels, out):
    """Sum each gene over the cells of each group, for many labellings at once.

    Parameters
    ----------
    data, rows, indptr
        CSC arrays of (n_cells, n_genes).
    labels
        (n_cells, n_labellings) group codes.
    out
        (n_genes, n_labellings, n_groups), filled in place, cells in their order.
    """
    for j in prange(len(indptr) - 1):
        for p in range(indptr[j], indptr[j + 1]):
            v = data[p]
            i = rows[p]
            for b in range(labels.shape[1]):
                out[j, b, labels[i, b]] += v


def shuffled(
    labels: NDArray, strata: list[NDArray[np.intp]], seeds: list[np.random.SeedSequence]
) -> NDArray:
    """Copy `labels` once per seed and shuffle each copy within the strata; (n, n_seeds)."""
    out = np.repeat(labels[:, None], len(seeds), axis=1)
    for b, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        for rows in strata:
            out[rows, b] = rng.permutation(labels[rows])
    return out


def permutation_pvalues(
    data: Float,
    rows: NDArray[np.int64],
    indptr: NDArray[np.int64],
    *,
    labels: NDArray,
    n_groups: int,
    strata: list[NDArray[np.intp]],
    n_perms: int,
    seed: int,
    block: int = 64,
) -> Float:
    """(1 + b) / (1 + n) for every gene and group, labels shuffled within strata.

    Parameters
    ----------
    data, rows, indptr
        CSC arrays of (n_cells, n_genes), float64.
    labels
        Group code of each cell, (n_cells,), 0 to `n_groups` - 1.
    strata
        Row numbers of each stratum.
    n_perms, seed
        Number of shuffles; each has a generator of its own, spawned from `seed`.
    block
        Shuffles done in one pass; no result depends on it.

    Returns
    -------
    (n_groups, n_genes).
    """
    n_genes = len(indptr) - 1
    labels = labels.astype(np.int16)
    observed = np.zeros((n_genes, 1, n_groups))
    group_sums(data, rows, indptr, labels[:, None], observed)
    limit = observed - 1e-9 * np.maximum(np.abs(observed), 1e-12)
    reached = np.zeros((n_genes, n_groups), dtype=np.int64)
    seeds = np.random.SeedSequence(seed).spawn(n_perms)
    for start in range(0, n_perms, block):
        drawn = shuffled(labels, strata, seeds[start : start + block])
        sums = np.zeros((n_genes, drawn.shape[1], n_groups))
        group_sums(data, rows, indptr, drawn, sums)
        reached += (sums >= limit).sum(axis=1)
    return (1 + reached.T) / (1 + n_perms)
