import anndata as ad
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from pandas.testing import assert_frame_equal
from scipy.stats import ttest_1samp

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl.crosstalk.direction import effects_on
from crosstalk_omics.tl.crosstalk.side import Options, profiled
from crosstalk_omics.tl.crosstalk.specificity import analytic_test, donor_test, permutation_test

GENES = [f"GENE{i}" for i in range(60)]
PAIRS = pd.DataFrame(
    {
        "ligand_complex": ["GENE0", "GENE1", "GENE2+GENE3", "GENE4|GENE5", "GENE6"],
        "receptor_complex": ["GENE10", "GENE11", "GENE12", "GENE13|ABSENT1", "GENE14+ABSENT2"],
    }
)


COLUMNS = (
    "source target factor ligand_complex receptor_complex role magnitude_ligand "
    "magnitude_receptor magnitude_gmean expr_prop_ligand expr_prop_receptor gate_ligand "
    "gate_receptor kind_ligand kind_receptor unit_ligand unit_receptor n_donors_source "
    "n_donors_target p_ligand p_receptor specificity_pvalue specificity_fdr ligand_fdr "
    "assessable evidence_level effects route references modulators multi_step"
)


def tissue(name, seed, *, raised=(), n_donors=4, modality="single_cell", donors=True):
    """Cells of three groups and `n_donors` donors; `raised` genes are high in group a."""
    rng = np.random.default_rng(seed)
    n = 20 * 3 * n_donors
    mean = rng.gamma(1.0, 1.0, size=len(GENES)) + 0.3
    obs = pd.DataFrame(
        {
            "cell_type": np.tile(np.repeat(["a", "b", "c"], 20), n_donors),
            "donor": np.repeat([f"{name}{d}" for d in range(n_donors)], 60),
        },
        index=[f"{name}_{i}" for i in range(n)],
    )
    mean = (
        np.tile(mean, (n, 1))
        * np.exp(rng.normal(0, 0.2, size=(n_donors, 60)))[np.repeat(range(n_donors), 60)]
    )
    for gene in raised:
        mean[obs["cell_type"] == "a", GENES.index(gene)] *= 6
    x = sp.csr_matrix(rng.poisson(mean).astype(np.float32))
    if not donors:
        obs = obs.drop(columns="donor")
    uns = {
        "organism": "human",
        "tissue": name,
        "modality": modality,
        "value_state": "counts",
        "replicates": "donor",
    }
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=GENES), uns={"crosstalk": uns})


@pytest.fixture
def muscle():
    return tissue("muscle", 1, raised=["GENE0", "GENE2", "GENE3"])


@pytest.fixture
def bone():
    return tissue("bone", 2, raised=["GENE10", "GENE12", "GENE13"])


def run(muscle, bone, **options):
    return cx.tl.crosstalk(
        muscle, bone, groupby="cell_type", **{"interactions": PAIRS, "route": None} | options
    )


def row(table, ligand, source="a", target="a"):
    keep = (table["ligand_complex"] == ligand) & (table["source"] == source)
    return table[keep & (table["target"] == target)].iloc[0]


def test_the_planted_pair_comes_first_and_both_sides_hold(muscle, bone):
    table = run(muscle, bone)
    assert list(table.loc[:1, "source"]) == ["a", "a"]
    assert set(table.loc[:1, "ligand_complex"]) == {"GENE0", "GENE2+GENE3"}
    assert (table.loc[:1, "specificity_fdr"] < 0.05).all()
    assert table["unit_ligand"].eq("donor").all()
    assert table["n_donors_source"].eq(4).all()
    one_side = row(table, "GENE4|GENE5")
    assert one_side["p_receptor"] < 0.01 < one_side["specificity_pvalue"]


def test_specificity_pvalue_is_the_larger_side(muscle, bone):
    table = run(muscle, bone)
    expected = np.maximum(table["p_ligand"], table["p_receptor"])
    np.testing.assert_array_equal(table["specificity_pvalue"], expected)


