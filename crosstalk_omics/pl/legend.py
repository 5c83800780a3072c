"""Legends that never stand on the data: right of it, or below where the figure is narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .theme import GROWS, beside, room

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

LEAST = 1.6  # inches of data that a legend leaves beside itself
GAP = 0.16  # inches between two sections below the data
EDGE = 0.1  # inches that stay free at the border of the figure
CROWD = 40  # entries that stand closer
MANY = 6  # entries that a section below the data puts in several columns
LOOK = {"loc": "upper left", "borderaxespad": 0, "handletextpad": 0.3}


def legend_outside(
    ax: Axes, sections: Mapping[str, Sequence[Artist]], *, x: float = 1.02, least: float = LEAST
) -> None:
    """Put a legend right of the data, or below where that leaves it less than `least` inches.

    Each section is a heading with its entries. Names beside the data and the label below it
    must be there already.
    """
    sections = {title: list(entries) for title, entries in sections.items() if entries}
    for handle in (h for entries in sections.values() for h in entries):
        if str(handle.get_label()).startswith("_"):  # a legend would leave it out
            handle.set_label(f" {handle.get_label()}")
    figure, names = ax.figure.figure, beside(ax)
    legend = _right(ax, sections, x)
    size = legend.get_window_extent()
    if room(ax) - names - size.width / figure.dpi - EDGE < least:
        legend.remove()
        _below(ax, sections, -names)
    elif figure.get_label() == GROWS:
        figure.set_figheight(max(figure.get_figheight(), size.height / figure.dpi + 0.45))


def _space(n_entries: int) -> float:
    """Space between lines, in letters; many stand closer, so that they fit a page."""
    return 0.55 if n_entries <= CROWD else 0.15


def _right(ax: Axes, sections: Mapping[str, list[Artist]], x: float) -> Legend:
    """One legend, in which the headings are entries without a picture."""
    handles: list[Artist] = []
    for title, entries in sections.items():
        gap = [written(" ")] if handles else []
        handles += [*gap, written(title), *entries]
    space = _space(len(handles))
    legend = ax.legend(handles=handles, bbox_to_anchor=(x, 1.0), labelspacing=space, **LOOK)
    _start_lines(legend, handles)
    for text in legend.get_texts():
        if text.get_text() in sections:
            text.set_weight("bold")
        elif not text.get_text().strip():
            text.set_fontsize(2)
    return legend


def _below(ax: Axes, sections: Mapping[str, list[Artist]], left: float) -> None:
    """Sections side by side below the data as far as they fit, more of them below these."""
    from matplotlib.transforms import ScaledTranslation

    figure = ax.figure.figure
    from_corner = figure.dpi_scale_trans + ScaledTranslation(0, 0, ax.transAxes)
    labels = ax.xaxis.get_tightbbox()
    start = 0.0 if labels is None else min(0.0, (labels.y0 - ax.bbox.y0) / figure.dpi)
    x, right = left, left + room(ax) - EDGE
    top = low = start - GAP / 2
    for title, entries in sections.items():
        legend = _section(ax, title, entries, right - left)
        size = legend.get_window_extent()
        if x > left and x + size.width / figure.dpi > right:
            x, top = left, low - GAP
        legend.set_bbox_to_anchor((x, top), from_corner)
        x += size.width / figure.dpi + GAP
        low = min(low, top - size.height / figure.dpi)
    if figure.get_label() == GROWS:
        figure.set_figheight(figure.get_figheight() + start - low)


def _section(ax: Axes, title: str, entries: list[Artist], most: float) -> Legend:
    """One heading with its entries, many of them in as many columns as fit."""
    from matplotlib.legend import Legend

    look = {**LOOK, "title": title, "alignment": "left", "borderpad": 0, "columnspacing": 1.0}
    look["labelspacing"] = _space(len(entries))
    for columns in (3, 2, 1) if len(entries) > MANY else (1,):
        legend = Legend(ax, entries, [h.get_label() for h in entries], ncols=columns, **look)
        _start_lines(legend, entries)
        if legend.get_window_extent().width / ax.figure.figure.dpi <= most:
            break
    legend.get_title().set_weight("bold")
    ax.add_artist(legend)
    legend.set_clip_on(False)  # what the axes clip, the layout does not count
    return legend


def _start_lines(legend: Legend, handles: list[Artist]) -> None:
    """Let the text start the line where nothing is drawn before it."""
    from matplotlib.offsetbox import VPacker

    columns = legend.findobj(VPacker)[:-1]
    lines = [row for column in columns for row in column.get_children()]
    for handle, row in zip(handles, lines, strict=True):
        if handle.get_marker() == "None" and handle.get_linestyle() == "None":
            row.get_children()[0].set_width(0)


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
