"""Volcano plots, and names beside points that never hide each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from .legend import dot, legend_outside
from .theme import (
    DOWN,
    GREY,
    UP,
    empty,
    new_axes,
    say,
    shorten,
    themed,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

RAW_P = 0.05  # shown where no adjusted p-value is given
LABEL_STEPS = 300  # a number of steps, not a time: the same labels on any machine
MOST_LABELS = 25  # more push each other away from their points
NEAR = 5  # pixels; a name farther from its point gets a line to it
PLAIN = "#B0B0B0"


def label_points(ax: Axes, x: pd.Series, y: pd.Series, names: list[str]) -> int:
    """Put names beside the first of the points; return how many found a place.

    They are moved until none hides another; one that still would is left out.
    """
    from adjustText import adjust_text
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=1.8, foreground="white")]
    texts = [
        ax.text(*at, name, fontsize=6, path_effects=halo, zorder=5)
        for *at, name in zip(x.head(len(names)), y.head(len(names)), names, strict=True)
    ]
    if not texts:
        return 0
    ax.figure.figure.draw_without_rendering()  # of a subfigure: the whole figure
    adjust_text(
        texts, x=list(x), y=list(y), ax=ax, iter_lim=LABEL_STEPS,
        expand=(1.2, 1.5), force_text=(0.3, 0.5),
    )  # fmt: skip
    points = ax.transData.transform(np.column_stack([x, y])[: len(texts)])
    return _keep_apart(ax, texts, points)


def _keep_apart(ax: Axes, texts: list[Text], points: np.ndarray) -> int:
    """Remove what hides an earlier name or leaves the axes; join the rest to its points."""
    kept = []
    inside = ax.get_window_extent().padded(2)
    for text, point in zip(texts, points, strict=True):
        box = text.get_window_extent()
        apart = not any(box.padded(-0.5).overlaps(other) for other in kept)
        if not (apart and inside.containsx(box.x0) and inside.containsx(box.x1)):
            text.remove()
            continue
        kept.append(box)
        nearest = np.clip(point, box.min, box.max)
        if np.hypot(*(nearest - point)) > NEAR:
            ends = ax.transData.inverted().transform([point, nearest])
            ax.plot(*ends.T, color="#555555", lw=0.5, zorder=4)
    return len(kept)


@themed
def volcano(
    table: pd.DataFrame,
    *,
    effect: str = "logfc_ligand",
    pvalue: str = "p_ligand",
    padj: str | None = None,
    label: str = "ligand_complex",
    xlabel: str | None = None,
    top: int = 15,
    fdr: float = 0.1,
    width: float = 4.4,
    ax: Axes | None = None,
) -> Axes:
    """Change of secreted factors between two conditions against its p-value.

    Parameters
    ----------
    table
        One row per factor, or the result of `cx.tl.crosstalk_contrast` or
        `cx.tl.crosstalk_paired`, of which each test is drawn once.
    effect, pvalue, padj, label
        Columns: log2 fold change, raw p-value, adjusted p-value (None: colours mark a raw
        p-value up to 0.05, and the legend says so) and name; a column `feature`, with what
        the ligand was correlated, is added to the name.
    xlabel
        What `effect` is, for the axis; None takes the column's name, or log2 fold change.
    top
        How many points to label at most, by p-value; no more than have a place.
    fdr
        Points at or below this adjusted p-value are coloured by their sign.
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
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> genes = cx.tl.contrast_genes(
    ...     cx.pp.pseudobulk(muscle, groupby=None), condition="condition", reference="control"
    ... )
    >>> ax = cx.pl.volcano(genes, effect="logfc", pvalue="pvalue", label="gene")
    """
    check_columns(table, [effect, pvalue, label, *([padj] if padj else [])], "table")
    keys = [label, effect, pvalue, *(c for c in ("feature", "source", "contrast") if c in table)]
    rows = table.drop_duplicates(keys).dropna(subset=[effect, pvalue])
    if rows.empty:
        return empty(ax, "no factor was tested between the conditions")
    ax = new_axes(ax, width=width, height=3.2)
    y = -np.log10(rows[pvalue].clip(lower=1e-300))
    called = rows[padj] <= fdr if padj else rows[pvalue] <= RAW_P
    colours = np.where(called, np.where(rows[effect] > 0, UP, DOWN), PLAIN)
    ax.scatter(rows[effect], y, c=colours, s=12, linewidths=0, alpha=0.85)
    widest = float(rows[effect].abs().max()) * 1.15 or 1.0
    ax.axvline(0, color=GREY, lw=0.6, ls=":")
    ax.set(xlim=(-widest, widest), ylim=(0, float(y.max()) * 1.12 + 0.1))
    ax.locator_params(axis="x", nbins=6)
    named = "log2 fold change" if "logfc" in effect else effect.replace("_", " ")
    ax.set(xlabel=xlabel or named, ylabel="\N{MINUS SIGN}log10 p")
    limit = f"FDR ≤ {fdr:g}" if padj else f"raw p ≤ {RAW_P:g}"
    _volcano_legend(ax, limit, rows.loc[called, effect], signed="logfc" not in effect)
    best = rows.loc[rows[pvalue].sort_values(kind="stable").index[: top * 4]]
    names = _point_names(best, label)[: min(top, MOST_LABELS)]
    label_points(ax, best[effect], y[best.index], names)
    say(ax, f"{len(rows):,} tested, {int(called.sum()):,} with {limit}")
    return ax


def _volcano_legend(ax: Axes, limit: str, called: pd.Series, *, signed: bool) -> None:
    up, down = ("above 0", "below 0") if signed else ("higher", "lower")
    entries = [dot(up, UP)] if (called > 0).any() else []
    entries += [dot(down, DOWN)] if (called <= 0).any() else []
    entries.append(dot("all others", PLAIN))
    legend_outside(ax, {limit if len(entries) > 1 else f"none with {limit}": entries})


def _point_names(rows: pd.DataFrame, label: str) -> list[str]:
    """Names of the points, with the sending group where a name stands for several."""
    names = [shorten(n, 20) for n in rows[label]]
    if "feature" in rows and label == "ligand_complex":
        names = [f"{n}, {shorten(f, 20)}" for n, f in zip(names, rows["feature"], strict=True)]
    if "source" not in rows or len(set(rows["source"])) == 1:
        return names
    groups = zip(names, rows["source"], strict=True)
    return [f"{n} ({shorten(s, 14)})" if names.count(n) > 1 else n for n, s in groups]
