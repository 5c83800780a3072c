"""Drop-seq digital gene expression matrices (text, genes in rows): one file per library."""

import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from ...core.errors import InputError
from .common import Files, reading, separator, to_anndata

_THREADS = 4
_ROWS = 2000  # genes made dense at a time


def dge(files: Files, *, pattern: str, min_genes: int = 0, sep: str | None = None) -> ad.AnnData:
    """Read and join libraries: union of their genes, a gene missing in a library is 0.

    The group ``library`` of `pattern` names the library; cells are ``<library>_<barcode>``, or
    the bare barcode where there is one file only. Of a large text, few genes at a time are dense.
    `min_genes` keeps cells with at least that many detected genes; `obs` has `library`,
    `barcode`, `n_umi` and `n_genes`, computed over all genes of the file.
    """
    libraries = {m["library"]: files[name] for name in files if (m := re.search(pattern, name))}
    if not libraries:
        msg = f"No file name matches {pattern!r}; the files are {list(files)[:5]}."
        raise InputError(msg)
    with ThreadPoolExecutor(_THREADS) as pool:  # pandas parses outside the interpreter's lock
        jobs = [pool.submit(_library, p, name, min_genes, sep) for name, p in libraries.items()]
        parts = [job.result() for job in jobs]
    if len(parts) == 1:
        parts[0][2].index = parts[0][2]["barcode"].to_numpy()
    genes = pd.Index(sorted(set().union(*(part[1] for part in parts))))
    return _join(parts, genes)


def _library(path: Path, library: str, min_genes: int, sep: str | None) -> tuple:
    from scipy.sparse import csc_matrix, vstack

    blocks, genes = [], []
    with reading(path):
        for block in pd.read_csv(path, sep=sep or separator(path), chunksize=_ROWS):
            if isinstance(block.index, pd.RangeIndex):  # else the header has one field less (R)
                block = block.set_index(block.columns[0])
            blocks.append(csc_matrix(block.to_numpy(dtype=np.float32)))
            genes.extend(block.index.astype(str))
            barcodes = block.columns.astype(str)
    counts = vstack(blocks, format="csc")
    obs = pd.DataFrame(
        {
            "library": library,
            "barcode": barcodes,
            "n_umi": np.asarray(counts.sum(axis=0)).ravel().astype(np.int64),
            "n_genes": np.diff(counts.indptr).astype(np.int64),
        },
        index=[f"{library}_{barcode}" for barcode in barcodes],
    )
    kept = (obs["n_genes"] >= min_genes).to_numpy()
    return counts[:, kept], genes, obs[kept]


def _join(parts: list[tuple], genes: pd.Index) -> ad.AnnData:
    from scipy.sparse import coo_matrix, hstack

    aligned = []
    for counts, names, _ in parts:
        entries = counts.tocoo()
        rows = genes.get_indexer(names)[entries.row]
        shape = (len(genes), counts.shape[1])
        aligned.append(coo_matrix((entries.data, (rows, entries.col)), shape=shape).tocsc())
    obs = pd.concat([part[2] for part in parts])
    return to_anndata(hstack(aligned, format="csc"), genes, obs.index, obs=obs)
