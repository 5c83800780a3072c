"""Contrasts: designs that are refused, gene tests, both sides joined, directions."""

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import crosstalk_omics as cx
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.kernels.multiple import bh
from crosstalk_omics.tl import contrast_null
from crosstalk_omics.tl.bulk import contrast_genes
from crosstalk_omics.tl.crosstalk.contrast import crosstalk_contrast
from crosstalk_omics.tl.crosstalk.direction import kind_of_tissue, predicted_effect
from crosstalk_omics.tl.samples import limiting_genes

N_GENES = 400


def samples(rng, donors, conditions, *, up=(), down=(), tissue="skeletal muscle", fold=3.0):
    """Negative binomial counts; genes `up` and `down` change in every condition but the first."""
    names = [f"G{i}" for i in range(N_GENES)]
    level = rng.lognormal(4.5, 1.0, N_GENES)
    own = np.exp(rng.normal(0, 0.3, (len(set(donors)), N_GENES)))
    which = pd.factorize(np.asarray(donors))[0]
    mean = level * own[which]
    changed = np.asarray(conditions) != conditions[0]
    for gene in up:
        mean[changed, names.index(gene)] *= fold
    for gene in down:
        mean[changed, names.index(gene)] /= fold
    counts = rng.poisson(rng.gamma(20, mean / 20)).astype(float)
    obs = pd.DataFrame(
        {"donor": list(map(str, donors)), "condition": pd.Categorical(conditions)},
        index=[f"s{i}" for i in range(len(donors))],
    )
    adata = ad.AnnData(counts, obs=obs, var=pd.DataFrame(index=names))
    adata.uns["crosstalk"] = {
        "organism": "human",
        "modality": "bulk_rna",
        "value_state": "counts",
        "tissue": tissue,
        "replicates": "donor",
    }
    return adata


def before_after(rng, n=6, **planted):
    return samples(rng, [*range(n), *range(n)], ["pre"] * n + ["post"] * n, **planted)


def two_groups(rng, n=6, **planted):
    return samples(rng, range(2 * n), ["old"] * n + ["young"] * n, **planted)


def interactions(*rows):
    table = pd.DataFrame(rows, columns=["ligand_complex", "receptor_complex", "role", "effects"])
    return table.assign(factor=table["ligand_complex"], evidence_level="in_vivo", route="endocrine")


PAIRS = interactions(
    ("G0", "G1", "agonist", "bone_formation:+"),
    ("G2", "G3", "agonist", "bone_formation:+"),
    ("G4", "G5", "antagonist", "bone_formation:-"),
    ("G0+G6", "G1", "agonist", ""),
    *((f"G{i}", f"G{i + 100}", "agonist", "bone_resorption:+") for i in range(10, 60)),
)


def row(table, ligand, **more):
    found = table[table["ligand_complex"] == ligand]
    for column, value in more.items():
        found = found[found[column] == value]
    assert len(found) == 1
    return found.iloc[0]


# genes


def test_planted_changes_within_donors_are_found_and_signed(rng):
    table = contrast_genes(
        before_after(rng, up=["G0"], down=["G4"]), condition="condition", reference="pre"
    ).set_index("gene")
    assert set(table.index[table["padj"] < 0.01]) == {"G0", "G4"}
    assert table.loc["G0", "logfc"] == pytest.approx(np.log2(3), abs=0.4)
    assert table.loc["G4", "logfc"] == pytest.approx(-np.log2(3), abs=0.4)
    assert (table["n_donors"] == 6).all()
    np.testing.assert_allclose(table["padj"], bh(table["pvalue"]))


def test_genes_that_vary_more_are_called_too_often_unless_squeezed_apart(rng):
    """Shuffled conditions; a class of genes with twice the deviation of the others."""
    x = rng.normal(8, 0.3, (12, 1000))
    x[:, :100] = 8 + (x[:, :100] - 8) * 2
    adata = two_groups(rng)
    own = ad.AnnData(x, obs=adata.obs, uns=adata.uns)
    own.var_names = [f"G{i}" for i in range(1000)]
    own.uns["crosstalk"]["value_state"] = "log_intensity"
    loud = list(own.var_names[:100])
    options = {"condition": "condition", "reference": "old", "genes": loud}
    together = contrast_null(own, **options)["genes_p05"].mean()
    apart = contrast_null(own, **options, among=loud)["genes_p05"].mean()
    assert together > 0.09
    assert 0.03 < apart < 0.07
    few = contrast_genes(own, condition="condition", reference="old", among=loud[:20])
    assert_frame_equal(few, contrast_genes(own, condition="condition", reference="old"))


