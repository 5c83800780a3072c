# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Many studies: what holds in all of them
#
# One study has one laboratory, one platform and one population. This notebook takes six groups of
# people and animals: four public studies of human myotubes in type 2 diabetes, and endurance
# training in human and rat muscle. It shows how effects are combined, how to read a forest plot,
# and how a meta-analysis can mislead: with two studies, with the same animals counted twice, and
# with an error that is too small by chance.

# %%
import numpy as np
import pandas as pd

import crosstalk_omics as cx

pd.set_option("display.max_columns", 14, "display.max_colwidth", 70)
myotubes = cx.pp.standardise(cx.datasets.load("human_myotube_t2d_compendium"))
cells = myotubes.obs.groupby("GEO", observed=True)
cells["platform"].first().to_frame().join(
    pd.crosstab(myotubes.obs["GEO"], myotubes.obs["condition"])
)

# %% [markdown]
# ## Effects are combined, never samples
#
# Four platforms have four scales: were the samples thrown together, the study would be the
# largest difference. So each study is tested by itself, donors as replicates, and only its effect
# (log2 fold change) and standard error go on.

# %%
studies = {str(name): myotubes[rows].copy() for name, rows in cells.indices.items()}
sexes = {name: ["sex"] if len(set(study.obs["sex"])) > 1 else [] for name, study in studies.items()}
options = {"condition": "condition", "reference": "Healthy"}
tables = {
    name: cx.tl.contrast_genes(study, covariates=sexes[name], **options)
    for name, study in studies.items()
}
alone = pd.DataFrame(
    {
        name: [
            table["pvalue"].count(),
            (table["pvalue"] < 0.05).mean(),
            (table["padj"] < 0.1).sum(),
        ]
        for name, table in tables.items()
    },
    index=["genes tested", "p < 0.05", "FDR < 0.1"],
).T
alone.astype({"genes tested": int, "FDR < 0.1": int}).round(3)

# %% [markdown]
# By themselves the studies have next to nothing: no more genes below 0.05 than chance gives, or
# fewer. Together they have 69 donors. Does that help?

# %%
pooled = cx.tl.meta(tables, min_studies=4)
in_all = pooled[pooled["n_studies"] == 4]
print(f"{len(in_all)} genes in all four, {(in_all['padj'] < 0.1).sum()} at FDR 0.1")
shown = ["gene", "sign_agreement", "estimate", "se", "pvalue", "padj", "i2", "loo_pvalue"]
in_all[[*shown, "loo_study"]].head(6)

# %% [markdown]
# Nothing holds, and that is a result. How the columns read:
#
# - `estimate`, `se`, `pvalue`: random effects; the true effect may differ between studies, and
#   what is estimated is its mean. The test is Knapp and Hartung's, which takes the spread of the
#   studies' own estimates as the measure of error.
# - `i2`, `tau2`: how much of the spread is more than sampling error, in percent and as a
#   variance.
# - `pi_low`, `pi_high`: where the effect in *a further study* would lie.
# - `loo_pvalue`, `loo_study`: the largest p when one study is left out, and which. A finding that
#   hangs on one study shows here.
# - `sign_agreement`: share of studies with the pooled sign.
#
# The first rows have `i2` = 0 and a tiny `se`: of thousands of genes, some have four estimates
# that agree by chance far better than their own errors allow. The test is right on average over
# genes; for such a row it is not. `truncated=True` takes the larger of both errors and is the
# cautious second look.

# %%
cautious = cx.tl.meta(tables, min_studies=4, truncated=True).set_index("gene")
first = in_all.head(3).set_index("gene")[["estimate", "se", "pvalue"]]
first.join(cautious[["se", "pvalue"]].add_suffix("_truncated"))

# %% [markdown]
# And two studies are not many. Of two effects no spread can be estimated, so for genes that only
# two studies measured a fixed effect is taken. With the default `min_studies=2` such genes lead
# the table; without one of the two, little is left:

# %%
loose = cx.tl.meta(tables)
loose[["gene", "n_studies", "sign_agreement", "estimate", "pvalue", "padj", "loo_pvalue"]].head(4)

