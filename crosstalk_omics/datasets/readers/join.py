"""Sample table -> obs, checked."""

import re
import warnings
from pathlib import Path

import anndata as ad
import pandas as pd

from ...core.checks import check_columns
from ...core.errors import CrosstalkWarning, InputError
from .common import reading
from .geo import is_series_matrix, sample_sheet
from .text import read_frame


def sample_table(samples: str | Path | pd.DataFrame, sample_column: str | None) -> pd.DataFrame:
    """Return the table with the candidates for sample names still as columns, index included."""
    if isinstance(samples, pd.DataFrame):
        named = samples.index.name or "index"
        table = samples.copy() if named in samples.columns else samples.reset_index(names=named)
        what = "The sample table"
    else:
        path = Path(samples)
        with reading(path):
            table = sample_sheet(path) if is_series_matrix(path) else read_frame(path)
        table = table.astype(object).apply(lambda column: column.str.strip())
        table = table.where(~table.isin(["", "NA"]), None)
        what = str(samples)
    if sample_column is not None:
        check_columns(table, [sample_column], what)
    return table


def join_samples(
    adata: ad.AnnData, table: pd.DataFrame, sample_column: str | None, *, what: str
) -> ad.AnnData:
    """Put the rows of `table` beside the samples of `adata`, in place.

    Without `sample_column` the column that holds most sample names is taken. Names that R changed
    (``X1.a`` for ``1-a``) are recognised. Rows without data are dropped with a warning.
    """
    names = pd.Index(adata.obs_names, dtype=object)
    column = sample_column or max(table.columns, key=lambda c: _fit(names, table[c]))
    keys = _names(table[column])
    if not names.isin(keys).all() and _plain(names).isin(_plain(keys)).all():
        keys, names = _plain(keys), _plain(names)
    absent = adata.obs_names[~names.isin(keys)]
    if len(absent):
        msg = (
            f"{len(absent)} of {len(names)} samples of {what} are not in the sample table (column "
            f"{column!r}), first 5: {list(absent[:5])}; the table has {list(table[column][:5])}. "
            "Name the column with `sample_column=` or mend the names."
        )
        raise InputError(msg)
    twice = keys[keys.isin(names) & keys.duplicated()]
    if len(twice):
        msg = f"The sample table has {twice[0]!r} more than once (column {column!r})."
        raise InputError(msg)
    extra = int((~keys.isin(names)).sum())
    if extra:
        warnings.warn(
            f"{extra} rows of the sample table have no data in {what}.", CrosstalkWarning, 3
        )
    rows = table.set_axis(keys).loc[names].set_axis(adata.obs_names)
    for name in rows.columns:
        adata.obs[str(name) or "sample"] = rows[name]
    return adata


def _fit(names: pd.Index, column: pd.Series) -> tuple[int, int]:
    keys = _names(column)
    return int(names.isin(keys).sum()), int(_plain(names).isin(_plain(keys)).sum())


def _names(column: pd.Series) -> pd.Index:
    return pd.Index([str(value) for value in column], dtype=object)


def _plain(names: pd.Index) -> pd.Index:
    """What is left of a name after R's make.names: letters and digits, without the leading X."""
    return names.map(lambda n: re.sub(r"^X(?=\d)", "", re.sub(r"[^0-9A-Za-z]", ".", n)))