def test_the_caller_keeps_its_data(muscle, bone):
    before = muscle.copy()
    run(muscle, bone)
    assert (muscle.X != before.X).nnz == 0
    assert_frame_equal(muscle.obs, before.obs)
    assert muscle.X.dtype == before.X.dtype


@pytest.mark.parametrize("null", ["donor", "analytic", "permutation"])
def test_no_order_and_no_block_changes_the_result(muscle, bone, null):
    table = run(muscle, bone, null=null, n_perms=50)
    rng = np.random.default_rng(0)
    shuffled = muscle[:, rng.permutation(muscle.n_vars)].copy()
    assert_frame_equal(run(shuffled, bone, null=null, n_perms=50), table)
    assert_frame_equal(run(muscle, bone, null=null, n_perms=50, block_size=7), table)
    dense = muscle.copy()
    dense.X = dense.X.toarray()
    assert_frame_equal(run(dense, bone, null=null, n_perms=50), table)


def test_magnitude_is_the_donor_mean_of_percentile_ranks(muscle, bone):
    table = run(muscle, bone)
    lognorm = cx.pp.lognormalise(muscle)
    ranks = []
    for donor in sorted(set(muscle.obs["donor"])):
        cells = (muscle.obs["donor"] == donor) & (muscle.obs["cell_type"] == "b")
        mean = pd.Series(np.asarray(lognorm[cells].X.mean(axis=0)).ravel(), index=GENES)
        ranks.append((mean.rank()["GENE1"] - 0.5) / 60)
    found = row(table, "GENE1", source="b")
    assert found["magnitude_ligand"] == pytest.approx(np.mean(ranks), abs=1e-9)
    assert found["magnitude_ligand_low"] == pytest.approx(min(ranks), abs=1e-9)
    assert found["magnitude_ligand_high"] == pytest.approx(max(ranks), abs=1e-9)
    counts = muscle[muscle.obs["cell_type"] == "b", "GENE1"].X.toarray()
    assert found["expr_prop_ligand"] == pytest.approx((counts > 0).mean())


def test_an_unmeasured_subunit_is_not_assessable_and_another_alternative_counts(muscle, bone):
    table = run(muscle, bone)
    lost, kept = row(table, "GENE6"), row(table, "GENE4|GENE5")
    assert not lost["assessable"]
    assert lost["reason"] == "receptor not measured in bone"
    assert np.isnan(lost["magnitude_receptor"])
    assert np.isnan(lost["specificity_pvalue"])
    assert kept["assessable"]
    assert kept["p_ligand"] >= row(table, "GENE1")["p_ligand"] * 0


def test_a_complex_takes_its_weakest_subunit_and_largest_p(muscle, bone):
    single = PAIRS.assign(ligand_complex=["GENE2", "GENE3", "GENE2+GENE3", "GENE0", "GENE1"])
    table = run(muscle, bone, interactions=single.assign(receptor_complex="GENE10"))
    both, parts = row(table, "GENE2+GENE3"), [row(table, "GENE2"), row(table, "GENE3")]
    assert both["magnitude_ligand"] == min(p["magnitude_ligand"] for p in parts)
    assert both["p_ligand"] == max(p["p_ligand"] for p in parts)


def test_donor_test_without_squeezing_is_a_paired_t(muscle):
    profiles = profiled(muscle, "cell_type", GENES, Options())
    p = donor_test(profiles)
    mean = profiles.mean.reshape(3, 4, 60)
    plain = ttest_1samp(mean[0] - mean[1:].mean(axis=0), 0, alternative="greater").pvalue
    assert np.corrcoef(np.log(p[0]), np.log(plain))[0, 1] > 0.9


