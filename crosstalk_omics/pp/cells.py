"""Doublets and ambient RNA: both put a ligand into cells that do not make it; none is removed."""

import warnings

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ..core.checks import check_columns
from ..core.errors import CrosstalkWarning, InputError
from .state import current_state

MIN_CELLS = 50  # a library with fewer cells has too few neighbours to judge doublets
HAEMOGLOBIN = r"hb[ab](?:\d|[-_].+)?"  # HBA1, HBB, Hba-a1, Hbb-bs; not HBEGF
SHOWN = 5  # libraries named in a warning
ERYTHROID = 0.1  # share of haemoglobin from which a cell is taken for erythroid


def doublets(
    adata: AnnData,
    *,
    library: str | None = None,
    threshold: float | None = None,
    max_share: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Score each cell against simulated doublets (scanpy's Scrublet), library by library.

    Doublets of two cells of one type are not found, nor are those of types that differ little: the
    share of doublets is a lower bound.

    Parameters
    ----------
    adata
        Cells by genes, counts.
    library
        `obs` column of what was captured together; None takes all cells as one library.
    threshold
        Score (0 to 1) above which a cell is called a doublet; None takes Scrublet's rule, the
        lowest point between the two modes of the simulated doublets' scores.
    max_share
        Share of doublets in a library above which there is a warning.
    seed
        Of the simulated doublets.

    Returns
    -------
    One row per cell: `library`, `doublet_score` and `doublet`; both are missing in libraries of
    fewer than 50 cells, `doublet` also where the scores have no two modes.

    Raises
    ------
    InputError
        The values are not counts, or the column is missing.

    Warns
    -----
    CrosstalkWarning
        A library has more doublets than `max_share`. No cell is removed.

    References
    ----------
    Scrublet: Wolock et al., doi:10.1101/357368.
    """
    libraries = _libraries(adata, library)
    table = pd.DataFrame({"library": libraries, "doublet_score": np.nan}, index=adata.obs_names)
    called = np.full(adata.n_obs, pd.NA, dtype=object)
    for name, rows in table.groupby("library", sort=True).indices.items():
        if len(rows) < MIN_CELLS:
            continue
        scores, simulated = _scrublet(adata.X[rows], seed)
        table.iloc[rows, 1] = scores
        limit = _valley(simulated) if threshold is None else threshold
        if limit is None:
            continue
        called[rows] = scores > limit
        share = float(np.mean(scores > limit))
        if share > max_share:
            msg = (
                f"Library {name!r}: {share:.0%} of {len(rows)} cells look like doublets (score > "
                f"{limit:.2g}). A doublet shows ligand and receptor of two cells as one: look at "
                "`doublet_score` and remove what its histogram sets apart."
            )
            warnings.warn(msg, CrosstalkWarning, stacklevel=2)
    return table.assign(doublet=pd.array(called, dtype="boolean"))


def ambient(adata: AnnData, *, library: str | None = None, max_share: float = 0.2) -> pd.DataFrame:
    """Say how many cells carry haemoglobin that they do not make: RNA of burst cells.

    Only erythroid cells express haemoglobin; in others it comes from the suspension, with the RNA
    of every other burst cell, so that hormones and secreted factors appear where they are not
    made. A cell with more than 10 % haemoglobin counts as erythroid. Little haemoglobin proves
    nothing where blood was washed out or red cells were lysed.

    Parameters
    ----------
    adata
        Cells by genes, counts, with symbols as gene names.
    library
        `obs` column of what was captured together; None takes all cells as one library.
    max_share
        Share of cells with foreign haemoglobin above which there is a warning.

    Returns
    -------
    One row per library: `library`, `n_cells`, `n_erythroid`, `share_ambient` (0 to 1, of the
    other cells; missing if the data have no haemoglobin gene or no such cell) and
    `median_percent` (haemoglobin in their counts).

    Raises
    ------
    InputError
        The values are not counts, or the column is missing.

    Warns
    -----
    CrosstalkWarning
        Libraries have more such cells than `max_share`. No count is changed.

    References
    ----------
    Ambient RNA in every droplet method: SoupX, PMC7763177.
    """
    libraries = _libraries(adata, library)
    genes = adata.var_names.str.fullmatch(HAEMOGLOBIN, case=False)
    total = np.asarray(adata.X.sum(axis=1), dtype=np.float64).ravel()
    blood = np.asarray(adata.X[:, np.flatnonzero(genes)].sum(axis=1), dtype=np.float64).ravel()
    share = np.divide(blood, total, out=np.full(len(total), np.nan), where=total > 0)
    rows = []
    for name, index in pd.Series(libraries).groupby(libraries, sort=True).indices.items():
        found = share[index]
        others = found[found < ERYTHROID]
        judged = genes.any() and others.size > 0
        rows.append(
            {
                "library": name,
                "n_cells": len(index),
                "n_erythroid": int(np.sum(found >= ERYTHROID)),
                "share_ambient": float(np.mean(others > 0)) if judged else np.nan,
                "median_percent": float(100 * np.median(others)) if judged else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    high = table[table["share_ambient"] > max_share]
    if len(high):
        names = ", ".join(map(str, high["library"][:SHOWN])) + " ..." * (len(high) > SHOWN)
        msg = (
            f"In {len(high)} of {len(table)} libraries ({names}) up to "
            f"{high['share_ambient'].max():.0%} of the cells that are not erythroid hold "
            "haemoglobin RNA, so other foreign RNA is among their counts too. Believe a ligand "
            "only in the groups that express it most, or correct the counts first."
        )
        warnings.warn(msg, CrosstalkWarning, stacklevel=2)
    return table


def _libraries(adata: AnnData, library: str | None) -> np.ndarray:
    state = current_state(adata)
    if state != "counts":
        msg = f"The values are {state!r}; doublets and ambient RNA are judged in counts."
        raise InputError(msg)
    if library is None:
        return np.full(adata.n_obs, "all", dtype=object)
    check_columns(adata.obs, [library], "adata.obs")
    return adata.obs[library].astype(str).to_numpy(dtype=object)


def _scrublet(x: sp.csr_matrix | np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores of the cells and of the simulated doublets."""
    import scanpy as sc

    cells = AnnData(sp.csr_matrix(x, dtype=np.float32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scanpy's own calls to what it deprecates
        sc.pp.scrublet(
            cells,
            threshold=1.0,  # calls are made here: scanpy's rule needs scikit-image
            n_prin_comps=min(30, cells.n_obs - 1, cells.n_vars - 1),
            verbose=False,
            random_state=seed,
        )
    return cells.obs["doublet_score"].to_numpy(), cells.uns["scrublet"]["doublet_scores_sim"]


def _valley(scores: np.ndarray) -> float | None:
    """Lowest point between two modes: a histogram is smoothed until no more than two are left."""
    from scipy.ndimage import uniform_filter1d

    counts, edges = np.histogram(scores, 256)
    height = counts.astype(np.float64)
    for _ in range(10_000):
        height = uniform_filter1d(height, 3)
        slope = np.diff(height)
        moves = np.flatnonzero(slope)
        peak = (slope[moves[:-1]] > 0) & (slope[moves[1:]] < 0)
        modes = moves[1:][peak]
        if len(modes) <= 2:
            break
    if len(modes) != 2:
        return None
    lowest = modes[0] + int(np.argmin(height[modes[0] : modes[1] + 1]))
    return float((edges[lowest] + edges[lowest + 1]) / 2)
