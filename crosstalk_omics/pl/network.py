"""Who could speak to whom: layers of a network, and a circle of groups."""

from __future__ import annotations

from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from ..core.errors import InputError
from ..core.names import EVIDENCE_LEVELS
from .crosstalk import NEEDED, drawable, evidence_of
from .theme import (
    DOWN,
    EVIDENCE_COLOURS,
    GREY,
    PALETTE,
    TWO_COLUMNS,
    UP,
    dot,
    empty,
    legend_outside,
    line,
    new_axes,
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
SWEEPS = 6
SHORT = 90.0  # radius, of 100, at which a ribbon ends at its receiver


@themed
def crosstalk_network(
    table: pd.DataFrame, *, top: int = 20, effects: bool = True, ax: Axes | None = None
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
    ax
        Axes to draw into; None makes a figure of two columns.

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
    tallest = max(sum(map(_room, layer)) for layer in layers)
    ax = new_axes(ax, width=TWO_COLUMNS, height=max(2.4, tallest + 0.6))
    levels = evidence_of(shown)
    lines = [line(lv.replace("_", " "), EVIDENCE_COLOURS[lv]) for lv in EVIDENCE_LEVELS
             if (levels == lv).any()]  # fmt: skip
    signs = {d["sign"] for *_, d in graph.edges(data=True)} - {""}
    named = {
        "+": line("raises", UP, "--"),
        "-": line("lowers", DOWN, "--"),
        "?": line("both", GREY, "--"),
    }
    legend_outside(ax, {"evidence": lines, "effect": [v for k, v in named.items() if k in signs]})
    known = "effects: from the literature, not tested" if len(layers) > 4 else ""
    say(ax, top_of(len(shown), len(rows), "candidates"), "line width: magnitude", known)
    _draw_layers(ax, graph, layers, tallest)
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


def _lines(node: Node) -> list[str]:
    """Text of a node; only names of groups and effects may be broken into lines."""
    if node[0] in (1, 2):
        return [shorten(node[1], 20)]
    return wrap(shorten(node[1].replace("_", " "), 40), 16)


def _room(node: Node) -> float:
    """Height in inches that the box of a node needs."""
    return 0.1 * len(_lines(node)) + 0.08


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


def _draw_layers(ax: Axes, graph: Any, layers: list[list[Node]], tallest: float) -> None:
    """Boxes in columns, joined by curves from the edge of one box to the edge of the next."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    ax.set_axis_off()
    top = tallest + 0.22  # the titles of the columns stand above the boxes
    ax.set(xlim=(0, 1), ylim=(0, top))
    ax.figure.figure.draw_without_rendering()
    texts = _boxes(ax, layers, tallest)
    wide = {n: t.get_window_extent().width / ax.bbox.width for n, t in texts.items()}
    columns = [max(wide[n] for n in layer) for layer in layers]
    gap = max(0.0, 1 - sum(columns)) / max(1, len(layers) - 1)
    middle = np.cumsum([c + gap for c in columns]) - gap - np.array(columns) / 2
    for node, text in texts.items():
        text.set_x(middle[node[0]])
    for x, title in zip(middle, TITLES, strict=False):
        ax.text(x, top, title, ha="center", va="top", weight="bold")
    for one, two, look in graph.edges(data=True):
        x0, x1 = middle[one[0]] + wide[one] / 2, middle[two[0]] - wide[two] / 2
        y0, y1 = texts[one].get_position()[1], texts[two].get_position()[1]
        ends = [(x0, y0), ((x0 + x1) / 2, y0), ((x0 + x1) / 2, y1), (x1, y1)]
        curve = Path(ends, [Path.MOVETO, *[Path.CURVE4] * 3])
        ax.add_patch(
            PathPatch(curve, fc="none", ec=look["colour"], lw=look["width"], alpha=0.75,
                      ls="--" if look["sign"] else "-", capstyle="butt")
        )  # fmt: skip


def _boxes(ax: Axes, layers: list[list[Node]], tallest: float) -> dict[Node, Text]:
    """Text of each node at its height, spread over the height that there is."""
    box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": "#BBBBBB", "lw": 0.4}
    texts = {}
    for layer in layers:
        spare = (tallest - sum(map(_room, layer))) / len(layer)
        y = tallest
        for node in layer:
            half = (_room(node) + spare) / 2
            texts[node] = ax.text(0.5, y - half, "\n".join(_lines(node)), ha="center",
                                  va="center", fontsize=6.2, bbox=box)  # fmt: skip
            y -= 2 * half
    return texts


@themed
def crosstalk_chord(table: pd.DataFrame, *, top: int = 100) -> Figure:
    """Circle of sending and receiving groups; a ribbon's width counts the candidates.

    Groups of one tissue stand together and share a colour; without tissues each has its own.

    Parameters
    ----------
    table
        Result of `cx.tl.crosstalk`, in its order; several tables may be stacked.
    top
        How many of the first candidates to count.

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
        sector.text(shorten(names[sector.name], 30), size=6.5, orientation="vertical")
    for sender, receiver in parsed.to_links():
        colour = colours[sender[0]]
        circos.link(sender, receiver, r2=SHORT, color=colour, alpha=0.55, ec="white", lw=0.2)
    figure = circos.plotfig(figsize=(TWO_COLUMNS, TWO_COLUMNS + 0.3))
    figure.set_layout_engine("tight", rect=(0, 0, 1, 0.95))
    note = top_of(len(shown), len(rows), "candidates") or f"{len(shown)} candidates"
    note += "; width: number of pairs; ribbons have the sender's colour and stop short of the "
    figure.text(0.5, 0.99, note + "receiver", ha="center", va="top", size=6.5, color="#555555")
    if len(kinds) < len(groups):
        handles = [dot(k, PALETTE[i % len(PALETTE)], marker="s") for i, k in enumerate(kinds)]
        figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, 0.97), borderaxespad=0)
    return figure


def _tissues(shown: pd.DataFrame) -> dict[str, str]:
    """Tissue of each group, in the order of appearance; the group itself where none is named."""
    found: dict[str, str] = {}
    for side in ("source", "target"):
        tissues = shown.get(f"{side}_tissue", shown[side])
        found = {**dict(zip(shown[side], tissues, strict=True)), **found}
    return found
