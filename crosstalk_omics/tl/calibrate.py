"""Does the test keep its word on these data: reruns in which nothing, or only noise, is true."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ..core.checks import check_columns, check_one_of
from ..core.errors import InputError
from ..core.names import BATCH, score_key
from ..core.progress import progress
from ..kernels.tails import normal_sf
from . import controls
from .crosstalk.joint import DEFAULT_FDR, Side, joint_fdr
from .crosstalk.knowledge import Interactions, gather
from .crosstalk.magnitude import described
from .crosstalk.run import GroupBy
from .crosstalk.side import NULLS, Options

Float = NDArray[np.float64]
SCENARIOS = (
    "labels", "conditions", "rewired", "decoys", "contact", "swap", "split", "positives", "scores",
)  # fmt: skip
LEVELS = (0.05, 0.01, 0.001)
BARS = {
    "type1_0.05": (0.04, 0.06), "type1_0.001": (0.0, 0.002), "lambda_0.5": (0.9, 1.1),
    "z_mean": (-0.1, 0.1), "z_sd": (0.9, 1.1),
}  # fmt: skip
SCORED = ("ucell", "zscore")
N_SETS, SET_SIZE, N_SCORED = 40, 30, 200  # random signatures, their genes, observations scored
COLUMNS = ["scenario", "side", "measure", "value", "se", "n", "low", "high", "within"]
SEEN = 0.01  # share of samples that show a gene
EXPECTED = 5  # cells of a group that show a gene
MEDIAN_CHI2 = 0.4549364231195724  # of one degree of freedom


class Calibration(NamedTuple):
    """`qq`: quantiles to draw; `summary`: one measure per row with the bar that it should meet."""

    qq: pd.DataFrame
    summary: pd.DataFrame


def calibrate(
    source: AnnData,
    target: AnnData,
    *,
    groupby: GroupBy = "cell_type",
    donor: str = "donor",
    interactions: Interactions = None,
    route: str | None = "endocrine",
    null: str = "auto",
    scenarios: Sequence[str] = ("labels", "rewired", "decoys", "positives"),
    unrelated: AnnData | None = None,
    condition: str | None = None,
    reference: str | None = None,
    n_repeats: int = 20,
    level: float = 0.1,
    seed: int = 0,
    min_prop: float = 0.1,
    min_cells: int = 10,
) -> Calibration:
    """Rerun the inference where the answer is known, and say what came out.

    Parameters
    ----------
    source, target, groupby, donor, interactions, route, null, min_prop, min_cells
        As in `cx.tl.crosstalk`.
    scenarios
        What to rerun. ``"labels"``: groups shuffled within donor and batch, so that nothing is
        specific, in the tissues that are tested for their groups. ``"conditions"``: conditions
        shuffled over donors (needs `condition`, `reference`). ``"rewired"``: the same ligands
        and receptors, paired at random with the same degrees. ``"decoys"``: ligands replaced by
        genes that the table does not name, equally expressed. ``"contact"``: juxtacrine pairs
        of the table, whatever `route` is. Both are counted where their p is called in the
        study. ``"swap"``: the source replaced by `unrelated`. ``"split"``: two halves of the
        donors of each tissue that has some. ``"positives"``: ranks of known axes.
        ``"scores"``: random signatures, of which z of ``cx.tl.score(null="matched")`` should be
        standard normal.
    unrelated
        A tissue that should not send what the source sends.
    condition, reference
        Column of obs of the source, and its reference value.
    n_repeats, seed
        Repeats of each shuffle; each has a generator of its own.
    level
        FDR at which calls are counted.

    Returns
    -------
    `Calibration`. `qq`: scenario, expected, observed, low, high (band of independent tests).
    `summary`: scenario, side (ligand, receptor, pair), measure, value, its standard error over
    repeats, n (tests or repeats; of ``"labels"`` only p-values that few positive cells do not
    make coarse), the bar (low, high) and whether the value is `within` 2
    standard errors of it.

    Raises
    ------
    InputError
        An unknown scenario, one that lacks its data, or whatever `cx.tl.crosstalk` raises.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> found = cx.tl.calibrate(muscle, bone, scenarios=["labels"], n_repeats=2)
    >>> found.summary["side"].unique().tolist()
    ['ligand', 'receptor', 'pair']
    """
    for name in scenarios:
        check_one_of(name, SCENARIOS, "scenario")
    check_one_of(null, NULLS, "null")
    groups = groupby if isinstance(groupby, tuple) else (groupby, groupby)
    options = Options(donor=donor, null=null, seed=seed, min_prop=min_prop, min_cells=min_cells)
    known = gather(interactions, route, source, target)
    study = controls.Study(source, target, groups, known, options, level, n_repeats, seed)
    _check_needs(study, scenarios, interactions, unrelated, condition, reference)
    pvalues: dict[tuple[str, str], Float] = {}
    rows: list[dict] = []
    for name in progress(scenarios, "calibrating"):
        if name == "labels":
            rows += _labels(study, pvalues)
        elif name == "conditions":
            rows += _conditions(study, condition, reference, interactions, route, pvalues)
        elif name == "scores":
            rows += _scores(study, pvalues)
        elif name == "swap":
            rows += controls.swap(study, unrelated)
        elif name == "contact":
            rows += controls.contact(study, interactions)
        elif name == "decoys":
            rows += controls.decoys(study, interactions)
        else:
            rows += controls.CONTROLS[name](study)
    qq = [_quantiles(f"{scenario}, {side_}", p) for (scenario, side_), p in pvalues.items()]
    summary = pd.DataFrame([_judged(row) for row in rows], columns=COLUMNS)
    empty = pd.DataFrame(columns=["scenario", "expected", "observed", "low", "high"])
    return Calibration(pd.concat(qq, ignore_index=True) if qq else empty, summary)


def _check_needs(
    study: controls.Study,
    scenarios: Sequence[str],
    interactions: Interactions,
    unrelated: AnnData | None,
    condition: str | None,
    reference: str | None,
) -> None:
    """Refuse scenarios that lack their data before any is run."""
    if "swap" in scenarios and unrelated is None:
        msg = "The scenario 'swap' needs `unrelated`, a tissue that should not send these ligands."
        raise InputError(msg)
    if "conditions" in scenarios and (condition is None or reference is None):
        msg = "The scenario 'conditions' needs `condition` and `reference`: a column and a value."
        raise InputError(msg)
    if "split" in scenarios:
        controls.donors_of(study)
    if "contact" in scenarios:
        controls.contact_pairs(study, interactions)
    if "labels" in scenarios:
        _shuffled_sides(study)


def _shuffled_sides(study: controls.Study) -> list[int]:
    """Sides whose groups can be shuffled: those that are tested for specificity."""
    found = [
        i for i, one in enumerate(study.sides) if one.kind == "specificity" and one.unit != "none"
    ]
    if not found:
        names = " nor ".join(one.name for one in study.sides)
        msg = (
            f"The scenario 'labels' shuffles groups of cells or samples; neither {names} is tested "
            "for its groups. Use 'conditions', 'rewired', 'decoys', 'split' or 'positives'."
        )
        raise InputError(msg)
    return found


def _judged(row: dict) -> dict:
    """Add the bar of a measure and whether the value meets it within 2 standard errors.

    The standard error of a share is at least that of as many independent tests.
    """
    low, high = row.get("bar") or BARS.get(row["measure"], (np.nan, np.nan))
    slack = 2 * np.nan_to_num(row["se"])
    if row["measure"].startswith("type1") and row["n"]:
        edge = np.clip(row["value"], low, high)
        slack = np.fmax(slack, 2 * np.sqrt(edge * (1 - edge) / row["n"]))
    judged = np.isfinite([low, high]).all() and np.isfinite(row["value"])
    within = bool(low - slack <= row["value"] <= high + slack) if judged else None
    return {**row, "low": low, "high": high, "within": within}


def shuffled_labels(adata: AnnData, groupby: str, donor: str, rng: np.random.Generator) -> AnnData:
    """Copy of the table of observations with groups shuffled within donor and batch."""
    check_columns(adata.obs, [groupby], "obs")
    strata = [c for c in (donor, BATCH) if c in adata.obs and adata.obs[c].notna().any()]
    labels = adata.obs[groupby].astype(object).to_numpy().copy()
    if strata:
        parts = adata.obs.groupby(strata, observed=True, dropna=False).indices.values()
    else:
        parts = [np.arange(adata.n_obs)]
    for rows in parts:
        labels[rows] = labels[rng.permutation(rows)]
    obs = adata.obs.assign(**{groupby: labels})
    return AnnData(adata.X, obs=obs, var=adata.var, uns=adata.uns)


def _labels(study: controls.Study, pvalues: dict[tuple[str, str], Float]) -> list[dict]:
    """Type-I errors of the sides that have groups, and of the pair, where no group differs."""
    rates: dict[tuple[str, str], list[float]] = {}
    collected: dict[str, list[Float]] = {}
    shuffled, calls = _shuffled_sides(study), []
    for rng in study.generators():
        found, sides = {}, {}
        for i in shuffled:
            new = shuffled_labels(study.tissues[i], study.groups[i], study.options.donor, rng)
            sides[i] = study.side(i, new)
            found[controls.SIDES[i]] = _fine(sides[i], new, study.groups[i])
        if len(sides) == 2:
            left, right = study.pvalues(sides[0], sides[1])
            found["pair"] = np.maximum(left, right)
            fdr = joint_fdr(left, right, DEFAULT_FDR)
            calls.append(float(np.nansum(fdr <= study.level) > 0))
        for name, p in found.items():
            p = p[~np.isnan(p)]
            collected.setdefault(name, []).append(p)
            for key, value in _measures(p).items():
                rates.setdefault((name, key), []).append(value)
    rows = []
    for (name, key), values in rates.items():
        if name != "pair" or key.startswith("type1"):
            n = sum(len(p) for p in collected[name])
            bar = (0.0, float(key.split("_")[1])) if name == "pair" else None
            rows.append(controls.record("labels", name, key, values, n=n, bar=bar))
    if calls:
        bar = (0.0, study.level)
        rows.append(controls.record("labels", "pair", "runs_with_a_call", calls, bar=bar))
    for i in shuffled:
        name = controls.SIDES[i]
        pvalues["labels", name] = np.concatenate(collected[name])
    return rows


def _fine(one: Side, adata: AnnData, groupby: str) -> Float:
    """P-values that are fine enough to be judged.

    Of cells: where 5 of a group (of each of its donors, if these are the unit) are expected to
    show the gene; few positive cells allow few values of p, most of them 1. Of samples: where
    1 % show it.
    """
    share = np.nanmean(one.prop, axis=0)
    fine = np.broadcast_to(share >= SEEN, one.pvalue.shape)
    if described(adata, "modality", "single_cell") == "single_cell":
        size = adata.obs[groupby].astype(str).value_counts().reindex(one.groups).to_numpy(float)
        per = size / np.maximum(one.n_donors, 1) if one.unit == "donor" else size
        fine = per[:, None] * share >= EXPECTED
    return one.pvalue[fine]


def _measures(p: Float) -> dict[str, float]:
    """Type-I errors, inflation factor at the median and distance from uniform."""
    from scipy.stats import chi2

    if not len(p):
        return dict.fromkeys([*(f"type1_{a}" for a in LEVELS), "lambda_0.5", "ks"], np.nan)
    out = {f"type1_{a}": float(np.mean(p <= a)) for a in LEVELS}
    out["lambda_0.5"] = float(chi2.isf(np.median(p), 1) / MEDIAN_CHI2)
    ordered = np.sort(p)
    steps = np.arange(1, len(p) + 1) / max(len(p), 1)
    out["ks"] = float(np.max(np.abs(steps - ordered), initial=0.0))
    return out


def _conditions(
    study: controls.Study,
    condition: str,
    reference: str,
    interactions: Interactions,
    route: str | None,
    pvalues: dict[tuple[str, str], Float],
) -> list[dict]:
    """Type-I error of the contrast of ligands, conditions shuffled over donors."""
    from .crosstalk.contrast import crosstalk_contrast

    source, rates, everything = study.tissues[0], [], []
    for rng in study.generators():
        table = crosstalk_contrast(
            swapped_conditions(source, condition, study.options.donor, rng),
            study.tissues[1],
            condition=condition,
            reference=reference,
            donor=study.options.donor,
            groupby=study.groups,
            interactions=interactions,
            route=route,
        )
        p = table.drop_duplicates(["source", "ligand_complex", "contrast"])["p_ligand"].dropna()
        everything.append(p.to_numpy())
        rates.append(_measures(p.to_numpy()))
    pvalues["conditions", "ligand"] = np.concatenate(everything)
    n = len(pvalues["conditions", "ligand"])
    return [
        controls.record("conditions", "ligand", key, [r[key] for r in rates], n=n)
        for key in rates[0]
    ]


def _scores(study: controls.Study, pvalues: dict[tuple[str, str], Float]) -> list[dict]:
    """Mean and deviation of the matched z of random signatures, in both tissues."""
    from ..pp.normalise import lognormalise
    from .score import score

    found: dict[str, list[dict[str, float]]] = {}
    for tissue, side_ in zip(study.tissues, ("source", "target"), strict=True):
        for rng in study.generators():
            rows = np.sort(rng.permutation(tissue.n_obs)[:N_SCORED])
            part = lognormalise(tissue[rows].copy())
            seen = np.asarray((part.X > 0).sum(axis=0)).ravel() > 0
            genes = [
                rng.choice(part.var_names[seen], SET_SIZE, replace=False) for _ in range(N_SETS)
            ]
            net = pd.DataFrame({"source": np.repeat(np.arange(N_SETS), SET_SIZE).astype(str),
                                "target": np.concatenate(genes)})  # fmt: skip
            score(part, net, list(SCORED), null="matched", seed=study.seed)
            for method in SCORED:
                z = part.obsm[score_key(f"{method}_z")].to_numpy()
                z = z[np.isfinite(z)]
                p = 2 * normal_sf(np.abs(z))
                name = f"{side_} {method}"
                found.setdefault(name, []).append(
                    {"z_mean": z.mean(), "z_sd": z.std(), "type1_0.05": (p <= 0.05).mean()}
                )
                pvalues["scores", name] = np.append(pvalues.get(("scores", name), []), p)
    return [
        controls.record(
            "scores", name, key, [v[key] for v in values], n=len(pvalues["scores", name])
        )
        for name, values in found.items()
        for key in values[0]
    ]


def swapped_conditions(
    adata: AnnData, condition: str, donor: str, rng: np.random.Generator
) -> AnnData:
    """Copy of the table of observations with conditions shuffled.

    A donor with one condition trades it with other donors of its batch; one with several has
    them shuffled within itself, whole samples at a time.
    """
    check_columns(adata.obs, [condition, donor], "obs")
    labels = adata.obs[condition].astype(object).copy()
    several = labels.groupby(adata.obs[donor], observed=True).transform("nunique") > 1
    if several.any():
        for _, rows in adata.obs[several].groupby(donor, observed=True).indices.items():
            at = np.flatnonzero(several)[rows]
            values = list(dict.fromkeys(labels.iloc[at]))
            swap = dict(zip(values, rng.permutation(values), strict=True))
            labels.iloc[at] = [swap[v] for v in labels.iloc[at]]
    single = adata.obs[~several].assign(**{condition: labels[~several]})
    keys = [donor, BATCH] if BATCH in adata.obs else [donor]
    owners = single.drop_duplicates(donor)[[*keys, condition]]
    parts = owners.groupby(BATCH, observed=True) if BATCH in keys else [("", owners)]
    for _, part in parts:
        trade = dict(zip(part[donor], rng.permutation(part[condition].to_numpy()), strict=True))
        mine = ~several & adata.obs[donor].isin(list(trade))
        labels[mine] = adata.obs.loc[mine, donor].astype(object).map(trade)
    obs = adata.obs.assign(**{condition: pd.Categorical(labels)})
    return AnnData(adata.X, obs=obs, var=adata.var, uns=adata.uns)


def _quantiles(name: str, p: Float, n_points: int = 60) -> pd.DataFrame:
    """Quantiles of `p` at log-spaced expected values, with a 95 % band of independent tests."""
    from scipy.stats import beta

    n = len(p)
    ranks = np.unique(np.geomspace(1, max(n, 1), n_points).astype(int))
    return pd.DataFrame(
        {
            "scenario": name,
            "expected": ranks / (n + 1),
            "observed": np.sort(p)[ranks - 1] if n else np.nan,
            "low": beta.ppf(0.025, ranks, n + 1 - ranks),
            "high": beta.ppf(0.975, ranks, n + 1 - ranks),
        }
    )
