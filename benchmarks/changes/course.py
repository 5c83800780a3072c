"""Rats over 1, 2, 4 and 8 weeks of training: both sexes, two muscles, white fat and plasma.

``python benchmarks/changes/course.py`` writes to ``benchmarks/changes/results``.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from anndata import AnnData
from matplotlib.lines import Line2D
from studies import TECHNICAL

import crosstalk_omics as cx
from crosstalk_omics.core.files import write_table

RESULTS = Path(__file__).parent / "results"
TISSUES = ("gastrocnemius", "vastus_lateralis", "white_adipose")
PLASMA = ["corticosterone", "glucagon", "glucose", "glycerol", "insulin", "lactate", "leptin",
          "nefa", "total_ketones"]  # fmt: skip
FOLLOWED = {
    "gastrocnemius": ["Cited4", "Map1lc3a", "Erfe", "Mstn"],
    "vastus_lateralis": ["Cited4", "Map1lc3a", "Erfe", "Mstn"],
    "white_adipose": ["Lep"],
    "plasma": ["leptin", "insulin"],
}
HOW = {"condition": "timepoint", "reference": "SED"}
SHUFFLES = 20


def tissue(name: str) -> AnnData:
    """All time points of one tissue."""
    data = cx.datasets.load(f"motrpac_rat_{name}")
    return cx.pp.standardise(data, donor="pid", condition="timepoint")


def plasma() -> AnnData:
    """Blood values on a log scale, one row per rat."""
    table = cx.datasets.load("motrpac_rat_plasma_analytes")
    table = table[table["timepoint"].notna() & table["sex"].notna()].drop_duplicates("pid")
    obs = table[["pid", "timepoint", "sex"]].astype(str).set_index("pid", drop=False)
    values = np.log2(table[PLASMA].astype(float).where(lambda v: v > 0)).to_numpy()
    out = AnnData(values, obs=obs.rename(columns={"pid": "donor"}), var=pd.DataFrame(index=PLASMA))
    out.uns["crosstalk"] = {"organism": "rat", "modality": "proteome", "tissue": "plasma",
                            "value_state": "log_intensity", "replicates": "donor"}  # fmt: skip
    return out


def by_sex(adata: AnnData) -> dict[str, AnnData]:
    sexes = {s: adata[(adata.obs["sex"].astype(str) == s).to_numpy()].copy()
             for s in ("Female", "Male")}  # fmt: skip
    return {"both": adata} | sexes


def changes(name: str, adata: AnnData) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Changed genes by week and sex, with shuffled time points beside; genes that are followed."""
    counts, followed = [], []
    for sex, part in by_sex(adata).items():
        known = [c for c in TECHNICAL if c in part.obs and (c != "sex" or sex == "both")]
        table = cx.tl.contrast_genes(part, **HOW, covariates=known)
        null = cx.tl.contrast_null(
            part, **HOW, covariates=known, within=["sex"], n_shuffles=SHUFFLES
        )
        null = null.assign(calls=null["padj10"] > 0).groupby("contrast")[["p05", "calls"]].mean()
        for contrast, rows in table.groupby("contrast", sort=False):
            tested = rows["pvalue"].notna()
            counts.append({"tissue": name, "sex": sex, "contrast": contrast,
                           "rats": int(rows["n_donors"].max()), "tested": int(tested.sum()),
                           "padj_05": int((rows["padj"] < 0.05).sum()),
                           "null_p05": null.loc[contrast, "p05"],
                           "null_calls": null.loc[contrast, "calls"]})  # fmt: skip
        mine = table[table["gene"].isin(FOLLOWED[name])].assign(tissue=name, sex=sex)
        columns = ["tissue", "sex", "gene", "contrast", "logfc", "se", "df", "pvalue", "padj"]
        followed.append(mine[columns])
    return pd.DataFrame(counts), pd.concat(followed)


