"""Per-sample quantification: STAR, HTSeq, RSEM, salmon, kallisto and plain tables, merged."""

import gzip
import re
import warnings
from pathlib import Path
from typing import NamedTuple

import anndata as ad
import numpy as np
import pandas as pd

from ...core.checks import check_columns
from ...core.errors import CrosstalkWarning, InputError
from .common import reading, to_anndata
from .counts import to_matrix
from .text import read_frame


class Format(NamedTuple):
    """How a quantifier writes a file: its header, and the columns of genes and counts."""

    header: tuple[str, ...]
    gene: str
    count: str
    transcripts: bool


FORMATS = {
    "salmon": Format(
        ("Name", "Length", "EffectiveLength", "TPM", "NumReads"), "Name", "NumReads", True
    ),
    "kallisto": Format(
        ("target_id", "length", "eff_length", "est_counts", "tpm"), "target_id", "est_counts", True
    ),
    "rsem": Format(("gene_id", "transcript_id(s)", "length"), "gene_id", "expected_count", False),
}
STRANDS = {"none": 1, "forward": 2, "reverse": 3}
_TAIL = re.compile(
    r"([._-]?(ReadsPerGene\.out|htseq.*|gene_?counts?|counts?|abundance|quant(\.genes)?|genes\.results"
    r"|isoforms\.results))?(\.(tab|txt|tsv|csv|sf|results|xlsx|gz|zip))*$",
    re.IGNORECASE,
)


def sample_of(path: Path, root: Path) -> str:
    """Return the sample name: the file name without what tools add, or else its folder."""
    name = _TAIL.sub("", path.name)
    return name or (path.parent.name if path.parent != root else path.stem)


def quant_files(
    paths: list[Path], root: Path, *, tx2gene: dict[str, str] | None = None, strand: str = "none"
) -> ad.AnnData:
    """Merge per-sample files to samples x genes; a gene that a file does not list is 0 there.

    Transcripts are added up per gene with `tx2gene`: estimated counts, without the length offset
    that tximport can add. `strand` chooses the column of STAR files.
    """
    columns: dict[str, pd.Series] = {}
    for path in paths:
        with reading(path):
            for name, counts in _one(path, root, tx2gene, strand).items():
                if name in columns:
                    msg = f"Two files give the sample {name!r}, the second is {path}. Rename one."
                    raise InputError(msg)
                columns[name] = counts
    index = next(iter(columns.values())).index
    if any(not c.index.equals(index) for c in columns.values()):
        index = pd.Index(sorted(set().union(*(c.index for c in columns.values()))))
        lacking = sum(len(index) - len(c) for c in columns.values())
        warnings.warn(
            f"The {len(columns)} files do not list the same genes: {lacking} of "
            f"{len(columns) * len(index)} values are absent and taken as 0.",
            CrosstalkWarning,
            stacklevel=4,
        )
    values = np.column_stack([c.reindex(index, fill_value=0.0) for c in columns.values()])
    return to_anndata(values, index, list(columns))


def is_quantified(path: Path) -> bool:
    """Return whether a file is one of the known per-sample formats, by its first line."""
    head = _first_line(path)
    known = any(tuple(head[: len(form.header)]) == form.header for form in FORMATS.values())
    return known or _is_headless(head)


def _is_headless(head: list[str]) -> bool:
    """Gene and one count (HTSeq), or gene and three counts (STAR), without a header line."""
    return len(head) in (2, 4) and all(re.fullmatch(r"\d+", cell) for cell in head[1:])


def _one(
    path: Path, root: Path, tx2gene: dict[str, str] | None, strand: str
) -> dict[str, pd.Series]:
    head = _first_line(path)
    name = sample_of(path, root)
    for tool, form in FORMATS.items():
        if tuple(head[: len(form.header)]) == form.header:
            return {name: _quantified(path, tool, form, tx2gene)}
    if _is_headless(head):
        return {name: _headless(path, STRANDS[strand] if len(head) == 4 else 1)}
    adata = to_matrix(read_frame(path), str(path))
    names = [name] if adata.n_obs == 1 else list(adata.obs_names)
    return {n: pd.Series(adata.X[i], index=adata.var_names) for i, n in enumerate(names)}


def _first_line(path: Path) -> list[str]:
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rb") as handle:
        line = handle.readline(64 * 1024)
    return line.decode("latin-1").rstrip("\r\n").split("\t")


def _headless(path: Path, column: int) -> pd.Series:
    table = pd.read_csv(path, sep="\t", header=None, index_col=0, comment="#")
    genes = table.index.astype(str)
    table = table[~genes.str.match(r"__|N_(unmapped|multimapping|noFeature|ambiguous)$")]
    counts = table.iloc[:, column - 1].astype(np.float64)
    return counts.set_axis(counts.index.astype(str)).groupby(level=0, sort=False).sum()


def _quantified(path: Path, tool: str, form: Format, tx2gene: dict[str, str] | None) -> pd.Series:
    table = pd.read_csv(path, sep="\t")
    check_columns(table, [form.gene, form.count], str(path))
    genes = table[form.gene].astype(str)
    if form.transcripts and ".genes." not in path.name:
        genes = _genes_of(genes, tx2gene, tool, path)
    counts = table[form.count].astype(np.float64).groupby(genes.to_numpy(), sort=False).sum()
    return counts.drop("", errors="ignore")  # transcripts that tx2gene lacks


def _genes_of(
    transcripts: pd.Series, tx2gene: dict[str, str] | None, tool: str, path: Path
) -> pd.Series:
    if tx2gene is None:
        msg = (
            f"{path} has counts per transcript ({tool}), e.g. {transcripts.iloc[0]!r}. Give "
            "`tx2gene=`, a table with a transcript and a gene column (in this order)."
        )
        raise InputError(msg)
    bare = {t.split(".")[0]: gene for t, gene in tx2gene.items()}
    ids = transcripts.str.split("|").str[0]
    genes = ids.map(tx2gene).fillna(ids.str.split(".").str[0].map(bare))
    if genes.isna().mean() > 0.1:
        lost = ids[genes.isna()]
        msg = (
            f"{len(lost)} of {len(ids)} transcripts of {path} are not in tx2gene, first 5: "
            f"{list(lost[:5])}. Use the table of the same annotation."
        )
        raise InputError(msg)
    return genes.fillna("")
