"""Delimited text (tsv, csv; plain, gz or zip): expression matrices and resource tables."""

from collections.abc import Sequence
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from ...core.checks import check_columns
from ...core.names import SYMBOL
from .common import Files, content, pick, reading, separator, to_anndata


def matrix(
    files: Files,
    *,
    file: str | None = None,
    sep: str | None = None,
    id_column: str | None = None,
    symbol_column: str | None = None,
    drop: Sequence[str] = (),
    skip: int = 0,
    sparse: bool = False,
) -> ad.AnnData:
    """Read genes in rows, samples in columns.

    `id_column` and `symbol_column` name what is no sample, as do the columns to `drop`; without
    `id_column` the first column holds the identifiers. The first `skip` lines are no table.
    `sparse` keeps counts of single cells or cell types as CSR. HTSeq's lines such as
    ``__no_feature`` are left out.
    """
    path = pick(files, file)
    with reading(path):
        text = {"sep": sep or separator(path), "skiprows": skip, "low_memory": False}
        frame = pd.read_csv(content(path), **text)
        # R writes one header field less than there are columns: pandas then made them the index
        if not isinstance(frame.index, pd.RangeIndex):
            frame = frame.copy().reset_index()  # one block: pandas warns of many
        ids = frame.columns[0] if id_column is None else id_column
        check_columns(frame, [c for c in (ids, symbol_column) if c is not None], str(path))
        frame = frame.drop(columns=list(drop))
        frame = frame[~frame[ids].astype(str).str.startswith("__")]
        genes = frame.pop(ids)
        var = None
        if symbol_column is not None:
            var = pd.DataFrame({SYMBOL: frame.pop(symbol_column).to_numpy()})
        values = frame.to_numpy(dtype=np.float64)
    return to_anndata(_sparse(values) if sparse else values, genes, frame.columns, var=var)


def _sparse(values: np.ndarray) -> object:
    from scipy.sparse import csc_matrix

    return csc_matrix(values)


def table(
    files: Files,
    *,
    file: str | None = None,
    sep: str | None = None,
    columns: Sequence[str] | None = None,
    numeric: Sequence[str] = (),
    missing: Sequence[str] = (),
    row_numbers: bool = False,
) -> pd.DataFrame:
    """Read a resource table; cells are text as in the source, empty ones missing.

    `columns` keeps those columns only, `numeric` are numbers, `missing` are words that mean
    "missing" beside the empty cell, `row_numbers` says that the first column only counts rows.
    """
    path = pick(files, file)
    with reading(path):
        frame = read_text(path, sep=sep or separator(path), missing=missing)
        frame = frame.iloc[:, 1:] if row_numbers else frame
        check_columns(frame, [*(columns or ()), *numeric], str(path))
        frame = frame if columns is None else frame[list(columns)]
        return frame.astype(dict.fromkeys(numeric, np.float64))


def read_text(path: Path, *, sep: str, missing: Sequence[str] = ()) -> pd.DataFrame:
    """Return the table with text cells.

    Lines with one field more than the header either end in a separator or begin with a row name
    (R); the latter becomes a first column without a name.
    """
    frame = pd.read_csv(
        content(path), sep=sep, dtype=str, keep_default_na=False, na_values=["", *missing]
    )
    if isinstance(frame.index, pd.RangeIndex):
        return frame
    names = list(frame.columns)
    ends_empty = frame.iloc[:, -1].isna().all()
    frame = frame.reset_index()
    if ends_empty:
        return frame.iloc[:, :-1].set_axis(names, axis=1)
    return frame.set_axis(["", *names], axis=1)
