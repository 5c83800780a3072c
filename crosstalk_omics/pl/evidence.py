"""What is known about factors, and one page on one factor."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns, check_one_of
from ..core.names import EVIDENCE_LEVELS, GROUP
from .crosstalk import LONG, NEEDED, PAIR, drawable, pair_names
from .legend import dot, legend_outside
from .theme import (
    DOWN,
    EVIDENCE_COLOURS,
    GREY,
    NARROW,
    PALETTE,
    TWO_COLUMNS,
    UP,
    empty,
    letters,
    name_x,
    new_axes,
    room,
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

SIGNS = {"+": ("raises", UP), "-": ("lowers", DOWN), "0": ("no change", "#FFFFFF")}
NARROW_COLUMN = 0.14  # inches of an effect in one journal column
LEVEL_SIZES = dict(zip(EVIDENCE_LEVELS, (8.0, 6.6, 5.2, 3.8, 2.6), strict=True))


def effect_table(table: pd.DataFrame) -> pd.DataFrame:
    """One row per factor and effect: the signs that were reported and the strongest level.

    Takes rows of evidence (`effect`, `level`) or of interactions (`effects`,
    `evidence_level`).
    """
    effect = "effects" if "effects" in table else "effect"
    level = "evidence_level" if "evidence_level" in table else "level"
    check_columns(table, ["factor", effect, level], "table")
    rows = [
        (factor, name, sign, EVIDENCE_LEVELS.index(rank) if rank in EVIDENCE_LEVELS else 4)
        for factor, text, rank in table[["factor", effect, level]].itertuples(index=False)
        for name, sign in split_effects(text)
    ]
    long = pd.DataFrame(rows, columns=["factor", "effect", "sign", "rank"])
    grouped = long.groupby(["factor", "effect"], sort=False)
    return pd.DataFrame(
        {
            "signs": grouped["sign"].agg(lambda s: "".join(sorted(set(s)))),
            "rank": grouped["rank"].min(),
            "n": grouped.size(),
        }
    ).reset_index()


@themed
def evidence_matrix(
    table: pd.DataFrame,
    *,
    top: int = 40,
    top_effects: int = 20,
    width: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Factors against curated effects: colour is the sign, size the level, halves disagree.

    Parameters
    ----------
    table
        `cx.signatures.evidence(...)` or `cx.interactions.load(...)`.
    top
        How many factors to show at most: those with most reported effects.
    top_effects
        How many effects to show at most, and no more than have room: those reported most often.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`; None takes what
        the effects need.
    ax
        Axes to draw into; None makes a figure whose height follows the rows.

    Returns
    -------
    The axes.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> ax = cx.pl.evidence_matrix(cx.signatures.evidence("irisin"))
    """
    effects = effect_table(table)
    factors = effects.groupby("factor")["n"].sum().sort_values(ascending=False, kind="stable")
    names = effects.groupby("effect")["n"].sum().sort_values(ascending=False, kind="stable")
    if given := room(ax) if ax else width:
        free = (given - 2.9) / 0.2 if given >= NARROW else (given - 1.5) / NARROW_COLUMN
        top_effects = min(top_effects, max(1, int(free)))
    rows, columns = list(factors.index[:top]), list(names.index[:top_effects])
    if effects.empty:
        return empty(ax, "no row states an effect")
    width = width or 2.9 + 0.2 * len(columns)
    ax = new_axes(ax, width=width, height=rows_height(len(rows), extra=1.7, least=2.8))
    shown = effects[effects["factor"].isin(rows) & effects["effect"].isin(columns)]
    for _, row in shown.iterrows():
        _effect_mark(ax, columns.index(row["effect"]), -rows.index(row["factor"]), row)
    ax.set_yticks(
        [-i for i in range(len(rows))], [shorten(r, letters(ax, 0.35, most=30)) for r in rows]
    )
    labels = [shorten(c.replace("_", " "), 28) for c in columns]
    ax.set_xticks(range(len(columns)), labels, rotation=90)
    ax.set(xlim=(-0.6, len(columns) - 0.4), ylim=(-len(rows) + 0.4, 0.6))
    ax.grid()
    _effect_legend(ax, shown, least=NARROW_COLUMN * len(columns))
    say(
        ax,
        top_of(len(rows), len(factors), "factors"),
        top_of(len(columns), len(names), "effects"),
    )
    return ax


def _effect_mark(ax: Axes, x: float, y: float, row: pd.Series) -> None:
    """One dot; two halves where the literature reports both signs."""
    signs = [s for s in row["signs"] if s in SIGNS]
    colours = [SIGNS[s][1] for s in sorted(signs, key="+-0".index)][:2]
    ax.plot(
        x,
        y,
        marker="o",
        ls="",
        ms=LEVEL_SIZES[EVIDENCE_LEVELS[row["rank"]]],
        mfc=colours[0],
        mfcalt=colours[-1],
        fillstyle="left" if len(colours) > 1 else "full",
        mec="black" if len(colours) > 1 or "0" in signs else "none",
        mew=0.7,
    )


