"""One measurement in a process of its own: load, compile, time three or more calls, print JSON."""

import contextlib
import io
import json
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import anndata as ad
import inputs
import numpy as np
import pandas as pd
from packaging.version import Version

warnings.simplefilter("ignore")
GSEAPY_CELLS = 200
LEAST, MOST = 2.0, 25  # short calls are repeated for 2 seconds, at most 25 times


def ours(adata: ad.AnnData, net: pd.DataFrame, method: str) -> pd.DataFrame:
    import crosstalk_omics as cx

    methods = method.split("+")
    if adata.isbacked:  # a result that may be larger than memory goes to a file as well
        with tempfile.TemporaryDirectory(dir=Path(adata.filename).parent) as folder:
            out = Path(folder) / "scores.h5ad"
            cx.tl.score(adata, net, methods, value_state="lognorm", out=out)
        return pd.DataFrame(index=adata.obs_names)
    cx.tl.score(adata, net, methods, value_state="lognorm")
    return adata.obsm[f"score_{methods[0]}"]


def pyucell(adata: ad.AnnData, net: pd.DataFrame, method: str) -> pd.DataFrame:
    import pyucell

    sets = {name: list(part) for name, part in net.groupby("source")["target"]}
    pyucell.compute_ucell_scores(adata, signatures=sets, n_jobs=1)
    return adata.obs[[f"{s}_UCell" for s in sets]].set_axis(list(sets), axis=1)


def decoupler(adata: ad.AnnData, net: pd.DataFrame, method: str) -> pd.DataFrame:
    import decoupler as dc

    name = {"mean": "waggr"}.get(method, method)
    # before 2.3 the names of the two flavours were exchanged; the one that centres is ours
    flavor = "KSEA" if Version(dc.__version__) >= Version("2.3") else "RoKAI"
    more = {"waggr": {"times": 0}, "zscore": {"flavor": flavor}}.get(name, {})
    # small batches are the quickest way to run it
    getattr(dc.mt, name)(adata, net, tmin=1, empty=False, bsize=1000, verbose=False, **more)
    return adata.obsm[f"score_{name}"]


def scanpy(adata: ad.AnnData, net: pd.DataFrame, method: str) -> pd.DataFrame:
    import scanpy as sc

    sets = net.groupby("source")["target"]
    for name, part in sets:
        sc.tl.score_genes(adata, list(part), score_name=name, random_state=0, use_raw=False)
    return adata.obs[list(sets.groups)]


def gseapy(adata: ad.AnnData, net: pd.DataFrame, method: str) -> pd.DataFrame:
    import gseapy

    part = adata.to_df().T
    sets = {name: list(genes) for name, genes in net.groupby("source")["target"]}
    with contextlib.redirect_stdout(io.StringIO()):
        found = gseapy.ssgsea(
            part, sets, outdir=None, sample_norm_method="rank", correl_norm_type="rank",
            weight=0.25, min_size=1, max_size=20000, threads=2, no_plot=True,
        ).res2d  # fmt: skip
    wide = found.pivot(index="Name", columns="Term", values="ES").astype(float)
    return wide.loc[part.columns]


def reading(adata: ad.AnnData, net: pd.DataFrame, method: str) -> pd.DataFrame:
    adata.X.data.sum()
    adata.X.indices.sum(dtype=np.int64)
    return pd.DataFrame(index=adata.obs_names)


TOOLS: dict[str, Callable] = {
    f.__name__: f for f in (ours, pyucell, decoupler, scanpy, gseapy, reading)
}


def memory(field: str) -> int:
    """A memory figure of this process in bytes: VmRSS now, VmHWM the highest since the reset."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise OSError(field)


def measure(
    tool: str, method: str, adata: ad.AnnData, net: pd.DataFrame, repeats: int, cells: int
) -> dict:
    run, scale = TOOLS[tool], 1.0
    if tool == "gseapy":
        cells = min(cells, GSEAPY_CELLS)
    if tool not in ("ours", "reading") and cells < adata.n_obs:
        scale = adata.n_obs / cells
        adata = adata[:cells].copy()
    warm = adata[:100].to_memory() if adata.isbacked else adata[:100].copy()
    run(warm, net, method)
    fresh = (
        ad.AnnData(adata.X, obs=adata.obs[[]], var=adata.var[[]]) if not adata.isbacked else adata
    )
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")
    seconds, processor = [], []
    while len(seconds) < repeats or (sum(seconds) < LEAST and repeats > 1 and len(seconds) < MOST):
        wall, cpu = time.perf_counter(), time.process_time()
        scores = run(fresh, net, method)
        seconds.append(time.perf_counter() - wall)
        processor.append(time.process_time() - cpu)
    peak = memory("VmHWM")
    found = {
        "seconds": float(np.median(seconds)) * scale,
        "processor_seconds": float(np.median(processor)) * scale,
        "measured_cells": adata.n_obs,
        "memory": peak - before,
        "resident": peak,
    }
    return found | {"scores": scores}


def main() -> None:
    source, net_path, tool, method, repeats, cells, out = sys.argv[1:]
    path = Path(source)
    adata = ad.read_h5ad(path, backed="r") if path.suffix == ".h5ad" else inputs.load(path)
    net = pd.read_csv(net_path, sep="\t")
    found = measure(tool, method, adata, net, int(repeats), int(cells))
    found.pop("scores").iloc[:10000].to_csv(out, sep="\t", float_format="%.9g")
    print("RESULT" + json.dumps(found))


if __name__ == "__main__":
    main()
