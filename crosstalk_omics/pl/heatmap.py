"""Heat map of scores, whose rows and columns are named as long as there is room."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.checks import check_columns, check_one_of
from .theme import (
    DIVERGING,
    GREY,
    LETTER,
    NARROW,
    PALETTE,
    SEQUENTIAL,
    SHORT,
    TWO_COLUMNS,
    row_room,
    shorten,
    themed,
    top_of,
)

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.figure import Figure

CELL = 0.085  # inches of a column that is named
LEGEND_FONT = {"title_fontproperties": {"size": 6.5, "weight": "bold"}, "fontsize": 6.5}


@themed
def score_heatmap(
    adata: AnnData,
    key: str = "score_ucell",
    groupby: str | None = "cell_type",
    *,
    annotate: str | None = None,
    standardise: bool = True,
    top: int = 50,
    width: float = TWO_COLUMNS,
) -> Figure:
    """Heatmap of scores: signatures in rows, groups (their mean) in columns.

    Parameters
    ----------
    adata
        Scored by `cx.tl.score`.
    key
        `obsm` key of the scores.
    groupby
        `obs` column whose groups become columns; None draws every observation.
    annotate
        `obs` column drawn as a strip of colours above, e.g. `"condition"`; a group that has
        several values of it is left grey.
    standardise
        Subtract each signature's mean over the columns and divide by its standard deviation;
        with one or two columns the means themselves are shown.
    top
        How many signatures to show at most: those that vary most.
    width
        Inches that the figure may take at most, such as `cx.pl.ONE_COLUMN`.

    Returns
    -------
    The figure; its size follows rows and columns.

    Raises
    ------
    InputError
        The scores or a named `obs` column are not there.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> cx.tl.score(muscle, cx.signatures.load("myokine"), "ucell")
    >>> figure = cx.pl.score_heatmap(muscle, "score_ucell", "cell_type")
    """
    scores, strip = _group_means(adata, key, groupby, annotate)
    scores = scores.loc[scores.notna().any(axis=1)]
    standardise = standardise and len(scores) > 2  # of two columns, each is 0.7 SD away
    spread = scores.std().sort_values(ascending=False, kind="stable")
    if standardise and (spread > 0).any():
        spread = spread[spread > 0]
    shown = scores[spread.index[:top]].T
    constant = scores.shape[1] - len(spread)
    note = top_of(len(shown), len(spread), "signatures, by variance")
    left_out = f"{constant} without a difference between columns left out" if constant else ""
    note = "; ".join(filter(None, (note, left_out)))
    values = shown
    if standardise:
        deviation = values.std(axis=1).replace(0, np.nan)
        values = values.sub(values.mean(axis=1), axis=0).div(deviation, axis=0).fillna(0)
    mean = "its mean" if width < NARROW else "the signature's mean"
    label = f"score, SD from\n{mean}" if standardise else "mean score"
    return _draw_heatmap(values, strip, label, note, diverging=standardise, width=width)


def _group_means(
    adata: AnnData, key: str, groupby: str | None, annotate: str | None
) -> tuple[pd.DataFrame, pd.Series | None]:
    """Mean score per group, and what to annotate the group with."""
    check_one_of(key, list(adata.obsm), "key")
    check_columns(adata.obs, [c for c in (groupby, annotate) if c], "adata.obs")
    scores = adata.obsm[key]
    strip = adata.obs[annotate].astype(object) if annotate else None
    if groupby is None:
        return scores, strip
    groups = adata.obs[groupby].astype(object)
    if strip is not None:
        one = strip.groupby(groups).nunique() == 1  # noqa: PD101
        strip = strip.groupby(groups).first().where(one, "several")
    return scores.groupby(groups).mean(), strip


def _level_colours(strip: pd.Series) -> tuple[np.ndarray, dict[str, str]]:
    levels = strip.astype(str).to_numpy()
    colours = dict(zip(sorted(set(levels)), PALETTE * 9, strict=False))
    return levels, colours | ({"several": GREY} if "several" in colours else {})


def _draw_heatmap(
    values: pd.DataFrame,
    strip: pd.Series | None,
    label: str,
    note: str,
    *,
    diverging: bool,
    width: float,
) -> Figure:
    """Draw signatures in rows, or in columns where only that leaves room for all names."""
    import matplotlib.pyplot as plt

    limit = float(np.nanpercentile(np.abs(values), 99)) or 1.0
    colours = {"cmap": DIVERGING, "vmin": -limit, "vmax": limit} if diverging else {
        "cmap": SEQUENTIAL, "vmin": float(np.nanmin(values)), "vmax": float(np.nanmax(values)),
    }  # fmt: skip
    colours |= {"label": label, "cbar_kws": LEGEND_FONT}
    figure, named = _within(values, strip, note, colours, width)
    if not named:
        other, named = _within(values.T, strip, note, colours, width)
        plt.close(figure if named else other)
        figure = other if named else figure
    return figure


def _within(
    values: pd.DataFrame, strip: pd.Series | None, note: str, colours: dict[str, Any], width: float
) -> tuple[Figure, bool]:
    """Draw cells of the usual size, or narrower ones in this width; whether columns are named."""
    import matplotlib.pyplot as plt

    n_columns, narrow = values.shape[1], width < NARROW
    cells = min(0.16 * n_columns, max(3.0, CELL * min(n_columns, 80)))
    figure = _heatmap(values, strip, note, colours, cells=cells, narrow=narrow)
    excess = figure.get_figwidth() - width
    if excess > 0:
        plt.close(figure)
        cells = max(0.8, cells - excess)
        figure = _heatmap(values, strip, note, colours, cells=cells, narrow=narrow)
    return figure, _are_named(n_columns, cells)


def _are_named(n_columns: int, cells: float) -> bool:
    return n_columns <= cells / CELL + 1e-6


def _heatmap(
    values: pd.DataFrame,
    strip: pd.Series | None,
    note: str,
    colours: dict[str, Any],
    *,
    cells: float,
    narrow: bool,
) -> Figure:
    from matplotlib import rc_context

    with rc_context():  # importing marsilea changes the legend style of the whole session
        import marsilea as ma
        from marsilea import plotter
    n_rows, n_columns = values.shape
    height = max(0.6, n_rows * min(0.15, row_room(n_rows, 3.0)))
    heat = ma.Heatmap(values.to_numpy(), width=cells, height=height, **colours)
    if strip is not None:
        turned = values.index.isin(strip.index).all()
        levels, palette = _level_colours(strip.loc[values.index if turned else values.columns])
        font = {"legend_kws": LEGEND_FONT, "label_props": {"fontsize": 6.5}}
        font["label_loc"] = "bottom" if turned else "left" if narrow else "right"
        bar = plotter.Colors(levels, palette=palette, label=strip.name, **font)
        heat.add_plot("left" if turned else "top", bar, size=0.1, pad=0.04)
    names = [shorten(i, 24 if narrow else 34) for i in values.index]
    heat.add_left(plotter.Labels(names, fontsize=6.5), pad=0.05)
    if _are_named(n_columns, cells):
        columns = [shorten(c, 28) for c in values.columns]
        heat.add_bottom(plotter.Labels(columns, fontsize=6.5 if n_columns <= 40 else 6), pad=0.05)
    else:
        note = "; ".join(p for p in (note, f"{n_columns} columns, too many to name") if p)
    for side, size in (("right", n_rows), ("top", n_columns)):
        if 2 < size <= 2000:
            heat.add_dendrogram(side, method="average", linewidth=0.5, size=0.25, pad=0.03)
    if note:
        lines = fill(note, max(SHORT, int(cells / LETTER)))
        heat.add_title(top=lines, align="left", pad=0.06, fontsize=6.5)
    heat.add_legends("bottom" if narrow else "right", pad=0.1, stack_by="col")
    heat.render()
    return heat.figure