# %% [markdown]
# ## The null: shuffle who is diabetic
#
# What would the table show if diabetes did nothing? Conditions are shuffled over the donors in
# each study, everything is computed again for every fourth gene, and the share with p < 0.05 is
# counted. It should be 0.05. A *fixed effect* would take the studies for copies of one
# experiment.

# %%
rng = np.random.default_rng(0)
everywhere = sorted(
    set.intersection(*(set(t.dropna(subset="pvalue")["gene"]) for t in tables.values()))
)
rates = []
for _ in range(8):
    null = {}
    for name, study in studies.items():
        study = study[:, everywhere[::4]].copy()
        study.obs["condition"] = rng.permutation(study.obs["condition"].astype(str))
        null[name] = cx.tl.contrast_genes(study, covariates=sexes[name], **options)
    for method in ("reml", "fixed"):
        result = cx.tl.meta(null, method=method)
        rates.append((method, (result["pvalue"] < 0.05).mean(), (result["padj"] < 0.1).sum()))
rates = pd.DataFrame(rates, columns=["method", "p < 0.05", "genes at FDR 0.1"])
rates.groupby("method").agg(["mean", "max"]).round(3)

# %% [markdown]
# With random effects the share stays near 0.05; with a fixed effect single shuffles stray much
# further.

# %% [markdown]
# ## Training: three groups of subjects that share nothing
#
# Human vastus lateralis before and after 12 weeks of cycling, and gastrocnemius of female and of
# male rats after 8 weeks on the treadmill against sedentary ones. Females and males are different
# animals, so each sex is a study of its own. The receiving side is osteoblasts of 3 donors.

# %%
human = cx.datasets.load("gse184951_human_vastus_lateralis_dm1_cycling")
human = human[human.obs["group"].isin(["Pre", "Post"])].copy()
trained = {"human vastus": cx.pp.standardise(human, donor="subject", condition="group")}
for muscle in ("gastrocnemius", "vastus_lateralis"):
    rats = cx.datasets.load(f"motrpac_rat_{muscle}")
    rats = rats[rats.obs["timepoint"].isin(["SED", "8W"])].copy()
    rats = cx.pp.standardise(rats, donor="pid", condition="timepoint")
    for sex, rows in rats.obs.groupby("sex", observed=True).indices.items():
        trained[f"rat {muscle.split('_')[0]}, {sex.lower()}"] = rats[rows].copy()

osteoblasts = cx.datasets.load("human_osteoblast_huvec_coculture")
osteoblasts = osteoblasts[osteoblasts.obs["group"] == "osteoblast_control"].copy()
osteoblasts = cx.pp.standardise(osteoblasts, donor="donor")
contrasts = {
    name: cx.tl.crosstalk_contrast(
        data, osteoblasts, condition="condition", reference="Pre" if "human" in name else "SED"
    )
    for name, data in trained.items()
}
pd.DataFrame(
    {name: data.obs["condition"].astype(str).value_counts() for name, data in trained.items()}
).T.astype(object).fillna("")

# %%
independent = ["human vastus", "rat gastrocnemius, female", "rat gastrocnemius, male"]
columns = {"effect": "logfc_ligand", "se": "se_ligand"}
ligands = {name: table.drop_duplicates("factor") for name, table in contrasts.items()}
training = cx.tl.meta({name: ligands[name] for name in independent}, on="factor", **columns)
in_all = training[training["n_studies"] == 3].set_index("factor")
shown = ["sign_agreement", "estimate", "pvalue", "padj", "i2", "loo_pvalue", "loo_study"]
in_all[shown].head(6)

# %% [markdown]
# ### The forest plot
#
# One line per study with its 95 % interval, squares by weight; the diamond is the pooled mean,
# and the line through it where a further study would lie. Kynurenic acid is no gene: it is judged
# by the enzymes that make it. They go up in all three groups.

# %%
key = {"factor": "kynurenic acid"}
three = {name: ligands[name] for name in independent}
ax = cx.pl.forest(
    cx.tl.meta_studies(three, key, **columns),
    pooled=in_all.loc["kynurenic acid"],
    unit="log2 fold change, synthesis of kynurenic acid",
)

