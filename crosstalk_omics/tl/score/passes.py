"""Passes over blocks of rows, in threads: ranking, reading, and moments of the genes."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import scipy.sparse as sp

from ...core.errors import InputError
from ...core.progress import progress
from . import ranking
from .means import LinearPass
from .ranking import RankPass
from .registry import METHODS
from .targets import NetIndex
from .values import chunks

BLOCK_BYTES = 32e6  # results of one block, per thread
FORMS = (np.ones_like, np.asarray, np.abs, np.square)  # of the weights: how linear methods sum them

Options = Mapping[str, Mapping[str, Any]]
Check = Callable[[sp.csr_matrix, int, int, int], None]
Results = tuple[dict[str, np.ndarray], np.ndarray]


def named(options: Options, family: str) -> list[str]:
    """Methods of the call that belong to a family."""
    return [name for name in options if METHODS[name].family == family]


def rows_per_block(n_columns: int, n_results: int, block_rows: int) -> int:
    """Rows per block, fewer where many signatures would make its results large."""
    width = 8.0 * n_columns * (2 + 2 * n_results)
    return max(1, min(block_rows, int(BLOCK_BYTES / width) + 1))


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


def gene_moments(
    x: Any, n_genes: int, check: Check, step: int, n_threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each gene and share of the observations that detect it."""
    from ...kernels.row_sums import gene_sums

    found: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def one(part: sp.csr_matrix, first: int, lo: int, hi: int) -> None:
        check(part, first, lo, hi)
        total, detected = np.zeros(n_genes), np.zeros(n_genes, np.int64)
        gene_sums(part.data, part.indices, part.indptr[lo], part.indptr[hi], total, detected)
        found[first + lo] = total, detected

    over_blocks(one, x, step, n_threads, "gene means")
    ordered = [found[first] for first in sorted(found)]
    return sum(t for t, _ in ordered) / x.shape[0], sum(d for _, d in ordered) / x.shape[0]


class Ranking:
    """The ranking pass for the rank methods of a call."""

    def __init__(self, options: Options, net: NetIndex, names: list[str]) -> None:
        self.options, self.net, self.names = options, net, names
        self.n_signatures = len(net.signatures)
        down = net.weight < 0
        both = down.any() or net.absent[1].any()
        self.n_columns = 2 * self.n_signatures if both else self.n_signatures
        self.column = net.column + self.n_signatures * down
        self.size = np.bincount(self.column, minlength=self.n_columns)
        self.absent = net.absent.ravel()[: self.n_columns]
        wanted = {s for name in names for s in ranking.statistics(name, options[name])}
        self.want = np.array(sorted(wanted), np.int64)
        power = options["ssgsea"]["power"] if "ssgsea" in names else 0.25
        max_rank = options["ucell"]["max_rank"] if "ucell" in names else 1
        top = options["aucell"]["top"] if "aucell" in names else 0.05
        powers = (np.arange(2 * net.n_genes + 1) / 2) ** power
        self.how = self.want, max_rank, top, powers
        self.slot = net.slot
        if "ucell" in names:
            self._check_max_rank(max_rank)

    def _check_max_rank(self, max_rank: int) -> None:
        """Raise if a signature is too long for UCell's cap."""
        size = self.size + self.absent
        largest = int(size.max())
        if largest >= max_rank:
            name = self.net.signatures[int(size.argmax()) % self.n_signatures]
            msg = (
                f"Signature {name!r} has {largest} targets, as many as max_rank={max_rank} or "
                "more. Raise it: options={'ucell': {'max_rank': ...}}, or use another method."
            )
            raise InputError(msg)

    def sums(self, part: sp.csr_matrix, lo: int, hi: int) -> tuple[RankPass, np.ndarray]:
        """Rank statistics of rows `lo` to `hi`, and their number of values other than 0."""
        from ...kernels.rank_scores import rank_sums

        n, columns = hi - lo, self.n_columns
        out, count = np.zeros((n, columns, self.want.size)), np.empty((n, columns), np.int64)
        filled, measured = np.empty(n, np.int64), np.empty(n, np.int64)
        rank_sums(
            *with_bits(part), part.indices, part.indptr, lo, hi, self.net.n_genes, self.slot,
            self.net.start, self.column, self.size, *self.how, out, count, filled, measured,
        )  # fmt: skip
        sums = {int(s): out[:, :, q] for q, s in enumerate(self.want)}
        return RankPass(sums, count, self.absent, measured, self.n_signatures), filled

    def __call__(self, part: sp.csr_matrix, lo: int, hi: int, check: Callable) -> Results:
        """Scores by method of rows `lo` to `hi`, and their number of values other than 0."""
        check()
        ranks, filled = self.sums(part, lo, hi)
        return {n: METHODS[n].finish(ranks, self.options[n]) for n in self.names}, filled


