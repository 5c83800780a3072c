"""Sums (or means) per donor and group: the donor, not the cell, is the replicate."""

from typing import Any, Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ..core.checks import check_columns, check_one_of
from ..core.errors import InputError
from ..core.names import CELL_TYPE, DONOR, UNS
from .state import check_state, current_state

Statistic = Literal["sum", "mean"]


def pseudobulk(
    adata: AnnData,
    *,
    donor: str | None = DONOR,
    groupby: str | None = CELL_TYPE,
    layer: str | None = None,
    min_cells: int = 10,
    statistic: Statistic = "sum",
) -> AnnData:
    """Sum the counts of the cells of each donor and group.

    Parameters
    ----------
    adata
        Cells by genes, counts (or log-normalised values with ``statistic="mean"``).
    donor
        `obs` column of the biological replicate; None takes all cells as one, which leaves
        means and ranks but no replicate.
    groupby
        `obs` column of the groups, such as cell types; None makes one profile per donor.
    layer
        Layer to sum instead of `X`.
    min_cells
        Donor-groups with fewer cells are dropped and listed: their sums are mostly noise
        (10 is usual for single-cell pseudobulk).
    statistic
        "sum" needs counts; "mean" takes any value state.

    Returns
    -------
    Donor-groups by genes, dense float64, sorted by donor and group. `obs`: `donor`, the group
    column, `n_cells`, and every column that is constant within all donor-groups.
    `modality` becomes "bulk_rna" ("celltype_means" without donors).
    ``uns["crosstalk"]["pseudobulk"]``: the parameters, `n_cells_without_label` and the frame
    `dropped` (donor, group, n_cells).

    Raises
    ------
    InputError
        A column is missing, values are not counts, or no donor-group has `min_cells` cells.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> samples = cx.pp.pseudobulk(muscle, groupby=None)
    >>> samples.shape
    (8, 600)
    """
    check_one_of(statistic, ("sum", "mean"), "statistic")
    keys = [c for c in (donor, groupby) if c is not None]
    if not keys:
        msg = "Neither `donor` nor `groupby` is given: name at least one column of `obs`."
        raise InputError(msg)
    check_columns(adata.obs, keys, "adata.obs")
    state = current_state(adata) if layer is None else "counts"
    if statistic == "sum":
        _check_counts(adata, state, layer)
    units, codes = _units(adata.obs[keys])
    n_cells = np.bincount(codes[codes >= 0], minlength=len(units))
    kept = n_cells >= min_cells
    if not kept.any():
        msg = (
            f"None of the {len(units)} donor-groups of {keys} has min_cells={min_cells} cells "
            f"(the largest has {int(n_cells.max(initial=0))}). Lower `min_cells` or merge groups."
        )
        raise InputError(msg)
    x = adata.X if layer is None else adata.layers[layer]
    sums = _row_sums(x, codes, len(units))[kept]
    if statistic == "mean":
        sums /= n_cells[kept, None]
    obs = _unit_obs(adata.obs, units, codes).assign(n_cells=n_cells)[kept]
    dropped = units.assign(n_cells=n_cells)[~kept]
    result = AnnData(sums, obs=obs, var=adata.var.copy())
    result.uns[UNS] = dict(adata.uns.get(UNS, {})) | {
        "modality": "celltype_means" if donor is None else "bulk_rna",
        "value_state": "counts" if statistic == "sum" else state,
        "pseudobulk": {
            "donor": donor or "",
            "groupby": groupby or "",
            "min_cells": min_cells,
            "statistic": statistic,
            "n_cells_without_label": int((codes < 0).sum()),
            "dropped": dropped.reset_index(drop=True),
        },
    }
    return result


def _check_counts(adata: AnnData, state: str, layer: str | None) -> None:
    if state != "counts":
        msg = (
            f"The values are {state!r}, but sums need counts. Name the layer that holds them "
            "(`layer='counts'`), start from `adata.raw.to_adata()` where a file keeps them there, "
            "or average with statistic='mean'."
        )
        raise InputError(msg)
    check_state(adata, "counts", layer=layer)


def _units(labels: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Sorted distinct label rows, and the row's number for each cell (-1 where one is missing)."""
    complete = labels.notna().all(axis=1).to_numpy()
    text = labels[complete].astype(str)
    units = text.drop_duplicates().sort_values(list(text.columns)).reset_index(drop=True)
    codes = np.full(len(labels), -1)
    index = pd.MultiIndex.from_frame(units)
    codes[complete] = index.get_indexer(pd.MultiIndex.from_frame(text))
    return units, codes


def _row_sums(x: Any, codes: np.ndarray, n_units: int) -> np.ndarray:
    rows = np.flatnonzero(codes >= 0)
    adder = sp.csr_matrix(
        (np.ones(len(rows)), (codes[rows], rows)), shape=(n_units, x.shape[0]), dtype=np.float64
    )
    summed = adder @ x
    return summed.toarray() if sp.issparse(summed) else np.asarray(summed, dtype=np.float64)


def _unit_obs(obs: pd.DataFrame, units: pd.DataFrame, codes: np.ndarray) -> pd.DataFrame:
    """Labels of the units, with the columns that have one value within every unit."""
    labelled = codes >= 0
    grouped = obs[labelled].groupby(codes[labelled], sort=True)
    result = units.apply(pd.Categorical)
    for column in obs.columns.difference(units.columns, sort=False):
        if grouped[column].nunique(dropna=False).max() == 1:
            values = grouped[column].first()
            result[column] = values.to_numpy()
            if isinstance(obs[column].dtype, pd.CategoricalDtype):
                result[column] = pd.Categorical(result[column], obs[column].cat.categories)
    result.index = pd.Index(units.agg("|".join, axis=1).to_numpy(), dtype=str)
    return result
