from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl.calibrate import _fine as fine
from crosstalk_omics.tl.calibrate import _judged, shuffled_labels, swapped_conditions
from crosstalk_omics.tl.controls import _symbols, record, rewire
from crosstalk_omics.tl.crosstalk.joint import Side


@pytest.fixture(scope="module")
def sim():
    return cx.datasets.simulate(seed=1, n_cells=600, n_genes=600, n_donors=4)


@pytest.fixture(scope="module")
def calibration(sim):
    return cx.tl.calibrate(
        sim.muscle,
        sim.bone,
        route=None,
        scenarios=("labels", "rewired", "decoys", "split", "positives", "swap", "contact"),
        unrelated=sim.brain,
        n_repeats=5,
    )


def value(calibration, scenario, side, measure):
    table = calibration.summary.set_index(["scenario", "side", "measure"])
    return table.loc[(scenario, side, measure)]


@pytest.mark.parametrize("side", ["ligand", "receptor"])
def test_shuffled_labels_give_the_nominal_error(calibration, side):
    for measure in ("type1_0.05", "type1_0.001", "lambda_0.5"):
        assert value(calibration, "labels", side, measure)["within"], measure


def test_p_values_that_few_positive_cells_make_coarse_are_not_judged(sim):
    one = Side(
        name="", genes=["A", "B"], groups=["x", "y"], magnitude=np.zeros((2, 2)),
        low=np.zeros((2, 2)), high=np.zeros((2, 2)), prop=np.array([[0.2, 0.1], [0.2, 0.1]]),
        gate=np.ones((2, 2)), pvalue=np.array([[0.1, 0.2], [0.3, 0.4]]),
        presence=np.ones((2, 2)), kind="specificity", unit="cell",
        n_donors=np.array([2, 2]), donors=["a", "b"],
    )  # fmt: skip
    labels = pd.DataFrame({"type": ["x"] * 60 + ["y"] * 25}, index=[str(i) for i in range(85)])
    cells = ad.AnnData(np.zeros((85, 2)), obs=labels)
    cells.uns["crosstalk"] = {"modality": "single_cell"}
    assert fine(one, cells, "type").tolist() == [0.1, 0.2, 0.3]
    assert fine(replace(one, unit="donor"), cells, "type").tolist() == [0.1]
    cells.uns["crosstalk"]["modality"] = "bulk_rna"
    assert fine(one, cells, "type").tolist() == [0.1, 0.2, 0.3, 0.4]


def test_both_sides_rarely_hold_by_chance(calibration):
    assert value(calibration, "labels", "pair", "type1_0.05")["value"] < 0.01


def test_quantiles_stand_beside_a_band(calibration):
    qq = calibration.qq
    assert set(qq["scenario"]) == {"labels, ligand", "labels, receptor"}
    assert (qq["low"] <= qq["expected"]).all()
    assert (qq["expected"] <= qq["high"]).all()
    for _, part in qq.groupby("scenario"):
        assert (np.diff(part["observed"]) >= 0).all()


def test_every_scenario_is_in_the_summary(calibration):
    found = set(calibration.summary["scenario"])
    assert {"labels", "rewired", "split", "swap", "contact"} <= found
    assert value(calibration, "split", "pair", "spearman_magnitude")["value"] > 0.5


def test_z_of_random_signatures_is_standard_normal(sim):
    found = cx.tl.calibrate(sim.muscle, sim.bone, route=None, scenarios=("scores",), n_repeats=5)
    for side in ("source ucell", "source zscore", "target ucell", "target zscore"):
        assert abs(value(found, "scores", side, "z_mean")["value"]) < 0.15
        assert 0.9 < value(found, "scores", side, "z_sd")["value"] < 1.1
        assert value(found, "scores", side, "type1_0.05")["within"]
    assert "scores, target ucell" in set(found.qq["scenario"])


def test_a_tissue_without_groups_or_donors_is_left_out(sim):
    bone = sim.bone.copy()
    del bone.obs["donor"]
    found = cx.tl.calibrate(
        sim.muscle, bone, groupby=("cell_type", None), route=None, n_repeats=2,
        scenarios=("labels", "split"),
    )  # fmt: skip
    assert set(found.summary["side"]) == {"ligand"}
    assert set(found.qq["scenario"]) == {"labels, ligand"}
    assert value(found, "split", "ligand", "spearman_magnitude")["value"] > 0.5


def test_the_same_seed_gives_the_same_calibration(sim):
    options = {"route": None, "scenarios": ("labels", "rewired"), "n_repeats": 2, "seed": 4}
    first, second = (cx.tl.calibrate(sim.muscle, sim.bone, **options) for _ in range(2))
    pd.testing.assert_frame_equal(first.qq, second.qq)
    pd.testing.assert_frame_equal(first.summary, second.summary)


