"""Can the result be trusted: coverage, contamination, calibration, power."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from .legend import dot, legend_outside, line
from .theme import (
    GREY,
    ONE_COLUMN,
    PALETTE,
    SEQUENTIAL,
    TWO_COLUMNS,
    empty,
    letters,
    name_x,
    new_axes,
    room,
    rows_height,
    say,
    shorten,
    styles,
    themed,
    top_of,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

LOW = PALETTE[1]
FINE = PALETTE[0]
FEW = 8  # settings that each get a tick


@themed
def coverage(
    table: pd.DataFrame,
    *,
    name: str = "signature",
    found: str = "n_found",
    total: str = "n_targets",
    low: float = 0.5,
    top: int = 40,
    width: float = 4.6,
    ax: Axes | None = None,
) -> Axes:
    """How many genes of each signature were measured, the least covered first.

    Parameters
    ----------
    table
        One row per signature (and data set, if it has a column `dataset` or `tissue`).
    name, found, total
        Columns: the name, how many of its genes were measured, how many it has.
    low
        Fractions below this are drawn in the colour of a warning.
    top
        How many rows to show at most.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
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
    if shown.empty:
        return empty(ax, "no signature was scored")
    ax = new_axes(ax, width=width, height=rows_height(len(shown)))
    y = np.arange(len(shown))[::-1]
    part = shown["_part"].fillna(0)
    ax.barh(y, 1, color="#EEEEEE", height=0.7)
    ax.barh(y, part, color=np.where(part < low, LOW, FINE), height=0.7)
    for at, n, of in zip(y, shown[found], shown[total], strict=True):
        ax.text(1.02, at, f"{int(n)} of {int(of)}", va="center", fontsize=6)
    names = shown[name].astype(str)
    for where in ("dataset", "tissue"):
        if where in shown and len(set(shown[where])) > 1:
            names = names + " · " + shown[where].astype(str)
    ax.set_yticks(y, [shorten(n, letters(ax, most=46)) for n in names])
    ax.set(xlim=(0, 1.32), ylim=(-0.6, len(shown) - 0.4), xticks=[0, 0.25, 0.5, 0.75, 1])
    name_x(ax, "fraction of the signature's genes that were measured")
    handles = [
        dot(f"below {low:.0%}", LOW, marker="s"),
        dot(f"{low:.0%} or more", FINE, marker="s"),
    ]
    legend_outside(ax, {"measured": handles})
    say(ax, top_of(len(shown), len(rows), "signatures, least covered first"))
    return ax


@themed
def contamination(
    table: pd.DataFrame, *, top: int = 40, width: float | None = None, ax: Axes | None = None
) -> Axes:
    """How strongly each sample shows the markers of other tissues; high ones are marked.

    Parameters
    ----------
    table
        Result of `cx.pp.contamination`: `sample, panel, percentile, high`.
    top
        How many samples to show at most: those with the highest percentile in any panel.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`; None takes what the
        samples need, two columns at most. Samples without room side by side stand in rows.
    ax
        Axes to draw into; None makes a figure whose size follows the samples.

    Returns
    -------
    The axes.
    """
    import seaborn as sns

    check_columns(table, ["sample", "panel", "percentile", "high"], "table")
    wide = table.pivot_table(index="panel", columns="sample", values="percentile", sort=False)
    if wide.empty:
        return empty(ax, "no marker of another tissue was measured")
    kept = set(wide.max().sort_values(ascending=False, kind="stable").index[:top])
    shown = wide.loc[:, [c for c in wide.columns if c in kept]]
    high = table.assign(high=table["high"].astype(float)).pivot_table(
        index="panel", columns="sample", values="high", sort=False
    )
    marks = high.reindex(index=shown.index, columns=shown.columns).fillna(0) > 0
    needed = 2.2 + 0.125 * shown.shape[1]
    note = "!: high, so that tissue may be in the sample" if marks.to_numpy().any() else ""
    note = "; ".join(filter(None, (top_of(shown.shape[1], wide.shape[1], "samples"), note)))
    if (room(ax) if ax else width or TWO_COLUMNS) < needed:
        shown, marks = shown.T, marks.T
    height = rows_height(len(shown), extra=1.5)
    ax = new_axes(ax, width=width or min(max(ONE_COLUMN, needed), TWO_COLUMNS), height=height)
    sns.heatmap(
        shown, vmin=0, vmax=1, cmap=SEQUENTIAL, ax=ax, linewidths=0.4, xticklabels=True,
        annot=np.where(marks, "!", ""), fmt="", annot_kws={"fontsize": 7, "weight": "bold"},
        cbar_kws={"label": "percentile of the panel", "shrink": 0.9, "fraction": 0.06, "pad": 0.02},
    )  # fmt: skip
    ax.set_xticks(
        np.arange(shown.shape[1]) + 0.5, [shorten(c, 20) for c in shown.columns], rotation=90
    )
    ax.set_yticks(np.arange(len(shown)) + 0.5, [shorten(c, 30) for c in shown.index], rotation=0)
    ax.set(xlabel="", ylabel="")
    say(ax, note)
    return ax


