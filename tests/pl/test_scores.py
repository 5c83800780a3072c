import numpy as np
import pandas as pd
import pytest
from anndata import AnnData

from crosstalk_omics import pl
from crosstalk_omics.core.errors import InputError


def scored(n: int, n_signatures: int, n_types: int, rng) -> AnnData:
    kinds = [f"type {i % n_types}" for i in range(n)]
    obs = pd.DataFrame(
        {
            "cell_type": pd.Categorical(kinds),
            "condition": pd.Categorical(["a" if i % n_types % 2 else "b" for i in range(n)]),
            "donor": [f"d{i % 7}" for i in range(n)],
        },
        index=[f"c{i}" for i in range(n)],
    )
    adata = AnnData(obs=obs, obsm={"X_umap": rng.normal(size=(n, 2))})
    adata.obsm["score_ucell"] = pd.DataFrame(
        rng.random((n, n_signatures)),
        index=adata.obs_names,
        columns=[f"signature_{i}" for i in range(n_signatures)],
    )
    return adata


@pytest.mark.parametrize(("n_signatures", "n_types"), [(5, 3), (80, 67)])
def test_heatmap_names_rows_and_columns(rng, n_signatures, n_types):
    adata = scored(400, n_signatures, n_types, rng)
    figure = pl.score_heatmap(adata, annotate="condition")
    names = {t.get_text() for ax in figure.axes for t in ax.texts}
    assert {f"type {i}" for i in range(n_types)} <= names
    assert len([n for n in names if n.startswith("signature_")]) == min(50, n_signatures)


def test_heatmap_leaves_out_what_does_not_differ_and_says_so(rng):
    adata = scored(60, 6, 4, rng)
    adata.obsm["score_ucell"]["signature_2"] = 0.25
    names = {t.get_text() for ax in pl.score_heatmap(adata).figure.axes for t in ax.texts}
    assert "signature_2" not in names
    assert any("1 without a difference" in name for name in names)


def test_heatmap_tells_which_column_is_missing(rng):
    adata = scored(20, 3, 2, rng)
    with pytest.raises(InputError, match=r"adata.obs has no column 'celltype'.*'cell_type'"):
        pl.score_heatmap(adata, groupby="celltype")
    with pytest.raises(InputError, match=r"key is 'score_ulm'.*'score_ucell'"):
        pl.score_heatmap(adata, "score_ulm")


def test_heatmap_draws_observations_one_signature_and_missing_scores(rng):
    adata = scored(12, 4, 3, rng)
    adata.obsm["score_ucell"].iloc[0] = np.nan
    assert pl.score_heatmap(adata, groupby=None).axes
    adata.obsm["one"] = adata.obsm["score_ucell"][["signature_0"]]
    assert pl.score_heatmap(adata, "one", standardise=False).axes


def donors(paired: bool) -> pd.DataFrame:
    names = [f"d{i}" for i in range(5)]
    other = names if paired else [f"e{i}" for i in range(5)]
    return pd.DataFrame(
        {
            "donor": [*names, *other],
            "condition": ["pre"] * 5 + ["post"] * 5,
            "signature_0": np.linspace(0.1, 0.6, 10),
        }
    )


@pytest.mark.parametrize("draw", [pl.score_strip, pl.score_violin])
def test_reference_comes_first_and_donors_are_counted(draw, tests_table, laid_out):
    ax = draw(donors(paired=True), "signature_0", tests=tests_table(3))
    laid_out(ax)
    assert [t.get_text() for t in ax.get_xticklabels()] == ["pre\n5 donors", "post\n5 donors"]
    assert "11 donors" in ax.get_title(loc="left")


@pytest.mark.parametrize("draw", [pl.score_strip, pl.score_violin])
@pytest.mark.parametrize("n", [2, 7])
def test_labels_of_many_conditions_stay_apart(draw, laid_out, tests_table, n):
    table = donors(paired=True)
    weeks = pd.concat(table.assign(condition=f"after {i} weeks") for i in range(n))
    laid_out(draw(weeks, "signature_0", tests=tests_table(1)))


