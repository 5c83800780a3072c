import builtins
from itertools import combinations

import pandas as pd
import pytest

from crosstalk_omics import pl
from crosstalk_omics.core.errors import InputError


def texts(ax):
    return [t.get_text() for t in ax.texts]


def test_network_has_every_layer_and_says_what_it_left_out(candidates):
    ax = pl.crosstalk_network(candidates(30, (2, 2)), top=10)
    for title in ("sending group", "ligand", "receptor", "receiving group", "curated effect"):
        assert title in texts(ax)
    assert "top 10 of 120 candidates" in ax.get_title(loc="left")
    assert "from the literature, not tested" in ax.get_title(loc="left").replace("\n", " ")


def test_network_without_effects_has_four_layers(candidates):
    table = candidates(4)
    assert "curated effect" not in texts(pl.crosstalk_network(table, effects=False))
    assert "curated effect" not in texts(pl.crosstalk_network(table.drop(columns="effects")))


@pytest.mark.parametrize(("n_pairs", "groups"), [(5, (1, 1)), (80, (4, 6))])
def test_chord_names_every_group(candidates, n_pairs, groups):
    pytest.importorskip("pycirclize")
    table = candidates(n_pairs, groups)
    figure = pl.crosstalk_chord(table, top=len(table))
    names = {t.get_text() for t in figure.axes[0].texts}
    assert set(table["source"]) | set(table["target"]) <= names


def test_boxes_of_the_network_do_not_touch(candidates):
    table = candidates(40, (12, 3))
    table["source"] = "hypothalamic neurons of a kind " + table["source"].str[-2:]
    ax = pl.crosstalk_network(table, top=60)
    ax.figure.draw_without_rendering()
    boxes = [t.get_bbox_patch().get_window_extent() for t in ax.texts if t.get_bbox_patch()]
    assert not any(a.padded(-1).overlaps(b.padded(-1)) for a, b in combinations(boxes, 2))


def test_chord_keeps_long_names_and_shows_tissues_in_the_legend(candidates):
    pytest.importorskip("pycirclize")
    table = candidates(60, (6, 7)).assign(source_tissue="muscle", target_tissue="bone")
    back = table.assign(source_tissue="bone", target_tissue="muscle")
    figure = pl.crosstalk_chord(pd.concat([table, back]))
    names = {t.get_text() for t in figure.axes[0].texts}
    assert set(table["source"]) | set(table["target"]) <= names
    legend = {t.get_text() for t in figure.legends[0].get_texts()}
    assert legend == {"muscle", "bone"}


def test_chord_without_the_extra_says_what_to_install(candidates, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pycirclize":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install crosstalk_omics\[circos\]"):
        pl.crosstalk_chord(candidates(3))
