"""Does the receiving tissue answer? Response sets without any ligand or receptor."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ..core.checks import check_columns, check_unique
from ..core.errors import InputError
from ..core.names import DONOR, SOURCE, TARGET, UNS, WEIGHT
from ..interactions import complexes
from ..interactions import load as load_interactions
from ..kernels import correlation as kernel
from ..kernels.linear import least_squares, moderated_t
from ..kernels.multiple import bh
from ..kernels.tails import t_quantile
from ..signatures import load as load_signatures
from ..signatures import map_genes
from ..signatures.tables import response_receptors
from .bulk import contrast_genes
from .crosstalk.direction import expected_signal
from .design import MIN_DONORS, Design, designs, dummies
from .enrich import enrich
from .samples import by_group, donor_samples, known_donor, log_values

Float = NDArray[np.float64]
MIN_TARGETS = 5
CONTRAST = [
    "response", "group", "contrast", "estimate", "ci_low", "ci_high", "pvalue", "padj",
    "camera_pvalue", "estimate_adjusted", "pvalue_adjusted", "receptor", "logfc_receptor",
    "pvalue_receptor", "n_donors", "n_donors_reference", "n_targets", "most_shared", "shared",
]  # fmt: skip
ASSOCIATION = [
    "response", "group", "receptor", "correlation", "n_donors", "pvalue", "padj", "percentile",
    "n_targets", "most_shared", "shared",
]  # fmt: skip


def respond(
    target: AnnData,
    *,
    condition: str | None = None,
    reference: str | None = None,
    donor: str = DONOR,
    groupby: str | None = None,
    covariates: Sequence[str] = (),
    paired: bool | None = None,
    responses: pd.DataFrame | None = None,
    receptors: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    method: str = "bicor",
    min_cells: int = 10,
    layer: str | None = None,
) -> pd.DataFrame:
    """Test whether the target genes of a signal move in the receiving tissue.

    Genes that are themselves a ligand or receptor of the interaction table are left out of
    every set, so that a response is evidence of its own. The activity of a set in a sample is
    the weighted mean of its genes, each in units of its deviation over the samples.

    Parameters
    ----------
    target
        Samples or cells of the receiving tissue, (n_obs, n_genes).
    condition, reference
        Column of obs and the value that others are compared with; without them the activity is
        set against the level of the receptor over donors.
    donor, groupby, covariates, paired, min_cells, layer
        As in `cx.tl.contrast_genes`.
    responses
        Response sets, a net in the genes of the target: `source, target, weight`; `None`: all
        that the package has.
    receptors
        Which receptor makes which response: `response, receptor`; `None`: the packaged table.
    interactions
        Table whose ligands and receptors are left out, in the genes of the target; `None`: the
        curated one, all routes.
    method
        Of the correlation: ``"bicor"``, ``"spearman"`` or ``"pearson"``.

    Returns
    -------
    With a condition one row per response, group and contrast: `estimate` in deviations with
    its 95 % interval, moderated `pvalue, padj`; `camera_pvalue` (the set's positive targets
    against all other genes, two-sided, with correlation between genes); `estimate_adjusted,
    pvalue_adjusted` beside the leading component of the other responses (what is specific);
    the receptor with the largest change; `most_shared` (the other response with most genes in
    common) and `shared` (Jaccard index). Without a condition one row per response and receptor:
    `correlation` over donors, `pvalue, padj` and `percentile`, the share of other receptors'
    responses that this receptor follows less: the control for specificity.

    Raises
    ------
    InputError
        No response set has 5 genes in the data, or the design cannot be tested.

    References
    ----------
    limma's moderated t and `camera` (3.54).

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> bone = cx.pp.standardise(cx.datasets.simulate().bone)
    >>> answers = cx.tl.respond(bone, condition="condition", reference="control")
    >>> answers.columns[:4].tolist()
    ['response', 'group', 'contrast', 'estimate']
    """
    check_unique(target.var_names)
    if (condition is None) != (reference is None):
        msg = "`condition` and `reference` belong together: give both, or neither."
        raise InputError(msg)
    check_columns(target.obs, [*([condition] if condition else []), *covariates], "adata.obs")
    organism = str(target.uns.get(UNS, {}).get("organism") or "human")
    net, notes = _independent(target, responses, interactions, organism)
    links = _links(receptors, organism)
    own = known_donor(target, donor)
    samples = donor_samples(target, condition, own, groupby, layer, min_cells)
    tables = []
    for name, part in by_group(samples, groupby, target):
        if condition is None:
            tables.append(_association(part, net, links, covariates, method).assign(group=name))
            continue
        options = {"condition": condition, "reference": reference, "donor": own}
        plans = designs(part.obs, **options, covariates=covariates, paired=paired)
        genes = contrast_genes(part, **options, covariates=covariates, paired=paired)
        for plan in plans:
            notes += plan.notes
            tables += [t.assign(group=name) for t in _contrast(part, plan, net, links, genes)]
    table = pd.concat(tables, ignore_index=True)
    by = ["group", *(["contrast"] if condition else [])]
    table["padj"] = table.groupby(by)["pvalue"].transform(lambda p: bh(p))
    table = table.join(_overlap(net), on="response")
    table = table[CONTRAST if condition else ASSOCIATION]
    table = table.sort_values(["pvalue", "response", *by, "receptor"], ignore_index=True)
    table.attrs = {
        "notes": list(dict.fromkeys(notes)),
        "receptors": {r: sorted(set(g["receptor"])) for r, g in links.groupby("response")},
    }
    return table


def add_response(table: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    """Set the answer of the target beside each pair of a contrast table; no p-value is changed.

    Parameters
    ----------
    table
        Result of `cx.tl.crosstalk_contrast`.
    responses
        Result of `respond` on the same target with a condition, one contrast for each group.

    Returns
    -------
    A copy with `response, response_estimate, response_pvalue` of the response set that the
    pair's receptor makes (the best of several), and `response_agrees`: whether it moved as the
    `signal` says (gain: up), missing where nothing is known.

    Raises
    ------
    InputError
        A column is missing, or a group has several contrasts.
    """
    check_columns(table, ["target", "receptor_complex", "signal"], "The contrast table")
    check_columns(responses, ["response", "group", "estimate", "pvalue"], "The response table")
    if responses.duplicated(["response", "group"]).any():
        msg = "The response table has several contrasts. Keep the rows of one of them."
        raise InputError(msg)
    made_by: dict[str, set[str]] = {}
    for response, genes in responses.attrs["receptors"].items():
        for gene in genes:
            made_by.setdefault(gene, set()).add(response)
    best = responses.sort_values("pvalue").set_index(["response", "group"])
    rows = []
    for group, receptor, signal in table[["target", "receptor_complex", "signal"]].itertuples(
        index=False
    ):
        sets = {r for g in complexes.genes([receptor]) for r in made_by.get(g, ())}
        found = [k for k in best.index if k[0] in sets and k[1] == group]
        if not found:
            rows.append(("", np.nan, np.nan, pd.NA))
            continue
        estimate, p = best.loc[found[0], ["estimate", "pvalue"]]
        wanted = expected_signal(signal)
        rows.append((found[0][0], estimate, p, bool(estimate * wanted > 0) if wanted else pd.NA))
    names = ["response", "response_estimate", "response_pvalue", "response_agrees"]
    added = pd.DataFrame(rows, columns=names, index=table.index)
    added["response_agrees"] = added["response_agrees"].astype("boolean")
    out = pd.concat([table, added], axis=1)
    out.attrs = dict(table.attrs)
    return out


def _links(receptors: pd.DataFrame | None, organism: str) -> pd.DataFrame:
    """Response and receptor gene, in the genes of the organism."""
    if receptors is not None:
        check_columns(receptors, ["response", "receptor"], "receptors")
        return receptors[["response", "receptor"]]
    table = response_receptors()[["response", "receptor"]]
    if organism == "human":
        return table
    mapping, _ = map_genes(sorted(set(table["receptor"])), source="human", target=organism)
    return table.assign(receptor=table["receptor"].map(mapping)).dropna()


def _independent(
    target: AnnData,
    responses: pd.DataFrame | None,
    interactions: pd.DataFrame | None,
    organism: str,
) -> tuple[pd.DataFrame, list[str]]:
    """Response sets without ligands and receptors, of at least 5 genes that the target has."""
    net = load_signatures("response", organism=organism) if responses is None else responses
    check_columns(net, [SOURCE, TARGET, WEIGHT], "responses")
    if interactions is None:
        interactions = load_interactions("curated", organism=organism, route=None)
    named = complexes.genes([*interactions["ligand_complex"], *interactions["receptor_complex"]])
    free = net[~net[TARGET].isin(named)]
    notes = [
        f"{len(net) - len(free)} of {len(net)} response genes are ligands or receptors themselves "
        "and were left out."
    ]
    measured = free[free[TARGET].isin(target.var_names)]
    size = measured[SOURCE].value_counts()
    small = sorted(set(net[SOURCE]) - set(size.index[size >= MIN_TARGETS]))
    if len(small) == len(set(net[SOURCE])):
        msg = (
            f"No response set has {MIN_TARGETS} genes in the target. Its genes look like "
            f"{list(target.var_names[:3])}, those of the sets like {list(net[TARGET][:3])}. Run "
            "`cx.pp.standardise`."
        )
        raise InputError(msg)
    if small:
        notes.append(f"Too few genes, left out: {', '.join(small[:8])}.")
    return measured[~measured[SOURCE].isin(small)], notes


def _activity(y: Float, genes: Sequence[str], net: pd.DataFrame) -> pd.DataFrame:
    """Weighted mean of standardised genes, (n_samples, n_responses); silent genes do not count."""
    spread = np.nanstd(y, axis=0, ddof=1)
    z = np.divide(y - np.nanmean(y, axis=0), spread, out=np.zeros_like(y), where=spread > 0)
    position = pd.Series(range(len(genes)), index=list(genes))
    out = {}
    for response, part in net.groupby(SOURCE, sort=True):
        at, weight = position[part[TARGET]].to_numpy(), part[WEIGHT].to_numpy(float)
        varies = spread[at] > 0
        if varies.sum() >= MIN_TARGETS:
            at, weight = at[varies], weight[varies]
            seen = ~np.isnan(z[:, at])
            total = (seen * np.abs(weight)).sum(axis=1)
            out[str(response)] = np.nansum(z[:, at] * weight, axis=1) / np.where(total, total, 1)
    return pd.DataFrame(out)


def _contrast(
    part: AnnData, plan: Design, net: pd.DataFrame, links: pd.DataFrame, genes: pd.DataFrame
) -> list[pd.DataFrame]:
    """Donor-level test of every response, alone and beside the other responses."""
    used = part[plan.rows]
    activity = _activity(log_values(used), list(part.var_names), net)
    matrix = plan.matrix.to_numpy()
    fit = least_squares(activity.to_numpy(), matrix)
    size = net[SOURCE].value_counts()
    out = []
    for level in plan.levels:
        n_test, n_reference = (int(n[0]) for n in plan.n_donors(level))
        test = moderated_t(fit, plan.contrast(level))
        half = t_quantile(0.975, test.df) * test.se
        table = pd.DataFrame(
            {
                "response": activity.columns,
                "contrast": f"{level} vs {plan.reference}",
                "estimate": test.estimate,
                "ci_low": test.estimate - half,
                "ci_high": test.estimate + half,
                "pvalue": test.pvalue,
                "n_donors": n_test,
                "n_donors_reference": n_reference,
                "n_targets": size.reindex(activity.columns).to_numpy(),
            }
        )
        table = table.join(_beside_others(activity, plan, level))
        mine = genes[genes["contrast"] == f"{level} vs {plan.reference}"].set_index("gene")
        table = table.join(_camera(mine, net), on="response").join(
            _largest_change(mine, links), on="response"
        )
        if min(n_test, n_reference) < MIN_DONORS:
            table[["ci_low", "ci_high", *table.filter(regex="pvalue").columns]] = np.nan
        out.append(table)
    return out


def _beside_others(activity: pd.DataFrame, plan: Design, level: str) -> pd.DataFrame:
    """The same test beside the leading component of all other responses."""
    values, rows = activity.to_numpy(), []
    contrast = np.append(plan.contrast(level), 0.0)
    for k in range(values.shape[1]):
        others = np.delete(values, k, axis=1)
        if not others.shape[1]:
            rows.append((np.nan, np.nan))
            continue
        centred = others - others.mean(axis=0)
        leading = np.linalg.svd(centred, full_matrices=False)[0][:, :1]
        fit = least_squares(values[:, [k]], np.column_stack([plan.matrix, leading]))
        test = moderated_t(fit, contrast)
        rows.append((test.estimate[0], test.pvalue[0]))
    return pd.DataFrame(rows, columns=["estimate_adjusted", "pvalue_adjusted"])


def _camera(genes: pd.DataFrame, net: pd.DataFrame) -> pd.Series:
    """P-value of each set's positive targets against all other genes."""
    t, df = genes["statistic"].dropna(), genes["df"].dropna()
    up = net[(net[WEIGHT] > 0) & net[TARGET].isin(t.index)]
    if t.empty or up.empty:
        return pd.Series(dtype=float, name="camera_pvalue")
    found = enrich(t, up, "camera", df=float(df.median()), min_targets=MIN_TARGETS)
    return found.set_index("signature")["pvalue"].rename("camera_pvalue")


