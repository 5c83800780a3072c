"""Candidates of communication between two tissues."""

from __future__ import annotations

from textwrap import fill
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns
from ..core.names import EVIDENCE_LEVELS
from .legend import dot, legend_outside, written
from .theme import (
    EVIDENCE_COLOURS,
    EVIDENCE_MARKERS,
    GREY,
    MAGNITUDE,
    NARROW,
    ROW,
    TWO_COLUMNS,
    empty,
    letters,
    new_axes,
    room,
    row_room,
    rows_height,
    say,
    shorten,
    themed,
    top_of,
)
from .volcano import label_points

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
NO_TEST_SIZE = 14.0  # area of a dot without a p-value
AXIS = "axis"  # sending to receiving tissue
LONG = 42  # letters of a pair's name up to which nothing is cut
LEAST = 5  # letters that are left of a part
COLUMN = 0.13  # inches of a column of dots in one journal column

Tick = tuple[str, tuple[str, ...] | None]  # label and key of a column; a title has no key


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


def pair_names(table: pd.DataFrame, most: int = LONG) -> list[str]:
    """``factor: LIGAND → RECEPTOR``, ``⊣`` where it blocks; no factor that is the ligand.

    The longest parts of a name longer than `most` letters are cut.
    """
    names = []
    for factor, *pair, role in table[KEY].astype(str).itertuples(index=False):
        parts = pair if factor.lower() == pair[0].lower() else [factor, *pair]
        sizes = [len(part) for part in parts]
        for _ in range(len(_pair_name(parts, role)) - most):
            if max(sizes) > LEAST:
                sizes[sizes.index(max(sizes))] -= 1
        parts = [shorten(part, size) for part, size in zip(parts, sizes, strict=True)]
        names.append(_pair_name(parts, role))
    return names


def _pair_name(parts: list[str], role: str) -> str:
    name = f" {ARROWS.get(role, '→')} ".join(parts[-2:])
    name += f" ({role})" if role in ("decoy", "carrier") else ""
    return ": ".join([*parts[:-2], name])


def drawable(table: pd.DataFrame, *, prefix: bool = True) -> pd.DataFrame:
    """Rows measured on both sides; a tissue of one group is called by the tissue's name.

    Other groups get the name of their tissue in front, where the table has several tissues
    and `prefix` asks for it. Column `axis` says from which tissue to which.
    """
    rows = table[table["magnitude_gmean"].notna()].reset_index(drop=True)
    rows["role"] = rows["role"].fillna("agonist") if "role" in rows else "agonist"
    rows[AXIS] = ""
    if {"source_tissue", "target_tissue"} <= set(rows):
        rows[AXIS] = rows["source_tissue"].astype(str) + " → " + rows["target_tissue"].astype(str)
    for side in GROUPS:
        tissue = f"{side}_tissue"
        if tissue in rows:
            group, whole = rows[side].astype(str), rows[tissue].astype(str)
            plain = group.groupby(whole).transform(lambda g: len(set(g)) == 1)
            long = whole + ": " + group if prefix and len(set(whole)) > 1 else group
            rows[side] = whole.where(plain, long)
    return rows


def _p_size(p: float | pd.Series, cell: float = ROW) -> np.ndarray:
    """Area in points squared: grows with -log10 p up to 1e-6; small and equal without a test."""
    area = 8 + 14 * -np.log10(np.maximum(np.asarray(p, dtype=float), 1e-6))
    return np.where(np.isnan(area), NO_TEST_SIZE, area) * (cell / ROW) ** 2


