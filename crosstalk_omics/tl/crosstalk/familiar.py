"""Scores that users of other tools know, from group moments.

They describe the concatenation of both tissues, as those tools would; their p-value shuffles
labels across tissues and is here for comparison, not as a cross-tissue test.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData
from numpy.typing import NDArray

from ...core.errors import InputError
from ...interactions import complexes
from ...pp.state import current_state
from .knowledge import Interactions, prepare
from .magnitude import blocks, design, tissue_of
from .run import GroupBy
from .specificity import log_block

Float = NDArray[np.float64]
BLOCK = 4096
HALF_MAXIMUM = 0.5  # CellChat's Kh


@dataclass
class Pool:
    """All cells of both tissues over the genes of the table, as if concatenated."""

    genes: list[str]
    groups: list[str]
    senders: NDArray[np.intp]  # numbers of the groups that send
    receivers: NDArray[np.intp]
    labels: NDArray[np.intp]  # group number of each cell
    x: sp.csc_matrix  # (n_cells, n_genes), log-normalised
    mat_mean: float  # over all genes that both tissues measured
    mat_max: float

    @property
    def size(self) -> Float:
        """Cells of each group."""
        return np.bincount(self.labels, minlength=len(self.groups)).astype(float)

    def means(self, x: sp.spmatrix) -> Float:
        """Mean of `x` in each group, (n_groups, n_genes)."""
        entries = (np.ones(len(self.labels)), (self.labels, np.arange(len(self.labels))))
        return (sp.csr_matrix(entries) @ x).toarray() / self.size[:, None]


def familiar_scores(
    source: AnnData,
    target: AnnData,
    *,
    groupby: GroupBy = "cell_type",
    interactions: Interactions = None,
    route: str | None = None,
    expr_prop: float = 0.1,
    n_perms: int = 0,
    seed: int = 0,
    layer: str | None = None,
) -> pd.DataFrame:
    """Score pairs as CellPhoneDB, CellChat, NATMI, Connectome, SingleCellSignalR and LIANA do.

    Parameters
    ----------
    source, target
        Sending and receiving cells, counts or log-normalised, of one organism; the same
        object twice for one tissue.
    groupby
        Column of obs with the groups, or a pair of columns.
    interactions, route
        As in `cx.tl.crosstalk`.
    expr_prop
        Share of a group's cells that must express every subunit; other pairs are dropped.
    n_perms, seed
        Shuffles of the labels over all cells for `cellphone_pvals`, CellPhoneDB's p-value:
        b / n, which can be 0. Without shuffles the column is missing, and `specificity_rank`
        rests on the other three.
    layer
        Layer to read instead of X.

    Returns
    -------
    One row per interaction and pair of groups: `lr_means` (CellPhoneDB), `lr_gmeans`,
    `lr_probs` (CellChat, without cofactors), `expr_prod` and `spec_weight` (NATMI),
    `scaled_weight` (Connectome), `lrscore` (SingleCellSignalR), `lr_logfc`, and
    `magnitude_rank`, `specificity_rank` (robust rank aggregation).

    Raises
    ------
    InputError
        The tissues share no gene of the table.

    References
    ----------
    The definitions are those of LIANA (https://github.com/saezlab/liana-py), 1.10.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> table = cx.tl.familiar_scores(muscle, bone)
    >>> table.columns[4:8].tolist()
    ['lr_means', 'lr_gmeans', 'lr_probs', 'expr_prod']
    """
    groups = groupby if isinstance(groupby, tuple) else (groupby, groupby)
    table, _ = prepare(interactions, route, source, target)
    table = table.drop_duplicates(["ligand_complex", "receptor_complex"])
    pool = pooled(source, target, groups, table, layer)
    out = _scored(table, pool, expr_prop)
    specificity = [out["scaled_weight"], out["lr_logfc"], out["spec_weight"]]
    if n_perms:
        out["cellphone_pvals"] = _shuffled(out, pool, n_perms, seed)
        specificity.append(-out["cellphone_pvals"])
    out["magnitude_rank"] = robust_rank([out["lr_means"], out["expr_prod"], out["lrscore"]])
    out["specificity_rank"] = robust_rank(specificity)
    order = ["magnitude_rank", "source", "target", "ligand_complex", "receptor_complex"]
    return out.drop(columns=["_s", "_t"]).sort_values(order, ignore_index=True)


def pooled(
    source: AnnData,
    target: AnnData,
    groups: tuple[str | None, str | None],
    table: pd.DataFrame,
    layer: str | None,
) -> Pool:
    """Read both tissues over their common genes; only the genes of the table are kept."""
    named = complexes.genes([*table["ligand_complex"], *table["receptor_complex"]])
    common = source.var_names.intersection(target.var_names, sort=False)
    genes = [g for g in named if g in set(common)]
    if not genes:
        msg = (
            f"The tissues share none of the {len(named)} genes of the interaction table "
            f"({len(common)} genes shared in all). Familiar scores need one organism and one "
            "naming of genes; `cx.tl.crosstalk` does not."
        )
        raise InputError(msg)
    tissues = [(source, groups[0])] + [(target, groups[1])] * (source is not target)
    kept, labels, names, total, largest = [], [], [], 0.0, 0.0
    for adata, by in tissues:
        plan = design(adata, by, "donor", tissue_of(adata), 1)
        measured = adata.var_names.get_indexer(common)
        chosen = adata.var_names.get_indexer(genes)
        counts = current_state(adata) == "counts"
        for rows, block in blocks(adata, layer, BLOCK):
            used = plan.group[rows] >= 0
            values = log_block(block, counts)[used]
            kept.append(values[:, chosen])
            labels.append(plan.group[rows][used] + sum(map(len, names)))
            total += values[:, measured].sum()
            largest = max(largest, values[:, measured].max())
        names.append(plan.groups)
    flat = [g for part in names for g in part]
    code = np.concatenate(labels)
    first = np.arange(len(names[0]))
    return Pool(
        genes=genes,
        groups=flat,
        senders=first,
        receivers=first if source is target else np.arange(len(names[0]), len(flat)),
        labels=code,
        x=sp.csc_matrix(sp.vstack(kept)),
        mat_mean=total / (len(code) * len(common)),
        mat_max=largest,
    )


def _scored(table: pd.DataFrame, pool: Pool, expr_prop: float) -> pd.DataFrame:
    """All scores without shuffles; `_s` and `_t` are the numbers of the groups."""
    means, n = pool.means(pool.x), pool.size[:, None]
    grand = (means * n).sum(axis=0) / n.sum()
    square = np.asarray(pool.x.multiply(pool.x).sum(axis=0)).ravel()
    sd = np.sqrt(np.maximum(square - n.sum() * grand**2, 0) / (n.sum() - 1))
    linear = pool.means(pool.x.expm1())
    rest = ((linear * n).sum(axis=0) - linear * n) / np.maximum(n.sum() - n, 1)
    values = {
        "props": pool.means(pool.x > 0),
        "means": means,
        "trimean": _trimeans(pool) / pool.mat_max,
        "zscore": (means - grand) / np.where(sd > 0, sd, 1.0),
        "logfc": np.log2(linear + 1) - np.log2(rest + 1),
    }
    shape = (len(table), len(pool.senders), len(pool.receivers))
    row, s, t = (a.ravel() for a in np.indices(shape))
    s, t = pool.senders[s], pool.receivers[t]
    both = {}
    for side, group in (("ligand", s), ("receptor", t)):
        texts = table[f"{side}_complex"].tolist()
        own = means[np.unique(group)].sum(axis=0)  # NATMI's shares are of the sending groups
        values["share"] = means / np.where(own > 0, own, 1.0)
        for name, value in at_weakest(texts, values, pool.genes).items():
            both[side, name] = value[group, row]
    keep = (both["ligand", "props"] >= expr_prop) & (both["receptor", "props"] >= expr_prop)
    left, right = ({n: both[side, n][keep] for n in values} for side in ("ligand", "receptor"))
    names = np.array(pool.groups, dtype=object)
    out = pd.DataFrame({"source": names[s[keep]], "target": names[t[keep]]})
    for column in ("ligand_complex", "receptor_complex"):
        out[column] = table[column].to_numpy()[row[keep]]
    product, probable = left["means"] * right["means"], left["trimean"] * right["trimean"]
    out["lr_means"] = (left["means"] + right["means"]) / 2
    out["lr_gmeans"] = np.sqrt(product)
    out["lr_probs"] = probable / (HALF_MAXIMUM + probable)
    out["expr_prod"] = product
    out["spec_weight"] = left["share"] * right["share"]
    out["scaled_weight"] = (left["zscore"] + right["zscore"]) / 2
    out["lrscore"] = np.sqrt(product) / (np.sqrt(product) + pool.mat_mean)
    out["lr_logfc"] = (left["logfc"] + right["logfc"]) / 2
    return out.assign(_s=s[keep], _t=t[keep])


def at_weakest(texts: list[str], values: dict[str, Float], genes: list[str]) -> dict[str, Float]:
    """Every quantity of a complex; specificities are those of the subunit with the lowest mean.

    Parameters
    ----------
    texts
        Complexes.
    values
        Quantities of genes, (n_groups, n_genes) each.
    genes
        Gene of each column.

    Returns
    -------
    (n_groups, n_texts) each.
    """
    out = {
        name: complexes.evaluate(texts, values[name], genes)
        for name in ("props", "means", "trimean")
    }
    for name in ("zscore", "share", "logfc"):
        out[name] = np.full_like(out["means"], np.nan)
    column = {gene: i for i, gene in enumerate(genes)}
    for k, text in enumerate(texts):
        members = [column[g] for g in complexes.genes([text]) if g in column]
        if members:
            found = np.array(members)[
                np.argmin(np.abs(values["means"][:, members] - out["means"][:, [k]]), axis=1)
            ]
            for name in ("zscore", "share", "logfc"):
                out[name][:, k] = values[name][np.arange(len(found)), found]
    return out


def _trimeans(pool: Pool) -> Float:
    """Tukey's trimean of every gene in every group, (n_groups, n_genes)."""
    out = np.zeros((len(pool.groups), len(pool.genes)))
    rows = pool.x.tocsr()
    for g in range(len(out)):
        mine = rows[pool.labels == g].tocsc()
        for start in range(0, mine.shape[1], 256):
            dense = mine[:, start : start + 256].toarray()
            quarters = np.quantile(dense, [0.25, 0.5, 0.5, 0.75], axis=0)
            out[g, start : start + 256] = quarters.mean(axis=0)
    return out


def _shuffled(out: pd.DataFrame, pool: Pool, n_perms: int, seed: int) -> Float:
    """Share of label shuffles over all cells with an `lr_means` at least as high."""
    from ...kernels.nulls import group_sums, shuffled

    arrays = (pool.x.data, pool.x.indices.astype(np.int64), pool.x.indptr.astype(np.int64))
    everything, labels = [np.arange(len(pool.labels))], pool.labels.astype(np.int16)
    left, ligands = pd.factorize(out["ligand_complex"])
    right, receptors = pd.factorize(out["receptor_complex"])
    s, t, observed = out["_s"].to_numpy(), out["_t"].to_numpy(), out["lr_means"].to_numpy()
    reached = np.zeros(len(out))
    seeds = np.random.SeedSequence(seed).spawn(n_perms)
    for start in range(0, n_perms, 32):
        drawn = shuffled(labels, everything, seeds[start : start + 32])
        sums = group_sums(*arrays, drawn, len(pool.groups))
        means = (sums / pool.size).transpose(1, 2, 0)
        for one in means:
            ligand = complexes.evaluate(list(ligands), one, pool.genes)[s, left]
            receptor = complexes.evaluate(list(receptors), one, pool.genes)[t, right]
            reached += (ligand + receptor) / 2 >= observed
    return reached / n_perms


def robust_rank(columns: list[pd.Series]) -> Float:
    """Robust rank aggregation of columns of which more is better; (n_rows,), 0 to 1.

    References
    ----------
    Kolde et al. 2012, doi:10.1093/bioinformatics/btr709.
    """
    from scipy.special import betainc
    from scipy.stats import rankdata

    ranked = (rankdata(-column) for column in columns)
    ranks = np.sort(np.column_stack([r / r.max() for r in ranked]), axis=1)
    k = np.arange(1, ranks.shape[1] + 1)
    lowest = betainc(k, ranks.shape[1] - k + 1, ranks).min(axis=1)
    return np.minimum(lowest * ranks.shape[1], 1.0)
