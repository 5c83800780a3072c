"""Hypothalamic neurons to endosteal stroma: layers from neuron to curated effect."""

from _results import publish, read

from crosstalk_omics import pl

table = read("c_brain_to_bone", source_tissue="neurons", target_tissue="stroma")
table = table[table["magnitude_gmean"].notna()].head(25)
SHOWN = ["source", "target", "factor", "ligand_complex", "receptor_complex", "role", "effects"]
SHOWN += ["evidence_level", "magnitude_gmean", "specificity_pvalue", "specificity_fdr"]

axes = pl.crosstalk_network(table, top=25)
publish(axes, "fig_04_brain_to_bone", table[SHOWN])
