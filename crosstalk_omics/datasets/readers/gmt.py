"""Gene-set lists (GMT): name, description, genes."""

import pandas as pd

from .common import Files, pick, reading


def gmt(files: Files, *, file: str | None = None) -> pd.DataFrame:
    """Read a GMT file as one row per set and gene; fields are separated by tabs only."""
    path = pick(files, file)
    with reading(path):
        lines = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines() if line]
        rows = [(f[0], f[1], gene) for f in lines for gene in f[2:] if gene]
    return pd.DataFrame(rows, columns=["gene_set", "description", "gene"])
