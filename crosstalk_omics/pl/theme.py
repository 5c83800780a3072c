"""One look for every figure: sizes, palette, legends, truncation, and files with stable bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import pandas as pd

from ..core.files import atomic, write_text
from ..core.names import EVIDENCE_LEVELS

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

ONE_COLUMN = 3.5  # inches, 89 mm
TWO_COLUMNS = 7.2  # inches, 183 mm
ROW = 0.17  # inches that one row of 7-point labels needs
LETTERS = 14  # of a title per inch of axes

# Okabe & Ito: told apart with any of the usual colour-vision deficiencies
PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#7A5C00",
    "#000000",
)
GREY = "#8C8C8C"
UP, DOWN = "#D55E00", "#0072B2"
SEQUENTIAL = "viridis_r"
MAGNITUDE = "YlGnBu"  # nothing is pale, so that it does not draw the eye
DIVERGING = "RdBu_r"
EVIDENCE_COLOURS = dict(
    zip(EVIDENCE_LEVELS, ("#003B73", "#0072B2", "#56B4E9", "#E69F00", "#C4C4C4"), strict=True)
)
EVIDENCE_MARKERS = dict(zip(EVIDENCE_LEVELS, "osD^v", strict=True))

RC = {
    "figure.dpi": 120,
    "savefig.dpi": 200,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so it is the same everywhere
    "font.size": 7,
    "axes.titlesize": 7,
    "axes.labelsize": 7,
    "xtick.labelsize": 6.5,
    "ytick.labelsize": 6.5,
    "legend.fontsize": 6.5,
    "legend.title_fontsize": 6.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "grid.linewidth": 0.4,
    "grid.color": "#E3E3E3",
    "lines.linewidth": 1.0,
    "patch.linewidth": 0.6,
    "svg.fonttype": "none",
    "svg.hashsalt": "crosstalk_omics",
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
}


@contextmanager
def theme() -> Iterator[None]:
    """Draw inside this context to get the look of the package; nothing is set globally.

    Every function of `cx.pl` already does; use it for axes that you make yourself. It starts
    from the defaults of matplotlib: other packages set some for everybody when imported.

    Returns
    -------
    A context manager.
    """
    import matplotlib as mpl
    from matplotlib import style

    interactive = mpl.is_interactive()
    try:
        with style.context(["default", RC]):
            try:
                yield
            finally:
                interactive = mpl.is_interactive()  # Jupyter's backend sets it when first used
    finally:
        mpl.interactive(interactive)


def themed(function: Callable[P, R]) -> Callable[P, R]:
    """Run `function` inside `theme`."""

    @wraps(function)
    def inside(*args: P.args, **kwargs: P.kwargs) -> R:
        with theme():
            return function(*args, **kwargs)

    return inside


def new_axes(ax: Axes | None, *, width: float = ONE_COLUMN, height: float = 2.6) -> Axes:
    """Return `ax`, or the axes of a new figure of `width` x `height` inches."""
    import matplotlib.pyplot as plt

    if ax is not None:
        return ax
    return plt.subplots(figsize=(width, height), layout="constrained")[1]


def rows_height(n_rows: int, *, extra: float = 0.9, least: float = 1.6) -> float:
    """Height in inches of a figure with `n_rows` labelled rows."""
    return max(least, n_rows * ROW + extra)


def shorten(text: object, length: int = 34) -> str:
    """Cut the middle out of a long name; both ends tell names apart.

    A dollar sign is escaped, since it would start a formula.
    """
    text = " ".join(str(text).split())
    if len(text) > length:
        tail = (length - 1) // 3
        text = f"{text[: length - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"
    return text.replace("$", r"\$")


def legend_height(n_entries: int) -> float:
    """Height in inches that a legend of `n_entries` lines needs, headings included."""
    return 0.14 * n_entries + 0.45


def legend_outside(ax: Axes, sections: Mapping[str, Sequence[Artist]], *, x: float = 1.02) -> None:
    """Put one legend right of the data: each section is a heading with its entries."""
    from matplotlib.offsetbox import VPacker

    handles: list[Artist] = []
    for title, entries in sections.items():
        if entries:
            gap = [written(" ")] if handles else []
            handles += [*gap, written(title), *entries]
    for handle in handles:
        if str(handle.get_label()).startswith("_"):  # a legend would leave it out
            handle.set_label(f" {handle.get_label()}")
    legend = ax.legend(
        handles=handles,
        loc="upper left",
        bbox_to_anchor=(x, 1.0),
        borderaxespad=0,
        labelspacing=0.55,
        handletextpad=0.3,
    )
    lines = legend.findobj(VPacker)[0].get_children()
    for handle, row, text in zip(handles, lines, legend.get_texts(), strict=True):
        if handle.get_marker() == "None" and handle.get_linestyle() == "None":
            row.get_children()[0].set_width(0)  # nothing is drawn, so the text starts the line
        if text.get_text() in sections:
            text.set_weight("bold")
        elif not text.get_text().strip():
            text.set_fontsize(2)


def dot(
    label: str, colour: str, *, marker: str = "o", size: float = 5, edge: str = "none"
) -> Artist:
    """Legend entry of one point."""
    from matplotlib.lines import Line2D

    return Line2D([], [], ls="", marker=marker, ms=size, mfc=colour, mec=edge, mew=0.8, label=label)


def line(label: str, colour: str, style: str = "-", *, marker: str = "") -> Artist:
    """Legend entry of one line."""
    from matplotlib.lines import Line2D

    look = {"marker": marker, "ms": 3.5, "mew": 0} if marker else {}
    return Line2D([], [], color=colour, lw=1.4, ls=style, label=label, **look)


def written(label: str) -> Artist:
    """Legend entry of text alone."""
    from matplotlib.lines import Line2D

    return Line2D([], [], ls="", label=label)


def split_effects(text: object) -> list[tuple[str, str]]:
    """``"bone_formation:+; muscle_mass:-"`` -> [("bone_formation", "+"), ...]."""
    if not isinstance(text, str):
        return []
    parts = [p.strip().rpartition(":") for p in text.split(";")]
    return [(effect, sign) for effect, _, sign in parts if effect]


def say(ax: Axes, *parts: str) -> None:
    """State above the axes what was left out or cannot be shown."""
    said = "; ".join(p for p in (ax.get_title(loc="left").replace("\n", " "), *parts) if p)
    width = ax.get_window_extent().width / ax.figure.figure.dpi
    text = fill(said, max(30, int(width * LETTERS)))
    ax.set_title(text, loc="left", fontsize=6.5, color="#555555")


def top_of(shown: int, total: int, what: str) -> str:
    """``"top 30 of 412 pairs"``, or nothing if all are shown."""
    return "" if shown >= total else f"top {shown:,} of {total:,} {what}"


def styles(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Colour, line and marker of each name; no two are alike, also beyond eight names."""
    looks = ("-", "--", ":", "-.")
    return {
        name: {
            "color": PALETTE[i % len(PALETTE)],
            "ls": looks[i // len(PALETTE) % len(looks)],
            "marker": "osD^vPX*"[(i + i // len(PALETTE)) % 8],
        }
        for i, name in enumerate(names)
    }


def empty(ax: Axes | None, text: str) -> Axes:
    """Say inside the axes, or in a small figure, that there is nothing to draw, and why."""
    ax = new_axes(ax, width=ONE_COLUMN, height=0.7)
    ax.set_axis_off()
    ax.text(0.5, 0.5, text, ha="center", va="center", transform=ax.transAxes, color="#555555")
    return ax


def save(
    figure: Figure | Axes,
    path: str | Path,
    *,
    table: pd.DataFrame | None = None,
    close: bool = False,
) -> list[Path]:
    """Write a figure as SVG and PNG, and beside them the table that it shows as CSV.

    The same figure gives the same bytes: no date, a fixed salt for ids, fixed fonts.

    Parameters
    ----------
    figure
        The figure, or any of its axes.
    path
        Where to write, without a suffix; missing folders are made.
    table
        What the figure shows; written with 6 significant digits. None writes no CSV.
    close
        Also close the figure, for scripts that make many.

    Returns
    -------
    The paths of the files, each of them whole or absent.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> ax = cx.pl.evidence_matrix(cx.signatures.evidence("irisin"))
    >>> [path.name for path in cx.pl.save(ax, "irisin")]
    ['irisin.svg', 'irisin.png']
    """
    import matplotlib.pyplot as plt

    figure = figure.figure.figure  # axes -> subfigure -> figure; a figure is its own
    base = Path(path)
    files = [base.with_name(f"{base.name}{suffix}") for suffix in (".svg", ".png")]
    with theme():
        for file in files:
            meta = {"Date": None, "Creator": None} if file.suffix == ".svg" else {"Software": None}
            with atomic(file) as temporary:
                figure.savefig(temporary, metadata=meta, bbox_inches="tight", pad_inches=0.04)
    if table is not None:
        files.append(base.with_name(f"{base.name}.csv"))
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_text(files[-1], text)
    if close:
        plt.close(figure)
    return files
