"""10x Genomics output: matrix folders (version 2 and 3, gzipped or not) and .h5 files."""

import gzip
import io
import re
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from ...core.errors import InputError
from ...core.names import SYMBOL
from .common import reading, to_anndata

_MATRIX = re.compile(r"^(?P<sample>.*?)[._-]?matrix\.mtx(\.gz)?$")
_KEPT = "Gene Expression"


def matrices(folder: Path) -> dict[str, Path]:
    """Return sample -> matrix file of every 10x matrix below `folder`."""
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*matrix.mtx*")):
        match = _MATRIX.match(path.name)
        if match:
            sample = match["sample"] or ("" if path.parent == folder else path.parent.name)
            found[sample] = path
    return found


def tenx_folder(matrix: Path) -> ad.AnnData:
    """Read one matrix with the barcodes and features (or genes) beside it."""
    from scipy.io import mmread

    with reading(matrix):
        counts = mmread(matrix).tocsc()
        features = pd.read_csv(
            _beside(matrix, "features", "genes"), sep="\t", header=None, dtype=str
        )
        barcodes = pd.read_csv(_beside(matrix, "barcodes"), sep="\t", header=None, dtype=str)
    if counts.shape != (len(features), len(barcodes)):
        msg = (
            f"{matrix} is {counts.shape[0]} x {counts.shape[1]}, but there are {len(features)} "
            f"features and {len(barcodes)} barcodes. The files belong to different runs."
        )
        raise InputError(msg)
    kind = features[2] if features.shape[1] > 2 else pd.Series(_KEPT, index=features.index)
    symbol = features[1] if features.shape[1] > 1 else features[0]
    return _genes_only(counts, features[0], symbol, kind, barcodes[0])


def tenx_h5(path: Path) -> ad.AnnData:
    """Read ``filtered_feature_bc_matrix.h5`` (version 3) or its predecessor (version 2)."""
    import h5py
    from scipy.sparse import csc_matrix

    with reading(path):
        source = io.BytesIO(gzip.decompress(path.read_bytes())) if path.suffix == ".gz" else path
        with h5py.File(source, "r") as file:
            groups = [g for g in file.values() if isinstance(g, h5py.Group) and "indptr" in g]
            if len(groups) != 1:
                msg = f"{path} has {len(groups)} matrices, expected 1 of 10x; it has: {list(file)}."
                raise InputError(msg)
            group = groups[0]
            counts = csc_matrix(
                (group["data"][:], group["indices"][:], group["indptr"][:]),
                shape=tuple(group["shape"][:]),
            )
            if "features" in group:
                names = [_text(group["features"][k]) for k in ("id", "name", "feature_type")]
            else:
                names = [_text(group["genes"]), _text(group["gene_names"])]
                names.append(np.full(len(names[0]), _KEPT))
            barcodes = _text(group["barcodes"])
    ids, symbols, kinds = (pd.Series(n) for n in names)
    return _genes_only(counts, ids, symbols, kinds, pd.Series(barcodes))


def join(parts: dict[str, ad.AnnData]) -> ad.AnnData:
    """Put samples below one another over the union of their genes, absent ones 0."""
    if len(parts) == 1:
        only = next(iter(parts.values()))
        only.obs["sample"] = next(iter(parts))
        return only
    joined = ad.concat(parts, join="outer", label="sample", index_unique="_", fill_value=0)
    var = pd.concat([part.var for part in parts.values()])
    joined.var = var[~var.index.duplicated()].loc[joined.var_names]
    joined.obs_names = [f"{s}_{n}" for s, part in parts.items() for n in part.obs_names]
    joined.X = joined.X.tocsr()
    return joined


def _genes_only(
    counts: object, ids: pd.Series, symbols: pd.Series, kinds: pd.Series, barcodes: pd.Series
) -> ad.AnnData:
    kept = (kinds == _KEPT).to_numpy()
    var = pd.DataFrame({SYMBOL: symbols[kept].to_numpy()})
    return to_anndata(counts[np.flatnonzero(kept)], ids[kept], barcodes, var=var)


def _beside(matrix: Path, *names: str) -> Path:
    for name in names:
        for tail in (".tsv.gz", ".tsv"):
            path = matrix.with_name(re.sub(r"matrix\.mtx(\.gz)?$", name + tail, matrix.name))
            if path.is_file():
                return path
    msg = f"{matrix} has no {' or '.join(names)}.tsv beside it."
    raise InputError(msg)


def _text(dataset: object) -> np.ndarray:
    return np.array([v.decode() for v in dataset[:]], dtype=object)  # type: ignore[index]
