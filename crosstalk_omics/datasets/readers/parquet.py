"""Parquet matrices, in one file or in blocks of genes."""

import re

import anndata as ad
import numpy as np
import pandas as pd

from .common import Files, reading, to_anndata


def parquet(files: Files, *, id_column: str, pattern: str = r"\.parquet$") -> ad.AnnData:
    """Read the files whose names match `pattern` and put their genes one below the other."""
    blocks = []
    for name, path in files.items():
        if re.search(pattern, name):
            with reading(path):
                blocks.append(pd.read_parquet(path).set_index(id_column))
    frame = pd.concat(blocks)
    return to_anndata(frame.to_numpy(dtype=np.float64), frame.index, frame.columns)
