"""Every public figure in one and two journal columns, with a few and with eighty items."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from crosstalk_omics import pl

FEW, MANY = 5, 80
WIDTHS = {"one": pl.ONE_COLUMN, "two": pl.TWO_COLUMNS}
HIGHEST = 14  # inches; eighty rows with names of columns and a legend below
NO_FIGURE = {"save", "theme"}
SIGNATURE = "response_calcineurin_nfat_mef2"


@pytest.fixture
def tables(candidates, tests_table, rng) -> Callable[[int], dict[str, tuple[tuple, dict]]]:
    """Arguments of each figure for so many items."""

    def make(n: int) -> dict[str, tuple[tuple, dict[str, Any]]]:
        names = [f"{SIGNATURE}_{i}" for i in range(n)]
        pairs = candidates(n, (2, 2) if n == FEW else (9, 9))
        tests = tests_table(n).assign(signature=names)
        ends = {"ci_low": tests["estimate"] - 0.1, "ci_high": tests["estimate"] + 0.1}
        spread = rng.random(n)
        cells = AnnData(
            obs=pd.DataFrame({"cell_type": [f"a long cell type {i % n}" for i in range(4 * n)]})
        )
        cells.obsm["score_ucell"] = pd.DataFrame(
            rng.random((4 * n, n)), index=cells.obs_names, columns=names
        )
        cells.obsm["X_umap"] = rng.normal(size=(4 * n, 2))
        donors = pd.DataFrame(
            {
                "donor": [f"d{i % 9}" for i in range(9 * n)],
                "condition": [f"after {i // 9} weeks" for i in range(9 * n)],
                SIGNATURE: rng.random(9 * n),
            }
        )
        one_test = {"tests": tests_table(1).assign(signature=SIGNATURE)}
        measured = pd.DataFrame({"signature": names, "n_targets": 200, "n_found": 200 * spread})
        samples = pd.DataFrame(
            {"sample": [f"GSM55000{i}" for i in range(n)] * 2, "percentile": [*spread, *spread]}
        ).assign(panel=["blood cells"] * n + ["fat"] * n, high=lambda t: t["percentile"] > 0.5)
        lines = pd.DataFrame(
            {"scenario": np.repeat([f"labels shuffled {i}" for i in range(n // 4)], 3)}
        ).assign(expected=0.3, observed=0.2, n_donors=lambda t: 3 + t.index % 3, power=0.5)
        effects = pd.DataFrame(
            {
                "factor": np.repeat([f"interleukin {i}" for i in range(n)], 20),
                "effect": [f"muscle_regeneration_{i % 30}:+" for i in range(20 * n)],
                "level": "in_vivo",
            }
        )
        sums = pd.DataFrame({"rank": range(9), "running_sum": spread[0], "in_set": [1, 0, 0] * 3})
        studies = tests.assign(study=[f"A study of training, cohort {i}" for i in range(n)], **ends)
        pooled = {"estimate": 0.0, "ci_low": -0.1, "ci_high": 0.1, "pi_low": -1, "pi_high": 1}
        card = {"evidence": effects, "responses": tests, "top": n}
        by = {"by": "scenario", "level": 0.1}
        return {
            "calibration_qq": ((lines,), {}),
            "contamination": ((samples,), {"top": n}),
            "coverage": ((measured,), {"top": n}),
            "crosstalk_chord": ((pairs,), {"top": n}),
            "crosstalk_dotplot": ((pairs,), {"top": n}),
            "crosstalk_network": ((pairs,), {"top": n}),
            "crosstalk_ranks": ((pairs,), {"top": n}),
            "evidence_matrix": ((effects,), {"top": n}),
            "factor_card": ((pairs, "factor 1"), card),
            "forest": ((studies,), {"pooled": pooled}),
            "power_curves": ((lines,), by),
            "running_sum": ((sums,), {"title": f"{SIGNATURE}: score 1.9, p 0.003"}),
            "score_effects": ((tests,), {"top": n}),
            "score_embedding": ((cells, names[0]), {}),
            "score_heatmap": ((cells,), {"top": n}),
            "score_strip": ((donors, SIGNATURE), one_test),
            "score_violin": ((donors, SIGNATURE), one_test),
            "volcano": ((pairs,), {"top": n}),
        }

    return make


FIGURES = sorted(n for n in pl.__all__ if inspect.isfunction(getattr(pl, n)) and n not in NO_FIGURE)


def test_every_public_figure_is_tried(tables):
    assert sorted(tables(FEW)) == FIGURES


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS.keys())
@pytest.mark.parametrize("n", [FEW, MANY])
@pytest.mark.parametrize("name", FIGURES)
def test_figure_fits_the_columns_of_a_journal(tables, laid_out, name, n, width):
    if name == "crosstalk_chord":
        pytest.importorskip("pycirclize")
    args, options = tables(n)[name]
    drawn = getattr(pl, name)(*args, **options, width=width)
    laid_out(drawn)
    figure = drawn.figure.figure
    assert figure.get_figwidth() <= width + 0.01
    assert figure.get_figheight() <= HIGHEST


@pytest.mark.parametrize("name", FIGURES)
def test_default_figures_fit_two_columns(tables, name):
    if name == "crosstalk_chord":
        pytest.importorskip("pycirclize")
    args, options = tables(MANY)[name]
    assert getattr(pl, name)(*args, **options).figure.figure.get_figwidth() <= pl.TWO_COLUMNS + 0.01


@pytest.mark.parametrize("name", ["coverage", "crosstalk_dotplot", "crosstalk_ranks", "volcano"])
def test_given_axes_of_one_column_keep_their_size(tables, laid_out, name):
    import matplotlib.pyplot as plt

    with pl.theme():
        figure, ax = plt.subplots(figsize=(pl.ONE_COLUMN, 6), layout="constrained")
    args, options = tables(FEW)[name]
    laid_out(getattr(pl, name)(*args, **options, ax=ax))
    assert tuple(figure.get_size_inches()) == (pl.ONE_COLUMN, 6)
