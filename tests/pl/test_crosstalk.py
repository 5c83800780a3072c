import numpy as np
import pandas as pd
import pytest

from crosstalk_omics import pl
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.pl.crosstalk import drawable, pair_names


@pytest.mark.parametrize(("n_pairs", "groups"), [(5, (1, 1)), (30, (2, 3)), (400, (4, 9))])
@pytest.mark.parametrize("draw", [pl.crosstalk_dotplot, pl.crosstalk_ranks, pl.crosstalk_network])
def test_figures_stay_readable_with_few_and_many(candidates, laid_out, draw, n_pairs, groups):
    laid_out(draw(candidates(n_pairs, groups)))


def test_dotplot_says_what_it_left_out(candidates):
    title = pl.crosstalk_dotplot(candidates(400, (4, 9))).get_title(loc="left")
    assert "top 30 of 400 pairs" in title
    assert "top 20 of 36 group pairs" in title
    assert pl.crosstalk_dotplot(candidates(5)).get_title(loc="left") == ""


@pytest.mark.parametrize("draw", [pl.crosstalk_dotplot, pl.crosstalk_ranks, pl.crosstalk_network])
def test_ranks_without_p_values_are_drawn(candidates, laid_out, draw):
    laid_out(draw(candidates(8, (1, 2), tested=False)))


@pytest.mark.parametrize("draw", [pl.crosstalk_dotplot, pl.crosstalk_ranks, pl.crosstalk_network])
def test_eighty_items_stay_readable(candidates, laid_out, draw):
    laid_out(draw(candidates(90, (3, 4)), top=80))


def test_dotplot_groups_columns_by_axis_and_shares_them_among_axes(candidates, laid_out):
    there = candidates(12, (2, 9)).assign(source_tissue="muscle", target_tissue="bone")
    back = there.assign(source=there["target"], target=there["source"])
    back = back.assign(source_tissue="bone", target_tissue="muscle")
    ax = pl.crosstalk_dotplot(pd.concat([there, back]), top_groups=10)
    names = [t.get_text() for t in ax.get_xticklabels()]
    titles = [t.get_text() for t in ax.get_xticklabels() if t.get_weight() == "bold"]
    assert titles == ["bone → muscle", "muscle → bone"]
    assert names.index("muscle → bone") == 6
    assert len(names) == 10 + 2 + 1
    laid_out(ax)


def test_long_names_are_cut_only_where_there_is_no_room(candidates):
    table = drawable(candidates(2)).assign(role="agonist", factor="BMP4", ligand_complex="BMP4")
    table["receptor_complex"] = ["BMPR1A+BMPR2|BMPR1B+BMPR2", "+".join(["RECEPTOR"] * 6)]
    whole, cut = pair_names(table)
    assert whole == "BMP4 → BMPR1A+BMPR2|BMPR1B+BMPR2"
    assert "…" in cut
    assert len(cut) == 42


def test_dotplot_says_that_nothing_was_tested(candidates):
    ax = pl.crosstalk_dotplot(candidates(8, tested=False))
    assert "no p-value" in ax.get_title(loc="left")
    assert "not tested" in [t.get_text() for t in ax.get_legend().get_texts()]


def test_dotplot_draws_one_dot_per_candidate_and_rings_the_calls(candidates):
    table = candidates(10, (1, 2))
    ax = pl.crosstalk_dotplot(table, fdr=0.3)
    dots = ax.collections[0]
    assert len(dots.get_offsets()) == len(table)
    rings = np.asarray(dots.get_linewidths()) > 1
    assert rings.sum() == (table["specificity_fdr"] <= 0.3).sum()


def test_pairs_that_were_not_measured_are_left_out(candidates):
    table = candidates(6)
    table.loc[0, "magnitude_gmean"] = np.nan
    assert len(drawable(table)) == 5
    assert len(pl.crosstalk_ranks(table).get_title(loc="left").split()) > 0
    table["magnitude_gmean"] = np.nan
    for draw in (pl.crosstalk_dotplot, pl.crosstalk_ranks, pl.crosstalk_network):
        assert "no pair was measured" in draw(table).texts[0].get_text()


def test_a_tissue_of_one_group_is_named_by_the_tissue(candidates):
    table = candidates(4, (1, 2)).assign(source_tissue="muscle", target_tissue="bone")
    shown = drawable(table)
    assert set(shown["source"]) == {"muscle"}
    assert set(shown["target"]) == {"bone cell 0", "bone cell 1"}
    both = pd.concat([table, table.assign(target_tissue="brain")])
    assert {"bone: bone cell 0", "brain: bone cell 1"} <= set(drawable(both)["target"])


def test_a_blocker_is_not_drawn_as_an_arrow(candidates):
    names = pair_names(drawable(candidates(8)))
    assert sum("⊣" in n for n in names) == 1
    assert sum("→" in n for n in names) == 7


def test_volcano_draws_each_ligand_and_sender_once(candidates, laid_out):
    table = candidates(20, (2, 3))
    keys, values = ["ligand_complex", "source"], ["logfc_ligand", "p_ligand"]
    table[values] = table.groupby(keys)[values].transform("first")
    ax = pl.volcano(table)
    assert len(ax.collections[0].get_offsets()) == 40
    assert "raw p" in ax.get_title(loc="left")
    laid_out(ax)


def test_volcano_leaves_out_names_that_would_hide_others(candidates, laid_out):
    ax = pl.volcano(candidates(150), top=80)
    assert 5 < len(ax.texts) <= 25
    laid_out(ax)


def test_volcano_names_what_a_ligand_was_correlated_with(candidates):
    table = candidates(3).assign(feature=["glucose", "REC1", "insulin"])
    names = {t.get_text() for t in pl.volcano(table).texts}
    assert {f"{lig}, {f}" for lig, f in table[["ligand_complex", "feature"]].to_numpy()} >= names
    assert names


def test_volcano_without_tests_says_so(candidates):
    ax = pl.volcano(candidates(4, tested=False))
    assert "no factor was tested" in ax.texts[0].get_text()


def test_a_missing_column_is_named_with_the_nearest(candidates):
    table = candidates(3).rename(columns={"magnitude_gmean": "magnitude_mean"})
    with pytest.raises(InputError, match=r"no column 'magnitude_gmean'.*'magnitude_mean'"):
        pl.crosstalk_dotplot(table)


def test_given_axes_are_used(candidates):
    import matplotlib.pyplot as plt

    ax = plt.figure().subplots()
    assert pl.crosstalk_dotplot(candidates(4), ax=ax) is ax
    assert pl.crosstalk_network(candidates(4), ax=ax) is ax


def test_panels_of_subfigures_are_drawn_and_saved_whole(candidates, tmp_path):
    import matplotlib.pyplot as plt

    left, right = plt.figure(layout="constrained").subfigures(1, 2)
    one = pl.crosstalk_ranks(candidates(5), ax=left.subplots())
    pl.volcano(candidates(5), ax=right.subplots())
    svg, _ = pl.save(one, tmp_path / "both")
    assert "log2 fold change" in svg.read_text(encoding="utf-8")


def test_a_table_is_not_changed_by_drawing(candidates):
    table = candidates(12, (2, 2))
    before = table.copy()
    for draw in (pl.crosstalk_dotplot, pl.crosstalk_ranks, pl.crosstalk_network, pl.volcano):
        draw(table)
    assert table.equals(before)
