"""One measurement in a process of its own: read the two tissues, run one tool, print JSON."""

import contextlib
import io
import json
import sys
import time
import warnings
from pathlib import Path

import anndata as ad
import pandas as pd

warnings.simplefilter("ignore")
OPTIONS = {"groupby": "cell_type", "route": None}


def table(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "pairs.tsv", sep="\t", keep_default_na=False)


def tissues(folder: Path) -> list[ad.AnnData]:
    """Both tissues, left on disk: they are read in blocks."""
    return [ad.read_h5ad(folder / f"{name}.h5ad", backed="r") for name in ("source", "target")]


def ours(folder: Path, null: str, n_perms: int) -> int:
    import crosstalk_omics as cx

    found = cx.tl.crosstalk(
        *tissues(folder), interactions=table(folder), null=null, n_perms=n_perms, **OPTIONS
    )
    return len(found)


def familiar(folder: Path, _: str, n_perms: int) -> int:
    import crosstalk_omics as cx

    found = cx.tl.familiar_scores(
        *tissues(folder), interactions=table(folder), n_perms=n_perms, **OPTIONS
    )
    return len(found)


def concatenated(folder: Path) -> ad.AnnData:
    import scanpy as sc

    parts = [ad.read_h5ad(folder / f"{name}.h5ad") for name in ("source", "target")]
    adata = ad.concat(parts)
    sc.pp.normalize_total(adata, target_sum=1e4)
    sc.pp.log1p(adata)
    return adata


def liana(folder: Path, option: str, n_perms: int) -> int:
    import liana as li

    method, _, share = option.partition(":")  # cells that must express a gene; default as LIANA's
    adata = concatenated(folder)
    types = [sorted(adata.obs.loc[adata.obs["tissue"] == t, "cell_type"].unique()) for t in "AB"]
    wanted = pd.DataFrame(
        [(s, t) for s in types[0] for t in types[1]], columns=["source", "target"]
    )
    pairs = table(folder)[["ligand_complex", "receptor_complex"]]
    pairs = pairs.set_axis(["ligand", "receptor"], axis=1)
    pairs = pairs.apply(lambda c: c.str.replace("+", "_"))
    getattr(li.mt, method)(
        adata, groupby="cell_type", resource=pairs, expr_prop=float(share or 0.1),
        n_perms=n_perms, use_raw=False, groupby_pairs=wanted, verbose=False, seed=1, n_jobs=1,
    )  # fmt: skip
    return len(adata.uns["liana_res"])


def fastccc(folder: Path, database: str, _: int) -> int:
    import fastccc as package

    adata = concatenated(folder)
    adata.write_h5ad(folder / "both.h5ad")
    out = folder / "fastccc"
    out.mkdir(exist_ok=True)
    package.statistical_analysis_method(
        database, None, str(folder / "both.h5ad"), meta_key="cell_type", save_path=str(out)
    )
    return len(list(out.iterdir()))


def peak_mib() -> float:
    """Peak resident memory of this process alone (getrusage would count its parent's)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    tool, option, folder, n_perms = sys.argv[1:5]
    run = {"ours": ours, "familiar": familiar, "liana": liana, "fastccc": fastccc}[tool]
    with contextlib.redirect_stdout(io.StringIO()):
        if tool in ("ours", "familiar"):  # numba compiles once per machine, not per run
            run(Path(folder) / "warm", option, min(int(n_perms), 2))
        wall, cpu = time.perf_counter(), time.process_time()
        n = run(Path(folder), option, int(n_perms))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps({"wall_s": wall, "cpu_s": cpu, "peak_mib": peak_mib(), "rows": n}))


if __name__ == "__main__":
    main()
