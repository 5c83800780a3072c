import pandas as pd
import pytest

from crosstalk_omics import pl
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.pl.evidence import effect_table


def rows(n_factors: int, n_effects: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            (f"factor {f}", f"effect_{e}:{'+-'[(f + e) % 2]}", ["in_vivo", "review"][e % 2])
            for f in range(n_factors)
            for e in range(n_effects)
        ],
        columns=["factor", "effect", "level"],
    )


def test_disagreement_and_the_strongest_level_are_kept():
    table = pd.DataFrame(
        {
            "factor": ["irisin", "irisin", "leptin"],
            "effects": ["bone_mass:+", "bone_mass:-; fat_mass:-", "NA"],
            "evidence_level": ["review", "in_vivo", "human"],
        }
    )
    known = effect_table(table).set_index("effect")
    assert known.loc["bone_mass", "signs"] == "+-"
    assert known.loc["bone_mass", "rank"] == 1
    assert known.loc["fat_mass", "n"] == 1
    assert set(known["factor"]) == {"irisin"}


def test_matrix_marks_where_reports_disagree(laid_out):
    table = pd.DataFrame(
        {"factor": ["a", "a"], "effect": ["x:+;y:0", "x:-"], "level": ["in_vivo", "in_vitro"]}
    )
    ax = pl.evidence_matrix(table)
    assert "reports disagree" in [t.get_text() for t in ax.get_legend().get_texts()]
    assert [m.get_fillstyle() for m in ax.lines].count("left") == 1
    laid_out(ax)


@pytest.mark.parametrize(("n_factors", "n_effects"), [(1, 1), (5, 4), (80, 40)])
def test_matrix_stays_readable(laid_out, n_factors, n_effects):
    ax = pl.evidence_matrix(rows(n_factors, n_effects))
    laid_out(ax)
    assert ("top 40 of 80 factors" in ax.get_title(loc="left")) == (n_factors == 80)


def test_matrix_of_rows_without_effects_says_so():
    table = pd.DataFrame({"factor": ["a"], "effect": ["NA"], "level": ["review"]})
    assert "no row states an effect" in pl.evidence_matrix(table).texts[0].get_text()


@pytest.mark.parametrize("tested", [True, False])
def test_card_shows_both_tissues_and_the_pairs(candidates, tests_table, laid_out, tested):
    table = candidates(8, (2, 3), tested=tested)
    figure = pl.factor_card(table, "factor 1", responses=tests_table(3))
    labels = [[t.get_text() for t in ax.get_yticklabels()] for ax in figure.axes]
    assert any("muscle fibre 1 · LIG2" in names for names in labels)
    assert any("bone cell 2 · REC3A+REC3B" in names for names in labels)
    assert "factor 1" in figure.get_suptitle()
    laid_out(figure)


@pytest.mark.parametrize("groups", [(1, 1), (9, 9)])
def test_card_without_responses_leaves_their_panel_out(candidates, laid_out, groups):
    table = candidates(8, groups)
    figure = pl.factor_card(table, "factor 1")
    assert len(figure.axes) == 4
    laid_out(figure)
    with_panel = pl.factor_card(table, "factor 1", responses=pd.DataFrame())
    assert "no response" in with_panel.axes[-1].texts[0].get_text()


def test_card_of_an_unknown_factor_names_the_nearest(candidates):
    with pytest.raises(InputError, match=r"factor is 'facto 1'. Did you mean 'factor 1'"):
        pl.factor_card(candidates(4), "facto 1")


@pytest.mark.real
def test_card_and_matrix_of_the_packaged_tables():
    from crosstalk_omics import interactions, signatures

    ax = pl.evidence_matrix(interactions.load())
    assert "top 40 of" in ax.get_title(loc="left")
    assert pl.evidence_matrix(signatures.evidence("irisin")).get_yticklabels()
