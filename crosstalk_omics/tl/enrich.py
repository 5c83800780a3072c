"""Signatures on one ranked list of genes: which sets stand high or low in a contrast."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from ..core.checks import check_number, check_one_of, check_type, check_unique, nearest
from ..core.errors import InputError
from ..core.names import SOURCE, TARGET, WEIGHT
from ..kernels.multiple import bh
from ..kernels.tails import normal_isf, t_sf
from .score.targets import check_net

METHODS = ("camera", "prerank", "ulm", "ora")
COLUMNS = (
    "signature", "n_targets", "n_found", "direction", "estimate", "pvalue", "padj",
    "leading_edge", "method",
)  # fmt: skip


def enrich(
    statistic: pd.Series,
    net: pd.DataFrame,
    method: str = "camera",
    *,
    correlation: float = 0.01,
    df: float | None = None,
    top: float = 0.05,
    power: float = 1.0,
    min_targets: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Test signatures on one statistic per gene, such as the t values of a contrast.

    Parameters
    ----------
    statistic
        One finite value per gene (t, z, signed -log10 p), index: gene names; NaN = not tested.
    net
        Signatures in long form: `source` (signature), `target` (gene), `weight`. Negative
        weights are for "ulm" only.
    method
        "camera": mean of the targets against the other genes, with a variance that allows for
        genes of a set varying together; "prerank": running sum (gseapy, fgsea's multilevel p);
        "ulm": slope on the weights; "ora": over-representation among the highest values. Only
        camera allows for correlation between genes: the others call sets of co-regulated genes
        too often.
    correlation
        Correlation between genes of a set, for camera; limma's default is 0.01.
    df
        Degrees of freedom where the statistic is a t value: camera turns it into z first.
    top
        Share of the genes that ora takes as the highest.
    power
        Power of the statistic in the running sum.
    min_targets
        Signatures with fewer targets among the genes are left out.
    seed
        Seed of the multilevel p-values of prerank.

    Returns
    -------
    One row per signature, by p-value: `signature, n_targets, n_found, direction` (up or down),
    `estimate` (camera: difference of means; prerank: NES; ulm: t; ora: log2 odds ratio),
    `pvalue` (ora: one-sided), `padj` (Benjamini-Hochberg over the signatures), `leading_edge`
    (targets up to the peak of the running sum; ora: targets among the highest), `method`.

    Raises
    ------
    InputError
        The statistic repeats genes or is infinite, or no signature is covered.

    References
    ----------
    Wu & Smyth 2012, doi:10.1093/nar/gks461 (camera); Subramanian 2005,
    doi:10.1073/pnas.0506580102 (running sum).

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> genes = cx.tl.contrast_genes(
    ...     cx.pp.pseudobulk(muscle, groupby=None), condition="condition", reference="control"
    ... )
    >>> statistic = genes.set_index("gene")["statistic"]
    >>> tests = cx.tl.enrich(statistic, cx.signatures.load("marker"), df=genes["df"].median())
    >>> tests["method"].iloc[0]
    'camera'
    """
    check_one_of(method, METHODS, "method")
    check_number(correlation, "correlation", -1, 1)
    check_number(top, "top", 0, 1)
    check_number(power, "power", 0)
    values = _ranked(statistic)
    net = check_net(net).frame
    if method != "ulm" and (net[WEIGHT] < 0).any():
        name = net.loc[net[WEIGHT] < 0, SOURCE].iloc[0]
        msg = f"method {method!r} takes no negative weights, which {name!r} has. Use 'ulm'."
        raise InputError(msg)
    sizes = net.groupby(SOURCE).size()
    covered = net[net[TARGET].isin(values.index)]
    found = covered.groupby(SOURCE).size()
    kept = found.index[found >= max(min_targets, 1)]
    if not len(kept):
        msg = (
            f"No signature has min_targets={min_targets} of its targets among the {len(values)} "
            f"genes, which look like {list(values.index[:3])}, targets like "
            f"{list(net[TARGET][:3])}. Bring both to symbols of one organism: "
            "`cx.pp.standardise`, and organism= in `cx.signatures.load`."
        )
        raise InputError(msg)
    run: Callable = {"camera": _camera, "prerank": _prerank, "ulm": _ulm, "ora": _ora}[method]
    how = {"camera": (correlation, df), "prerank": (power, seed), "ulm": (), "ora": (top,)}
    table = run(values, covered[covered[SOURCE].isin(kept)], *how[method]).reindex(kept)
    table["direction"] = np.where(table["estimate"] < 0, "down", "up")
    table["n_targets"], table["n_found"] = sizes.reindex(kept), found.reindex(kept)
    table["padj"], table["method"] = bh(table["pvalue"].to_numpy(float)), method
    table = table.rename_axis("signature").reset_index()[list(COLUMNS)]
    return table.sort_values(["pvalue", "signature"], ignore_index=True)


