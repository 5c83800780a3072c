"""What changes in six public studies: candidates, known genes, responses, null controls, figures.

``python benchmarks/changes/run.py [study ...]`` writes to ``benchmarks/changes/results``.
"""

import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from anndata import AnnData
from studies import STUDIES, Study

import crosstalk_omics as cx
from crosstalk_omics.core.files import write_table
from crosstalk_omics.tl.crosstalk.knowledge import gather

RESULTS = Path(__file__).parent / "results"
SHUFFLES = 40
TOP = [
    "factor", "ligand_complex", "receptor_complex", "role", "direction", "signal",
    "predicted_effect", "logfc_ligand", "p_ligand", "logfc_receptor", "p_receptor",
    "kind_receptor", "pvalue", "fdr", "ligand_fdr", "evidence_level", "response",
    "response_estimate", "response_pvalue", "response_agrees",
]  # fmt: skip


def decoy_receptors(source: AnnData, target: AnnData, study: Study, table: pd.DataFrame) -> float:
    """Share of p_receptor < 0.05 where receptors are replaced by other genes of the target."""
    rng = np.random.default_rng(0)
    named = set(table["receptor_complex"]) | set(table["ligand_complex"])
    pool = np.array([g for g in target.var_names if g not in named])
    pairs = cx.interactions.load("curated", organism=source.uns["crosstalk"]["organism"])
    fake = rng.choice(pool, len(pairs), replace=False)
    decoys = cx.tl.crosstalk_contrast(
        source, target, condition="condition", reference=study.reference,
        covariates=study.covariates, interactions=pairs.assign(receptor_complex=fake),
        interactions_organism=source.uns["crosstalk"]["organism"],
    )  # fmt: skip
    return float((decoys["p_receptor"].dropna() < 0.05).mean())


def run(study: Study) -> None:
    """Write the tables and the figure of one study."""
    start = time.perf_counter()
    source = study.source()
    source.obs["condition"] = source.obs["condition"].astype(str)
    target = study.target()
    named = gather(None, "endocrine", source, target).named[0]
    genes = cx.tl.contrast_genes(
        source, condition="condition", reference=study.reference, covariates=study.covariates,
        among=named,
    )  # fmt: skip
    table = cx.tl.crosstalk_contrast(
        source, target, condition="condition", reference=study.reference,
        covariates=study.covariates, changes=genes,
    )  # fmt: skip
    presence = set(table["kind_receptor"]) == {"presence"}
    if "condition" in target.obs and study.reference in set(target.obs["condition"].astype(str)):
        known = [c for c in study.covariates if c in target.obs]
        answer = cx.tl.respond(
            target, condition="condition", reference=study.reference, covariates=known
        )
        write_table(RESULTS / f"{study.name}.response_in_target.tsv", answer.head(12))
        table = cx.tl.add_response(table, answer)
    own = cx.tl.respond(
        source, condition="condition", reference=study.reference, covariates=study.covariates
    )
    seconds = time.perf_counter() - start
    write_table(RESULTS / f"{study.name}.tsv", table[[c for c in TOP if c in table]].head(25))
    write_table(RESULTS / f"{study.name}.response_in_source.tsv", own.head(12))
    known = genes.set_index("gene").reindex(list(study.known))[["logfc", "pvalue", "padj"]]
    known = known.assign(study=study.name, expected=list(study.known.values())).reset_index()
    known["seen"] = np.where(
        known["pvalue"].isna(), "not tested",
        np.where(known["pvalue"] > 0.05, "no change",
                 np.where(known["logfc"] * known["expected"] > 0, "as known", "opposite")),
    )  # fmt: skip
    write_table(RESULTS / f"{study.name}.known.tsv", known)
    ligands = set(cx.interactions.complexes.genes(table["ligand_complex"]))
    null = cx.tl.contrast_null(
        source, condition="condition", reference=study.reference, covariates=study.covariates,
        within=study.within, genes=ligands, among=named, n_shuffles=SHUFFLES,
    )  # fmt: skip
    summary = {
        "study": study.name, "samples": source.n_obs, "genes_tested": genes["pvalue"].notna().sum(),
        "genes_padj_05": (genes["padj"] < 0.05).sum(),
        "ligands_p_05": table.drop_duplicates("ligand_complex")["p_ligand"].lt(0.05).sum(),
        "pairs_fdr_10": (table["fdr"] < 0.1).sum(), "shuffles": len(null),
        "null_p05": null["p05"].mean(), "null_p05_sd": null["p05"].std(),
        "null_p001": null["p001"].mean(), "null_calls": null["padj10"].gt(0).mean(),
        "null_ligands_p05": null["genes_p05"].mean(),
        "decoy_receptors_p05": decoy_receptors(source, target, study, table) if presence else None,
        "seconds": seconds,
    }  # fmt: skip
    write_table(RESULTS / f"{study.name}.summary.tsv", pd.DataFrame([summary]))
    draw(study, table)
    print(pd.DataFrame([summary]).T.to_string(header=False))
    print("\n".join(table.attrs["notes"]))


def draw(study: Study, table: pd.DataFrame) -> None:
    """Volcano of the ligands of one study."""
    axes = cx.pl.volcano(table)
    axes.set_xlabel(f"log2 fold change of ligands, {study.test} against {study.reference}")
    cx.pl.save(axes.figure, RESULTS / study.name)


if __name__ == "__main__":
    wanted = set(sys.argv[1:]) or {s.name for s in STUDIES}
    for one in STUDIES:
        if one.name in wanted:
            run(one)
    parts = [pd.read_csv(p, sep="\t") for p in sorted(RESULTS.glob("*.summary.tsv"))]
    write_table(RESULTS / "summary.tsv", pd.concat(parts, ignore_index=True))
