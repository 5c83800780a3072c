"""The whole job on the embedded data set, as a user runs it."""

import json

import numpy as np
import pandas as pd
import pytest

from crosstalk_omics import pipeline
from crosstalk_omics.config import read_study
from crosstalk_omics.core.errors import CrosstalkError
from crosstalk_omics.pipeline import steps

DEMO = """
name: tiny
tissues:
  muscle:
    dataset: "simulated:muscle"
    donor: donor
    condition: condition
    groupby: cell_type
    contrast: {test: treated, reference: control}
  bone: {dataset: "simulated:bone", donor: donor, groupby: cell_type}
scoring: {signatures: [myokine, osteokine], methods: [ucell]}
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    (folder / "study.yaml").write_text(DEMO)
    return pipeline.run(folder / "study.yaml", output=folder / "results")


def read(folder, name):
    return pd.read_csv(folder / name, sep="\t", keep_default_na=False, na_values=["NA"])


def test_every_promised_output_is_there(demo):
    for name in ("crosstalk.tsv", "contrast.tsv", "score_tests.tsv", "coverage.tsv", "run.json",
                 "report.html", "scores.parquet", "study.json"):  # fmt: skip
        assert (demo / name).stat().st_size > 0, name
    captions = json.loads((demo / "figures" / "captions.json").read_text())
    assert len(captions) >= 6
    for stem in captions:
        for suffix in (".svg", ".png", ".csv"):
            assert (demo / "figures" / f"{stem}{suffix}").stat().st_size > 0


def test_planted_pairs_rank_first(demo):
    from crosstalk_omics import datasets

    truth = datasets.simulate(seed=0).truth
    found = read(demo, "crosstalk.tsv")
    keys = ["source_tissue", "target_tissue", "ligand_complex", "receptor_complex"]
    planted = set(
        truth[truth["kind"] == "specificity"][keys].itertuples(index=False, name=None)
    ) & set(found[keys].itertuples(index=False, name=None))
    assert planted
    called = found[found["specificity_fdr"] < 0.1]
    hits = planted & set(called[keys].itertuples(index=False, name=None))
    assert len(hits) >= 0.6 * len(planted)


def test_second_run_does_no_work(demo, caplog):
    before = {p: p.stat().st_mtime_ns for p in demo.rglob("*") if p.is_file()}
    with caplog.at_level("INFO"):
        assert pipeline.run(demo.parent / "study.yaml", output=demo) == demo
    assert "Nothing has changed" in caplog.text
    assert before == {p: p.stat().st_mtime_ns for p in demo.rglob("*") if p.is_file()}


def test_same_study_gives_the_same_bytes(demo, tmp_path):
    again = pipeline.run(demo.parent / "study.yaml", output=tmp_path / "again")
    for path in sorted(demo.rglob("*")):
        if path.suffix in {".tsv", ".csv", ".svg", ".png"}:
            assert path.read_bytes() == (again / path.relative_to(demo)).read_bytes(), path.name


def test_a_receiver_is_compared_as_its_own_contrast_says(tmp_path):
    """Its reference may be called otherwise than the sender's."""
    own = "condition: condition, contrast: {test: control, reference: treated}"
    study = tmp_path / "study.yaml"
    study.write_text(DEMO.replace("donor: donor, groupby", f"donor: donor, {own}, groupby"))
    context = steps.Context(read_study(study))
    steps.contrast(context, "muscle", "bone", tmp_path)
    table = pd.read_parquet(tmp_path / "parts" / "contrast_muscle__bone.parquet")
    assert set(table["contrast"]) == {"treated vs control"}
    assert set(table["contrast_target"]) == {"control vs treated"}
    assert set(table["kind_receptor"]) == {"contrast"}
    alike = "condition: condition, contrast: {test: treated, reference: control}"
    study.write_text(study.read_text().replace(own, alike))
    steps.contrast(steps.Context(read_study(study)), "muscle", "bone", tmp_path)
    alike = pd.read_parquet(tmp_path / "parts" / "contrast_muscle__bone.parquet")
    keys = ["source", "target", "ligand_complex", "receptor_complex", "role"]
    both = table.merge(alike, on=keys, suffixes=("", "_alike"))
    tested = both.dropna(subset=["logfc_receptor"])
    assert len(tested) > 50
    assert np.allclose(tested["logfc_receptor"], -tested["logfc_receptor_alike"])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("donor: donor", "donor: dnor"), "dnor"),
        (("test: treated", "test: trated"), "Did you mean 'treated'"),
        (("simulated:muscle", "simulated:liver"), "liver"),
        (("signatures: [myokine", "signatures: [myokin"), "myokine"),
        (("methods: [ucell]", "methods: [ucel]"), "ucell"),
    ],
)
def test_bad_input_is_named_and_leaves_no_results(tmp_path, change, expected):
    study = tmp_path / "study.yaml"
    study.write_text(DEMO.replace(*change, 1))
    with pytest.raises(CrosstalkError, match=expected):
        pipeline.run(study, output=tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_calibrate_writes_its_table_and_picture(demo, tmp_path):
    table = pipeline.calibrate(
        demo.parent / "study.yaml", "muscle", "bone", n_repeats=2, output=tmp_path / "cal"
    )
    labels = table[(table["scenario"] == "labels") & (table["measure"] == "type1_0.05")]
    single = labels[labels["side"] != "pair"]
    assert single["value"].between(0.02, 0.08).all()
    assert {p.name for p in (tmp_path / "cal").iterdir()} == {
        "calibration.tsv", "qq.csv", "qq.png", "qq.svg"
    }  # fmt: skip


def test_calibrate_runs_the_scenarios_that_are_asked_for(demo):
    table = pipeline.calibrate(
        demo.parent / "study.yaml", "muscle", "bone", scenarios=["swap", "split"],
        unrelated="bone", n_repeats=1,
    )  # fmt: skip
    assert set(table["scenario"]) == {"swap", "split"}


def test_calibrate_finds_the_contact_pairs_that_the_route_of_the_study_leaves_out(demo):
    table = pipeline.calibrate(
        demo.parent / "study.yaml", "muscle", "bone", scenarios=["contact"], n_repeats=1
    ).set_index("measure")
    assert table.loc["called_contact", "n"] == 2 * 16
    assert table.loc["called_asked", "n"] > 1000
    assert table["value"].between(0, 1).all()


def test_calibrate_names_the_unknown_tissue(demo):
    with pytest.raises(CrosstalkError, match="Did you mean 'muscle'"):
        pipeline.calibrate(demo.parent / "study.yaml", "muscel", "bone")


def test_tissues_of_the_same_donors_are_paired(tmp_path):
    from crosstalk_omics import datasets, pp

    simulated = datasets.simulate(seed=0, n_cells=900, n_genes=800)
    for name in ("muscle", "bone"):
        bulk = pp.pseudobulk(getattr(simulated, name), groupby=None)
        bulk.obs["donor"] = [f"animal{i}" for i in range(bulk.n_obs)]
        bulk.write_h5ad(tmp_path / f"{name}.h5ad")
    tissues = {n: {"path": f"{n}.h5ad", "donor": "donor"} for n in ("muscle", "bone")}
    study = {"name": "same", "tissues": tissues, "paired": {"n_perms": 199}}
    study["scoring"] = {"signatures": ["myokine"]}
    (tmp_path / "study.json").write_text(json.dumps(study))
    folder = pipeline.run(tmp_path / "study.json", output=tmp_path / "results")
    assert read(folder, "paired.tsv")["pvalue"].min() >= 0.005
    captions = json.loads((folder / "figures" / "captions.json").read_text())
    assert "the same donors" in captions["paired_muscle__bone"]
