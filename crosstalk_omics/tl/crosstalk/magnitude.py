"""What each group of one tissue shows: profiles per donor, percentile ranks and absolute gates."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray

from ...core.checks import check_columns, check_unique, nearest
from ...core.errors import InputError
from ...core.names import BATCH, TISSUE, UNS
from ...core.processors import n_processors
from ...core.rows import ahead, by_rows, matrix, read_rows
from ...kernels.ranks import percentile_ranks
from ...pp.state import current_state

Float = NDArray[np.float64]
TARGET_SUM = 1e4
MOST_THREADS = 4  # each has a histogram of its own, 4 KiB per gene


@dataclass
class Design:
    """Which observation belongs to which group, donor and stratum; -1 = left out."""

    groups: list[str]
    group: NDArray[np.intp]
    donors: list[str]
    donor: NDArray[np.intp]
    stratum: NDArray[np.intp]
    notes: list[str] = field(default_factory=list)


@dataclass
class Profiles:
    """Mean log expression of one tissue per donor and group, and how often a gene is seen."""

    name: str
    organism: str
    modality: str
    genes: pd.Index
    design: Design
    unit_group: NDArray[np.intp]
    unit_donor: NDArray[np.intp]  # -1 = pooled over donors
    unit_size: NDArray[np.intp]
    mean: Float  # (n_units, n_genes); NaN = not measured
    prop: Float  # (n_units, n_genes) share of cells, or of samples above noise
    present: NDArray[np.bool_]  # (n_units, n_genes) any signal at all
    by_stratum: Any = None  # single cells: (Moments, stratum, group) per stratum and group
    chosen: NDArray[np.intp] | None = None  # genes whose squares and cubes were kept

    @property
    def single_cell(self) -> bool:
        """Whether observations are cells."""
        return self.modality == "single_cell"


def described(adata: AnnData, key: str, default: str) -> str:
    """Read one entry of the provenance that `cx.pp.standardise` writes."""
    return str(adata.uns.get(UNS, {}).get(key) or default)


def tissue_of(adata: AnnData) -> str:
    """Name of the tissue: from the provenance, else the only value of obs["tissue"]."""
    if TISSUE in adata.obs and len(adata.obs[TISSUE].dropna().unique()) == 1:
        return str(adata.obs[TISSUE].dropna().iloc[0])
    return described(adata, TISSUE, "tissue")


def _codes(column: pd.Series) -> tuple[list[str], NDArray[np.intp]]:
    """Sorted names and the code of each entry; missing is -1."""
    code, values = pd.factorize(column)
    texts = [str(v) for v in values]
    names = sorted(set(texts))
    place = np.array([*(names.index(t) for t in texts), -1], dtype=np.intp)
    return names, place[code]


def design(adata: AnnData, groupby: str | None, donor: str, name: str, min_cells: int) -> Design:
    """Assign observations to groups, donors and strata (donor x batch)."""
    obs, notes = adata.obs, []
    if groupby is None:
        groups, group = [name], np.zeros(adata.n_obs, dtype=np.intp)
    else:
        check_columns(obs, [groupby], f"obs of {name}")
        groups, group = _codes(obs[groupby])
    if (group < 0).any():
        notes.append(f"{name}: {(group < 0).sum()} observations without {groupby} were left out.")
    size = np.bincount(group[group >= 0], minlength=len(groups))
    small = [g for g, n in zip(groups, size, strict=True) if n < min_cells]
    if small:
        notes.append(
            f"{name}: {len(small)} groups with fewer than {min_cells} observations were left "
            f"out: {', '.join(small[:10])}{' ...' if len(small) > 10 else ''}."
        )
    kept = [g for g in groups if g not in set(small)]
    if not kept:
        msg = (
            f"No group of {name} has at least min_cells={min_cells} observations; the largest "
            f"has {size.max(initial=0)}. Lower min_cells or use a coarser `groupby`."
        )
        raise InputError(msg)
    renumber = np.array([kept.index(g) if g in kept else -1 for g in groups] + [-1])
    group = renumber[group]
    donors, donor_code = _donors(adata, donor, name, notes)
    batch = _codes(obs[BATCH])[1] if BATCH in obs and obs[BATCH].notna().all() else 0 * donor_code
    stratum = pd.factorize(donor_code * (np.max(batch, initial=0) + 1) + batch)[0]
    if donors and (donor_code < 0).any():
        notes.append(f"{name}: {(donor_code < 0).sum()} observations without {donor} left out.")
        group = np.where(donor_code < 0, -1, group)
    return Design(kept, group, donors, np.maximum(donor_code, -1), stratum, notes)


def _donors(
    adata: AnnData, donor: str, name: str, notes: list[str]
) -> tuple[list[str], NDArray[np.intp]]:
    """Donors, or none where the data have none or the source says that cells are replicates."""
    none = [], np.full(adata.n_obs, -1, dtype=np.intp)
    if donor not in adata.obs:
        if donor != "donor":
            msg = (
                f"obs of {name} has no column {donor!r}. {nearest(donor, adata.obs.columns)}"
                f"Its columns are: {', '.join(map(str, adata.obs.columns))}."
            )
            raise InputError(msg)
        return none
    if described(adata, "replicates", "donor") != "donor" or adata.obs[donor].isna().all():
        return none
    return _codes(adata.obs[donor])


def profile(
    adata: AnnData,
    groupby: str | None,
    *,
    donor: str,
    genes: list[str],
    min_cells: int,
    layer: str | None,
    block_size: int,
) -> Profiles:
    """Profile one tissue; `genes` are those for which strata keep squares and cubes."""
    check_unique(adata.var_names)
    name = tissue_of(adata)
    state = current_state(adata)
    modality = described(adata, "modality", "single_cell" if sp.issparse(adata.X) else "bulk_rna")
    if state == "scaled":
        msg = (
            f"The values of {name} are scaled (centred). Expected counts or log-normalised "
            "values: pass the object as it was before scaling."
        )
        raise InputError(msg)
    cells = modality == "single_cell"
    plan = design(adata, groupby, donor, name, min_cells if cells else 1)
    base = (name, described(adata, "organism", "human"), modality, adata.var_names, plan)
    if cells:
        return _of_cells(adata, base, state, genes, min_cells, layer, block_size)
    return _of_samples(adata, base, state, layer)


def blocks(adata: AnnData, layer: str | None, size: int) -> Iterator[tuple[slice, sp.csr_matrix]]:
    """Row blocks of X (or `layer`) as CSR of floats, checked; nothing else is copied."""
    x = by_rows(matrix(adata, layer))
    parts = [slice(i, min(i + size, adata.n_obs)) for i in range(0, adata.n_obs, size)]
    for rows, block in ahead(lambda rows: read_rows(x, rows.start, rows.stop), parts):
        if len(block.data) and not block.data.min() >= 0:
            what = "NaN" if np.isnan(block.data).any() else "negative values"
            msg = (
                f"Cells of {tissue_of(adata)} hold {what}. Expected counts or log-normalised "
                "values, 0 or more."
            )
            raise InputError(msg)
        yield rows, block


def _of_cells(
    adata: AnnData,
    base: tuple,
    state: str,
    genes: list[str],
    min_cells: int,
    layer: str | None,
    block_size: int,
) -> Profiles:
    """One pass over the cells: sums per stratum and group, then per donor and group."""
    from ...kernels.moments import add_block, empty

    plan: Design = base[-1]
    n_groups, used = len(plan.groups), plan.group >= 0
    key = np.where(used, plan.stratum * n_groups + plan.group, -1)
    found = np.unique(key[used])
    code = np.where(used, np.searchsorted(found, key), -1)
    slot = np.full(adata.n_vars, -1)
    chosen = adata.var_names.get_indexer(genes)
    slot[chosen] = np.arange(len(chosen))
    moments = empty(len(found), adata.n_vars, len(chosen), min(n_processors(), MOST_THREADS))
    target_sum = TARGET_SUM if state == "counts" else 0.0
    for rows, block in blocks(adata, layer, block_size):
        add_block(block, code[rows], target_sum, slot, moments)
    first = np.array([np.flatnonzero(code == i)[0] for i in range(len(found))], dtype=np.intp)
    stratum, group = plan.stratum[first], plan.group[first]
    units = _units(moments.n, group, plan.donor[first], n_groups, min_cells)
    size = np.array([moments.n[u].sum() for _, _, u in units])[:, None]
    mean = np.array([moments.total[u].sum(axis=0) for _, _, u in units]) / size
    prop = np.array([moments.detected[u].sum(axis=0) for _, _, u in units]) / size
    columns = [np.array([u[k] for u in units], dtype=np.intp) for k in range(2)]
    parts = (*columns, size.ravel().astype(np.intp), mean, prop, prop > 0)
    return Profiles(*base, *parts, by_stratum=(moments, stratum, group), chosen=chosen)


def _units(
    n: Float, group: NDArray[np.intp], donor: NDArray[np.intp], n_groups: int, min_cells: int
) -> list[tuple[int, int, NDArray[np.intp]]]:
    """(group, donor, rows) of donor x group profiles with enough cells; else pooled per group."""
    units = []
    for g in range(n_groups):
        mine = [
            (g, d, np.flatnonzero((group == g) & (donor == d)))
            for d in np.unique(donor[group == g])
        ]
        large = [u for u in mine if n[u[2]].sum() >= min_cells]
        units += large or [(g, -1, np.flatnonzero(group == g))]
    return units


def _of_samples(adata: AnnData, base: tuple, state: str, layer: str | None) -> Profiles:
    """Samples on a log scale, averaged per donor and group; prop = share above the noise."""
    plan, modality = base[-1], base[2]
    x = matrix(adata, layer)
    x = np.asarray(x.toarray() if sp.issparse(x) else x[:], dtype=np.float64)
    y, above, seen = _scale(x, state, modality)
    donor = plan.donor
    keys = sorted({(g, d) for g, d in zip(plan.group, donor, strict=True) if g >= 0})
    rows = [np.flatnonzero((plan.group == g) & (donor == d)) for g, d in keys]
    mean = np.array([_nanmean(y[r]) for r in rows])
    prop = np.array([_nanmean(np.where(np.isnan(y[r]), 0.0, above[r])) for r in rows])
    present = np.array([seen[r].any(axis=0) for r in rows])
    group, unit_donor = (np.array([k[i] for k in keys], dtype=np.intp) for i in range(2))
    size = np.array([len(r) for r in rows], dtype=np.intp)
    return Profiles(*base, group, unit_donor, size, mean, prop, present)


def _scale(
    x: Float, state: str, modality: str
) -> tuple[Float, NDArray[np.bool_], NDArray[np.bool_]]:
    """Log-scale values, whether each is above the noise, and whether there is any signal.

    Counts: log2 CPM; noise is 10 counts in a library of median size. Proteome: every measured
    value is a signal. Other platforms have no zero of their own: noise is the sample's median.
    """
    if state == "counts":
        library = np.nansum(x, axis=1, keepdims=True)
        cpm = x / np.maximum(library, 1) * 1e6
        noise = 10 / max(np.median(library) / 1e6, 1e-9)
        return np.log2((x + 0.5) / (library + 1) * 1e6), cpm >= noise, x > 0
    if state == "intensity":
        x = np.log2(np.where(x > 0, x, np.nan))
    measured = ~np.isnan(x)
    if modality == "proteome":
        return x, measured, measured
    return x, x > np.nanmedian(x, axis=1, keepdims=True), measured & (x != 0)


def _nanmean(x: Float) -> Float:
    """Mean over rows; NaN where nothing was measured, without a warning."""
    n = (~np.isnan(x)).sum(axis=0)
    return np.divide(np.nansum(x, axis=0), n, out=np.full(x.shape[1], np.nan), where=n > 0)


def unit_ranks(profiles: Profiles) -> Float:
    """Percentile rank of every gene in every unit, (n_units, n_genes), 0 to 1.

    Ranks are taken among the genes that the tissue shows anywhere, so that a longer
    annotation does not move them. A gene without any signal in the unit has 0; NaN = not
    measured there.
    """
    mean = profiles.mean
    ranks = np.where(np.isnan(mean), np.nan, 0.0)
    shown = profiles.present.any(axis=0)
    inside = percentile_ranks(mean[:, shown])
    ranks[:, shown] = np.where(profiles.present[:, shown] | np.isnan(inside), inside, 0.0)
    return ranks


def over_donors(values: Float, profiles: Profiles, how: str = "mean") -> Float:
    """Mean, lowest or highest value over the units of each group, (n_groups, n_genes)."""
    out = np.full((len(profiles.design.groups), values.shape[1]), np.nan)
    for g in range(len(out)):
        mine = values[profiles.unit_group == g]
        if how == "mean":
            out[g] = _nanmean(mine)
        else:
            out[g] = (np.fmin if how == "min" else np.fmax).reduce(mine, axis=0)
    return out
