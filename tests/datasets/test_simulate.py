import hashlib
import os
import subprocess
import sys
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.datasets import simulate_to_zarr
from crosstalk_omics.datasets.simulate.plant import GROUPS, pair_genes, pair_table

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def simulation():
    return cx.datasets.simulate()


def means(adata: ad.AnnData) -> pd.DataFrame:
    """log2 CPM of donor-groups, without noise from small counts."""
    return cx.pp.lognormalise(cx.pp.pseudobulk(adata), method="library").to_df()


def test_the_data_follow_the_contract(simulation):
    for name, adata in zip(GROUPS, simulation[:3], strict=True):
        assert isinstance(adata.X, sp.csr_matrix)
        assert adata.shape == (1500, 2000)
        assert (adata.X.data == np.rint(adata.X.data)).all()
        for column in ("tissue", "donor", "condition", "cell_type", "batch"):
            assert isinstance(adata.obs[column].dtype, pd.CategoricalDtype)
        assert set(adata.obs["cell_type"]) == set(GROUPS[name])
        assert adata.uns["crosstalk"]["value_state"] == "counts"
        assert adata.var_names.is_unique


def test_every_donor_has_one_condition_batch_and_tissue_and_enough_cells(simulation):
    seen = set()
    for adata in simulation[:3]:
        donors = adata.obs.groupby("donor", observed=True)
        assert (donors[["condition", "batch", "tissue"]].nunique() == 1).all().all()
        assert adata.obs.groupby(["donor", "cell_type"], observed=True).size().min() >= 10
        per_condition = adata.obs.drop_duplicates("donor")["condition"].value_counts()
        assert set(per_condition) == {4}
        seen |= set(adata.obs["donor"])
    assert len(seen) == 24