def test_analytic_and_permutation_null_agree(muscle):
    muscle.obs["batch"] = np.tile(["x", "y"], len(muscle) // 2)
    profiles = profiled(muscle, "cell_type", GENES, Options())
    analytic = analytic_test(profiles)
    empirical = permutation_test(profiles, muscle, layer=None, n_perms=5000, seed=0, size=100)
    error = 4 * np.sqrt(analytic * (1 - analytic) / 5000) + 1e-3
    assert (np.abs(analytic - empirical) < error).all()


def test_empirical_p_is_never_zero(muscle, bone):
    table = run(muscle, bone, null="permutation", n_perms=99)
    assert table["p_ligand"].min() == 0.01


def test_without_donors_cells_are_replicates_and_the_notes_say_so(bone):
    muscle = tissue("muscle", 1, raised=["GENE0"], donors=False)
    table = run(muscle, bone)
    assert table["unit_ligand"].eq("cell").all()
    assert table["unit_receptor"].eq("donor").all()
    assert any("cells as replicates, descriptive" in note for note in table.attrs["notes"])


def test_means_give_ranks_and_no_p(muscle, bone):
    means = ad.AnnData(
        np.array([muscle[muscle.obs["cell_type"] == g].X.mean(axis=0).A1 for g in "abc"]),
        obs=pd.DataFrame({"cell_type": list("abc")}, index=list("abc")),
        var=muscle.var,
        uns={
            "crosstalk": muscle.uns["crosstalk"]
            | {"modality": "celltype_means", "value_state": "means"}
        },
    )
    table = run(means, bone)
    assert table["p_ligand"].isna().all()
    assert table["presence_pvalue_ligand"].isna().all()
    assert table["specificity_fdr"].isna().all()
    assert table["magnitude_gmean"].notna().any()
    assert table.iloc[0]["magnitude_gmean"] == table["magnitude_gmean"].max()


def bulk(name, seed, *, missing=False):
    rng = np.random.default_rng(seed)
    x = rng.poisson(np.geomspace(2, 5000, len(GENES)), size=(6, len(GENES))).astype(float)
    uns = {"organism": "human", "tissue": name, "modality": "bulk_rna", "value_state": "counts"}
    if missing:
        x = np.log2(x + 1)
        x[:, 0] = np.nan
        x[:3, 1] = np.nan
        uns |= {"modality": "proteome", "value_state": "log_intensity"}
    obs = pd.DataFrame(
        {"donor": [f"{name}{i}" for i in range(6)]}, index=[f"s{i}" for i in range(6)]
    )
    return ad.AnnData(x, obs=obs, var=pd.DataFrame(index=GENES), uns={"crosstalk": uns})


def test_one_group_is_tested_for_presence_against_other_expressed_genes(bone):
    muscle = bulk("muscle", 0)
    table = cx.tl.crosstalk(
        muscle, bone, groupby=(None, "cell_type"), interactions=PAIRS, route=None
    )
    assert table["kind_ligand"].eq("presence").all()
    assert table["unit_ligand"].eq("gene").all()
    found = row(table, "GENE1", source="muscle")
    named = {g for c in PAIRS.to_numpy().ravel() for g in cx.interactions.complexes.genes([c])}
    cpm = muscle.X / muscle.X.sum(axis=1, keepdims=True)
    ranks = pd.DataFrame(cpm, columns=GENES).rank(axis=1).mean()
    others = ranks[[g for g in GENES if g not in named]]
    passed = others[[(muscle[:, g].X >= 10).mean() >= 0.5 for g in others.index]]
    expected = (1 + (passed >= ranks["GENE1"]).sum()) / (1 + len(passed))
    assert found["p_ligand"] in (1.0, pytest.approx(expected, abs=0.02))


def test_a_protein_that_was_not_measured_is_not_assessable(bone):
    table = cx.tl.crosstalk(
        bulk("muscle", 0, missing=True),
        bone,
        groupby=(None, "cell_type"),
        interactions=PAIRS,
        route=None,
    )
    absent, half = row(table, "GENE0", source="muscle"), row(table, "GENE1", source="muscle")
    assert not absent["assessable"]
    assert absent["reason"] == "ligand not measured in muscle"
    assert half["assessable"]
    assert half["expr_prop_ligand"] == 0.5


def test_the_same_object_twice_is_one_tissue(muscle):
    for other in (muscle, muscle.copy()):
        table = run(muscle, other)
        assert any("same cells" in note for note in table.attrs["notes"])
    assert len(pd.concat([table, table])) == 2 * len(table)


def test_all_pairs_of_tissues_in_both_directions(muscle, bone):
    table = cx.tl.crosstalk_pairs(
        {"muscle": muscle, "bone": bone}, groupby="cell_type", interactions=PAIRS, route=None
    )
    assert set(zip(table["source_tissue"], table["target_tissue"], strict=True)) == {
        ("muscle", "bone"),
        ("bone", "muscle"),
    }
    one = table[table["source_tissue"] == "muscle"].drop(columns=["source_tissue", "target_tissue"])
    assert_frame_equal(one.reset_index(drop=True), run(muscle, bone))


def test_route_keeps_what_could_cross_tissues(muscle, bone):
    routes = PAIRS.assign(route=["endocrine", "juxtacrine", "endocrine", "unknown", "endocrine"])
    table = run(muscle, bone, interactions=routes, route="endocrine")
    assert set(table["ligand_complex"]) == {"GENE0", "GENE2+GENE3", "GENE6"}


@pytest.mark.parametrize("fdr", ["adafilter", "adaptive", "mixture", "bh"])
def test_fdr_is_monotone_in_p_within_a_family(muscle, bone, fdr):
    table = run(muscle, bone, fdr=fdr).dropna(subset=["specificity_pvalue"])
    table = table.sort_values("specificity_pvalue")
    assert (np.diff(table["specificity_fdr"]) >= -1e-12).all()


def test_decoys_have_no_joint_p_and_come_last(muscle, bone):
    roles = PAIRS.assign(role=["agonist", "decoy", "agonist", "carrier", "agonist"])
    table = run(muscle, bone, interactions=roles)
    last = table[table["family"] == "modulator"]
    assert set(last["role"]) == {"decoy", "carrier"}
    assert last["specificity_pvalue"].isna().all()
    assert last.index.min() > table[table["family"] != "modulator"].index.max()


def test_columns_stand_as_documented(muscle, bone):
    table = run(muscle, bone)
    for column in COLUMNS.split():
        assert column in table
    assert not table.columns.str.contains("/").any()


def spoil(muscle, how):
    """Return `muscle` with one thing wrong."""
    if how == "negative":
        muscle.X.data[0] = -1
    elif how == "missing":
        muscle.X.data[0] = np.nan
    elif how == "repeats":
        muscle.var_names = ["GENE0", *GENES[:-1]]
    elif how == "foreign":
        muscle.var_names = [f"ENSG{i:011d}" for i in range(60)]
    elif how == "scaled":
        muscle.uns["crosstalk"]["value_state"] = "scaled"
    elif how == "few":
        return muscle[:5].copy()
    return muscle


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("negative", "negative"),
        ("missing", "NaN"),
        ("repeats", "Gene names repeat"),
        ("foreign", "None of the 5 ligands"),
        ("scaled", "scaled"),
        ("few", "min_cells=10"),
    ],
)
def test_bad_data_get_a_clear_error(muscle, bone, how, message):
    with pytest.raises(InputError, match=message):
        run(spoil(muscle, how), bone)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"null": "donors"}, "Did you mean 'donor'"),
        ({"evidence": "specific"}, "Did you mean 'specificity'"),
        ({"fdr": "BH"}, "fdr"),
        ({"route": "blood"}, "route"),
        ({"groupby": "celltype"}, "Did you mean 'cell_type'"),
        ({"donor": "subject"}, "no column 'subject'"),
        ({"layer": "count"}, "no layer 'count'"),
        ({"groupby": None, "evidence": "specificity"}, "one group"),
    ],
)
def test_bad_arguments_get_a_clear_error(muscle, bone, options, message):
    arguments = {"groupby": "cell_type", "interactions": PAIRS, "route": None} | options
    with pytest.raises(InputError, match=message):
        cx.tl.crosstalk(muscle, bone, **arguments)


