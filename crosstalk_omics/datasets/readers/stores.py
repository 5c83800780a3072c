"""AnnData in zarr, and loom files."""

from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from ...core.errors import InputError
from ...core.names import SYMBOL
from .common import reading, to_anndata

_BLOCK = 512  # cells made dense at a time
_CELLS = ("CellID", "cell_id", "cell_names", "obs_names", "barcode", "Cell")
_IDS = ("Accession", "gene_ids", "gene_id", "ensembl_id", "var_names", "Gene", "gene_names")
_SYMBOLS = ("Gene", "gene_names", "symbol", "gene_symbol")


def zarr(path: Path) -> ad.AnnData:
    """Read an AnnData folder in zarr format."""
    with reading(path):
        return ad.read_zarr(path)


def loom(path: Path) -> ad.AnnData:
    """Read a loom file: its main matrix (genes x cells), cell and gene attributes."""
    import h5py

    with reading(path), h5py.File(path, "r") as file:
        if "matrix" not in file or "row_attrs" not in file:
            msg = f"{path} is no loom file: it has {list(file)}, expected matrix and row_attrs."
            raise InputError(msg)
        genes, cells = _attributes(file["row_attrs"]), _attributes(file["col_attrs"])
        values = _sparse(file["matrix"])
    ids = next((genes[c] for c in _IDS if c in genes), genes.index.to_series())
    names = next((cells[c] for c in _CELLS if c in cells), cells.index.to_series())
    symbols = next((c for c in _SYMBOLS if c in genes), None)
    if symbols is not None:
        genes[SYMBOL] = genes[symbols].to_numpy()
    return to_anndata(
        values, ids, names, var=genes.drop(columns="gene_id", errors="ignore"), obs=cells
    )


def _attributes(group: object) -> pd.DataFrame:
    columns = {}
    for name, dataset in group.items():  # type: ignore[attr-defined]
        if dataset.ndim == 1:
            values = dataset[:]
            text = values.dtype.kind in "SO"
            columns[name] = (
                [v.decode() if isinstance(v, bytes) else v for v in values] if text else values
            )
    return pd.DataFrame(columns)


def _sparse(matrix: object) -> object:
    from scipy.sparse import csc_matrix, hstack

    width = matrix.shape[1]  # type: ignore[attr-defined]
    blocks = [
        csc_matrix(matrix[:, start : start + _BLOCK].astype(np.float32))  # type: ignore[index]
        for start in range(0, width, _BLOCK)
    ]
    return hstack(blocks, format="csc")
