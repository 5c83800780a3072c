"""Time and memory of the inference beside LIANA and FastCCC, each run in a process of its own.

python benchmarks/crosstalk/speed.py --cells 20000 --liana-python /path/to/python/with/liana

Two tissues of `--cells` / 2 cells with 10 cell types each, 6,000 genes, about 15 % of the values
above 0, and LIANA's consensus pairs (CROSSTALK_CACHE). Ours reads the cells from disk in
blocks; the others get the concatenation in memory, and are stopped at `--gib` of address space or
after `--minutes`. Appends to speed.csv.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.interactions import complexes

HERE = Path(__file__).resolve().parent
N_GENES, N_TYPES, BLOCK = 6000, 10, 5000
PEERS = {  # ":0" has LIANA return every combination, as ours does
    "cellphonedb": ("liana", 1000),
    "cellphonedb:0": ("liana", 1000),
    "rank_aggregate": ("liana", 1000),
    "mean": ("fastccc", 0),
}


def pair_table() -> pd.DataFrame:
    table = cx.interactions.load("consensus", route=None)
    key = ["ligand_complex", "receptor_complex"]
    plain = ~table[key].apply(lambda c: c.str.contains("|", regex=False)).any(axis=1)
    return table[plain].drop_duplicates(key)


def write_tissue(
    path: Path, genes: list[str], n_cells: int, tissue: str, *, seed: int, mean: float
) -> None:
    """Counts of `n_cells`; beyond 50,000 the same blocks come again."""
    rng = np.random.default_rng(seed)
    means = rng.gamma(0.5, 2 * mean, size=(N_TYPES, len(genes)))
    parts, donors, types = [], [], []
    for _ in range(min(n_cells, 50_000) // BLOCK + (n_cells < BLOCK)):
        kind = rng.integers(N_TYPES, size=min(BLOCK, n_cells))
        parts.append(sp.csr_matrix(rng.poisson(means[kind]).astype(np.float32)))
        types.append(kind)
        donors.append(rng.integers(6, size=len(kind)))
    again = [i % len(parts) for i in range(-(-n_cells // min(BLOCK, n_cells)))]
    kind = np.concatenate([types[i] for i in again])
    donor = np.concatenate([donors[i] for i in again])
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical([f"{tissue}{k}" for k in kind]),
            "donor": pd.Categorical([f"{tissue}_{d}" for d in donor]),
            "tissue": pd.Categorical([tissue] * len(kind)),
        },
        index=[f"{tissue}{i}" for i in range(len(kind))],
    )
    uns = {"organism": "human", "tissue": tissue, "modality": "single_cell"}
    uns |= {"value_state": "counts", "replicates": "donor"}
    x = sp.vstack([parts[i] for i in again], format="csr")
    adata = ad.AnnData(x, obs=obs, var=pd.DataFrame(index=genes), uns={"crosstalk": uns})
    path.parent.mkdir(parents=True, exist_ok=True)
    adata.write_h5ad(path)


def write_database(folder: Path, pairs: pd.DataFrame) -> None:
    """Write the same pairs in the tables of CellPhoneDB, which FastCCC reads."""
    folder.mkdir()
    number: dict[str, int] = {}
    for text in [*pairs["ligand_complex"], *pairs["receptor_complex"]]:
        for name in (*complexes.genes([text]), text):
            number.setdefault(name, len(number) + 1)
    genes = [n for n in number if "+" not in n]
    many = [n for n in number if "+" in n]
    parts = [(number[m], number[g]) for m in many for g in complexes.genes([m])]
    ids = [number[g] for g in genes]
    tables = {
        "gene": {"protein_id": ids, "hgnc_symbol": genes, "gene_name": genes, "ensembl": genes},
        "protein": {"id_protein": ids, "protein_multidata_id": ids},
        "complex": {"complex_multidata_id": [number[m] for m in many]},
        "complex_composition": {
            "complex_multidata_id": [a for a, _ in parts],
            "protein_multidata_id": [b for _, b in parts],
        },
        "interaction": {
            "id_cp_interaction": [f"P{i}" for i in range(len(pairs))],
            "multidata_1_id": pairs["ligand_complex"].map(number),
            "multidata_2_id": pairs["receptor_complex"].map(number),
        },
    }
    for name, columns in tables.items():
        pd.DataFrame(columns).to_csv(folder / f"{name}_table.csv", index=False)


def measure(python: str, *arguments: str, gib: float = 0, minutes: float | None = None) -> dict:
    """Run one job; above 0, `gib` limits its address space."""

    def limited() -> None:
        if gib:
            resource.setrlimit(resource.RLIMIT_AS, (int(gib * 2**30),) * 2)

    try:
        done = subprocess.run(
            [python, str(HERE / "job.py"), *arguments], capture_output=True, text=True,
            check=False, timeout=minutes and 60 * minutes, preexec_fn=limited,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"error": f"stopped after {minutes:g} minutes"}
    if done.returncode:
        return {"error": done.stderr.strip().splitlines()[-1][:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=20_000, help="of both tissues together")
    parser.add_argument("--liana-python", default=None)
    parser.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS))
    parser.add_argument("--gib", type=float, default=14.0, help="address space of a peer")
    parser.add_argument("--minutes", type=float, default=30.0, help="time of a peer")
    parser.add_argument("--mean", type=float, default=0.3, help="mean count of a gene")
    parser.add_argument("--skip-perms", action="store_true")
    parser.add_argument("--skip-ours", action="store_true")
    args = parser.parse_args()
    pairs, rows = pair_table(), []
    named = complexes.genes([*pairs["ligand_complex"], *pairs["receptor_complex"]])
    genes = named + [f"FILL{i}" for i in range(N_GENES - len(named))]
    with tempfile.TemporaryDirectory(dir=HERE) as scratch:
        folder = Path(scratch)
        for part, n_cells in ((folder, args.cells // 2), (folder / "warm", 500)):
            for seed, (file, tissue) in enumerate((("source", "A"), ("target", "B"))):
                write_tissue(
                    part / f"{file}.h5ad", genes, n_cells, tissue, seed=seed, mean=args.mean
                )
            pairs.to_csv(part / "pairs.tsv", sep="\t", index=False)
        write_database(folder / "database", pairs)
        jobs = [] if args.skip_ours else [("ours", "donor", 0), ("ours", "analytic", 0)]
        if jobs and not args.skip_perms:
            jobs += [("ours", "permutation", 1000), ("familiar", "all", 1000)]
        for tool, option, n in jobs:
            found = measure(sys.executable, tool, option, str(folder), str(n))
            rows.append({"tool": tool, "option": option, "n_perms": n, **found})
            print(rows[-1], flush=True)
        if args.liana_python:
            for option in args.peers:
                tool, n = PEERS[option]
                what = str(folder / "database") if tool == "fastccc" else option
                found = measure(
                    args.liana_python, tool, what, str(folder), str(n),
                    gib=args.gib, minutes=args.minutes,
                )  # fmt: skip
                rows.append({"tool": tool, "option": option, "n_perms": n, **found})
                print(rows[-1], flush=True)
    out = HERE / "speed.csv"
    table = pd.DataFrame(rows).assign(cells=args.cells, mean=args.mean, pairs=len(pairs))
    old = [pd.read_csv(out)] if out.exists() else []
    both = pd.concat([*old, table])
    both = both.astype({"rows": "Int64"}) if "rows" in both else both
    both.to_csv(out, index=False, float_format="%.4g")


if __name__ == "__main__":
    main()
