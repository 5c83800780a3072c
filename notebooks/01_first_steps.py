# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # First steps, on the embedded data set
#
# The package carries a simulated muscle and bone of *different* donors, in which communication was
# planted. So we know what should be found, nothing has to be downloaded, and no biological claim
# can be made.

# %%
import pandas as pd

import crosstalk_omics as cx

pd.set_option("display.max_columns", 12)
simulated = cx.datasets.simulate(seed=0)
muscle = cx.pp.standardise(simulated.muscle)
bone = cx.pp.standardise(simulated.bone)
muscle

# %% [markdown]
# ## Signatures: every gene has a paper
#
# A signature is a *net*: `source` is the signature, `target` the gene, `weight` a number from
# -1 to 1. `evidence` shows the rows behind a factor, a gene or a signature.

# %%
net = cx.signatures.load(["myokine", "osteokine"], organism="human")
net.groupby("source").size()

# %%
cx.signatures.evidence("irisin")[
    ["target_tissue", "receptor", "effect", "species", "pmid", "doi"]
].head()

# %% [markdown]
# ## Scores, tested with the donor as replicate
#
# A cell is no replicate: cells of one donor resemble one another. Scores are averaged per donor and
# cell type, and the donors are compared.

# %%
scored = cx.pp.lognormalise(muscle)
cx.tl.score(scored, net, "ucell", min_targets=5)
tests = cx.tl.compare_scores(
    scored,
    "score_ucell",
    condition="condition",
    reference="control",
    donor="donor",
    groupby="cell_type",
)
tests[["signature", "group", "estimate", "ci_low", "ci_high", "pvalue", "padj", "n_donors"]].head()

# %% [markdown]
# ## Candidates: muscle to bone
#
# The two tissues are never merged. The ligand is judged among the genes and donors of muscle, the
# receptor among those of bone, and a pair counts only if **both** sides hold: its p-value is the
# larger of the two. `specificity_fdr` corrects over all pairs.

# %%
candidates = cx.tl.crosstalk(muscle, bone, groupby="cell_type", donor="donor")
candidates.attrs["notes"]

# %%
shown = ["source", "target", "ligand_complex", "receptor_complex", "magnitude_gmean"]
shown += ["p_ligand", "p_receptor", "specificity_fdr", "evidence_level"]
candidates[shown].head(10)

# %% [markdown]
# ## Was the planted truth found?

# %%
truth = simulated.truth.query("kind == 'specificity' and source_tissue == 'muscle'")
truth = truth.query("target_tissue == 'bone'").rename(
    columns={"source_group": "source", "target_group": "target"}
)
keys = ["source", "target", "ligand_complex", "receptor_complex"]
checked = truth[keys].merge(candidates[[*keys, "specificity_fdr"]], how="left")
checked

# %%
ax = cx.pl.crosstalk_ranks(candidates)

# %% [markdown]
# ## What cannot be concluded
#
# A candidate says that a ligand is made in one tissue, more in one cell type than in the others,
# and that its receptor is so in the other tissue. It does not say that they meet. Sender and
# receiver are different donors here, as in most public data: read every candidate as a hypothesis,
# and look at the evidence beside it, which never entered its p-value.
