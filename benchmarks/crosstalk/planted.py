"""Planted communication: power, FDR and precision-recall, beside methods on the concatenation.

python benchmarks/crosstalk/planted.py --seeds 3

Writes planted.csv (every run), planted_summary.csv and concatenation.csv/.svg/.png beside this
script. The methods on the concatenation are this package's own `familiar_scores`, whose numbers
equal LIANA's (tests/tl/test_crosstalk_familiar.py), and FastCCC's null (labels drawn with
replacement from all cells of both tissues).
"""

import argparse
from itertools import permutations
from pathlib import Path
from typing import NamedTuple

import anndata as ad
import numpy as np
import pandas as pd
from scipy.stats import norm

import crosstalk_omics as cx
from crosstalk_omics.interactions import complexes
from crosstalk_omics.tl.calibrate import shuffled_labels

HERE = Path(__file__).resolve().parent
TISSUES = ("muscle", "bone", "brain")
SCENARIOS = {
    "baseline": {},
    "few donors": {"n_donors": 2},
    "variable donors": {"donor_sd": 0.6},
    "strong batches": {"batch_sd": 0.4},
    "strong platforms": {"platform_sd": 1.6},
    "much dropout": {"dropout": 0.4},
    "few cells": {"n_cells": 500},
    "weak signal": {"effect": 1.0},
}
KEY = ["source", "target", "ligand_complex", "receptor_complex"]
CONCATENATED = {
    "CellPhoneDB p": ("cellphone_pvals", -1),
    "CellPhoneDB mean": ("lr_means", 1),
    "CellChat-like": ("lr_probs", 1),
    "NATMI specificity": ("spec_weight", 1),
    "Connectome": ("scaled_weight", 1),
    "LRscore": ("lrscore", 1),
    "log fold change": ("lr_logfc", 1),
    "rank: specificity": ("specificity_rank", -1),
    "rank: magnitude": ("magnitude_rank", -1),
    "FastCCC-style p": ("fastccc", -1),
}


def pairs() -> pd.DataFrame:
    """Agonist pairs of the curated table, each once."""
    table = cx.interactions.load("curated", route=None)
    table = table[table["role"] == "agonist"]
    return table.drop_duplicates(["ligand_complex", "receptor_complex"], ignore_index=True)


