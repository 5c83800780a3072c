"""Result tables of the contract, small and large, with and without p-values."""

from collections.abc import Callable
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from crosstalk_omics import pl

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


def _undrawn(figure) -> set:
    """Labels of ticks outside the view, and all labels of axes that are switched off."""
    from matplotlib.axes import Axes

    hidden = set()
    for axes in figure.findobj(Axes):
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            off = set() if axes.axison else {axis.label}
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not (axes.axison and low - 1e-9 <= tick.get_loc() <= high + 1e-9):
                    off |= {tick.label1, tick.label2}
            hidden |= off
    return hidden


def _collide(one, two) -> bool:
    wide = min(one.x1, two.x1) - max(one.x0, two.x0)
    high = min(one.y1, two.y1) - max(one.y0, two.y0)
    return wide > 1.5 and high > 1.5


@pytest.fixture
def laid_out() -> Callable[..., None]:
    """Assert that no text hides another or is cut, and that legends stand outside the data."""
    from matplotlib.legend import Legend
    from matplotlib.text import Text

    def check(drawn) -> None:
        figure = drawn.figure.figure
        with pl.theme():
            figure.draw_without_rendering()
        hidden = _undrawn(figure)
        texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
        boxes = {t: t.get_window_extent() for t in texts if t not in hidden}
        whole = figure.bbox.padded(1)
        cut = [
            t.get_text()
            for t, b in boxes.items()
            if b.x0 < whole.x0 or b.x1 > whole.x1 or b.y0 < whole.y0 or b.y1 > whole.y1
        ]
        assert cut == []
        assert min(t.get_fontsize() for t in boxes if len(t.get_text()) > 1) >= 6
        level = [(t, b) for t, b in boxes.items() if t.get_rotation() % 90 == 0]
        on_each_other = [
            (t.get_text(), u.get_text())
            for (t, b), (u, c) in combinations(level, 2)
            if _collide(b, c)
        ]
        assert on_each_other == []
        for axes in figure.axes:
            for legend in axes.findobj(Legend):
                outside, data = legend.get_window_extent(), axes.get_window_extent()
                assert outside.x0 >= data.x1 - 1 or outside.y1 <= data.y0 + 1

    return check
