"""One look for every figure: sizes, palette, legends, truncation, and files with stable bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import pandas as pd

from ..core.files import atomic, write_text
from ..core.names import EVIDENCE_LEVELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

ONE_COLUMN = 3.5  # inches, 89 mm
TWO_COLUMNS = 7.2  # inches, 183 mm
PAGE = 9.5  # inches, the height of a page
ROW = 0.17  # inches that one row of 7-point labels needs
TIGHT_ROW = 0.11  # and the least that keeps them apart
LETTER = 0.053  # inches that a letter of a label takes
GROWS = "made by crosstalk_omics"  # label of a figure that may be made higher
LETTERS = 14  # of a title per inch of axes
SHORT = 36  # letters of a title that any axes have room for
NARROW = 4.2  # inches; in less room, text is broken into lines

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
    """Return `ax`, or the axes of a new figure of `width` x `height` inches.

    A legend that has no place right of the data makes a new figure higher, never a given one.
    """
    import matplotlib.pyplot as plt

    if ax is not None:
        return ax
    figure, ax = plt.subplots(figsize=(width, height), layout="constrained")
    figure.set_label(GROWS)
    return ax


def room(ax: Axes) -> float:
    """Width in inches that the axes have, with all that stands beside them."""
    figure, spec = ax.figure, ax.get_subplotspec()
    inches = figure.bbox.width / figure.figure.dpi
    if spec is None:
        return ax.get_position().width * inches
    part = spec.get_position(figure).width
    pars = figure.figure.subplotpars
    return inches * min(1.0, part / (pars.right - pars.left))


def beside(ax: Axes) -> float:
    """Inches that names and label of the y axis take left of the data."""
    names = ax.yaxis.get_tightbbox()
    return 0.0 if names is None else max(0.0, ax.bbox.x0 - names.x0) / ax.figure.figure.dpi


def letters(ax: Axes, share: float = 0.5, *, most: int) -> int:
    """How many letters of a name fit into this share of the width, `most` at most."""
    return max(12, min(most, int(room(ax) * share / LETTER)))


def row_room(n_rows: int, extra: float = 0.9) -> float:
    """Height in inches of a row; many rows stand closer, so that they fit a page."""
    return min(ROW, max(TIGHT_ROW, (PAGE - extra) / max(1, n_rows)))


def rows_height(n_rows: int, *, extra: float = 0.9, least: float = 1.6) -> float:
    """Height in inches of a figure with `n_rows` labelled rows."""
    return max(least, n_rows * row_room(n_rows, extra) + extra)


def shorten(text: object, length: int = 34) -> str:
    """Cut the middle out of a long name; both ends tell names apart.

    A dollar sign is escaped, since it would start a formula.
    """
    text = " ".join(str(text).split())
    if len(text) > length:
        tail = (length - 1) // 3
        text = f"{text[: length - 1 - tail].rstrip()}…{text[-tail:].lstrip()}"
    return text.replace("$", r"\$")


def split_effects(text: object) -> list[tuple[str, str]]:
    """``"bone_formation:+; muscle_mass:-"`` -> [("bone_formation", "+"), ...]."""
    if not isinstance(text, str):
        return []
    parts = [p.strip().rpartition(":") for p in text.split(";")]
    return [(effect, sign) for effect, _, sign in parts if effect]


def say(ax: Axes, *parts: str) -> None:
    """State above the axes what was left out or cannot be shown.

    Narrow axes begin it above their names, which must be there already.
    """
    from matplotlib.transforms import ScaledTranslation

    said = "; ".join(p for p in (ax.get_title(loc="left").replace("\n", " "), *parts) if p)
    width = ax.get_window_extent().width / ax.figure.figure.dpi
    look = {"loc": "left", "fontsize": 6.5, "color": "#555555"}
    if room(ax) >= NARROW or len(said) <= SHORT:
        ax.set_title(fill(said, max(SHORT, int(width * LETTERS))), **look)
        return
    title = ax.set_title(fill(said, letters(ax, 0.95, most=99)), **look)
    shift = ScaledTranslation(-max(0.0, beside(ax) - 0.06), 0, ax.figure.figure.dpi_scale_trans)
    title.set_transform(ax.transAxes + ax.titleOffsetTrans + shift)


def name_x(ax: Axes, text: str) -> None:
    """Label the x axis; where it is short, on several lines and with few ticks."""
    ax.set_xlabel(fill(text, 26) if room(ax) < NARROW else text)
    if room(ax) < NARROW:
        ax.locator_params(axis="x", nbins=4)


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