def test_pairs_are_used_where_donors_have_both_conditions(rng):
    adata = before_after(rng, up=["G0"])
    auto = contrast_genes(adata, condition="condition", reference="pre")
    within = contrast_genes(adata, condition="condition", reference="pre", paired=True)
    between = contrast_genes(adata, condition="condition", reference="pre", paired=False)
    assert_frame_equal(auto, within)
    assert within["se"].median() < between["se"].median()


def test_a_third_group_of_other_donors_gets_its_own_contrast_between_donors(rng):
    adata = samples(
        rng, [*range(5), *range(5), *range(10, 16)], ["pre"] * 5 + ["post"] * 5 + ["control"] * 6
    )
    table = contrast_genes(adata, condition="condition", reference="pre")
    assert set(table["contrast"]) == {"post vs pre", "control vs pre"}
    counts = table.groupby("contrast")["n_donors"].first()
    assert counts.to_dict() == {"post vs pre": 5, "control vs pre": 6}


@pytest.mark.slow
def test_data_without_a_change_give_five_percent(rng):
    rates = []
    for k in range(6):
        adata = before_after(rng, n=7) if k % 2 else two_groups(rng, n=7)
        reference = str(adata.obs["condition"].iloc[0])
        p = contrast_genes(adata, condition="condition", reference=reference)["pvalue"]
        rates.append((p < 0.05).mean())
    assert 0.035 < np.mean(rates) < 0.065


@pytest.mark.parametrize("make", [before_after, two_groups])
def test_shuffled_conditions_give_five_percent_whatever_was_planted(rng, make):
    adata = make(rng, n=7, up=["G0", "G1"])
    reference = str(adata.obs["condition"].iloc[0])
    before = adata.obs.copy()
    null = contrast_null(adata, condition="condition", reference=reference, n_shuffles=15)
    assert len(null) == 15
    assert 0.03 < null["p05"].mean() < 0.07
    assert null["padj10"].max() <= 5
    assert_frame_equal(adata.obs, before)


def test_shuffles_stay_within_the_columns_named(rng):
    adata = two_groups(rng, n=6, up=["G0"], fold=8)
    adata.obs["sex"] = ["f", "m"] * 6
    options = {"condition": "condition", "reference": "old", "covariates": ["sex"]}
    null = contrast_null(adata, within=["sex"], n_shuffles=8, genes=["G0"], **options)
    assert null["p05"].mean() < 0.1
    assert null["genes_p05"].isin([0.0, 1.0]).all()
    with pytest.raises(InputError, match="confounded"):
        contrast_null(adata, **options | {"covariates": ["donor"]}, paired=False)


def test_pydeseq2_finds_the_same_genes(rng):
    pytest.importorskip("pydeseq2")
    adata = before_after(rng, n=4, up=["G0"], down=["G4"])[:, :150].copy()
    table = contrast_genes(adata, condition="condition", reference="pre", model="pydeseq2")
    table = table.set_index("gene")
    assert set(table.index[table["padj"] < 0.01]) == {"G0", "G4"}
    assert table.loc["G4", "logfc"] < -1


def test_a_proteome_is_tested_where_it_was_measured(rng):
    adata = two_groups(rng, n=4, up=["G0"])
    values = np.log2(adata.X + 1)
    values[:2, 0] = np.nan
    values[:4, 1] = np.nan
    proteome = ad.AnnData(values, obs=adata.obs, var=adata.var)
    proteome.uns["crosstalk"] = {
        **adata.uns["crosstalk"],
        "value_state": "log_intensity",
        "modality": "proteome",
    }
    table = contrast_genes(proteome, condition="condition", reference="old").set_index("gene")
    assert table.loc["G0", "n_donors_reference"] == 2
    assert np.isnan(table.loc["G0", "pvalue"])
    assert table.loc["G0", "logfc"] > 1
    assert np.isnan(table.loc["G1", "logfc"])
    assert table.loc["G2", "pvalue"] > 0


