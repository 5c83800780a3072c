import anndata as ad
import numpy as np
import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.datasets.readers import READERS


@pytest.fixture(scope="module")
def simulated() -> ad.AnnData:
    return cx.pp.standardise(cx.datasets.simulate(n_cells=600).bone)


@pytest.fixture(scope="module")
def markers(simulated) -> pd.DataFrame:
    """The strongest true markers of the simulation, and one gene that two types share."""
    effects = cx.datasets.simulate(n_cells=600).effects
    effects = effects[(effects["tissue"] == "bone") & (effects["kind"] == "marker")]
    net = effects.rename(columns={"cell_type": "source", "gene": "target"}).assign(weight=1.0)
    return net[["source", "target", "weight"]]


def test_planted_types_are_found(simulated, markers):
    result = cx.pp.label_cells(simulated, markers)
    labelled = (result.obs["cell_type"] != "unassigned").to_numpy()
    right = result.obs["cell_type"].astype(str) == simulated.obs["cell_type"].astype(str)
    assert labelled.mean() > 0.6
    assert right[labelled].mean() > 0.95


def test_common_types_do_not_eat_rare_ones(rng):
    """Five cells of one type among 300 of another are found, and no more than they."""
    mean = np.full((305, 60), 0.05)
    mean[:300, :10] = mean[300:, 10:20] = 2.0
    genes = pd.DataFrame(index=[f"G{i}" for i in range(60)])
    cells = ad.AnnData(rng.poisson(mean).astype(float), var=genes)
    names = ["common"] * 10 + ["rare"] * 10
    net = pd.DataFrame({"source": names, "target": genes.index[:20], "weight": 1.0})
    labels = cx.pp.label_cells(cells, net).obs["cell_type"]
    assert list(labels[300:]) == ["rare"] * 5
    assert (labels[:300] == "common").mean() > 0.98
    assert not (labels[:300] == "rare").any()


def test_a_wider_margin_leaves_more_cells_unassigned(simulated, markers):
    n_left = [
        (cx.pp.label_cells(simulated, markers, margin=m).obs["cell_type"] == "unassigned").sum()
        for m in (0, 0.1, 0.5)
    ]
    assert n_left[0] == 0
    assert n_left[0] < n_left[1] < n_left[2]


def test_order_of_cells_genes_and_markers_does_not_matter(simulated, markers, rng):
    expected = cx.pp.label_cells(simulated, markers).obs["cell_type"]
    cells, genes = rng.permutation(simulated.n_obs), rng.permutation(simulated.n_vars)
    shuffled = cx.pp.label_cells(simulated[cells][:, genes].copy(), markers.sample(frac=1))
    pd.testing.assert_series_equal(shuffled.obs["cell_type"][expected.index], expected)


def test_genes_of_two_types_and_negative_weights_are_no_markers(simulated, markers):
    gene = markers["target"].iloc[0]
    more = pd.DataFrame(
        {"source": ["osteocyte", "osteoclast"], "target": [gene, "SOST"], "weight": [1.0, -1.0]}
    )
    plain = cx.pp.label_cells(simulated, markers[markers["target"] != gene])
    mixed = cx.pp.label_cells(simulated, pd.concat([markers, more]))
    pd.testing.assert_frame_equal(plain.obs, mixed.obs)


def test_the_input_is_untouched_and_the_counts_are_recorded(simulated, markers):
    before = simulated.copy()
    result = cx.pp.label_cells(simulated, markers)
    pd.testing.assert_frame_equal(simulated.obs, before.obs)
    labels = result.uns["crosstalk"]["labels"]
    assert sum(labels["n_cells"].values()) == simulated.n_obs
    assert labels["n_cells"] == result.obs["cell_type"].value_counts().to_dict()


def test_misuse_says_what_to_do(simulated, markers):
    with pytest.raises(InputError, match="no default markers for tissue 'bone'"):
        cx.pp.label_cells(simulated)
    with pytest.raises(InputError, match="Only 0 cell types have min_markers=5"):
        cx.pp.label_cells(simulated, markers.assign(target=markers["target"].str.lower()))


def test_markers_from_means_follow_their_rule():
    counts = np.array([[900.0, 0, 0, 99_100], [0, 500, 500, 99_000], [0, 0, 600, 99_400]])
    means = ad.AnnData(counts, var=pd.DataFrame(index=["A", "B", "C", "D"]))
    means.obs["cell_type"] = ["x", "y1", "y2"]
    net = cx.pp.markers_from_means(means, {"x": ["x"], "y": ["y1", "y2"]})
    assert net.groupby("source")["target"].agg(list).to_dict() == {"x": ["A"], "y": ["C", "B"]}
    with pytest.raises(InputError, match="no cell type 'z'"):
        cx.pp.markers_from_means(means, {"x": ["z"], "y": ["y1"]})


@pytest.mark.real
def test_brain_markers_agree_with_the_authors_of_another_study(cache):
    cells = cx.pp.standardise(cx.datasets.load("mouse_hypothalamus_neurons_romanov_845"))
    truth = cells.obs["cell_type"].astype(str)
    truth = truth.where(~truth.str.startswith("Neurons"), "neuron")
    names = {"Oligodendrocytes": "oligodendrocyte", "Astrocytes": "astrocyte"}
    truth = truth.replace(names)
    result = cx.pp.label_cells(cells).obs["cell_type"].astype(str)
    # these neurons carry myelin RNA of their neighbours, which costs them some labels
    for label, least in (("neuron", 0.85), ("oligodendrocyte", 0.95), ("astrocyte", 0.95)):
        mine = result[(truth == label) & (result != "unassigned")]
        assert (mine == label).mean() >= least


@pytest.mark.real
@pytest.mark.slow
def test_labels_of_unlabelled_hypothalamus_agree_with_markers_that_were_held_out(cache):
    """Half of the markers label three Drop-seq libraries; the other half must be highest there."""
    options = cx.datasets.info("mouse_hypothalamus_chen2017")["options"]
    files = sorted((cache / "mouse_hypothalamus_chen2017").glob("*.dge.txt.gz"))[5:8]
    raw = READERS["dge"]({path.name: path for path in files}, **options)
    raw.uns["crosstalk"] = {"organism": "mouse", "tissue": "hypothalamus"}
    cells = cx.pp.standardise(raw)
    net = cx.pp.brain_markers("mouse")
    half = net.groupby("source").cumcount() % 2 == 0
    labelled = cx.pp.label_cells(cells, net[half])
    labels = labelled.obs["cell_type"]
    assert labels.value_counts(normalize=True)["unassigned"] < 0.25
    values = cx.pp.lognormalise(cells).to_df()
    others = net[~half & net["target"].isin(values.columns)]
    assert len(others) > 80
    means = values[others["target"]].groupby(labels, observed=True).mean().drop("unassigned")
    highest = means.idxmax().to_numpy()
    assert (highest == others["source"].to_numpy()).mean() > 0.9
