"""Can the result be trusted: coverage, contamination, calibration, power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from .theme import (
    PALETTE,
    dot,
    empty,
    legend_outside,
    new_axes,
    rows_height,
    say,
    shorten,
    themed,
    top_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOW = PALETTE[1]
FINE = PALETTE[0]


@themed
def coverage(
    table: pd.DataFrame,
    *,
    name: str = "signature",
    found: str = "n_found",
    total: str = "n_targets",
    low: float = 0.5,
    top: int = 60,
    ax: Axes | None = None,
) -> Axes:
    """How many genes of each signature were measured, the least covered first.

    Parameters
    ----------
    table
        One row per signature (and data set, if it has a column `dataset`).
    name, found, total
        Columns: the name, how many of its genes were measured, how many it has.
    low
        Fractions below this are drawn in the colour of a warning.
    top
        How many rows to show at most.
    ax
        Axes to draw into; None makes a figure whose height follows the rows.

    Returns
    -------
    The axes.
    """
    check_columns(table, [name, found, total], "table")
    rows = table.assign(_part=table[found] / table[total].where(table[total] > 0))
    rows = rows.sort_values("_part", kind="stable", na_position="first")
    shown = rows.head(top)
    ax = new_axes(ax, width=4.6, height=rows_height(len(shown)))
    if shown.empty:
        return empty(ax, "no signature was scored")
    y = np.arange(len(shown))[::-1]
    part = shown["_part"].fillna(0)
    ax.barh(y, 1, color="#EEEEEE", height=0.7)
    ax.barh(y, part, color=np.where(part < low, LOW, FINE), height=0.7)
    for at, n, of in zip(y, shown[found], shown[total], strict=True):
        ax.text(1.02, at, f"{int(n)} of {int(of)}", va="center", fontsize=6)
    names = shown[name].astype(str)
    if "dataset" in shown and len(set(shown["dataset"])) > 1:
        names = names + " · " + shown["dataset"].astype(str)
    ax.set_yticks(y, [shorten(n, 46) for n in names])
    ax.set(xlim=(0, 1.18), ylim=(-0.6, len(shown) - 0.4), xticks=[0, 0.25, 0.5, 0.75, 1])
    ax.set_xlabel("fraction of the signature's genes that were measured")
    handles = [
        dot(f"below {low:.0%}", LOW, marker="s"),
        dot(f"{low:.0%} or more", FINE, marker="s"),
    ]
    legend_outside(ax, {"measured": handles})
    say(ax, top_of(len(shown), len(rows), "signatures, least covered first"))
    return ax