def test_labels_are_shuffled_within_donor_and_batch(sim, rng):
    shuffled = shuffled_labels(sim.muscle, "cell_type", "donor", rng)
    keys = ["donor", "batch", "cell_type"]
    before = sim.muscle.obs.groupby(keys, observed=True).size()
    after = shuffled.obs.groupby(keys, observed=True).size()
    assert {tuple(map(str, k)): n for k, n in before.items()} == {
        tuple(map(str, k)): n for k, n in after.items()
    }
    assert (shuffled.obs["cell_type"].astype(str) != sim.muscle.obs["cell_type"].astype(str)).any()


def test_conditions_are_traded_between_donors_as_a_whole(sim):
    swapped = swapped_conditions(sim.muscle, "condition", "donor", np.random.default_rng(3))
    per_donor = swapped.obs.groupby("donor", observed=True)["condition"].nunique()
    assert (per_donor == 1).all()
    for obs in (sim.muscle.obs, swapped.obs):
        donors = obs.drop_duplicates("donor")["condition"].astype(str).value_counts()
        assert set(donors) == {4}


def test_rewiring_keeps_the_degrees_and_makes_no_pair_twice(rng):
    table = cx.interactions.load("curated")
    table = table.drop_duplicates(["ligand_complex", "receptor_complex"]).reset_index(drop=True)
    new = rewire(table, rng)
    for column in ("ligand_complex", "receptor_complex"):
        assert sorted(new[column]) == sorted(table[column])
    assert not new.duplicated(["ligand_complex", "receptor_complex"]).any()
    assert (new["receptor_complex"] != table["receptor_complex"]).mean() > 0.5


def test_a_share_of_few_tests_is_judged_by_their_number():
    row = record("labels", "ligand", "type1_0.05", [0.0, 0.0], n=30)
    assert _judged(row)["within"]
    assert not _judged(row | {"n": 3000})["within"]


def test_known_axes_are_written_in_the_symbols_of_the_tissue(sim):
    mouse = ad.AnnData(uns={"crosstalk": {"organism": "mouse"}})
    assert _symbols(("SOST", "LRP5|LRP6", "FGFR1+KL"), mouse) == ["Sost", "Lrp5|Lrp6", "Fgfr1+Kl"]
    assert _symbols(("SOST",), sim.bone) == ["SOST"]


def test_conditions_scenario(sim):
    found = cx.tl.calibrate(
        sim.muscle,
        sim.bone,
        route=None,
        scenarios=("conditions",),
        condition="condition",
        reference=str(sim.muscle.obs["condition"].cat.categories[0]),
        n_repeats=2,
    )
    assert value(found, "conditions", "ligand", "type1_0.05")["value"] < 0.2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenarios": ("label",)}, "Did you mean 'labels'"),
        ({"scenarios": ("swap",)}, "needs `unrelated`"),
        ({"scenarios": ("conditions",)}, "needs `condition`"),
        ({"scenarios": ("labels", "split"), "donor": "none"}, r"muscle \(0\) and bone \(0\)"),
        ({"scenarios": ("labels",), "groupby": None}, "neither muscle nor bone is tested"),
        ({"scenarios": ("contact",), "interactions": [("IGF1", "IGF1R")]}, "none of the 1 pairs"),
    ],
)
def test_a_scenario_without_its_data_is_refused(sim, options, message):
    with pytest.raises(InputError, match=message):
        cx.tl.calibrate(sim.muscle, sim.bone, route=None, n_repeats=2, **options)


@pytest.fixture
def neurons(cache):
    """Two halves of the libraries of a sparse atlas, with groups drawn at random."""
    adata = cx.pp.standardise(cx.datasets.load("mouse_hypothalamus_chen2017"))
    rng = np.random.default_rng(0)
    adata.obs["donor"] = adata.obs["library"].astype(str)
    adata.obs["cell_type"] = rng.choice(list("abcd"), size=adata.n_obs, p=[0.1, 0.2, 0.3, 0.4])
    adata.obs = adata.obs[["donor", "cell_type"]]
    adata.uns["crosstalk"]["replicates"] = "donor"
    first = adata.obs["donor"].isin(sorted(adata.obs["donor"].unique())[::2]).to_numpy()
    return adata[first].copy(), adata[~first].copy()


@pytest.mark.real
@pytest.mark.slow
def test_shuffled_real_cells_give_the_nominal_error(neurons):
    for null in ("donor", "analytic"):
        found = cx.tl.calibrate(
            *neurons, interactions="celltalkdb", route=None, null=null, scenarios=("labels",),
            n_repeats=4,
        )  # fmt: skip
        for side in ("ligand", "receptor"):
            five, rare = (value(found, "labels", side, f"type1_{p}") for p in (0.05, 0.001))
            assert 0.04 - 2 * five["se"] < five["value"] < 0.06 + 2 * five["se"]
            assert five["se"] < 0.006
            assert rare["value"] < 0.002
