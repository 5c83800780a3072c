import warnings

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import CrosstalkWarning, InputError


@pytest.fixture
def single(rng) -> ad.AnnData:
    """Three well separated types of 200 cells; every fourth cell is in library one."""
    mean = np.full((600, 300), 0.4)
    for i in range(3):
        mean[200 * i : 200 * (i + 1), 60 * i : 60 * (i + 1)] = 4.0
    mean *= rng.gamma(20, 1 / 20, size=(600, 1))
    var = pd.DataFrame(index=[f"GENE{i}" for i in range(300)])
    cells = ad.AnnData(sp.csr_matrix(rng.poisson(mean).astype(np.float32)), var=var)
    cells.obs["library"] = np.tile(["one", "two", "two", "two"], 150)
    return cells


def with_doublets(cells: ad.AnnData) -> ad.AnnData:
    """The cells, and 60 sums of two cells of different types."""
    first = np.arange(60) * 10
    sums = cells.X[first] + cells.X[(first + 200 + 7 * (np.arange(60) % 2)) % 600]
    obs = pd.DataFrame({"library": "one"}, index=[f"d{i}" for i in range(60)])
    x = sp.vstack([cells.X, sums]).tocsr()
    return ad.AnnData(x, obs=pd.concat([cells.obs, obs]), var=cells.var)


def test_planted_doublets_are_found_and_told(single):
    cells = with_doublets(single)
    before = cells.X.copy()
    with pytest.warns(CrosstalkWarning, match=r"'all': \d+% of 660 cells look like doublets"):
        table = cx.pp.doublets(cells)
    assert list(table.index) == list(cells.obs_names)
    planted = np.arange(len(table)) >= 600
    assert table.loc[planted, "doublet"].mean() > 0.8
    assert table.loc[~planted, "doublet"].mean() < 0.05
    everything = cx.pp.doublets(single, threshold=0.0, max_share=1.0)
    assert everything["doublet"].all()
    assert (before != cells.X).nnz == 0
    assert "doublet_score" not in cells.obs


def test_clean_cells_give_no_warning(single):
    with warnings.catch_warnings():
        warnings.simplefilter("error", CrosstalkWarning)
        table = cx.pp.doublets(single)
    assert set(table["library"]) == {"all"}
    assert table["doublet"].mean() < 0.02


def test_the_same_seed_gives_the_same_scores(single):
    first = cx.pp.doublets(single, seed=1)
    pd.testing.assert_frame_equal(first, cx.pp.doublets(single, seed=1))
    assert not first.equals(cx.pp.doublets(single, seed=2))


def test_small_libraries_are_not_judged(single):
    single.obs.loc[single.obs_names[:40], "library"] = "tiny"
    table = cx.pp.doublets(single, library="library")
    tiny = table["library"] == "tiny"
    assert table.loc[tiny, ["doublet_score", "doublet"]].isna().all().all()
    assert table.loc[~tiny].notna().all().all()


def test_haemoglobin_outside_erythroid_cells_is_told_by_hand():
    x = np.array([[90.0, 0, 10], [1, 0, 99], [0, 2, 198], [0, 0, 50], [0, 0, 0]])
    cells = ad.AnnData(sp.csr_matrix(x), var=pd.DataFrame(index=["HBA1", "Hbb-bs", "HBEGF"]))
    with pytest.warns(
        CrosstalkWarning, match=r"\(all\) up to 67% of the cells that are not erythroid"
    ):
        row = cx.pp.ambient(cells).iloc[0]
    assert (row["n_cells"], row["n_erythroid"]) == (5, 1)
    assert row["share_ambient"] == pytest.approx(2 / 3)
    assert row["median_percent"] == pytest.approx(1.0)


def test_without_haemoglobin_nothing_can_be_said(single):
    with warnings.catch_warnings():
        warnings.simplefilter("error", CrosstalkWarning)
        table = cx.pp.ambient(single, library="library")
    assert list(table["library"]) == ["one", "two"]
    assert table["share_ambient"].isna().all()


def test_counts_and_the_column_are_needed(single):
    for check in (cx.pp.doublets, cx.pp.ambient):
        with pytest.raises(InputError, match="Did you mean 'library'"):
            check(single, library="librarie")
        with pytest.raises(InputError, match="'lognorm'; doublets and ambient RNA are judged in"):
            check(cx.pp.lognormalise(single))


@pytest.mark.real
def test_blood_of_the_marrow_is_in_every_cell_of_the_stroma(cache):
    with pytest.warns(CrosstalkWarning, match="100% of the cells that are not erythroid"):
        cx.pp.ambient(cx.datasets.load("mouse_bm_endosteal_stroma_250"))
    neurons = cx.datasets.load("mouse_hypothalamus_neurons_romanov_845")
    assert cx.pp.ambient(neurons)["share_ambient"].item() < 0.1
