"""The matrix of an AnnData, and its rows block by block as CSR, read ahead of the work."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from anndata import AnnData
from anndata.abc import CSRDataset

from .checks import nearest
from .errors import InputError

T = TypeVar("T")
R = TypeVar("R")


def matrix(adata: AnnData, layer: str | None) -> Any:
    """A layer, or X."""
    if layer is not None and layer not in adata.layers:
        msg = (
            f"adata has no layer {layer!r}. {nearest(layer, adata.layers)}"
            f"Its layers: {list(adata.layers)}; layer=None reads X."
        )
        raise InputError(msg)
    x = adata.X if layer is None else adata.layers[layer]
    if x is None:
        msg = "adata has no X. Name the layer to read with layer=."
        raise InputError(msg)
    if np.dtype(x.dtype).kind not in "biuf":
        msg = f"The values are of type {x.dtype}; expected real numbers. Convert them."
        raise InputError(msg)
    return x


def by_rows(x: Any) -> Any:
    """A matrix whose rows can be read quickly; CSC in memory is turned into CSR once."""
    if sp.issparse(x):
        x = x.tocsr()
        if not x.has_canonical_format:  # entries out of order or stored twice
            x = x.copy()
            x.sum_duplicates()
        return x
    if getattr(x, "format", None) == "csc":
        msg = (
            "The matrix on disk is stored by genes (CSC), so rows cannot be read one by one. "
            "Store it by observations: `adata.X = adata.X.tocsr()` and write it again."
        )
        raise InputError(msg)
    return x


def read_rows(x: Any, start: int, stop: int) -> sp.csr_matrix:
    """Rows of an array in memory, on disk or in dask, as CSR of floats; NaN stays stored.

    Rows of a CSR matrix in memory share its values: do not write to them.
    """
    if isinstance(x, CSRDataset):
        part = _slice(*(x.group[k] for k in ("data", "indices", "indptr")), start, stop, x.shape[1])
    elif isinstance(x, sp.csr_matrix | sp.csr_array):
        part = _slice(x.data, x.indices, x.indptr, start, stop, x.shape[1])
    else:
        part = x[start:stop]
        part = part.compute() if hasattr(part, "compute") else part
        part = sp.csr_matrix(part if sp.issparse(part) else np.atleast_2d(np.asarray(part)))
    if part.dtype.kind not in "f":
        part = part.astype(np.float64)
    elif part.dtype.itemsize < 4:
        part = part.astype(np.float32)
    return part


def _slice(
    data: Any, indices: Any, indptr: Any, start: int, stop: int, n_columns: int
) -> sp.csr_matrix:
    """Rows of CSR arrays; scipy and anndata would copy what they cut out or have read."""
    begin = indptr[start : stop + 1]
    here = slice(int(begin[0]), int(begin[-1]))
    part = sp.csr_matrix((stop - start, n_columns), dtype=data.dtype)
    part.data, part.indices, part.indptr = data[here], indices[here], begin - begin[0]
    return part


def ahead(read: Callable[[T], R], items: Iterable[T]) -> Iterator[tuple[T, R]]:
    """Yield each item with `read(item)`; the next is read while the caller works on this one."""
    with ThreadPoolExecutor(1) as reader:
        waiting: list = []
        for item in items:
            waiting.append((item, reader.submit(read, item)))
            if len(waiting) > 1:
                first, coming = waiting.pop(0)
                yield first, coming.result()
        for last, coming in waiting:
            yield last, coming.result()
