"""Three tissues of different donors with planted communication, and the truth about it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData, settings

from ...core.errors import InputError
from ...core.files import atomic, write_table
from ...core.names import GENE_ID, SYMBOL, UNS
from .cells import DONOR_SD, Deviations, Tissue, baseline, draw_cells, draw_tissue
from .plant import (
    GROUPS,
    SHARES,
    background,
    draw_pairs,
    draw_truth,
    gene_names,
    markers,
    pair_table,
    planted,
)

__all__ = ["Simulation", "simulate", "simulate_to_zarr"]


class Simulation(NamedTuple):
    """Three tissues and what was planted in them.

    `muscle`, `bone`, `brain`: cells by genes, CSR counts, as the AnnData contract says.
    `truth`: one row per planted pair; `source` and `target` are the sending and receiving cell
    types, `kind` "specificity" (specific to both groups) or "condition" (specific, and changed
    by the treatment on both sides), `log2_specific` and `log2_change` the size of it.
    `effects`: every gene that differs between groups or conditions of a tissue (tissue,
    cell_type, gene, kind "marker" | "planted" | "change" | "background", log2).
    """

    muscle: AnnData
    bone: AnnData
    brain: AnnData
    truth: pd.DataFrame
    effects: pd.DataFrame


def simulate(
    *,
    seed: int = 0,
    n_cells: int = 1500,
    n_genes: int = 2000,
    n_donors: int = 4,
    n_specific: int = 10,
    n_changed: int = 5,
    effect: float = 2.0,
    change: float = 1.0,
    donor_sd: float = DONOR_SD,
    batch_sd: float = 0.1,
    platform_sd: float = 0.55,
    dropout: float = 0.1,
    interactions: pd.DataFrame | None = None,
) -> Simulation:
    """Simulate muscle, bone and brain of different donors, with planted communication.

    Counts are negative binomial around a donor's own mean. Gene by gene, donors differ
    (`donor_sd`), half of that variance being shared by all cell types of the donor, so that the
    donor and not the cell is the replicate. Each tissue has its own platform (gene-wise bias,
    depth) and two batches that are balanced over the conditions. Depth, mean and dispersion
    come from public data, see References.

    Parameters
    ----------
    seed
        Same seed, same bytes, on any number of threads.
    n_cells
        Cells per tissue.
    n_genes
        Genes: those of the pairs, the markers of the cell types, then other genes of the
        packaged tables, then fillers.
    n_donors
        Donors per condition and tissue; no donor is in two tissues.
    n_specific, n_changed
        Planted pairs that are specific only, and that also change with the condition.
    effect
        log2 fold of a planted gene in its cell type over the other types.
    change
        log2 fold between the conditions, up for three of four changed pairs and down for the
        others, the same sign on both sides.
    donor_sd, batch_sd, platform_sd
        Deviation over donors (median gene), batches and platforms, natural log.
    dropout
        Chance to lose a gene of a cell, beyond the sampling, for a gene with mean near 0; it
        falls as 1 / (1 + mean).
    interactions
        Pairs to plant instead of the built-in ones: columns `ligand_complex` and
        `receptor_complex`; rows that share a gene with an earlier row are passed over, of
        alternatives the first is planted, and tissues are drawn at random.

    Returns
    -------
    The three tissues, the table of planted pairs and the table of all genes with an effect.

    Raises
    ------
    InputError
        A size is too small, or there are fewer pairs than are to be planted.

    References
    ----------
    Estimated from: endosteal stroma (doi:10.1038/s41467-023-38034-2), hypothalamus Drop-seq
    (doi:10.1016/j.celrep.2017.03.004) and neurons (doi:10.1038/nn.4462); variance over donors
    from vastus lateralis controls of GSE184951 and the libraries of the Drop-seq data.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> simulated.muscle.shape
    (400, 600)
    >>> simulated.truth["kind"].value_counts().to_dict()
    {'specificity': 10, 'condition': 5}
    """
    options = _Options(
        seed,
        n_cells,
        n_genes,
        n_donors,
        n_specific,
        n_changed,
        effect,
        change,
        Deviations(donor_sd, batch_sd, platform_sd),
        dropout,
        interactions,
    )
    tissues, truth, effects = _plan(options)
    return Simulation(*(_assemble(tissue, seed) for tissue in tissues), truth, effects)


def simulate_to_zarr(
    folder: str | Path,
    *,
    seed: int = 0,
    n_cells: int = 333_334,
    n_genes: int = 2000,
    n_donors: int = 4,
) -> Path:
    """Simulate more cells than memory holds: as `simulate`, written block by block.

    Parameters
    ----------
    folder
        Folder to make; written under a temporary name and renamed when complete.
    seed
        Same seed and sizes, same data as `simulate`.
    n_cells
        Cells per tissue; the default makes a million in all, with 0.85 GB of memory, 0.45 GB of
        disk and four minutes of one core. Memory holds 2,000 of each at a time, and the table of
        cells.
    n_genes, n_donors
        As in `simulate`.

    Returns
    -------
    The folder: ``muscle.zarr``, ``bone.zarr``, ``brain.zarr`` (AnnData, CSR counts),
    ``truth.tsv`` and ``effects.tsv``.

    Raises
    ------
    InputError
        A size is too small.
    ResourceError
        The folder cannot be written.
    """
    options = _Options(seed, n_cells, n_genes, n_donors)
    tissues, truth, effects = _plan(options)
    with atomic(folder) as temporary:
        temporary.mkdir()
        paths = [temporary / f"{tissue.name}.zarr" for tissue in tissues]
        # one layout, whatever the default of the version of anndata
        with settings.override(auto_shard_zarr_v3=False), ThreadPoolExecutor() as pool:
            list(pool.map(_write_zarr, tissues, paths, [seed] * len(tissues)))
        write_table(temporary / "truth.tsv", truth)
        write_table(temporary / "effects.tsv", effects)
    return Path(folder)


class _Options(NamedTuple):
    seed: int
    n_cells: int
    n_genes: int
    n_donors: int
    n_specific: int = 10
    n_changed: int = 5
    effect: float = 2.0
    change: float = 1.0
    sds: Deviations = Deviations()
    dropout: float = 0.1
    interactions: pd.DataFrame | None = None


def _plan(o: _Options) -> tuple[list[Tissue], pd.DataFrame, pd.DataFrame]:
    """Decide what is planted, and the mean of every donor, cell type and gene."""
    _check_sizes(n_cells=o.n_cells, n_genes=o.n_genes, n_donors=o.n_donors)
    rng = np.random.default_rng(np.random.SeedSequence(o.seed))
    pairs = draw_pairs(pair_table(o.interactions), o.n_specific, o.n_changed, rng)
    genes = gene_names(pairs, o.n_genes, rng)
    truth = draw_truth(pairs, o.effect, o.change, rng)
    effects = [planted(truth), markers(pairs, genes, rng), background(pairs, genes, rng)]
    effects = pd.concat([table for table in effects if len(table)], ignore_index=True)
    shared = baseline(genes, pairs, rng)
    tissues = [
        draw_tissue(name, shared, effects, o.n_donors, o.n_cells, o.sds, o.dropout, child)
        for name, child in zip(GROUPS, np.random.SeedSequence(o.seed).spawn(3), strict=True)
    ]
    return tissues, truth, effects


def _check_sizes(*, n_cells: int, n_genes: int, n_donors: int) -> None:
    least = {"n_cells": (n_cells, 2 * n_donors * len(SHARES)), "n_genes": (n_genes, 200)}
    for name, (found, needed) in (least | {"n_donors": (n_donors, 2)}).items():
        if found < needed:
            msg = f"{name}={found} is too small to simulate three tissues: at least {needed}."
            raise InputError(msg)


def _assemble(tissue: Tissue, seed: int) -> AnnData:
    tables, counts = zip(*draw_cells(tissue), strict=True)
    adata = _frame(tissue, list(tables), seed)
    adata.X = sp.vstack(counts, format="csr")
    return adata


def _frame(tissue: Tissue, tables: list[pd.DataFrame], seed: int) -> AnnData:
    """Everything of the data set but its counts."""
    obs = pd.concat(tables, ignore_index=True).astype("category")
    obs.index = pd.Index([f"{tissue.name}_{i:07d}" for i in range(len(obs))])
    var = pd.DataFrame({GENE_ID: tissue.genes, SYMBOL: tissue.genes}, index=tissue.genes)
    adata = AnnData(obs=obs, var=var)
    adata.uns[UNS] = {
        "dataset": f"simulated_{tissue.name}",
        "title": f"Simulated {tissue.name} with planted communication",
        "organism": "human",
        "tissue": tissue.name,
        "modality": "single_cell",
        "value_state": "counts",
        "accession": "none",
        "licence": "BSD-3-Clause",
        "files": {},
        "replicates": "donor",
        "caveat": "Simulated: no biological claim may rest on it.",
        "steps": [f"simulate: seed {seed}"],
    }
    return adata


def _write_zarr(tissue: Tissue, path: Path, seed: int) -> None:
    """Append block after block of counts, then write the tables around them."""
    import zarr
    from anndata.io import sparse_dataset, write_elem

    root = zarr.open_group(path, mode="w")
    tables: list[pd.DataFrame] = []
    for table, counts in draw_cells(tissue):
        if tables:
            sparse_dataset(root["X"]).append(counts)
        else:
            write_elem(root, "X", counts)
        tables.append(table.astype("category"))
    adata = _frame(tissue, tables, seed)
    root.attrs.update({"encoding-type": "anndata", "encoding-version": "0.1.0"})
    for key in ("obs", "var", "uns", "layers", "obsm", "varm", "obsp", "varp"):
        value = getattr(adata, key)
        write_elem(root, key, value if key in ("obs", "var") else dict(value))
