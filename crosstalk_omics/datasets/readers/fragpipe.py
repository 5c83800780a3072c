"""FragPipe protein tables: MaxLFQ intensities of each sample."""

from collections.abc import Sequence

import anndata as ad
import numpy as np
import pandas as pd

from ...core.checks import check_columns
from ...core.errors import InputError
from ...core.names import SYMBOL
from .common import Files, content, pick, reading, separator, to_anndata


def fragpipe(
    files: Files,
    *,
    file: str | None = None,
    sep: str | None = None,
    id_column: str = "Protein ID",
    symbol_column: str = "Gene",
    annotation: Sequence[str] = (),
    suffix: str = " MaxLFQ Intensity",
) -> ad.AnnData:
    """Read the columns that end with `suffix`; 0 means not detected and becomes NaN.

    `annotation` columns are kept in `var`.
    """
    path = pick(files, file)
    with reading(path):
        frame = pd.read_csv(content(path), sep=sep or separator(path), low_memory=False)
    check_columns(frame, [id_column, symbol_column, *annotation], str(path))
    columns = [c for c in frame.columns if c.endswith(suffix)]
    if not columns:
        msg = f"{path} has no column that ends with {suffix!r}."
        raise InputError(msg)
    values = frame[columns].to_numpy(dtype=np.float64)
    values[values == 0] = np.nan
    var = frame[list(annotation)].copy()
    var.insert(0, SYMBOL, frame[symbol_column].to_numpy())
    return to_anndata(values, frame[id_column], [c.removesuffix(suffix) for c in columns], var=var)