def test_same_seed_same_bytes_whatever_the_threads(simulation):
    code = (
        "import hashlib, crosstalk_omics as cx\n"
        "s = cx.datasets.simulate()\n"
        "print(*(hashlib.sha256(a.X.data.tobytes() + a.X.indices.tobytes()).hexdigest()"
        " for a in s[:3]))"
    )
    env = os.environ | {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    here = [
        hashlib.sha256(a.X.data.tobytes() + a.X.indices.tobytes()).hexdigest()
        for a in simulation[:3]
    ]
    assert done.stdout.split() == here


def test_another_seed_is_another_study(simulation):
    other = cx.datasets.simulate(seed=1)
    assert not other.truth.equals(simulation.truth)
    assert other.muscle.X.nnz != simulation.muscle.X.nnz


def test_built_in_pairs_share_no_gene_and_are_curated():
    genes = pair_genes(pair_table(None))
    assert len(genes) == len(set(genes))
    curated = cx.interactions.load("curated", organism="human", route=None)
    known = {
        *curated["ligand_complex"].str.split(r"[+|]", regex=True).explode(),
        *curated["receptor_complex"].str.split(r"[+|]", regex=True).explode(),
    }
    assert not set(genes) - known


def test_planted_genes_are_specific_to_their_group(simulation):
    tissues = dict(zip(GROUPS, simulation[:3], strict=True))
    tables = {name: means(adata) for name, adata in tissues.items()}
    planted = simulation.effects.query("kind == 'planted'")
    folds = []
    for row in planted.itertuples():
        table = tables[row.tissue]
        inside = table.index.str.endswith(f"|{row.cell_type}")
        folds.append(table.loc[inside, row.gene].mean() - table.loc[~inside, row.gene].mean())
    assert np.median(folds) == pytest.approx(2.0, abs=0.5)
    assert np.mean(np.array(folds) > 0.5) > 0.95


def test_changed_genes_change_with_the_condition(simulation):
    tissues = dict(zip(GROUPS, simulation[:3], strict=True))
    changes, planted = [], []
    for row in simulation.effects.query("kind == 'change'").itertuples():
        bulk = cx.pp.pseudobulk(tissues[row.tissue])
        bulk = bulk[bulk.obs["cell_type"] == row.cell_type].copy()
        values = cx.pp.lognormalise(bulk, method="library").to_df()[row.gene]
        treated = (bulk.obs["condition"] == "treated").to_numpy()
        changes.append(values[treated].mean() - values[~treated].mean())
        planted.append(row.log2)
    assert np.corrcoef(changes, planted)[0, 1] > 0.8


def test_truth_lists_what_was_asked_for():
    result = cx.datasets.simulate(n_cells=200, n_genes=400, n_specific=3, n_changed=4)
    assert list(result.truth["kind"]) == ["specificity"] * 3 + ["condition"] * 4
    assert list(result.truth["log2_change"]) == [0.0] * 3 + [1.0, 1.0, 1.0, -1.0]
    assert (result.truth["source_tissue"] != result.truth["target_tissue"]).all()
    for tissue, group in (("source_tissue", "source"), ("target_tissue", "target")):
        assert all(
            g in GROUPS[t] for t, g in zip(result.truth[tissue], result.truth[group], strict=True)
        )


def test_nothing_planted_leaves_only_markers_and_background():
    result = cx.datasets.simulate(n_cells=200, n_genes=400, n_specific=0, n_changed=0)
    assert result.truth.empty
    assert set(result.effects["kind"]) == {"marker", "background"}
    signals = set(pair_genes(pair_table(None)))
    assert not signals & set(result.effects["gene"])


def test_own_pairs_are_planted():
    own = pd.DataFrame(
        {
            "ligand_complex": ["L1", "L2+L3", "L1"],
            "receptor_complex": ["R1|R9", "R2", "R7"],
        }
    )
    result = cx.datasets.simulate(
        n_cells=200, n_genes=300, n_specific=1, n_changed=1, interactions=own
    )
    assert set(result.truth["ligand_complex"]) == {"L1", "L2+L3"}
    planted = set(result.effects.query("kind == 'planted'")["gene"])
    assert planted == {"L1", "R1", "L2", "L3", "R2"}
    with pytest.raises(InputError, match="only 2 pairs without a shared gene"):
        cx.datasets.simulate(n_specific=3, n_changed=0, interactions=own)


def test_every_option_acts():
    plain = cx.datasets.simulate(n_cells=200, n_genes=300)
    for option in (
        {"effect": 4.0}, {"change": 2.0}, {"donor_sd": 1.0}, {"batch_sd": 1.0},
        {"platform_sd": 0.0}, {"dropout": 0.5}, {"n_donors": 5},
    ):  # fmt: skip
        other = cx.datasets.simulate(n_cells=200, n_genes=300, **option)
        assert (other.bone.X != plain.bone.X).nnz > 0, option
    assert cx.datasets.simulate(n_cells=200, n_genes=300, dropout=0.5).bone.X.nnz < plain.bone.X.nnz


def test_the_donor_is_the_replicate(simulation):
    """Donors differ by more than their cells explain: variance of sums exceeds the mean."""
    quiet = cx.datasets.simulate(donor_sd=0.0, batch_sd=0.0)
    spread = []
    for result in (simulation, quiet):
        table = means(result.muscle)
        fibres = table[table.index.str.endswith("|myofiber")]
        high = fibres.mean() > fibres.mean().quantile(0.9)
        spread.append(float(fibres.loc[:, high].var().median()))
    assert spread[0] > 1.5 * spread[1]


@pytest.mark.parametrize("size", [{"n_cells": 10}, {"n_genes": 50}, {"n_donors": 1}])
def test_sizes_that_are_too_small_are_refused(size):
    with pytest.raises(InputError, match="too small to simulate three tissues"):
        cx.datasets.simulate(**size)


def test_same_seed_same_files_on_disk_and_no_warning(tmp_path, recwarn):
    sums = []
    for name in ("one", "two"):
        folder = simulate_to_zarr(tmp_path / name, n_cells=2500, n_genes=250, n_donors=2, seed=3)
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        sums.append(
            {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).digest() for p in files}
        )
    assert sums[0] == sums[1]
    assert len(sums[0]) > 20
    assert not [str(w.message) for w in recwarn if "shard" in str(w.message)]


def test_streamed_data_equal_those_in_memory(tmp_path):
    folder = simulate_to_zarr(tmp_path / "big", n_cells=5000, n_genes=250, n_donors=2, seed=3)
    expected = cx.datasets.simulate(n_cells=5000, n_genes=250, n_donors=2, seed=3)
    for name, adata in zip(GROUPS, expected[:3], strict=True):
        streamed = ad.read_zarr(folder / f"{name}.zarr")
        assert (streamed.X != adata.X).nnz == 0
        pd.testing.assert_frame_equal(streamed.obs, adata.obs)
        assert list(streamed.var_names) == list(adata.var_names)
        assert streamed.uns["crosstalk"]["tissue"] == name
    truth = pd.read_csv(folder / "truth.tsv", sep="\t")
    assert list(truth["ligand_complex"]) == list(expected.truth["ligand_complex"])
