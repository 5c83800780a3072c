"""What holds across studies: random effects per key, then both sides joined."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.checks import check_columns, check_one_of
from ..core.errors import InputError
from ..kernels.meta import Pooled, pool, robust_ranks, stouffer
from ..kernels.multiple import bh
from ..kernels.tails import chi2_sf, normal_isf, normal_sf

Method = Literal["reml", "dl", "pm", "fixed", "stouffer", "rra"]
Float = NDArray[np.float64]
Studies = Mapping[Any, pd.DataFrame] | Sequence[pd.DataFrame]


def meta(
    tables: Studies,
    *,
    on: str | Sequence[str] = "gene",
    effect: str = "logfc",
    se: str = "se",
    pvalue: str = "pvalue",
    method: Method = "reml",
    truncated: bool = False,
    min_studies: int = 2,
) -> pd.DataFrame:
    """Combine result tables of several studies, key by key.

    Parameters
    ----------
    tables
        Name to result table of a study (`cx.tl.contrast_genes`, `cx.tl.compare_scores`, ...),
        or a list of them; a key stands once in a table.
    on
        Columns that name what is compared, for example ``"gene"`` or ``["signature"]``.
    effect, se
        Columns with the effect, in one unit in all studies, and its standard error. Without
        the latter it is taken from `ci_low` and `ci_high`.
    pvalue
        Column with the two-sided p-value, for ``"stouffer"`` and ``"rra"``.
    method
        Random effects by ``"reml"`` (restricted maximum likelihood), ``"dl"``
        (DerSimonian-Laird) or ``"pm"`` (Paule-Mandel), with Knapp-Hartung's test from 3 studies
        on and a fixed effect for 2; ``"fixed"``; ``"stouffer"`` (signed p-values);
        ``"rra"`` (robust rank aggregation of the p-values, whatever the platform).
    truncated
        Do not let Knapp-Hartung's variance fall below what the studies' own errors give. Without
        it the test is exact on average, but three studies that agree by chance look exact too;
        with it p-values are far too large where studies do not differ.
    min_studies
        Keys in fewer studies get an estimate and no p-value.

    Returns
    -------
    One row per key: `n_studies, studies, sign_agreement` (share of studies with the pooled
    sign), `pvalue, padj` (Benjamini-Hochberg over keys), and for effects `estimate, se, ci_low,
    ci_high, pi_low, pi_high` (interval for a further study), `tau2, i2` (percent), `q_pvalue`
    and what remains without one study: `loo_low, loo_high` (range of estimates),
    `loo_pvalue` (largest p) and `loo_study` (the study without which it is so).

    Raises
    ------
    InputError
        A column is missing, a key repeats within a study, or there is only one study.

    References
    ----------
    metafor's `rma` (3.8) with ``test="knha"``; Kolde et al. 2012 (RobustRankAggreg 1.2.1).

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> import pandas as pd
    >>> first = pd.DataFrame({"gene": ["IGF1"], "logfc": [1.0], "se": [0.3]})
    >>> second = pd.DataFrame({"gene": ["IGF1"], "logfc": [0.6], "se": [0.4]})
    >>> pooled = cx.tl.meta({"first": first, "second": second})
    >>> pooled["estimate"].round(2).tolist()
    [0.86]
    """
    check_one_of(method, get_args(Method), "method")
    studies = named(tables)
    keys = [on] if isinstance(on, str) else list(on)
    needed = [effect] if method not in ("stouffer", "rra") else [pvalue]
    frames = {n: _keyed(t, keys, needed, n) for n, t in studies.items()}
    index = pd.concat([f.iloc[:, :0] for f in frames.values()]).index.unique().sort_values()
    y = _wide(frames, index, effect)
    if method in ("stouffer", "rra"):
        p = _wide(frames, index, pvalue)
        out, seen = _by_p(p, y, method), ~np.isnan(p)
    else:
        v = np.square(_errors(frames, index, se))
        y = np.where(np.isnan(v), np.nan, y)
        out, seen = _by_effect(y, v, method, list(frames), truncated), ~np.isnan(y)
    sign = np.sign(out["estimate"].to_numpy()) if "estimate" in out else np.sign(_mean(y))
    agree = np.where(np.isnan(y), 0, np.sign(y) == sign[:, None]).sum(axis=1)
    names = np.array(list(frames), dtype=object)
    out.insert(0, "n_studies", seen.sum(axis=1))
    out.insert(1, "studies", ["; ".join(names[row]) for row in seen])
    out.insert(2, "sign_agreement", agree / np.maximum((~np.isnan(y)).sum(axis=1), 1))
    out.loc[out["n_studies"] < min_studies, ["pvalue"]] = np.nan
    out["padj"] = bh(out["pvalue"])
    out = out.set_index(index).reset_index()
    out = out.sort_values(["pvalue", *keys], ignore_index=True)
    out.attrs = {"parameters": {"method": method, "on": keys, "studies": list(frames)}}
    return out


def meta_studies(
    tables: Studies,
    key: Mapping[str, str],
    *,
    effect: str = "logfc",
    se: str = "se",
) -> pd.DataFrame:
    """Effect of one key in every study, for a forest plot.

    Parameters
    ----------
    tables
        As in `meta`.
    key
        Column to value, for example ``{"gene": "MSTN"}``.
    effect, se
        As in `meta`.

    Returns
    -------
    One row per study with the key: `study, estimate, se, ci_low, ci_high` (95 %, normal),
    `weight` (inverse variance, sum 1).

    Raises
    ------
    InputError
        No study has the key.
    """
    keys, rows = list(key), []
    for name, table in named(tables).items():
        frame = _keyed(table, keys, [effect], name)
        at = tuple(key.values()) if len(keys) > 1 else key[keys[0]]
        if at in frame.index:
            error = _errors({name: frame.loc[[at]]}, frame.loc[[at]].index, se)[0, 0]
            rows.append((name, float(frame.loc[at, effect]), error))
    if not rows:
        msg = f"No study has {dict(key)}. Studies: {', '.join(named(tables))}."
        raise InputError(msg)
    out = pd.DataFrame(rows, columns=["study", "estimate", "se"])
    half = normal_isf(0.025) * out["se"]
    weight = 1 / np.square(out["se"])
    return out.assign(
        ci_low=out["estimate"] - half, ci_high=out["estimate"] + half, weight=weight / weight.sum()
    )


def named(tables: Studies) -> dict[str, pd.DataFrame]:
    """Studies by name; a list is numbered. At least two."""
    if isinstance(tables, Mapping):
        studies = {str(k): v for k, v in tables.items()}
    else:
        studies = {f"study{i + 1}": t for i, t in enumerate(tables)}
    if len(studies) < 2:
        msg = f"A meta-analysis needs at least two studies; {len(studies)} was given."
        raise InputError(msg)
    return studies


def _keyed(table: pd.DataFrame, keys: list[str], needed: list[str], name: str) -> pd.DataFrame:
    check_columns(table, [*keys, *needed], f"The table of {name}")
    frame = table.set_index(keys)
    if not frame.index.is_unique:
        twice = frame.index[frame.index.duplicated()][0]
        more = [c for c in ("contrast", "group", "source", "target", "method") if c in table]
        msg = (
            f"{twice!r} stands several times in the table of {name}. Keep one contrast and group, "
            f"or name more columns in `on`{' (' + ', '.join(more) + ')' if more else ''}."
        )
        raise InputError(msg)
    return frame


def _wide(frames: Mapping[str, pd.DataFrame], index: pd.Index, column: str) -> Float:
    """(n_keys, n_studies); NaN where a study lacks the key or the column."""
    missing = pd.Series(np.nan, index=index)
    parts = [f[column].reindex(index) if column in f else missing for f in frames.values()]
    return np.column_stack([p.to_numpy(float) for p in parts])


def _errors(frames: Mapping[str, pd.DataFrame], index: pd.Index, se: str) -> Float:
    """Standard errors, from the 95 % interval where a study gives no other."""
    parts = {}
    for name, frame in frames.items():
        if se not in frame:
            check_columns(frame, ["ci_low", "ci_high"], f"The table of {name} (no column {se!r})")
            width = frame["ci_high"] - frame["ci_low"]
            frame = frame.assign(**{se: width / (2 * normal_isf(0.025))})
        parts[name] = frame
    return _wide(parts, index, se)


def _mean(y: Float) -> Float:
    n = (~np.isnan(y)).sum(axis=1)
    return np.divide(np.nansum(y, axis=1), n, out=np.full(len(y), np.nan), where=n > 0)


def pooled(y: Float, v: Float, method: str, truncated: bool) -> Pooled:
    """Pool each row: `method` with Knapp-Hartung from 3 studies on, else a fixed effect."""
    few = (~np.isnan(y) & ~np.isnan(v)).sum(axis=1) < 3
    many = pool(y, v, method=method, knapp_hartung=method != "fixed", truncated=truncated)
    fixed = pool(y, v, method="fixed", knapp_hartung=False)
    return Pooled(*(np.where(few, b, a) for a, b in zip(many, fixed, strict=True)))


def _by_effect(y: Float, v: Float, method: str, names: list[str], truncated: bool) -> pd.DataFrame:
    found = pooled(y, v, method, truncated)
    out = pd.DataFrame(found._asdict()).drop(columns=["q", "k"])
    out["q_pvalue"] = np.where(found.k > 1, chi2_sf(found.q, found.k - 1), np.nan)
    estimates, pvalues = np.full(y.shape, np.nan), np.full(y.shape, np.nan)
    seen = ~np.isnan(y) & ~np.isnan(v)
    for j in range(y.shape[1]):
        rows = seen[:, j] & (seen.sum(axis=1) > 1)
        if rows.any():
            rest = np.delete(y[rows], j, axis=1), np.delete(v[rows], j, axis=1)
            left = pooled(*rest, method, truncated)
            estimates[rows, j], pvalues[rows, j] = left.estimate, left.pvalue
    some = ~np.isnan(pvalues).all(axis=1)
    for name, reduce in (("loo_low", np.fmin), ("loo_high", np.fmax)):
        out[name] = reduce.reduce(estimates, axis=1)
    out["loo_pvalue"] = np.fmax.reduce(pvalues, axis=1)
    worst = np.where(np.isnan(pvalues), -1, pvalues).argmax(axis=1)
    out["loo_study"] = np.where(some, np.array(names, dtype=object)[worst], "")
    return out


def _by_p(p: Float, y: Float, method: str) -> pd.DataFrame:
    """Combine signed p-values, or ranks of p-values within each study."""
    if method == "rra":
        ranks = pd.DataFrame(p).rank(axis=0) / (~np.isnan(p)).sum(axis=0)
        return pd.DataFrame({"pvalue": robust_ranks(ranks.to_numpy())})
    if np.isnan(y).all():
        msg = "method='stouffer' needs the signs of the effects: name their column in `effect`."
        raise InputError(msg)
    z = stouffer(np.sign(y) * normal_isf(np.clip(p, 1e-300, 1) / 2))
    return pd.DataFrame({"z": z, "pvalue": 2 * normal_sf(np.abs(z))})
