"""What a user gets wrong, run through the whole job: a clear error, and nothing half-written."""

import shutil

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.sparse import csr_matrix

from crosstalk_omics import datasets, pipeline
from crosstalk_omics.core.errors import CrosstalkError


@pytest.fixture(scope="module")
def simulated():
    return datasets.simulate(seed=1, n_cells=600, n_genes=800)


@pytest.fixture
def run(simulated, tmp_path):
    """Write a muscle and a bone file, run a study on them, return the folder."""

    def inner(change=lambda muscle: muscle, *, study=None, **muscle_block):
        change(simulated.muscle.copy()).write_h5ad(tmp_path / "muscle.h5ad")
        simulated.bone.copy().write_h5ad(tmp_path / "bone.h5ad")
        common = {"donor": "donor", "groupby": "cell_type"}
        blocks = {
            "muscle": {"path": "muscle.h5ad", **common, **muscle_block},
            "bone": {"path": "bone.h5ad", **common},
        }
        text = {"name": "bad", "tissues": blocks, "scoring": {"signatures": ["myokine"]}}
        path = tmp_path / "study.yaml"
        path.write_text(yaml.safe_dump(text | (study or {})))
        return pipeline.run(path, output=tmp_path / "results")

    return inner


def fails(run, tmp_path, expected, *arguments, **options):
    with pytest.raises(CrosstalkError, match=expected):
        run(*arguments, **options)
    assert not (tmp_path / "results").exists()


def test_good_input_gives_results(run):
    assert (run() / "report.html").exists()


def test_missing_column(run, tmp_path):
    fails(run, tmp_path, "Did you mean 'donor'", donor="doner")


def test_unknown_organism(run, tmp_path):
    fails(run, tmp_path, "human.*mouse.*rat", organism="zebrafish")


def test_wrong_organism(run, tmp_path):
    def lower(muscle):
        muscle.var_names = [g.capitalize() for g in muscle.var_names]
        muscle.var = muscle.var[[]]
        return muscle

    fails(run, tmp_path, "mouse or rat|genes look like", lower, organism="human")


def test_duplicated_gene_names_are_summed_and_reported(run, tmp_path):
    def double(muscle):
        muscle.var = muscle.var[[]]
        names = list(muscle.var_names)
        muscle.var_names = [*names[:-1], names[0]]
        return muscle

    folder = run(double)
    assert '"n_duplicates": 1' in (folder / "tissues" / "muscle.json").read_text()


def test_unknown_gene_names(run, tmp_path):
    def junk(muscle):
        muscle.var = pd.DataFrame(index=[f"feature_{i}" for i in range(muscle.n_vars)])
        return muscle

    fails(run, tmp_path, "feature_0", junk)


@pytest.mark.parametrize(
    ("value", "expected"), [(-1.0, "Negative value -1"), (np.nan, "not finite")]
)
def test_impossible_values_are_located(run, tmp_path, value, expected):
    def spoil(muscle):
        x = muscle.X.toarray().astype(float)
        x[3, 5] = value
        muscle.X = csr_matrix(x)
        return muscle

    fails(run, tmp_path, expected, spoil, value_state="counts")


def test_tissue_with_one_donor_is_descriptive_and_says_so(run):
    def one(muscle):
        return muscle[muscle.obs["donor"] == muscle.obs["donor"].iloc[0]].copy()

    table = pd.read_csv(run(one) / "crosstalk.tsv", sep="\t", na_values=["NA"])
    sent = table[table["source_tissue"] == "muscle"]
    assert set(sent["unit_ligand"]) == {"cell"}
    report = (run(one) / "report.html").read_text()
    assert "cells as replicates" in report


def test_signature_without_a_gene_in_the_data(run, tmp_path):
    (tmp_path / "own.gmt").write_text("absent\tnone\tMYH7B\tMYH13\tMYH15\n")
    signatures = {"scoring": {"signatures": [str(tmp_path / "own.gmt")], "min_targets": 3}}
    fails(run, tmp_path, "absent", study=signatures)


def test_truncated_file(run, simulated, tmp_path):
    run()
    whole = (tmp_path / "muscle.h5ad").read_bytes()

    class Cut:
        def write_h5ad(self, path):
            path.write_bytes(whole[: len(whole) // 2])

    shutil.rmtree(tmp_path / "results")
    fails(run, tmp_path, "muscle.h5ad", lambda _: Cut())


def test_empty_table(run, tmp_path):
    def none(muscle):
        return ad.AnnData(np.zeros((0, muscle.n_vars)), var=muscle.var)

    fails(run, tmp_path, "empty|no column|no row", none)


def test_identical_gene_space_is_not_needed_but_some_ligand_is(run, tmp_path):
    def few(muscle):
        keep = [g for g in muscle.var_names if g.startswith(("RPL", "RPS"))][:5]
        return muscle[:, keep or muscle.var_names[-5:]].copy()

    fails(run, tmp_path, "ligand|gene|target", few)
