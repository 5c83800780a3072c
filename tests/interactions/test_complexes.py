"""Complexes: parsing, canonical text, evaluation and mapping."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosstalk_omics.core.errors import InputError
from crosstalk_omics.interactions import complexes

GENES = [f"G{i}" for i in range(6)]
ALTERNATIVES = st.lists(
    st.lists(st.sampled_from(GENES), min_size=1, max_size=4, unique=True), min_size=1, max_size=4
)


@given(ALTERNATIVES)
def test_text_and_parse_are_inverse(alternatives):
    parsed = complexes.parse(complexes.to_text(alternatives))
    assert parsed == tuple(dict.fromkeys(map(tuple, alternatives)))
    assert complexes.parse(complexes.to_text(parsed)) == parsed


@given(ALTERNATIVES, st.randoms())
def test_canonical_ignores_order_and_is_idempotent(alternatives, random):
    shuffled = [random.sample(part, len(part)) for part in alternatives]
    random.shuffle(shuffled)
    text = complexes.canonical(complexes.to_text(alternatives))
    assert text == complexes.canonical(complexes.to_text(shuffled)) == complexes.canonical(text)


@given(st.lists(ALTERNATIVES, min_size=1, max_size=5), st.integers(0, 2**32 - 1))
def test_evaluation_equals_the_obvious_loop(many, seed):
    rng = np.random.default_rng(seed)
    values = rng.random((3, 4))
    values[rng.random((3, 4)) < 0.2] = np.nan
    measured = GENES[:4]
    texts = [complexes.to_text(one) for one in many]
    got = complexes.evaluate(texts, values, measured)
    got_p = complexes.evaluate_p(texts, values, measured)
    for i in range(3):
        known = {g: v for g, v in zip(measured, values[i], strict=True) if not np.isnan(v)}
        for j, text in enumerate(texts):
            complete = [p for p in complexes.parse(text) if all(g in known for g in p)]
            weakest = [min(known[g] for g in p) for p in complete]
            hardest = [max(known[g] for g in p) for p in complete]
            assert got[i, j] == max(weakest) if complete else np.isnan(got[i, j])
            if complete:
                assert got_p[i, j] == min(1.0, len(complete) * min(hardest))
            else:
                assert np.isnan(got_p[i, j])


def test_evaluation_keeps_order_and_repeats():
    values = np.array([[3.0, 1.0, 2.0]])
    got = complexes.evaluate(["A+B", "C|A", "A+B", "A+D", "A+D|C"], values, ["A", "B", "C"])
    np.testing.assert_array_equal(got, [[1, 3, 1, np.nan, 2]])
    assert complexes.evaluate([], values, ["A", "B", "C"]).shape == (1, 0)


def test_pvalue_of_alternatives_is_calibrated_under_the_null():
    rng = np.random.default_rng(0)
    p = complexes.evaluate_p(["A|B+C|D"], rng.random((20_000, 4)), list("ABCD"))
    assert (p < 0.05).mean() <= 0.05


def test_steps_expand_to_alternatives_that_need_every_step():
    assert complexes.from_steps("GAD1|GAD2", "SLC32A1") == "GAD1+SLC32A1|GAD2+SLC32A1"


@given(ALTERNATIVES)
def test_a_complex_is_part_of_itself_and_of_more(alternatives):
    text = complexes.to_text(alternatives)
    assert complexes.is_part_of(text, text)
    assert complexes.is_part_of(text, text + "|OTHER")
    assert not complexes.is_part_of(text + "|OTHER", text)


def test_underscores_of_other_tools_become_plus():
    assert complexes.from_underscore("IL6ST_IL6R") == "IL6R+IL6ST"


def test_mapping_drops_alternatives_and_reports_the_loss():
    out = complexes.map_genes(["A+B|C", "A+B", "C"], {"A": "a", "C": "c"})
    assert out["mapped"].tolist() == ["c", "", "c"]
    assert out["lost"].tolist() == ["B", "B", ""]


@pytest.mark.parametrize("text", ["A+", "", "A||B", "A B", "A;B", "A,B"])
def test_malformed_complex_is_refused(text):
    with pytest.raises(InputError, match="Expected gene symbols joined by"):
        complexes.parse(text)


def test_aliases_are_followed_to_the_end_and_circles_refused():
    assert complexes.follow_aliases({"A": "B", "B": "C"}) == {"A": "C", "B": "C"}
    with pytest.raises(InputError, match="circle: A -> B -> A"):
        complexes.follow_aliases({"A": "B", "B": "A"})