def test_cells_are_summed_to_donors_first(rng):
    bulk = two_groups(rng, n=4, up=["G0"], fold=8)
    cells = ad.AnnData(
        np.repeat(bulk.X, 12, axis=0) // 12 + rng.poisson(1.0, (len(bulk) * 12, N_GENES)),
        obs=bulk.obs.loc[bulk.obs_names.repeat(12)].set_axis(
            [f"c{i}" for i in range(len(bulk) * 12)]
        ),
        var=bulk.var,
    )
    cells.uns["crosstalk"] = {**bulk.uns["crosstalk"], "modality": "single_cell"}
    table = contrast_genes(cells, condition="condition", reference="old").set_index("gene")
    assert table["n_donors"].max() == 4
    assert table.loc["G0", "padj"] < 0.05


# designs that cannot tell


def test_a_condition_measured_in_batches_of_its_own_is_refused(rng):
    adata = two_groups(rng)
    adata.obs["batch"] = ["run1"] * 3 + ["run2"] * 3 + ["run3"] * 6
    with pytest.raises(InputError, match=r"'condition' cannot be told apart from 'batch' \(run1"):
        contrast_genes(adata, condition="condition", reference="old")


def test_a_batch_per_sample_or_across_conditions_is_no_confounding(rng):
    adata = two_groups(rng)
    for batch in (list("abcdefghijkl"), ["run1", "run2"] * 6):
        adata.obs["batch"] = batch
        assert contrast_genes(adata, condition="condition", reference="old")["pvalue"].notna().any()


def test_a_covariate_that_equals_the_condition_is_named(rng):
    adata = two_groups(rng)
    adata.obs["site"] = ["A"] * 6 + ["B"] * 6
    with pytest.raises(InputError, match=r"confounded.*from 'site'"):
        contrast_genes(adata, condition="condition", reference="old", covariates=["site"])


def test_partial_confounding_is_said(rng):
    adata = two_groups(rng, n=8)
    adata.obs["site"] = ["A"] * 7 + ["B"] + ["B"] * 7 + ["A"]
    table = contrast_genes(adata, condition="condition", reference="old", covariates=["site"])
    assert any("partly confounded with site" in note for note in table.attrs["notes"])


def test_two_donors_per_condition_give_estimates_without_p_values(rng):
    table = contrast_genes(two_groups(rng, n=2), condition="condition", reference="old")
    assert table["pvalue"].isna().all()
    assert table["logfc"].notna().all()
    assert any("2 and 2 donors, fewer than 3" in note for note in table.attrs["notes"])


def test_a_wrong_reference_names_the_nearest(rng):
    with pytest.raises(InputError, match=r"no sample has it.*Did you mean 'old'"):
        contrast_genes(two_groups(rng), condition="condition", reference="olds")


def test_pairs_that_do_not_exist_are_refused(rng):
    with pytest.raises(InputError, match="no donor has both 'young' and 'old'"):
        contrast_genes(two_groups(rng), condition="condition", reference="old", paired=True)


def test_means_of_groups_are_refused(rng):
    adata = two_groups(rng)
    adata.uns["crosstalk"]["value_state"] = "means"
    with pytest.raises(InputError, match="without replicates"):
        contrast_genes(adata, condition="condition", reference="old")


def test_samples_without_a_value_are_left_out_and_counted(rng):
    adata = two_groups(rng)
    adata.obs["sex"] = [None, *(["f", "m"] * 6)[1:]]
    table = contrast_genes(adata, condition="condition", reference="old", covariates=["sex"])
    assert any(note.startswith("1 of 12 samples") for note in table.attrs["notes"])
    assert table["n_donors_reference"].max() == 5


# both sides


def test_a_changed_ligand_meets_a_present_receptor(rng):
    muscle = before_after(rng, up=["G0"], down=["G4"])
    bone = samples(rng, ["b1", "b2", "b3", "b4"], ["control"] * 4, tissue="bone")
    bone.X[:, [1, 5]] = 50_000
    table = crosstalk_contrast(
        muscle, bone, condition="condition", reference="pre", interactions=PAIRS
    )
    best = row(table, "G0")
    assert best["kind_receptor"] == "presence"
    assert best["pvalue"] == max(best["p_ligand"], best["p_receptor"])
    assert (best["direction"], best["signal"], best["predicted_effect"]) == (
        "up",
        "gain",
        "anabolic",
    )
    assert best["fdr"] < 0.1
    lost = row(table, "G4")
    assert lost["antagonist_lost"]
    assert (lost["direction"], lost["signal"], lost["predicted_effect"]) == (
        "down",
        "gain",
        "anabolic",
    )
    assert "hypotheses" in " ".join(table.attrs["notes"])


