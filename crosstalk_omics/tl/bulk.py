"""Which genes change between conditions: one test per gene, the donor as replicate."""

from collections.abc import Collection, Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ..core.checks import check_columns, check_one_of, check_unique
from ..core.errors import InputError
from ..core.names import DONOR
from ..kernels.linear import least_squares, moderated_t
from ..kernels.multiple import bh
from .design import MIN_DONORS, Design, designs
from .samples import by_group, dense, donor_samples, known_donor, log_values

Model = Literal["moderated", "pydeseq2"]
MIN_AMONG = 50
COLUMNS = (
    "group", "contrast", "gene", "logfc", "se", "statistic", "df", "pvalue", "padj",
    "mean_expression", "expressed", "n_donors", "n_donors_reference",
)  # fmt: skip


def contrast_genes(
    adata: AnnData,
    *,
    condition: str,
    reference: str,
    donor: str | None = DONOR,
    groupby: str | None = None,
    covariates: Sequence[str] = (),
    paired: bool | None = None,
    model: Model = "moderated",
    layer: str | None = None,
    min_cells: int = 10,
    among: Collection[str] = (),
) -> pd.DataFrame:
    """Compare every condition with a reference, gene by gene.

    Several observations of a donor in one condition and group (cells, libraries) become one
    profile first: counts are summed, other values averaged.

    Parameters
    ----------
    adata
        Samples or cells by genes: counts, log-normalised values, or (log) intensities, in
        which NaN = not measured.
    condition, reference
        Column of `obs`, and the value that the others are compared with.
    donor
        Column with the animal or person. Without that column every sample counts as one.
    groupby
        Column with cell types; `None`: one group.
    covariates
        Columns of `obs` in the model, for example sex or batch.
    paired
        Compare within donors; `None`: where more than half of the donors have both.
    model
        ``"moderated"``: least squares on log2 counts per million (TMM), or on the values as
        they are, with variances squeezed over genes along the mean (limma-trend).
        ``"pydeseq2"``: negative binomial Wald test, for counts only.
    layer
        Layer with the values; `None`: X.
    min_cells
        Least cells of a donor in a group and condition, for single cells.
    among
        Genes, such as those of an interaction table, whose variances are squeezed apart from
        those of the others, where 50 or more are tested (moderated model): secreted factors
        vary more between donors than other genes of their level, and squeezed with these they
        are called too often.

    Returns
    -------
    One row per group, contrast and gene: `group, contrast, gene, logfc` (log2 where the
    values are), `se, statistic, df, pvalue` (two-sided), `padj` (Benjamini-Hochberg within
    group and contrast), `mean_expression, expressed, n_donors, n_donors_reference`. No
    p-value with fewer than 3 donors (pairs) in a condition, nor where counts are too low to
    test (``expressed`` is False). ``attrs["notes"]``: sentences for the reader.

    Raises
    ------
    InputError
        A column or value is missing, the design is confounded, or the values are per-group
        means without replicates.

    References
    ----------
    limma's trend method (3.54), edgeR's `filterByExpr`; Love, Huber & Anders 2014,
    doi:10.1186/s13059-014-0550-8.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> genes = cx.tl.contrast_genes(
    ...     cx.pp.pseudobulk(muscle, groupby=None), condition="condition", reference="control"
    ... )
    >>> genes[["n_donors", "n_donors_reference"]].iloc[0].tolist()
    [4, 4]
    """
    check_one_of(model, get_args(Model), "model")
    check_unique(adata.var_names)
    check_columns(adata.obs, [condition, *covariates], "adata.obs")
    donor, notes = known_donor(adata, donor), []
    samples = donor_samples(adata, condition, donor, groupby, layer, min_cells)
    tables = []
    for name, part in by_group(samples, groupby, adata):
        for design in _designs(part, name, condition, reference, donor, covariates, paired):
            prefix = f"{name}: " if groupby else ""
            notes += [prefix + note for note in design.notes]
            tables += [t.assign(group=name) for t in _fit(part, design, model, set(among))]
    table = pd.concat(tables, ignore_index=True)[list(COLUMNS)]
    table.attrs["notes"] = list(dict.fromkeys(notes))
    return table


def _designs(
    part: AnnData,
    name: str,
    condition: str,
    reference: str,
    donor: str | None,
    covariates: Sequence[str],
    paired: bool | None,
) -> list[Design]:
    try:
        return designs(
            part.obs,
            condition=condition,
            reference=reference,
            donor=donor,
            covariates=covariates,
            paired=paired,
        )
    except InputError as error:
        msg = f"{name}: {error}"
        raise InputError(msg) from error


