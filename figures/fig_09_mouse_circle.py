"""Mouse muscle, bone and stroma in a circle: where the hundred strongest candidates lie."""

from _results import publish, read

from crosstalk_omics import pl

table = read("b_mouse_cell_types_muscle_to_bone")
table = table[table["magnitude_gmean"].notna()]
table = table.sort_values("magnitude_gmean", ascending=False, kind="stable").head(100)
SHOWN = ["source_tissue", "target_tissue", "source", "target", "factor", "ligand_complex"]
SHOWN += ["receptor_complex", "magnitude_gmean"]

publish(pl.crosstalk_chord(table), "fig_09_mouse_circle", table[SHOWN])
