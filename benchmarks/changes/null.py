"""Shuffled conditions, up to the pairs: error rates of ligands, and calls at an FDR of 0.1.

``python benchmarks/changes/null.py [study ...]`` writes to ``benchmarks/changes/results``.
Conditions are exchanged within donors where they are pairs, otherwise between donors of the same
sex, day or batch, in both tissues alike where the same animals gave them.
"""

import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from studies import STUDIES, Study

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.core.files import write_table
from crosstalk_omics.tl.crosstalk.contrast import joined
from crosstalk_omics.tl.crosstalk.knowledge import gather

RESULTS = Path(__file__).parent / "results"
SHUFFLES = 200


def plain(adata: AnnData, study: Study) -> AnnData:
    """Log values of the genes that are tested, so that a shuffle costs only its model."""
    genes = cx.tl.contrast_genes(
        adata, condition="condition", reference=study.reference, covariates=study.covariates
    )
    tested = genes.loc[genes["expressed"], "gene"].unique()
    logs = cx.pp.lognormalise(adata, method="tmm" if _counts(adata) else "auto")
    out = AnnData(np.asarray(logs[:, tested].X), obs=adata.obs.copy())
    out.var_names = tested
    out.uns["crosstalk"] = dict(adata.uns["crosstalk"]) | {"value_state": "log_intensity"}
    if "donor" not in out.obs or out.obs["donor"].isna().any():
        out.obs["donor"] = out.obs_names
    return out


def _counts(adata: AnnData) -> bool:
    return adata.uns["crosstalk"]["value_state"] == "counts"


def shuffled(tissues: list[AnnData], study: Study, rng: np.random.Generator) -> list[AnnData]:
    """Copies of the tissues with conditions exchanged."""
    obs = pd.concat([a.obs[["donor", "condition", *study.within]].astype(str) for a in tissues])
    several = obs.groupby("donor")["condition"].nunique().gt(1).mean() > 0.5
    units = obs.drop_duplicates(["donor", "condition"] if several else ["donor"])
    units = units.assign(given=units["condition"])
    by = ["donor"] if several else list(study.within)
    parts = units.groupby(by).indices.values() if by else [np.arange(len(units))]
    given = units["given"].to_numpy(object).copy()
    for rows in parts:
        given[rows] = given[rng.permutation(rows)]
    keys = units["donor"] + "|" + units["condition"] if several else units["donor"]
    new, out = dict(zip(keys, given, strict=True)), []
    for a in tissues:
        own = a.obs["donor"].astype(str)
        own = own + "|" + a.obs["condition"].astype(str) if several else own
        other = a.copy()
        other.obs["condition"] = own.map(new).to_numpy()
        out.append(other)
    return out


def rates(table: pd.DataFrame) -> dict[str, float]:
    """Error rates of ligands, and whether any pair is called."""
    ligands = table.drop_duplicates("ligand_complex")["p_ligand"].dropna()
    called, modulator = table["fdr"] < 0.1, table["family"] == "modulator"
    return {
        "ligands_p05": (ligands < 0.05).mean(),
        "ligands_p001": (ligands < 0.001).mean(),
        "signals_called": float((called & ~modulator).any()),
        "modulators_called": float((called & modulator).any()),
    }


def run(study: Study) -> pd.DataFrame:
    """Mean rates over the shuffles, variances squeezed over all genes together and apart."""
    source, target = study.source(), study.target()
    source.obs["condition"] = source.obs["condition"].astype(str)
    both = "condition" in target.obs and study.reference in set(target.obs["condition"].astype(str))
    named = gather(None, "endocrine", source, target).named
    base = cx.tl.crosstalk(source, target)
    sides = [plain(a, study) for a in ((source, target) if both else (source,))]
    rng, rows = np.random.default_rng(0), []
    for _ in range(SHUFFLES):
        others = shuffled(sides, study, rng)
        for way in ("together", "apart"):
            among: list[Collection[str]] = list(named) if way == "apart" else [(), ()]
            try:
                changes = [
                    cx.tl.contrast_genes(
                        a, condition="condition", reference=study.reference, among=genes,
                        covariates=[c for c in study.covariates if c in a.obs],
                    )
                    for a, genes in zip(others, among, strict=False)
                ]  # fmt: skip
            except InputError:  # a shuffle that is confounded with a covariate
                continue
            table, _ = joined(
                base, *changes, *([] if both else [None]), "bh" if both else "adafilter"
            )
            rows.append({"study": study.name, "squeezed": way, **rates(table)})
    found = pd.DataFrame(rows).groupby(["study", "squeezed"], as_index=False, sort=False)
    return found.mean().assign(shuffles=found.size()["size"])


if __name__ == "__main__":
    wanted = set(sys.argv[1:]) or {s.name for s in STUDIES}
    for one in STUDIES:
        if one.name in wanted:
            table = run(one)
            write_table(RESULTS / f"{one.name}.null.tsv", table)
            print(table.to_string(), flush=True)
    parts = [pd.read_csv(RESULTS / f"{s.name}.null.tsv", sep="\t") for s in STUDIES]
    write_table(RESULTS / "null.tsv", pd.concat(parts, ignore_index=True))