def average_precision(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under precision-recall; equal scores share their mean precision."""
    order = np.argsort(-score, kind="stable")
    truth, score = truth[order], score[order]
    last = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    hits, seen = np.cumsum(truth)[last], last + 1
    return float(np.sum(np.diff(hits, prepend=0) * hits / seen) / truth.sum())


def specific_genes(sim: NamedTuple) -> set[tuple[str, str, str]]:
    """(tissue, cell type, gene) with a higher mean than in the other cell types."""
    up = sim.effects[(sim.effects["log2"] > 0) & (sim.effects["kind"] != "change")]
    return set(zip(up["tissue"], up["cell_type"], up["gene"], strict=True))


def both_specific(table: pd.DataFrame, a: str, b: str, genes: set) -> np.ndarray:
    """Whether both complexes are specific to their groups, planted or not."""

    def holds(tissue: str, group: str, text: str) -> bool:
        parts = complexes.parse(text)
        return any(all((tissue, group, g) in genes for g in part) for part in parts)

    return np.array(
        [
            holds(a, r.source, r.ligand_complex) and holds(b, r.target, r.receptor_complex)
            for r in table.itertuples()
        ]
    )


def fastccc_p(source: ad.AnnData, target: ad.AnnData, table: pd.DataFrame) -> np.ndarray:
    """P-value of the sum of group means, labels drawn with replacement from all cells."""
    both = ad.concat([source, target])
    x = cx.pp.lognormalise(both).X
    grand = np.asarray(x.mean(axis=0)).ravel()
    variance = np.asarray(x.multiply(x).mean(axis=0)).ravel() - grand**2
    genes = {g: i for i, g in enumerate(both.var_names)}
    mean, size = {}, {}
    for role, adata, start in (("s", source, 0), ("t", target, source.n_obs)):
        for group, rows in adata.obs.groupby("cell_type", observed=True).indices.items():
            mean[role, group] = np.asarray(x[start + rows].mean(axis=0)).ravel()
            size[role, group] = len(rows)
    out = []
    for r in table.itertuples():
        left, right = ("s", r.source), ("t", r.target)
        i, j = [
            min((genes[g] for g in complexes.genes([text]) if g in genes), key=mean[side].item)
            for text, side in ((r.ligand_complex, left), (r.receptor_complex, right))
        ]
        z = mean[left][i] - grand[i] + mean[right][j] - grand[j]
        out.append(norm.sf(z / np.sqrt(variance[i] / size[left] + variance[j] / size[right])))
    return np.array(out)


def one_run(name: str, seed: int, table: pd.DataFrame, n_perms: int) -> list[dict]:
    """All directions of one simulation; one row per method."""
    sim = cx.datasets.simulate(
        seed=seed, interactions=table, n_specific=60, n_changed=0, **SCENARIOS[name]
    )
    genes, ours = specific_genes(sim), []
    for a, b in permutations(TISSUES, 2):
        x, y = getattr(sim, a), getattr(sim, b)
        planted = sim.truth[(sim.truth["source_tissue"] == a) & (sim.truth["target_tissue"] == b)]
        keys = set(planted[KEY].itertuples(index=False, name=None))
        found = cx.tl.crosstalk(x, y, groupby="cell_type", interactions=table, route=None)
        cells = cx.tl.crosstalk(
            x, y, groupby="cell_type", interactions=table, route=None, null="analytic"
        ).set_index(KEY)["specificity_pvalue"]
        found = found[found["assessable"]].join(cells.rename("cell_p"), on=KEY)
        scores = cx.tl.familiar_scores(x, y, interactions=table, expr_prop=0.0, n_perms=n_perms)
        scores["fastccc"] = fastccc_p(x, y, scores)
        merged = found.merge(scores, on=KEY, how="left", suffixes=("", "_theirs"))
        merged["planted"] = [k in keys for k in merged[KEY].itertuples(index=False, name=None)]
        merged["specific"] = both_specific(merged, a, b, genes) | merged["planted"]
        ours.append(merged)
    pooled = pd.concat(ours, ignore_index=True)
    keep = (pooled["planted"] | ~pooled["specific"]).to_numpy()
    truth = pooled["planted"].to_numpy()[keep]
    rows = []
    candidates = {"ours, donors": ("specificity_pvalue", -1), "ours, cells": ("cell_p", -1)}
    for method, (column, sign) in (candidates | CONCATENATED).items():
        score = (sign * pooled[column]).fillna(-np.inf).to_numpy()[keep]
        rows.append({"method": method, "measure": "average precision",
                     "value": average_precision(truth, score)})  # fmt: skip
    for level in (0.05, 0.1, 0.2):
        called = (pooled["specificity_fdr"] <= level).to_numpy()
        false = (called & ~pooled["specific"]).sum() / max(called.sum(), 1)
        power = (called & pooled["planted"]).sum() / pooled["planted"].sum()
        rows += [
            {"method": "ours, donors", "measure": f"FDR at {level}", "value": false},
            {"method": "ours, donors", "measure": f"power at {level}", "value": power},
        ]
    return [{"scenario": name, "seed": seed, **row} for row in rows]


def concatenation(table: pd.DataFrame, n_perms: int) -> pd.DataFrame:
    """P-values where no cell type differs: only the tissues do."""
    sim = cx.datasets.simulate(seed=100, interactions=table, n_specific=60, n_changed=0)
    rng = np.random.default_rng(0)
    x, y = (shuffled_labels(t, "cell_type", "donor", rng) for t in (sim.muscle, sim.bone))
    table = table[:200]
    ours = cx.tl.crosstalk(x, y, groupby="cell_type", interactions=table, route=None)
    ours = ours[ours["assessable"] & (ours["expr_prop_ligand"] > 0.01)]
    scores = cx.tl.familiar_scores(x, y, interactions=table, expr_prop=0.01, n_perms=n_perms)
    found = {
        "ours, ligand side": ours["p_ligand"],
        "ours, receptor side": ours["p_receptor"],
        "ours, both sides": ours["specificity_pvalue"],
        "concatenated: CellPhoneDB": scores["cellphone_pvals"],
        "concatenated: FastCCC-style": fastccc_p(x, y, scores),
    }
    shares = {k: [np.mean(v <= a) for a in (0.05, 0.001)] for k, v in found.items()}
    print(pd.DataFrame(shares, index=["p <= 0.05", "p <= 0.001"]).T.round(4).to_string())
    share = np.linspace(0, 1, 201)
    parts = [{"method": k, "share": share, "p": np.nanquantile(v, share)} for k, v in found.items()]
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)


def draw(p: pd.DataFrame, summary: pd.DataFrame) -> None:
    """Left: share of pairs below p where nothing is true; right: precision-recall areas."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt
    import seaborn as sns

    settings = {"svg.hashsalt": "crosstalk", "font.size": 8, "font.family": "DejaVu Sans"}
    with mpl.rc_context(settings):
        fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.8), layout="constrained")
        colours = dict(zip(p["method"].unique(), sns.color_palette("colorblind"), strict=False))
        for method, part in p.groupby("method", sort=False):
            left.plot(part["p"], part["share"], color=colours[method], label=method)
        left.plot([0, 1], [0, 1], ":", color="grey", lw=0.8)
        left.axvline(0.05, color="grey", lw=0.6)
        left.set(xlabel="p", ylabel="share of pairs with a smaller p", xlim=(0, 1), ylim=(0, 1))
        left.set_title("No cell type differs, only the tissues", fontsize=8)
        below = {"fontsize": 6, "frameon": False, "loc": "upper center"}
        left.legend(**below, bbox_to_anchor=(0.5, -0.18), ncol=2)
        area = summary[summary["measure"] == "average precision"]
        order = area.groupby("method")["value"].mean().sort_values(ascending=False).index
        sns.stripplot(
            area,
            x="value",
            y="method",
            order=order,
            hue="scenario",
            size=3,
            dodge=True,
            jitter=False,
            ax=right,
        )
        right.legend(**below, bbox_to_anchor=(0.3, -0.18), ncol=3)
        right.set(xlabel="area under precision-recall", ylabel="", xlim=(0, 1.02))
        for row in range(1, len(order)):
            right.axhline(row - 0.5, color="0.85", lw=0.5, zorder=0)
        right.set_title("Planted pairs", fontsize=8)
        fig.savefig(HERE / "concatenation.svg", metadata={"Date": None})
        fig.savefig(HERE / "concatenation.png", dpi=200)
        plt.close(fig)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--n-perms", type=int, default=200)
    parser.add_argument("--scenarios", nargs="*", default=list(SCENARIOS), choices=list(SCENARIOS))
    parser.add_argument("--draw-only", action="store_true", help="from the tables written before")
    args = parser.parse_args()
    if args.draw_only:
        draw(*(pd.read_csv(HERE / f"{name}.csv") for name in ("concatenation", "planted")))
        return
    table, rows = pairs(), []
    for name in args.scenarios:
        for seed in range(args.seeds):
            rows += one_run(name, seed, table, args.n_perms)
            print(name, seed, rows[-8 - len(CONCATENATED)]["value"], flush=True)
    runs = pd.DataFrame(rows)
    runs.to_csv(HERE / "planted.csv", index=False, float_format="%.4g")
    grouped = runs.groupby(["scenario", "measure", "method"], sort=False)["value"]
    summary = grouped.agg(["mean", "sem", "count"]).reset_index()
    summary.to_csv(HERE / "planted_summary.csv", index=False, float_format="%.4g")
    p = concatenation(table, args.n_perms)
    p.to_csv(HERE / "concatenation.csv", index=False, float_format="%.4g")
    draw(p, runs)


if __name__ == "__main__":
    main()