def _fit(part: AnnData, design: Design, model: Model, among: set[str]) -> list[pd.DataFrame]:
    """Fit one design to all genes of one group; a table per contrast."""
    from ..pp.state import current_state

    used = part[design.rows]
    counts = current_state(part) == "counts"
    y = log_values(used)
    seen = ~np.isnan(y)
    n_seen = seen.sum(axis=0)
    mean = np.divide(
        np.nansum(y, axis=0), n_seen, out=np.full(y.shape[1], np.nan), where=n_seen > 0
    )
    expressed = _expressed(dense(used.X), design) if counts else n_seen > 0
    if model == "pydeseq2":
        if not counts:
            msg = (
                f"model='pydeseq2' needs counts, but the values are {current_state(part)!r}. "
                "Use model='moderated'."
            )
            raise InputError(msg)
        tests = _deseq(dense(used.X), design, expressed)
    else:
        named = expressed & part.var_names.isin(among)
        apart = [named, expressed & ~named] if named.sum() >= MIN_AMONG else [expressed]
        tests = _moderated(y, design, apart, mean)
    tables = []
    for level, test in zip(design.levels, tests, strict=True):
        n_test, n_reference = design.n_donors(level, seen)
        enough = expressed & (np.minimum(n_test, n_reference) >= MIN_DONORS)
        table = pd.DataFrame(test, index=part.var_names).rename_axis("gene").reset_index()
        table.loc[~enough, ["se", "statistic", "df", "pvalue"]] = np.nan
        table["padj"] = bh(table["pvalue"])
        tables.append(
            table.assign(
                contrast=f"{level} vs {design.reference}",
                mean_expression=mean,
                expressed=expressed,
                n_donors=np.broadcast_to(n_test, len(mean)),
                n_donors_reference=np.broadcast_to(n_reference, len(mean)),
            )
        )
    return tables


def _expressed(counts: NDArray, design: Design) -> NDArray[np.bool_]:
    """Genes with about 10 counts in as many samples as the smallest condition has (edgeR)."""
    library = counts.sum(axis=1)
    smallest = min(np.unique(design.condition, return_counts=True)[1])
    needed = 10 + (smallest - 10) * 0.7 if smallest > 10 else smallest
    cutoff = 10 / np.median(library)
    above = (counts / library[:, None] >= cutoff).sum(axis=0) >= needed - 1e-14
    return above & (counts.sum(axis=0) >= 15 - 1e-14)


def _moderated(
    y: NDArray, design: Design, apart: list[NDArray[np.bool_]], mean: NDArray
) -> list[dict[str, NDArray]]:
    """Moderated t of the genes in `apart`, each class squeezed by itself; estimates of the rest."""
    matrix, out = design.matrix.to_numpy(), []
    fits = [least_squares(y[:, genes], matrix) for genes in apart]
    every = least_squares(y, matrix)
    for level in design.levels:
        contrast = design.contrast(level)
        columns = {k: np.full(y.shape[1], np.nan) for k in ("logfc", "se", "statistic", "df")}
        columns["pvalue"] = np.full(y.shape[1], np.nan)
        columns["logfc"] = every.coef[contrast != 0][0]
        for genes, fit in zip(apart, fits, strict=True):
            test = moderated_t(fit, contrast, trend=mean[genes])
            for key, values in zip(columns, test, strict=True):
                columns[key][genes] = values
        out.append(columns)
    return out


def _deseq(counts: NDArray, design: Design, expressed: NDArray) -> list[dict[str, NDArray]]:
    try:
        from pydeseq2.dds import DeseqDataSet
        from pydeseq2.ds import DeseqStats
    except ImportError as error:
        msg = "model='pydeseq2' needs pydeseq2: `pip install crosstalk_omics[bulk]`."
        raise InputError(msg) from error
    names = [f"s{i}" for i in range(len(counts))]
    whole = pd.DataFrame(np.rint(counts[:, expressed]).astype(int), index=names)
    whole.columns = whole.columns.astype(str)
    matrix = design.matrix.set_axis(names)
    dataset = DeseqDataSet(
        counts=whole, metadata=matrix, design=matrix, refit_cooks=True, n_cpus=1, quiet=True
    )
    dataset.deseq2()
    out = []
    for level in design.levels:
        result = DeseqStats(
            dataset, contrast=design.contrast(level), independent_filter=False, n_cpus=1, quiet=True
        )
        result.summary()
        found = result.results_df
        columns = {k: np.full(counts.shape[1], np.nan) for k in ("logfc", "se", "statistic", "df")}
        columns["pvalue"] = np.full(counts.shape[1], np.nan)
        columns["logfc"][expressed] = found["log2FoldChange"]
        columns["se"][expressed] = found["lfcSE"]
        columns["statistic"][expressed] = found["stat"]
        columns["df"][expressed] = np.inf
        columns["pvalue"][expressed] = found["pvalue"]
        out.append(columns)
    return out
