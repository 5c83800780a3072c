# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Muscle to bone in single cells, where there are no donors
#
# Much of what is public has no donors: an atlas gives one profile per cell type, a study gives
# cells of animals that are not named. This notebook takes one of each, muscle types of the Mouse
# Cell Atlas and endosteal stroma of mouse bone marrow, and shows how far one gets: to ranks, and
# to a p-value that is about these cells only. From the command line: `crosstalk run
# examples/b_mouse_cell_types_muscle_to_bone.yaml`.

# %%
import pandas as pd

import crosstalk_omics as cx

pd.set_option("display.max_columns", 12, "display.max_colwidth", 200)
names = {"muscle": "mca_mouse_celltype_pseudobulk", "stroma": "mouse_bm_endosteal_stroma_250"}
caveats = {name: cx.datasets.info(dataset)["caveat"] for name, dataset in names.items()}
pd.Series(caveats, name="caveat").to_frame()

# %% [markdown]
# `replicates` says what could be tested: `none` for the atlas (a mean has no spread), `cells` for
# the stroma. Nothing that is computed below can change that.

# %%
atlas = cx.pp.standardise(cx.datasets.load(names["muscle"]))
stroma = cx.pp.standardise(cx.datasets.load(names["stroma"]))
types = ["Skeletal muscle", "Skeletal muscle cell", "Muscle cell", "Muscle progenitor cell"]
types += ["Myoblast"]
muscle = atlas[atlas.obs["cell_type"].isin(types)].copy()
print(
    {
        name: data.uns["crosstalk"]["replicates"]
        for name, data in [("atlas", atlas), ("stroma", stroma)]
    }
)
stroma.obs["cell_type"].value_counts()

# %% [markdown]
# Look at depth before looking at genes. A rare messenger that is missing from a profile of a few
# ten thousand molecules may still be in the cell.

# %%
depth = muscle.obs.assign(umi=muscle.X.sum(axis=1), genes=(muscle.X > 0).sum(axis=1))
depth.groupby("cell_type", observed=True)[["umi", "genes"]].sum().astype(int)

# %% [markdown]
# ## Candidates are ranked, not tested
#
# The notes come with every result. Read them first: they say which side was tested, with what as
# the replicate, and what was left out.

# %%
candidates = cx.tl.crosstalk(muscle, stroma, groupby="cell_type")
candidates.attrs["notes"]

# %%
candidates[["unit_ligand", "unit_receptor", "specificity_pvalue", "specificity_fdr"]].agg(
    ["nunique", "count"]
)

# %% [markdown]
# No candidate has a p-value: a pair needs both sides, and the sending side has none. What there
# is:
#
# - `magnitude_ligand`, `magnitude_receptor`: the percentile of the gene among the genes of its
#   own tissue. 0.98 means that 2 % of the genes are higher in that cell type. A complex counts by
#   its weakest subunit (`+`), alternatives by the strongest (`|`). The two tissues are never
#   merged, so depth and platform of one cannot make a gene of the other look high.
# - `magnitude_gmean`: the geometric mean of both; the table is sorted by it when there is no
#   p-value.
# - `gate_ligand`, `gate_receptor`: is the gene there at all, in at least 10 % of the cells or
#   above the noise of the study?
# - `evidence_level`: how well the pair is known. It never enters the order.

# %%
signals = candidates.query("role == 'agonist' and gate_ligand and gate_receptor")
best = signals.drop_duplicates(["ligand_complex", "receptor_complex"])
shown = ["source", "target", "factor", "ligand_complex", "receptor_complex", "magnitude_ligand"]
shown += ["magnitude_receptor", "magnitude_gmean", "evidence_level"]
best[shown].head(10).round(3)

# %%
ax = cx.pl.crosstalk_dotplot(signals, top=14, top_groups=25)

# %% [markdown]
# ## Is it more than any cell would show?
#
# A high rank is cheap: what every cell needs has it in every cell. Where nothing can be tested,
# compare with senders that nobody would claim. Here the same question is put to all types of the
# atlas; `place` is that of the type among them, for the ligand (1: no type has more).

