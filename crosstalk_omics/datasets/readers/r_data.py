"""R files (.rda, .RData, .rds): frames, matrices, lists, ExpressionSet and Seurat objects."""

import gzip
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd

from ...core.checks import nearest
from ...core.errors import InputError
from ...core.names import SYMBOL
from .common import Files, pick, reading, to_anndata
from .counts import to_matrix

_SMALL = 8 * 1024**2  # bytes of a file that is kept parsed until the next one is read


def load_object(path: Path, *names: str | None) -> Any:
    """Return the object that `names` lead to: first in the file, then inside lists.

    A file of one object needs no name for it.
    """
    with reading(path):
        stat = path.stat()
        parse = _parsed_once if stat.st_size <= _SMALL else _parsed
        found = parse(path, stat.st_mtime_ns)
        wanted = [name for name in names if name is not None]
        is_image = path.name.lower().removesuffix(".gz").endswith((".rda", ".rdata"))
        if is_image and len(found) == 1 and (not wanted or wanted[0] not in found):
            found = next(iter(found.values()))
        for name in wanted:
            if not isinstance(found, Mapping) or name not in found:
                has = list(found) if isinstance(found, Mapping) else []
                msg = f"{path} has no object {name!r}. {nearest(name, has)}It has: {has[:20]}."
                raise InputError(msg)
            found = found[name]
    return found


def _parsed(path: Path, stamp: int) -> Any:
    import rdata

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # R classes without a Python constructor stay plain
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return rdata.conversion.convert(rdata.parser.parse_data(data))


_parsed_once = lru_cache(maxsize=1)(_parsed)  # the parts of a data set come from one file


def frame(
    files: Files,
    *,
    file: str | None = None,
    object: str | None = None,
    row_names: str | None = None,
    where: Mapping[str, Sequence[str]] | None = None,
    top: Mapping[str, Any] | None = None,
) -> pd.DataFrame:
    """Read a data.frame.

    `object` is its name in the file or the list, `row_names` the name of the column they become,
    `where` keeps rows by value, and `top` = {by, per, n} keeps the n lowest per group.
    """
    path = pick(files, file)
    found = plain_frame(load_object(path, object))
    if row_names is not None:
        found.insert(0, row_names, found.index.astype(str))
    for column, values in (where or {}).items():
        found = found[found[column].isin(list(values))]
    if top is not None:
        best = found.sort_values(top["by"], kind="stable").groupby(top["per"], sort=False)
        found = best.head(top["n"])
    return found.reset_index(drop=True)


def records(files: Files, *, file: str | None = None, object: str | None = None) -> pd.DataFrame:
    """Read a list of records; vectors become text joined with ``|``, empty ones missing."""
    found = load_object(pick(files, file), object)
    rows = [
        {str(k): "|".join(map(str, np.atleast_1d(v))) for k, v in r.items()} for r in found.values()
    ]
    return pd.DataFrame(rows).replace("", None)


def plain_frame(found: Any) -> pd.DataFrame:
    """Return an R data.frame with text column names and plain text or number columns."""
    if not isinstance(found, pd.DataFrame):
        msg = f"Expected a data.frame, found {type(found).__name__}."
        raise InputError(msg)
    out = pd.DataFrame(index=found.index.astype(str))
    for name, column in found.items():
        out[str(name)] = _plain(column).to_numpy()
    return out


def _plain(column: pd.Series) -> pd.Series:
    if isinstance(column.dtype, pd.CategoricalDtype) or not pd.api.types.is_numeric_dtype(column):
        if pd.api.types.is_bool_dtype(column):
            return column.astype(object)
        text = column.astype(object)
        return text.where(text.notna(), None).map(lambda v: v if v is None else str(v))
    if pd.api.types.is_extension_array_dtype(column):
        return (
            column.astype(np.float64)
            if column.isna().any()
            else column.astype(column.dtype.numpy_dtype)
        )
    return column


def matrix(
    files: Files,
    *,
    file: str | None = None,
    object: str | None = None,
    labels: Mapping[str, str] | None = None,
) -> ad.AnnData:
    """Read a matrix, dgCMatrix or numeric data.frame with genes in rows.

    `labels` maps an obs column to the file whose one object is a factor over the same samples.
    """
    path = pick(files, file)
    found = load_object(path, object)
    with reading(path):
        values, genes, samples = genes_by_samples(found)
    adata = to_anndata(values, genes, samples)
    for column, name in (labels or {}).items():
        adata.obs[column] = pd.Categorical(load_object(files[name]))
    return adata


def genes_by_samples(found: Any) -> tuple[Any, Any, Any]:
    """Return values, row names and column names of any matrix-like R object."""
    if isinstance(found, pd.DataFrame):
        return found.to_numpy(dtype=np.float64), found.index.astype(str), found.columns
    if hasattr(found, "coords"):
        genes, samples = (found.coords[d].values for d in found.dims)
        return found.to_numpy(), genes, samples
    if hasattr(found, "Dimnames"):
        from scipy.sparse import csc_matrix

        values = csc_matrix((found.x, found.i, found.p), shape=tuple(found.Dim))
        return values, found.Dimnames[0], found.Dimnames[1]
    msg = f"Expected a matrix with row and column names, found {type(found).__name__}."
    raise InputError(msg)


def expression_set(
    files: Files,
    *,
    file: str | None = None,
    object: str | None = None,
    symbol_column: str | None = None,
) -> ad.AnnData:
    """Read a Bioconductor ExpressionSet: assay `exprs`, sample and gene annotation."""
    path = pick(files, file)
    return _from_expression_set(load_object(path, object), path, symbol_column)


def _from_expression_set(found: Any, path: Path, symbol_column: str | None) -> ad.AnnData:
    with reading(path):
        values, genes, samples = genes_by_samples(dict(found.assayData.maps[0])["exprs"])
        obs = plain_frame(found.phenoData.data).loc[list(map(str, samples))]
        var = plain_frame(found.featureData.data).loc[list(map(str, genes))]
    if symbol_column is not None:
        var[SYMBOL] = var[symbol_column].to_numpy()
    return to_anndata(values, genes, samples, var=var, obs=obs)


def seurat(
    files: Files, *, file: str | None = None, object: str | None = None, assay: str = "RNA"
) -> ad.AnnData:
    """Read a Seurat object (version 2 to 4): the counts slot of `assay` and meta.data."""
    path = pick(files, file)
    return _from_seurat(load_object(path, object), path, assay)


def any_object(path: Path) -> ad.AnnData:
    """Read a file whose one object is a matrix, data.frame, ExpressionSet or Seurat object."""
    found = load_object(path)
    if hasattr(found, "assays"):
        assay = getattr(found, "active.assay", ["RNA"])
        return _from_seurat(found, path, str(assay[0]))
    if hasattr(found, "assayData"):
        return _from_expression_set(found, path, None)
    if isinstance(found, Mapping):
        msg = f"{path} holds {len(found)} objects: {list(found)[:10]}. Save the one matrix alone."
        raise InputError(msg)
    with reading(path):
        if isinstance(found, pd.DataFrame):
            return to_matrix(plain_frame(found).reset_index(names="").astype(str), str(path))
        return to_anndata(*genes_by_samples(found))


def _from_seurat(found: Any, path: Path, assay: str) -> ad.AnnData:
    with reading(path):
        values, genes, cells = genes_by_samples(found.assays[assay].counts)
        obs = plain_frame(getattr(found, "meta.data")).loc[list(map(str, cells))]
    return to_anndata(values, genes, cells, obs=obs)