def pairs(tissues: dict[str, AnnData]) -> pd.DataFrame:
    """Pairs that change in both tissues, in each sex and week; the best of each."""
    out = []
    for a, b in (("gastrocnemius", "white_adipose"), ("vastus_lateralis", "white_adipose"),
                 ("white_adipose", "gastrocnemius")):  # fmt: skip
        table = cx.tl.crosstalk_contrast(
            tissues[a], tissues[b], **HOW, covariates=[c for c in TECHNICAL if c != "sex"],
            strata="sex",
        )  # fmt: skip
        best = table.groupby(["stratum", "contrast"], sort=False).head(3)
        called = (table["fdr"] < 0.1).groupby([table["stratum"], table["contrast"]]).sum()
        best = best.join(called.rename("pairs_fdr_10"), on=["stratum", "contrast"])
        out.append(best.assign(source=a, target=b))
    show = ["source", "target", "stratum", "contrast", "pairs_fdr_10", "factor", "receptor_complex",
            "role", "signal", "logfc_ligand", "logfc_receptor", "pvalue", "fdr"]  # fmt: skip
    return pd.concat(out)[show]


def draw(counts: pd.DataFrame, followed: pd.DataFrame) -> None:
    """Changed genes over the weeks, and the changes of single genes and blood values."""
    figure, axes = plt.subplots(1, 4, figsize=(11, 3.1), layout="constrained")
    weeks = ["1W", "2W", "4W", "8W"]
    place = {f"{w} vs SED": i for i, w in enumerate(weeks)}
    colours = {"gastrocnemius": "#4477aa", "vastus_lateralis": "#228833",
               "white_adipose": "#ccaa22", "plasma": "#aa3377"}  # fmt: skip
    style = {"both": "-", "Female": "--", "Male": ":"}
    genes = counts[counts["tissue"] != "plasma"]
    for (name, sex), rows in genes.groupby(["tissue", "sex"], sort=False):
        axes[0].plot(rows["contrast"].map(place), rows["padj_05"] + 1, style[sex],
                     color=colours[name], marker=".")  # fmt: skip
    axes[0].set(yscale="log", ylabel="genes at FDR 0.05, plus 1", title="changed genes")
    panels = [("Cited4", "Map1lc3a"), ("Erfe", "Mstn"), ("Lep", "leptin")]
    for ax, wanted in zip(axes[1:], panels, strict=True):
        rows = followed[(followed["sex"] == "both") & followed["gene"].isin(wanted)]
        for k, ((gene, name), part) in enumerate(rows.groupby(["gene", "tissue"], sort=False)):
            x = part["contrast"].map(place) + 0.08 * (k - 1.5)
            ax.errorbar(x, part["logfc"], 2 * part["se"], marker=".", lw=1, color=colours[name],
                        ls="-" if gene == wanted[0] else "--")  # fmt: skip
        ax.axhline(0, color="0.6", lw=0.8)
        ax.set(title=f"{wanted[0]} (line), {wanted[1]} (dashed)",
               ylabel="log2 fold change, 2 SE")  # fmt: skip
    for ax in axes:
        ax.set(xticks=range(4), xticklabels=weeks, xlabel="weeks of training")
        ax.spines[["top", "right"]].set_visible(False)
    handles = [Line2D([], [], color=c, label=n.replace("_", " ")) for n, c in colours.items()]
    names = {"both": "both sexes", "Female": "female", "Male": "male"}
    handles += [Line2D([], [], color="0.3", ls=s, label=names[n]) for n, s in style.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=8)
    cx.pl.save(figure, RESULTS / "rat_course")


def main() -> None:
    """Write the tables and the figure."""
    tissues = {name: tissue(name) for name in TISSUES}
    found = [changes(name, adata) for name, adata in (tissues | {"plasma": plasma()}).items()]
    counts, followed = (pd.concat(tables, ignore_index=True) for tables in zip(*found, strict=True))
    write_table(RESULTS / "rat_course.tsv", counts)
    write_table(RESULTS / "rat_course.followed.tsv", followed)
    write_table(RESULTS / "rat_course.pairs.tsv", pairs(tissues))
    draw(counts, followed)
    print(counts.to_string())
    print(followed[followed["sex"] == "both"].to_string())


if __name__ == "__main__":
    main()
