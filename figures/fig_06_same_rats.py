"""The same rats: ligands of one tissue against receptors and blood values, over animals."""

import matplotlib.pyplot as plt
import pandas as pd
from _results import letter, publish, read

from crosstalk_omics import pl

STUDY = "e_same_rats_training"
PAIRS = {"A": ("gastrocnemius", "fat"), "B": ("fat", "gastrocnemius")}
SHOWN = ["panel", "source_tissue", "target_tissue", "ligand_complex", "feature", "feature_kind"]
SHOWN += ["correlation", "n_donors", "pvalue", "fdr"]

parts = []
with pl.theme():
    figure = plt.figure(figsize=(pl.TWO_COLUMNS, 6.4), layout="constrained")
    for (name, (source, target)), ax in zip(PAIRS.items(), figure.subplots(2, 1), strict=True):
        table = read(STUDY, "paired", source_tissue=source, target_tissue=target)
        table["pair"] = table["ligand_complex"] + " – " + table["feature"]
        table = table.drop_duplicates("pair").dropna(subset=["pvalue"])
        pl.volcano(
            table, effect="correlation", pvalue="pvalue", padj="fdr", label="pair", top=10,
            xlabel=f"correlation, {source} to {target}", ax=ax,
        )  # fmt: skip
        letter(ax, name)
        parts.append(table.assign(panel=name))
publish(figure, "fig_06_same_rats", pd.concat(parts)[SHOWN])
