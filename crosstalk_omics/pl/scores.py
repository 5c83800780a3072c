"""Scores of signatures: per group, per donor, per cell, and the effects that were tested."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core.checks import check_columns, check_one_of
from ..core.names import GROUP
from .legend import dot, legend_outside
from .theme import (
    DOWN,
    GREY,
    ONE_COLUMN,
    PALETTE,
    SEQUENTIAL,
    UP,
    empty,
    letters,
    name_x,
    new_axes,
    rows_height,
    say,
    shorten,
    themed,
    top_of,
)

if TYPE_CHECKING:
    from anndata import AnnData
    from matplotlib.axes import Axes


@themed
def score_effects(
    table: pd.DataFrame,
    *,
    score: str | None = None,
    top: int = 40,
    fdr: float = 0.1,
    width: float = 4.6,
    ax: Axes | None = None,
) -> Axes:
    """Tested differences of scores with their intervals, strongest evidence first.

    Parameters
    ----------
    table
        Result of `cx.tl.compare_scores`.
    score
        Scoring method to show where a column `score` has several; None takes the first.
    top
        How many rows to show at most, by p-value, then by size of the effect.
    fdr
        Rows at or below this adjusted p-value are filled.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
    ax
        Axes to draw into; None makes a figure whose height follows the rows.

    Returns
    -------
    The axes.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> cx.tl.score(muscle, cx.signatures.load("myokine"), "ucell")
    >>> tests = cx.tl.compare_scores(muscle, "ucell", condition="condition", reference="control")
    >>> ax = cx.pl.score_effects(tests)
    """
    needed = ["signature", GROUP, "estimate", "ci_low", "ci_high", "pvalue", "padj"]
    check_columns(table, needed, "table")
    rows, note = _one_score(table, score)
    rows = rows.dropna(subset=["estimate"])
    order = pd.DataFrame({"p": rows["pvalue"], "size": -rows["estimate"].abs()})
    shown = rows.loc[order.sort_values(["p", "size"], kind="stable").index[:top]]
    if shown.empty:
        return empty(ax, "no effect could be estimated")
    ax = new_axes(ax, width=width, height=rows_height(len(shown)))
    _effect_rows(ax, shown, fdr)
    say(ax, top_of(len(shown), len(rows), "effects, by p-value"), note)
    return ax


def _one_score(table: pd.DataFrame, score: str | None) -> tuple[pd.DataFrame, str]:
    """Rows of one scoring method: scales differ between methods."""
    present = list(dict.fromkeys(table["score"].dropna())) if "score" in table else []
    if len(present) < 2 and score is None:
        return table, ""
    score = score or present[0]
    check_one_of(score, present, "score")
    return table[table["score"] == score], f"score {score}"


def _effect_rows(ax: Axes, shown: pd.DataFrame, fdr: float) -> None:
    """One interval per row; colour is the sign, filling the verdict."""
    y = np.arange(len(shown))[::-1]
    colours = np.where(shown["estimate"] > 0, UP, DOWN)
    called = (shown["padj"] <= fdr).to_numpy()
    ax.hlines(y, shown["ci_low"], shown["ci_high"], colors=colours, lw=1)
    faces = np.where(called, colours, "white")
    ax.scatter(shown["estimate"], y, s=16, c=faces, edgecolors=colours, linewidths=0.8, zorder=3)
    ax.axvline(0, color=GREY, lw=0.6, ls=":")
    several = len(set(shown[GROUP])) > 1
    names = shown["signature"] + (" · " + shown[GROUP].astype(str) if several else "")
    ax.set_yticks(y, [shorten(n, letters(ax, most=46)) for n in names])
    ax.set_ylim(-0.7, len(shown) - 0.3)
    contrasts = shown["contrast"].dropna().unique() if "contrast" in shown else []
    what = f" ({shorten(contrasts[0], 40)})" if len(contrasts) == 1 else ""
    interval = ", 95 % interval" if shown["ci_low"].notna().any() else ""
    name_x(ax, f"difference in score{what}{interval}")
    ax.grid(axis="x")
    handles = [dot("higher", UP), dot("lower", DOWN)]
    if called.any():
        handles.append(dot(f"FDR ≤ {fdr:g}", GREY, edge=GREY))
    if (shown["padj"] > fdr).any():
        handles.append(dot(f"FDR > {fdr:g}", "white", edge=GREY))
    if shown["pvalue"].isna().any():
        handles.append(dot("without interval:\nnot tested", "white", edge=GREY))
    legend_outside(ax, {"difference": handles})


@themed
def score_embedding(
    adata: AnnData,
    signature: str,
    *,
    key: str = "score_ucell",
    basis: str = "X_umap",
    width: float = ONE_COLUMN,
    ax: Axes | None = None,
) -> Axes:
    """Cells in an embedding, coloured by the score of one signature.

    Parameters
    ----------
    adata
        Scored by `cx.tl.score`, with an embedding.
    signature
        Column of the scores.
    key
        `obsm` key of the scores.
    basis
        `obsm` key of the embedding.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    import scanpy as sc
    from anndata import AnnData

    check_one_of(basis, list(adata.obsm), "basis")
    check_one_of(key, list(adata.obsm), "key")
    check_one_of(signature, list(adata.obsm[key].columns), "signature")
    ax = new_axes(ax, width=width, height=0.83 * width)
    name = basis.removeprefix("X_")
    light = AnnData(
        obs=adata.obsm[key][[signature]].rename(columns={signature: "score"}),
        obsm={basis: adata.obsm[basis]},
    )
    limits = light.obs["score"].quantile([0.01, 0.99])
    sc.pl.embedding(
        light, basis=name, color="score", cmap=SEQUENTIAL, vmin=limits.iloc[0],
        vmax=limits.iloc[1], na_color="#DDDDDD", title="",
        size=float(np.clip(12_000 / adata.n_obs, 2, 40)), show=False, ax=ax, sort_order=False,
    )  # fmt: skip
    ax.set(xlabel=f"{name} 1", ylabel=f"{name} 2", title=f"{shorten(signature, 44)}\n({key})")
    return ax


