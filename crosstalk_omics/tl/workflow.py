"""Bulk data from counts to candidates in one call."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from anndata import AnnData

from ..core.checks import check_columns
from ..core.names import CELL_TYPE, DONOR, UNS
from ..interactions import complexes
from ..pp.qc import contamination, qc_metrics
from ..pp.state import current_state
from ..signatures import load as load_signatures
from .bulk import Model, contrast_genes
from .crosstalk.contrast import crosstalk_contrast
from .crosstalk.knowledge import Interactions, gather
from .enrich import enrich
from .samples import limiting_genes


class BulkResult(NamedTuple):
    """Tables of a bulk study, in the order in which they were made."""

    qc: pd.DataFrame  # one row per sample: depth and genes; empty where there are no counts
    contamination: pd.DataFrame  # one row per sample and panel of a foreign tissue
    genes: pd.DataFrame  # `cx.tl.contrast_genes`
    enrichment: pd.DataFrame  # `cx.tl.enrich` per group and contrast
    factors: pd.DataFrame  # secreted factors that change, `cx.tl.crosstalk_contrast`
    crosstalk: pd.DataFrame  # with the target; empty without one


def bulk_study(
    source: AnnData,
    target: AnnData | None = None,
    *,
    condition: str,
    reference: str,
    donor: str = DONOR,
    covariates: Sequence[str] = (),
    paired: bool | None = None,
    model: Model = "moderated",
    signatures: str | Sequence[str] | pd.DataFrame = ("myokine", "osteokine", "neuroendocrine"),
    enrichment: str = "prerank",
    interactions: Interactions = None,
    route: str | None = "endocrine",
    secretome: AnnData | None = None,
    seed: int = 0,
) -> BulkResult:
    """Run a bulk study: quality, changed genes, changed signatures, secreted factors, crosstalk.

    Parameters
    ----------
    source
        Standardised samples of the sending tissue; a counts table and its sample table are
        read by `cx.datasets.read`.
    target
        Standardised samples or cells of the receiving tissue; `None`: the source alone.
    condition, reference, donor, covariates, paired, model
        As in `cx.tl.contrast_genes`.
    signatures
        What `cx.signatures.load` takes, or a net in the genes of the source.
    enrichment
        Method of `cx.tl.enrich`; ``"prerank"`` is gseapy's.
    interactions, route
        As in `cx.tl.crosstalk`.
    secretome
        Proteins of conditioned medium or plasma; adds `seen_outside` to the last two tables.
    seed
        Of the enrichment and of permutations in the target.

    Returns
    -------
    `BulkResult`: `qc, contamination, genes, enrichment, factors, crosstalk`.

    Raises
    ------
    InputError
        See `cx.tl.contrast_genes` and `cx.tl.crosstalk_contrast`.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> muscle, bone = (cx.pp.pseudobulk(tissue, groupby=None) for tissue in (muscle, bone))
    >>> found = cx.tl.bulk_study(muscle, bone, condition="condition", reference="control")
    >>> found._fields
    ('qc', 'contamination', 'genes', 'enrichment', 'factors', 'crosstalk')
    """
    qc = pd.DataFrame()
    if current_state(source) == "counts":
        qc = qc_metrics(source).rename_axis("sample").reset_index()
    model_of = {"condition": condition, "reference": reference, "donor": donor, "paired": paired,
                "covariates": covariates, "model": model}  # fmt: skip
    named = gather(interactions, route, source, target or source).named[0]
    genes = contrast_genes(source, among=named, **model_of)
    net = signatures
    if not isinstance(net, pd.DataFrame):
        organism = str(source.uns.get(UNS, {}).get("organism") or "human")
        names = [net] if isinstance(net, str) else list(net)
        net = load_signatures(names, organism=organism)
    moved = [
        enrich(part.set_index("gene")["statistic"], net, enrichment, seed=seed).assign(
            group=group, contrast=contrast
        )
        for (group, contrast), part in genes.groupby(["group", "contrast"], sort=False)
        if part["statistic"].notna().any()
    ]
    known = {"interactions": interactions, "route": route, "changes": genes}
    factors = crosstalk_contrast(source, **model_of, **known)
    table = pd.DataFrame()
    if target is not None:
        by = CELL_TYPE if target.uns.get(UNS, {}).get("modality") == "single_cell" else None
        table = crosstalk_contrast(
            source, target, groupby=(None, by), seed=seed, **model_of, **known
        )
    if secretome is not None:
        factors = add_secretome(factors, secretome)
        table = table if target is None else add_secretome(table, secretome)
    whole = pd.concat(moved, ignore_index=True) if moved else pd.DataFrame()
    return BulkResult(qc, contamination(source), genes, whole, factors, table)


def add_secretome(table: pd.DataFrame, secretome: AnnData) -> pd.DataFrame:
    """Say of each ligand in how many samples of a secretome it was seen outside the cell.

    Parameters
    ----------
    table
        Any table with ``ligand_complex``, in the genes of the secretome.
    secretome
        Proteins of conditioned medium or plasma, (n_samples, n_proteins); 0 or NaN = not seen.

    Returns
    -------
    A copy with `seen_outside`: share of the samples with the weakest subunit, 0 to 1; 0 for a
    ligand that the secretome does not list.

    Raises
    ------
    InputError
        The table has no column ``ligand_complex``.
    """
    check_columns(table, ["ligand_complex"], "The table")
    values = np.asarray(secretome.X, dtype=np.float64)
    share = (np.nan_to_num(values) != 0).mean(axis=0)
    distinct = sorted(set(table["ligand_complex"]))
    listed = set(secretome.var_names)
    some = [c for c in distinct if set(complexes.genes([c])) & listed]
    at = limiting_genes(some, share, list(secretome.var_names))
    seen = pd.Series(np.where(at >= 0, share[at], 0.0), index=some, dtype=float)
    out = table.assign(seen_outside=table["ligand_complex"].map(seen).fillna(0.0))
    out.attrs = dict(table.attrs)
    return out
