# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # A bulk exercise study, from counts to candidates
#
# Vastus lateralis of 11 people with myotonic dystrophy type 1 before and after 12 weeks of cycling
# (and of 10 unexercised controls), and primary osteoblasts of 3 other donors. The same study runs
# from the command line: `crosstalk run examples/a_exercise_muscle_to_osteoblast.yaml`; at the end
# both are compared.

# %%
import pandas as pd

import crosstalk_omics as cx

pd.set_option("display.max_columns", 14)
cx.datasets.info("gse184951_human_vastus_lateralis_dm1_cycling")["caveat"]

# %%
muscle = cx.datasets.load("gse184951_human_vastus_lateralis_dm1_cycling")
muscle = cx.pp.standardise(muscle, donor="subject", condition="group")
osteoblast = cx.datasets.load("human_osteoblast_huvec_coculture")
osteoblast = osteoblast[osteoblast.obs["group"] == "osteoblast_control"].copy()
osteoblast = cx.pp.standardise(osteoblast, donor="donor")
pd.DataFrame(
    {"muscle": muscle.uns["crosstalk"]["genes"], "osteoblast": osteoblast.uns["crosstalk"]["genes"]}
)

# %% [markdown]
# ## Is it muscle?
#
# Fat, blood and nerve in a biopsy send factors of their own, which would look like myokines. The
# percentile of each panel's markers among the genes of a sample shows them.

# %%
foreign = cx.pp.contamination(muscle)
foreign.groupby("panel")["percentile"].describe()[["min", "50%", "max"]].round(2)

# %% [markdown]
# ## Which programmes change with training?
#
# The same person before and after: the pairs remove what differs between people.

# %%
net = cx.signatures.load(["myokine", "osteokine", "response", "program_exercise_training"])
trained = muscle[muscle.obs["condition"].isin(["Pre", "Post"])].copy()
scored = cx.pp.lognormalise(trained)
cx.tl.score(scored, net, "ucell", min_targets=5)
tests = cx.tl.compare_scores(
    scored, "score_ucell", condition="condition", reference="Pre", donor="donor", paired=True
)
tests[["signature", "estimate", "ci_low", "ci_high", "pvalue", "padj", "n_donors"]].head(8)

# %%
ax = cx.pl.score_effects(tests, top=15)

# %% [markdown]
# ## Ligands and receptors that are there
#
# Each tissue is one group here, so nothing can be specific to a group. What is tested is
# *presence*: is the ligand among the most expressed genes of muscle, and the receptor of the
# osteoblast, against the other expressed genes? With few donors and one group little can be called,
# and that is what the table says.

# %%
candidates = cx.tl.crosstalk(muscle, osteoblast, donor="donor")
candidates.attrs["notes"]

# %%
shown = [
    "factor",
    "ligand_complex",
    "receptor_complex",
    "magnitude_gmean",
    "p_ligand",
    "p_receptor",
]
shown += ["specificity_fdr", "evidence_level", "effects"]
candidates.query("role == 'agonist'")[shown].head(10)

# %% [markdown]
# ## Ligands that change with training
#
# The ligand must change within people (11 pairs), and the receptor must be there in the osteoblast.

# %%
changed = cx.tl.crosstalk_contrast(
    trained, osteoblast, condition="condition", reference="Pre", donor="donor", paired=True
)
shown = ["factor", "ligand_complex", "receptor_complex", "logfc_ligand", "p_ligand", "p_receptor"]
shown += ["pvalue", "fdr", "direction", "predicted_effect", "evidence_level"]
changed[shown].head(10)

# %%
ax = cx.pl.volcano(changed)

# %% [markdown]
# ## The command line gives the same tables

# %%
folder = cx.pipeline.run(
    "../examples/a_exercise_muscle_to_osteoblast.yaml", output="../results/notebook_a"
)
keys = ["ligand_complex", "receptor_complex", "role"]
for name, mine, p in [
    ("crosstalk", candidates, "specificity_pvalue"),
    ("contrast", changed, "pvalue"),
]:
    table = pd.read_csv(folder / f"{name}.tsv", sep="\t", keep_default_na=False, na_values=["NA"])
    table = table.query("source_tissue == 'muscle'")
    both = mine[[*keys, p]].merge(table[[*keys, p]], on=keys, suffixes=("", "_run"))
    assert len(both) == len(mine) == len(table)
    assert (both[p] - both[f"{p}_run"]).abs().max() < 1e-5
    print(f"{name}: {len(both)} rows agree")
