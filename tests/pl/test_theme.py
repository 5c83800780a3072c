import matplotlib as mpl
import pandas as pd
import pytest

from crosstalk_omics import pl
from crosstalk_omics.core.errors import ResourceError
from crosstalk_omics.pl.theme import shorten, split_effects


def plain(text="label"):
    import matplotlib.pyplot as plt

    with pl.theme():
        figure, ax = plt.subplots(layout="constrained")
        ax.plot([0, 1], [1, 0])
        ax.set_xlabel(text)
    return figure


def test_theme_sets_nothing_globally(candidates):
    before = dict(mpl.rcParams)
    with pl.theme():
        assert mpl.rcParams["svg.fonttype"] == "none"
        assert mpl.rcParams["pdf.fonttype"] == 42
    pl.crosstalk_dotplot(candidates(5))
    assert dict(mpl.rcParams) == before


def test_interactive_mode_that_a_backend_sets_when_first_used_stays(monkeypatch):
    """Jupyter's does, and without it no later figure is shown."""
    monkeypatch.setitem(mpl.rcParams, "interactive", False)
    with pl.theme():
        mpl.interactive(True)
    assert mpl.is_interactive()


def test_theme_is_the_same_whatever_other_packages_set(monkeypatch):
    with pl.theme():
        alone = dict(mpl.rcParams)
    monkeypatch.setitem(mpl.rcParams, "legend.borderpad", 3.0)
    with pl.theme():
        assert dict(mpl.rcParams) == alone


def test_save_writes_the_same_bytes_each_time(tmp_path, candidates):
    table = candidates(12, (2, 2))
    for name in ("one", "two"):
        pl.save(pl.crosstalk_ranks(table), tmp_path / name, table=table, close=True)
    for suffix in (".svg", ".png", ".csv"):
        assert (tmp_path / f"one{suffix}").read_bytes() == (tmp_path / f"two{suffix}").read_bytes()


def test_saved_text_stays_editable_and_undated(tmp_path):
    svg, _ = pl.save(plain("percentile rank"), tmp_path / "figure")
    text = svg.read_text(encoding="utf-8")
    assert "percentile rank" in text
    assert "<dc:date>" not in text


def test_save_keeps_dots_in_names_and_leaves_only_its_files(tmp_path):
    table = pd.DataFrame({"a": [1.23456789, None], "b": ["x,y", "z"]})
    files = pl.save(plain().axes[0], tmp_path / "new" / "v1.2", table=table, close=True)
    assert [f.name for f in files] == ["v1.2.svg", "v1.2.png", "v1.2.csv"]
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == sorted(f.name for f in files)
    assert files[2].read_bytes() == b'a,b\n1.23457,"x,y"\n,z\n'


def test_save_says_where_it_may_not_write(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ResourceError, match="Cannot write"):
        pl.save(plain(), tmp_path / "file" / "figure")


def test_shorten_keeps_both_ends_and_starts_no_formula():
    assert shorten("short") == "short"
    long = shorten("fibro-adipogenic progenitors, activated", 20)
    assert len(long) == 20
    assert long.startswith("fibro-")
    assert long.endswith("vated")
    assert shorten("a$b$") == r"a\$b\$"


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("bone_formation:+; muscle_mass:-", [("bone_formation", "+"), ("muscle_mass", "-")]),
        ("bone_formation:+;angiogenesis:0", [("bone_formation", "+"), ("angiogenesis", "0")]),
        ("NA", []),
        (None, []),
        ("", []),
    ],
)
def test_effects_are_split_whatever_the_blanks(text, pairs):
    assert split_effects(text) == pairs
