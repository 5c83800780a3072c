"""Who could speak to whom: layers of a network, and a circle of groups."""

from __future__ import annotations

import re
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from ..core.errors import InputError
from ..core.names import EVIDENCE_LEVELS
from .crosstalk import NEEDED, drawable, evidence_of
from .legend import dot, legend_outside, line
from .theme import (
    DOWN,
    EVIDENCE_COLOURS,
    GREY,
    LETTER,
    NARROW,
    PALETTE,
    TWO_COLUMNS,
    UP,
    empty,
    new_axes,
    room,
    say,
    shorten,
    split_effects,
    themed,
    top_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text


Node = tuple[int, str]  # layer, name
TITLES = ("sending group", "ligand", "receptor", "receiving group", "curated effect")
LEGEND = 0.9  # inches of a legend beside the layers
BOXED = 0.049  # inches of a letter in a box
BETWEEN = 0.14  # inches between two layers
COMPLEXES = (1, 2)  # layers of ligands and receptors
SHORTEST = 6  # letters of a line of a name
SWEEPS = 6
SHORT = 90.0  # radius, of 100, at which a ribbon ends at its receiver


@themed
def crosstalk_network(
    table: pd.DataFrame,
    *,
    top: int = 20,
    effects: bool = True,
    width: float = TWO_COLUMNS,
    ax: Axes | None = None,
) -> Axes:
    """Layers from sending group over ligand and receptor to receiving group and effect.

    Parameters
    ----------
    table
        Result of `cx.tl.crosstalk`, in its order: the first candidates are drawn.
    top
        How many candidates to show at most.
    effects
        Add the curated effects on the target as a fifth layer, where the table has them.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> candidates = cx.tl.crosstalk(muscle, bone, groupby="cell_type")
    >>> ax = cx.pl.crosstalk_network(candidates, top=10)
    """
    check_columns(table, NEEDED, "table")
    rows = drawable(table)
    shown = rows.head(top)
    if shown.empty:
        return empty(ax, "no pair was measured on both sides")
    graph = _layers(shown, effects and "effects" in shown)
    layers = _ordered(graph)
    given = room(ax) if ax else width
    beside = LEGEND if given >= NARROW else 0.0
    free = given - beside - 0.1 - BETWEEN * len(layers)
    most = _letters(layers, int(free / BOXED))
    lines = {node: _lines(node, most[node[0]]) for node in graph}
    tallest = max(sum(_height(lines[node]) for node in layer) for layer in layers)
    ax = new_axes(ax, width=width, height=max(2.4, tallest + 0.6))
    ax.set(xticks=[], yticks=[])
    levels = evidence_of(shown)
    known = [line(lv.replace("_", " "), EVIDENCE_COLOURS[lv]) for lv in EVIDENCE_LEVELS
             if (levels == lv).any()]  # fmt: skip
    signs = {d["sign"] for *_, d in graph.edges(data=True)} - {""}
    named = {
        "+": line("raises", UP, "--"),
        "-": line("lowers", DOWN, "--"),
        "?": line("both", GREY, "--"),
    }
    entries = {"evidence": known, "effect": [v for k, v in named.items() if k in signs]}
    legend_outside(ax, entries, least=NARROW - LEGEND)
    note = "effects: from the literature, not tested" if len(layers) > 4 else ""
    say(ax, top_of(len(shown), len(rows), "candidates"), "line width: magnitude", note)
    _draw_layers(ax, graph, layers, lines)
    return ax


def _layers(shown: pd.DataFrame, effects: bool) -> Any:
    """Directed graph of the candidates; a node is (layer, name)."""
    import networkx as nx

    graph = nx.DiGraph()
    levels = evidence_of(shown)
    for (_, row), level in zip(shown.iterrows(), levels, strict=True):
        chain = [row["source"], row["ligand_complex"], row["receptor_complex"], row["target"]]
        nodes = [(k, str(name)) for k, name in enumerate(chain)]
        look = {"colour": EVIDENCE_COLOURS[level], "width": 0.4 + 1.8 * row["magnitude_gmean"]}
        for edge in pairwise(nodes):
            if not graph.has_edge(*edge):
                graph.add_edge(*edge, sign="", **look)
        for effect, sign in split_effects(row["effects"]) if effects else ():
            colour = {"+": UP, "-": DOWN}.get(sign, GREY)
            edge = (nodes[3], (4, effect.replace("_", " ")))
            if graph.has_edge(*edge) and graph.edges[edge]["sign"] != sign:
                sign, colour = "?", GREY
            graph.add_edge(*edge, sign=sign, colour=colour, width=0.8)
    return graph


def _words(node: Node) -> list[str]:
    """Parts of a name that stay whole: words, and the genes of a complex."""
    name = shorten(node[1].replace("_", " "), 20 if node[0] in COMPLEXES else 40)
    return re.split(r"(?<=[+|])" if node[0] in COMPLEXES else r" |(?<=-)", name)


def _letters(layers: list[list[Node]], total: int) -> list[int]:
    """How many of the letters that fit side by side each layer gets: its longest word first."""
    found = [max(len(word) for node in layer for word in _words(node)) for layer in layers]
    most = [20 if i in COMPLEXES else 16 for i in range(len(layers))]
    while sum(found) > total and max(found) > SHORTEST:
        found[found.index(max(found))] -= 1
    while sum(found) < total and (short := [i for i, n in enumerate(found) if n < most[i]]):
        found[min(short, key=found.__getitem__)] += 1
    return found


def _lines(node: Node, most: int) -> list[str]:
    """Text of a node in lines of so many letters."""
    lines = [""]
    for word in _words(node):
        gap = " " if lines[-1] and lines[-1][-1] not in "+|-" else ""
        if lines[-1] and len(lines[-1] + gap + word) > most:
            lines.append("")
            gap = ""
        lines[-1] += gap + shorten(word, most)
    return lines


def _height(lines: list[str]) -> float:
    """Height in inches that the box of a node needs."""
    return 0.1 * len(lines) + 0.08


def _ordered(graph: Any) -> list[list[Node]]:
    """Nodes of each layer, turned until neighbours stand as high as they can."""
    layers = [[n for n in graph if n[0] == k] for k in range(1 + max(n[0] for n in graph))]
    for step in range(SWEEPS):
        forth = step % 2 == 0
        height = {n: i / len(layer) for layer in layers for i, n in enumerate(layer)}
        for layer in layers[1:] if forth else layers[-2::-1]:
            near = graph.predecessors if forth else graph.successors
            mean = {n: np.mean([height[m] for m in near(n)] or [height[n]]) for n in layer}
            layer.sort(key=mean.__getitem__)
            height |= {n: i / len(layer) for i, n in enumerate(layer)}
    return layers


def _draw_layers(
    ax: Axes, graph: Any, layers: list[list[Node]], lines: dict[Node, list[str]]
) -> None:
    """Boxes in columns, joined by curves from the edge of one box to the edge of the next."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    ax.set_axis_off()
    titles = [wrap(title, 16 if room(ax) >= NARROW else 9) for title in TITLES]
    tallest = max(sum(_height(lines[node]) for node in layer) for layer in layers)
    top = tallest + 0.1 * max(map(len, titles)) + 0.12  # the titles stand above the boxes
    ax.set(xlim=(0, 1), ylim=(0, top))
    ax.figure.figure.draw_without_rendering()
    texts = _boxes(ax, layers, lines, tallest)
    wide = {n: t.get_window_extent().width / ax.bbox.width for n, t in texts.items()}
    columns = [max(wide[n] for n in layer) for layer in layers]
    gap = max(0.0, 1 - sum(columns)) / max(1, len(layers) - 1)
    middle = np.cumsum([c + gap for c in columns]) - gap - np.array(columns) / 2
    for node, text in texts.items():
        text.set_x(middle[node[0]])
    for x, title in zip(middle, titles, strict=False):
        ax.text(x, top, "\n".join(title), ha="center", va="top", weight="bold")
    for one, two, look in graph.edges(data=True):
        x0, x1 = middle[one[0]] + wide[one] / 2, middle[two[0]] - wide[two] / 2
        y0, y1 = texts[one].get_position()[1], texts[two].get_position()[1]
        ends = [(x0, y0), ((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (x1, y1)]
        curve = Path(ends, [Path.MOVETO, *[Path.CURVE4] * 3])
        ax.add_patch(
            PathPatch(curve, fc="none", ec=look["colour"], lw=look["width"], alpha=0.75,
                      ls="--" if look["sign"] else "-", capstyle="butt")
        )  # fmt: skip


def _boxes(
    ax: Axes, layers: list[list[Node]], lines: dict[Node, list[str]], tallest: float
) -> dict[Node, Text]:
    """Text of each node at its height, spread over the height that there is."""
    box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": "#BBBBBB", "lw": 0.4}
    texts = {}
    for layer in layers:
        spare = (tallest - sum(_height(lines[node]) for node in layer)) / len(layer)
        y = tallest
        for node in layer:
            half = (_height(lines[node]) + spare) / 2
            texts[node] = ax.text(0.5, y - half, "\n".join(lines[node]), ha="center",
                                  va="center", fontsize=6.2, bbox=box)  # fmt: skip
            y -= 2 * half
    return texts


@themed
def crosstalk_chord(table: pd.DataFrame, *, top: int = 100, width: float = TWO_COLUMNS) -> Figure:
    """Circle of sending and receiving groups; a ribbon's width counts the candidates.

    Groups of one tissue stand together and share a colour; without tissues each has its own.

    Parameters
    ----------
    table
        Result of `cx.tl.crosstalk`, in its order; several tables may be stacked.
    top
        How many of the first candidates to count.
    width
        Inches of the figure, such as `cx.pl.ONE_COLUMN`.

    Returns
    -------
    The figure.

    Raises
    ------
    InputError
        pycirclize is not installed, or no candidate was measured on both sides.
    """
    check_columns(table, NEEDED, "table")
    try:
        from pycirclize import Circos
        from pycirclize.parser import Matrix
    except ImportError as error:
        msg = "The chord diagram needs pycirclize: `pip install crosstalk_omics[circos]`."
        raise InputError(msg) from error
    rows = drawable(table)
    names = dict(zip(rows["source"], drawable(table, prefix=False)["source"], strict=True))
    names |= dict(zip(rows["target"], drawable(table, prefix=False)["target"], strict=True))
    shown = rows.head(top)
    if shown.empty:
        msg = "No candidate was measured on both sides, so there is nothing to join."
        raise InputError(msg)
    tissue = _tissues(shown)
    kinds = list(dict.fromkeys(tissue.values()))
    groups = sorted(tissue, key=lambda g: kinds.index(tissue[g]))
    colours = {g: PALETTE[kinds.index(tissue[g]) % len(PALETTE)] for g in groups}
    matrix = pd.crosstab(shown["source"], shown["target"]).reindex(
        index=groups, columns=groups, fill_value=0
    )
    parsed = Matrix(matrix)
    circos = Circos(parsed.to_sectors(), space=min(3.0, 200 / len(groups)))
    for sector in circos.sectors:
        sector.add_track((96, 100)).axis(fc=colours[sector.name], lw=0)
        name = shorten(names[sector.name], 30 if width >= NARROW else 18)
        sector.text(name, size=6.5, orientation="vertical")
    for sender, receiver in parsed.to_links():
        colour = colours[sender[0]]
        circos.link(sender, receiver, r2=SHORT, color=colour, alpha=0.55, ec="white", lw=0.2)
    note = top_of(len(shown), len(rows), "candidates") or f"{len(shown)} candidates"
    note += "; width: number of pairs; ribbons have the sender's colour and stop short of the "
    figure = circos.plotfig(figsize=(width, width))
    _write_above(figure, note + "receiver", kinds if len(kinds) < len(groups) else [])
    return figure


def _write_above(figure: Figure, note: str, kinds: list[str]) -> None:
    """Make room above the circle for what it shows and for the colours of the tissues."""
    width = figure.get_figwidth()
    lines = wrap(note, int(width / LETTER))
    above = 0.12 * len(lines) + 0.16
    figure.set_figheight(width + above)
    place = 1 - above / (width + above)
    figure.set_layout_engine("tight", rect=(0, 0, 1, place))
    figure.text(0.5, 0.99, "\n".join(lines), ha="center", va="top", size=6.5, color="#555555")
    if kinds:
        handles = [dot(k, PALETTE[i % len(PALETTE)], marker="s") for i, k in enumerate(kinds)]
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, place), borderaxespad=0)


def _tissues(shown: pd.DataFrame) -> dict[str, str]:
    """Tissue of each group, in the order of appearance; the group itself where none is named."""
    found: dict[str, str] = {}
    for side in ("source", "target"):
        tissues = shown.get(f"{side}_tissue", shown[side])
        found = {**dict(zip(shown[side], tissues, strict=True)), **found}
    return found
