import builtins

import pytest

from crosstalk_omics import pl
from crosstalk_omics.core.errors import InputError


def texts(ax):
    return [t.get_text() for t in ax.texts]


def test_network_has_every_layer_and_says_what_it_left_out(candidates):
    ax = pl.crosstalk_network(candidates(30, (2, 2)), top=10)
    for title in ("sending group", "ligand", "receptor", "receiving group", "effect (curated)"):
        assert title in texts(ax)
    assert "top 10 of 120 candidates" in ax.get_title(loc="left")


def test_network_without_effects_has_four_layers(candidates):
    table = candidates(4)
    assert "effect (curated)" not in texts(pl.crosstalk_network(table, effects=False))
    assert "effect (curated)" not in texts(pl.crosstalk_network(table.drop(columns="effects")))


@pytest.mark.parametrize(("n_pairs", "groups"), [(5, (1, 1)), (80, (4, 6))])
def test_chord_names_every_group(candidates, n_pairs, groups):
    pytest.importorskip("pycirclize")
    table = candidates(n_pairs, groups)
    figure = pl.crosstalk_chord(table, top=len(table))
    names = {t.get_text() for t in figure.axes[0].texts}
    assert set(table["source"]) | set(table["target"]) <= names


def test_chord_without_the_extra_says_what_to_install(candidates, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "pycirclize":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install crosstalk_omics\[circos\]"):
        pl.crosstalk_chord(candidates(3))
