"""Any expression file or folder -> AnnData: formats are told apart by name and first line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anndata as ad
import pandas as pd

from ...core.checks import check_one_of
from ...core.errors import InputError, ResourceError
from ...core.names import GENE_ID, UNS
from ...core.provenance import digest_file
from . import geo, large, quant, r_data, stores, tenx
from .archives import is_archive, unpacked
from .common import Files, pick, reading
from .counts import to_matrix
from .h5ad import h5ad
from .join import join_samples, sample_table
from .parquet import parquet
from .text import read_frame

_SKIPPED = (".md", ".pdf", ".html", ".json", ".log", ".summary", ".bam", ".tar")
_STAR = ("ReadsPerGene.out.tab",)


def read(
    path: str | Path,
    *,
    samples: str | Path | pd.DataFrame | None = None,
    sample_column: str | None = None,
    gene_column: str | None = None,
    genes_in: str = "auto",
    columns: str | None = None,
    sheet: str | int | None = None,
    platform: str | Path | None = None,
    tx2gene: str | Path | pd.DataFrame | None = None,
    strand: str = "none",
) -> ad.AnnData:
    """Read expression data of your own.

    Parameters
    ----------
    path
        A file: h5ad, loom, 10x h5, GEO series matrix, R data (matrix, sparse matrix,
        ExpressionSet, Seurat), parquet, or a table (tsv, csv, txt, xlsx; plain, gz, zip) of
        counts or intensities in any of the usual shapes. A folder, tar or zip: zarr, 10x
        matrices (one or many), or one file per sample from STAR, HTSeq, featureCounts, RSEM,
        salmon, kallisto.
    samples
        Table with one row per sample or cell: a path (also a series matrix), or a frame.
    sample_column
        Its column with the names that the expression data use; found by itself as a rule.
    gene_column
        Column of a count table that holds the gene identifiers; found by itself as a rule.
    genes_in
        ``rows``, ``columns`` or ``auto``.
    columns
        Regular expression that the sample columns of a table match, where it also holds others
        (such as FPKM beside counts); its group, if it has one, is the sample name.
    sheet
        Sheet of an xlsx file; the largest one by default.
    platform
        Platform table (GPL) that turns the probes of a series matrix into genes.
    tx2gene
        Transcript and gene in two columns; needed for transcript files of salmon and kallisto.
    strand
        Which counts of STAR files: ``none`` (unstranded), ``forward`` or ``reverse``.

    Returns
    -------
    AnnData, samples or cells x genes. `var["gene_id"]` has the identifiers as in the file,
    `var["symbol"]` the symbols where the file gives them, `obs` the sample table.

    Raises
    ------
    InputError
        The data cannot be understood, an archive is unsafe, or samples are not in the table.
    ResourceError
        The file is not there, truncated or of another format.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> import pandas as pd
    >>> counts = pd.DataFrame({"IGF1": [5, 8], "MSTN": [0, 2]}, index=["s1", "s2"])
    >>> counts.T.to_csv("counts.csv")
    >>> cx.datasets.read("counts.csv").shape
    (2, 2)
    """
    check_one_of(genes_in, ("auto", "rows", "columns"), "genes_in")
    check_one_of(strand, tuple(quant.STRANDS), "strand")
    path = Path(path)
    if not path.exists():
        msg = f"There is no file {path}. Paths are relative to {Path.cwd()}."
        raise ResourceError(msg)
    table = None if samples is None else sample_table(samples, sample_column)
    adata = _any(
        path,
        table={"gene_column": gene_column, "genes_in": genes_in, "columns": columns},
        names=None if table is None else pd.Index(table.astype(str).to_numpy().ravel()),
        sheet=sheet,
        platform=None if platform is None else Path(platform),
        quantified={"tx2gene": _tx2gene(tx2gene), "strand": strand},
    )
    if table is not None:
        join_samples(adata, table, sample_column, what=path.name)
    if GENE_ID not in adata.var:
        adata.var[GENE_ID] = adata.var_names.to_numpy(dtype=object)
    files = {path.name: digest_file(path)} if path.is_file() else {}
    adata.uns.setdefault(UNS, {"dataset": path.name, "files": files, "steps": ["read"]})
    return adata


def auto(
    files: Files,
    *,
    file: str | None = None,
    gene_column: str | None = None,
    genes_in: str = "auto",
    columns: str | None = None,
    sheet: str | None = None,
    platform: str | None = None,
    strand: str = "none",
) -> ad.AnnData:
    """Read one file of a data set as `read` does; `platform` names another of its files."""
    return _any(
        pick(files, file),
        table={"gene_column": gene_column, "genes_in": genes_in, "columns": columns},
        names=None,
        sheet=sheet,
        platform=None if platform is None else files[platform],
        quantified={"tx2gene": None, "strand": strand},
    )


def _any(
    path: Path,
    *,
    table: Mapping[str, Any],
    names: pd.Index | None,
    sheet: str | int | None,
    platform: Path | None,
    quantified: Mapping[str, Any],
) -> ad.AnnData:
    if path.is_dir():
        return _folder(path, quantified)
    if is_archive(path) and not _is_one_table(path):
        with unpacked(path) as folder:
            return _folder(folder, quantified)
    if geo.is_series_matrix(path):
        return geo.series_matrix(path, platform)
    reader = _by_suffix(path)
    if reader is not None:
        return reader(path)
    with reading(path):
        if large.is_large(path):
            return large.large_table(path)
        if quant.is_quantified(path):
            return quant.quant_files([path], path.parent, **quantified)
        return to_matrix(read_frame(path, sheet=sheet), str(path), samples=names, **table)


def _by_suffix(path: Path) -> Any:
    readers = {
        ".h5ad": lambda p: h5ad({p.name: p}),
        ".loom": stores.loom,
        ".h5": tenx.tenx_h5,
        ".hdf5": tenx.tenx_h5,
        ".mtx": tenx.tenx_folder,
        ".rds": r_data.any_object,
        ".rda": r_data.any_object,
        ".rdata": r_data.any_object,
        ".parquet": lambda p: parquet({p.name: p}),
    }
    suffix = Path(path.name.lower().removesuffix(".gz")).suffix
    return readers.get(suffix)


def _is_one_table(path: Path) -> bool:
    import zipfile

    if path.suffix.lower() != ".zip":
        return False
    with reading(path), zipfile.ZipFile(path) as archive:
        files = [n for n in archive.namelist() if not n.endswith("/") and "__MACOSX" not in n]
    return len(files) == 1 and _by_suffix(Path(files[0])) is None


def _folder(folder: Path, quantified: Mapping[str, Any]) -> ad.AnnData:
    if any((folder / name).exists() for name in ("zarr.json", ".zgroup", ".zattrs")):
        return stores.zarr(folder)
    matrices = tenx.matrices(folder)
    if matrices:
        return tenx.join({s: tenx.tenx_folder(p) for s, p in matrices.items()})
    files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    whole = [p for p in files if p.suffix.lower() == ".h5ad"]
    if len(whole) == 1:
        return h5ad({whole[0].name: whole[0]})
    books = [p for p in files if p.name.lower().removesuffix(".gz").endswith((".h5", ".hdf5"))]
    if books:
        return tenx.join({quant.sample_of(p, folder): tenx.tenx_h5(p) for p in books})
    tables = [p for p in files if not p.name.lower().removesuffix(".gz").endswith(_SKIPPED)]
    star = [p for p in tables if p.name.removesuffix(".gz").endswith(_STAR)]
    if not tables:
        has = [p.name for p in files][:5]
        msg = f"{folder} has no expression files that are known; it has {has}."
        raise InputError(msg)
    return quant.quant_files(star or tables, folder, **quantified)


def _tx2gene(table: str | Path | pd.DataFrame | None) -> dict[str, str] | None:
    if table is None:
        return None
    if not isinstance(table, pd.DataFrame):
        with reading(Path(table)):
            table = read_frame(Path(table))
    if table.shape[1] < 2:
        msg = f"tx2gene has {table.shape[1]} columns, expected a transcript and a gene column."
        raise InputError(msg)
    return dict(zip(table.iloc[:, 0].astype(str), table.iloc[:, 1].astype(str), strict=True))