def test_cells_stored_by_genes_are_read_in_memory_and_refused_on_disk(muscle, bone, tmp_path):
    by_genes = muscle.copy()
    by_genes.X = sp.csc_matrix(muscle.X)
    assert_frame_equal(run(by_genes, bone), run(muscle, bone))
    by_genes.write_h5ad(tmp_path / "muscle.h5ad")
    with pytest.raises(InputError, match="stored by genes"):
        run(ad.read_h5ad(tmp_path / "muscle.h5ad", backed="r"), bone)


def test_donor_null_without_donors_is_refused(bone):
    with pytest.raises(InputError, match="needs 3 donors"):
        run(tissue("muscle", 1, n_donors=2), bone, null="donor")


def test_a_small_group_and_a_donor_of_one_group_are_reported(muscle, bone):
    obs = muscle.obs
    rare = (obs["cell_type"] == "c") & (np.arange(len(obs)) % 60 > 41)
    lonely = (obs["donor"] == "muscle0") & (obs["cell_type"] != "a")
    table = run(muscle[~rare & ~lonely].copy(), bone)
    assert "c" not in set(table["source"])
    assert any("fewer than 10 observations" in note for note in table.attrs["notes"])
    assert set(table["n_donors_source"]) == {3}


def test_a_gene_without_counts_has_rank_zero_and_fails_the_gate(muscle, bone):
    x = muscle.X.tolil()
    x[:, 0] = 0
    muscle.X = x.tocsr()
    found = row(run(muscle, bone), "GENE0")
    assert found["magnitude_ligand"] == 0
    assert not found["gate_ligand"]
    assert found["p_ligand"] == 1