def running_sum(
    statistic: pd.Series, net: pd.DataFrame, signature: str, *, power: float = 1.0
) -> pd.DataFrame:
    """Walk down the ranked genes: the curve behind a prerank result, for a figure.

    Parameters
    ----------
    statistic
        One finite value per gene, index: gene names.
    net
        Signatures in long form: `source` (signature), `target` (gene).
    signature
        The signature to follow.
    power
        Power of the statistic in the steps up.

    Returns
    -------
    One row per gene, highest statistic first: `rank, gene, statistic, in_set, running_sum`.
    The enrichment score is the value of `running_sum` farthest from 0.

    Raises
    ------
    InputError
        The signature is not in the net, or has no target among the genes.

    References
    ----------
    Subramanian 2005, doi:10.1073/pnas.0506580102.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> import pandas as pd
    >>> statistic = pd.Series({"IGF1": 3.0, "MSTN": 1.0, "ACTB": 0.0, "GAPDH": -2.0})
    >>> net = cx.signatures.load({"mine": ["IGF1", "MSTN"]})
    >>> cx.tl.running_sum(statistic, net, "mine")["running_sum"].round(2).tolist()
    [0.75, 1.0, 0.5, 0.0]
    """
    values, net = _ranked(statistic), check_net(net).frame
    if signature not in set(net[SOURCE]):
        msg = f"net has no signature {signature!r}. {nearest(signature, net[SOURCE].unique())}"
        raise InputError(msg)
    inside = values.index.isin(net.loc[net[SOURCE] == signature, TARGET])
    if not inside.any():
        msg = f"Signature {signature!r} has no target among the {len(values)} genes."
        raise InputError(msg)
    return pd.DataFrame(
        {
            "rank": np.arange(1, len(values) + 1),
            "gene": values.index,
            "statistic": values.to_numpy(),
            "in_set": inside,
            "running_sum": _walk(values.to_numpy(), inside, power),
        }
    )


def _ranked(statistic: pd.Series) -> pd.Series:
    """The statistic of the tested genes, highest first; ties in the order of names."""
    check_type(statistic, pd.Series, "statistic")
    values = statistic.dropna().astype(float)
    values.index = values.index.astype(str)
    check_unique(values.index)
    if not np.isfinite(values).all():
        gene = values.index[~np.isfinite(values)][0]
        msg = f"The statistic of {gene!r} is infinite. Use t or z values, or cap -log10 p."
        raise InputError(msg)
    order = np.lexsort((values.index.to_numpy(str), -values.to_numpy()))
    return values.iloc[order]


def _walk(values: np.ndarray, inside: np.ndarray, power: float) -> np.ndarray:
    """Running sum of hits (weighted) minus misses."""
    hit = np.where(inside, np.abs(values) ** power, 0.0)
    hit = hit / hit.sum() if hit.sum() > 0 else inside / inside.sum()
    miss = ~inside / max((~inside).sum(), 1)
    return np.cumsum(hit - miss)


def _leading(values: pd.Series, inside: np.ndarray, power: float = 1.0) -> str:
    """Targets between the end of the list and the peak of the running sum."""
    walk = _walk(values.to_numpy(), inside, power)
    peak = int(np.argmax(np.abs(walk)))
    part = slice(0, peak + 1) if walk[peak] >= 0 else slice(peak + 1, None)
    return ";".join(values.index[part][inside[part]])