@themed
def calibration_qq(
    table: pd.DataFrame,
    *,
    expected: str = "expected",
    observed: str = "observed",
    by: str = "scenario",
    width: float = 4.3,
    ax: Axes | None = None,
) -> Axes:
    """Observed against expected p-values under a null that was made by shuffling.

    Parameters
    ----------
    table
        Result of `cx.tl.calibrate`: expected and observed quantiles of p, 0 to 1; columns
        `low` and `high` add the band in which a calibrated test stays.
    expected, observed
        Columns with the quantiles.
    by
        Column with what was shuffled; one line each, if it is there.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    check_columns(table, [expected, observed], "table")
    rows = table.dropna(subset=[expected, observed])
    if rows.empty:
        return empty(ax, "nothing was tested, so there is nothing to calibrate")
    groups = rows[by].astype(str) if by in rows else pd.Series("p-values", index=rows.index)
    ax = new_axes(ax, width=width, height=2.9)
    logged = -np.log10(rows[[expected, observed]].clip(lower=1e-300))
    end = float(logged[expected].max()) * 1.05
    ax.plot([0, end], [0, end], color=GREY, lw=0.8, ls=":")
    looks = styles(list(dict.fromkeys(groups)))
    for name, look in looks.items():
        part = rows[groups == name].sort_values(expected, ascending=False)
        x = logged.loc[part.index, expected]
        ax.plot(x, logged.loc[part.index, observed], ms=2.4, lw=0.8, mew=0, **look)
    banded = {"low", "high"} <= set(rows)
    if banded:  # of as many tests it is the same band
        for _, part in rows.drop_duplicates([expected, "low", "high"]).groupby(groups, sort=False):
            band = -np.log10(part.sort_values(expected)[[expected, "low", "high"]].clip(1e-300))
            ax.fill_between(band[expected], band["high"], band["low"], color="#DDDAD6", lw=0,
                            zorder=0)  # fmt: skip
    handles = [_entry(name, look) for name, look in looks.items()]
    ax.set(xlim=(0, end), ylim=(0, max(end, float(logged[observed].max()) * 1.05)))
    ax.set(xlabel="expected \N{MINUS SIGN}log10 p", ylabel="observed \N{MINUS SIGN}log10 p")
    handles.append(line("perfect", GREY, ":"))
    if banded:
        handles.append(dot("band of independent tests", "#DDDAD6", marker="s"))
    legend_outside(ax, {"null": handles})
    return ax


@themed
def power_curves(
    table: pd.DataFrame,
    *,
    x: str = "n_donors",
    y: str = "power",
    by: str = "method",
    level: float | None = None,
    width: float = 4.3,
    ax: Axes | None = None,
) -> Axes:
    """Power, or a false discovery rate, against the size of a simulated study.

    Parameters
    ----------
    table
        One row per simulated setting; rows that repeat a setting become a mean with its 95 %
        interval.
    x, y
        Columns: what varies, and the share between 0 and 1 that is drawn.
    by
        Column with one line each.
    level
        Draws a line at the nominal level, such as the FDR that was asked for.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    import seaborn as sns

    check_columns(table, [x, y, by], "table")
    names = table[by].astype(str)
    looks = styles(list(dict.fromkeys(names)))
    ax = new_axes(ax, width=width, height=2.6)
    for name, look in looks.items():
        sns.lineplot(
            table[names == name], x=x, y=y, errorbar=("ci", 95), seed=0, ax=ax, markersize=4,
            markeredgewidth=0, legend=False, **look,
        )  # fmt: skip
    handles = [_entry(name, look) for name, look in looks.items()]
    if table[x].nunique() <= FEW:
        ax.set_xticks(sorted(table[x].unique()))
    if level is not None:
        ax.axhline(level, color=GREY, lw=0.8, ls=":")
        handles.append(line(f"nominal {level:g}", GREY, ":"))
    ax.set(ylim=(-0.02, 1.02), xlabel=x.replace("_", " "), ylabel=y.replace("_", " "))
    ax.grid(axis="y")
    legend_outside(ax, {by.replace("_", " "): handles})
    return ax


