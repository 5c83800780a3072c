"""Who could speak to whom: layers of a network, and a circle of groups."""

from __future__ import annotations

from itertools import pairwise
from textwrap import fill
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
    empty,
    legend_outside,
    line,
    new_axes,
    rows_height,
    say,
    shorten,
    split_effects,
    themed,
    top_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


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
    """
    check_columns(table, NEEDED, "table")
    rows = drawable(table)
    shown = rows.head(top)
    if shown.empty:
        return empty(ax, "no pair was measured on both sides")
    graph = _layers(shown, effects and "effects" in shown)
    place = _places(graph)
    tallest = max(sum(1 for n in graph if n[0] == k) for k in range(5))
    ax = new_axes(ax, width=TWO_COLUMNS, height=rows_height(tallest, extra=0.8, least=2.2))
    _draw_layers(ax, graph, place)
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
    say(ax, top_of(len(shown), len(rows), "candidates; line width: magnitude"))
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


def _places(graph: Any) -> dict[tuple[int, str], tuple[float, float]]:
    """Layers from left to right; within a layer by the mean height of the layer before."""
    place: dict[tuple[int, str], tuple[float, float]] = {}
    for layer in range(5):
        nodes = [n for n in graph if n[0] == layer]
        heights = {n: [place[p][1] for p in graph.predecessors(n)] or [0.0] for n in nodes}
        nodes.sort(key=lambda n: -float(np.mean(heights[n])))
        for i, node in enumerate(nodes):
            place[node] = (layer, 1 - (i + 0.5) / len(nodes))
    return place


def _draw_layers(ax: Axes, graph: Any, place: dict[tuple[int, str], tuple[float, float]]) -> None:
    import networkx as nx

    edges = list(graph.edges(data=True))
    nx.draw_networkx_edges(
        graph, place, edgelist=[e[:2] for e in edges], ax=ax, arrows=True, arrowstyle="-",
        edge_color=[e[2]["colour"] for e in edges], width=[e[2]["width"] for e in edges],
        style=["--" if e[2]["sign"] else "-" for e in edges], node_size=0, alpha=0.75,
    )  # fmt: skip
    box = {"boxstyle": "round,pad=0.2", "fc": "white", "ec": "#BBBBBB", "lw": 0.4}
    for node, (x, y) in place.items():
        text = fill(shorten(node[1], 40), 22) if node[0] in (0, 3) else shorten(node[1], 20)
        ax.text(x, y, text, ha="center", va="center", fontsize=6.2, bbox=box)
    titles = ["sending group", "ligand", "receptor", "receiving group", "effect (curated)"]
    last = max(n[0] for n in graph)
    for x, title in enumerate(titles[: last + 1]):
        ax.text(x, 1.03, title, ha="center", va="bottom", weight="bold")
    ax.set(xlim=(-0.45, last + 0.45), ylim=(-0.02, 1.1))
    ax.set_axis_off()


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
    except ImportError as error:
        msg = "The chord diagram needs pycirclize: `pip install crosstalk_omics[circos]`."
        raise InputError(msg) from error
    rows = drawable(table)
    shown = rows.head(top)
    if shown.empty:
        msg = "No candidate was measured on both sides, so there is nothing to join."
        raise InputError(msg)
    tissue = _tissues(shown)
    groups = sorted(tissue, key=lambda g: list(tissue.values()).index(tissue[g]))
    kinds = list(dict.fromkeys(tissue[g] for g in groups))
    matrix = pd.crosstab(shown["source"], shown["target"]).reindex(
        index=groups, columns=groups, fill_value=0
    )
    names = {g: shorten(g, 26) for g in groups}
    circos = Circos.chord_diagram(
        matrix.rename(index=names, columns=names),
        space=3,
        cmap={names[g]: PALETTE[kinds.index(tissue[g]) % len(PALETTE)] for g in groups},
        label_kws={"size": 7, "orientation": "vertical"},
        link_kws={"direction": 1, "alpha": 0.6},
    )
    figure = circos.plotfig(figsize=(TWO_COLUMNS, TWO_COLUMNS))
    note = top_of(len(shown), len(rows), "candidates") or f"{len(shown)} candidates"
    figure.text(0.5, 1.03, f"{note}; width: number of pairs", ha="center", va="bottom", size=7)
    return figure


def _tissues(shown: pd.DataFrame) -> dict[str, str]:
    """Tissue of each group, in the order of appearance; the group itself where none is named."""
    found: dict[str, str] = {}
    for side in ("source", "target"):
        tissues = shown.get(f"{side}_tissue", shown[side])
        found = {**dict(zip(shown[side], tissues, strict=True)), **found}
    return found
