"""GEO series matrix files: values, samples, and probes -> genes by the platform table."""

import gzip
import io
import re
from collections.abc import Sequence
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from ...core.checks import check_columns
from ...core.errors import InputError
from ...core.names import SYMBOL
from .common import Files, reading, to_anndata

_TABLE = re.compile(r"^!series_matrix_table_(begin|end)\s*$", re.MULTILINE)
_SYMBOLS = (
    "Gene symbol",
    "Gene Symbol",
    "GENE_SYMBOL",
    "Symbol",
    "SYMBOL",
    "gene_symbol",
    "ILMN_Gene",
)


def is_series_matrix(path: Path) -> bool:
    """Return whether the name is the one that GEO gives."""
    return "series_matrix.txt" in path.name


def series_matrix(path: Path, platform: Path | None = None) -> ad.AnnData:
    """Read a series matrix; with a platform table probes become genes.

    `obs` has title, geo_accession, source and every ``characteristics`` key as a column. Probes of
    one gene are averaged; probes of no gene or of several are dropped. Without a platform `var`
    has the probes.
    """
    with reading(path):
        text = _text(path)
        parts = _TABLE.split(text)
        if len(parts) < 5:
            msg = f"{path} has no complete table between its !series_matrix_table lines: truncated?"
            raise InputError(msg)
        table = pd.read_csv(io.StringIO(parts[2].strip()), sep="\t", index_col=0, low_memory=False)
        obs = _samples(parts[0])
    if table.empty:
        msg = (
            f"{path} lists samples but no values (usual for RNA-seq). Read the count table among "
            "the supplementary files, and give this file as `samples=`."
        )
        raise InputError(msg)
    values, genes = table.to_numpy(dtype=np.float64), table.index.astype(str)
    if platform is not None:
        values, genes = probes_to_genes(values, genes, platform_symbols(platform))
    adata = to_anndata(values, genes, table.columns, obs=obs.loc[list(table.columns)])
    if platform is not None:
        adata.var[SYMBOL] = adata.var_names.to_numpy(dtype=object)
    return adata


def geo_series(files: Files, *, file: str, platform: str | None = None) -> ad.AnnData:
    """Read a series matrix of a data set, with its platform table if the manifest names one."""
    return series_matrix(files[file], None if platform is None else files[platform])


def sample_sheet(path: Path) -> pd.DataFrame:
    """Return the samples of a series matrix file as a table, accession first."""
    with reading(path):
        return _samples(_TABLE.split(_text(path))[0]).reset_index(names="sample")


def platform_symbols(path: Path) -> pd.Series:
    """Return probe -> gene symbol from a platform table (.annot, SOFT or the GPL text download)."""
    with reading(path):
        lines = [
            line
            for line in _text(path).splitlines()
            if line and not line.startswith(("#", "!", "^"))
        ]
        table = pd.read_csv(io.StringIO("\n".join(lines)), sep="\t", dtype=str, quoting=3)
    check_columns(table, ["ID"], str(path))
    column = next((c for c in _SYMBOLS if c in table), None)
    if column is None and "gene_assignment" in table:
        symbols = table["gene_assignment"].str.split(" // ").str[1]
    elif column is None:
        msg = f"{path} has no column of gene symbols; its columns are: {', '.join(table.columns)}."
        raise InputError(msg)
    else:
        symbols = table[column]
    return symbols.set_axis(table["ID"]).str.strip()


def probes_to_genes(
    values: np.ndarray, probes: Sequence[str], symbols: pd.Series
) -> tuple[np.ndarray, pd.Index]:
    """Average the probes of each gene; drop probes without a gene or with several."""
    symbols = symbols[~symbols.index.duplicated()]
    named = pd.Series(pd.Index(probes)).map(symbols)
    single = named.notna() & named.ne("") & ~named.fillna("").str.contains(r"///|;|,")
    if not single.any():
        msg = (
            f"No probe of the series, e.g. {list(probes[:3])}, has a gene in the platform table, "
            f"e.g. {list(symbols.index[:3])}. Give the table of the series' own platform."
        )
        raise InputError(msg)
    means = pd.DataFrame(values[single.to_numpy()]).groupby(named[single].to_numpy()).mean()
    return means.to_numpy(), means.index


def _text(path: Path) -> str:
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    return data.decode("utf-8", errors="replace")


def _samples(header: str) -> pd.DataFrame:
    fields: dict[str, list[str]] = {}
    for line in header.splitlines():
        if line.startswith("!Sample_"):
            key, *cells = (cell.strip().strip('"') for cell in line.split("\t"))
            _add(fields, key.removeprefix("!Sample_"), cells)
    if "geo_accession" not in fields:
        msg = "The series matrix has no !Sample_geo_accession line."
        raise InputError(msg)
    return pd.DataFrame(fields, index=pd.Index(fields["geo_accession"])).replace("", None)


def _add(fields: dict[str, list[str]], key: str, cells: list[str]) -> None:
    if not key.startswith("characteristics"):
        if key in ("title", "geo_accession", "source_name_ch1", "platform_id", "description"):
            fields.setdefault(key, cells)
        return
    for i, cell in enumerate(cells):  # one line may hold different keys for different samples
        name, colon, value = cell.partition(":")
        name = name.strip() if colon else "characteristics"
        column = fields.setdefault(name, [""] * len(cells))
        column[i] = column[i] or (value.strip() if colon else cell)
