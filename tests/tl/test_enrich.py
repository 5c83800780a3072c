"""Ranked lists: agreement with limma, decoupler and gseapy, calibration, refusals."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import fisher_exact

import crosstalk_omics.tl as tl
from crosstalk_omics.core.errors import InputError
from crosstalk_omics.tl.enrich import METHODS


@pytest.fixture(scope="module")
def tgfb(oracles):
    folder = oracles / "tgfb_bulk"
    limma = pd.read_csv(folder / "expected_limma_tgfb_vs_ctrl.csv.gz", index_col=0)
    limma.index = limma.index.astype(str)
    sets = json.loads((folder / "sets.json").read_text())
    rows = [(name, gene) for name, genes in sets.items() for gene in genes]
    return folder, limma, pd.DataFrame(rows, columns=["source", "target"])


@pytest.fixture
def ranked(rng):
    values = pd.Series(rng.normal(0, 1, 800), index=[f"G{i:03d}" for i in range(800)])
    values.iloc[:20] += 1.5
    net = pd.DataFrame({"source": "high", "target": values.index[:20]})
    other = pd.DataFrame({"source": "none", "target": values.index[100:130]})
    return values, pd.concat([net, other], ignore_index=True)


def test_camera_equals_limma(tgfb):
    folder, limma, net = tgfb
    want = pd.read_csv(folder / "expected_camera.csv.gz", index_col=0)
    # total degrees of freedom of limma's t, recovered from its own p-values
    from scipy.optimize import brentq
    from scipy.stats import t

    row = limma.iloc[0]
    df = brentq(lambda d: 2 * t.sf(abs(row["t"]), d) - row["P.Value"], 1, 500)
    found = tl.enrich(limma["t"], net, df=df).set_index("signature").loc[want.index]
    assert list(found["direction"]) == [d.lower() for d in want["Direction"]]
    np.testing.assert_allclose(np.log10(found["pvalue"]), np.log10(want["PValue"]), rtol=1e-4)
    np.testing.assert_allclose(found.loc[["r20", "r60", "r150"], "pvalue"],
                               want.loc[["r20", "r60", "r150"], "PValue"], rtol=1e-3)  # fmt: skip
    assert list(found["n_found"]) == list(want["NGenes"])


def test_ulm_equals_decoupler(ranked):
    import decoupler as dc

    values, net = ranked
    net = net.assign(weight=np.where(np.arange(len(net)) % 3 == 0, -1.0, 0.5))
    data = values.to_frame("contrast").T
    es, p = dc.mt.ulm(data, net, tmin=0, empty=False, verbose=False)
    found = tl.enrich(values, net, "ulm").set_index("signature")
    np.testing.assert_allclose(found.loc[es.columns, "estimate"], es.iloc[0])
    np.testing.assert_allclose(found.loc[p.columns, "padj"], p.iloc[0])


def test_ora_equals_the_exact_test(ranked):
    values, net = ranked
    found = tl.enrich(values, net, "ora", top=0.1).set_index("signature")
    chosen = set(values.nlargest(80).index)
    both = len(chosen & set(net.loc[net["source"] == "high", "target"]))
    want = fisher_exact([[both, 20 - both], [80 - both, 700 + both]], alternative="greater")
    assert found.loc["high", "pvalue"] == pytest.approx(want.pvalue)
    assert len(found.loc["high", "leading_edge"].split(";")) == both


def test_prerank_has_the_running_sum_of_gseapy(ranked):
    import gseapy

    values, net = ranked
    sets = {k: list(v) for k, v in net.groupby("source")["target"]}
    want = gseapy.prerank(values, sets, outdir=None, min_size=1, seed=0, threads=1, no_plot=True)
    want = want.res2d.set_index("Term")
    for name in sets:
        curve = tl.running_sum(values, net, name)
        peak = curve.loc[curve["running_sum"].abs().idxmax(), "running_sum"]
        assert peak == pytest.approx(float(want.loc[name, "ES"]), abs=1e-6)
        leading = set(want.loc[name, "Lead_genes"].split(";"))
        found = tl.enrich(values, net, "prerank").set_index("signature")
        assert set(found.loc[name, "leading_edge"].split(";")) == leading


@pytest.mark.parametrize("method", METHODS)
def test_a_planted_set_is_found_and_a_null_set_is_not(ranked, method):
    values, net = ranked
    found = tl.enrich(values, net, method).set_index("signature")
    assert found.loc["high", "padj"] < 0.01
    assert found.loc["high", "direction"] == "up"
    assert found.loc["none", "pvalue"] > 0.01
    assert (found["pvalue"] > 0).all()


@pytest.mark.parametrize("method", ["camera", "ulm"])
def test_turning_the_statistic_turns_the_direction(ranked, method):
    values, net = ranked
    up, down = tl.enrich(values, net, method), tl.enrich(-values, net, method)
    np.testing.assert_allclose(up["pvalue"], down["pvalue"])
    np.testing.assert_allclose(up["estimate"], -down["estimate"])


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_genes_decides_nothing(ranked, method):
    values, net = ranked
    values = values.round(1)  # with ties
    other = tl.enrich(values.sample(frac=1, random_state=3), net.sample(frac=1), method)
    pd.testing.assert_frame_equal(tl.enrich(values, net, method), other)


def test_camera_allows_for_genes_that_vary_together():
    """Sets of correlated genes, nothing differs: camera holds its level, ulm does not."""
    rng = np.random.default_rng(2)
    genes, calls = [f"G{i}" for i in range(600)], {"camera": [], "ulm": []}
    net = pd.DataFrame({"source": np.repeat([f"s{i}" for i in range(20)], 30), "target": genes})
    for _ in range(30):
        shared = np.repeat(rng.normal(0, 1, 20), 30)
        values = pd.Series(np.sqrt(0.1) * shared + np.sqrt(0.9) * rng.normal(0, 1, 600), genes)
        for method in calls:
            calls[method].append(tl.enrich(values, net, method, correlation=0.1)["pvalue"] < 0.05)
    assert np.mean(calls["camera"]) < 0.09
    assert np.mean(calls["ulm"]) > 0.2


@pytest.mark.parametrize(
    ("change", "asked", "message"),
    [
        (lambda v: v.set_axis(["G0"] * 800), {}, "Gene names repeat"),
        (lambda v: v.replace({v.iloc[0]: np.inf}), {}, "is infinite"),
        (lambda v: v.set_axis([f"X{i}" for i in range(800)]), {}, "No signature has min_targets=5"),
        (lambda v: v, {"method": "fgsea"}, "method is 'fgsea'"),
        (lambda v: v, {"correlation": 2}, "correlation is 2; expected a number from -1 to 1"),
        (lambda v: v, {"method": "ora", "top": 5}, "top is 5"),
        (list, {}, "statistic is of type list; expected Series"),
    ],
)
def test_misuse_says_what_to_do(ranked, change, asked, message):
    values, net = ranked
    with pytest.raises(InputError, match=message):
        tl.enrich(change(values), net, **asked)


def test_negative_weights_are_for_ulm(ranked):
    values, net = ranked
    with pytest.raises(InputError, match="takes no negative weights, which 'high' has"):
        tl.enrich(values, net.assign(weight=-1.0))


def test_an_unknown_signature_is_named(ranked):
    with pytest.raises(InputError, match=r"no signature 'hihg'\. Did you mean 'high'"):
        tl.running_sum(*ranked, "hihg")
