"""A user's own files -> AnnData, whatever their format."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd

from ...core.checks import check_one_of
from ...core.errors import ResourceError
from ...core.names import GENE_ID, UNS
from ...core.provenance import digest_file
from .common import reading
from .counts import to_matrix
from .h5ad import h5ad
from .join import join_samples, sample_table
from .text import read_frame


def read(
    path: str | Path,
    *,
    samples: str | Path | pd.DataFrame | None = None,
    sample_column: str | None = None,
    gene_column: str | None = None,
    genes_in: str = "auto",
    columns: str | None = None,
    sheet: str | int | None = None,
) -> ad.AnnData:
    """Read an expression file of your own.

    Parameters
    ----------
    path
        ``.h5ad``, or a table of counts or intensities (tsv, csv, txt, xlsx; plain, gz or zip).
    samples
        Table with one row per sample or cell: a path, or a frame.
    sample_column
        Its column with the names that the expression file uses; found by itself as a rule.
    gene_column
        Column of a count table that holds the gene identifiers; found by itself as a rule.
    genes_in
        ``rows``, ``columns`` or ``auto``.
    columns
        Regular expression that the sample columns match, where a table also holds others (such
        as FPKM beside counts); its group, if it has one, is the sample name.
    sheet
        Sheet of an xlsx file; the largest one by default.

    Returns
    -------
    AnnData, samples or cells x genes. `var["gene_id"]` has the identifiers as in the file,
    `var["symbol"]` the symbols where the file gives them, `obs` the sample table.

    Raises
    ------
    InputError
        The table cannot be understood, or samples are not in the sample table.
    ResourceError
        The file is not there, truncated or of another format.
    """
    check_one_of(genes_in, ("auto", "rows", "columns"), "genes_in")
    path = Path(path)
    if not path.exists():
        msg = f"There is no file {path}. Paths are relative to {Path.cwd()}."
        raise ResourceError(msg)
    table = None if samples is None else sample_table(samples, sample_column)
    options = {"gene_column": gene_column, "genes_in": genes_in, "columns": columns}
    adata = _reader(path)(path, sheet=sheet, table=table, **options)
    if table is not None:
        join_samples(adata, table, sample_column, what=path.name)
    if GENE_ID not in adata.var:
        adata.var[GENE_ID] = adata.var_names.to_numpy(dtype=object)
    files = {path.name: digest_file(path)} if path.is_file() else {}
    adata.uns.setdefault(UNS, {"dataset": path.name, "files": files, "steps": ["read"]})
    return adata


def _reader(path: Path) -> Callable[..., ad.AnnData]:
    return _h5ad if path.suffix.lower() == ".h5ad" else _table


def _h5ad(path: Path, **_: Any) -> ad.AnnData:
    return h5ad({path.name: path})


def _table(
    path: Path, *, sheet: str | int | None, table: pd.DataFrame | None, **options: Any
) -> ad.AnnData:
    with reading(path):
        frame = read_frame(path, sheet=sheet)
    names = None if table is None else pd.Index(table.astype(str).to_numpy().ravel())
    return to_matrix(frame, str(path), samples=names, **options)
