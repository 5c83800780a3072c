import numpy as np
import pandas as pd
import pytest

from crosstalk_omics import pl


@pytest.mark.parametrize("n", [1, 5, 90])
def test_coverage_puts_the_least_covered_first(rng, laid_out, n):
    table = pd.DataFrame(
        {
            "signature": [f"signature_{i}" for i in range(n)],
            "n_targets": 20,
            "n_found": rng.permutation(np.arange(n) % 21),
        }
    )
    ax = pl.coverage(table)
    laid_out(ax)
    worst = table.loc[table["n_found"].idxmin(), "signature"]
    top = max(ax.get_yticklabels(), key=lambda t: t.get_position()[1])
    assert top.get_text() == worst
    assert ("top 40 of 90" in ax.get_title(loc="left")) == (n == 90)


def test_coverage_of_an_empty_signature_is_nought():
    ax = pl.coverage(pd.DataFrame({"signature": ["none"], "n_targets": [0], "n_found": [0]}))
    assert "0 of 0" in [t.get_text() for t in ax.texts]


@pytest.mark.parametrize("n", [2, 90])
def test_contamination_marks_high_samples(laid_out, n):
    table = pd.DataFrame(
        {
            "sample": np.repeat([f"s{i}" for i in range(n)], 2),
            "panel": ["blood", "fat"] * n,
            "percentile": np.linspace(0, 1, 2 * n),
        }
    )
    table["high"] = table["percentile"] > 0.9
    ax = pl.contamination(table)
    assert ax.figure.get_figwidth() <= pl.TWO_COLUMNS + 0.01
    assert "!" in [t.get_text() for t in ax.texts]
    assert ("top 40 of 90" in ax.get_title(loc="left")) == (n == 90)


def test_qq_draws_a_line_per_null_and_the_diagonal(rng):
    table = pd.concat(
        pd.DataFrame(
            {"expected": np.arange(1, 51) / 51, "observed": np.sort(rng.random(50))}
        ).assign(scenario=name)
        for name in ("shuffled", "swapped")
    )
    ax = pl.calibration_qq(table.reset_index(drop=True))
    assert len(ax.lines) == 3
    names = [t.get_text() for t in ax.get_legend().get_texts()]
    assert names == ["null", "shuffled", "swapped", "perfect"]


@pytest.mark.parametrize("n", [1, 20])
def test_lines_of_many_methods_differ_and_the_legend_has_room(rng, laid_out, n):
    names = [f"method {i}" for i in range(n) for _ in range(3)]
    table = pd.DataFrame({"scenario": names, "n_donors": [3, 5, 8] * n, "power": rng.random(3 * n)})
    table = table.assign(expected=table["n_donors"] / 9, observed=table["power"])
    for ax in (pl.power_curves(table, by="scenario", level=0.1), pl.calibration_qq(table)):
        drawn = [x for x in ax.lines if x.get_marker() != "None"]
        looks = {(x.get_color(), x.get_linestyle(), x.get_marker()) for x in drawn}
        assert len(looks) == n
        laid_out(ax)


def test_coverage_names_the_tissue_where_there_are_several():
    table = pd.DataFrame(
        {"signature": "a", "n_targets": 4, "n_found": [1, 2], "tissue": ["x", "y"]}
    )
    assert [t.get_text() for t in pl.coverage(table).get_yticklabels()] == ["a · x", "a · y"]


def test_qq_of_nothing_says_so():
    ax = pl.calibration_qq(pd.DataFrame({"expected": [np.nan], "observed": [np.nan]}))
    assert "nothing to calibrate" in ax.texts[0].get_text()


def test_power_curves_give_the_same_bytes_with_repeats(tmp_path, rng):
    table = pd.DataFrame({"n_donors": [3, 5, 8] * 8, "method": ["a", "b"] * 12})
    table["power"] = rng.random(24)
    for name in ("one", "two"):
        pl.save(pl.power_curves(table, level=0.1), tmp_path / name, close=True)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_forest_puts_the_pooled_effect_below(laid_out):
    table = pd.DataFrame({"study": list("abc"), "estimate": [0.1, 0.2, 0.3], "weight": [1, 2, 3]})
    table = table.assign(ci_low=table["estimate"] - 0.2, ci_high=table["estimate"] + 0.2)
    pooled = {"estimate": 0.2, "ci_low": 0.1, "ci_high": 0.3, "pi_low": -0.1, "pi_high": 0.5}
    ax = pl.forest(table, pooled=pooled)
    laid_out(ax)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b", "c", "all studies"]
    assert len(pl.forest(table).get_yticklabels()) == 3
