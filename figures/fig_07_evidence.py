"""What the curated literature says: factors against effects, with disagreement shown."""

from _results import publish

from crosstalk_omics import interactions, pl

table = interactions.load()
axes = pl.evidence_matrix(table)
stated = table[table["effects"].fillna("") != ""]
publish(axes, "fig_07_evidence", stated[["factor", "effects", "evidence_level", "conflict"]])