@pytest.mark.parametrize("draw", [pl.score_strip, pl.score_violin])
def test_scores_of_nobody_say_so(draw):
    nobody = donors(paired=True).assign(signature_0=np.nan)
    assert "no donor has this score" in draw(nobody, "signature_0").texts[0].get_text()


def test_one_donor_is_not_called_donors():
    one = donors(paired=True).query("donor == 'd1'")
    ax = pl.score_strip(one, "signature_0")
    assert {t.get_text() for t in ax.get_xticklabels()} == {"pre\n1 donor", "post\n1 donor"}


def test_only_donors_seen_twice_are_joined():
    assert len(pl.score_strip(donors(paired=True), "signature_0").lines) == 5
    assert len(pl.score_strip(donors(paired=False), "signature_0").lines) == 0


def test_the_effect_is_the_one_of_the_table(tests_table):
    tests = tests_table(3)
    ax = pl.score_strip(donors(paired=True), "signature_0", tests=tests)
    side = ax.child_axes[0]
    assert [line.get_ydata()[0] for line in side.lines][-1] == tests.loc[0, "estimate"]
    assert list(side.lines[1].get_ydata()) == list(tests.loc[0, ["ci_low", "ci_high"]])


def test_an_effect_without_a_test_shows_no_interval(tests_table):
    ax = pl.score_strip(donors(paired=True), "signature_0", tests=tests_table(3, tested=False))
    assert "no interval" in ax.child_axes[0].get_ylabel()
    assert "no test" in ax.get_title(loc="left")


def test_two_rows_for_one_signature_are_refused(tests_table):
    twice = pd.concat([tests_table(2), tests_table(2)])
    with pytest.raises(InputError, match=r"2 rows for signature 'signature_0'.*Name `group`"):
        pl.score_strip(donors(paired=True), "signature_0", tests=twice)


@pytest.mark.parametrize("n", [1, 5, 80])
@pytest.mark.parametrize("tested", [True, False])
def test_effects_stay_readable(tests_table, laid_out, n, tested):
    ax = pl.score_effects(tests_table(n, tested=tested))
    laid_out(ax)
    assert ("top 40 of 80" in ax.get_title(loc="left")) == (n == 80)


def test_effects_draw_one_score_at_a_time(tests_table):
    both = pd.concat([tests_table(3).assign(score=name) for name in ("ucell", "ulm")])
    assert "score ucell" in pl.score_effects(both).get_title(loc="left")
    assert "score ulm" in pl.score_effects(both, score="ulm").get_title(loc="left")
    with pytest.raises(InputError, match="score is 'ul'"):
        pl.score_effects(both, score="ul")


def test_embedding_leaves_the_data_alone(rng):
    adata = scored(30, 3, 2, rng)
    ax = pl.score_embedding(adata, "signature_1")
    assert ax.get_xlabel() == "umap 1"
    assert "score" not in adata.obs
    with pytest.raises(InputError, match="basis is 'X_pca'"):
        pl.score_embedding(adata, "signature_1", basis="X_pca")


def test_running_sum_marks_every_hit_and_the_peak(laid_out):
    sums = pd.DataFrame(
        {
            "rank": range(6),
            "running_sum": [0.5, 0.25, 0.75, 0.5, 0.25, 0],
            "in_set": [1, 0, 1, 0, 0, 0],
        }
    )
    ax = pl.running_sum(sums, title="irisin")
    assert len(ax.collections[0].get_segments()) == 2
    assert ax.lines[-1].get_xydata().tolist() == [[2, 0.75]]
    laid_out(pl.running_sum(sums, title="a title that is much longer than a narrow figure is wide"))
    assert "2 of 6 genes" in ax.get_title(loc="left")


def test_strip_shows_each_donor_once_per_condition():
    cells = pd.concat([donors(paired=True)] * 3)
    ax = pl.score_strip(cells, "signature_0")
    assert sum(len(c.get_offsets()) for c in ax.collections) == 10
