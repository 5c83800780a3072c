"""The values to score: in which state, and block by block."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from anndata import AnnData

from ...core.checks import check_one_of
from ...core.errors import InputError
from ...core.names import UNS, VALUE_STATES
from ...core.rows import ahead, read_rows

SAMPLE_ROWS = 500


def chunks(x: Any, rows: int) -> Iterator[tuple[int, sp.csr_matrix]]:
    """Blocks of rows with their first row; one zero-copy block for CSR in memory.

    The next block is read while the caller works on this one.
    """
    if sp.issparse(x) and x.dtype in (np.float32, np.float64):
        yield 0, x
        return
    n = x.shape[0]
    yield from ahead(lambda lo: read_rows(x, lo, min(lo + rows, n)), range(0, n, rows))


def sample(x: Any) -> tuple[np.ndarray, sp.csr_matrix]:
    """Rows spread evenly over a matrix in memory, the first rows of one on disk."""
    n = x.shape[0]
    if n <= SAMPLE_ROWS or not isinstance(x, np.ndarray | sp.spmatrix | sp.sparray):
        rows = np.arange(min(n, SAMPLE_ROWS))
        return rows, read_rows(x, 0, len(rows))
    rows = np.linspace(0, n - 1, SAMPLE_ROWS).astype(int)
    return rows, sp.csr_matrix(x[rows])


def value_state(adata: AnnData, x: Any, layer: str | None, declared: str | None) -> str:
    """State of the values: as declared, as recorded with the data, or as they look."""
    if declared is not None:
        check_one_of(declared, VALUE_STATES, "value_state")
        return declared
    recorded = adata.uns.get(UNS, {}).get("value_state") if layer is None else None
    if recorded in VALUE_STATES and recorded != "unknown":
        return str(recorded)
    from ...pp.state import value_state as look

    rows, part = sample(x)
    if not part.nnz or not np.nan_to_num(part.data).any():
        return "unknown"
    return look(AnnData(part, obs=adata.obs[[]].iloc[rows], var=adata.var[[]])).state


def check_state(state: str, method: str, takes: tuple[str, ...], adata: AnnData, x: Any) -> None:
    """Raise if `method` has no meaning for values in this state."""
    if state in takes:
        return
    why = {
        "counts": "depth would dominate it. Log-normalise first (`cx.pp.lognormalise`)",
        "intensity": "a few large values would dominate it. Take logs first",
        "means": "means per group have no scale of their own. Use a rank method such as ucell",
        "scaled": "genes centred over observations have lost their order"
        f"{_first_negative(adata, x)}. Score the log-normalised values (layer=), or say "
        "value_state='log_intensity' if these are logs of small numbers",
        "lognorm": "it needs other values",
        "log_intensity": "it needs other values",
    }[state]
    msg = (
        f"method {method!r} does not take values in the state {state!r}: {why}. It takes: "
        f"{', '.join(takes)}. If the state is wrong, pass value_state=."
    )
    raise InputError(msg)


def _first_negative(adata: AnnData, x: Any) -> str:
    """Where the first negative value of the sample stands, for a message."""
    part = read_rows(x, 0, min(x.shape[0], SAMPLE_ROWS)).tocoo()
    below = np.flatnonzero(part.data < 0)
    if not len(below):
        return ""
    i = below[np.lexsort((part.col[below], part.row[below]))[0]]
    return (
        f" (first negative value: {part.data[i]:.4g} in observation "
        f"{adata.obs_names[part.row[i]]!r}, gene {adata.var_names[part.col[i]]!r})"
    )
