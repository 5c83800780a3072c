"""What a group's sum would be if its labels were drawn at random within strata.

Labels drawn without replacement: exact mean, variance and third moment in closed form with a
Pearson III tail, or seeded permutations.
"""

from math import lgamma

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, ndtr

from .moments import PER_UNIT

Float = NDArray[np.float64]
MOST_IN_PAIRS = 12  # groups; the sums of more pairs of groups than its square leave the cache


def sampling_moments(
    n: Float, size: Float, total: Float, square: Float, cube: Float
) -> tuple[Float, Float, Float]:
    """Mean, variance and third central moment of the sum of values drawn without replacement.

    Parameters
    ----------
    n
        Cells drawn from each stratum, (n_strata,).
    size
        Cells in each stratum, (n_strata,), or (n_strata, n_genes).
    total, square, cube
        Sums of values, squares and cubes in each stratum, (n_strata, n_genes).

    Returns
    -------
    Three arrays (n_genes,), added over the strata.

    References
    ----------
    Cochran 1977, Sampling Techniques, for the variance (S2/n)(1 - n/N) of the mean.
    """
    n = n[:, None]
    size = np.maximum(size if size.ndim == 2 else size[:, None], 1.0)
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


@njit(cache=True, nogil=True)
def drawn_positives(n, size, positive, pmf):
    """Distribution of how many positive cells are drawn, added over strata.

    Parameters
    ----------
    n, size
        Cells drawn from, and cells in, each stratum; (n_strata,).
    positive
        Cells with the gene in each stratum, (n_strata, n_genes).
    pmf
        (n_genes, k + 1), filled in place with P(K = 0 ... k): hypergeometric in each stratum.
    """
    top = pmf.shape[1]
    one, old = np.zeros(top), np.zeros(top)
    for j in range(pmf.shape[0]):
        pmf[j, 0] = 1.0
        for s in range(len(n)):
            m, drawn, rest = positive[s, j], n[s], size[s]
            low = max(0.0, drawn + m - rest)
            high = min(drawn, m)
            if high == 0:
                continue
            one[:] = 0.0
            log_p = (
                lgamma(m + 1)
                - lgamma(low + 1)
                - lgamma(m - low + 1)
                + lgamma(rest - m + 1)
                - lgamma(drawn - low + 1)
                - lgamma(rest - m - drawn + low + 1)
                - lgamma(rest + 1)
                + lgamma(drawn + 1)
                + lgamma(rest - drawn + 1)
            )
            k = low
            while k <= high and k < top:
                one[int(k)] = np.exp(log_p)
                if k < high:
                    log_p += np.log((m - k) * (drawn - k)) - np.log(
                        (k + 1) * (rest - m - drawn + k + 1)
                    )
                k += 1
            old[:] = pmf[j]
            for a in range(top):
                total = 0.0
                for b in range(a + 1):
                    total += old[a - b] * one[b]
                pmf[j, a] = total


def value_tails(histogram: Float) -> list[Float]:
    """P(the values of 1, 2, 3 positive cells, drawn without replacement, reach a bin).

    Parameters
    ----------
    histogram
        Positive cells per bin of the value, (n_genes, n_bins).

    Returns
    -------
    Three arrays (n_genes, n_sums): at b, the chance that the bins add up to b or more.
    """
    n_bins, m = histogram.shape[1], histogram.sum(axis=1)
    length = 1 << (3 * n_bins - 1).bit_length()
    spread = np.zeros((3, len(m), length))  # power sums: the same cell taken once, twice, thrice
    for times in (1, 2, 3):
        spread[times - 1, :, : n_bins * times : times] = histogram
    f = np.fft.rfft(spread, axis=2)
    ways = (f[0], f[0] ** 2 - f[1], f[0] ** 3 - 3 * f[0] * f[1] + 2 * f[2])
    out = []
    for k, way in enumerate(ways, start=1):
        counts = np.maximum(np.round(np.fft.irfft(way, length, axis=1)), 0)
        total = np.prod([np.maximum(m - i, 0) for i in range(k)], axis=0)
        upper = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
        out.append(upper / np.maximum(total, 1)[:, None])
    return out