def with_bits(part: sp.csr_matrix) -> tuple[np.ndarray, np.ndarray, int]:
    """Values, the same bytes as signed integers, and all bits but the sign."""
    bits = part.data.view(np.int32 if part.dtype.itemsize == 4 else np.int64)
    return part.data, bits, np.iinfo(bits.dtype).max


class Reading:
    """The reading pass for the linear methods of a call."""

    def __init__(
        self, options: Options, net: NetIndex, names: list[str], contrast: NetIndex | None
    ) -> None:
        self.options, self.net, self.names = options, net, names
        self.read = net if contrast is None else net.beside(contrast)
        self.slot = self.read.slot
        n = len(net.signatures)
        self.sizes = [np.bincount(net.column, f(net.weight), n)[None] for f in FORMS]
        self.gram = np.empty((0, 0))
        if "mlm" in names:
            self.gram = (net.sparse().T @ net.sparse()).toarray()

    def sums(self, part: sp.csr_matrix, lo: int, hi: int) -> tuple[LinearPass, np.ndarray]:
        """Sums of rows `lo` to `hi`, and their number of values other than 0."""
        from ...kernels.row_sums import row_sums

        n, s, read = hi - lo, len(self.net.signatures), self.read
        total, square, filled = np.empty(n), np.empty(n), np.empty(n, np.int64)
        weighted = np.zeros((n, len(read.signatures)))
        holes = row_sums(
            part.data, part.indices, part.indptr, lo, hi, self.slot, read.start, read.column,
            read.weight, total, square, filled, weighted,
        )  # fmt: skip
        sizes, measured = self.sizes, np.full(n, float(self.net.n_genes))
        if holes:
            lost, measured = self._unmeasured(part, lo, hi)
            sizes = [
                all_ - (lost @ self.net.sparse(f)).toarray()
                for all_, f in zip(sizes, FORMS, strict=True)
            ]
        mean, contrast = weighted[:, :s], weighted[:, s:]
        return LinearPass(total, square, measured, mean, *sizes, self.gram, contrast), filled

    def _unmeasured(
        self, part: sp.csr_matrix, lo: int, hi: int
    ) -> tuple[sp.csr_matrix, np.ndarray]:
        """NaN marks of the net's genes, and the measured genes per row."""
        begin, end, n_genes = part.indptr[lo], part.indptr[hi], self.net.n_genes
        entries = (
            np.isnan(part.data[begin:end]).astype(float),
            part.indices[begin:end],
            part.indptr[lo : hi + 1] - begin,
        )
        marks = sp.csr_matrix(entries, (hi - lo, n_genes))
        return marks[:, self.net.genes], n_genes - np.asarray(marks.sum(axis=1)).ravel()

    def __call__(self, part: sp.csr_matrix, lo: int, hi: int, check: Callable) -> Results:
        """Scores by method of rows `lo` to `hi`, and their number of values other than 0."""
        sums, filled = self.sums(part, lo, hi)
        if not np.isfinite(sums.total).all() or sums.measured.min() < self.net.n_genes:
            check()
        return {n: METHODS[n].finish(sums, self.options[n]) for n in self.names}, filled


def count_values(part: sp.csr_matrix, lo: int, hi: int, check: Callable) -> Results:
    """Only count the values of each row, where no method of the call reads blocks."""
    check()
    return {}, np.asarray((part[lo:hi] != 0).sum(axis=1)).ravel()
