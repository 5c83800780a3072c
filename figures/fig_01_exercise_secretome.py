"""Cycling training and what muscle secretes: ligands, one signature by subject, all signatures."""

import matplotlib.pyplot as plt
import pandas as pd
from _results import letter, publish, read, study

from crosstalk_omics import pl

STUDY, METHOD, SIGNATURE = "a_exercise_muscle_to_osteoblast", "ucell", "myokine_sender"

ligands = read(STUDY, "contrast", source_tissue="muscle")
ligands = ligands.drop_duplicates(["ligand_complex", "source"])
ligands = ligands[["ligand_complex", "source", "contrast", "logfc_ligand", "p_ligand"]]
tests = read(STUDY, "score_tests", tissue="muscle", score=METHOD)
scores = pd.read_parquet(study(STUDY) / "scores.parquet")
scores = scores[scores["condition"].isin(["Pre", "Post"])]
scores = scores.rename(columns={f"{METHOD}__{SIGNATURE}": SIGNATURE})
scores = scores[["donor", "condition", SIGNATURE]].sort_values(["donor", "condition"])

with pl.theme():
    figure = plt.figure(figsize=(pl.TWO_COLUMNS, 6.2), layout="constrained")
    rows = figure.add_gridspec(2, 1)
    left, right = rows[0].subgridspec(1, 2, width_ratios=[1.5, 1]).subplots()
    letter(pl.volcano(ligands, ax=left), "A")
    letter(pl.score_strip(scores, SIGNATURE, tests=tests, unit=METHOD, ax=right), "B")
    letter(pl.score_effects(tests, top=15, ax=rows[1].subgridspec(1, 1).subplots()), "C")

drawn = {"A": ligands, "B": scores, "C": tests.nsmallest(15, "pvalue")}
table = pd.concat([part.assign(panel=name) for name, part in drawn.items()])
shown = ["panel", "ligand_complex", "logfc_ligand", "p_ligand", "donor", "condition", SIGNATURE]
shown += ["signature", "estimate", "ci_low", "ci_high", "pvalue", "padj", "n_donors"]
publish(figure, "fig_01_exercise_secretome", table[shown])
