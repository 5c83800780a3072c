"""The runner: blocks of rows through the shared passes, then each method's own finish."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import scipy.sparse as sp

from ...core.errors import InputError
from ...core.progress import progress
from . import ranking
from .dense import consensus, dense
from .means import LinearPass, contrast_weights
from .ranking import RankPass
from .registry import METHODS
from .targets import NetIndex
from .values import chunks

BLOCK_ROWS = 4096
BLOCK_BYTES = 32e6  # results of one block, per thread

Options = Mapping[str, Mapping[str, Any]]
Check = Callable[[sp.csr_matrix, int, int, int], None]


def n_threads_here() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def run(
    options: Options, x: Any, net: NetIndex, *, check: Check, block_rows: int, n_threads: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Score all rows with the methods named in `options`, reading the matrix once.

    Methods that need gene means (score_genes) or run outside cost one more reading each.

    Returns
    -------
    Scores per method, (n_obs, n_signatures), NaN in rows without values, and (n_obs,) values
    other than 0 per row.
    """
    scores = {name: np.full((x.shape[0], len(net.signatures)), np.nan) for name in options}
    filled = np.zeros(x.shape[0], np.int64)
    step = _step(options, net, block_rows)
    jobs = [_rank_job(options, net)]
    if _named(options, "linear"):
        contrast = _control_net(options, x, net, check, step, n_threads)
        jobs.append(_linear_job(options, net, contrast))
    jobs = [job for job in jobs if job] or [_count_job(net)]

    def one(part: sp.csr_matrix, first: int, lo: int, hi: int) -> None:
        check(part, first, lo, hi)
        here = slice(first + lo, first + hi)
        for job in jobs:
            result, filled[here] = job(part, lo, hi)
            for name, values in result.items():
                scores[name][here] = values

    over_blocks(one, x, step, n_threads, "score")
    dense(scores, options, x, net, filled)
    if "consensus" in scores:
        scores["consensus"] = consensus([v for k, v in scores.items() if k != "consensus"])
    for values in scores.values():
        values[filled == 0] = np.nan
    return scores, filled


def over_blocks(one: Callable, x: Any, step: int, n_threads: int, desc: str) -> None:
    """Call `one(part, first, lo, hi)` for blocks of `step` rows, in threads."""
    with ThreadPoolExecutor(n_threads) as pool:
        for first, part in progress(chunks(x, step * n_threads), desc):
            starts = range(0, part.shape[0], step)
            ends = [min(lo + step, part.shape[0]) for lo in starts]
            tasks = [
                pool.submit(one, part, first, lo, hi) for lo, hi in zip(starts, ends, strict=True)
            ]
            try:
                for task in tasks:
                    task.result()
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def _named(options: Options, family: str) -> list[str]:
    return [name for name in options if METHODS[name].family == family]


def _step(options: Options, net: NetIndex, block_rows: int) -> int:
    """Rows per block, fewer where many signatures would make its results large."""
    width = 8.0 * len(net.signatures) * (2 + 2 * len(options))
    return max(1, min(block_rows, int(BLOCK_BYTES / width) + 1))


