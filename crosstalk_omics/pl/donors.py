"""Scores by condition: the donors as points, the tested effect beside them."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from ..core.errors import InputError
from ..core.names import CONDITION, DONOR, GROUP
from .theme import (
    GREY,
    PALETTE,
    TIGHT_ROW,
    TWO_COLUMNS,
    empty,
    new_axes,
    room,
    say,
    shorten,
    themed,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


BESIDE = 0.5  # inches of a condition that has its name and count of donors below itself
SCALE = 0.6  # inches left of the data that scores and their name take
EFFECT = 0.9  # inches beside the data in which the tested effect is drawn
NO_DONOR = "no donor has this score in any condition"


@themed
def score_strip(
    table: pd.DataFrame,
    signature: str,
    *,
    tests: pd.DataFrame | None = None,
    group: str | None = None,
    condition: str = CONDITION,
    donor: str = DONOR,
    unit: str = "score",
    width: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Scores by condition, one point per donor, and the tested effect beside them.

    Parameters
    ----------
    table
        `condition`, `donor` and a column per signature; several rows of a donor in a condition
        (cells, libraries) become their mean. A donor seen in two conditions gets a line.
    signature
        Column of `table` to draw.
    tests
        Result of `cx.tl.compare_scores`; the row of `signature` (and `group`) gives the
        effect and its interval. None draws the donors only.
    group
        Group of `tests` that `table` holds, if it has several.
    condition, donor
        Columns of `table`.
    unit
        What the score is measured in, for the axis.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`; None takes what
        the conditions need, two journal columns at most.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    import seaborn as sns

    check_columns(table, [condition, donor, signature], "table")
    order, colours = _conditions(table, condition, tests)
    means = _donor_means(table, signature, (condition, donor))
    if means.empty:
        return empty(ax, NO_DONOR)
    ax, order = _new_axes(ax, order, tests, width)
    colours = colours[: len(order)]
    joined = _join_donors(ax, means, signature, (condition, donor), order)
    look = {"order": order, "hue": condition, "hue_order": order, "palette": colours, "size": 4}
    look |= {"legend": False, "edgecolor": "white", "linewidth": 0.4, "ax": ax}
    if joined:  # points stand where their lines end
        sns.stripplot(means, x=condition, y=signature, jitter=False, **look)
    else:
        sns.swarmplot(means, x=condition, y=signature, warn_thresh=1, **look)
    look = (condition, donor, unit)
    _dress_conditions(ax, table, order, signature, look, beside=tests is not None)
    if tests is not None:
        _effect_beside(ax, _one_test(tests, signature, group))
    return ax


@themed
def score_violin(
    table: pd.DataFrame,
    signature: str,
    *,
    tests: pd.DataFrame | None = None,
    group: str | None = None,
    condition: str = CONDITION,
    donor: str = DONOR,
    unit: str = "score",
    width: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Scores of cells by condition, with each donor's mean as a point and the tested effect.

    Parameters
    ----------
    table
        One row per cell: `condition`, `donor` and a column per signature.
    signature
        Column of `table` to draw.
    tests
        Result of `cx.tl.compare_scores`; the donors, not the cells, are its replicates.
    group
        Group of `tests` that `table` holds, if it has several.
    condition, donor
        Columns of `table`.
    unit
        What the score is measured in, for the axis.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`; None takes what
        the conditions need, two journal columns at most.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    import seaborn as sns

    check_columns(table, [condition, donor, signature], "table")
    order, colours = _conditions(table, condition, tests)
    means = _donor_means(table, signature, (condition, donor))
    if means.empty:
        return empty(ax, NO_DONOR)
    ax, order = _new_axes(ax, order, tests, width)
    colours = colours[: len(order)]
    shown = table[table[condition].isin(order)].reset_index(drop=True)
    sns.violinplot(
        shown, x=condition, y=signature, order=order, hue=condition, hue_order=order,
        palette=colours, inner=None, cut=0, density_norm="width", linewidth=0, alpha=0.35,
        legend=False, ax=ax,
    )  # fmt: skip
    _join_donors(ax, means, signature, (condition, donor), order)
    sns.stripplot(
        means, x=condition, y=signature, order=order, hue=condition, hue_order=order, size=4.5,
        palette=colours, jitter=False, legend=False, edgecolor="white", linewidth=0.5, ax=ax,
    )  # fmt: skip
    look = (condition, donor, unit)
    _dress_conditions(ax, table, order, signature, look, beside=tests is not None)
    if tests is not None:
        _effect_beside(ax, _one_test(tests, signature, group))
    return ax


def _new_axes(
    ax: Axes | None, order: list[str], tests: pd.DataFrame | None, width: float | None
) -> tuple[Axes, list[str]]:
    """Axes with room for names and counts of conditions, and the conditions that have it."""
    effect = 0.0 if tests is None else EFFECT
    width = width or min(max(2.0, (2.0 if effect else 0.9) + 0.62 * len(order)), TWO_COLUMNS)
    data = (room(ax) if ax else width) - SCALE - effect
    turned = data / len(order) < BESIDE
    ax = new_axes(ax, width=width, height=3.4 if turned else 2.4)
    shown = order[: max(2, int(data / TIGHT_ROW))]
    say(ax, f"first {len(shown)} of {len(order)} conditions" if len(shown) < len(order) else "")
    return ax, shown


def _donor_means(table: pd.DataFrame, signature: str, columns: tuple[str, str]) -> pd.DataFrame:
    """One row per donor and condition, so that no donor counts twice."""
    return table.groupby(list(columns), observed=True)[signature].mean().dropna().reset_index()


def _conditions(
    table: pd.DataFrame, condition: str, tests: pd.DataFrame | None
) -> tuple[list[str], list[str]]:
    """Order the conditions, the reference of the test first, and give each a colour."""
    values = table[condition].dropna()
    categories = values.cat.categories if hasattr(values, "cat") else sorted(values.unique())
    order = [c for c in categories if (values == c).any()]
    if tests is not None and "reference" in tests:
        order.sort(key=lambda c: c not in set(tests["reference"]))
    return order, [PALETTE[i % len(PALETTE)] for i in range(len(order))]


def _join_donors(
    ax: Axes, table: pd.DataFrame, signature: str, columns: tuple[str, str], order: list[str]
) -> bool:
    """Thin lines between the conditions of one donor; whether there were any."""
    condition, donor = columns
    wide = table.pivot_table(
        index=donor, columns=condition, values=signature, aggfunc="mean", observed=True
    ).reindex(columns=order)
    several = wide[wide.notna().sum(axis=1) > 1]
    for row in several.to_numpy():
        ax.plot(range(len(order)), row, color=GREY, lw=0.5, alpha=0.7, zorder=0.5)
    return len(several) > 0


def _dress_conditions(
    ax: Axes,
    table: pd.DataFrame,
    order: list[str],
    signature: str,
    columns: tuple[str, str, str],
    *,
    beside: bool,
) -> None:
    condition, donor, unit = columns
    scored = table[table[signature].notna()]
    n_donors = scored.groupby(condition, observed=True)[donor].nunique()
    counts = [n_donors.get(c, 0) for c in order]
    each = (room(ax) - SCALE - (EFFECT if beside else 0)) / len(order)
    if each < BESIDE:
        labels = [f"{shorten(c, 24)} (n = {n})" for c, n in zip(order, counts, strict=True)]
        ax.set_xticks(range(len(order)), labels, rotation=90)
    else:
        plural = ["donor" if n == 1 else "donors" for n in counts]
        labels = [f"{_wrapped(c)}\n{n} {w}" for c, n, w in zip(order, counts, plural, strict=True)]
        ax.set_xticks(range(len(order)), labels)
    ax.set_xlim(-0.6, len(order) - 0.4)
    ax.set(xlabel="", ylabel=f"{shorten(signature, 40)}\n({unit})")


def _wrapped(name: object) -> str:
    """Return a name as lines so short that neighbours do not touch."""
    return fill(shorten(str(name).replace("_", " "), 40), 10, break_long_words=False)


def _one_test(tests: pd.DataFrame, signature: str, group: str | None) -> pd.Series:
    """Return the one row of `tests` that speaks of `signature` in `group`."""
    rows = tests[tests["signature"] == signature]
    if group is not None:
        rows = rows[rows[GROUP] == group]
    if len(rows) != 1:
        msg = (
            f"tests has {len(rows)} rows for signature {signature!r} and group {group!r}; "
            "one is needed. Name `group`, or filter the table to one method and contrast."
        )
        raise InputError(msg)
    return rows.iloc[0]


def _effect_beside(ax: Axes, test: pd.Series) -> None:
    """Estimate with its interval on an axis of its own, so that it is read as a difference."""
    from matplotlib.transforms import ScaledTranslation, blended_transform_factory

    figure = ax.figure.figure
    from_edge = figure.dpi_scale_trans + ScaledTranslation(1, 0, ax.transAxes)
    inches = blended_transform_factory(from_edge, ax.transAxes)
    side = ax.inset_axes((0.18, 0, 0.34, 1), transform=inches)
    side.yaxis.tick_right()
    side.yaxis.set_label_position("right")
    side.spines[["left", "right"]].set_visible(False)
    side.spines["right"].set_visible(True)
    side.margins(y=0.25)
    estimate, low, high = (float(test[c]) for c in ("estimate", "ci_low", "ci_high"))
    side.axhline(0, color=GREY, lw=0.6, ls=":")
    if np.isfinite([low, high]).all():
        side.plot([0, 0], [low, high], color="black", lw=1.2)
    side.plot(0, estimate, "D", color="black", ms=4)
    contrast = _wrapped(test.get("contrast", "effect"))
    side.set(xlim=(-1, 1), xticks=[0], xticklabels=[contrast])
    side.set_ylabel("difference, 95 % interval" if np.isfinite(low) else "difference, no interval")
    say(ax, _test_text(test))


def _test_text(test: pd.Series) -> str:
    """``"FDR 0.03 (p 0.004), 11 donors"``."""
    p = "no test" if pd.isna(test["pvalue"]) else f"p {test['pvalue']:.2g}"
    if pd.notna(test.get("padj", np.nan)):
        p = f"FDR {test['padj']:.2g} ({p})"
    return f"{p}, {int(test['n_donors'])} donors" if pd.notna(test["n_donors"]) else p