def _entry(name: str, look: dict[str, str]) -> Artist:
    return line(shorten(name, 30), look["color"], look["ls"], marker=look["marker"])


@themed
def forest(
    table: pd.DataFrame,
    *,
    label: str = "study",
    pooled: Mapping[str, float] | None = None,
    unit: str = "effect",
    width: float = 4.6,
    ax: Axes | None = None,
) -> Axes:
    """Effects of several studies with their intervals and, below, what they say together.

    Parameters
    ----------
    table
        One row per study: its name, `estimate, ci_low, ci_high`; a column `weight` sets the
        area of the squares.
    label
        Column with the name of the study.
    pooled
        Row of `cx.tl.meta`: `estimate, ci_low, ci_high`, and `pi_low, pi_high` for the
        prediction interval.
    unit
        What the effect is measured in, for the axis.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
    ax
        Axes to draw into; None makes a figure whose height follows the studies.

    Returns
    -------
    The axes.
    """
    check_columns(table, [label, "estimate", "ci_low", "ci_high"], "table")
    rows = table.dropna(subset=["estimate"])
    if rows.empty:
        return empty(ax, "no study has an estimate")
    ax = new_axes(ax, width=width, height=rows_height(len(rows) + 2, extra=0.8))
    y = np.arange(len(rows))[::-1]
    weight = rows["weight"] / rows["weight"].max() if "weight" in rows else 0.5
    ax.hlines(y, rows["ci_low"], rows["ci_high"], color=PALETTE[0], lw=1)
    ax.scatter(rows["estimate"], y, s=8 + 50 * weight, marker="s", color=PALETTE[0], zorder=3)
    names = [shorten(n, letters(ax, most=44)) for n in rows[label]]
    ticks = list(y)
    if pooled is not None:
        names, ticks = [*names, "all studies"], [*ticks, -1.4]
    ax.axvline(0, color=GREY, lw=0.6, ls=":")
    ax.set_yticks(ticks, names)
    ax.set_ylim(min(ticks) - 0.8, len(rows) - 0.3)
    name_x(ax, f"{unit}, 95 % interval")
    if pooled is not None:
        _pooled(ax, pooled)
    return ax


def _pooled(ax: Axes, pooled: Mapping[str, float]) -> None:
    """Diamond over the interval, thin line over the prediction interval."""
    low, mid, high = (float(pooled[c]) for c in ("ci_low", "estimate", "ci_high"))
    ax.fill([low, mid, high, mid], [-1.4, -1.1, -1.4, -1.7], color=PALETTE[1], lw=0)
    wide = [float(pooled.get(c, np.nan)) for c in ("pi_low", "pi_high")]
    if np.isfinite(wide).all():
        ax.hlines(-1.4, *wide, color=PALETTE[1], lw=0.8)
        say(ax, "diamond: all studies; thin line: where the next study is expected")
