"""Evidence of one side: specific to a group within its tissue, or present at all."""

from functools import partial

import numpy as np
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray

from ...kernels.linear import least_squares, moderated_t, one_sided
from ...pp.state import current_state
from .magnitude import TARGET_SUM, Profiles, blocks

Float = NDArray[np.float64]
MIN_DONORS = 3
MIN_FOR_TREND = 30  # genes
FEW_EXPECTED, FEW_POSITIVE = 30, 60  # positive cells in the group, in the tissue


def paired_donors(profiles: Profiles) -> NDArray[np.intp]:
    """Donors per group that have the group and at least one other group."""
    group, donor = profiles.unit_group, profiles.unit_donor
    groups_of = np.bincount(donor[donor >= 0], minlength=len(profiles.design.donors))
    return np.array(
        [
            int((groups_of[donor[(group == g) & (donor >= 0)]] > 1).sum())
            for g in range(len(profiles.design.groups))
        ],
        dtype=np.intp,
    )


def donor_test(profiles: Profiles) -> Float:
    """One-sided p-value of "higher in this group than in the others of the same donor".

    Per donor: the group minus the mean of the donor's other groups; a moderated t over donors
    with variances squeezed over all genes along their mean expression.

    Returns
    -------
    (n_groups, n_genes). 1 where a gene does not vary; NaN where fewer than 3 donors have the
    group and another one.
    """
    n_groups, n_genes = len(profiles.design.groups), profiles.mean.shape[1]
    out = np.full((n_groups, n_genes), np.nan)
    for g in range(n_groups):
        difference, level = _differences(profiles, g)
        if len(difference) < MIN_DONORS:
            continue
        seen = (~np.isnan(difference)).sum(axis=0)
        varies = (seen >= MIN_DONORS) & (
            np.nanmax(difference, axis=0, initial=-np.inf)
            > np.nanmin(difference, axis=0, initial=np.inf)
        )
        fit = least_squares(difference[:, varies], np.ones((len(difference), 1)))
        trend = np.log(level[varies]) if profiles.single_cell else level[varies]
        test = moderated_t(fit, np.ones(1), trend=trend if varies.sum() >= MIN_FOR_TREND else None)
        out[g, varies] = one_sided(test.t, test.df, "greater")
        out[g, ~varies & (seen >= MIN_DONORS)] = 1.0
    return out


def _differences(profiles: Profiles, g: int) -> tuple[Float, Float]:
    """Group minus the others for each donor, (n_donors, n_genes), and the mean level."""
    group, donor, mean = profiles.unit_group, profiles.unit_donor, profiles.mean
    rows, levels = [], []
    for d in np.unique(donor[(group == g) & (donor >= 0)]):
        others = mean[(donor == d) & (group != g)]
        if len(others):
            mine = mean[(donor == d) & (group == g)][0]
            rest = others.mean(axis=0)
            rows.append(mine - rest)
            levels.append((mine + rest) / 2)
    if not rows:
        return np.empty((0, mean.shape[1])), np.full(mean.shape[1], np.nan)
    seen = (~np.isnan(levels)).sum(axis=0)
    return np.array(rows), np.nansum(levels, axis=0) / np.maximum(seen, 1)


def analytic_test(profiles: Profiles) -> Float:
    """P-value of "sum at least as high" with labels drawn within donor and batch, closed form.

    Where few positive cells are expected in the group, their number is taken as the exact
    hypergeometric; elsewhere the sum has its exact first three moments.

    Returns
    -------
    (n_groups, n_chosen): only the genes that were chosen in `profile`.
    """
    from ...kernels.nulls import sampling_moments, sparse_tail, upper_tail, value_tails

    moments, stratum, group = profiles.by_stratum
    chosen = profiles.chosen
    starts = np.flatnonzero(np.diff(stratum, prepend=-1))  # units are sorted by stratum
    fold = partial(np.add.reduceat, indices=starts, axis=0)
    size, positive = fold(moments.n), fold(moments.detected[:, chosen])
    values = moments.total[:, chosen]
    sums = (fold(values), fold(moments.square), fold(moments.cube))
    per_group = [group == g for g in range(len(profiles.design.groups))]
    drawn = np.array([fold(np.where(mine, moments.n, 0.0)) for mine in per_group])
    observed = np.array([values[mine].sum(axis=0) for mine in per_group])
    out = np.array(
        [
            upper_tail(o, *sampling_moments(d, size, *sums))
            for o, d in zip(observed, drawn, strict=True)
        ]
    )
    sparse = np.einsum("gs,sj->gj", drawn / size, positive) <= FEW_EXPECTED
    sparse |= positive.sum(axis=0) <= FEW_POSITIVE
    found = np.flatnonzero(sparse.any(axis=0))
    for part in np.array_split(found, 1 + len(found) // 256):
        tails = value_tails(moments.histogram[:, part].sum(axis=0, dtype=np.float64))
        for g in range(len(out)):
            mine = sparse[g, part]
            at = part[mine]
            out[g, at] = sparse_tail(
                observed[g, at], drawn[g], size, positive[:, at],
                tuple(x[:, at] for x in sums), [x[mine] for x in tails],
            )  # fmt: skip
    return out


def permutation_test(
    profiles: Profiles, adata: AnnData, *, layer: str | None, n_perms: int, seed: int, size: int
) -> Float:
    """Empirical p-value of the same statistic; (n_groups, n_chosen)."""
    from ...kernels.nulls import permutation_pvalues

    plan, counts = profiles.design, current_state(adata) == "counts"
    parts = []
    for rows, block in blocks(adata, layer, size):
        parts.append(log_block(block, counts, profiles.chosen)[plan.group[rows] >= 0])
    x = sp.csc_matrix(sp.vstack(parts))
    used = plan.group >= 0
    stratum = plan.stratum[used]
    return permutation_pvalues(
        x.data,
        x.indices.astype(np.int64),
        x.indptr.astype(np.int64),
        labels=plan.group[used],
        n_groups=len(plan.groups),
        strata=[np.flatnonzero(stratum == s) for s in np.unique(stratum)],
        n_perms=n_perms,
        seed=seed,
    )


def presence_test(
    magnitude: Float, gate: NDArray[np.bool_], background: NDArray[np.bool_]
) -> Float:
    """How a gene ranks among the expressed genes that the interaction table does not name.

    Parameters
    ----------
    magnitude, gate
        Percentile rank and whether the gene passes the gate, (n_groups, n_genes).
    background
        Genes that are no ligand, receptor or modulator of the table, (n_genes,).

    Returns
    -------
    (n_groups, n_genes): (1 + background genes that rank at least as high) / (1 + background
    genes), both among genes that pass the gate; 1 below the gate, NaN where not measured.
    """
    out = np.where(np.isnan(magnitude), np.nan, 1.0)
    for g, (rank, passed) in enumerate(zip(magnitude, gate, strict=True)):
        null = np.sort(rank[passed & background])
        higher = len(null) - np.searchsorted(null, rank[passed], side="left")
        out[g, passed] = (1 + higher) / (1 + len(null))
    return out


def log_block(
    block: sp.csr_matrix, counts: bool, columns: NDArray[np.intp] | slice = slice(None)
) -> sp.csr_matrix:
    """Log-normalise a block of counts and keep `columns`; other values stay as they are."""
    chosen = block[:, columns].astype(np.float64, copy=False)
    if counts:
        library = np.maximum(block.sum(axis=1, dtype=np.float64).A1, 1e-300)
        chosen = sp.csr_matrix(sp.diags_array(TARGET_SUM / library) @ chosen)
        chosen.data = np.log1p(chosen.data)
    return chosen