# %%
everywhere = cx.tl.crosstalk(atlas, stroma, groupby="cell_type")
ligands = everywhere.drop_duplicates(["source", "ligand_complex"]).copy()
by_ligand = ligands.groupby("ligand_complex")["magnitude_ligand"]
ligands["place"] = by_ligand.rank(ascending=False, method="min").astype("Int64")
ligands["of"] = by_ligand.transform("count")
ours = ligands[ligands["source"].isin(types) & ligands["gate_ligand"].astype(bool)]
shown = ["source", "factor", "ligand_complex", "magnitude_ligand", "place", "of"]
ours.sort_values(["place", "source"])[shown].head(12).round(3)

# %% [markdown]
# Irisin's gene (`Fndc5`) and myostatin (`Mstn`) are as high in hardly any other type: muscle is
# where they come from. For a ligand of the first table that stands far down here, muscle may be a
# sender, but so may most of the body.
#
# One type should make us suspicious.

# %%
odd = ["Bglap", "Spp1", "Il1b"]
ours[ours["ligand_complex"].isin(odd) & (ours["source"] == "Myoblast")][shown].round(3)

# %%
wanted = ["myofiber", "satellite_cell", "muscle_fap", "muscle_endothelium", "osteoblast"]
markers = cx.signatures.load([f"marker_{name}" for name in wanted], organism="mouse")
cx.tl.score(muscle, markers, "ucell", min_targets=5)
scores = muscle.obsm["score_ucell"].groupby(muscle.obs["cell_type"], observed=True).mean()
scores.T.round(2)

# %% [markdown]
# The "Myoblast" of this atlas has more of the osteoblast's markers than of any muscle cell's, and
# it is where osteocalcin and osteopontin came from. "Skeletal muscle cell" carries the markers of
# fibro-adipogenic progenitors beside those of fibres, so its IGF-1 and CXCL12 in the first table
# may be theirs. "Muscle progenitor cell" looks as it is called. A label is a claim as well.
#
# ## The p-value of the bone side, and what its null is
#
# The stroma has cells, so its side has a p-value: `p_receptor`. The null shuffles the labels of
# the 250 cells: *if labels said nothing, how often would this type have so much more of the
# receptor?* The answer is about these cells. Cells of one mouse share its genes, age and the day
# of the experiment, and the null knows nothing of the next mouse. So the unit is called `cell`,
# and the notes say "descriptive".

# %%
receptors = candidates.drop_duplicates(["target", "receptor_complex"])
shown = ["target", "receptor_complex", "magnitude_receptor", "expr_prop_receptor", "p_receptor"]
shown += ["unit_receptor", "n_donors_target"]
receptors.sort_values("p_receptor")[shown].head(6)

# %% [markdown]
# How small these p-values get is a matter of how many cells were sequenced, not of how many mice
# were studied. The same comparison with 12, 25 and all 50 cells of each type:

# %%
number = stroma.obs.groupby("cell_type", observed=True).cumcount()
share = {}
for n_cells in (12, 25, 50):
    fewer = cx.tl.crosstalk(muscle, stroma[number < n_cells].copy(), groupby="cell_type")
    tested = fewer.drop_duplicates(["target", "receptor_complex"])["p_receptor"].dropna()
    share[n_cells] = {"tests": len(tested), "p < 0.05": (tested < 0.05).mean()}
    share[n_cells]["smallest p"] = tested.min()
pd.DataFrame(share).T.rename_axis("cells per type").astype({"tests": int})

# %% [markdown]
# More cells of the same mice give more and smaller p-values, and no more mice. With three mice or
# more, types are compared within each mouse, and the p-value speaks of mice: `01_first_steps`
# shows it. Asking for it here is refused, with the reason:

# %%
try:
    cx.tl.crosstalk(muscle, stroma, groupby="cell_type", null="donor")
except ValueError as error:
    print(error)

# %% [markdown]
# ## What can be concluded, and what cannot
#
# - **Can**: these receptors are there in these cells, and more in one type than in the others of
#   this preparation; skeletal muscle is among the atlas types with most `Fndc5` and `Mstn`.
# - **Cannot**: that a pair is specific to muscle and bone (no test on one side), that another
#   mouse would show it (no animals), or that the protein leaves muscle and reaches bone. Several
#   types are not what their label says.
# - **Next**: data with animals. The manifest has some; they are fetched on first use.

# %%
available = cx.datasets.list().query(
    "organism == 'mouse' and modality == 'single_cell' and replicates == 'donor'"
)
available[["id", "title"]].reset_index(drop=True)
