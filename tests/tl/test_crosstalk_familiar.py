import gzip

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.io
import scipy.sparse as sp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl.crosstalk.familiar import robust_rank

KEY = ["source", "target", "ligand_complex", "receptor_complex"]
SCORES = {
    "cellphonedb": ["lr_means"],
    "geometric_mean": ["lr_gmeans"],
    "natmi": ["expr_prod", "spec_weight"],
    "connectome": ["scaled_weight"],
    "singlecellsignalr": ["lrscore"],
    "logfc": ["lr_logfc"],
    "cellchat": ["lr_probs"],
}
UNS = {"crosstalk": {"organism": "human", "modality": "single_cell", "value_state": "lognorm"}}


def pairs(path):
    table = pd.read_csv(path)
    for column in ("ligand", "receptor"):
        table[column] = table[column].str.replace("_", "+")
    return table.drop_duplicates()


def expected(folder, method):
    table = pd.read_csv(folder / f"expected_liana_{method}.csv.gz")
    for column in KEY[2:]:
        table[column] = table[column].map(
            lambda text: cx.interactions.complexes.from_underscore(text)
        )
    return table


@pytest.fixture(scope="module")
def blood(oracles):
    folder = oracles / "pbmc700"
    x = pd.read_csv(folder / "lognorm_cells_x_genes.csv.gz", index_col=0)
    obs = pd.read_csv(folder / "obs.csv", index_col=0).loc[x.index]
    adata = ad.AnnData(sp.csr_matrix(x.to_numpy()), obs=obs, var=pd.DataFrame(index=x.columns))
    adata.uns = UNS
    return folder, adata, pairs(folder / "liana_consensus_resource.csv")


@pytest.fixture(scope="module")
def two_tissues(oracles):
    folder = oracles / "two_tissue"
    with gzip.open(folder / "lognorm_genes_x_cells.mtx.gz") as handle:
        x = scipy.io.mmread(handle).tocsr().T.tocsr()
    genes = pd.read_csv(folder / "genes.csv")["gene"]
    obs = pd.read_csv(folder / "obs.csv", index_col=0)
    adata = ad.AnnData(x, obs=obs, var=pd.DataFrame(index=genes.to_numpy()), uns=UNS)
    parts = [adata[adata.obs["tissue"] == name].copy() for name in ("muscle", "bone")]
    return folder, *parts, pairs(folder / "liana_cellphonedb_resource.csv")


@pytest.fixture(scope="module")
def scored_blood(blood):
    folder, adata, table = blood
    return folder, cx.tl.familiar_scores(adata, adata, interactions=table, n_perms=200)


@pytest.fixture(scope="module")
def scored_tissues(two_tissues):
    folder, muscle, bone, table = two_tissues
    both = [
        cx.tl.familiar_scores(a, b, interactions=table, n_perms=200)
        for a, b in ((muscle, bone), (bone, muscle))
    ]
    return folder, pd.concat(both)


@pytest.mark.parametrize("method", SCORES)
@pytest.mark.parametrize("data", ["scored_blood", "scored_tissues"])
def test_scores_equal_those_of_liana(request, data, method):
    folder, found = request.getfixturevalue(data)
    if not (folder / f"expected_liana_{method}.csv.gz").exists():
        pytest.skip(f"no oracle for {method} in {folder.name}")
    merged = expected(folder, method).merge(found, on=KEY, suffixes=("_expected", ""))
    assert len(merged) == len(found)
    for column in SCORES[method]:
        np.testing.assert_allclose(merged[column], merged[f"{column}_expected"], atol=1e-5)


@pytest.mark.parametrize("data", ["scored_blood", "scored_tissues"])
def test_shuffled_p_agrees_within_monte_carlo_error(request, data):
    folder, found = request.getfixturevalue(data)
    merged = expected(folder, "cellphonedb").merge(found, on=KEY, suffixes=("_expected", ""))
    p = merged["cellphone_pvals_expected"]
    error = 4.5 * np.sqrt(p * (1 - p) * (1 / 1000 + 1 / 200)) + 0.02
    within = np.abs(merged["cellphone_pvals"] - p) < error
    assert within.mean() > 0.99


def test_rank_aggregation_equals_that_of_liana(oracles):
    table = pd.read_csv(oracles / "pbmc700" / "expected_liana_rank_aggregate_rra.csv.gz")
    specificity = [-table["cellphone_pvals"], table["scaled_weight"], table["lr_logfc"]]
    found = robust_rank([*specificity, table["spec_weight"]])
    np.testing.assert_allclose(found, table["specificity_rank"], atol=1e-5)


def test_liana_ranks_lrscore_upside_down_and_this_does_not(oracles, scored_blood):
    """LIANA 1.10 counts a low LRscore as strong; the same numbers come out if we do too."""
    table = pd.read_csv(oracles / "pbmc700" / "expected_liana_rank_aggregate_rra.csv.gz")
    upside_down = robust_rank([table["lr_means"], table["expr_prod"], -table["lrscore"]])
    np.testing.assert_allclose(upside_down, table["magnitude_rank"], atol=1e-5)
    _, found = scored_blood
    strongest = found["lr_means"].idxmax()
    assert found.loc[strongest, "magnitude_rank"] < 1e-3


def test_scores_do_not_depend_on_the_order_of_cells(two_tissues, rng):
    _, muscle, bone, table = two_tissues
    shuffled = muscle[rng.permutation(muscle.n_obs)].copy()
    first, second = (cx.tl.familiar_scores(a, bone, interactions=table) for a in (muscle, shuffled))
    pd.testing.assert_frame_equal(first, second)


def test_tissues_without_a_common_gene_are_refused(two_tissues):
    _, muscle, bone, table = two_tissues
    other = bone.copy()
    other.var_names = [f"X{i}" for i in range(bone.n_vars)]
    with pytest.raises(InputError, match="share none"):
        cx.tl.familiar_scores(muscle, other, interactions=table)