def _effect_legend(ax: Axes, shown: pd.DataFrame, least: float) -> None:
    from matplotlib.lines import Line2D

    seen = set("".join(shown["signs"]))
    signs = [
        dot(name, colour, size=6, edge="black" if sign == "0" else "none")
        for sign, (name, colour) in SIGNS.items()
        if sign in seen
    ]
    if (shown["signs"].str.len() > 1).any():
        signs.append(
            Line2D([], [], ls="", marker="o", ms=6, mfc=UP, mfcalt=DOWN, fillstyle="left",
                   mec="black", mew=0.7, label="reports disagree")
        )  # fmt: skip
    levels = [
        dot(level.replace("_", " "), GREY, size=size)
        for rank, (level, size) in enumerate(LEVEL_SIZES.items())
        if (shown["rank"] == rank).any()
    ]
    legend_outside(ax, {"effect": signs, "strongest evidence": levels}, least=least)


@themed
def factor_card(
    candidates: pd.DataFrame,
    factor: str,
    *,
    evidence: pd.DataFrame | None = None,
    responses: pd.DataFrame | None = None,
    top: int = 12,
    width: float = TWO_COLUMNS,
) -> Figure:
    """One page on one factor: ranks in both tissues, candidates, evidence and responses.

    Parameters
    ----------
    candidates
        Result of `cx.tl.crosstalk`.
    factor
        Which factor, as in the column `factor`.
    evidence
        `cx.signatures.evidence(factor)`; None takes the effects from the candidates.
    responses
        Rows of `cx.tl.respond` or `cx.tl.compare_scores` that belong to the factor; None
        leaves that panel out and gives its place to the evidence.
    top
        How many groups or candidates a panel shows at most, and no more than fit one page.
    width
        Inches; in one journal column, `cx.pl.ONE_COLUMN`, all panels stand below each other.

    Returns
    -------
    The figure.

    Raises
    ------
    InputError
        No candidate is of that factor.
    """
    import matplotlib.pyplot as plt

    check_columns(candidates, NEEDED, "candidates")
    check_one_of(factor, sorted(set(candidates["factor"].astype(str))), "factor")
    rows = drawable(candidates[candidates["factor"] == factor])
    of_factor = candidates[candidates["factor"] == factor]
    narrow = width < NARROW
    top = min(top, 6 if narrow else 16)  # the card stays one page
    sides = (["source", "ligand_complex"], ["target", "receptor_complex"])
    n_rows = max(rows.groupby(side).ngroups for side in sides)
    n_pairs = min(top, rows.groupby(["source", "target"]).ngroups) * (1 + narrow)
    heights = [_panel(n_rows, top) * (1 + narrow), _panel(n_pairs, n_pairs)]
    heights.append(_panel(10, top) * (1 + (narrow and responses is not None)))
    figure = plt.figure(figsize=(width, sum(heights) + 0.3), layout="constrained")
    title = fill(_headline(factor, rows, evidence), int(width / 0.078))
    figure.suptitle(title, fontsize=9, weight="bold")
    above, middle, below = figure.subfigures(3, 1, height_ratios=heights)
    two = {"nrows": 2} if narrow else {"ncols": 2}
    left, right = above.subplots(**two)
    _group_ranks(left, rows, "source", "ligand", top)
    _group_ranks(right, rows, "target", "receptor", top)
    _best_pairs(middle.subplots(), rows, top)
    if responses is None:
        _known(below.subplots(), of_factor, evidence, top)
    else:
        left, right = below.subplots(**two)
        _known(left, of_factor, evidence, top)
        _responses(right, responses, top)
    return figure


def _panel(n_rows: int, top: int) -> float:
    """Height in inches of a panel with so many rows, of which `top` are shown at most."""
    return rows_height(max(5, min(n_rows, top)), extra=0.7)


def _headline(factor: str, rows: pd.DataFrame, evidence: pd.DataFrame | None) -> str:
    ligands = ", ".join(dict.fromkeys(rows["ligand_complex"].astype(str)))
    known = "" if evidence is None else f" · {len(evidence)} rows of evidence"
    return f"{shorten(factor, 40)}  ({shorten(ligands, 40)}){known}"


def _room(n: int) -> tuple[float, float]:
    """Limits for `n` rows counted from the top; a single row does not fill the panel."""
    return n - max(n, 5) - 0.7, n - 0.3


def _group_ranks(ax: Axes, rows: pd.DataFrame, group: str, side: str, top: int) -> None:
    """Percentile rank of the ligand or of the receptors in each group, with its interval."""
    unit = f"{side}_complex"
    best = rows.sort_values(f"magnitude_{side}", ascending=False, kind="stable")
    best = best.drop_duplicates([group, unit])
    shown = best.head(top)
    if shown.empty:
        empty(ax, f"the {side} was not measured on both sides")
        return
    y = np.arange(len(shown))[::-1]
    low, high = f"magnitude_{side}_low", f"magnitude_{side}_high"
    if low in shown:
        ax.hlines(y, shown[low], shown[high], color=PALETTE[0], lw=1)
    ax.plot(shown[f"magnitude_{side}"], y, "o", ms=4, color=PALETTE[0])
    pairs = zip(shown[group], shown[unit], strict=True)
    names = [f"{shorten(g, 26)} · {shorten(u, 14)}" for g, u in pairs]
    ax.set_yticks(y, names)
    ax.set(xlim=(-0.02, 1.02), ylim=_room(len(shown)))
    ax.set_xlabel(f"{side}: percentile rank")
    ax.grid(axis="x")
    say(ax, top_of(len(shown), len(best), "rows"))