def _count_job(net: NetIndex) -> Callable:
    """Only count the values of each row, where no method of the call reads blocks."""

    def job(part: sp.csr_matrix, lo: int, hi: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        filled = (part[lo:hi] != 0).sum(axis=1)
        return {}, np.asarray(filled).ravel()

    return job


def _control_net(
    options: Options, x: Any, net: NetIndex, check: Check, step: int, n_threads: int
) -> NetIndex | None:
    """Targets and controls of score_genes as a net of its own; reads the matrix for gene means."""
    if "score_genes" not in options:
        return None
    totals: dict[int, np.ndarray] = {}

    def one(part: sp.csr_matrix, first: int, lo: int, hi: int) -> None:
        check(part, first, lo, hi)
        a, b = part.indptr[lo], part.indptr[hi]
        totals[first + lo] = np.bincount(
            part.indices[a:b], weights=part.data[a:b], minlength=net.n_genes
        )

    over_blocks(one, x, step, n_threads, "gene means")
    means = sum(totals[first] for first in sorted(totals)) / x.shape[0]
    member = np.zeros((net.n_genes, len(net.signatures)))
    member[net.genes] = net.dense(np.ones_like)
    weights = contrast_weights(means, net.by_name, member, net.signatures, options["score_genes"])
    return net.with_weights(weights)


def _rank_job(options: Options, net: NetIndex) -> Callable | None:
    """The ranking pass over rows `lo` to `hi` of a block, for the rank methods asked for."""
    names = _named(options, "rank")
    if not names:
        return None
    from ...kernels.rank_scores import rank_sums

    n_signatures = len(net.signatures)
    down = net.weight < 0
    columns = 2 * n_signatures if down.any() or net.absent[1].any() else n_signatures
    column = net.column + n_signatures * down
    size = np.bincount(column, minlength=columns)
    want = sorted({s for name in names for s in ranking.statistics(name, options[name])})
    power = options["ssgsea"]["power"] if "ssgsea" in names else 0.25
    powers = (np.arange(2 * net.n_genes + 1) / 2) ** power
    slot, codes = net.slot, np.array(want, np.int64)
    max_rank = options["ucell"]["max_rank"] if "ucell" in names else 1
    top = options["aucell"]["top"] if "aucell" in names else 0.05
    absent = net.absent.ravel()[:columns]
    _check_max_rank(names, max_rank, size + absent, net)

    def job(part: sp.csr_matrix, lo: int, hi: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        n = hi - lo
        out, count = np.zeros((n, columns, len(want))), np.empty((n, columns), np.int64)
        filled, measured = np.empty(n, np.int64), np.empty(n, np.int64)
        bits = part.data.view(np.int32 if part.dtype.itemsize == 4 else np.int64)
        rank_sums(
            part.data, bits, np.iinfo(bits.dtype).max, part.indices, part.indptr, lo, hi,
            net.n_genes, slot, net.start, column, size, codes, max_rank, top, powers,
            out, count, filled, measured,
        )  # fmt: skip
        sums = {s: out[:, :, q] for q, s in enumerate(want)}
        ranks = RankPass(sums, count, absent, measured, n_signatures)
        return {name: METHODS[name].finish(ranks, options[name]) for name in names}, filled

    return job


def _check_max_rank(names: list[str], max_rank: int, size: np.ndarray, net: NetIndex) -> None:
    """Raise if a signature is too long for UCell's cap."""
    if "ucell" not in names:
        return
    largest = int(size.max())
    if largest >= max_rank:
        name = net.signatures[int(size.argmax()) % len(net.signatures)]
        msg = (
            f"Signature {name!r} has {largest} targets, as many as max_rank={max_rank} or more. "
            "Raise it: options={'ucell': {'max_rank': ...}}, or use another method."
        )
        raise InputError(msg)


def _linear_job(options: Options, net: NetIndex, contrast: NetIndex | None) -> Callable:
    """The reading pass over rows `lo` to `hi` of a block, for the linear methods asked for."""
    from ...kernels.row_sums import row_sums

    names, s = _named(options, "linear"), len(net.signatures)
    weights = net.dense()
    sums_of = [net.dense(f) for f in (np.ones_like, np.asarray, np.abs, np.square)]
    gram = weights.T @ weights if "mlm" in names else np.empty((0, 0))
    read = net if contrast is None else net.beside(contrast)
    slot = read.slot

    def job(part: sp.csr_matrix, lo: int, hi: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
        n = hi - lo
        total, square, filled = np.empty(n), np.empty(n), np.empty(n, np.int64)
        weighted = np.zeros((n, len(read.signatures)))
        row_sums(
            part.data, part.indices, part.indptr, lo, hi, slot, read.start, read.column,
            read.weight, total, square, filled, weighted,
        )  # fmt: skip
        lost, measured = _unmeasured(part, lo, hi, net)
        sizes = [w.sum(axis=0)[None] - (lost @ w if lost is not None else 0) for w in sums_of]
        sums = LinearPass(total, square, measured, weighted[:, :s], *sizes, gram, weighted[:, s:])
        return {name: METHODS[name].finish(sums, options[name]) for name in names}, filled

    return job


def _unmeasured(
    part: sp.csr_matrix, lo: int, hi: int, net: NetIndex
) -> tuple[sp.csr_matrix | None, np.ndarray]:
    """NaN marks of the net's genes, or `None`, and the measured genes per row."""
    data = part.data[part.indptr[lo] : part.indptr[hi]]
    if not np.isnan(data.sum()):
        return None, np.full(hi - lo, float(net.n_genes))
    indptr = part.indptr[lo : hi + 1] - part.indptr[lo]
    indices = part.indices[part.indptr[lo] : part.indptr[hi]]
    marks = sp.csr_matrix((np.isnan(data).astype(float), indices, indptr), (hi - lo, net.n_genes))
    return marks[:, net.genes], net.n_genes - np.asarray(marks.sum(axis=1)).ravel()