@themed
def crosstalk_dotplot(
    table: pd.DataFrame,
    *,
    top: int = 30,
    top_groups: int = 20,
    fdr: float = 0.1,
    width: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Candidates as dots: pairs in rows, sender → receiver groups in columns.

    Colour is the magnitude, size the specificity, a black ring a call. Pairs of one factor
    stand together, groups stand by their axis from tissue to tissue, and the last column
    marks how well the pair is known.

    Parameters
    ----------
    table
        Result of `cx.tl.crosstalk`, in its order: the first rows of each axis decide what is
        shown.
    top
        How many ligand-receptor pairs to show at most.
    top_groups
        How many sender → receiver pairs to show at most, and no more than have room.
    fdr
        Dots at or below this `specificity_fdr` get a ring.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`; None takes what
        the columns need, two journal columns at least where there are many.
    ax
        Axes to draw into; None makes a figure whose size follows rows and columns.

    Returns
    -------
    The axes.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle, bone = (cx.pp.standardise(tissue) for tissue in simulated[:2])
    >>> candidates = cx.tl.crosstalk(muscle, bone, groupby="cell_type")
    >>> ax = cx.pl.crosstalk_dotplot(candidates, top=10)
    """
    check_columns(table, [*NEEDED, "specificity_pvalue", "specificity_fdr"], "table")
    rows = drawable(table, prefix=False)
    turn = rows.groupby(AXIS).cumcount()  # the first of each axis before the second of any
    rows = rows.loc[turn.sort_values(kind="stable").index]
    pairs = rows.drop_duplicates(KEY)
    shown_pairs = pairs.head(top)
    inside = rows.merge(shown_pairs[KEY], on=KEY)
    columns = inside.drop_duplicates([AXIS, *GROUPS])[[AXIS, *GROUPS]]
    given = room(ax) if ax else width
    top_groups = min(top_groups, _columns_within(given))
    shown = inside.merge(columns.head(top_groups), on=[AXIS, *GROUPS])
    if shown.empty:
        return empty(ax, "no pair was measured on both sides")
    ticks = _column_ticks(shown, 14 if given and given < NARROW else 22)
    longest, needed = max(len(name) for name, _ in ticks), ROW * len(ticks)
    height = rows_height(len(shown_pairs), extra=0.5 + 0.052 * longest, least=3.0)
    width = width or max(min(3.6 + needed, TWO_COLUMNS), 3.1 + needed)
    ax = new_axes(ax, width=width, height=height)
    _dots(ax, shown, ticks, fdr)
    say(
        ax,
        top_of(len(shown_pairs), len(pairs), "pairs"),
        top_of(min(top_groups, len(columns)), len(columns), "group pairs"),
        NO_TEST if shown["specificity_pvalue"].isna().all() else "",
    )
    return ax


def _columns_within(width: float | None) -> int:
    """How many groups have room beside names, legend, titles of axes and evidence."""
    if width is None:
        return 10**6
    free = (width - 3.1) / ROW if width >= NARROW else (width - 1.9) / COLUMN
    return max(1, int(free) - 2)


def _column_ticks(shown: pd.DataFrame, most: int) -> list[Tick]:
    """Columns by axis; an axis whose groups have names of their own gets a title before them."""
    ticks: list[Tick] = []
    keys = shown.drop_duplicates([AXIS, *GROUPS])[[AXIS, *GROUPS]].sort_values([AXIS, *GROUPS])
    for axis, part in keys.groupby(AXIS, sort=False):
        if axis and set(part["source"] + " → " + part["target"]) != {axis}:
            ticks.append((shorten(axis, 46), None))
        for key in part.itertuples(index=False, name=None):
            ticks.append((" → ".join(shorten(group, most) for group in key[1:]), key))
    return ticks


def _dots(ax: Axes, shown: pd.DataFrame, ticks: list[Tick], fdr: float) -> None:
    first = shown.groupby("factor", sort=False).ngroup()
    pairs = shown.assign(_factor=first).drop_duplicates(KEY).sort_values("_factor", kind="stable")
    y_of = {key: -i for i, key in enumerate(map(tuple, pairs[KEY].to_numpy()))}
    x_of = {key: i for i, (_, key) in enumerate(ticks)}
    called = shown["specificity_fdr"] <= fdr
    cell = min(row_room(len(pairs)), ROW if room(ax) >= NARROW else COLUMN)
    ax.scatter(
        [x_of[key] for key in map(tuple, shown[[AXIS, *GROUPS]].to_numpy())],
        [y_of[key] for key in map(tuple, shown[KEY].to_numpy())],
        s=_p_size(shown["specificity_pvalue"], cell), c=shown["magnitude_gmean"],
        cmap=MAGNITUDE, vmin=0, vmax=1, linewidths=np.where(called, 1.1, 0.3),
        edgecolors=np.where(called, "black", EDGE),
    )  # fmt: skip
    levels = evidence_of(pairs)
    last = len(ticks) + 0.2
    for level in EVIDENCE_LEVELS:
        at = [y_of[k] for k in map(tuple, pairs.loc[levels == level, KEY].to_numpy())]
        ax.scatter([last] * len(at), at, c=EVIDENCE_COLOURS[level], s=22 * (cell / ROW) ** 2,
                   marker=EVIDENCE_MARKERS[level])  # fmt: skip
    breaks = pairs["_factor"].diff().fillna(0) != 0
    ax.hlines([-i + 0.5 for i in np.flatnonzero(breaks)], -0.6, last + 0.5, color="#DDDDDD", lw=0.5)
    ax.set_yticks([-i for i in range(len(pairs))], pair_names(pairs, letters(ax, most=LONG)))
    ax.set_xticks([*range(len(ticks)), last], [*(n for n, _ in ticks), "evidence"], rotation=90)
    titles = [i for i, (_, key) in enumerate(ticks) if key is None]
    for i in titles:
        ax.get_xticklabels()[i].set_weight("bold")
    ax.vlines(titles, -len(pairs) + 0.4, 0.6, color="#DDDDDD", lw=0.5)
    ax.set(xlim=(-0.6, last + 0.5), ylim=(-len(pairs) + 0.4, 0.6))
    sizes = {p: _p_size(p, cell) ** 0.5 for p in (0.5, 0.05, 0.001, np.nan)}
    _dot_legend(ax, shown, levels, sizes, fdr)


def _dot_legend(
    ax: Axes, shown: pd.DataFrame, levels: pd.Series, sizes: dict[float, float], fdr: float
) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    shades, p = colormaps[MAGNITUDE], shown["specificity_pvalue"]
    handles = [
        dot("not tested" if np.isnan(v) else f"p = {v:g}", GREY, size=size)
        for v, size in sizes.items()
        if (p.isna() if np.isnan(v) else p.notna()).any()
    ]
    if (shown["specificity_fdr"] <= fdr).any():
        handles.append(dot(f"FDR ≤ {fdr:g}", "white", edge="black"))
    legend_outside(
        ax,
        {
            "magnitude (rank)": [
                dot(f"{v:g}", to_hex(shades(float(v))), edge=EDGE) for v in (0, 0.25, 0.5, 0.75, 1)
            ],
            "specificity": handles,
            "evidence": evidence_handles(levels),
        },
        least=COLUMN * len(ax.get_xticks()),
    )


@themed
def crosstalk_ranks(
    table: pd.DataFrame,
    *,
    top: int = 12,
    coloured: int = 300,
    fdr: float = 0.1,
    width: float = TWO_COLUMNS,
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
    >>> ax = cx.pl.crosstalk_ranks(candidates)
    """
    check_columns(table, NEEDED, "table")
    rows = drawable(table)
    if rows.empty:
        return empty(ax, "no pair was measured on both sides")
    rest, first = rows.iloc[coloured:], rows.head(coloured)
    best = first[~first.duplicated(KEY)].head(top)
    ax = new_axes(ax, width=width, height=min(4.2, 0.9 * width))
    _equal_means(ax)
    ax.scatter(rest["magnitude_ligand"], rest["magnitude_receptor"], s=4, c="#DADADA",
               linewidths=0, rasterized=True)  # fmt: skip
    _ranked_points(ax, first, fdr)
    ordered = pd.concat([best, first.drop(best.index)])
    most = 24 if len(best) > 40 else LONG  # so many need two columns of names
    numbers = [str(i + 1) for i in range(len(best))]
    key = [written(f"{n}  {name}") for n, name in zip(numbers, pair_names(best, most), strict=True)]
    entries = {"evidence": evidence_handles(evidence_of(first)), "first pairs": key}
    if "specificity_fdr" in first and (first["specificity_fdr"] <= fdr).any():
        entries["specificity"] = [dot(f"FDR ≤ {fdr:g}", "white", edge="black")]
    if len(rest):
        entries["other"] = [dot(f"after the first {coloured}", "#DADADA", size=3)]
    legend_outside(ax, entries, x=1.1, least=1.9)
    label_points(ax, ordered["magnitude_ligand"], ordered["magnitude_receptor"], numbers)
    say(ax, f"{len(rows):,} candidates; grey lines: equal geometric mean")
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
    short = 26 if room(ax) < NARROW else LONG
    ax.set_ylabel(fill("receptor: percentile rank in the receiver", short))


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
