"""The same rats: muscle, fat, blood and body over animals, with re-paired animals beside.

``python benchmarks/changes/paired.py`` writes to ``benchmarks/changes/results``.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData

import crosstalk_omics as cx
from crosstalk_omics.core.files import write_table

RESULTS = Path(__file__).parent / "results"
TISSUES = ("gastrocnemius", "vastus_lateralis", "white_adipose")
PLASMA = [
    "corticosterone", "glucagon", "glucose", "glycerol", "insulin", "lactate", "leptin", "nefa",
    "total_ketones",
]  # fmt: skip
WITHIN = ["sex", "timepoint"]
BODY = ["post_fat_pct", "post_lean_pct", "post_vo2max_ml_kg_min"]
COLUMNS = [
    "source", "target", "factor", "ligand_complex", "feature", "feature_kind", "correlation",
    "n_donors", "p_correlation", "pvalue", "fdr", "strength", "strength_pvalue", "strength_fdr",
    "correlation_hidden",
]  # fmt: skip


def tissue(name: str) -> AnnData:
    """One tissue of the training study, with the activity of the response sets."""
    adata = cx.pp.standardise(cx.datasets.load(f"motrpac_rat_{name}"), donor="pid")
    adata.uns["crosstalk"]["tissue"] = name.replace("_", " ")
    adata.obs["tissue"] = name.replace("_", " ")
    cx.tl.score(adata, cx.signatures.load("response", organism="rat"), "singscore")
    return adata


def repaired(adata: AnnData, rng: np.random.Generator) -> AnnData:
    """Give every animal's sample to another animal of the same sex and time point."""
    out = adata.copy()
    donors = out.obs["donor"].astype(str).to_numpy().copy()
    for rows in out.obs.groupby(WITHIN, observed=True).indices.values():
        donors[rows] = donors[rng.permutation(rows)]
    out.obs["donor"] = donors
    return out


def main() -> None:
    """Write the pairs, the strengths and the null of every two tissues."""
    tissues = {name: tissue(name) for name in TISSUES}
    table = cx.datasets.load("motrpac_rat_plasma_analytes")
    measured = table.groupby(table["pid"].astype(str))[PLASMA].mean()
    body = cx.datasets.load("motrpac_rat_phenotypes")
    measured = measured.join(body.groupby(body["pid"].astype(str))[BODY].mean())
    options = {"strata": WITHIN, "covariates": WITHIN, "route": None}
    rng, tables, null = np.random.default_rng(0), [], []
    for a in TISSUES:
        for b in TISSUES:
            if a == b:
                continue
            tables.append(
                cx.tl.crosstalk_paired(
                    tissues[a],
                    tissues[b],
                    analytes=measured,
                    target_scores="score_singscore",
                    hidden_factors=3,
                    **options,
                )
            )
            for _ in range(5):
                other = cx.tl.crosstalk_paired(
                    tissues[a], repaired(tissues[b], rng), n_perms=200, strength=False, **options
                )
                tested = other.dropna(subset="pvalue")
                rates = [(tested[c] < 0.05).mean() for c in ("pvalue", "p_correlation")]
                null.append((a, b, len(tested), *rates, (tested["fdr"] < 0.1).sum()))
            print(a, b, tables[-1].attrs["notes"])
    whole = pd.concat(tables, ignore_index=True)
    best = whole.groupby(["source", "target", "feature_kind"], sort=False).head(10)
    write_table(RESULTS / "rat_paired.tsv", best[COLUMNS])
    blood = whole[whole["feature_kind"] == "analyte"].dropna(subset="pvalue")
    blood = blood.assign(pair=blood["ligand_complex"] + " ~ " + blood["feature"])
    blood = blood[blood["source"] == "white adipose"].drop_duplicates("pair")
    axes = cx.pl.volcano(
        blood, effect="correlation", pvalue="p_correlation", label="pair",
        xlabel="partial bicor of a ligand in white fat with a value of blood or body",
    )  # fmt: skip
    axes.figure.savefig(RESULTS / "rat_paired.png", dpi=200)
    columns = ["source", "target", "tested", "p05_repaired", "p05_t_test", "calls_fdr_10"]
    write_table(RESULTS / "rat_paired.null.tsv", pd.DataFrame(null, columns=columns))


if __name__ == "__main__":
    main()
