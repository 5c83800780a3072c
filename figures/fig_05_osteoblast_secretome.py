"""What osteoblasts release into their medium: change with differentiation, ranks in muscle."""

import matplotlib.pyplot as plt
import pandas as pd
from _results import letter, publish, read

from crosstalk_omics import pl

STUDY = "d_bone_to_muscle"
change = read(STUDY, "contrast", source_tissue="secretome", target_tissue="muscle")
change = change.drop_duplicates("ligand_complex").dropna(subset=["p_ligand"])
ranks = read(STUDY, source_tissue="secretome", target_tissue="muscle")
ranks = ranks[ranks["magnitude_gmean"].notna()]

with pl.theme():
    figure = plt.figure(figsize=(pl.TWO_COLUMNS, 6.4), layout="constrained")
    above, below = figure.subplots(2, 1, height_ratios=[1, 1.3])
    letter(pl.volcano(change, ax=above), "A")
    letter(pl.crosstalk_ranks(ranks, ax=below), "B")

table = pd.concat([change.assign(panel="A"), ranks.assign(panel="B")])
SHOWN = ["panel", "factor", "ligand_complex", "receptor_complex", "role", "logfc_ligand"]
SHOWN += ["p_ligand", "evidence_level", "magnitude_ligand", "magnitude_receptor"]
SHOWN += ["magnitude_gmean", "specificity_pvalue", "specificity_fdr"]
publish(figure, "fig_05_osteoblast_secretome", table[SHOWN])
