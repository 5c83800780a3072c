"""Scores and a design become effects; the donor is the replicate."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from ..core.checks import check_columns, check_number, check_one_of, nearest
from ..core.errors import InputError
from ..core.names import DONOR, UNS, score_key
from ..kernels.linear import least_squares, moderated_t
from ..kernels.multiple import bh
from ..kernels.tails import t_quantile, t_sf

MIN_DONORS = 3
TESTS = ("moderated_t", "t", "mixed")
FAMILIES = ("contrast", "group", "all")
ONE_SAMPLE_EACH = ("bulk_rna", "microarray", "proteome")
COLUMNS = (
    "signature", "group", "contrast", "estimate", "ci_low", "ci_high", "pvalue", "padj",
    "n_donors", "method", "reference", "unit", "se", "n_test", "n_reference", "note",
)  # fmt: skip


def compare_scores(
    adata: AnnData,
    key: str,
    *,
    condition: str,
    reference: str,
    donor: str | None = None,
    groupby: str | None = None,
    covariates: Sequence[str] | None = None,
    paired: bool | None = None,
    test: str = "moderated_t",
    unit: str = "donor",
    min_observations: int | None = None,
    family: str = "contrast",
    level: float = 0.95,
) -> pd.DataFrame:
    """Test whether signatures differ between conditions, with donors as replicates.

    Scores are averaged per donor, condition and group; a linear model is fitted to these means
    in each group, and its residual variances are squeezed over the signatures (limma). Donors
    seen under several conditions enter as blocks, so that each is its own control.

    Parameters
    ----------
    adata
        Scored data, see `cx.tl.score`.
    key
        Key in `obsm`, e.g. "score_ucell", or the method's name.
    condition, reference
        Column of `obs`, and the level with which every other level is compared.
    donor
        Column with the biological replicate. `None` takes "donor" where the data have it; bulk
        samples without one are their own donors.
    groupby
        Column with groups tested separately, such as cell types.
    covariates
        Columns that are constant within a donor and condition (sex, age, batch).
    paired
        Whether donors are blocks; `None`: yes where donors occur under several conditions.
    test
        "moderated_t"; "t" without squeezing; "mixed", a random intercept per donor (REML),
        for repeated measures of which some are missing.
    unit
        "donor", or "observation" to test single observations. For cells that is exploratory:
        cells of one donor are no replicates, and the result says so.
    min_observations
        Donors with fewer observations in a group and condition are left out of it; `None`: 10
        for single cells, else 1.
    family
        Over what the false discovery rate is controlled (Benjamini-Hochberg): all signatures and
        groups of a "contrast", the signatures of a "group" in a contrast, or "all" rows.
    level
        Confidence level of the intervals.

    Returns
    -------
    One row per contrast, group and signature: `signature, group, contrast, estimate` (difference
    in score units), `ci_low, ci_high, pvalue, padj, n_donors, method, reference, unit, se,
    n_test, n_reference, note`. Below 3 donors per condition (or 3 pairs) p-values are NaN.
    `.attrs["notes"]` has the notes once.

    Raises
    ------
    InputError
        A column or level is missing, donors are missing, the data have no replicates, or a
        covariate varies within a donor and condition.

    References
    ----------
    Smyth 2004, doi:10.2202/1544-6115.1027 (moderated t).

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> cx.tl.score(muscle, cx.signatures.load("myokine"), "ucell")
    >>> tests = cx.tl.compare_scores(
    ...     muscle, "ucell", condition="condition", reference="control", groupby="cell_type"
    ... )
    >>> tests[["unit", "method"]].iloc[0].tolist()
    ['donor', 'moderated_t, donors as replicates']
    """
    check_one_of(test, TESTS, "test")
    check_one_of(family, FAMILIES, "family")
    check_one_of(unit, ("donor", "observation"), "unit")
    check_number(level, "level", 0, 1)
    key, scores = _scores(adata, key)
    covariates = list(covariates or [])
    about = adata.uns.get(UNS, {})
    obs = _design_columns(adata, condition, reference, donor, groupby, covariates, unit)
    if min_observations is None:
        min_observations = 10 if unit == "donor" and about.get("modality") == "single_cell" else 1
    units = _units(obs, scores, covariates, min_observations, condition)
    levels = [c for c in sorted(units["condition"].unique()) if c != reference]
    tables = [
        _test_group(part[part["condition"].isin([c, reference])], scores.columns, c, reference,
                    group, covariates, paired, test, level)
        for c in levels
        for group, part in units.groupby("group", sort=True)
    ]  # fmt: skip
    table = pd.concat(tables, ignore_index=True)
    exploratory = unit == "observation" and about.get("modality") not in ONE_SAMPLE_EACH
    table["unit"] = "exploratory (observation)" if exploratory else unit
    if exploratory:
        table["note"] = _join(
            "exploratory: observations of one donor are not replicates, so p-values are too small",
            table["note"],
        )
    table["padj"] = _adjust(table, family)
    table = table[list(COLUMNS)]
    notes = [n for n in dict.fromkeys(table["note"]) if n]
    table.attrs = {"notes": notes, "parameters": {"key": key, "condition": condition,
                   "reference": reference, "test": test, "unit": unit, "family": family,
                   "paired": paired, "covariates": covariates, "level": level,
                   "min_observations": min_observations}}  # fmt: skip
    return table


def _join(first: str, then: pd.Series) -> pd.Series:
    return then.map(lambda note: f"{first}; {note}" if note else first)


def _scores(adata: AnnData, key: str) -> tuple[str, pd.DataFrame]:
    """The frame of scores under `key`, or under the key of a method of that name."""
    for name in (key, score_key(key)):
        if name in adata.obsm and isinstance(adata.obsm[name], pd.DataFrame):
            return name, adata.obsm[name].astype(float)
    have = [k for k in adata.obsm if isinstance(adata.obsm[k], pd.DataFrame)]
    msg = (
        f"adata.obsm has no scores {key!r}. {nearest(key, have)}It has: {have}. Run `cx.tl.score`."
    )
    raise InputError(msg)


def _design_columns(
    adata: AnnData,
    condition: str,
    reference: str,
    donor: str | None,
    groupby: str | None,
    covariates: list[str],
    unit: str,
) -> pd.DataFrame:
    """Condition, donor, group and covariates under fixed names; rows without them dropped."""
    wanted = [c for c in (condition, donor, groupby, *covariates) if c is not None]
    check_columns(adata.obs, wanted, "adata.obs")
    obs = pd.DataFrame({c: adata.obs[c] for c in covariates}, index=adata.obs_names)
    obs = obs.rename(columns={c: f"covariate_{c}" for c in covariates})
    obs["condition"] = adata.obs[condition].astype("string")
    obs["group"] = "all" if groupby is None else adata.obs[groupby].astype("string")
    obs["donor"] = _donors(adata, donor, unit)
    if reference not in set(obs["condition"].dropna()):
        have = sorted(obs["condition"].dropna().unique())
        msg = f"reference {reference!r} is not in obs[{condition!r}]. {nearest(reference, have)}"
        raise InputError(f"{msg}Levels: {have}.")
    if obs["condition"].nunique() < 2:
        msg = f"obs[{condition!r}] has only {reference!r}: there is nothing to compare it with."
        raise InputError(msg)
    return obs.reset_index(drop=True)


def _donors(adata: AnnData, donor: str | None, unit: str) -> Any:
    """The replicate of every observation, or an error that says why there is none."""
    about = adata.uns.get(UNS, {})
    if about.get("modality") == "celltype_means" or about.get("replicates") == "none":
        msg = (
            "These data are one value per group without replicates: conditions cannot be tested. "
            "Compare ranks or means by eye, or use data with donors."
        )
        raise InputError(msg)
    if unit == "observation":
        return adata.obs_names.astype("string")
    if donor is None and DONOR in adata.obs and adata.obs[DONOR].notna().any():
        donor = DONOR
    if donor is not None:
        return adata.obs[donor].astype("string")
    if about.get("modality") in ONE_SAMPLE_EACH:
        return adata.obs_names.astype("string")
    msg = (
        "Which observations come from which donor is not known: testing them as replicates would "
        "make p-values far too small. Name the column with donor=, or give unit='observation' if "
        "each observation is a sample of its own (for cells the result is then exploratory)."
    )
    raise InputError(msg)


def _units(
    obs: pd.DataFrame, scores: pd.DataFrame, covariates: list[str], least: int, condition: str
) -> pd.DataFrame:
    """Mean score per donor, condition and group, with the covariates."""
    by = ["group", "donor", "condition"]
    names = [f"covariate_{c}" for c in covariates]
    grouped = obs.groupby(by, observed=True, sort=True)
    if names:
        varied = grouped[names].nunique().gt(1).any()
        if varied.any():
            name = varied.idxmax().removeprefix("covariate_")
            msg = (
                f"Covariate {name!r} varies within a donor and level of {condition!r}, where "
                "scores are averaged. Use one that is constant there, or a finer donor column."
            )
            raise InputError(msg)
    values = scores.reset_index(drop=True).set_axis(
        [f"score_{i}" for i in range(scores.shape[1])], axis=1
    )
    units = pd.concat([obs, values], axis=1).groupby(by, observed=True, sort=True)
    means = units[list(values.columns)].mean()
    means["n_observations"] = units.size()
    if names:
        means = means.join(grouped[names].first())
    means = means[means["n_observations"] >= least].dropna(subset=names).reset_index()
    if means.empty:
        msg = f"No donor has {least} observations in a group. Lower min_observations."
        raise InputError(msg)
    return means


def _blocks(units: pd.DataFrame, paired: bool | None, group: str) -> tuple[pd.DataFrame, bool]:
    """Decide whether donors are blocks; with blocks only donors with both conditions count."""
    seen = units.groupby("donor", observed=True)["condition"].transform("nunique")
    if paired is None:
        paired = bool((seen > 1).mean() >= 0.5)
    if not paired:
        return units, False
    both = units[seen > 1]
    if both.empty:
        msg = (
            f"paired=True, but no donor of group {group!r} has both conditions. Give the column "
            "that names the same subject in both, or paired=False."
        )
        raise InputError(msg)
    return both, True


def _test_group(
    units: pd.DataFrame,
    signatures: pd.Index,
    level: str,
    reference: str,
    group: str,
    covariates: list[str],
    paired: bool | None,
    test: str,
    confidence: float,
) -> pd.DataFrame:
    """Effects of one contrast in one group, one row per signature."""
    table = pd.DataFrame({"signature": list(signatures), "group": group})
    table["contrast"], table["reference"] = f"{level} vs {reference}", reference
    total = len(units)
    if test != "mixed" and units["condition"].nunique() == 2:
        units, blocked = _blocks(units, paired, group)
    else:
        blocked = False
    y = units.filter(regex=r"^score_\d+$").to_numpy(float)
    n_test = int((units["condition"] == level).sum())
    n_reference = len(units) - n_test
    table["n_donors"] = units["donor"].nunique()
    table["n_test"], table["n_reference"] = n_test, n_reference
    table["method"] = f"{test}, {'paired by donor' if blocked else 'donors as replicates'}"
    notes = [f"{total - len(units)} unpaired values left out"] if total > len(units) else []
    repeated = len(units) - units["donor"].nunique()
    if repeated and not blocked and test != "mixed":
        notes.append(f"{repeated} donors have both conditions but count as independent")
    if test == "mixed":
        table["method"] = "mixed model, random intercept per donor"
    if min(n_test, n_reference) == 0:
        empty = ["estimate", "se", "ci_low", "ci_high", "pvalue"]
        table[empty] = np.nan
        table["note"] = "; ".join([*notes, "one of the conditions has no donor here"])
        return table
    fit = _mixed if test == "mixed" else _linear
    design = _design(units, level, covariates, blocked)
    estimate, se, df, pvalue = fit(y, design, units["donor"].to_numpy(), test)
    if min(n_test, n_reference) < MIN_DONORS:
        notes.append(f"fewer than {MIN_DONORS} donors per condition: estimates without p-values")
        pvalue, se = np.full(len(estimate), np.nan), np.full(len(estimate), np.nan)
    width = t_quantile(0.5 + confidence / 2, df) * se
    table["estimate"], table["se"], table["pvalue"] = estimate, se, pvalue
    table["ci_low"], table["ci_high"] = estimate - width, estimate + width
    table["note"] = "; ".join(notes)
    return table


def _design(units: pd.DataFrame, level: str, covariates: list[str], blocked: bool) -> np.ndarray:
    """Model matrix: condition first, then intercept, covariates, blocks."""
    columns = [(units["condition"] == level).to_numpy(float), np.ones(len(units))]
    for name in covariates:
        values = units[f"covariate_{name}"]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns.append(values.to_numpy(float) - values.mean())
        else:
            columns.extend(pd.get_dummies(values.astype(str), drop_first=True).to_numpy(float).T)
    if blocked:
        blocks = pd.get_dummies(units["donor"].astype(str), drop_first=True)
        columns.extend(blocks.to_numpy(float).T)
    return np.column_stack(columns)


def _linear(
    y: np.ndarray, design: np.ndarray, donors: np.ndarray, test: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Estimate, standard error, degrees of freedom and p of the first coefficient."""
    contrast = np.zeros(design.shape[1])
    contrast[0] = 1
    fit = least_squares(y, design)
    if test == "moderated_t":
        found = moderated_t(fit, contrast)
        return found.estimate, found.se, found.df, found.pvalue
    with np.errstate(invalid="ignore", divide="ignore"):
        se = np.sqrt(fit.sigma2 * fit.cov_unscaled[..., 0, 0])
        t = fit.coef[0] / se
    return fit.coef[0], se, fit.df, 2 * t_sf(np.abs(t), fit.df)