def sparse_tail(
    observed: Float, n: Float, size: Float, positive: Float, sums: tuple, tails: list[Float]
) -> Float:
    """P(sum >= observed) for genes that few of the drawn cells can have.

    How many positive cells are drawn is exact. Given their number, the sum of their values is
    a draw without replacement from all positive values: exact up to three cells (on a fine
    grid), with a Pearson III tail beyond.

    Parameters
    ----------
    observed
        Sum in the group, (n_genes,).
    n, size
        As in `drawn_positives`.
    positive
        Positive cells of each stratum, (n_strata, n_genes).
    sums
        Total, sum of squares and sum of cubes in each stratum, (n_strata, n_genes) each.
    tails
        `value_tails` of the positive values of all strata, `PER_UNIT` bins to a unit.
    """
    mean = (n[:, None] * positive / np.maximum(size, 1.0)[:, None]).sum(axis=0)
    m, *pooled = (x.sum(axis=0) for x in (positive, *sums))
    top = int(min(m.max(initial=0), np.ceil((mean + 12 * np.sqrt(mean)).max(initial=0) + 15)))
    pmf = np.zeros((len(observed), top + 1))
    drawn_positives(n, size, positive, pmf)
    tail = np.where(observed <= 0, pmf[:, 0], 0.0)
    bins, rows = (observed * PER_UNIT * (1 - 1e-9)).astype(np.intp), np.arange(len(observed))
    for k in range(1, top + 1):
        if k <= len(tails):  # the bins of k addends may add up to k - 1 fewer than the sum's
            reach = np.clip(bins - (k - 1), 0, tails[k - 1].shape[1] - 1)
            tail += pmf[:, k] * tails[k - 1][rows, reach]
            continue
        drawn, pool = np.array([float(k)]), np.maximum(m, k)
        null = sampling_moments(drawn, pool[None], *(x[None] for x in pooled))
        spread = null[1] > 1e-12 * null[0] ** 2
        certain = observed <= null[0] * (1 + 1e-9)  # no spread: all positive cells, or all equal
        tail += pmf[:, k] * np.where(spread, upper_tail(observed, *null), certain)
    return np.minimum(tail, 1.0)


@njit(cache=True, nogil=True, parallel=True)
def _add_values(data, rows, indptr, place, first, second):
    """Add each value of a gene at every place of its cell, cells in their order, and marginalise.

    A place is (labelling, group of `first`, group of `second`).
    """
    n_places, n_first, n_second = first.shape[1], first.shape[2], second.shape[2]
    for j in prange(len(indptr) - 1):
        sums = np.zeros(n_places * n_first * n_second)
        for p in range(indptr[j], indptr[j + 1]):
            v = data[p]
            at = place[rows[p]]
            for b in range(len(at)):
                sums[at[b]] += v
        k = 0
        for b in range(n_places):
            for g in range(n_first):
                for h in range(n_second):
                    first[j, b, g] += sums[k]
                    second[j, b, h] += sums[k]
                    k += 1


def group_sums(
    data: Float, rows: NDArray[np.int64], indptr: NDArray[np.int64], labels: NDArray, n_groups: int
) -> Float:
    """Sum each gene over the cells of each group, for many labellings at once.

    Two labellings are taken as one with `n_groups` squared groups, so that a value is added once
    for both.

    Parameters
    ----------
    data, rows, indptr
        CSC arrays of (n_cells, n_genes).
    labels
        (n_cells, n_labellings) group codes.
    n_groups
        Number of groups.

    Returns
    -------
    (n_genes, n_labellings, n_groups).
    """
    n_labellings, n_genes, n_second, code = labels.shape[1], len(indptr) - 1, 1, labels
    if n_labellings > 1 and n_groups <= MOST_IN_PAIRS:
        even = labels[:, np.minimum(np.arange(n_labellings + n_labellings % 2), n_labellings - 1)]
        n_second, code = n_groups, even[:, ::2] * n_groups + even[:, 1::2]
    width = n_groups * n_second
    small = code.shape[1] * width < 2**16  # half the memory traffic
    place = code.astype(np.uint16 if small else np.int64)
    place += (np.arange(code.shape[1]) * width).astype(place.dtype)
    first, second = (np.zeros((n_genes, code.shape[1], n)) for n in (n_groups, n_second))
    _add_values(data, rows, indptr, place, first, second)
    if n_second == 1:
        return first
    return np.stack([first, second], axis=2).reshape(n_genes, -1, n_groups)[:, :n_labellings]


def shuffled(
    labels: NDArray, strata: list[NDArray[np.intp]], seeds: list[np.random.SeedSequence]
) -> NDArray:
    """Copy `labels` once per seed and shuffle each copy within the strata; (n, n_seeds)."""
    out = np.repeat(labels[None], len(seeds), axis=0)
    parts = [labels[rows].astype(np.intp) for rows in strata]  # numpy shuffles no type faster
    for mine, seed in zip(out, seeds, strict=True):
        rng = np.random.default_rng(seed)
        for rows, part in zip(strata, parts, strict=True):
            mine[rows] = rng.permutation(part)
    return np.ascontiguousarray(out.T)


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
    labels = labels.astype(np.int16)
    observed = group_sums(data, rows, indptr, labels[:, None], n_groups)
    limit = observed - 1e-9 * np.maximum(np.abs(observed), 1e-12)
    reached = np.zeros((len(indptr) - 1, n_groups), dtype=np.int64)
    seeds = np.random.SeedSequence(seed).spawn(n_perms)
    for start in range(0, n_perms, block):
        drawn = shuffled(labels, strata, seeds[start : start + block])
        sums = group_sums(data, rows, indptr, drawn, n_groups)
        reached += (sums >= limit).sum(axis=1)
    return (1 + reached.T) / (1 + n_perms)
