"""Result tables of the contract, small and large, with and without p-values."""

from collections.abc import Callable
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

LEVELS = ("human", "in_vivo", "in_vitro", "review", "database")


@pytest.fixture(autouse=True)
def _no_window():
    import matplotlib.pyplot as plt

    mpl.use("agg")
    yield
    plt.close("all")


@pytest.fixture
def candidates() -> Callable[..., pd.DataFrame]:
    def make(n_pairs: int, groups: tuple[int, int] = (1, 1), *, tested: bool = True):
        rng = np.random.default_rng(n_pairs)
        senders = [f"muscle fibre {i}" for i in range(groups[0])]
        receivers = [f"bone cell {i}" for i in range(groups[1])]
        pairs = pd.DataFrame(
            {
                "factor": [f"factor {i // 2}" for i in range(n_pairs)],
                "ligand_complex": [f"LIG{i}" for i in range(n_pairs)],
                "receptor_complex": [f"REC{i}A+REC{i}B" for i in range(n_pairs)],
                "role": ["antagonist" if i % 7 == 3 else "agonist" for i in range(n_pairs)],
                "evidence_level": [LEVELS[i % 5] for i in range(n_pairs)],
                "effects": ["bone_formation:+; muscle_mass:-"] * n_pairs,
            }
        )
        grid = pd.MultiIndex.from_product([senders, receivers], names=["source", "target"])
        table = pairs.merge(grid.to_frame(index=False), how="cross")
        for column in ("magnitude_ligand", "magnitude_receptor", "p_ligand", "p_receptor"):
            table[column] = rng.random(len(table))
        table["magnitude_gmean"] = np.sqrt(table["magnitude_ligand"] * table["magnitude_receptor"])
        if not tested:
            table[["p_ligand", "p_receptor"]] = np.nan
        table["specificity_pvalue"] = table[["p_ligand", "p_receptor"]].max(axis=1, skipna=False)
        table["specificity_fdr"] = (table["specificity_pvalue"] * 2).clip(upper=1)
        table["logfc_ligand"] = rng.normal(size=len(table))
        order = ["specificity_fdr", "specificity_pvalue", "magnitude_gmean"]
        return table.sort_values(order, ascending=[True, True, False], ignore_index=True)

    return make


@pytest.fixture
def tests_table() -> Callable[..., pd.DataFrame]:
    def make(n: int, *, tested: bool = True) -> pd.DataFrame:
        rng = np.random.default_rng(n)
        table = pd.DataFrame(
            {
                "signature": [f"signature_{i}" for i in range(n)],
                "group": "all",
                "contrast": "post - pre",
                "reference": "pre",
                "estimate": rng.normal(0, 0.1, n),
                "n_donors": 11,
                "method": "moderated_t",
            }
        )
        table["ci_low"], table["ci_high"] = table["estimate"] - 0.05, table["estimate"] + 0.05
        table["pvalue"] = rng.random(n) ** 3
        table["padj"] = (table["pvalue"] * 3).clip(upper=1)
        if not tested:
            table[["ci_low", "ci_high", "pvalue", "padj"]] = np.nan
        return table

    return make


@pytest.fixture
def laid_out() -> Callable[..., None]:
    """Assert that labels do not overlap and that the legend stands outside the data."""

    def check(ax) -> None:
        figure = ax.figure
        figure.draw_without_rendering()
        boxes = [t.get_window_extent() for t in ax.get_yticklabels() if t.get_text()]
        boxes.sort(key=lambda b: b.y0)
        assert all(a.y1 <= b.y0 + 1 for a, b in pairwise(boxes))
        legend = ax.get_legend()
        if legend is not None:
            assert legend.get_window_extent().x0 >= ax.get_window_extent().x1 - 1
        inside = figure.bbox
        assert all(inside.x0 - 1 <= b.x0 and b.x1 <= inside.x1 + 1 for b in boxes)

    return check