def _mixed(
    y: np.ndarray, design: np.ndarray, donors: np.ndarray, test: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The same from a random intercept per donor; t with between-within degrees of freedom."""
    import warnings

    from statsmodels.regression.mixed_linear_model import MixedLM

    repeated = len(donors) > len(np.unique(donors))
    if not repeated:
        return _linear(y, design, donors, "t")
    out = np.full((4, y.shape[1]), np.nan)
    for j in range(y.shape[1]):
        ok = np.isfinite(y[:, j])
        here = donors[ok]
        within = len(here) - len(np.unique(here)) - 1
        if within < 1 or np.ptp(y[ok, j]) == 0:
            continue
        scale = y[ok, j].std()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fit = MixedLM(y[ok, j] / scale, design[ok], groups=here).fit(reml=True)
        estimate, se = fit.fe_params[0] * scale, fit.bse_fe[0] * scale
        out[:, j] = estimate, se, within, 2 * t_sf(abs(estimate / se), within)
    return out[0], out[1], out[2], out[3]


def _adjust(table: pd.DataFrame, family: str) -> pd.Series:
    """Benjamini-Hochberg within each family."""
    by = {"contrast": ["contrast"], "group": ["contrast", "group"], "all": ["reference"]}[family]
    return table.groupby(by, sort=False)["pvalue"].transform(lambda p: bh(p.to_numpy()))
