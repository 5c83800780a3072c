"""Compare simulated with real counts: dispersion and zeros of cells, variance over donors.

    python benchmarks/simulation/fit.py [folder]

writes ``simulation_fit.csv``, ``.svg`` and ``.png`` (default folder: docs/img).
"""

import sys
from pathlib import Path

import anndata as ad
import matplotlib as mpl
import numpy as np
import pandas as pd
import scipy.sparse as sp

import crosstalk_omics as cx

mpl.use("agg")
BINS = np.arange(-1.25, 5.01, 0.5)


def dense(x) -> np.ndarray:
    return np.asarray(x.toarray() if sp.issparse(x) else x, dtype=np.float64)


def dispersion(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, dispersion (moments, given the depths) and zeros of every gene of one group."""
    depth = x.sum(axis=1, keepdims=True) / x.sum(axis=1).mean()
    mean = x.sum(axis=0) / depth.sum()
    expected = depth * mean
    excess = ((x - expected) ** 2).sum(axis=0) * len(x) / (len(x) - 1) - expected.sum(axis=0)
    return mean, excess / (expected**2).sum(axis=0), (x == 0).mean(axis=0)


def rows(x, name: str, what: str, origin: str) -> pd.DataFrame:
    """Medians over genes of similar mean."""
    x = dense(x)
    mean, phi, zeros = dispersion(x[:, x.sum(axis=0) > 0])
    table = pd.DataFrame({"log10_mean": np.log10(mean), "dispersion": phi, "zeros": zeros})
    middle = (BINS[:-1] + BINS[1:]) / 2
    table["log10_mean"] = pd.cut(table["log10_mean"], BINS, labels=middle).astype(float)
    grouped = table.groupby("log10_mean")
    result = grouped.median().assign(n_genes=grouped.size()).reset_index()
    result = result[result["n_genes"] >= 20]
    return result.assign(name=name, what=what, origin=origin, n=len(x))


def real() -> list[pd.DataFrame]:
    stroma = cx.datasets.load("mouse_bm_endosteal_stroma_250")
    neurons = cx.datasets.load("mouse_hypothalamus_neurons_romanov_845")
    chen = cx.pp.label_cells(cx.pp.standardise(cx.datasets.load("mouse_hypothalamus_chen2017")))
    types = stroma.obs["cell_type"].astype(str)
    found = [rows(stroma[types == t].X, t, "cells", "real") for t in types.unique()]
    same = (neurons.obs["cell_type"] == "Neurons_uc").to_numpy()
    found.append(rows(neurons[same].X, "neurons, microfluidic", "cells", "real"))
    library = chen.obs["library"].value_counts().index[0]
    for label in ("neuron", "oligodendrocyte"):
        mine = (chen.obs["cell_type"] == label).to_numpy()
        one = mine & (chen.obs["library"] == library).to_numpy()
        found.append(rows(chen[one].X, f"{label}, Drop-seq", "cells", "real"))
        sums = cx.pp.pseudobulk(chen[mine].copy(), donor="library", groupby=None, min_cells=30)
        found.append(rows(sums.X, f"{label}, libraries", "donors", "real"))
    muscle = cx.datasets.load("gse184951_human_vastus_lateralis_dm1_cycling")
    controls = muscle[(muscle.obs["condition"] == "Control").to_numpy()]
    found.append(rows(controls.X, "vastus lateralis, donors", "donors", "real"))
    return found


def simulated() -> list[pd.DataFrame]:
    result = cx.datasets.simulate(n_cells=8000, n_donors=5)
    found = []
    for adata in result[:3]:
        tissue = adata.uns["crosstalk"]["tissue"]
        first = adata.obs["cell_type"].cat.categories[0]
        group = adata[(adata.obs["cell_type"] == first).to_numpy()]
        found.append(rows(one_donor(group).X, tissue, "cells", "simulated"))
        control = group[(group.obs["condition"] == "control").to_numpy()].copy()
        sums = cx.pp.pseudobulk(control, groupby=None)
        found.append(rows(sums.X, tissue, "donors", "simulated"))
    return found


def one_donor(group: ad.AnnData) -> ad.AnnData:
    return group[(group.obs["donor"] == group.obs["donor"].iloc[0]).to_numpy()]


def draw(table: pd.DataFrame, folder: Path) -> None:
    import matplotlib.pyplot as plt

    panels = (
        ("cells", "dispersion", "Dispersion between cells", (0.03, 10)),
        ("cells", "zeros", "Share of cells without the gene", (0, 1)),
        ("donors", "dispersion", "Dispersion between donors", (0.003, 10)),
    )
    with cx.pl.theme():
        figure, axes = plt.subplots(1, 3, figsize=(cx.pl.TWO_COLUMNS, 2.4), layout="constrained")
        for ax, (what, column, label, limits) in zip(axes, panels, strict=True):
            for (origin, _), rows_ in table[table["what"] == what].groupby(["origin", "name"]):
                colour = {"real": "#8C8C8C", "simulated": "#D55E00"}[origin]
                enough = rows_["log10_mean"] > (0.75 if what == "donors" else -2)
                shown = rows_[enough & ((rows_["dispersion"] > 0) | (column == "zeros"))]
                ax.plot(10 ** shown["log10_mean"], shown[column], color=colour, marker=".", ms=3)
            ax.set(xscale="log", ylim=limits, xlabel="Mean count of the gene", ylabel=label)
            if column == "dispersion":
                ax.set_yscale("log")
        for origin, colour in (("real", "#8C8C8C"), ("simulated", "#D55E00")):
            axes[1].plot([], [], color=colour, label=origin)
        grid = np.geomspace(0.06, 100, 100)
        axes[1].plot(grid, np.exp(-grid), color="black", ls=":", label="Poisson")
        axes[1].legend()
        cx.pl.save(figure, folder / "simulation_fit", table=table, close=True)


def main() -> None:
    root = Path(__file__).resolve().parents[2]
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else root / "docs" / "img"
    table = pd.concat([*real(), *simulated()], ignore_index=True)
    columns = ["what", "origin", "name", "n", "log10_mean", "n_genes", "dispersion", "zeros"]
    draw(table[columns].round(4), folder)


if __name__ == "__main__":
    main()