# %% [markdown]
# Again the three estimates lie closer together than their own intervals allow, so the diamond is
# too small, and the cautious p-value is the one to quote. It rests on two degrees of freedom:
# three studies cannot give more.

# %%
pooled = {
    "as it is": training,
    "truncated": cx.tl.meta(three, on="factor", truncated=True, **columns),
}
pd.DataFrame(
    {name: table.set_index("factor").loc["kynurenic acid"] for name, table in pooled.items()}
).loc[["estimate", "se", "pvalue", "loo_pvalue"]]

# %%
cx.signatures.evidence("kynurenic acid")[["level", "source_tissue", "context", "doi"]].head(2)

# %% [markdown]
# IGF-1 is the opposite: studies disagree beyond their errors (`i2`), the mean is uncertain, and
# the prediction interval says that a further study may show either sign. Averaging hides that;
# the plot does not.

# %%
ax = cx.pl.forest(
    cx.tl.meta_studies(three, {"factor": "IGF-1"}, **columns),
    pooled=in_all.loc["IGF-1"],
    unit="log2 fold change of IGF-1",
)

# %% [markdown]
# ### The same animals are no further study
#
# Vastus lateralis of the *same* rats is at hand. As two more "studies" it makes the p-value of
# kynurenic acid smaller, without a single animal more. Two muscles of one animal share its genes,
# its training and its hormones, so their errors are not independent, and that p-value is not
# valid.

# %%
twice = cx.tl.meta(ligands, on="factor", **columns).set_index("factor")
pd.DataFrame(
    {"3 groups": in_all.loc["kynurenic acid"], "5 'studies'": twice.loc["kynurenic acid"]}
).loc[["n_studies", "estimate", "se", "pvalue"]]

# %% [markdown]
# ## Both sides, over studies
#
# `meta_crosstalk` combines each side over its studies first, then asks for both. The osteoblasts
# are one study and count once, however many muscle studies were set against them.

# %%
both = cx.tl.meta_crosstalk({(name, "osteoblasts"): contrasts[name] for name in independent})
shown = ["factor", "receptor_complex", "role", "n_studies_ligand", "logfc_ligand", "p_ligand"]
both[[*shown, "p_receptor", "pvalue", "fdr"]].head(6)

# %% [markdown]
# ## The null of each study
#
# A meta-analysis is as honest as what goes in. Exchange the conditions within each person, or
# shuffle them over the rats, and count again.

# %%
control = {}
for name in independent:
    null = cx.tl.contrast_null(
        trained[name], condition="condition", n_shuffles=10,
        reference="Pre" if "human" in name else "SED",
    )  # fmt: skip
    control[name] = {"shuffles": len(null), "p < 0.05": null["p05"].mean()}
    control[name] |= {"sd over shuffles": null["p05"].std(), "p < 0.001": null["p001"].mean()}
    control[name]["shuffles with a call"] = (null["padj10"] > 0).mean()
pd.DataFrame(control).T.astype({"shuffles": int}).round(4)

# %% [markdown]
# Genes vary together, so the share scatters from shuffle to shuffle, and the mean of ten is known
# to about a third of that scatter. `benchmarks/changes` has forty for these and other studies.
#
# ## What can be concluded, and what cannot
#
# - **Can**: in these four studies no gene was found that differs between myotubes of people with
#   and without diabetes in a way that all of them show. Differences smaller than the intervals
#   may still exist.
# - **Can**: enzymes of kynurenic acid go up with training in muscle of two species, in each of
#   three groups of subjects, as the literature has it. With three groups that is support, not
#   proof.
# - **Cannot**: that kynurenic acid itself rises, leaves muscle or reaches bone; or that pairs at
#   an FDR near 1 are anything but a list to look at.
# - **Mind**: the human study is of people with myotonic dystrophy, without trained healthy
#   controls; two of three groups come from one laboratory; and whoever chooses among many
#   meta-analyses the one that works has made a new multiple test.
