"""Mouse muscle cell types to endosteal stroma: the best pairs in every pair of cell types."""

from _results import publish, read

from crosstalk_omics import pl

table = read("b_mouse_cell_types_muscle_to_bone", source_tissue="muscle", target_tissue="stroma")
table = table[table["magnitude_gmean"].notna()]
KEY = ["factor", "ligand_complex", "receptor_complex", "role"]
table = table.merge(table.drop_duplicates(KEY).head(25)[KEY], on=KEY)
SHOWN = ["source", "target", *KEY, "evidence_level", "magnitude_ligand", "magnitude_receptor"]
SHOWN += ["magnitude_gmean", "specificity_pvalue", "specificity_fdr"]

axes = pl.crosstalk_dotplot(table, top=25, top_groups=25)
publish(axes, "fig_03_muscle_to_stroma_cell_types", table[SHOWN])