def test_both_sides_that_change_together_are_called_and_opposite_ones_are_mixed(rng):
    muscle = two_groups(rng, up=["G0", "G2"], down=["G4"])
    bone = two_groups(rng, up=["G1", "G5"], down=["G3"], tissue="bone")
    bone.obs["donor"] = [f"b{i}" for i in range(bone.n_obs)]
    table = crosstalk_contrast(
        muscle, bone, condition="condition", reference="old", interactions=PAIRS
    )
    assert row(table, "G0")["fdr"] < 0.05
    assert row(table, "G0")["kind_receptor"] == "contrast"
    assert row(table, "G4")["signal"] == "gain"
    assert row(table, "G4")["fdr"] < 0.1
    opposite = row(table, "G2")
    assert (opposite["signal"], opposite["predicted_effect"]) == ("mixed", "")
    assert opposite["pvalue"] > 0.5
    assert (table["fdr"].dropna() < 0.1).sum() <= 4


def test_the_null_of_both_sides_is_calibrated_and_conservative(rng):
    calls, p = 0, []
    for _ in range(5):
        bone = two_groups(rng, tissue="bone")
        bone.obs["donor"] = [f"b{i}" for i in range(bone.n_obs)]
        table = crosstalk_contrast(
            two_groups(rng), bone, condition="condition", reference="old", interactions=PAIRS
        )
        calls += (table["fdr"] < 0.1).any()
        p.append((table["pvalue"] < 0.05).mean())
    assert np.mean(p) < 0.02
    assert calls <= 2


def test_the_same_donors_in_both_tissues_take_plain_bh(rng):
    muscle, bone = two_groups(rng, up=["G0"]), two_groups(rng, up=["G1"], tissue="bone")
    table = crosstalk_contrast(
        muscle, bone, condition="condition", reference="old", interactions=PAIRS
    )
    assert table.attrs["parameters"]["fdr"] == "bh"
    assert any("not independent" in note for note in table.attrs["notes"])


def test_target_conditions_of_other_names_need_their_reference(rng):
    muscle, bone = before_after(rng, up=["G0"]), two_groups(rng, up=["G1"], tissue="bone")
    bone.obs["donor"] = [f"b{i}" for i in range(bone.n_obs)]
    options = {"condition": "condition", "reference": "pre", "interactions": PAIRS}
    plain = crosstalk_contrast(muscle, bone, **options)
    assert set(plain["kind_receptor"]) == {"presence"}
    with pytest.raises(InputError, match="no contrast against 'pre'"):
        crosstalk_contrast(muscle, bone, target_contrast=True, **options)
    table = crosstalk_contrast(muscle, bone, target_design={"reference": "old"}, **options)
    assert set(table["contrast_target"]) == {"young vs old"}
    assert row(table, "G0")["fdr"] < 0.05


def test_the_target_may_have_a_design_of_its_own(rng):
    muscle, bone = before_after(rng, up=["G0"]), two_groups(rng, up=["G1"], tissue="bone")
    bone.obs["donor"] = [f"b{i}" for i in range(bone.n_obs)]
    bone.obs["sex"] = ["f", "m"] * 6
    options = {"condition": "condition", "reference": "pre", "interactions": PAIRS}
    own = {"reference": "old", "covariates": ["sex"], "paired": False}
    found = row(crosstalk_contrast(muscle, bone, target_design=own, **options), "G0")
    named = cx.interactions.complexes.genes([*PAIRS["ligand_complex"], *PAIRS["receptor_complex"]])
    genes = contrast_genes(bone, condition="condition", among=named, **own).set_index("gene")
    assert found["p_receptor"] == genes.loc["G1", "pvalue"]
    with pytest.raises(InputError, match=r"'referenc'\. Did you mean 'reference'"):
        crosstalk_contrast(muscle, bone, target_design={"referenc": "old"}, **options)


