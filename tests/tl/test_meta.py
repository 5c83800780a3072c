"""Meta-analysis: metafor's and RobustRankAggreg's numbers, leave-one-out, both sides joined."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from crosstalk_omics.core.errors import InputError
from crosstalk_omics.kernels.meta import pool, robust_ranks, stouffer, tau2_of
from crosstalk_omics.tl import meta, meta_crosstalk, meta_studies

PAIRS = [f"L{i}" for i in range(40)]


def effects(oracles):
    table = pd.read_csv(oracles / "stats/meta_effects.csv", index_col=0)
    y, se = (table.filter(regex=f"^{name}[0-9]").to_numpy() for name in ("y", "se"))
    return y, se**2


@pytest.mark.parametrize("test", ["z", "knha"])
@pytest.mark.parametrize("method", ["fixed", "dl", "pm", "reml"])
def test_pooled_effects_equal_metafor(oracles, method, test):
    name = f"{'FE' if method == 'fixed' else method.upper()}_{test}"
    expected = pd.read_csv(oracles / "stats/expected_metafor.csv", index_col=0)
    if f"{name}_beta" not in expected:
        pytest.skip("metafor has no such test for a fixed effect")
    found = pool(*effects(oracles), method=method, knapp_hartung=test == "knha")
    # metafor stops its iterations at 1e-5 of tau2, ours run to the end
    exact = method in ("fixed", "dl")
    np.testing.assert_allclose(found.tau2, expected[f"{name}_tau2"], atol=1e-6 if exact else 1e-4)
    for ours, theirs in ((found.estimate, "beta"), (found.se, "se"), (found.pvalue, "p")):
        np.testing.assert_allclose(ours, expected[f"{name}_{theirs}"], atol=1e-6 if exact else 3e-4)
    np.testing.assert_allclose(found.q, expected[f"{name}_Q"], atol=1e-6)
    np.testing.assert_allclose(found.i2, expected[f"{name}_I2"], atol=1e-6 if exact else 0.05)


def test_reml_is_where_the_restricted_likelihood_is_highest(oracles):
    y, v = effects(oracles)
    tau2 = tau2_of(y, v, "reml")

    def minus_log_likelihood(row, t):
        seen = ~np.isnan(y[row])
        w = 1 / (v[row, seen] + t)
        mean = (w * y[row, seen]).sum() / w.sum()
        return (np.log(1 / w).sum() + np.log(w.sum()) + (w * (y[row, seen] - mean) ** 2).sum()) / 2

    for row in range(len(y)):
        best = minus_log_likelihood(row, tau2[row])
        for other in (tau2[row] + 1e-3, max(tau2[row] - 1e-3, 0)):
            assert best <= minus_log_likelihood(row, other) + 1e-12


def test_robust_rank_aggregation_equals_its_package(oracles):
    ranks = pd.read_csv(oracles / "stats/rank_matrix.csv", index_col=0)
    expected = pd.read_csv(oracles / "stats/expected_rra.csv", index_col=0)["Score"]
    np.testing.assert_allclose(robust_ranks(ranks.to_numpy()), expected[ranks.index], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-3, 3), min_size=3, max_size=7), st.floats(0.1, 5))
def test_the_pooled_effect_lies_among_the_studies_and_scales(values, factor):
    y, v = np.array([values]), np.full((1, len(values)), 0.2)
    one, scaled = pool(y, v), pool(y * factor, v * factor**2)
    assert min(values) - 1e-9 <= one.estimate[0] <= max(values) + 1e-9
    assert scaled.estimate[0] == pytest.approx(one.estimate[0] * factor, abs=1e-6)
    assert one.pi_low[0] <= one.ci_low[0] + 1e-12
    assert one.pi_high[0] >= one.ci_high[0] - 1e-12


def test_equal_studies_have_no_heterogeneity():
    found = pool(np.full((1, 4), 1.5), np.full((1, 4), 0.1))
    assert found.tau2[0] == 0
    assert found.i2[0] == 0
    assert found.estimate[0] == 1.5


def test_stouffer_of_equal_scores_grows_with_the_root_of_their_number():
    np.testing.assert_allclose(stouffer(np.array([[1.0, 1.0, 1.0, 1.0, np.nan]])), [2.0])


def study(rng, effect, *, se=0.3, genes=("A", "B", "C")):
    values = np.broadcast_to(effect, len(genes)) + rng.normal(0, se, len(genes))
    p = 2 * stats.norm.sf(np.abs(values / se))
    return pd.DataFrame({"gene": list(genes), "logfc": values, "se": se, "pvalue": p})


def test_one_odd_study_is_named_by_leaving_it_out(rng):
    tables = {f"s{i}": study(rng, 1.0, se=0.05) for i in range(4)}
    tables["odd"] = study(rng, 1.0, se=0.05).assign(logfc=lambda t: t["logfc"] + [0, 0, -9])
    table = meta(tables).set_index("gene")
    assert table.loc["A", "padj"] < 0.01
    assert table.loc["C", "pvalue"] > 0.05
    assert table.loc["C", "i2"] > 90
    assert table.loc["C", "loo_high"] == pytest.approx(1.0, abs=0.1)
    assert table.loc["C", "sign_agreement"] != 1
    assert table.loc["A", "studies"] == "s0; s1; s2; s3; odd"
    assert table.loc["A", "pi_low"] <= table.loc["A", "ci_low"]


def test_the_study_without_which_nothing_is_left_is_named(rng):
    tables = {f"s{i}": study(rng, 0.0, se=0.3, genes="A") for i in range(3)}
    tables["strong"] = pd.DataFrame({"gene": ["A"], "logfc": [2.0], "se": [0.01], "pvalue": [0.0]})
    table = meta(tables, method="fixed")
    assert table.loc[0, "pvalue"] < 1e-6
    assert table.loc[0, "loo_study"] == "strong"
    assert table.loc[0, "loo_pvalue"] > 0.001


def test_two_studies_take_a_fixed_effect_and_one_study_no_p_value(rng):
    tables = [study(rng, 1.0), study(rng, 1.0, genes="AB")]
    table = meta(tables).set_index("gene")
    y = [t.set_index("gene").loc["A", "logfc"] for t in tables]
    assert table.loc["A", "estimate"] == pytest.approx(np.mean(y))
    assert table.loc["A", "se"] == pytest.approx(0.3 / np.sqrt(2))
    assert table.loc["C", "n_studies"] == 1
    assert np.isnan(table.loc["C", "pvalue"])


def test_intervals_serve_where_there_is_no_standard_error(rng):
    tables = [study(rng, 1.0) for _ in range(3)]
    half = stats.norm.ppf(0.975) * 0.3
    other = [
        t.assign(ci_low=t["logfc"] - half, ci_high=t["logfc"] + half).drop(columns="se")
        for t in tables
    ]
    np.testing.assert_allclose(meta(other)["pvalue"], meta(tables)["pvalue"])


@pytest.mark.parametrize("method", ["stouffer", "rra"])
def test_what_ranks_first_everywhere_wins_on_any_scale(rng, method):
    genes = [f"g{i}" for i in range(100)]
    tables = []
    for scale in (1, 10, 1000):
        table = study(rng, 0.0, genes=genes)
        table.loc[7, ["logfc", "pvalue"]] = 3.0, 1e-9
        tables.append(table.assign(logfc=table["logfc"] * scale))
    table = meta(tables, method=method)
    assert table.loc[0, "gene"] == "g7"
    assert table.loc[0, "padj"] < 0.01


def test_rra_is_calibrated_without_agreement(rng):
    genes = [f"g{i}" for i in range(400)]
    table = meta([study(rng, 0.0, genes=genes) for _ in range(4)], method="rra")
    assert (table["pvalue"] < 0.05).mean() < 0.07
    assert table["padj"].min() > 0.05


def test_random_effects_are_calibrated_without_an_effect(rng):
    genes = [f"g{i}" for i in range(3000)]
    tables = [study(rng, 0.0, genes=genes) for _ in range(5)]
    assert 0.035 < (meta(tables)["pvalue"] < 0.05).mean() < 0.06
    assert (meta(tables, truncated=True)["pvalue"] < 0.05).mean() < 0.035


def test_three_studies_that_agree_by_chance_are_not_exact_when_truncated():
    tables = [pd.DataFrame({"gene": ["A"], "logfc": [x], "se": [1.0]}) for x in (0.1, 0.101, 0.102)]
    assert meta(tables)["pvalue"].iloc[0] < 0.001
    assert meta(tables, truncated=True)["pvalue"].iloc[0] > 0.5


def test_a_study_without_an_error_does_not_count(rng):
    tables = [study(rng, 1.0) for _ in range(3)]
    tables[2].loc[0, "se"] = np.nan
    table = meta(tables).set_index("gene")
    assert table["n_studies"].to_dict() == {"A": 2, "B": 3, "C": 3}


def test_a_forest_has_one_row_per_study_with_the_key(rng):
    tables = {
        "first": study(rng, 1.0),
        "second": study(rng, 1.0),
        "third": study(rng, 1.0, genes="A"),
    }
    table = meta_studies(tables, {"gene": "B"})
    assert table["study"].tolist() == ["first", "second"]
    assert table["weight"].sum() == pytest.approx(1)
    assert (table["ci_low"] < table["estimate"]).all()
    with pytest.raises(InputError, match=r"No study has \{'gene': 'Z'\}"):
        meta_studies(tables, {"gene": "Z"})


def test_misuse_is_explained(rng):
    table = study(rng, 1.0)
    with pytest.raises(InputError, match="at least two studies"):
        meta([table])
    twice = pd.concat([table, table]).assign(contrast="x")
    with pytest.raises(InputError, match=r"'A' stands several times.*contrast"):
        meta([table, twice])
    with pytest.raises(InputError, match="no column 'signature'"):
        meta([table, table], on="signature")


# both sides


def contrast_table(rng, sent, received=None, *, organism="human"):
    """A result of `crosstalk_contrast` with standard errors of 0.3 on both sides."""
    case = str.capitalize if organism != "human" else str
    table = pd.DataFrame(
        {
            "contrast": "young vs old",
            "source": "muscle",
            "target": "bone",
            "factor": PAIRS,
            "ligand_complex": PAIRS,
            "receptor_complex": [case(f"R{i}") for i in range(len(PAIRS))],
            "role": "agonist",
            "effects": "bone_formation:+",
            "evidence_level": "in_vivo",
            "route": "endocrine",
            "references": "",
            "family": "literature",
            "logfc_ligand": sent + rng.normal(0, 0.3, len(PAIRS)),
            "se_ligand": 0.3,
        }
    )
    table["p_ligand"] = 2 * stats.norm.sf(np.abs(table["logfc_ligand"] / 0.3))
    if received is None:
        return table.assign(p_receptor=rng.uniform(size=len(PAIRS)), kind_receptor="presence")
    table["logfc_receptor"] = received + rng.normal(0, 0.3, len(PAIRS))
    table["se_receptor"] = 0.3
    table["p_receptor"] = 2 * stats.norm.sf(np.abs(table["logfc_receptor"] / 0.3))
    return table.assign(kind_receptor="contrast")


def planted(size=1.5):
    return np.where(np.arange(len(PAIRS)) < 3, size, 0.0)


def test_what_changes_on_both_sides_in_all_studies_is_called(rng):
    tables = {(f"m{i}", f"b{i}"): contrast_table(rng, planted(), planted()) for i in range(3)}
    table = meta_crosstalk(tables)
    called = set(table.loc[table["fdr"] < 0.1, "factor"])
    assert called == {"L0", "L1", "L2"}
    assert set(table["predicted_effect"].head(3)) == {"anabolic"}
    assert (table["n_studies_ligand"] == 3).all()


def test_one_muscle_study_set_to_three_bone_studies_counts_once(rng):
    muscle = contrast_table(rng, planted())
    columns = ["logfc_ligand", "se_ligand", "p_ligand"]
    tables = {}
    for i in range(3):
        other = contrast_table(rng, planted())
        other[columns] = muscle[columns]
        tables["m", f"b{i}"] = other
    table = meta_crosstalk(tables).set_index("ligand_complex")
    assert (table["n_studies_ligand"] == 1).all()
    assert (table["n_studies_receptor"] == 3).all()
    expected = muscle.set_index("ligand_complex")["p_ligand"]
    np.testing.assert_allclose(table["p_ligand"], expected[table.index])


def test_tables_of_several_contrasts_are_refused(rng):
    table = contrast_table(rng, 0.0)
    two = pd.concat([table, table.assign(contrast="other vs old")])
    with pytest.raises(InputError, match=r"holds 2 values of 'contrast'"):
        meta_crosstalk({("m", "b"): two, ("m2", "b"): table})


def test_presence_and_change_of_receptors_are_not_mixed(rng):
    tables = {("m", "b"): contrast_table(rng, 0.0), ("m2", "b2"): contrast_table(rng, 0.0, 0.0)}
    with pytest.raises(InputError, match="contrast, presence"):
        meta_crosstalk(tables)
