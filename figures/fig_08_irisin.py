"""One page on irisin: where it and its receptor rank, its candidates, and what is known."""

from _results import publish, read

from crosstalk_omics import pl, signatures

table = read("a_exercise_muscle_to_osteoblast", factor="irisin")
SHOWN = ["source_tissue", "target_tissue", "source", "target", "ligand_complex"]
SHOWN += ["receptor_complex", "magnitude_ligand", "magnitude_receptor", "magnitude_gmean"]
SHOWN += ["specificity_pvalue", "specificity_fdr"]

figure = pl.factor_card(table, "irisin", evidence=signatures.evidence("irisin"))
publish(figure, "fig_08_irisin", table[SHOWN])
