"""Negative control of a contrast: the same analysis with shuffled conditions."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ..core.checks import check_columns, check_number
from ..core.errors import InputError
from ..core.names import DONOR
from ..core.progress import progress
from .bulk import Model, contrast_genes
from .design import designs
from .samples import donor_samples, known_donor


def contrast_null(
    adata: AnnData,
    *,
    condition: str,
    reference: str,
    donor: str = DONOR,
    covariates: Sequence[str] = (),
    paired: bool | None = None,
    within: Sequence[str] = (),
    genes: Sequence[str] | None = None,
    model: Model = "moderated",
    among: Collection[str] = (),
    n_shuffles: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Repeat `cx.tl.contrast_genes` with shuffled conditions and count the false positives.

    In a paired design the conditions of each donor are exchanged, otherwise those of donors
    with equal values in `within`.

    Parameters
    ----------
    adata, condition, reference, donor, covariates, paired, model, among
        As in `cx.tl.contrast_genes`.
    within
        Columns of obs, such as sex or batch, that the shuffles keep.
    genes
        Genes whose rate is given too, such as the ligands of the interaction table.
    n_shuffles, seed
        Shuffles, and where their generators start; one that cannot be analysed, because it is
        confounded with a covariate, is left out.

    Returns
    -------
    One row per shuffle and contrast: `shuffle, contrast, n_tested, p05, p001` (share of tested
    genes with smaller p-values), `padj10` (genes called at an FDR of 0.1) and `genes_p05`. Genes
    vary together, so single rates scatter widely: their mean is what should be 0.05.

    Raises
    ------
    InputError
        As `cx.tl.contrast_genes`; or no shuffle could be analysed.
    """
    check_columns(adata.obs, [condition, *covariates, *within], "adata.obs")
    check_number(n_shuffles, "n_shuffles", 1, whole=True)
    own = known_donor(adata, donor)
    samples = donor_samples(adata, condition, own, None, None, 1)
    plan = designs(
        samples.obs, condition=condition, reference=reference, donor=own, covariates=covariates,
        paired=paired,
    )  # fmt: skip
    keys = [own] if plan[0].paired and own else list(within)
    blocks = np.zeros(samples.n_obs, dtype=np.intp)
    if keys:
        blocks = pd.factorize(samples.obs[keys].astype(str).agg("|".join, axis=1))[0]
    wanted, rows, refused = set(genes or ()), [], ""
    for k, child in enumerate(progress(np.random.SeedSequence(seed).spawn(n_shuffles), "shuffle")):
        samples.obs[condition] = _exchange(samples.obs[condition], blocks, child)
        try:
            table = contrast_genes(
                samples, condition=condition, reference=reference, donor=donor,
                covariates=covariates, paired=plan[0].paired, model=model, among=among,
            )  # fmt: skip
        except InputError as error:
            refused = str(error)
            continue
        rows += [
            {"shuffle": k, "contrast": contrast, **_rates(part, wanted)}
            for contrast, part in table.groupby("contrast", sort=False)
        ]
    if not rows:
        msg = f"None of {n_shuffles} shuffles could be analysed. The last said: {refused}"
        raise InputError(msg)
    return pd.DataFrame(rows)


def _exchange(values: pd.Series, blocks: NDArray, child: np.random.SeedSequence) -> list[str]:
    """Permute `values` within blocks."""
    rng, labels = np.random.default_rng(child), values.astype(str).to_numpy().copy()
    for block in np.unique(blocks):
        rows = np.flatnonzero(blocks == block)
        labels[rows] = labels[rng.permutation(rows)]
    return list(labels)


def _rates(table: pd.DataFrame, wanted: set[str]) -> dict[str, float]:
    """How many of the tested genes of one contrast have small p-values."""
    tested = table.dropna(subset="pvalue")
    p, own = tested["pvalue"], tested.loc[tested["gene"].isin(wanted), "pvalue"]
    return {
        "n_tested": len(p),
        "p05": (p < 0.05).mean() if len(p) else np.nan,
        "p001": (p < 0.001).mean() if len(p) else np.nan,
        "padj10": int((tested["padj"] < 0.1).sum()),
        "genes_p05": (own < 0.05).mean() if len(own) else np.nan,
    }
