"""Score every observation for every signature: check, run, record."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ...core.checks import check_number, check_type, check_unique
from ...core.errors import CrosstalkWarning, InputError
from ...core.names import score_key
from ...core.processors import n_processors
from ...core.provenance import versions
from ...core.rows import by_rows, matrix
from . import targets, values
from .depth import thinned
from .null import check_null
from .registry import METHODS, choose, methods
from .run import BLOCK_ROWS, run
from .store import check_out, kept
from .targets import coverage

__all__ = ["coverage", "methods", "score"]

NULL_NOTE = (
    "z against random sets of genes of like expression and detection; genes of a signature are "
    "correlated and observations of a donor are not replicates, so z is descriptive, no test"
)


def score(
    adata: AnnData,
    net: pd.DataFrame,
    method: str | list[str] = "ucell",
    *,
    layer: str | None = None,
    min_targets: int = 1,
    min_coverage: float = 0.1,
    value_state: str | None = None,
    options: Mapping[str, Mapping[str, Any]] | None = None,
    null: str | None = None,
    depth: int | None = None,
    seed: int = 0,
    block_rows: int = BLOCK_ROWS,
    n_threads: int | None = None,
    out: str | Path | None = None,
    copy: bool = False,
) -> AnnData | None:
    """Score every observation for every signature in `net`.

    Several methods in one call share the passes over the matrix: one ranking feeds ucell,
    aucell, singscore and ssgsea, one reading feeds mean, zscore, ulm and mlm. Matrices on disk
    (backed h5ad, zarr) and dask arrays are read block by block.

    Genes with equal values share their mean rank (ucell, ssgsea) or the lowest of their ranks
    (singscore); aucell is the mean over all orders of such genes. viper, gsea and gsva, which
    break ties by position, see the genes in the order of their names.

    Parameters
    ----------
    adata
        Expression, (n_obs, n_genes). NaN in a dense matrix means not measured: methods that can
        leave such genes out of one observation's score do, the others refuse.
    net
        Signatures in long form: `source` (signature), `target` (gene), `weight` (unitless, in
        [-1, 1]; without the column 1). Negative weights are an error for methods that have no
        meaning for them; see `cx.tl.score_methods()`.
    method
        One method or several; see `cx.tl.score_methods()`.
    layer
        Layer to score; `None` reads X, never `raw`.
    min_targets, min_coverage
        Signatures with fewer targets in the data, or a smaller share of them, are left out, with
        a warning and an entry in the coverage table.
    value_state
        What the values are (counts, lognorm, log_intensity, intensity, means, scaled, unknown);
        `None` takes what is recorded with the data or looks at the values. A method that such
        values cannot feed refuses.
    options
        Options by method, e.g. ``{"ucell": {"max_rank": 800, "missing": "skip"}}``.
    null
        "matched" adds `obsm["score_<method>_z"]`: the score against random sets of the same size
        that take their genes from the same strata of expression and detection, with mean and
        variance exact where the score is a sum over genes, from 200 seeded sets for ssgsea.
        Genes of a signature are correlated, so that z describes and tests nothing.
    depth
        Thin the counts of every observation to this total first, so that data sets of unlike
        depth can be compared; observations with fewer counts get NaN. Takes raw counts.
    seed
        Seed of the null's random sets and of the thinning.
    block_rows
        Observations per block; no result depends on it.
    n_threads
        Threads; `None` takes all processors of this process. No result depends on it.
    out
        Write the scores to this .h5ad file, block by block, instead of `obsm`: observations by
        signatures, one float32 layer per method. For results larger than memory.
    copy
        Return a scored copy and leave `adata` as it is.

    Returns
    -------
    `None`, or the copy. Writes per method `obsm["score_<method>"]`, a float64 frame (n_obs,
    n_signatures), NaN for an observation without values, and `uns` under the same key:
    coverage (frame), parameters, net_digest, versions, notes.

    Raises
    ------
    InputError
        Gene names repeat, no signature is covered, a method cannot take the values or the
        weights, or a value is infinite (the message says where).

    References
    ----------
    Andreatta & Carmona 2021, doi:10.1016/j.csbj.2021.06.043 (ucell); others in
    `cx.tl.score_methods()`.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> net = cx.signatures.load("myokine")
    >>> cx.tl.score(muscle, net, ["ucell", "singscore"])
    >>> muscle.obsm["score_ucell"].columns.tolist()
    ['myokine_receiver', 'myokine_sender']
    """
    check_type(adata, AnnData, "adata")
    adata = adata.copy() if copy else adata
    chosen = choose(method, options)
    _check_numbers(adata, min_coverage, seed, block_rows, n_threads)
    check_unique(adata.var_names)
    net = targets.check_net(net)
    x = by_rows(matrix(adata, layer))
    state = values.value_state(adata, x, layer, value_state)
    for name in chosen:
        values.check_state(state, name, METHODS[name].states, adata, x)
        _check_signs(net, name)
    check_null(null, chosen)
    check_out(out, chosen, null)
    position = adata.var_names.get_indexer(pd.Index(net.target))
    table = _scored(net, adata, position >= 0, min_targets, min_coverage)
    index = targets.index_net(net, adata.var_names, position, table["scored"].to_numpy())
    x = thinned(x, adata.obs_names, index, depth=depth, seed=seed, state=state)
    check = _finite(adata, chosen, sparse=_is_sparse(x) or null is not None)
    how = {"block_rows": block_rows, "n_threads": n_threads or n_processors()}
    with kept(out, adata.obs_names, index.signatures, list(chosen)) as scores:
        filled = run(scores, chosen, x, index, check=check, null=null, seed=seed, **how)
        found = {} if out is not None else scores
    parameters = {
        "layer": "X" if layer is None else layer, "min_targets": min_targets,
        "min_coverage": min_coverage, "value_state": state, "null": null or "none",
        "depth": depth or "as measured", "seed": seed, "out": str(out or "obsm"),
    }  # fmt: skip
    for name in found or chosen:
        base = name if name in chosen else name.removesuffix("_z")
        notes = [] if name in chosen else [NULL_NOTE]
        notes += _notes(base, filled, chosen[base], depth)
        asked = {"method": base, **parameters, **chosen[base]}
        shared = {"coverage": table.copy(), "net_digest": net.digest, "versions": versions()}
        adata.uns[score_key(name)] = {**shared, "parameters": asked, "notes": notes}
    for name, values_found in found.items():
        adata.obsm[score_key(name)] = pd.DataFrame(
            values_found, index=adata.obs_names, columns=list(index.signatures), copy=False
        )
    return adata if copy else None


def _check_numbers(
    adata: AnnData, min_coverage: float, seed: int, block_rows: int, n_threads: int | None
) -> None:
    """Raise where a number has no meaning, or there is nothing to score."""
    check_number(min_coverage, "min_coverage", 0, 1)
    check_number(seed, "seed", 0, whole=True)
    check_number(block_rows, "block_rows", 1, whole=True)
    check_number(1 if n_threads is None else n_threads, "n_threads", 1, whole=True)
    if not adata.n_obs:
        msg = "adata has no observations. Check what it was filtered by."
        raise InputError(msg)


def _is_sparse(x: Any) -> bool:
    """Whether only values other than 0 are stored, in memory, on disk or in dask blocks."""
    return sp.issparse(x) or hasattr(x, "format") or sp.issparse(getattr(x, "_meta", None))


def _check_signs(net: targets.Net, method: str) -> None:
    """Raise if negative weights mean nothing to the method."""
    negative = net.weight < 0
    if negative.any() and not METHODS[method].signed:
        signed = [m.name for m in METHODS.values() if m.signed]
        names = list(net.names[np.unique(net.code[negative])[:5]])
        msg = (
            f"method {method!r} has no meaning for negative weights, which {names} have. Use one "
            f"of {', '.join(signed)}, or keep the positive targets: net[net['weight'] > 0]."
        )
        raise InputError(msg)


def _scored(
    net: targets.Net, adata: AnnData, found: np.ndarray, min_targets: int, min_coverage: float
) -> pd.DataFrame:
    """Coverage with a column that says which signatures are scored; warn about the others."""
    table = targets.covered(net, found, min_targets, min_coverage)
    targets.check_overlap(table, net, adata)
    if not table["scored"].all():
        left = table.loc[~table["scored"], "signature"]
        msg = (
            f"{len(left)} of {len(table)} signatures have fewer than min_targets={min_targets} "
            f"targets in the data or less than min_coverage={min_coverage} of them, and are left "
            f"out: {', '.join(left[:5])}{' ...' if len(left) > 5 else ''}. See `cx.tl.coverage`."
        )
        if renamed := targets.old_names(net.targets, adata.var_names):
            msg += f" The data use old names ({renamed}): run `cx.pp.standardise`."
        warnings.warn(msg, CrosstalkWarning, stacklevel=3)
    return table


def _finite(adata: AnnData, chosen: Mapping, *, sparse: bool) -> Any:
    """The check of a block of rows: NaN only where it can mean not measured, nothing infinite."""
    refuse = [name for name in chosen if not METHODS[name].missing]

    def check(part: sp.csr_matrix, first: int, lo: int, hi: int) -> None:
        offset = part.indptr[lo]
        data = part.data[offset : part.indptr[hi]]
        if np.isfinite(data.sum()) or np.isfinite(data).all():
            return
        bad = ~np.isfinite(data) if sparse or refuse else np.isinf(data)
        if not bad.any():
            return
        at = int(np.flatnonzero(bad)[0])
        row = int(np.searchsorted(part.indptr, at + offset, side="right")) - 1
        advice = (
            "Mend or remove such values"
            if sparse or np.isinf(data[at])
            else f"{', '.join(refuse)} cannot leave out unmeasured genes: keep the genes measured "
            "in all observations, or use ucell, singscore, mean, zscore or ulm"
        )
        msg = (
            f"Found {data[at]} in observation {adata.obs_names[first + row]!r}, gene "
            f"{adata.var_names[part.indices[at + offset]]!r}; expected finite values. {advice}."
        )
        raise InputError(msg)

    return check


def _notes(
    method: str, filled: np.ndarray, options: Mapping[str, Any], depth: int | None
) -> list[str]:
    """What a reader should know about the observations that were scored."""
    notes = []
    if empty := int((filled == 0).sum()):
        lack = "no values" if depth is None else f"fewer than {depth} counts"
        notes.append(f"{empty} observations have {lack}: their score is NaN.")
    if method == "ucell" and (filled > 0).any():
        median = float(np.median(filled[filled > 0]))
        if options["max_rank"] > 2 * median:
            notes.append(
                f"The median observation detects {median:.0f} genes, max_rank is "
                f"{options['max_rank']}: scores of such depth crowd near the value of undetected "
                f"genes. A max_rank near {max(100, round(median, -2)):.0f} tells more."
            )
        elif median > 5 * options["max_rank"]:
            notes.append(
                f"max_rank is {options['max_rank']} and the median observation detects "
                f"{median:.0f} genes: ucell sees only the highest of them, as it was made for "
                "cells. singscore uses all, or raise max_rank."
            )
    return notes
