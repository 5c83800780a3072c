"""A frame of text cells -> AnnData: which columns are genes, which are samples, which are notes."""

import re
import warnings
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd

from ...core.checks import check_columns
from ...core.errors import CrosstalkWarning, InputError
from ...core.names import GENE_ID, SYMBOL
from .common import to_anndata

_ENSEMBL = re.compile(r"^ENS[A-Z]*[GT]\d{11}(\.\d+)?(_PAR_Y)?$")
_SYMBOL = re.compile(
    r"^([A-Z][A-Z0-9]{1,9}(-[A-Z0-9]+)?|[A-Z][a-z0-9]{1,9}(-[a-z0-9]+)?|\d+[A-Z]\d+Rik)$"
)
_ID_NAMES = re.compile(
    r"^(gene|genes|gene[ _.]?ids?|id|ids|ensembl.*|entrez.*|ncbi.*|feature.*|geneid|target[_ ]?id|"
    r"name|probe.*|id_ref|accession|uniprot.*|protein.*|locus.*|hgnc.*|mgi.*|unnamed.*|x|row.*|)$",
    re.IGNORECASE,
)
_SYMBOL_NAMES = re.compile(
    r"^(gene[ _.]?(symbol|name)s?|symbols?|external_gene_name|hgnc_symbol|mgi_symbol|"
    r"gene_short_name|associated.gene.name|genes?)$",
    re.IGNORECASE,
)
_NOTES = re.compile(
    r"^(chr|chrom|chromosome.*|start|end|stop|strand|length|width|gene[ _.]?length|"
    r"effective.?length|entrez.*|ncbi.*|description|biotype|gene[ _.]?(bio)?type|gc.*|exon.*|"
    r"transcript.?count|"
    r"basemean|log2?fc|log2?foldchange|lfcse|stat|p[ ._]?val(ue)?|padj|fdr|q[ ._]?val(ue)?|"
    r"average|mean|total|sum)$",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"^(\d{1,2}-(Mar|Sep|Dec|Oct|Apr|Feb|Nov)|(Mar|Sep|Dec|Oct|Apr|Feb|Nov)-\d{1,2}"
    r"|\d{4}-\d\d-\d\d( 00:00:00)?)$",
    re.IGNORECASE,
)
_MISSING = ("", "na", "nan", "n/a", "null", "none", "#n/a", "-")
_TAIL = re.compile(
    r"^(__|N_(unmapped|multimapping|noFeature|ambiguous)$|total$|sum$)", re.IGNORECASE
)


def numbers(column: pd.Series) -> pd.Series:
    """Return the column as numbers, NaN where a cell is none.

    Commas part thousands if they can in every cell of the column, else they are decimal.
    """
    text = column.astype(str).str.strip()
    kept = text.where(~text.str.lower().isin(_MISSING), None)
    try:
        return kept.astype(np.float64)
    except ValueError:
        found = pd.to_numeric(kept, errors="coerce")
    commas = kept.notna() & text.str.contains(",", regex=False)
    if commas.any():
        thousands = text[commas].str.match(r"^-?\d{1,3}(,\d{3})+(\.\d+)?$").all()
        plain = text[commas].str.replace(",", "" if thousands else ".", regex=False)
        found[commas] = pd.to_numeric(plain, errors="coerce")
    return found


def is_missing(column: pd.Series) -> pd.Series:
    """Return where a cell is empty or a word for missing."""
    return column.astype(str).str.strip().str.lower().isin(_MISSING)


def gene_like(names: pd.Index) -> float:
    """Return the share of names that look like Ensembl ids or symbols; ``S1`` and so on do not."""
    sample = [str(n) for n in names[:2000]]
    good = [n for n in sample if _ENSEMBL.match(n) or (_SYMBOL.match(n) and not _sample_like(n))]
    return len(good) / max(len(sample), 1)


def _sample_like(name: str) -> bool:
    return bool(
        re.match(r"^(GSM|SRR|ERR|S|Sample|Ctrl|Control|KO|WT|Rep)\d*$", name, re.IGNORECASE)
    )


def to_matrix(
    frame: pd.DataFrame,
    what: str,
    *,
    genes_in: str = "auto",
    gene_column: str | None = None,
    columns: str | None = None,
    samples: pd.Index | None = None,
) -> ad.AnnData:
    """Return samples x genes from a table of either orientation.

    `genes_in` is ``rows``, ``columns`` or ``auto``; `columns` is a regular expression that sample
    columns match (its group, if any, is the sample name); `samples` are names that a sample table
    gives, which settle the orientation.
    """
    if genes_in == "auto":
        genes_in = _orientation(frame, gene_column, samples)
    if genes_in == "columns":
        frame, gene_column = _transposed(frame), None
    frame = frame[~frame.iloc[:, 0].astype(str).str.match(_TAIL)]
    ids = _id_column(frame, gene_column, what)
    chosen, names = _sample_columns(frame, ids, columns, what)
    values = np.column_stack([numbers(frame.iloc[:, j]) for j in chosen])
    _check_cells(frame, chosen, values, what)
    genes = frame.iloc[:, ids].astype(str).str.strip()
    _warn_of_dates(genes, what)
    return to_anndata(values, genes, names, var=_annotation(frame, ids, chosen))