def _sets(values: pd.Series, net: pd.DataFrame) -> dict[str, np.ndarray]:
    """Membership of the ranked genes in each signature."""
    return {str(s): values.index.isin(part[TARGET]) for s, part in net.groupby(SOURCE)}


def _camera(
    values: pd.Series, net: pd.DataFrame, correlation: float, df: float | None
) -> pd.DataFrame:
    """Two-sample t of targets and other genes, its variance inflated by 1 + (m - 1) rho."""
    x = values.to_numpy()
    if df is not None:
        x = np.sign(x) * normal_isf(t_sf(np.abs(x), df))
    n, mean, variance = len(x), x.mean(), x.var(ddof=1)
    rows = {}
    for name, inside in _sets(values, net).items():
        m = int(inside.sum())
        rest = n - m
        delta = n / rest * (x[inside].mean() - mean) if rest else np.nan
        pooled = ((n - 1) * variance - delta**2 * m * rest / n) / (n - 2)
        inflation = max(1 + (m - 1) * correlation, 0)
        t = delta / np.sqrt(pooled * (inflation / m + 1 / max(rest, 1)))
        rows[name] = delta, 2 * float(t_sf(abs(t), n - 2)), _leading(values, inside)
    return _table(rows)


def _ulm(values: pd.Series, net: pd.DataFrame) -> pd.DataFrame:
    """T value of the slope of the statistic on the weights, over all genes."""
    x = values.to_numpy()
    rows, n = {}, len(x)
    for name, part in net.groupby(SOURCE):
        weight = part.set_index(TARGET)[WEIGHT].reindex(values.index, fill_value=0.0).to_numpy()
        r = np.corrcoef(weight, x)[0, 1] if np.ptp(weight) > 0 and np.ptp(x) > 0 else np.nan
        t = r * np.sqrt((n - 2) / (1 - r**2))
        rows[str(name)] = t, 2 * float(t_sf(abs(t), n - 2)), _leading(values, weight != 0)
    return _table(rows)


def _ora(values: pd.Series, net: pd.DataFrame, top: float) -> pd.DataFrame:
    """Hypergeometric test of the targets among the highest values."""
    from scipy.stats import hypergeom

    n = len(values)
    chosen = np.arange(n) < max(1, round(top * n))
    rows = {}
    for name, inside in _sets(values, net).items():
        both = int((inside & chosen).sum())
        p = hypergeom.sf(both - 1, n, int(inside.sum()), int(chosen.sum()))
        table = [both, (inside & ~chosen).sum(), (~inside & chosen).sum()]
        a, b, c, d = np.array([*table, n - sum(table)]) + 0.5
        rows[name] = np.log2(a * d / (b * c)), p, ";".join(values.index[inside & chosen])
    return _table(rows)


def _prerank(values: pd.Series, net: pd.DataFrame, power: float, seed: int) -> pd.DataFrame:
    """Preranked GSEA by gseapy; genes go by codes, because it would change their case."""
    import gseapy

    codes = [f"g{i:07d}" for i in range(len(values))]
    sets = _sets(values, net)
    found = gseapy.prerank(
        rnk=pd.Series(values.to_numpy(), index=codes),
        gene_sets={k: [c for c, i in zip(codes, v, strict=True) if i] for k, v in sets.items()},
        outdir=None, min_size=1, max_size=len(values), permutation_num=1000, weight=power,
        ascending=None, threads=1, no_plot=True, seed=seed, verbose=False,
        method="multilevel", sample_size=101, eps=0.0,
    ).res2d.set_index("Term")  # fmt: skip
    nes, p = found["NES"].astype(float), found["NOM p-val"].astype(float)
    return _table({k: (nes[k], p[k], _leading(values, v, power)) for k, v in sets.items()})


def _table(rows: dict[str, tuple[float, float, str]]) -> pd.DataFrame:
    columns = ["estimate", "pvalue", "leading_edge"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
