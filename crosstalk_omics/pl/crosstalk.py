"""Candidates of communication between two tissues."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from ..core.names import EVIDENCE_LEVELS
from .theme import (
    DOWN,
    EVIDENCE_COLOURS,
    EVIDENCE_MARKERS,
    GREY,
    MAGNITUDE,
    TWO_COLUMNS,
    UP,
    dot,
    empty,
    legend_outside,
    mark,
    new_axes,
    rows_height,
    say,
    shorten,
    themed,
    top_of,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

PAIR = ["factor", "ligand_complex", "receptor_complex"]
KEY = [*PAIR, "role"]
ARROWS = {"antagonist": "⊣", "decoy": "⊣"}
GROUPS = ["source", "target"]
NEEDED = [*GROUPS, *PAIR, "magnitude_ligand", "magnitude_receptor", "magnitude_gmean"]
EDGE = "#B5B5B5"
NO_TEST = "no p-value: ranks only, without replicates"
RAW_P = 0.05  # shown where no adjusted p-value is given
NO_TEST_SIZE = 14.0  # area of a dot without a p-value
LABEL_STEPS = 300  # a number of steps, not a time: the same labels on any machine


def evidence_of(table: pd.DataFrame) -> pd.Series:
    """Evidence level of each row; what is not a known level is drawn as the weakest."""
    if "evidence_level" not in table:
        return pd.Series(EVIDENCE_LEVELS[-1], index=table.index)
    level = table["evidence_level"].astype(object)
    return level.where(level.isin(EVIDENCE_LEVELS), EVIDENCE_LEVELS[-1])


def evidence_handles(levels: pd.Series) -> list[Artist]:
    return [
        dot(level.replace("_", " "), EVIDENCE_COLOURS[level], marker=EVIDENCE_MARKERS[level])
        for level in EVIDENCE_LEVELS
        if (levels == level).any()
    ]


def pair_names(table: pd.DataFrame, length: int = 18) -> list[str]:
    """``factor: LIGAND → RECEPTOR``, ``⊣`` where it blocks; no factor that is the ligand."""
    names = []
    for row in table[KEY].astype(str).itertuples(index=False):
        factor, ligand, receptor = (shorten(part, length) for part in row[:3])
        name = f"{ligand} {ARROWS.get(row.role, '→')} {receptor}"
        name += f" ({row.role})" if row.role in ("decoy", "carrier") else ""
        names.append(
            name if row.factor.lower() == row.ligand_complex.lower() else f"{factor}: {name}"
        )
    return names


def label_points(ax: Axes, x: pd.Series, y: pd.Series, names: list[str]) -> None:
    """Names beside the first of the points, moved until none hides another."""
    from adjustText import adjust_text
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=1.8, foreground="white")]
    texts = [
        ax.text(*at, name, fontsize=6, path_effects=halo, zorder=5)
        for *at, name in zip(x.head(len(names)), y.head(len(names)), names, strict=True)
    ]
    if not texts:
        return
    ax.figure.figure.draw_without_rendering()  # of a subfigure: the whole figure
    arrow = {"arrowstyle": "-", "color": "#555555", "lw": 0.5}
    adjust_text(
        texts, x=list(x), y=list(y), ax=ax, iter_lim=LABEL_STEPS, arrowprops=arrow,
        expand=(1.2, 1.5), force_text=(0.3, 0.5), min_arrow_len=2,
    )  # fmt: skip


def drawable(table: pd.DataFrame) -> pd.DataFrame:
    """Rows measured on both sides, their groups named with the tissue where that is known."""
    rows = table[table["magnitude_gmean"].notna()].reset_index(drop=True)
    rows["role"] = rows["role"].fillna("agonist") if "role" in rows else "agonist"
    for side in GROUPS:
        tissue = f"{side}_tissue"
        if tissue in rows:
            group, whole = rows[side].astype(str), rows[tissue].astype(str)
            plain = group.groupby(whole).transform(lambda g: len(set(g)) == 1)
            long = whole + ": " + group if len(set(whole)) > 1 else group
            rows[side] = whole.where(plain, long)
    return rows


def _p_size(p: float | pd.Series) -> np.ndarray:
    """Area in points squared: grows with -log10 p up to 1e-6; small and equal without a test."""
    area = 8 + 14 * -np.log10(np.maximum(np.asarray(p, dtype=float), 1e-6))
    return np.where(np.isnan(area), NO_TEST_SIZE, area)


@themed
def crosstalk_dotplot(
    table: pd.DataFrame,
    *,
    top: int = 30,
    top_groups: int = 24,
    fdr: float = 0.1,
    ax: Axes | None = None,
) -> Axes:
    """Candidates as dots: pairs in rows, sender → receiver groups in columns.

    Colour is the magnitude, size the specificity, a black ring a call; pairs of one factor
    stand together, and the last column marks how well the pair is known.

    Parameters
    ----------
    table
        Result of `cx.tl.crosstalk`, in its order: the first rows decide what is shown.
    top
        How many ligand-receptor pairs to show at most.
    top_groups
        How many sender → receiver pairs to show at most.
    fdr
        Dots at or below this `specificity_fdr` get a ring.
    ax
        Axes to draw into; None makes a figure whose size follows rows and columns.

    Returns
    -------
    The axes.
    """
    check_columns(table, [*NEEDED, "specificity_pvalue", "specificity_fdr"], "table")
    rows = drawable(table)
    pairs = rows.drop_duplicates(KEY)
    shown_pairs = pairs.head(top)
    inside = rows.merge(shown_pairs[KEY], on=KEY)
    columns = inside.drop_duplicates(GROUPS)[GROUPS]
    shown = inside.merge(columns.head(top_groups), on=GROUPS)
    height = rows_height(shown_pairs.shape[0], extra=1.6)
    width = 3.9 + 0.2 * min(len(columns), top_groups)
    if shown.empty:
        return empty(ax, "no pair was measured on both sides")
    ax = new_axes(ax, width=min(width, TWO_COLUMNS + 1), height=height)
    _dots(ax, shown, fdr)
    say(
        ax,
        top_of(len(shown_pairs), len(pairs), "pairs"),
        top_of(min(top_groups, len(columns)), len(columns), "group pairs"),
        NO_TEST if shown["specificity_pvalue"].isna().all() else "",
    )
    return ax


def _dots(ax: Axes, shown: pd.DataFrame, fdr: float) -> None:
    first = shown.groupby("factor", sort=False).ngroup()
    pairs = shown.assign(_factor=first).drop_duplicates(KEY).sort_values("_factor", kind="stable")
    y_of = {key: -i for i, key in enumerate(map(tuple, pairs[KEY].to_numpy()))}
    groups = shown.drop_duplicates(GROUPS).sort_values(GROUPS)[GROUPS].to_numpy()
    x_of = {key: i for i, key in enumerate(map(tuple, groups))}
    x = [x_of[key] for key in map(tuple, shown[GROUPS].to_numpy())]
    y = [y_of[key] for key in map(tuple, shown[KEY].to_numpy())]
    called = shown["specificity_fdr"] <= fdr
    ax.scatter(
        x, y, s=_p_size(shown["specificity_pvalue"]), c=shown["magnitude_gmean"],
        cmap=MAGNITUDE, vmin=0, vmax=1, linewidths=np.where(called, 1.1, 0.3),
        edgecolors=np.where(called, "black", EDGE),
    )  # fmt: skip
    levels = evidence_of(pairs)
    last = len(x_of) + 0.2
    for level in set(levels):
        at = [y_of[k] for k in map(tuple, pairs.loc[levels == level, KEY].to_numpy())]
        ax.scatter([last] * len(at), at, c=EVIDENCE_COLOURS[level], s=22,
                   marker=EVIDENCE_MARKERS[level])  # fmt: skip
    breaks = pairs["_factor"].diff().fillna(0) != 0
    ax.hlines([-i + 0.5 for i in np.flatnonzero(breaks)], -0.6, last + 0.5, color="#DDDDDD", lw=0.5)
    ax.set_yticks([-i for i in range(len(pairs))], pair_names(pairs))
    names = [f"{shorten(s, 22)} → {shorten(t, 22)}" for s, t in x_of]
    ax.set_xticks([*range(len(x_of)), last], [*names, "evidence"], rotation=90)
    ax.set(xlim=(-0.6, last + 0.5), ylim=(-len(pairs) + 0.4, 0.6))
    _dot_legend(ax, shown["specificity_pvalue"], levels, called.any(), fdr)


def _dot_legend(ax: Axes, p: pd.Series, levels: pd.Series, any_called: bool, fdr: float) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    shades = colormaps[MAGNITUDE]
    sizes = [dot(f"p = {v:g}", GREY, size=_p_size(v) ** 0.5) for v in (0.5, 0.05, 0.001)]
    handles = sizes if p.notna().any() else []
    if p.isna().any():
        handles = [*handles, dot("not tested", GREY, size=NO_TEST_SIZE**0.5)]
    if any_called:
        handles = [*handles, dot(f"FDR ≤ {fdr:g}", "white", edge="black")]
    legend_outside(
        ax,
        {
            "magnitude (rank)": [
                dot(f"{v:g}", to_hex(shades(float(v))), edge=EDGE) for v in (0, 0.25, 0.5, 0.75, 1)
            ],
            "specificity": handles,
            "evidence": evidence_handles(levels),
        },
    )


@themed
def crosstalk_ranks(
    table: pd.DataFrame,
    *,
    top: int = 12,
    coloured: int = 300,
    fdr: float = 0.1,
    ax: Axes | None = None,
) -> Axes:
    """Ligand's percentile in the sender against the receptor's in the receiver.

    Parameters
    ----------
    table
        Result of `cx.tl.crosstalk`, in its order: the first different pairs are labelled.
    top
        How many pairs to label.
    coloured
        How many of the first candidates are coloured by evidence; the rest stays grey.
    fdr
        Coloured points at or below this `specificity_fdr` get a black ring.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    check_columns(table, NEEDED, "table")
    rows = drawable(table)
    if rows.empty:
        return empty(ax, "no pair was measured on both sides")
    ax = new_axes(ax, width=TWO_COLUMNS, height=4.2)
    _equal_means(ax)
    rest, first = rows.iloc[coloured:], rows.head(coloured)
    ax.scatter(rest["magnitude_ligand"], rest["magnitude_receptor"], s=4, c="#DADADA",
               linewidths=0, rasterized=True)  # fmt: skip
    _ranked_points(ax, first, fdr)
    best = first[~first.duplicated(KEY)].head(top)
    ordered = pd.concat([best, first.drop(best.index)])
    numbers = [str(i + 1) for i in range(len(best))]
    label_points(ax, ordered["magnitude_ligand"], ordered["magnitude_receptor"], numbers)
    key = [mark(f"${n}$", name) for n, name in zip(numbers, pair_names(best), strict=True)]
    entries = {"evidence": evidence_handles(evidence_of(first)), "first pairs": key}
    if "specificity_fdr" in first and (first["specificity_fdr"] <= fdr).any():
        entries["specificity"] = [dot(f"FDR ≤ {fdr:g}", "white", edge="black")]
    if len(rest):
        entries["other"] = [dot(f"after the first {coloured}", "#DADADA", size=3)]
    legend_outside(ax, entries, x=1.1)
    say(ax, f"{len(rows)} candidates; grey lines: equal geometric mean")
    return ax