def hormonal(name):
    """Cells with the genes that cortisol and thyroid hormone need, named as `name`."""
    genes = ["STAR", "CYP11A1", "HSD3B2", "CYP17A1", "CYP21A2", "CYP11B1", "NR3C1", "DIO2"]
    genes += ["HSD11B1", "THRA", "SLC5A5", "TG", "TPO", "TNFSF11", "TNFRSF11A", "TNFRSF11B"]
    adata = tissue(name, 3)
    adata.var_names = genes + GENES[: 60 - len(genes)]
    return adata


def test_a_hormone_that_the_source_does_not_make_is_shown_as_its_route():
    table = run(hormonal("hypothalamus"), hormonal("bone"), interactions=None)
    cortisol = table[table["factor"] == "cortisol"].iloc[0]
    assert cortisol["multi_step"].startswith("hypothalamus -CRH-> pituitary -ACTH-> ")
    assert "activation HSD11B1 (" in cortisol["modulators"]
    rankl = table[table["receptor_complex"] == "TNFRSF11A"].iloc[0]
    assert rankl["multi_step"] == ""
    assert "decoy TNFRSF11B (" in rankl["modulators"]


def test_each_side_is_mapped_to_its_own_organism():
    mouse = hormonal("bone")
    mouse.uns["crosstalk"]["organism"] = "mouse"
    mouse.var_names = ["Tnfsf11", "Tnfrsf11a", *mouse.var_names[2:]]
    table = run(hormonal("skeletal muscle"), mouse, interactions=None)
    rankl = table[table["factor"].str.contains("RANKL")].iloc[0]
    assert (rankl["ligand_complex"], rankl["receptor_complex"]) == ("TNFSF11", "Tnfrsf11a")
    assert rankl["assessable"]


@pytest.mark.parametrize("null", ["donor", "analytic", "permutation"])
def test_cells_on_disk_give_the_same_result(muscle, bone, tmp_path, null):
    for name, adata in (("muscle", muscle), ("bone", bone)):
        adata.write_h5ad(tmp_path / f"{name}.h5ad")
    backed = [ad.read_h5ad(tmp_path / f"{n}.h5ad", backed="r") for n in ("muscle", "bone")]
    expected = run(muscle, bone, null=null, n_perms=20)
    assert_frame_equal(run(*backed, null=null, n_perms=20), expected)


