"""The runner: the shared passes, then what needs dense values, then what combines scores."""

from functools import partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from .dense import consensus, dense
from .means import contrast_weights
from .null import null_z
from .passes import (
    Check,
    Options,
    Ranking,
    Reading,
    count_values,
    gene_moments,
    named,
    over_blocks,
    rows_per_block,
)
from .targets import NetIndex

BLOCK_ROWS = 2048


def run(
    scores: dict[str, Any],
    options: Options,
    x: Any,
    net: NetIndex,
    *,
    check: Check,
    block_rows: int,
    n_threads: int,
    null: str | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Fill `scores`, per method (n_obs, n_signatures), reading the matrix once.

    Methods that need gene means (score_genes, the null) or dense values cost another reading.
    Rows without values get NaN; z of the null is added as "<method>_z" where asked.

    Returns
    -------
    (n_obs,) values other than 0 per row.
    """
    filled = np.zeros(x.shape[0], np.int64)
    step = rows_per_block(len(net.signatures), len(options), block_rows)
    moments = None
    if "score_genes" in options or null is not None:
        moments = gene_moments(x, net.n_genes, check, step, n_threads)
    jobs = _jobs(options, net, moments)

    def one(part: sp.csr_matrix, first: int, lo: int, hi: int) -> None:
        here = slice(first + lo, first + hi)
        for job in jobs:
            result, filled[here] = job(part, lo, hi, partial(check, part, first, lo, hi))
            for name, values in result.items():
                scores[name][here] = np.where(filled[here, None] > 0, values, np.nan)

    over_blocks(one, x, min(step, -(-x.shape[0] // n_threads)), n_threads, "score")
    dense(scores, options, x, net, filled)
    if "consensus" in scores:
        scores["consensus"] = consensus([v for k, v in scores.items() if k != "consensus"])
    if null is not None:
        z = null_z(options, x, net, moments, block_rows, n_threads, seed)
        scores |= {name: np.where(filled[:, None] > 0, v, np.nan) for name, v in z.items()}
    return filled


def _jobs(options: Options, net: NetIndex, moments: tuple | None) -> list:
    """What is done to every block."""
    jobs = []
    if names := named(options, "rank"):
        jobs.append(Ranking(options, net, names))
    if names := named(options, "linear"):
        contrast = None
        if "score_genes" in options:
            weights = contrast_weights(moments[0], net, options["score_genes"])
            contrast = net.with_weights(weights)
        jobs.append(Reading(options, net, names, contrast))
    return jobs or [count_values]