def _warn_of_dates(genes: pd.Series, what: str) -> None:
    """A spreadsheet turns SEPT2 into 2-Sep and MARCHF1 into 2024-03-01."""
    dates = genes[genes.str.match(_DATE)]
    if len(dates):
        msg = (
            f"{what}: {len(dates)} gene names were turned into dates by a spreadsheet, e.g. "
            f"{list(dates[:3])}. They are lost: export the table again with the column as text."
        )
        warnings.warn(msg, CrosstalkWarning, stacklevel=5)


def _orientation(frame: pd.DataFrame, gene_column: str | None, samples: pd.Index | None) -> str:
    if gene_column is not None:
        return "rows"
    rows, columns = pd.Index(frame.iloc[:, 0].astype(str)), frame.columns[1:]
    if samples is not None and len(samples):
        return "columns" if rows.isin(samples).mean() > columns.isin(samples).mean() else "rows"
    in_rows = max(gene_like(pd.Index(frame.iloc[:, j])) for j in range(min(3, frame.shape[1])))
    in_columns = gene_like(columns[[not _NOTES.match(str(c)) for c in columns]])
    if abs(in_rows - in_columns) > 0.2:
        return "rows" if in_rows > in_columns else "columns"
    return "rows" if len(rows) >= len(columns) else "columns"


def _transposed(frame: pd.DataFrame) -> pd.DataFrame:
    values = frame.iloc[:, 1:].T
    values.columns = frame.iloc[:, 0].astype(str)
    values.insert(0, "", values.index)
    return values.reset_index(drop=True)


def _id_column(frame: pd.DataFrame, gene_column: str | None, what: str) -> int:
    if gene_column is not None:
        check_columns(frame, [gene_column], what)
        return int(np.flatnonzero(frame.columns == gene_column)[0])
    likeness = {
        j: (_ensembl_share(frame.iloc[:, j]), bool(_ID_NAMES.match(str(frame.columns[j]))))
        for j in range(min(6, frame.shape[1]))
    }
    ensembl = [j for j, (share, _) in likeness.items() if share > 0.5]
    named = [j for j, (_, good) in likeness.items() if good]
    return (ensembl or [j for j in named if j == 0] or [0])[0]


def _ensembl_share(column: pd.Series) -> float:
    return float(column.head(200).astype(str).str.strip().str.match(_ENSEMBL).mean())


def _sample_columns(
    frame: pd.DataFrame, ids: int, columns: str | None, what: str
) -> tuple[list[int], list[str]]:
    headers = [str(c).strip() for c in frame.columns]
    if columns is not None:
        found = {j: m for j, h in enumerate(headers) if (m := re.search(columns, h))}
        chosen = [j for j in found if j != ids]
        names = [found[j].group(1) if found[j].re.groups else headers[j] for j in chosen]
    else:
        chosen = [
            j
            for j, header in enumerate(headers)
            if j != ids and not _NOTES.match(header) and _is_numeric(frame.iloc[:, j])
        ]
        names = [sample_name(headers[j]) for j in chosen]
    if not chosen:
        msg = (
            f"{what} has no column of numbers beside the gene identifiers. Its columns are: "
            f"{', '.join(headers[:20])}. Say which hold the samples with `columns=`."
        )
        raise InputError(msg)
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        msg = (
            f"{what} has several columns named {twice[0]!r}. Rename them or choose with `columns=`."
        )
        raise InputError(msg)
    return chosen, names


def sample_name(header: str) -> str:
    """Return a column name without the path and the suffixes of an alignment file."""
    if not re.search(r"\.(bam|sam|cram)$", header):
        return header
    return re.sub(
        r"(\.sorted|\.?Aligned\.(sortedByCoord\.)?out)?\.(bam|sam|cram)$", "", Path(header).name
    )


def _is_numeric(column: pd.Series) -> bool:
    """Most cells are numbers; single words among them are an error that names the cell."""
    some = column.head(500)
    some = some[~is_missing(some)]
    return bool(len(some)) and float(numbers(some).notna().mean()) > 0.8


def _check_cells(frame: pd.DataFrame, chosen: list[int], values: np.ndarray, what: str) -> None:
    for k in np.flatnonzero(np.isnan(values).any(axis=0)):
        column = frame.iloc[:, chosen[k]]
        wrong = column[np.isnan(values[:, k]) & ~is_missing(column).to_numpy()]
        if len(wrong):
            msg = (
                f"{what}: column {column.name!r} has {len(wrong)} cells that are no numbers, first "
                f"{wrong.iloc[0]!r} in data line {wrong.index[0] + 1}. Mend or empty them."
            )
            raise InputError(msg)


def _annotation(frame: pd.DataFrame, ids: int, chosen: list[int]) -> pd.DataFrame:
    left = [j for j in range(frame.shape[1]) if j != ids and j not in chosen]
    headers = ["other_gene_id" if c == GENE_ID else str(c) for c in frame.columns]
    var = pd.DataFrame({headers[j]: frame.iloc[:, j].to_numpy() for j in left})
    symbols = [j for j in left if _SYMBOL_NAMES.match(str(frame.columns[j]).strip())]
    if symbols:
        var[SYMBOL] = frame.iloc[:, symbols[0]].str.strip().to_numpy()
    return var if len(left) else pd.DataFrame(index=range(len(frame)))
