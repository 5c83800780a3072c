"""Cell types for cells that came without: marker scores, and "unassigned" where they are close."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ..core.checks import check_columns
from ..core.errors import InputError
from ..core.names import CELL_TYPE, SOURCE, TARGET, TISSUE, UNS, WEIGHT
from .normalise import lognormalise

UNASSIGNED = "unassigned"
BRAIN = ("brain", "hypothalamus")

# Adult brain types of the Mouse Cell Atlas (labels as its merged table has them) by broad type.
# Its "Oligodendrocyte" column is left out: it holds cartilage collagens instead of myelin genes.
BRAIN_TYPES = {
    "neuron": (
        "Neuron",
        "Neuronal cell",
        "Hippocampus neuron",
        "Granule neuron",
        "Pyramidal neuron cell",
        "Postmitotic neuron",
        "Dopaminergic neurons",
        "Purkinje cell",
    ),
    "astrocyte": ("Astrocyte", "Astroglial cell"),
    "oligodendrocyte": ("Myelinating oligodendrocyte",),
    "oligodendrocyte_precursor": ("Oligodendrocyte precursor cell",),
    "microglia": ("Microglia",),
    "ependymal_cell": ("Hypothalamic ependymal cell", "Ependymal cell"),
    "endothelial_cell": ("Vascular endothelial cell", "Endothelial cell"),
}


def label_cells(
    adata: AnnData,
    net: pd.DataFrame | None = None,
    *,
    margin: float = 0.1,
    min_markers: int = 5,
    min_cells: int = 3,
) -> AnnData:
    """Give each cell the type whose markers it expresses, where that is clear.

    The log-normalised value of a marker is divided by its mean over the cells that express it
    (about 1 where a marker is on), and a type's score is the mean over its markers: roughly the
    share of the markers that are on. Unlike a z-score it does not depend on how common the type
    is. The highest score wins if it is ahead of the second by `margin`.

    `margin` and the markers' rule were chosen on the authors' labels of one study of hypothalamus
    (Romanov, doi:10.1038/nn.4462); its agreement with them is therefore no validation, and for
    another tissue the defaults are a start.

    Parameters
    ----------
    adata
        Cells by genes, standardised; counts or log-normalised.
    net
        Markers: `source` (cell type), `target` (gene), `weight` (only positive weights are
        markers). Genes of two types are left out. None takes `brain_markers` for brain tissue.
    margin
        Lead over the second type, in units of the score. At 0.1, the default, 9 % of the 11,370
        cells of a Drop-seq hypothalamus (doi:10.1016/j.celrep.2017.03.004) stay unassigned.
    min_markers
        Least number of markers that a type must have in the data.
    min_cells
        A marker must be found in this many cells.

    Returns
    -------
    A copy with `obs` columns `cell_type` (categories; "unassigned"), `label_score` and
    `label_margin`, and ``uns["crosstalk"]["labels"]`` with the parameters, markers per type and
    cells per type.

    Raises
    ------
    InputError
        There are no markers for the tissue, or fewer than two types have enough of them.
    ResourceError
        The reference of `brain_markers` is not in the cache and cannot be fetched.
    """
    where = adata.uns.get(UNS, {})
    if net is None:
        net = _default_markers(str(where.get(TISSUE, "")), where.get("organism", "human"))
    check_columns(net, (SOURCE, TARGET, WEIGHT), "net")
    used = net[(net[WEIGHT] > 0) & net[TARGET].isin(adata.var_names)]
    used = used[~used[TARGET].duplicated(keep=False)]
    scores, n_markers = _scores(lognormalise(adata, method="log1p"), used, min_cells=min_cells)
    kept = n_markers[n_markers >= min_markers].index
    if len(kept) < 2:
        msg = (
            f"Only {len(kept)} cell types have min_markers={min_markers} markers in the data "
            f"(found: {n_markers.to_dict()}). Run `cx.pp.standardise` first, or give other markers."
        )
        raise InputError(msg)
    scores = scores[kept]
    ordered = np.sort(scores.to_numpy(), axis=1)
    lead = ordered[:, -1] - ordered[:, -2]
    labels = scores.columns.to_numpy()[scores.to_numpy().argmax(axis=1)]
    labels = np.where(lead >= margin, labels, UNASSIGNED)
    result = adata.copy()
    result.obs[CELL_TYPE] = pd.Categorical(labels, categories=[*kept, UNASSIGNED])
    result.obs["label_score"] = ordered[:, -1]
    result.obs["label_margin"] = lead
    counted = result.obs[CELL_TYPE].value_counts(sort=False)
    result.uns[UNS] = dict(where) | {
        "labels": {
            "margin": margin,
            "n_markers": {str(k): int(v) for k, v in n_markers.items()},
            "n_cells": {str(k): int(v) for k, v in counted.items()},
        },
        "steps": [*where.get("steps", []), f"label_cells: marker scores, margin {margin:g}"],
    }
    return result


def markers_from_means(
    means: AnnData, types: Mapping[str, Sequence[str]], *, n: int = 30, min_log2: float = 1.0
) -> pd.DataFrame:
    """Pick markers from a reference of cell-type counts by one rule.

    Of each label, the `n` genes whose mean log2(CPM + 20) over the label's types is furthest above
    that of every other label, and at least `min_log2`.

    Parameters
    ----------
    means
        Cell types by genes, summed counts; `obs["cell_type"]` names the types.
    types
        Label -> the reference's types that it covers.
    n
        Most markers per label.
    min_log2
        Least log2 difference to the next label.

    Returns
    -------
    Net: `source` (label), `target` (gene), `weight` 1; a gene marks one label only.

    Raises
    ------
    InputError
        The reference lacks a type.
    """
    names = means.obs[CELL_TYPE].astype(str)
    missing = [t for found in types.values() for t in found if t not in set(names)]
    if missing:
        msg = f"The reference has no cell type {missing[0]!r}. It has: {sorted(set(names))[:20]}."
        raise InputError(msg)
    rows = np.flatnonzero(names.isin([t for found in types.values() for t in found]))
    x = means.X[rows]
    x = x.toarray() if sp.issparse(x) else np.asarray(x, dtype=np.float64)
    log = np.log2(x / x.sum(axis=1, keepdims=True) * 1e6 + 20)
    inside = names.iloc[rows].to_numpy()
    profile = np.vstack([log[np.isin(inside, found)].mean(axis=0) for found in types.values()])
    nets = []
    for i, label in enumerate(types):
        ahead = profile[i] - np.delete(profile, i, axis=0).max(axis=0)
        best = np.argsort(-ahead, kind="stable")[:n]
        genes = means.var_names[best[ahead[best] >= min_log2]]
        nets.append(pd.DataFrame({SOURCE: label, TARGET: genes, WEIGHT: 1.0}))
    return pd.concat(nets, ignore_index=True)


def brain_markers(organism: str = "mouse") -> pd.DataFrame:
    """Markers of broad brain types: `markers_from_means` of the Mouse Cell Atlas, and tanycytes.

    Parameters
    ----------
    organism
        "human", "mouse" or "rat"; genes are mapped by one-to-one orthologs.

    Returns
    -------
    Net: `source` (cell type), `target` (gene), `weight`. Tanycyte markers are the packaged set.

    Raises
    ------
    ResourceError
        The atlas is not in the cache and cannot be fetched.
    """
    from .. import datasets, signatures
    from .standardise import standardise

    atlas = standardise(datasets.load("mca_mouse_celltype_pseudobulk"))
    net = markers_from_means(atlas, BRAIN_TYPES)
    kept, _ = signatures.map_genes(net[TARGET], source="mouse", target=organism)
    net = net[net[TARGET].isin(list(kept))].assign(**{TARGET: lambda t: t[TARGET].map(kept)})
    tanycyte = signatures.load("marker_tanycyte", organism=organism).assign(source="tanycyte")
    net = pd.concat([net, tanycyte[[SOURCE, TARGET, WEIGHT]]], ignore_index=True)
    return net[~net[TARGET].duplicated(keep=False)].reset_index(drop=True)


def _default_markers(tissue: str, organism: str) -> pd.DataFrame:
    if not any(word in tissue.lower() for word in BRAIN):
        msg = (
            f"There are no default markers for tissue {tissue!r}, only for {', '.join(BRAIN)}. "
            "Give `net`, e.g. `cx.signatures.load(['marker_osteoblast', 'marker_osteoclast'])`."
        )
        raise InputError(msg)
    return brain_markers(organism)


def _scores(adata: AnnData, net: pd.DataFrame, *, min_cells: int) -> tuple[pd.DataFrame, pd.Series]:
    """Score of each type (cells by types), and how many markers it rests on."""
    genes = pd.Index(net[TARGET].unique()).sort_values()
    x = adata[:, genes].X
    x = x.toarray() if sp.issparse(x) else np.array(x)
    x = np.nan_to_num(x.astype(np.float64))
    on = (x > 0).sum(axis=0)
    found = on >= min_cells
    x, genes = x[:, found] / (x[:, found].sum(axis=0) / on[found]), genes[found]
    labels = np.sort(net[SOURCE].unique())
    of_gene = net.set_index(TARGET)[SOURCE].reindex(genes).to_numpy()
    n_markers = pd.Series({label: int((of_gene == label).sum()) for label in labels})
    scores = {label: x[:, of_gene == label].mean(axis=1) for label in labels if n_markers[label]}
    return pd.DataFrame(scores, index=adata.obs_names), n_markers