def _equal_means(ax: Axes) -> None:
    """Lines on which the geometric mean of both ranks is the same."""
    grid = np.linspace(0.01, 1, 200)
    for mean in (0.25, 0.5, 0.75, 0.9):
        ax.plot(grid, mean**2 / grid, color="#C9C9C9", lw=0.6, zorder=0)
        ax.annotate(f"{mean:g}", (1.02, mean**2), color="#777777", fontsize=6, xytext=(2, 0),
                    textcoords="offset points", va="center", annotation_clip=False)  # fmt: skip
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.set_xlabel("ligand: percentile rank in the sender")
    ax.set_ylabel("receptor: percentile rank in the receiver")


def _ranked_points(ax: Axes, rows: pd.DataFrame, fdr: float) -> None:
    levels = evidence_of(rows)
    for level in reversed(EVIDENCE_LEVELS):
        of = rows[levels == level]
        called = of["specificity_fdr"] <= fdr if "specificity_fdr" in of else False
        ax.scatter(
            of["magnitude_ligand"], of["magnitude_receptor"], s=15, alpha=0.85,
            c=EVIDENCE_COLOURS[level], marker=EVIDENCE_MARKERS[level],
            linewidths=np.where(called, 1.0, 0.0), edgecolors="black",
        )  # fmt: skip


