"""Two tissues of the same donors: ligand in one against receptors and responses in the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ...core.checks import check_number, check_one_of
from ...core.errors import InputError
from ...core.names import DONOR
from ...interactions.complexes import genes as genes_of
from ...kernels import correlation as kernel
from .donors import Profiles, Tissue, covariates_of, profiles_of, side_by_side, strata_of
from .knowledge import Interactions, prepare
from .repair import Matrix, Null, correlations, strengths, test_pairs
from .run import GroupBy

Method = Literal["bicor", "spearman", "pearson"]
Float = NDArray[np.float64]
MIN_DF = 3  # donors left after the two means and the covariates


KINDS = ("receptor", "signature", "analyte", "gene")
ORDER = (
    "fdr", "pvalue", "p_correlation", "source", "target", "ligand_complex", "feature", "factor",
    "role",
)  # fmt: skip


def crosstalk_paired(
    source: AnnData,
    target: AnnData,
    *,
    donor: str = DONOR,
    groupby: GroupBy = None,
    method: Method = "bicor",
    covariates: Sequence[str] = (),
    strata: Sequence[str] = (),
    interactions: Interactions = None,
    interactions_organism: str | None = None,
    route: str | None = "endocrine",
    source_scores: str | None = None,
    target_scores: str | None = None,
    target_genes: Sequence[str] = (),
    analytes: pd.DataFrame | None = None,
    strength: bool = True,
    hidden_factors: int = 0,
    n_perms: int = 1000,
    seed: int = 0,
    min_cells: int = 10,
    layer: str | None = None,
) -> pd.DataFrame:
    """Correlate ligands of one tissue with receptors and responses in another, over donors.

    Every ligand of the interaction table is correlated with its receptors and, where given,
    with scores, genes and blood values of the same donors. The null re-pairs the donors.

    Parameters
    ----------
    source, target
        Sending and receiving tissue of the same donors; several cells or libraries of a donor
        become one profile.
    donor
        Column of obs with the animal or person, in both.
    groupby
        Column with cell types, or one per tissue: ``(source_groupby, target_groupby)``.
    method
        ``"bicor"`` (biweight midcorrelation), ``"spearman"`` or ``"pearson"``.
    covariates
        Columns of obs whose linear part is removed from both tissues first, each from its own
        table where it is there: partial correlation.
    strata
        Columns of obs; donors are re-paired only with others of equal values, for example of
        the same sex and time point, so that what these do to both tissues is no evidence.
    interactions, interactions_organism, route
        As in `cx.tl.crosstalk`.
    source_scores, target_scores
        Key in obsm with scores (`cx.tl.score`) that take part as ligands, or as responses.
    target_genes
        Genes of the target that every ligand is correlated with.
    analytes
        Blood values or phenotypes, (donors, values), the donors as index; they take part as
        responses.
    strength
        Add the mean of -ln p over all expressed genes of the target for each ligand (QENIE's
        Ssec) with its own null.
    hidden_factors
        Principal components of each tissue that are removed for `correlation_hidden`, to see
        what is left without them; 0: not done.
    n_perms, seed
        Re-pairings and where their generators start; all of them where there are fewer.
    min_cells
        Least cells of a donor in a group.
    layer
        Layer to read instead of X, in both tissues.

    Returns
    -------
    One row per ligand and feature: `source, target` (groups), the interaction's columns,
    `feature, feature_kind` (receptor, signature, gene, analyte), `correlation, n_donors,
    p_correlation` (Student's t, as WGCNA), `pvalue` (re-pairing, two-sided), `fdr` (re-pairing,
    per kind of feature), and per ligand `strength, strength_pvalue, strength_fdr`. ``attrs``:
    ``parameters``, ``notes`` and ``unpaired`` (donors of one tissue only).

    Raises
    ------
    InputError
        Too few donors have both tissues (those that do not are listed), or a column is missing.

    References
    ----------
    Seldin et al. 2018, PMC5935137 (strength); WGCNA's `bicorAndPvalue`.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> muscle, bone = (cx.pp.pseudobulk(tissue, groupby=None) for tissue in (muscle, bone))
    >>> bone.obs["donor"] = muscle.obs["donor"].to_numpy()  # as if the same donors gave both
    >>> table = cx.tl.crosstalk_paired(muscle, bone, n_perms=100)
    >>> int(table["n_donors"].max())
    8
    """
    check_one_of(method, get_args(Method), "method")
    check_number(n_perms, "n_perms", 1, whole=True)
    check_number(hidden_factors, "hidden_factors", 0, whole=True)
    by = groupby if isinstance(groupby, tuple) else (groupby, groupby)
    known, notes = prepare(interactions, route, source, target, interactions_organism)
    options = _Options(
        donor, method, tuple(covariates), tuple(strata), tuple(target_genes), strength,
        hidden_factors, n_perms, seed,
    )  # fmt: skip
    sides = [
        profiles_of(adata, donor, group, min_cells, layer, key)
        for adata, group, key in zip(
            (source, target), by, (source_scores, target_scores), strict=True
        )
    ]
    unpaired = {
        name: sorted(_donors(sides[i]) - _donors(sides[1 - i]))
        for i, name in enumerate(("source", "target"))
    }
    for name, missing in unpaired.items():
        if missing:
            notes.append(
                f"{len(missing)} donors of the {name} have no partner and were left out: "
                f"{', '.join(missing[:20])}{' ...' if len(missing) > 20 else ''}."
            )
    parts = [
        _one(first, second, known, analytes, options, unpaired)
        for first in sides[0]
        for second in sides[1]
    ]
    table = pd.concat([part for part, _ in parts], ignore_index=True)
    order = table["feature_kind"].map(KINDS.index)
    table = table.assign(_kind=order).sort_values(["_kind", *ORDER], ignore_index=True)
    table = table.drop(columns="_kind")
    table.attrs = {
        "parameters": {k: list(v) if isinstance(v, tuple) else v for k, v in vars(options).items()},
        "notes": list(dict.fromkeys(notes + [note for _, said in parts for note in said])),
        "unpaired": unpaired,
    }
    return table


@dataclass(frozen=True)
class _Options:
    donor: str
    method: str
    covariates: tuple[str, ...]
    strata: tuple[str, ...]
    target_genes: tuple[str, ...]
    strength: bool
    hidden_factors: int
    n_perms: int
    seed: int


def _donors(profiles: list[Profiles]) -> set[str]:
    return {name for part in profiles for name in part.samples.obs_names}


def _one(
    first: Profiles, second: Profiles, known: pd.DataFrame, analytes: pd.DataFrame | None,
    options: _Options, unpaired: dict[str, list[str]],
) -> tuple[pd.DataFrame, list[str]]:  # fmt: skip
    """Correlate one group of the source with one group of the target."""
    donors = sorted(set(first.samples.obs_names) & set(second.samples.obs_names))
    obs = [p.samples.obs.reindex(donors) for p in (first, second)]
    adjust = [covariates_of(options.covariates, obs[i], obs[1 - i]) for i in (0, 1)]
    q = max(a.shape[1] for a in adjust)
    if len(donors) < 2 + q + MIN_DF:
        _refuse(first, second, len(donors), unpaired, 2 + q + MIN_DF)
    strata, notes = strata_of(options.strata, obs[0].combine_first(obs[1]))
    null = Null(len(donors), q, options.n_perms, options.seed, strata)
    left, right = (
        Tissue.of(p, donors, options.method, a)
        for p, a in zip((first, second), adjust, strict=True)
    )
    senders, names = left.senders(known["ligand_complex"])
    features, rows = _features(known, names, right, analytes, donors, options, adjust[1])
    i, j = rows.pop("_sender").to_numpy(), rows.pop("_feature").to_numpy()
    table = rows.join(test_pairs(senders, features, i, j, rows["feature_kind"].to_numpy(), null))
    if options.strength:
        genes = right.matrix.take(np.flatnonzero(right.expressed))
        found = strengths(senders, genes, null)
        table = table.join(found.iloc[i].reset_index(drop=True))
    if options.hidden_factors:
        table["correlation_hidden"], note = _without_factors(
            left, right, senders, features, i, j, known, options.hidden_factors
        )
        notes.append(note)
    _, number, exact = null.orders()
    if exact:
        notes.append(f"All {number} other pairings of the {len(donors)} donors were tried.")
    table.insert(0, "source", first.name)
    table.insert(1, "target", second.name)
    return table, notes


def _refuse(
    first: Profiles, second: Profiles, found: int, unpaired: dict[str, list[str]], needed: int
) -> None:
    lists = "; ".join(
        f"only in the {side}: {', '.join(names[:10]) or 'none'}" for side, names in unpaired.items()
    )
    msg = (
        f"{found} donors have both {first.name} and {second.name}; at least {needed} are needed "
        f"(2 + {MIN_DF} + one per covariate). Unpaired donors {lists}. Check that both tables "
        "call the same donor by the same name, or use cx.tl.crosstalk."
    )
    raise InputError(msg)


def _features(
    known: pd.DataFrame, senders: pd.DataFrame, right: Tissue, analytes: pd.DataFrame | None,
    donors: list[str], options: _Options, adjust: Float,
) -> tuple[Matrix, pd.DataFrame]:  # fmt: skip
    """Features of the target, and a row for every sender and feature to be tested."""
    receptors, genes = sorted(set(known["receptor_complex"])), list(options.target_genes)
    if unknown := sorted(set(genes) - set(right.genes)):
        msg = f"target_genes are not in the target: {unknown[:5]}. Genes: {right.genes[:5]} ..."
        raise InputError(msg)
    values = pd.DataFrame(index=donors) if analytes is None else _by_donor(analytes, donors)
    blood = values.to_numpy(float)
    matrix = side_by_side(
        right.matrix.take(right.units(receptors)),
        right.scores,
        Matrix(kernel.standardise(blood, options.method, adjust), ~np.isnan(blood)),
        right.matrix.take(np.array([right.genes.index(g) for g in genes], dtype=np.intp)),
    )
    kinds = dict(zip(KINDS, (receptors, right.score_names, list(values), genes), strict=True))
    feature = pd.DataFrame(
        [(name, kind) for kind, names in kinds.items() for name in names],
        columns=["feature", "feature_kind"],
    )
    rows = known.reset_index(drop=True)
    rows["_sender"] = senders.set_index("ligand_complex").index.get_indexer(rows["ligand_complex"])
    rows["_feature"] = [receptors.index(r) for r in rows["receptor_complex"]]
    others = feature.index[feature["feature_kind"] != "receptor"]
    grid = pd.MultiIndex.from_product([senders.index, others]).to_frame(index=False)
    grid.columns = ["_sender", "_feature"]
    scored = pd.MultiIndex.from_product(
        [senders.index[senders["is_score"]], feature.index[: len(receptors)]]
    ).to_frame(index=False)
    scored.columns = grid.columns
    rows = pd.concat([rows, grid, scored], ignore_index=True)
    texts = [c for c in known.columns if known[c].dtype == object or known[c].dtype == "string"]
    rows[texts] = rows[texts].astype(object).fillna("")
    rows["ligand_complex"] = senders["ligand_complex"].to_numpy()[rows["_sender"]]
    rows["gene_ligand"] = senders["gene_ligand"].to_numpy()[rows["_sender"]]
    factor = known.groupby("ligand_complex")["factor"].first()
    rows["factor"] = (
        rows["ligand_complex"].map(factor).fillna("").where(rows["factor"] == "", rows["factor"])
    )
    for column in feature:
        rows[column] = feature[column].to_numpy()[rows["_feature"]]
    return matrix, rows


def _by_donor(analytes: pd.DataFrame, donors: list[str]) -> pd.DataFrame:
    """Numeric columns of a table with one row per donor, in the order of `donors`."""
    table = analytes.set_axis(analytes.index.astype(str))
    if not table.index.is_unique:
        twice = list(table.index[table.index.duplicated()][:5])
        msg = f"analytes has several rows for donors {twice}. Average them to one row per donor."
        raise InputError(msg)
    if not set(donors) & set(table.index):
        msg = (
            f"No donor of the tissues (e.g. {donors[:3]}) is in the index of analytes "
            f"(e.g. {list(table.index[:3])}). Use the donor column as the index."
        )
        raise InputError(msg)
    return table.reindex(donors).select_dtypes("number").astype(float)


def _without_factors(
    left: Tissue, right: Tissue, senders: Matrix, features: Matrix, i: NDArray, j: NDArray,
    known: pd.DataFrame, k: int,
) -> tuple[Float, str]:  # fmt: skip
    """Correlation of the pairs after the main components of each tissue are removed."""
    named = set(genes_of([*known["ligand_complex"], *known["receptor_complex"]]))
    cleaned = []
    for tissue, matrix in ((left, senders), (right, features)):
        whole = tissue.expressed & tissue.matrix.seen.all(axis=0)
        whole &= ~np.isnan(tissue.matrix.z).any(axis=0)
        whole &= ~np.isin(tissue.genes, list(named))
        factors = np.linalg.svd(tissue.matrix.z[:, whole], full_matrices=False)[0][:, :k]
        values = np.where(matrix.seen, matrix.z, np.nan)
        cleaned.append(Matrix(kernel.standardise(values, "pearson", factors), matrix.seen))
    before, after = correlations(senders, features)[i, j], correlations(*cleaned)[i, j]
    note = (
        f"Without the first {k} components of each tissue the mean |r| is "
        f"{np.nanmean(np.abs(after)):.2f} instead of {np.nanmean(np.abs(before)):.2f}."
    )
    return after, note
