# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Brain to bone, where many messages are no genes
#
# Norepinephrine, serotonin and cortisol have no gene that one could measure; oxytocin has one,
# but most chains from the brain to bone run over the pituitary, a gland or a nerve. And the data
# are of mice that were pooled. Neurons of the mouse hypothalamus (67 labels) and a hypothalamus
# of fed and food-deprived mice are set against endosteal stroma of bone marrow. From the command
# line: `crosstalk run examples/c_brain_to_bone.yaml`.

# %%
import pandas as pd

import crosstalk_omics as cx

pd.set_option("display.max_columns", 12, "display.max_colwidth", 90)
table = cx.interactions.load("curated", organism="mouse")
brain = table[table["source_tissues"].str.contains("hypothalamus|brain|nerve")]
brain["ligand_kind"].value_counts()

# %% [markdown]
# ## A hormone without a gene is judged by what makes it
#
# `+` joins the genes that are all needed: the enzymes, and the transporter that fills the
# vesicle. A cell can send norepinephrine only if it has *all* of them, so the weakest one counts.
# RNA of enzymes is not the hormone, but a cell without `Dbh` makes none.

# %%
small = brain[~brain["ligand_kind"].isin(["protein", "peptide"])]
small = small.drop_duplicates("ligand_complex")
small[["factor", "ligand_kind", "ligand_complex"]].reset_index(drop=True)

# %% [markdown]
# ## Neurons to stroma

# %%
neurons = cx.pp.standardise(cx.datasets.load("mouse_hypothalamus_neurons_romanov_845"))
stroma = cx.pp.standardise(cx.datasets.load("mouse_bm_endosteal_stroma_250"))
candidates = cx.tl.crosstalk(neurons, stroma, groupby="cell_type")
candidates.attrs["notes"]

# %% [markdown]
# Both sides have cells and neither names the mice. So there are p-values, an FDR even, and all of
# them are about these cells (see `02_muscle_to_bone_single_cell`). They sort the table; they do
# not say that other mice would give it. Only what the evidence has the brain send is shown:

# %%
sent = candidates[candidates["source_tissues"].str.contains("hypothalamus|brain|nerve")]
shown = ["source", "target", "factor", "receptor_complex", "magnitude_ligand", "p_ligand"]
shown += ["p_receptor", "specificity_fdr", "unit_ligand", "evidence_level"]
sent[shown].head(10)

# %% [markdown]
# ### Read the first rows with suspicion
#
# Vasopressin is sent by oligodendrocytes and ependymal cells here? Its RNA is so abundant in
# vasopressin neurons that traces of it turn up in other cells of the preparation. And where are
# those neurons? The note on small groups says it: their labels have fewer than 10 cells each and
# were left out. With `min_cells=5` they are back:

# %%
smaller = cx.tl.crosstalk(neurons, stroma, groupby="cell_type", min_cells=5)
vasopressin = smaller.query("factor == 'vasopressin' and target == 'reticular'")
vasopressin = vasopressin.drop_duplicates("source").set_index("source")
vasopressin["cells"] = neurons.obs["cell_type"].value_counts()
by_level = vasopressin.sort_values("magnitude_ligand", ascending=False)
by_level[["cells", "magnitude_ligand", "expr_prop_ligand", "p_ligand"]].head(10)

# %% [markdown]
# The neurons that are named after vasopressin or oxytocin lead. What is left of a hormone in
# other cells is a property of the preparation; before a cell type is named as a sender, look
# where its ligand is highest.

# %%
ax = cx.pl.crosstalk_network(sent, top=12)

# %% [markdown]
# ## Pairs that cannot be claimed, and the way round
#
# The stroma may have a receptor for cortisol, but no neuron makes cortisol. `multi_step` says by
# which chain of curated findings the substance could come, and whether any label has what makes
# it.

# %%
indirect = candidates[candidates["multi_step"].str.contains("->", regex=False)]
indirect = indirect.sort_values("magnitude_ligand", ascending=False).drop_duplicates("factor")
indirect[["factor", "magnitude_ligand", "gate_ligand", "multi_step"]].reset_index(drop=True)

# %% [markdown]
# `routes` lists all chains of the evidence tables between two tissues. They need no data, and
# nobody tested them as a whole: each step is a finding of its own, often in another species.

# %%
routes = cx.interactions.routes("brain", "bone", max_steps=3)
routes.groupby("route")["step"].max().value_counts().sort_index().rename("number of routes")

# %%
chain = cx.interactions.routes("brain", "bone", max_steps=3, through="cortisol")
shown = ["route", "step", "from_tissue", "factor", "to_tissue", "receptor", "effect"]
chain[[*shown, "evidence_level", "link"]]

