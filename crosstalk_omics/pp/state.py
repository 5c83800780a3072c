"""What the numbers are: counts, logs, intensities, scaled; and what each state forbids."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ..core.checks import check_one_of
from ..core.errors import InputError
from ..core.names import UNS, VALUE_STATES

MAY_MISS = ("intensity", "log_intensity", "scaled", "unknown")  # NaN = not measured
NEVER_NEGATIVE = ("counts", "intensity", "means")
LOG_MAX = 35.0  # 2**35 is beyond any count or mass-spectrometer intensity: larger is not a log
MOSTLY_WHOLE = 0.5  # expected counts (RSEM, salmon) hold fractions for a minority of genes
CENTRED = 0.05  # |mean| of a gene in units of its deviation, below which it was centred


class State(NamedTuple):
    """A value state and the sentence that says why."""

    state: str
    reason: str


def value_state(adata: AnnData, *, layer: str | None = None) -> State:
    """Say what the values of a matrix are, from the values alone.

    Parameters
    ----------
    adata
        Expression, (n_obs, n_genes), dense or sparse.
    layer
        Layer to look at instead of `X`.

    Returns
    -------
    `state`, one of `core.names.VALUE_STATES` ("means" is never guessed: one value per group
    looks like any other), and `reason`, a sentence for the report.

    Raises
    ------
    InputError
        The matrix holds an infinite value, or nothing at all.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> cx.pp.value_state(muscle).state
    'counts'
    """
    x = adata.X if layer is None else adata.layers[layer]
    check_finite(x, adata, allow_nan=True)
    stored = _stored(x)
    stored = stored[~np.isnan(stored)]
    if stored.size == 0 or not stored.any():
        msg = (
            f"The matrix ({adata.n_obs} x {adata.n_vars}) holds no value other than 0 and NaN. "
            "Look at how the file was read: genes must be columns and samples rows."
        )
        raise InputError(msg)
    return _classify(x, stored, missing=stored.size < _stored(x).size)


def _classify(x: Any, stored: np.ndarray, *, missing: bool) -> State:
    low, high = float(stored.min()), float(stored.max())
    if low < 0:
        return _with_negatives(x, low, high)
    if missing:
        if high > LOG_MAX:
            return State("intensity", f"missing values and a maximum of {high:.4g}: linear")
        return State("log_intensity", f"missing values and a maximum of {high:.4g}: a log scale")
    nonzero = stored[stored > 0]
    whole = float(np.mean(nonzero == np.rint(nonzero)))
    if whole == 1 and high > 1:
        return State("counts", "whole numbers, none negative")
    if whole >= MOSTLY_WHOLE and high > LOG_MAX:
        return State("counts", f"{whole:.0%} whole numbers, none negative: expected counts")
    if high > LOG_MAX:
        return State("intensity", f"fractions up to {high:.4g}: linear (TPM, CPM or intensities)")
    n_values = x.shape[0] * x.shape[1]
    zeros = 1 - nonzero.size / n_values
    if zeros > 0.01:
        return State("lognorm", f"fractions up to {high:.4g} with {zeros:.0%} zeros")
    return State("log_intensity", f"fractions from {low:.4g} to {high:.4g} and hardly a zero")


def _with_negatives(x: Any, low: float, high: float) -> State:
    dense = np.asarray(x.toarray() if sp.issparse(x) else x, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        deviation = np.nanstd(dense, axis=0)
        centre = np.abs(np.nanmean(dense, axis=0))[deviation > 0] / deviation[deviation > 0]
    if centre.size and np.median(centre) < CENTRED:
        return State("scaled", f"negative values (lowest {low:.4g}) and genes centred at 0")
    if high <= LOG_MAX:
        return State("log_intensity", f"values from {low:.4g} to {high:.4g}: a log scale")
    return State("unknown", f"negative values (lowest {low:.4g}) with a maximum of {high:.4g}")


def check_state(adata: AnnData, state: str, *, layer: str | None = None) -> None:
    """Raise unless the values of a matrix are possible in the value state `state`.

    Parameters
    ----------
    adata
        Expression, (n_obs, n_genes).
    state
        One of `core.names.VALUE_STATES`, as the source or the user declares it.
    layer
        Layer to look at instead of `X`.

    Raises
    ------
    InputError
        A value is infinite, missing or negative where `state` forbids it (its row and gene
        are named), or counts are mostly fractions.
    """
    check_one_of(state, VALUE_STATES, "value_state")
    x = adata.X if layer is None else adata.layers[layer]
    check_finite(x, adata, allow_nan=state in MAY_MISS)
    stored = _stored(x)
    if state in NEVER_NEGATIVE and stored.size and np.nanmin(stored) < 0:
        row, gene, value = _locate(x, adata, lambda v: v < 0)
        msg = (
            f"Negative value {value:.4g} at row {row!r}, gene {gene!r}, but the values are "
            f"declared {state!r}. Give raw values, or the true `value_state` "
            f"(log_intensity, scaled, ...)."
        )
        raise InputError(msg)
    nonzero = stored[stored != 0]
    if state == "counts" and nonzero.size:
        whole = float(np.mean(nonzero == np.rint(nonzero)))
        if whole < MOSTLY_WHOLE:
            msg = (
                f"Only {whole:.0%} of the non-zero values are whole numbers, but they are "
                "declared 'counts'. Give raw counts, or the true `value_state` "
                "(lognorm, log_intensity, intensity)."
            )
            raise InputError(msg)


def check_finite(x: Any, adata: AnnData, *, allow_nan: bool) -> None:
    """Raise if `x` holds an infinite value, or a missing one where that is not allowed."""
    stored = _stored(x)
    bad = np.isinf if allow_nan else lambda v: ~np.isfinite(v)
    if stored.size and bad(stored).any():
        row, gene, value = _locate(x, adata, bad)
        n_bad = int(bad(stored).sum())
        msg = (
            f"{n_bad} value(s) are not finite, the first ({value}) at row {row!r}, gene {gene!r}. "
            "Missing values are allowed in proteomes and arrays only "
            "(value_state 'intensity' or 'log_intensity'); otherwise drop the gene or the row."
        )
        raise InputError(msg)


def current_state(adata: AnnData) -> str:
    """Value state that the data declare, else the one that their values show."""
    declared = adata.uns.get(UNS, {}).get("value_state")
    known = declared in VALUE_STATES and declared != "unknown"
    return declared if known else value_state(adata).state


def _stored(x: Any) -> np.ndarray:
    data = x.data if sp.issparse(x) else np.asarray(x).ravel()
    return data if np.issubdtype(data.dtype, np.floating) else data.astype(np.float64)


def _locate(x: Any, adata: AnnData, bad: Any) -> tuple[str, str, float]:
    if sp.issparse(x):
        coo = x.tocoo()
        first = int(np.flatnonzero(bad(coo.data.astype(np.float64)))[0])
        row, column, value = coo.row[first], coo.col[first], coo.data[first]
    else:
        row, column = np.argwhere(bad(np.asarray(x, dtype=np.float64)))[0]
        value = x[row, column]
    names: tuple[pd.Index, pd.Index] = (adata.obs_names, adata.var_names)
    return str(names[0][row]), str(names[1][column]), float(value)
