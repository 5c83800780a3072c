# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
# ---

# %% [markdown]
# # Your own signatures, pairs and data
#
# Gene sets of a paper, a counts table from the core facility, some ligand-receptor pairs from
# your own bench: everything that the package holds can be replaced by yours, and passes the same
# checks. The "own" data are real here, quadriceps of 6 mice of a space flight and 6 ground
# controls, written to two text files as one would get them.

# %%
from pathlib import Path

import pandas as pd
import yaml

import crosstalk_omics as cx

pd.set_option("display.max_columns", 12, "display.max_colwidth", 110)
folder = Path("../results/notebook_own")
folder.mkdir(parents=True, exist_ok=True)
public = cx.datasets.load("osd103_mouse_quadriceps_spaceflight")
public.to_df().T.round().astype(int).rename_axis("gene").to_csv(folder / "counts.tsv", sep="\t")
samples = public.obs[["animal", "group"]].rename_axis("sample")
samples.to_csv(folder / "samples.tsv", sep="\t")
samples.groupby("group", observed=True).head(2)

# %% [markdown]
# ## Signatures: a dict, or a GMT, TSV or YAML file
#
# The result is always a *net*: `source` (signature), `target` (gene), `weight` (-1 to 1). A
# signed signature says which genes should go down.

# %%
mine = {
    "my_mitochondria": ["Ppargc1a", "Tfam", "Cs", "Cox4i1", "Ndufs1", "Sdha", "Uqcrc2"],
    "my_atrophy": {"Fbxo32": 1, "Trim63": 1, "Foxo1": 1, "Cdkn1a": 1, "Igf1": -1, "Myh4": -0.5},
}
(folder / "mine.yaml").write_text(yaml.safe_dump(mine))
lines = ["my_secreted\tfrom my paper\tMstn\tFndc5\tIl6\tIl15\tBdnf\tFgf21\tSparc"]
(folder / "mine.gmt").write_text("\n".join(lines))
net = cx.signatures.load([folder / "mine.yaml", folder / "mine.gmt"], organism="mouse")
net.groupby("source")["weight"].agg(["size", "min", "max"])

# %% [markdown]
# ### What the checks say
#
# A gene list has usually been in a spreadsheet. Every bad cell is named with row and column, all
# at once, and nothing is mended in silence: a wrong gene is worse than an error.

# %%
wrong = {
    "a date": {"set": ["1-Sep", "Mstn"]},
    "two species": {"set": ["Mstn", "Fndc5", "IL6"]},
    "twice": {"set": ["Mstn", "Fndc5", "Mstn"]},
    "a weight": {"set": {"Mstn": 3, "Fndc5": 1}},
    "no list": {"set": "Mstn, Fndc5"},
}
for problem, genes in wrong.items():
    try:
        cx.signatures.load(genes, organism="mouse")
    except ValueError as error:
        print(f"{problem}: {error}\n")

# %%
(folder / "wrong.tsv").write_text(
    "source\ttarget\tweight\nset\tMstn\t1\nset\tFndc5\thigh\nset\t\t1\n"
)
try:
    cx.signatures.load(folder / "wrong.tsv", organism="mouse")
except ValueError as error:
    print(error)

# %% [markdown]
# ## Data: a counts table and a sample table
#
# `read` finds out how the table lies and which column names the samples; `standardise` makes
# current gene symbols of what it finds, and reports it. Look at `n_dropped` and `n_duplicates`: a
# large number means another genome annotation, or another species.

# %%
quadriceps = cx.datasets.read(folder / "counts.tsv", samples=folder / "samples.tsv")
quadriceps = cx.pp.standardise(quadriceps, donor="animal", condition="group")
about = quadriceps.uns["crosstalk"]
print(about["organism"], about["value_state"], quadriceps.shape)
report = pd.Series(about["genes"]).drop("examples")
report

# %% [markdown]
# ## Coverage before scores
#
# A signature of which half the genes are missing is another signature. Packaged signatures are
# human: genes are mapped by one-to-one orthologs, and `lost` names those without.

# %%
packaged = ["myokine_sender", "program_atrophy_ubiquitin_proteasome"]
net = cx.signatures.load([*packaged, folder / "mine.yaml", folder / "mine.gmt"], organism="mouse")
pd.DataFrame(net.attrs["lost"]).head(3)

# %%
covered = cx.tl.coverage(quadriceps, net, min_targets=5)
covered[["signature", "n_targets", "n_found", "coverage", "missing", "scored"]]

# %% [markdown]
# ## Scores, and what chance would give
#
# A score of 0.6 means little by itself: genes that are high in every sample give any set a high
# score. `null="matched"` sets it against random sets of equal size whose genes are as high and as
# often seen; `score_singscore_z` is the distance from them in standard deviations. It
# **describes** a sample and tests nothing, since the genes of a set move together.

