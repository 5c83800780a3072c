"""Parquet matrices, in one file or in blocks of genes."""

import re

import anndata as ad
import numpy as np
import pandas as pd

from .common import Files, reading, to_anndata


def parquet(
    files: Files, *, id_column: str | None = None, pattern: str = r"\.parquet$"
) -> ad.AnnData:
    """Read the files whose names match `pattern` and put their genes one below the other.

    `id_column` holds the genes; by default the first column, if it is text, or the index.
    """
    blocks = []
    for name, path in files.items():
        if re.search(pattern, name):
            with reading(path):
                blocks.append(_indexed(pd.read_parquet(path), id_column))
    frame = pd.concat(blocks)
    return to_anndata(frame.to_numpy(dtype=np.float64), frame.index, frame.columns)


def _indexed(frame: pd.DataFrame, id_column: str | None) -> pd.DataFrame:
    if id_column is None and not pd.api.types.is_numeric_dtype(frame.iloc[:, 0]):
        id_column = frame.columns[0]
    return frame if id_column is None else frame.set_index(id_column)