@themed
def running_sum(
    table: pd.DataFrame, *, title: str = "", width: float = ONE_COLUMN, ax: Axes | None = None
) -> Axes:
    """Running-sum enrichment of one gene set along a ranked list of genes.

    Parameters
    ----------
    table
        One row per gene, in rank order: `rank`, `running_sum`, `in_set` (bool).
    title
        What was ranked and which set was tested, with its score and p-value.
    width
        Inches of a new figure, such as `cx.pl.ONE_COLUMN`.
    ax
        Axes to draw into; None makes a figure.

    Returns
    -------
    The axes.
    """
    check_columns(table, ["rank", "running_sum", "in_set"], "table")
    ax = new_axes(ax, width=width, height=2.2)
    ax.plot(table["rank"], table["running_sum"], color=PALETTE[2], lw=1.2)
    ax.axhline(0, color=GREY, lw=0.6)
    peak = table.loc[table["running_sum"].abs().idxmax()]
    ax.plot(peak["rank"], peak["running_sum"], "o", color="black", ms=3)
    hits = table.loc[table["in_set"].astype(bool), "rank"]
    look = {"lw": 0.5, "color": PALETTE[0], "alpha": 1 if len(hits) < 300 else 0.25}
    ax.vlines(hits, -0.12, -0.03, transform=ax.get_xaxis_transform(), clip_on=False, **look)
    ax.tick_params(axis="x", pad=12)
    ax.set(xlabel="rank of the gene", ylabel="running sum", xlim=(0, table["rank"].max()))
    say(ax, shorten(title, 70), f"{len(hits):,} of {len(table):,} genes in the set")
    return ax