# %%
scored = cx.pp.lognormalise(quadriceps)
cx.tl.score(scored, net, "singscore", null="matched", min_targets=5)
summary = {key: scored.obsm[key].mean() for key in ("score_singscore", "score_singscore_z")}
pd.DataFrame(summary).round(2)

# %% [markdown]
# ## The test: animals against animals
#
# 6 against 6 animals; the estimate is a difference in score with its interval, and `padj` is over
# all signatures of the table. An interval around 0 is not proof of no change: its width says how
# large a change could have been missed.

# %%
tests = cx.tl.compare_scores(
    scored, "score_singscore", condition="condition", reference="GC", donor="donor"
)
tests[["signature", "estimate", "ci_low", "ci_high", "pvalue", "padj", "n_donors"]]

# %%
ax = cx.pl.score_strip(
    scored.obs.join(scored.obsm["score_singscore"]), "my_atrophy", tests=tests, unit="singscore"
)

# %% [markdown]
# Is the test honest in these data? Shuffle the animals over the conditions, so that nothing can
# be true, and count: about 5 % of the genes should have p < 0.05, with few shuffles give or take
# some percent, because genes vary together.

# %%
null = cx.tl.contrast_null(quadriceps, condition="condition", reference="GC", n_shuffles=10)
null[["p05", "p001", "padj10"]].agg(["mean", "std"]).round(4)

# %% [markdown]
# ## Your own pairs
#
# A list, a table or a file of ligand and receptor; `+` joins subunits that are all needed, `|`
# alternatives. The symbols must be those of one organism, and repeated rows are refused.

# %%
pairs = [
    ("Mstn", "Acvr2b"),
    ("Fndc5", "Itgav+Itgb5"),
    ("Igf1", "Igf1r"),
    ("Sparc", "Stab1|Itgb1"),
    ("Bmp4", "Bmpr1a+Bmpr2|Bmpr1b+Bmpr2"),
]
own = cx.interactions.load(pairs, organism="mouse")
try:
    cx.interactions.load([("MSTN", "ACVR2B"), ("IGF1", "IGF1R")], organism="mouse")
except ValueError as error:
    print(error)

# %%
stroma = cx.pp.standardise(cx.datasets.load("mouse_bm_endosteal_stroma_250"))
changed = cx.tl.crosstalk_contrast(
    quadriceps, stroma, condition="condition", reference="GC", groupby=(None, "cell_type"),
    interactions=own, interactions_organism="mouse", route=None,
)  # fmt: skip
changed.attrs["notes"]

# %%
shown = ["target", "ligand_complex", "receptor_complex", "logfc_ligand", "p_ligand", "p_receptor"]
changed[[*shown, "pvalue", "fdr"]].drop_duplicates("ligand_complex")

# %% [markdown]
# ## The same as a study file
#
# For a paper, put it all into one file that a colleague can run: `crosstalk run study.yaml`, or
# the same function from Python. Paths are relative to the file. A wrong key is answered with the
# nearest right one.

# %%
study = {
    "name": "notebook_own",
    "title": "Quadriceps after space flight, to endosteal stroma",
    "tissues": {
        "muscle": {
            "path": "counts.tsv",
            "samples": "samples.tsv",
            "donor": "animal",
            "condition": "group",
            "contrast": {"test": "FLT", "reference": "GC"},
        },
        "stroma": {"dataset": "mouse_bm_endosteal_stroma_250", "groupby": "cell_type"},
    },
    "pairs": [{"source": "muscle", "target": "stroma"}],
    "scoring": {"signatures": [*packaged, "mine.yaml", "mine.gmt"], "methods": ["singscore"]},
}
(folder / "study.yaml").write_text(yaml.safe_dump(study, sort_keys=False))
typo = yaml.safe_dump(study, sort_keys=False).replace("condition:", "conditions:")
(folder / "typo.yaml").write_text(typo)
try:
    cx.pipeline.run(folder / "typo.yaml")
except ValueError as error:
    print(error)

# %%
results = cx.pipeline.run(folder / "study.yaml", output=folder / "results")
sorted(path.name for path in results.iterdir() if path.suffix)

# %%
table = pd.read_csv(results / "score_tests.tsv", sep="\t", keep_default_na=False, na_values=["NA"])
both = tests.merge(table, on="signature", suffixes=("", "_run"))
both[["signature", "pvalue", "pvalue_run"]]

# %% [markdown]
# ## What cannot be concluded
#
# - A space flight is more than weightlessness (launch, cage, the hour of death). The contrast
#   cannot tell them apart.
# - The stroma is of other mice, on the ground: a changed ligand and a present receptor are a
#   hypothesis.
# - A signature of your own is as good as its genes. If it was made from these data, testing it on
#   them is circular.
