"""One small count file per sample, merged."""

import re

import anndata as ad
import numpy as np
import pandas as pd

from ...core.errors import InputError
from ...core.names import SYMBOL
from .common import Files, reading, separator, to_anndata


def count_files(
    files: Files,
    *,
    pattern: str,
    sep: str | None = None,
    gene: int = 0,
    count: int = -1,
    symbol: int | None = None,
) -> ad.AnnData:
    """Merge files without a header line whose names match `pattern`.

    The group ``sample`` of `pattern` names the sample; `gene`, `count` and `symbol` are column
    numbers. `obs["file"]` keeps the file name. All files must list the same genes.
    """
    named = {m["sample"]: files[name] for name in files if (m := re.search(pattern, name))}
    columns, first = {}, None
    for sample, path in named.items():
        with reading(path):
            table = pd.read_csv(path, sep=sep or separator(path), header=None)
        # HTSeq ends some files with lines such as __no_feature
        table = table[~table.iloc[:, gene].astype(str).str.startswith("__")]
        genes = table.iloc[:, gene]
        if first is None:
            first = table
        elif not genes.equals(first.iloc[:, gene]):
            msg = f"{path} lists other genes than the first file, {next(iter(named.values()))}."
            raise InputError(msg)
        columns[sample] = table.iloc[:, count].to_numpy(dtype=np.float64)
    if first is None:
        msg = f"No file name matches {pattern!r}; the files are {list(files)[:5]}."
        raise InputError(msg)
    var = None if symbol is None else pd.DataFrame({SYMBOL: first.iloc[:, symbol].to_numpy()})
    obs = pd.DataFrame({"file": [path.name for path in named.values()]})
    values = np.column_stack(list(columns.values()))
    return to_anndata(values, first.iloc[:, gene], list(columns), var=var, obs=obs)