# %%
nerve = cx.interactions.routes("brain", "bone", max_steps=3, through="norepinephrine")
nerve[nerve["route"].isin(nerve["route"].unique()[:2])][[*shown, "evidence_level", "link"]]

# %% [markdown]
# ## Fed against food-deprived
#
# 17 libraries in 5 batches, pools of mice. Libraries of one batch share their preparation and are
# no independent replicates, so the batch is taken as the donor. The table shows the flaw of the
# design: two batches have both conditions, three have one.

# %%
hypothalamus = cx.datasets.load("mouse_hypothalamus_chen2017")
hypothalamus = cx.pp.standardise(hypothalamus, donor="batch", condition="condition")
hypothalamus = cx.pp.label_cells(hypothalamus)  # by markers: the source has no labels
pd.crosstab(hypothalamus.obs["donor"], hypothalamus.obs["condition"])

# %% [markdown]
# ### Why cells are no replicates: a test whose answer is known
#
# Take two batches that were **both fed**, and ask whether gene sets differ between them. Feeding
# cannot be the answer. Then ask the question of the study, with cells and with batches as
# replicates.

# %%
hypothalamus = hypothalamus[hypothalamus.obs["cell_type"] != "unassigned"].copy()
scored = cx.pp.lognormalise(hypothalamus)
net = cx.signatures.load(["program", "response"], organism="mouse")
found = cx.tl.coverage(scored, net, min_targets=5).query("scored")["signature"]
cx.tl.score(scored, net[net["source"].isin(found)], "ucell", min_targets=5)

both_fed = scored[scored.obs["donor"].isin(["B1", "B3"]) & (scored.obs["condition"] == "fed")]
options = {"donor": "donor", "groupby": "cell_type"}
tests = {
    "fed batch against fed batch, cells": cx.tl.compare_scores(
        both_fed, "score_ucell", condition="batch", reference="B1", unit="observation", **options
    ),
    "food-deprived against fed, cells": cx.tl.compare_scores(
        scored, "score_ucell", condition="condition", reference="fed", unit="observation", **options
    ),
    "food-deprived against fed, batches": cx.tl.compare_scores(
        scored, "score_ucell", condition="condition", reference="fed", paired=False, **options
    ),
}
pd.DataFrame(
    {
        name: {
            "tests": test["pvalue"].count(),
            "p < 0.05": round((test["pvalue"].dropna() < 0.05).mean(), 3),
            "FDR < 0.1": (test["padj"] < 0.1).sum(),
        }
        for name, test in tests.items()
    }
).T.astype({"tests": int, "FDR < 0.1": int})

# %% [markdown]
# With cells as replicates, two batches of equally fed mice differ in about as many gene sets as
# fed and food-deprived mice do: the test sees batches. With batches as replicates no more
# p-values fall below 0.05 than chance gives, and nothing is called. That is no failure of the
# test: 4 against 3 pools show large and regular changes only.
#
# ### Ligands that change

# %%
changed = cx.tl.crosstalk_contrast(
    hypothalamus, stroma, condition="condition", reference="fed", groupby="cell_type", paired=False
)
shown = ["source", "target", "factor", "receptor_complex", "logfc_ligand", "p_ligand"]
shown += ["p_receptor", "pvalue", "fdr", "direction"]
changed.query("role == 'agonist'")[shown].head(6)

# %% [markdown]
# Would you publish the first row? Look at the gene in *all* cell types, and at a positive control
# beside it: hunger raises NPY in the hypothalamus (the evidence table has it with its source).

# %%
evidence = cx.signatures.evidence("neuropeptide Y")
evidence.loc[evidence["context"].str.contains("fasting"), ["source_tissue", "context", "pmid"]]

# %%
genes = cx.tl.contrast_genes(
    hypothalamus, condition="condition", reference="fed", groupby="cell_type", paired=False
)
few = genes[genes["gene"].isin(["Avp", "Oxt", "Pomc", "Npy", "Agrp"])]
few.pivot(index="gene", columns="group", values="logfc").round(1)

# %% [markdown]
# Vasopressin is up in nearly all types and oxytocin down in all of them, in types that make
# neither: what changed is most likely the RNA that floats in the preparation, which depends on
# where the piece of brain was cut. And NPY does not rise in neurons. Where the known is not seen,
# the unknown is not to be believed.
#
# ## What can be concluded, and what cannot
#
# - **Can**: which neurons carry which messenger, which stromal cells carry a receptor, and by
#   which chain of published findings a signal may travel.
# - **Cannot**: that a hormone is released (RNA of its enzymes is not release), that it reaches
#   bone (most of these act within the brain), or that hunger changes it (batch and condition are
#   confounded, and the positive control fails).
# - **Better**: several mice per condition, all conditions in every batch, each mouse named.
