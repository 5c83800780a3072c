"""Inputs of the benchmark: generated and real matrices, signatures, a file larger than memory.

`python inputs.py FOLDER` writes the input on which `plaid.R` times the R package PLAID.
"""

import sys
from pathlib import Path

import anndata as ad
import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp

N_GENES = 20_000
PLAID_GENES, PLAID_CELLS = 12_010, 2_638


def generated(
    n_cells: int, seed: int = 0, *, n_genes: int = N_GENES, counts: int = 3000
) -> sp.csr_matrix:
    """Log-normalised cells with about 2,000 of 20,000 genes detected, depth varying by cell."""
    rng = np.random.default_rng(seed)
    rate = np.exp(rng.normal(-3.0, 1.6, n_genes))
    rate *= counts / rate.sum()
    parts = []
    for start in range(0, n_cells, 1000):
        n = min(1000, n_cells - start)
        depth = rng.lognormal(0, 0.3, (n, 1)).astype(np.float32)
        part = sp.csr_matrix(rng.poisson(rate * depth)).astype(np.float32)
        total = np.asarray(part.sum(axis=1)).ravel()
        part.data = np.log1p(part.data * np.repeat(1e4 / total, np.diff(part.indptr)))
        part.data = part.data.astype(np.float32)
        part.indices = part.indices.astype(np.int32)
        parts.append(part)
    x = sp.vstack(parts, format="csr")
    x.indices, x.indptr = x.indices.astype(np.int32), x.indptr.astype(np.int64)
    return x


def genes(n: int = N_GENES) -> list[str]:
    return [f"G{i:05d}" for i in range(n)]


def signatures(
    names: list[str], n: int = 30, seed: int = 1, *, least: int = 20, most: int = 50
) -> pd.DataFrame:
    """Random signatures of 20 to 50 genes."""
    rng = np.random.default_rng(seed)
    rows = [
        (f"s{s:04d}", gene, 1.0)
        for s in range(n)
        for gene in rng.choice(names, rng.integers(least, most + 1), replace=False)
    ]
    return pd.DataFrame(rows, columns=["source", "target", "weight"])


def like_plaid(folder: Path) -> tuple[sp.csr_matrix, pd.DataFrame]:
    """Cells (810 values each) and 1,000 sets in the shape of PLAID's benchmark, also as files.

    PLAID repeats the 2,638 cells of pbmc3k; the values per cell, and the size of the sets, were
    chosen so that its memory here is the memory that its authors published.
    """
    x, names = generated(PLAID_CELLS, n_genes=PLAID_GENES, counts=1000), genes(PLAID_GENES)
    net = signatures(names, 1000, least=70, most=240)
    save(folder, x, names)
    net.to_csv(folder / "net.tsv", sep="\t", index=False)
    return x, net


def real() -> ad.AnnData:
    """Hypothalamus neurons of the manifest, log-normalised, symbols unique."""
    import crosstalk_omics as cx

    adata = cx.pp.standardise(cx.datasets.load("mouse_hypothalamus_neurons_romanov_845"))
    adata = cx.pp.lognormalise(adata)
    x = sp.csr_matrix(adata.X).astype(np.float32)
    x.indices = x.indices.astype(np.int32)
    return ad.AnnData(x, obs=adata.obs[[]], var=adata.var[[]])


def save(folder: Path, x: sp.csr_matrix, names: list[str]) -> Path:
    """Write a matrix as plain arrays, which load without a second copy."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("data", "indices", "indptr"):
        np.save(folder / f"{part}.npy", getattr(x, part))
    (folder / "genes.txt").write_text("\n".join(names))
    return folder


def load(folder: Path) -> ad.AnnData:
    names = (folder / "genes.txt").read_text().split("\n")
    parts = [np.load(folder / f"{part}.npy") for part in ("data", "indices", "indptr")]
    x = sp.csr_matrix(tuple(parts), shape=(len(parts[2]) - 1, len(names)), copy=False)
    obs = pd.DataFrame(index=pd.RangeIndex(x.shape[0]).astype(str))
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=names))


def on_disk(path: Path, x: sp.csr_matrix, n_cells: int) -> Path:
    """An h5ad of `n_cells` rows that repeats `x`: its arrays point into one copy on disk."""
    times = -(-n_cells // x.shape[0])
    base = path.with_suffix(".base.h5")
    with h5py.File(base, "w") as file:
        for part in ("data", "indices"):
            file.create_dataset(part, data=getattr(x, part), chunks=(1 << 18,))
    obs = pd.DataFrame(index=pd.RangeIndex(times * x.shape[0]).astype(str))
    ad.AnnData(obs=obs, var=pd.DataFrame(index=genes(x.shape[1]))).write_h5ad(path)
    steps = np.diff(x.indptr)
    indptr = np.concatenate([[0], np.cumsum(np.tile(steps, times))]).astype(np.int64)
    with h5py.File(path, "a") as file:
        if "X" in file:
            del file["X"]
        group = file.create_group("X")
        group.attrs["encoding-type"], group.attrs["encoding-version"] = "csr_matrix", "0.1.0"
        group.attrs["shape"] = (len(obs), x.shape[1])
        group.create_dataset("indptr", data=indptr)
        for part in ("data", "indices"):
            array = getattr(x, part)
            layout = h5py.VirtualLayout((times * x.nnz,), array.dtype)
            source = h5py.VirtualSource(base, part, (x.nnz,))
            for i in range(times):
                layout[i * x.nnz : (i + 1) * x.nnz] = source
            group.create_virtual_dataset(part, layout)
    return path


if __name__ == "__main__":
    like_plaid(Path(sys.argv[1]))
