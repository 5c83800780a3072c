"""Means of every donor, cell type and gene, and the cells that are drawn around them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ...core.names import BATCH, CELL_TYPE, CONDITION, DONOR, TISSUE
from .plant import GROUPS, SHARES, pair_genes

CONDITIONS = ("control", "treated")
BLOCK = 2000  # cells that are drawn, and dense, at a time

# UMI per cell and measured gene, and deviation of ln(UMI per cell); where each number comes from
# is in docs/simulation.md
DEPTH = {"muscle": (0.33, 0.48), "bone": (0.33, 0.48), "brain": (0.14, 0.63)}
MEAN_SD = 1.7  # deviation of ln(mean expression) over genes
DISPERSION = (0.15, 0.10, 4.0)  # of a cell, beside dropout: a + b / mean, at most c
DONOR_SD, DONOR_SD_SPREAD = 0.17, 0.5  # median over genes, and deviation of its ln
DEPTH_SD = 0.3  # deviation of ln(depth) between donors


class Tissue(NamedTuple):
    """All that the cells of one tissue are drawn from."""

    name: str
    genes: pd.Index
    donors: pd.DataFrame  # donor, condition, batch, n_cells
    share: np.ndarray  # (donors, groups, genes), expected UMI of a cell of average depth
    depth_sd: float
    dropout: float
    seeds: list[np.random.SeedSequence]  # one per block of cells


def baseline(genes: pd.Index, pairs: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    """Log expression that all tissues share; genes of pairs, planted or not, are well measured."""
    z = pd.Series(rng.normal(size=len(genes)), index=genes)
    signals = genes[genes.isin(pair_genes(pairs))]
    z[signals] = rng.uniform(0, 1.3, size=len(signals))
    return MEAN_SD * z


class Deviations(NamedTuple):
    """Deviation of ln(expression) over donors (median gene), batches and platforms."""

    donor: float = DONOR_SD
    batch: float = 0.1
    platform: float = 0.55


def draw_tissue(
    name: str,
    baseline: pd.Series,
    effects: pd.DataFrame,
    n_donors: int,
    n_cells: int,
    sds: Deviations,
    dropout: float,
    seeds: np.random.SeedSequence,
) -> Tissue:
    """Draw the means of every donor, cell type and gene of a tissue."""
    rng = np.random.default_rng(seeds)
    n_genes, n = len(baseline), 2 * n_donors
    donors = pd.DataFrame(
        {
            DONOR: [f"{name}_donor{i + 1}" for i in range(n)],
            CONDITION: np.repeat(CONDITIONS, n_donors),
            BATCH: [f"{name}_batch{i % 2 + 1}" for i in range(n)],
            "n_cells": np.diff(np.linspace(0, n_cells, n + 1).astype(int)),
        }
    )
    scale = sds.donor * np.exp(rng.normal(0, DONOR_SD_SPREAD, n_genes)) / np.sqrt(2)
    of_donor = rng.normal(size=(n, 1, n_genes)) * scale
    of_type = rng.normal(size=(n, len(SHARES), n_genes)) * scale
    batches = rng.normal(0, sds.batch, size=(2, n_genes))[np.arange(n) % 2]
    platform = rng.normal(0, sds.platform, n_genes)
    fixed, changed = _effect_arrays(name, baseline.index, effects)
    treated = (donors[CONDITION] == CONDITIONS[1]).to_numpy(dtype=float)[:, None, None]
    log_share = baseline.to_numpy() + platform + batches[:, None] + of_donor + of_type
    log_share = log_share + np.log(2) * (fixed + treated * changed)
    share = np.exp(log_share)
    umi_per_gene, depth_sd = DEPTH[name]
    depth = n_genes * umi_per_gene * np.exp(rng.normal(0, DEPTH_SD, n))
    share *= (depth / share.mean(axis=1).sum(axis=1))[:, None, None]
    n_blocks = sum(len(_blocks(k)) for k in donors["n_cells"])
    return Tissue(name, baseline.index, donors, share, depth_sd, dropout, seeds.spawn(n_blocks))


def _effect_arrays(
    name: str, genes: pd.Index, effects: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray]:
    """log2 effects (groups, genes): those of the cell type, and those of the treatment."""
    arrays = np.zeros((2, len(SHARES), len(genes)))
    here = effects[effects[TISSUE] == name]
    by_treatment = here["kind"].isin(["change", "background"]).to_numpy(dtype=int)
    rows = pd.Index(list(GROUPS[name])).get_indexer(here[CELL_TYPE])
    np.add.at(arrays, (by_treatment, rows, genes.get_indexer(here["gene"])), here["log2"])
    return arrays[0], arrays[1]


def _blocks(n_cells: int) -> list[int]:
    """Sizes of the blocks in which the cells of a donor are drawn."""
    return [min(BLOCK, n_cells - start) for start in range(0, n_cells, BLOCK)]


def draw_cells(tissue: Tissue) -> Iterator[tuple[pd.DataFrame, sp.csr_matrix]]:
    """Yield blocks of cells: their donor and cell type, and their counts."""
    seeds = iter(tissue.seeds)
    a, b, c = DISPERSION
    overall = tissue.share.mean(axis=(0, 1))
    shape = 1 / np.minimum(a + b / np.maximum(overall, 1e-6), c)
    types = np.array(list(GROUPS[tissue.name]))
    for donor, row in enumerate(tissue.donors.itertuples(index=False)):
        for size in _blocks(row.n_cells):
            rng = np.random.default_rng(next(seeds))
            codes = np.sort(rng.choice(len(types), size=size, p=SHARES))
            library = np.exp(rng.normal(0, tissue.depth_sd, (size, 1)))
            mean = tissue.share[donor, codes] * library
            counts = rng.poisson(mean * rng.gamma(shape, 1 / shape, size=mean.shape))
            lost = rng.random(mean.shape, dtype=np.float32) * (1 + mean) < tissue.dropout
            counts[lost] = 0
            cells = {TISSUE: tissue.name, DONOR: row.donor, CONDITION: row.condition}
            obs = pd.DataFrame(cells | {BATCH: row.batch, CELL_TYPE: types[codes]})
            yield obs, sp.csr_matrix(counts, dtype=np.float32)
