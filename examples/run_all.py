"""Run the studies (a) to (e) on real public files and print what each gave.

Usage: ``python examples/run_all.py [PREFIX ...]``, e.g. ``a d``. Files are fetched unless
`CROSSTALK_CACHE` names a folder that holds them.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
SHOWN = [
    "source",
    "target",
    "factor",
    "receptor_complex",
    "specificity_fdr",
    "fdr",
    "evidence_level",
]


def run(study: Path) -> Path:
    """Run one study through the command line and return its results folder."""
    command = [sys.executable, "-m", "crosstalk_omics.cli", "run", str(study)]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    print(f"{study.stem}: {time.perf_counter() - start:.1f} s")
    return Path("results") / study.stem


def tell(folder: Path) -> None:
    """Print samples, genes, coverage, time, memory and the ten best candidates per direction."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    for data in record["datasets"]:
        print(f"  {data['id']}: {data['n_obs']} x {data['n_vars']} genes, {data['donors']} donors")
    seconds = sum(step["seconds"] for step in record["timings"].values())
    peak = max(step["peak_mib"] for step in record["timings"].values())
    print(f"  {seconds:.1f} s, peak {peak:.0f} MiB")
    for name in ("crosstalk", "contrast", "paired"):
        path = folder / f"{name}.tsv"
        if path.exists():
            table = pd.read_csv(path, sep="\t", keep_default_na=False, na_values=["NA"])
            for (source, target), part in table.groupby(["source_tissue", "target_tissue"]):
                print(f"  {name}, {source} to {target}, {len(part)} rows:")
                measured = part.get("assessable", part.get("feature_kind") == "receptor")
                signals = part[measured & ~part["role"].isin(["carrier", "decoy"])]
                first = signals.drop_duplicates(["ligand_complex", "receptor_complex"]).head(10)
                shown = [c for c in SHOWN if c in part]
                print(first[shown].to_string(index=False) if len(first) else "  none measured")


def main() -> None:
    """Run the studies whose names start with the given prefixes; (a) to (e) by default."""
    prefixes = tuple(sys.argv[1:]) or ("a_", "b_", "c_", "d_", "e_")
    for study in sorted(HERE.glob("*.yaml")):
        if study.name.startswith(prefixes):
            tell(run(study))


if __name__ == "__main__":
    main()
