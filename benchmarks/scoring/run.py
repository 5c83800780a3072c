"""Measure scoring beside other packages in one run, check agreement, write table and plot."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import inputs
import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
PEERS = {  # method -> the tools beside ours
    "ucell": ["pyucell"],
    "aucell": ["decoupler"],
    "ssgsea": ["gseapy"],
    "singscore": [],
    "ucell+aucell+singscore+ssgsea": [],
    "ulm": ["decoupler"],
    "zscore": ["decoupler"],
    "mean": ["decoupler"],
    "mlm": ["decoupler"],
    "score_genes": ["scanpy"],
}
BARS = {"ucell": 10, "aucell": 30, "ulm": 50, "zscore": 20, "mean": 20, "score_genes": 10,
        "ssgsea": 5}  # fmt: skip

EXACT = ("ucell", "ulm", "zscore", "mean", "mlm")  # ties and random draws do not count here


def one(
    source: Path, net: Path, tool: str, method: str, out: Path, *, repeats: int = 1,
    cells: int = 10**9,
) -> dict | None:  # fmt: skip
    """Run one measurement in a process of its own; `None` if it failed."""
    root = str(HERE.parent.parent)
    done = subprocess.run(
        [sys.executable, HERE / "job.py", source, net, tool, method, str(repeats), str(cells),
         out],
        capture_output=True, text=True, check=False, cwd=root,
        env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    if not lines:
        print(f"  {tool} {method} failed: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return None
    found = json.loads(lines[0].removeprefix("RESULT"))
    print(f"  {tool:10s} {method:30s} {found['seconds']:9.3f} s", flush=True)
    return found


def agreement(ours: Path, theirs: Path) -> tuple[float, float]:
    """Largest difference and lowest rank correlation over the signatures."""
    a, b = (pd.read_csv(p, sep="\t", index_col=0) for p in (ours, theirs))
    a = a.loc[b.index, b.columns]
    rank = min(a[c].corr(b[c], method="spearman") for c in a)
    return float((a - b).abs().max().max()), float(rank)


def measure(
    name: str, source: Path, net: Path, folder: Path, repeats: int, peers_do: dict[str, int]
) -> pd.DataFrame:
    """All tools on one input; ours first, then the peers of each method."""
    adata = inputs.load(source)
    size = sum(getattr(adata.X, part).nbytes for part in ("data", "indices", "indptr"))
    about = {"input": name, "cells": adata.n_obs, "genes": adata.n_vars, "values": adata.X.nnz}
    del adata
    rows = []
    floor = one(source, net, "reading", "reading", folder / "reading.tsv", repeats=repeats)
    rows.append({**about, "tool": "reading", "method": "reading", **floor})
    for method, peers in PEERS.items():
        mine = folder / f"{name}.ours.{method}.tsv"
        found = one(source, net, "ours", method, mine, repeats=repeats)
        rows.append({**about, "tool": "ours", "method": method, **found})
        for tool in peers:
            if find_spec(tool) is None:
                print(f"  {tool} is not installed: skipped", flush=True)
                continue
            theirs = folder / f"{name}.{tool}.{method}.tsv"
            peer = one(source, net, tool, method, theirs, **peers_do)
            if peer is None:
                continue
            apart, rank = agreement(mine, theirs)
            rows.append({**about, "tool": tool, "method": method, **peer,
                         "times_ours": peer["seconds"] / found["seconds"],
                         "bar": BARS.get(method, np.nan), "largest_difference": apart,
                         "lowest_rank_correlation": rank})  # fmt: skip
    table = pd.DataFrame(rows)
    table["memory_share"] = table["memory"] / (size * table["measured_cells"] / table["cells"])
    table["times_reading"] = table["seconds"] / floor["seconds"]
    return table


def check(table: pd.DataFrame) -> None:
    """Stop with an error where a method that has one right answer differs from its peer."""
    exact = table[table["method"].isin(EXACT)].dropna(subset=["largest_difference"])
    apart = exact[exact["largest_difference"] > 1e-6]
    if len(apart):
        shown = apart[["input", "method", "tool", "largest_difference"]].to_string(index=False)
        sys.exit(f"Results differ by more than 1e-6:\n{shown}")


def disk(x, n_cells: int, folder: Path) -> pd.DataFrame:
    """A file of `n_cells` cells, larger than what may be resident."""
    rank = ["ucell", "aucell", "singscore", "ssgsea"]
    plaid, sets = inputs.like_plaid(folder / "plaid")
    tasks = (
        (x, inputs.signatures(inputs.genes()), ["ucell", "+".join(rank), "ulm"]),
        (plaid, sets, rank),
    )
    rows = []
    for cells, net, methods in tasks:
        path = inputs.on_disk(folder / "cells.h5ad", cells, n_cells)
        net.to_csv(folder / "net.tsv", sep="\t", index=False)
        for method in methods:
            found = one(path, folder / "net.tsv", "ours", method, folder / "disk.tsv")
            if found:
                sizes = {"cells": n_cells, "genes": cells.shape[1], "sets": net["source"].nunique()}
                rows.append({**sizes, "method": method, **found})
    return pd.DataFrame(rows)


def plot(table: pd.DataFrame, out: Path) -> None:
    """Ratios to ours, one bar per peer and method, with the bar to pass as a line."""
    import matplotlib as mpl
    import matplotlib.pyplot as plt

    mpl.use("Agg")
    mpl.rcParams.update({"svg.hashsalt": "crosstalk", "font.size": 8})
    part = table.dropna(subset=["times_ours"]).sort_values("times_ours")
    figure, ax = plt.subplots(figsize=(5.2, 0.26 * len(part) + 1.1), layout="constrained")
    place = np.arange(len(part))
    ax.barh(place, part["times_ours"], color="#4477aa", height=0.7)
    ax.scatter(part["bar"], place, marker="|", s=90, color="black", label="goal", zorder=3)
    for y, value in zip(place, part["times_ours"], strict=True):
        ax.text(value * 1.08, y, f"{value:.0f}", va="center")
    labels = part["method"] + ", " + part["tool"] + " (" + part["input"] + ")"
    ax.set(yticks=place, yticklabels=labels, xscale="log", xlabel="time of the peer / our time")
    ax.set_xlim(1, part["times_ours"].max() * 3)
    ax.legend(frameon=False, loc="lower right")
    ax.spines[["top", "right"]].set_visible(False)
    figure.savefig(out.with_suffix(".svg"), metadata={"Date": None})
    figure.savefig(out.with_suffix(".png"), dpi=200)


def generated(asked: argparse.Namespace, folder: Path, peers_do: dict[str, int]) -> pd.DataFrame:
    """The generated matrix, in memory and, where asked for, on disk."""
    x = inputs.generated(asked.cells)
    net = folder / "net.tsv"
    inputs.signatures(inputs.genes()).to_csv(net, sep="\t", index=False)
    source = inputs.save(folder / "generated", x, inputs.genes())
    if asked.disk_cells:
        found = disk(x, asked.disk_cells, folder)
        found.to_csv(asked.out / "disk.tsv", sep="\t", index=False, float_format="%.4g")
    del x
    return measure("generated", source, net, folder, asked.repeats, peers_do)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cells", type=int, default=10_000, help="0: the real matrix only")
    parser.add_argument("--disk-cells", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peer-repeats", type=int, help="default: as --repeats")
    parser.add_argument("--peer-cells", type=int, default=10**9, help="their time is scaled")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "latest")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    peers_do = {"repeats": asked.peer_repeats or asked.repeats, "cells": asked.peer_cells}
    with tempfile.TemporaryDirectory() as temporary:
        folder, tables = Path(temporary), []
        try:
            adata = inputs.real()
        except OSError as error:
            print(f"The real matrix is left out: {error}")
        else:
            net = folder / "net_real.tsv"
            inputs.signatures(list(adata.var_names)).to_csv(net, sep="\t", index=False)
            source = inputs.save(folder / "real", adata.X, list(adata.var_names))
            tables.append(measure("real", source, net, folder, asked.repeats, peers_do))
        if asked.cells:
            tables.append(generated(asked, folder, peers_do))
    table = pd.concat(tables, ignore_index=True)
    table.to_csv(asked.out / "speed.tsv", sep="\t", index=False, float_format="%.4g", na_rep="NA")
    plot(table, asked.out / "speed")
    check(table)


if __name__ == "__main__":
    main()
