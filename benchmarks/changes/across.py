"""Endurance training in three muscles of two species: what holds in all of them.

``python benchmarks/changes/across.py`` writes to ``benchmarks/changes/results``. The two rat
muscles come from the same animals: their agreement is no replication by other animals.
"""

from pathlib import Path

from studies import TECHNICAL, osteoblasts, rats, trained

import crosstalk_omics as cx
from crosstalk_omics.core.files import write_table

RESULTS = Path(__file__).parent / "results"
MUSCLES = {
    "human vastus lateralis": (trained, "Pre", ()),
    "rat gastrocnemius": (rats("gastrocnemius"), "SED", TECHNICAL),
    "rat vastus lateralis": (rats("vastus_lateralis"), "SED", TECHNICAL),
}


def main() -> None:
    """Write the pooled pairs, and a forest plot of the ligand with the smallest p-value."""
    cells, tables = osteoblasts(), {}
    for name, (load, reference, covariates) in MUSCLES.items():
        tables[name, "osteoblasts"] = cx.tl.crosstalk_contrast(
            load(), cells, condition="condition", reference=reference, covariates=covariates
        )
    pooled = cx.tl.meta_crosstalk(tables)
    write_table(RESULTS / "training_across.tsv", pooled.head(30))
    ligands = {name: t.drop_duplicates("factor") for (name, _), t in tables.items()}
    columns = {"effect": "logfc_ligand", "se": "se_ligand"}
    alone = cx.tl.meta(ligands, on="factor", **columns)
    write_table(RESULTS / "training_across.ligands.tsv", alone.head(30))
    best = alone[alone["n_studies"] == len(MUSCLES)].iloc[0]
    rows = cx.tl.meta_studies(ligands, {"factor": best["factor"]}, **columns)
    axes = cx.pl.forest(rows, pooled=best, unit=f"log2 fold change of {best['factor']}")
    cx.pl.save(axes, RESULTS / "training_across")
    show = ["factor", "n_studies", "estimate", "se", "pvalue", "padj", "i2", "loo_pvalue"]
    print(alone[show].head(12).to_string())
    show = ["factor", "receptor_complex", "logfc_ligand", "p_ligand", "p_receptor", "pvalue", "fdr"]
    print(pooled[show].head(12).to_string())


if __name__ == "__main__":
    main()
