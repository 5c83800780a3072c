"""AnnData files (.h5ad)."""

import anndata as ad

from .common import Files, pick, reading


def h5ad(files: Files, *, file: str | None = None) -> ad.AnnData:
    """Read an AnnData file as it is."""
    path = pick(files, file)
    with reading(path):
        return ad.read_h5ad(path)
