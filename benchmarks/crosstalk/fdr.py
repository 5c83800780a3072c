"""Realised FDR and power of the joint procedures on a grid of pairs that share their sides.

python benchmarks/crosstalk/fdr.py

600 ligands and 400 receptors in 4 groups each, 1,500 pairs: 24,000 tests per run. Genes of one of
20 programs are correlated where a scenario says so. Writes fdr.csv.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm, t

from crosstalk_omics.tl.crosstalk.joint import FDR, joint_fdr

HERE = Path(__file__).resolve().parent
N_RUNS, N_GROUPS, N_LIGANDS, N_RECEPTORS, N_PAIRS, N_PROGRAMS = 100, 4, 600, 400, 1500, 20


class Scenario(NamedTuple):
    share: float  # of true (gene, group) on each side
    effect: float  # in standard deviations
    df: int | None = None
    correlation: float = 0.0  # of the genes of one program


SCENARIOS = {
    "15 % true, 6 df": Scenario(0.15, 3.55, 6),
    "30 % true, 6 df": Scenario(0.3, 3.55, 6),
    "15 % true": Scenario(0.15, 2.5),
    "15 % true, stronger": Scenario(0.15, 3.0),
    "30 % true": Scenario(0.3, 2.5),
    "30 % true, stronger": Scenario(0.3, 3.0),
    "few donors (4 df)": Scenario(0.15, 6.0, 4),
    "15 % true, correlated": Scenario(0.15, 2.5, correlation=0.3),
    "30 % true, correlated": Scenario(0.3, 2.5, correlation=0.3),
    "nothing true": Scenario(0.0, 0.0),
    "nothing true, correlated": Scenario(0.0, 0.0, correlation=0.3),
}


def side(rng: np.random.Generator, n: int, scenario: Scenario) -> tuple[np.ndarray, np.ndarray]:
    """P-values and truth of one side, (n, N_GROUPS)."""
    share, effect, df, correlation = scenario
    truth = rng.random((n, N_GROUPS)) < share
    noise = rng.normal(size=truth.shape)
    if correlation:
        programs = rng.normal(size=(N_PROGRAMS, N_GROUPS))[rng.integers(N_PROGRAMS, size=n)]
        noise = np.sqrt(correlation) * programs + np.sqrt(1 - correlation) * noise
    z = noise + effect * truth
    if df is None:
        return norm.sf(z), truth
    return t.sf(z / np.sqrt(rng.chisquare(df, size=z.shape) / df), df), truth


def main() -> None:
    rows = []
    for name, scenario in SCENARIOS.items():
        for run in range(N_RUNS):
            rng = np.random.default_rng(run)
            p_l, true_l = side(rng, N_LIGANDS, scenario)
            p_r, true_r = side(rng, N_RECEPTORS, scenario)
            left, right = (
                rng.integers(N_LIGANDS, size=N_PAIRS),
                rng.integers(N_RECEPTORS, size=N_PAIRS),
            )
            p = [
                np.repeat(p_l[left], N_GROUPS, axis=1).ravel(),
                np.tile(p_r[right], N_GROUPS).ravel(),
            ]
            truth = np.repeat(true_l[left], N_GROUPS, axis=1) & np.tile(true_r[right], N_GROUPS)
            truth = truth.ravel()
            for method in FDR:
                adjusted = joint_fdr(*p, method)
                for level in (0.05, 0.1, 0.2):
                    call = adjusted <= level
                    false = (call & ~truth).sum() / max(call.sum(), 1)
                    power = (call & truth).sum() / max(truth.sum(), 1)
                    rows.append((name, method, level, false, power))
    columns = ["scenario", "method", "level", "fdr", "power"]
    runs = pd.DataFrame(rows, columns=columns).groupby(columns[:3], sort=False)
    table = runs.mean().assign(fdr_se=runs["fdr"].sem()).reset_index()
    table.to_csv(HERE / "fdr.csv", index=False, float_format="%.4f")
    print(table.round(3).to_string(index=False))


if __name__ == "__main__":
    main()
