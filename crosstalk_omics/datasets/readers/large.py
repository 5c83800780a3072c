"""Count tables of many cells as text: read in blocks, only one of which is dense."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from .common import separator, to_anndata
from .counts import gene_like

_LARGE = 200 * 1024**2  # bytes of text above which a table is read in blocks
_PACKED = 5  # how much text gzip packs into a byte, roughly
_CELLS = 8_000_000  # numbers made dense at a time


def is_large(path: Path) -> bool:
    """Return whether a text table is too large to be held as text cells."""
    packed = path.name.lower().endswith(".gz")
    return path.stat().st_size * (_PACKED if packed else 1) > _LARGE


def large_table(path: Path) -> ad.AnnData:
    """Read a plain table (one identifier column, one header line) of either orientation as CSR."""
    from scipy.sparse import csr_matrix, vstack

    head = pd.read_csv(path, sep=separator(path), nrows=50)
    rows = max(_CELLS // head.shape[1], 1)
    blocks, names = [], []
    for block in pd.read_csv(path, sep=separator(path), chunksize=rows):
        if isinstance(block.index, pd.RangeIndex):  # else the header has one field less (R)
            block = block.set_index(block.columns[0])
        blocks.append(csr_matrix(block.to_numpy(dtype=np.float32)))
        names.extend(block.index.astype(str))
    values, columns = vstack(blocks, format="csr"), block.columns.astype(str)
    if gene_like(pd.Index(names)) >= gene_like(columns):
        return to_anndata(values.tocsc(), names, columns)
    return to_anndata(values.T.tocsc(), columns, names)