def _with_sender(rows: pd.DataFrame, label: str) -> list[str]:
    """Names of the points, with the sending group where a name stands for several."""
    names = [shorten(n, 20) for n in rows[label]]
    if "source" not in rows or len(set(rows["source"])) == 1:
        return names
    groups = zip(names, rows["source"], strict=True)
    return [f"{n} ({shorten(s, 14)})" if names.count(n) > 1 else n for n, s in groups]


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
        p-value up to 0.05, and the legend says so) and name.
    xlabel
        What `effect` is, for the axis; None takes the column's name, or log2 fold change.
    top
        How many points to label, by p-value.
    fdr
        Points at or below this adjusted p-value are coloured by their sign.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    check_columns(table, [effect, pvalue, label, *([padj] if padj else [])], "table")
    keys = [label, effect, pvalue, *(c for c in ("source", "contrast") if c in table)]
    rows = table.drop_duplicates(keys).dropna(subset=[effect, pvalue])
    if rows.empty:
        return empty(ax, "no factor was tested between the conditions")
    ax = new_axes(ax, width=4.4, height=3.2)
    y = -np.log10(rows[pvalue].clip(lower=1e-300))
    called = rows[padj] <= fdr if padj else rows[pvalue] <= RAW_P
    colours = np.where(called, np.where(rows[effect] > 0, UP, DOWN), "#B0B0B0")
    ax.scatter(rows[effect], y, c=colours, s=12, linewidths=0, alpha=0.85)
    widest = float(rows[effect].abs().max()) * 1.15 or 1.0
    ax.axvline(0, color=GREY, lw=0.6, ls=":")
    ax.set(xlim=(-widest, widest), ylim=(0, float(y.max()) * 1.12 + 0.1))
    ax.locator_params(axis="x", nbins=6)
    named = "log2 fold change" if "logfc" in effect else effect.replace("_", " ")
    ax.set_xlabel(xlabel or named)
    ax.set_ylabel("-log10 p")
    best = rows.loc[rows[pvalue].sort_values(kind="stable").index[: top * 4]]
    label_points(ax, best[effect], y[best.index], _with_sender(best, label)[:top])
    limit = f"FDR ≤ {fdr:g}" if padj else f"raw p ≤ {RAW_P:g}"
    legend_outside(
        ax, {limit: [dot("higher", UP), dot("lower", DOWN)], "other": [dot("above", "#B0B0B0")]}
    )
    say(ax, f"{len(rows)} tested, {int(called.sum())} with {limit}")
    return ax
