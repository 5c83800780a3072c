"""One file per format; each reader takes the files of a data set and returns AnnData or a table."""

from collections.abc import Callable
from typing import Any

from . import r_data
from .count_files import count_files
from .delimited import matrix, table
from .dge import dge
from .fragpipe import fragpipe
from .geo import geo_series
from .gmt import gmt
from .h5ad import h5ad
from .own import auto
from .parquet import parquet

READERS: dict[str, Callable[..., Any]] = {
    "auto": auto,
    "matrix": matrix,
    "table": table,
    "count_files": count_files,
    "dge": dge,
    "fragpipe": fragpipe,
    "parquet": parquet,
    "h5ad": h5ad,
    "geo": geo_series,
    "gmt": gmt,
    "r_frame": r_data.frame,
    "r_records": r_data.records,
    "r_matrix": r_data.matrix,
    "r_expression_set": r_data.expression_set,
    "r_seurat": r_data.seurat,
}
