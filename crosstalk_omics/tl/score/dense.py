"""Methods that take a dense matrix: block by block of rows, or whole and therefore small."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...core.errors import InputError
from ...core.progress import progress
from ...core.rows import read_rows
from .registry import METHODS
from .targets import NetIndex

BLOCK_VALUES = 20_000_000  # 160 MB
MOST_VALUES = 200_000_000  # 1.6 GB


def dense(
    scores: dict[str, np.ndarray],
    options: Mapping[str, Mapping],
    x: Any,
    net: NetIndex,
    filled: np.ndarray,
) -> None:
    """Fill in the scores of methods that need dense values; genes go by their names."""
    if all(METHODS[name].family not in ("whole", "rows") for name in options):
        return
    member = net.dense()[net.by_name]
    rows = np.flatnonzero(filled)
    for name in options:
        method = METHODS[name]
        if method.family == "whole":
            _check_size(name, len(rows), net.n_genes)
            values = _values(x, rows, net)
            if len(rows) > 1:
                scores[name][rows] = method.finish(values, member, options[name])
        elif method.family == "rows":
            step = max(1, BLOCK_VALUES // net.n_genes)
            for first in progress(range(0, len(rows), step), name):
                here = rows[first : first + step]
                scores[name][here] = method.finish(_values(x, here, net), member, options[name])


def _values(x: Any, rows: np.ndarray, net: NetIndex) -> np.ndarray:
    """Dense float64 rows, genes in the order of their names."""
    if not len(rows):
        return np.empty((0, net.n_genes))
    part = read_rows(x, rows[0], rows[-1] + 1)[rows - rows[0]]
    return part.toarray().astype(np.float64)[:, net.by_name]


def _check_size(name: str, n_obs: int, n_genes: int) -> None:
    """Raise where a dense copy of all observations would be large."""
    if n_obs * n_genes > MOST_VALUES:
        msg = (
            f"{name} looks at all observations at once and needs {n_obs} x {n_genes} dense values, "
            f"more than {MOST_VALUES:.0e}. Score pseudobulks (`cx.pp.pseudobulk`), or use ucell, "
            "singscore or zscore, which take one observation at a time."
        )
        raise InputError(msg)


def consensus(scores: list[np.ndarray]) -> np.ndarray:
    """Mean over methods of scores scaled over signatures, positive and negative ones apart."""
    return np.mean([_scaled(s) for s in scores], axis=0)


def _scaled(score: np.ndarray) -> np.ndarray:
    """Scores of each observation over the deviation of the mirrored scores of the same sign."""
    # what is 0 but for rounding would count as a score of its own sign
    noise = 1e-12 * np.abs(np.nan_to_num(score)).max(axis=1, keepdims=True)
    score = np.where(np.abs(score) <= noise, 0.0, score)
    out = score.copy()
    for side in (score > 0, score <= 0):
        n = side.sum(axis=1, keepdims=True)
        square = np.where(side, score**2, 0).sum(axis=1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = score / np.sqrt(2 * square / (2 * n - 1))
        out = np.where(side & (square > 0), scaled, out)
    return out
