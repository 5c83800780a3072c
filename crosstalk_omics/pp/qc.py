"""What a reader should know before believing a score: depth, group sizes, foreign tissue."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ..core.checks import check_columns
from ..core.errors import InputError
from ..core.names import CELL_TYPE, DONOR, TISSUE, UNS
from .state import current_state

MAX_SAMPLES = 1000  # more rows than this are cells, not samples

# Tissue word -> packaged marker sets of what a biopsy of that tissue also holds
PANELS = {
    "muscle": {
        "erythroid": "marker_marrow_erythroid",
        "neutrophil": "marker_marrow_neutrophil",
        "macrophage": "marker_muscle_macrophage",
        "fat": "marker_marrow_adipocyte",
        "nerve": "marker_schwann_cell",
        "vessel": "marker_muscle_endothelium",
        "fibroblast": "marker_muscle_fap",
        "tendon": "marker_tenocyte",
    },
    "bone": {
        "erythroid": "marker_marrow_erythroid",
        "neutrophil": "marker_marrow_neutrophil",
        "monocyte": "marker_marrow_monocyte",
        "b_lineage": "marker_marrow_b_lineage",
        "megakaryocyte": "marker_marrow_megakaryocyte",
        "marrow_fat": "marker_marrow_adipocyte",
        "muscle": "marker_myofiber",
        "cartilage": "marker_chondrocyte",
    },
    "brain": {
        "erythroid": "marker_marrow_erythroid",
        "monocyte": "marker_marrow_monocyte",
        "vessel": "marker_marrow_endothelium",
        "pituitary": "marker_pituitary_somatotroph",
    },
}
TISSUE_WORDS = {
    "muscle": "muscle",
    "bone": "bone",
    "osteo": "bone",
    "marrow": "bone",
    "brain": "brain",
    "hypothalamus": "brain",
}


def qc_metrics(adata: AnnData) -> pd.DataFrame:
    """Depth, detected genes and mitochondrial share of each cell or sample (scanpy).

    Parameters
    ----------
    adata
        Observations by genes, counts, with symbols as gene names.

    Returns
    -------
    One row per observation: `total_counts`, `n_genes`, `pct_mitochondrial` (genes named
    ``MT-``, ``mt-`` or ``Mt-``; 0 to 100, NaN without counts).

    Raises
    ------
    InputError
        The values are not counts.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> cx.pp.qc_metrics(muscle).columns.tolist()
    ['total_counts', 'n_genes', 'pct_mitochondrial']
    """
    import scanpy as sc

    state = current_state(adata)
    if state != "counts":
        msg = f"The values are {state!r}; depth and shares need counts."
        raise InputError(msg)
    mitochondrial = pd.DataFrame(
        {"mt": adata.var_names.str.lower().str.startswith("mt-")}, index=adata.var_names
    )
    light = AnnData(adata.X, obs=pd.DataFrame(index=adata.obs_names), var=mitochondrial)
    table, _ = sc.pp.calculate_qc_metrics(
        light, qc_vars=["mt"], percent_top=None, log1p=False, inplace=False
    )
    names = {"n_genes_by_counts": "n_genes", "pct_counts_mt": "pct_mitochondrial"}
    return table.rename(columns=names)[["total_counts", "n_genes", "pct_mitochondrial"]]


def group_sizes(
    adata: AnnData, *, donor: str = DONOR, groupby: str = CELL_TYPE, min_cells: int = 10
) -> pd.DataFrame:
    """Count the cells of every donor and group, and say which groups are too small.

    Parameters
    ----------
    adata
        Cells; missing labels are left out.
    donor, groupby
        `obs` columns.
    min_cells
        Least number of cells of a donor-group that can be summed.

    Returns
    -------
    One row per group and donor, absent ones included: group column, donor column, `n_cells`,
    `enough` (bool) and `n_donors`, the donors of that group that have enough.

    Raises
    ------
    InputError
        A column is missing.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> cx.pp.group_sizes(muscle).columns.tolist()
    ['cell_type', 'donor', 'n_cells', 'enough', 'n_donors']
    """
    check_columns(adata.obs, [donor, groupby], "adata.obs")
    counts = pd.crosstab(adata.obs[groupby].astype(str), adata.obs[donor].astype(str))
    labelled = adata.obs[[donor, groupby]].notna().all(axis=1)
    if not labelled.all():
        obs = adata.obs[labelled]
        counts = pd.crosstab(obs[groupby].astype(str), obs[donor].astype(str))
    table = counts.melt(ignore_index=False, value_name="n_cells").reset_index()
    table = table.sort_values([groupby, donor], ignore_index=True)
    table["enough"] = table["n_cells"] >= min_cells
    return table.assign(n_donors=table.groupby(groupby)["enough"].transform("sum"))


def contamination(
    adata: AnnData, *, panels: Mapping[str, str] | None = None, threshold: float = 0.75
) -> pd.DataFrame:
    """How strongly each sample shows marker panels of other tissues.

    Blood in muscle, marrow in bone, fat or nerve in a biopsy: their secreted factors look like
    myokines or osteokines of the tissue itself. Genes are ranked within each sample among the
    genes that are found in at least one sample; a panel's percentile is the median of its genes.

    Parameters
    ----------
    adata
        Samples by genes, standardised, any value state (for cells, `cx.pp.pseudobulk` first).
    panels
        Panel name -> packaged signature id; None takes `PANELS` of the tissue that the data
        state, and all panels if it is none of muscle, bone and brain.
    threshold
        Percentile from which a panel is called high.

    Returns
    -------
    One row per sample and panel: `sample, panel, signature, n_genes, n_found, percentile` (0 to
    1), `deviation` (from the median of the samples, in units of their scaled median absolute
    deviation; NaN where that is 0) and `high`. A panel without a found gene has NaN.

    Raises
    ------
    InputError
        The rows are cells.
    """
    from ..signatures import load

    if adata.n_obs > MAX_SAMPLES:
        msg = (
            f"{adata.n_obs} rows look like cells, but panels are judged in samples. Sum first: "
            "`cx.pp.pseudobulk(adata, donor='donor', groupby=None)`."
        )
        raise InputError(msg)
    where = adata.uns.get(UNS, {})
    panels = _panels(str(where.get(TISSUE, ""))) if panels is None else dict(panels)
    net = load(sorted(set(panels.values())), organism=where.get("organism", "human"))
    ranks = _ranks(adata)
    tables = []
    for panel, signature in panels.items():
        genes = net.loc[net["source"] == signature, "target"]
        found = genes[genes.isin(ranks.columns)]
        percentile = np.full(len(ranks), np.nan)
        if len(found):
            percentile = ranks[found].median(axis=1).to_numpy()
        columns = {
            "sample": ranks.index,
            "panel": panel,
            "signature": signature,
            "n_genes": len(genes),
            "n_found": len(found),
            "percentile": percentile,
            "deviation": _deviation(percentile),
        }
        tables.append(pd.DataFrame(columns))
    result = pd.concat(tables, ignore_index=True)
    return result.assign(high=result["percentile"] >= threshold)


def _deviation(values: np.ndarray) -> np.ndarray:
    """Distance from the median in units of the scaled median absolute deviation."""
    measured = values[~np.isnan(values)]
    if measured.size == 0:
        return values
    centre = np.median(measured)
    spread = 1.4826 * np.median(np.abs(measured - centre))
    return (values - centre) / spread if spread > 0 else np.full(len(values), np.nan)


def _panels(tissue: str) -> dict[str, str]:
    for word, name in TISSUE_WORDS.items():
        if word in tissue.lower():
            return PANELS[name]
    return {name: signature for panels in PANELS.values() for name, signature in panels.items()}


def _ranks(adata: AnnData) -> pd.DataFrame:
    """Percentile ranks within samples, over the genes that some sample has; missing stays so."""
    x = adata.X.toarray() if sp.issparse(adata.X) else np.asarray(adata.X, dtype=np.float64)
    found = np.nansum(x != 0, axis=0, where=~np.isnan(x)) > 0
    frame = pd.DataFrame(x[:, found], adata.obs_names, adata.var_names[found])
    ranks = frame.rank(axis=1, method="average")
    return (ranks - 0.5).div(frame.notna().sum(axis=1).clip(lower=1), axis=0)