def test_all_zero_ligands_are_reported_and_never_called(muscle, bone):
    ligands = [GENES.index(g) for g in ("GENE0", "GENE1", "GENE2", "GENE3", "GENE4", "GENE5")]
    x = muscle.X.tolil()
    x[:, ligands] = 0
    muscle.X = x.tocsr()
    table = run(muscle, bone)
    dead = table[table["ligand_complex"] != "GENE6"]
    assert not dead["gate_ligand"].any()
    assert not (dead["specificity_fdr"] < 1).any()
    assert (dead.dropna(subset=["magnitude_gmean"])["magnitude_gmean"] == 0).all()
    muscle.X = muscle.X * 0
    notes = run(muscle, bone).attrs["notes"]
    assert any("None of the 7 genes asked for passes the gate" in note for note in notes)


def test_tissues_that_share_no_gene_and_what_was_not_measured_are_named(muscle, bone):
    apart = run(muscle[:, :10].copy(), bone[:, 10:].copy()).attrs["notes"]
    assert any("share no gene" in note for note in apart)
    notes = run(muscle, bone).attrs["notes"]
    assert any("2 of 7 receptor genes were not measured (ABSENT1, ABSENT2)" in n for n in notes)
    assert not any("share no gene" in note for note in notes)


def test_notes_are_sentences_about_groups_and_donors(muscle, bone):
    alone = ~((bone.obs["donor"] == "bone0") & (bone.obs["cell_type"] != "a"))
    notes = run(muscle[muscle.obs["cell_type"] == "a"].copy(), bone[alone].copy()).attrs["notes"]
    assert any("presence in one group with 4 donors" in note for note in notes)
    assert any("Left out, with a single group: one donor." in note for note in notes)


def test_effects_are_those_that_the_target_can_show():
    effects = pd.Series(["bone_mass:-; appetite:-; muscle_mass:+", "own words", ""])
    assert list(effects_on(effects, "bone")) == ["bone_mass:-", "own words", ""]
    assert list(effects_on(effects, "muscle")) == ["muscle_mass:+", "own words", ""]
    assert list(effects_on(effects, "other")) == list(effects)


def test_lianas_dotplot_draws_the_candidates(muscle, bone):
    plot = pytest.importorskip("liana").pl.dotplot
    figure = plot(
        liana_res=run(muscle, bone), colour="magnitude_gmean", size="specificity_pvalue",
        inverse_size=True, top_n=5, orderby="specificity_pvalue", orderby_ascending=True,
        source_labels=["a"],
    )  # fmt: skip
    assert "GENE0 -> GENE10" in set(figure.data["interaction"])


def test_lianas_tileplot_draws_the_candidates_with_the_side_in_front(muscle, bone):
    plot = pytest.importorskip("liana").pl.tileplot
    sides = {
        f"{what}_{side}": f"{side}_{what}"
        for what in ("magnitude", "expr_prop")
        for side in ("ligand", "receptor")
    }
    figure = plot(
        liana_res=run(muscle, bone).rename(columns=sides), fill="magnitude", label="expr_prop",
        label_fun="{:.2f}".format, top_n=3, orderby="specificity_pvalue",
        orderby_ascending=True, return_fig=True,
    )  # fmt: skip
    assert set(figure.data["type"]) == {"Source", "Target"}
    assert figure.data["magnitude"].between(0, 1).all()


def test_lianas_circle_plot_draws_both_directions(muscle, bone):
    plot = pytest.importorskip("liana").pl.circle_plot
    for adata, name in ((muscle, "m"), (bone, "b")):
        adata.obs["cell_type"] = name + adata.obs["cell_type"]
    both = ad.concat([muscle, bone])
    both.uns["liana_res"] = cx.tl.crosstalk_pairs(
        {"muscle": muscle, "bone": bone}, groupby="cell_type", interactions=PAIRS
    )
    axes = plot(both, groupby="cell_type", pivot_mode="mean", score_key="magnitude_gmean")
    assert {text.get_text() for text in axes.texts} == set(both.obs["cell_type"])