def _best_pairs(ax: Axes, rows: pd.DataFrame, top: int) -> None:
    shown = rows.head(top)
    if shown.empty:
        empty(ax, "no pair was measured on both sides")
        return
    y = np.arange(len(shown))[::-1]
    narrow = room(ax) < NARROW
    absent = pd.Series(np.nan, index=shown.index)
    p, fdr = (shown.get(f"specificity_{c}", absent) for c in ("pvalue", "fdr"))
    tests = [
        "not tested" if pd.isna(one) else f"p {one:.2g}, FDR {two:.2g}"
        for one, two in zip(p, fdr, strict=True)
    ]
    pairs = pair_names(shown.assign(factor=shown["ligand_complex"]), 22 if narrow else LONG)
    names = []
    for row, pair, test in zip(shown.itertuples(), pairs, tests, strict=True):
        most = (letters(ax, 0.95, most=60) - len(pair + test) - 9) // 2 if narrow else 24
        who = " → ".join(shorten(group, max(8, most)) for group in (row.source, row.target))
        names.append(f"{who} · {pair}")
    if narrow:
        ax.barh(y - 0.2, shown["magnitude_gmean"], color=PALETTE[5], height=0.3)
        for at, name, test in zip(y, names, tests, strict=True):
            ax.text(0, at, f"{name} · {test}", va="bottom", fontsize=6)
        ax.set(xlim=(0, 1), yticks=[])
    else:
        ax.barh(y, shown["magnitude_gmean"], color=PALETTE[5], height=0.65)
        for at, test in zip(y, tests, strict=True):
            ax.text(1.02, at, test, va="center", fontsize=6)
        ax.set_yticks(y, names)
        ax.set_xlim(0, 1.3)
    ax.set(ylim=_room(len(shown)), xticks=[0, 0.5, 1])
    ax.set_xlabel("magnitude (geometric mean of both ranks)", loc="left")
    ax.spines["bottom"].set_bounds(0, 1)
    say(ax, top_of(len(shown), len(rows), "candidates"))


def _known(ax: Axes, rows: pd.DataFrame, evidence: pd.DataFrame | None, top: int) -> None:
    """Curated effects: right raises, left lowers; the bar counts rows of evidence."""
    table = evidence if evidence is not None else rows.drop_duplicates(PAIR)
    stated = "effects" in table or "effect" in table
    effects = effect_table(table) if stated else pd.DataFrame()
    if effects.empty:
        empty(ax, "no curated effect")
        return
    effects = effects.sort_values("n", ascending=False, kind="stable").head(min(10, top))
    y = np.arange(len(effects))[::-1]
    for at, (_, row) in zip(y, effects.iterrows(), strict=True):
        _effect_mark(ax, 0, at, row)
        level = EVIDENCE_LEVELS[row["rank"]]
        signs = " and ".join(SIGNS[s][0] for s in row["signs"] if s in SIGNS)
        text = f"{signs}: {level.replace('_', ' ')}, {row['n']} row{'s'[: row['n'] > 1]}"
        text = fill(text, 26) if room(ax) < NARROW and len(text) > 30 else text
        ax.text(0.12, at, text, va="center", fontsize=6.2, color="black")
        ax.plot(-0.12, at, "s", ms=4, color=EVIDENCE_COLOURS[level])
    ax.set_yticks(y, [shorten(e.replace("_", " "), 26) for e in effects["effect"]])
    ax.set(xlim=(-0.25, 1.6), ylim=_room(len(effects)), xticks=[])
    ax.spines["bottom"].set_visible(False)
    say(ax, "curated effects")


def _responses(ax: Axes, responses: pd.DataFrame | None, top: int) -> None:
    if responses is None or responses.empty:
        empty(ax, "no response of the receiver was tested")
        return
    name = "response" if "response" in responses else "signature"
    check_columns(responses, [name, "estimate", "ci_low", "ci_high"], "responses")
    shown = responses.head(top)
    y = np.arange(len(shown))[::-1]
    ax.hlines(y, shown["ci_low"], shown["ci_high"], color=PALETTE[2], lw=1)
    ax.plot(shown["estimate"], y, "o", ms=4, color=PALETTE[2])
    ax.axvline(0, color=GREY, lw=0.6, ls=":")
    group = shown[GROUP].astype(str) if GROUP in shown else pd.Series("", index=shown.index)
    pairs = zip(shown[name], group, strict=True)
    ax.set_yticks(y, [shorten(f"{s} {g}", 30) for s, g in pairs])
    ax.set_ylim(_room(len(shown)))
    name_x(ax, "response of the receiver, 95 % interval")
    say(ax, top_of(len(shown), len(responses), "responses"))