def test_ligands_alone_are_a_secreted_factor_table(rng):
    table = crosstalk_contrast(
        before_after(rng, up=["G0"]), condition="condition", reference="pre", interactions=PAIRS
    )
    assert table["ligand_complex"].iloc[0] == "G0"
    assert table["fdr"].iloc[0] < 0.05
    assert "receptor_complex" not in table


def test_a_complex_is_judged_by_its_weakest_subunit(rng):
    level = np.array([5.0, 1.0, 3.0, np.nan])
    genes = ["A", "B", "C", "D"]
    found = limiting_genes(["A", "A+B", "A+B|C", "A+D", "D|B", "A+X"], level, genes)
    assert found.tolist() == [0, 1, 2, -1, 1, -1]


def test_gene_and_sample_order_change_nothing(rng):
    muscle = before_after(rng, up=["G0"])
    options = {"condition": "condition", "reference": "pre", "interactions": PAIRS}
    shuffled = muscle[rng.permutation(muscle.n_obs)][:, rng.permutation(N_GENES)].copy()
    first = crosstalk_contrast(muscle, **options)
    second = crosstalk_contrast(shuffled, **options)
    assert_frame_equal(first, second, rtol=1e-8)


def test_the_input_is_left_as_it_was(rng):
    muscle = before_after(rng)
    before = muscle.copy()
    crosstalk_contrast(muscle, condition="condition", reference="pre", interactions=PAIRS)
    np.testing.assert_array_equal(muscle.X, before.X)
    assert_frame_equal(muscle.obs, before.obs)


@pytest.mark.parametrize(
    ("effects", "change", "kind", "expected"),
    [
        ("bone_formation:+", 1, "bone", "anabolic"),
        ("bone_formation:+", -1, "bone", "catabolic"),
        ("bone_resorption:+", 1, "bone", "catabolic"),
        ("bone_resorption:-; bone_mass:+", 1, "bone", "anabolic"),
        ("bone_formation:+; bone_resorption:+", 1, "bone", "conflicting"),
        ("muscle_mass:-", 1, "bone", ""),
        ("muscle_mass:-", 1, "muscle", "catabolic"),
        ("muscle_mass:-", 1, None, "catabolic"),
        ("appetite:+; bone_mass:0", 1, None, ""),
        ("bone_mass:+", np.nan, "bone", ""),
    ],
)
def test_predicted_effect_follows_the_signed_evidence(effects, change, kind, expected):
    assert predicted_effect(effects, change, kind) == expected


@pytest.mark.real
def test_training_lowers_myostatin_in_human_muscle(cache):
    muscle = cx.datasets.load("gse184951_human_vastus_lateralis_dm1_cycling")
    muscle = muscle[muscle.obs["group"].isin(["Pre", "Post"])].copy()
    muscle = cx.pp.standardise(muscle, donor="subject", condition="group")
    table = cx.tl.contrast_genes(muscle, condition="condition", reference="Pre").set_index("gene")
    assert (table["n_donors"] == 11).all()
    assert table.loc["MSTN", "logfc"] < 0
    assert table.loc["MSTN", "pvalue"] < 0.01
    assert (table.loc[["COL4A1", "COL1A1", "NOTCH1"], "logfc"] > 0).all()


def test_strata_are_analysed_by_themselves(rng):
    muscle = two_groups(rng, n=8, up=["G0"])
    muscle.obs["sex"] = ["f", "m"] * 8
    options = {"condition": "condition", "reference": "old", "interactions": PAIRS}
    table = crosstalk_contrast(muscle, strata="sex", **options)
    women = crosstalk_contrast(muscle[muscle.obs["sex"] == "f"].copy(), **options)
    found = table[table["stratum"] == "f"].drop(columns="stratum").reset_index(drop=True)
    assert_frame_equal(found, women)
    assert table["n_donors_source"].max() == 4


@pytest.mark.parametrize(
    ("tissue", "expected"),
    [
        ("skeletal muscle", "muscle"),
        ("bone marrow", "bone"),
        ("osteoblast", "bone"),
        ("articular cartilage", "cartilage"),
        ("white adipose", "other"),
        ("", None),
    ],
)
def test_effects_count_for_the_tissue_that_is_named(rng, tissue, expected):
    assert kind_of_tissue(two_groups(rng, tissue=tissue)) == expected
