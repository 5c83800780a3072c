"""One depth for all: counts thinned to the same total, so that data sets can be compared."""

from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ...core.checks import check_number
from ...core.errors import InputError
from ...core.rows import read_rows
from .targets import NetIndex


class Thinned:
    """A matrix whose rows are thinned to `depth` counts when they are read.

    Every count is kept with probability depth / total. The draw of an observation depends on its
    name, the names of its genes and the seed: not on order, blocks or other observations.
    Observations with fewer counts come back empty.
    """

    def __init__(self, x: Any, obs_names: pd.Index, net: NetIndex, depth: int, seed: int):
        self.x, self.obs_names, self.depth, self.seed = x, obs_names, depth, seed
        self.shape = x.shape
        self.rank = np.empty(net.n_genes, np.int64)
        self.rank[net.by_name] = np.arange(net.n_genes)

    def __getitem__(self, rows: slice) -> sp.csr_matrix:
        """Rows of a slice, thinned, as CSR."""
        start, stop, _ = rows.indices(self.shape[0])
        part = read_rows(self.x, start, stop)
        part = sp.csr_matrix((part.data.copy(), part.indices, part.indptr), part.shape)
        for i, name in enumerate(self.obs_names[start:stop]):
            here = slice(part.indptr[i], part.indptr[i + 1])
            part.data[here] = self._thin(part.data[here], part.indices[here], str(name))
        return part

    def _thin(self, counts: np.ndarray, genes: np.ndarray, name: str) -> np.ndarray:
        whole = np.rint(counts).astype(np.int64)
        total = whole.sum()
        if total < self.depth:
            return np.zeros_like(counts)
        random = np.random.default_rng([self.seed, crc32(name.encode())])
        order = np.argsort(self.rank[genes])
        kept = np.empty_like(whole)
        kept[order] = random.binomial(whole[order], self.depth / total)
        return kept


def thinned(
    x: Any, obs_names: pd.Index, net: NetIndex, *, depth: int | None, seed: int, state: str
) -> Any:
    """`x`, or `x` thinned to `depth`; raise where it has no counts to thin."""
    if depth is None:
        return x
    check_number(depth, "depth", 1, whole=True)
    if state != "counts":
        msg = (
            f"depth={depth} thins counts, and the values are in the state {state!r}. Score the "
            "raw counts (layer=)."
        )
        raise InputError(msg)
    return Thinned(x, obs_names, net, depth, seed)