def _largest_change(genes: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Receptor of each response with the smallest p-value."""
    known = links[links["receptor"].isin(genes.index)]
    table = known.join(genes[["logfc", "pvalue"]], on="receptor").sort_values(
        ["pvalue", "receptor"]
    )
    best = table.drop_duplicates("response").set_index("response")
    return best.rename(columns={"logfc": "logfc_receptor", "pvalue": "pvalue_receptor"})


def _association(
    part: AnnData, net: pd.DataFrame, links: pd.DataFrame, covariates: Sequence[str], method: str
) -> pd.DataFrame:
    """Correlation of receptors and activities over donors."""
    if part.n_obs < 4 + len(covariates):
        msg = f"{part.n_obs} donors are too few for a correlation; 4 or more are needed."
        raise InputError(msg)
    y = log_values(part)
    activity = _activity(y, list(part.var_names), net)
    known = links[links["response"].isin(activity) & links["receptor"].isin(part.var_names)]
    receptors = sorted(set(known["receptor"]))
    adjust = [dummies(part.obs[c], c).iloc[:, 1 if part.obs[c].dtype.kind not in "if" else 0 :]
              for c in covariates]  # fmt: skip
    removed = np.column_stack([np.empty((part.n_obs, 0)), *adjust])
    left, right = (
        kernel.standardise(v, method, removed)
        for v in (y[:, part.var_names.get_indexer(receptors)], activity.to_numpy())
    )
    r = kernel.correlate(left, right)
    n_free = part.n_obs - 2 - removed.shape[1]
    size, rows = net[SOURCE].value_counts(), []
    for response, receptor in known.itertuples(index=False):
        i, j = receptors.index(receptor), activity.columns.get_loc(response)
        own = set(known.loc[known["receptor"] == receptor, "response"])
        others = r[i, [c not in own for c in activity.columns]]
        rows.append(
            {
                "response": response,
                "receptor": receptor,
                "correlation": r[i, j],
                "n_donors": part.n_obs,
                "pvalue": float(kernel.correlation_p(r[i, j], n_free)),
                "percentile": float((others < r[i, j]).mean()) if len(others) else np.nan,
                "n_targets": int(size[response]),
            }
        )
    return pd.DataFrame(rows)


def _overlap(net: pd.DataFrame) -> pd.DataFrame:
    """For every response the other one with the largest Jaccard index."""
    sets = {r: set(g) for r, g in net.groupby(SOURCE)[TARGET]}
    rows = {}
    for one, mine in sets.items():
        index = {o: len(mine & s) / len(mine | s) for o, s in sets.items() if o != one}
        best = max(sorted(index), key=index.get, default="")
        rows[one] = {"most_shared": best, "shared": index.get(best, 0.0)}
    return pd.DataFrame.from_dict(rows, orient="index")
