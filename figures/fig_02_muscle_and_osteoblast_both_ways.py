"""Human muscle and osteoblasts: where ligands and their receptors rank, in both directions."""

import matplotlib.pyplot as plt
import pandas as pd
from _results import letter, publish, read

from crosstalk_omics import pl

STUDY = "a_exercise_muscle_to_osteoblast"
SHOWN = ["source_tissue", "target_tissue", "factor", "ligand_complex", "receptor_complex", "role"]
SHOWN += ["evidence_level", "magnitude_ligand", "magnitude_receptor", "magnitude_gmean"]
SHOWN += ["specificity_pvalue", "specificity_fdr"]

parts = {
    "A": read(STUDY, source_tissue="muscle"),
    "B": read(STUDY, source_tissue="osteoblast"),
}
with pl.theme():
    figure = plt.figure(figsize=(pl.TWO_COLUMNS, 7.6), layout="constrained")
    for ax, (name, table) in zip(figure.subplots(2, 1), parts.items(), strict=True):
        letter(pl.crosstalk_ranks(table, ax=ax), name)
        ax.set_title(" to ".join(table.loc[0, ["source_tissue", "target_tissue"]]), loc="right")

drawn = pd.concat(parts.values())
drawn = drawn[drawn["magnitude_gmean"].notna()]
publish(figure, "fig_02_muscle_and_osteoblast_both_ways", drawn[SHOWN])
