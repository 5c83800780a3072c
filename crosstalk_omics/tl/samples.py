"""Cells or libraries -> one profile per donor, on a log scale."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray

from ..core.checks import check_columns
from ..core.errors import InputError
from ..core.names import DONOR, TISSUE, UNS


def known_donor(adata: AnnData, donor: str | None) -> str | None:
    """Return the donor column if the data have it; the default name may be absent."""
    if donor is None or (donor == DONOR and donor not in adata.obs):
        return None
    check_columns(adata.obs, [donor], "adata.obs")
    return donor


def donor_samples(
    adata: AnnData,
    condition: str | None,
    donor: str | None,
    groupby: str | None,
    layer: str | None,
    min_cells: int,
) -> AnnData:
    """One observation per donor, group and condition; the input itself where it is so already."""
    from ..pp.pseudobulk import pseudobulk
    from ..pp.state import current_state

    state = current_state(adata)
    if state in ("means", "scaled"):
        what = "means of groups, without replicates" if state == "means" else "scaled (centred)"
        msg = (
            f"The values are {what}: differences between donors cannot be taken from them. "
            "Give counts, log-normalised values or log intensities of single samples."
        )
        raise InputError(msg)
    x = adata.X if layer is None else adata.layers[layer]
    about = dict(adata.uns.get(UNS, {}))
    cells = about.get("modality") == "single_cell"
    keys = [k for k in (donor, groupby, condition) if k is not None]
    if groupby is not None:
        check_columns(adata.obs, [groupby], "adata.obs")
    whole = adata.obs[keys].notna().all(axis=1).to_numpy() if keys else np.ones(len(x), bool)
    obs = adata.obs[whole]
    repeats = donor is not None and obs.duplicated(keys).any()
    if not cells and not repeats:
        out = AnnData(x[whole], obs=obs.copy(), var=adata.var[[]].copy())
        out.uns[UNS] = about
        return out
    unit = obs[keys].astype(str).agg("|".join, axis=1) if keys else pd.Series("all", obs.index)
    view = AnnData(x[whole], obs=obs.assign(_unit=unit.to_numpy()), var=adata.var[[]].copy())
    view.uns[UNS] = {**about, "value_state": state}
    how = "sum" if state == "counts" else "mean"
    limit = min_cells if cells else 1
    out = pseudobulk(view, donor="_unit", groupby=None, min_cells=limit, statistic=how)
    return out


def log_values(samples: AnnData) -> NDArray[np.float64]:
    """Values of `samples` on a log scale, dense; log2 CPM with TMM factors for counts."""
    from ..pp.normalise import lognormalise

    plain = AnnData(dense(samples.X), obs=samples.obs[[]], var=samples.var[[]])
    plain.uns[UNS] = dict(samples.uns.get(UNS, {}))
    return np.asarray(lognormalise(plain).X, dtype=np.float64)


def dense(x: sp.spmatrix | NDArray) -> NDArray[np.float64]:
    """`x` as a dense float64 array."""
    return np.asarray(x.toarray() if sp.issparse(x) else x, dtype=np.float64)


def group_name(adata: AnnData) -> str:
    """Name of the single group of a tissue without cell types."""
    if TISSUE in adata.obs and len(adata.obs[TISSUE].dropna().unique()) == 1:
        return str(adata.obs[TISSUE].dropna().iloc[0])
    return str(adata.uns.get(UNS, {}).get(TISSUE) or "tissue")


def by_group(samples: AnnData, groupby: str | None, adata: AnnData) -> list[tuple[str, AnnData]]:
    """Samples of each group of `samples`; one named after the tissue without groups."""
    if groupby is None:
        return [(group_name(adata), samples)]
    labels = samples.obs[groupby].astype(str).to_numpy()
    return [(name, samples[labels == name].copy()) for name in sorted(set(labels))]


def limiting_genes(
    complexes: Sequence[str], level: NDArray[np.float64], genes: Sequence[str]
) -> NDArray[np.intp]:
    """Position of the gene that limits each complex: its weakest subunit.

    Of several alternatives the one whose weakest subunit is strongest stands for the complex.

    Parameters
    ----------
    complexes
        `A+B` all needed, `A|B` alternatives.
    level
        Expression of each gene, (n_genes,); NaN = not measured.
    genes
        Names of the genes.

    Returns
    -------
    (n_complexes,), -1 where no alternative was measured completely.
    """
    from ..interactions.complexes import parse

    position = {gene: i for i, gene in enumerate(genes)}
    known: dict[str, int] = {}
    for text in dict.fromkeys(complexes):
        weakest = []
        for subunits in parse(text):
            index = [position.get(gene, -1) for gene in subunits]
            if min(index) >= 0 and not np.isnan(level[index]).any():
                weakest.append(min(index, key=lambda i: level[i]))
        known[text] = max(weakest, key=lambda i: level[i]) if weakest else -1
    return np.array([known[text] for text in complexes], dtype=np.intp)
