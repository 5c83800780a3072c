"""Library-size and TMM normalisation; data that are on a log scale pass unchanged."""

from copy import deepcopy
from typing import Literal

import numpy as np
import scipy.sparse as sp
from anndata import AnnData

from ..core.checks import check_one_of
from ..core.errors import InputError
from ..core.names import UNS
from .state import check_state, current_state

Normalisation = Literal["auto", "log1p", "library", "tmm"]
METHODS = ("auto", "log1p", "library", "tmm")
ON_A_LOG_SCALE = ("lognorm", "log_intensity", "means")


def lognormalise(
    adata: AnnData,
    *,
    method: Normalisation = "auto",
    target_sum: float | None = None,
    prior: float | None = None,
) -> AnnData:
    """Return a log-normalised copy; what is done depends on the value state of the data.

    Parameters
    ----------
    adata
        Expression, (n_obs, n_genes). Counts are normalised as `method` says; linear
        intensities become log2 with 0 as missing; values on a log scale, and means, stay.
    method
        "log1p": ln(1 + count / total * target_sum), keeps sparse data sparse. "library": log2
        of counts per million with a prior count, library size as it is. "tmm": the same with
        library sizes times TMM factors. "auto": "log1p" for cells (sparse, or of modality
        single_cell), "tmm" for samples and pseudobulk.
    target_sum
        Total to which each row is scaled; 10,000 for "log1p", a million for the others.
    prior
        Prior count of "library" and "tmm", scaled to each library as edgeR does; 2.

    Returns
    -------
    A copy with the new `X` (float64 for dense data), the counts in ``layers["counts"]``, the
    factors in ``obs["norm_factor"]`` after "tmm", and the new `value_state` in
    ``uns["crosstalk"]``. A row without counts is 0 after "log1p" and NaN otherwise.

    Raises
    ------
    InputError
        The values are scaled or of unknown state, or an option does not fit the method.

    References
    ----------
    Robinson & Oshlack 2010, TMM; numbers equal to edgeR's ``calcNormFactors`` and
    ``cpm(log=TRUE)``.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> cx.pp.value_state(cx.pp.lognormalise(muscle)).state
    'lognorm'
    """
    check_one_of(method, METHODS, "method")
    state = current_state(adata)
    if state in ("scaled", "unknown"):
        msg = (
            f"The values are {state!r}: there is no way back to a log scale. Give counts or "
            "log-normalised values, or set `value_state` in `cx.pp.standardise`."
        )
        raise InputError(msg)
    check_state(adata, state)
    if state in ON_A_LOG_SCALE:
        return adata.copy()
    if state == "intensity":
        step = "log2 of positive intensities, 0 -> missing"
        return _recorded(adata, _log2_positive(adata), "log_intensity", step)
    if method == "auto":
        cells = sp.issparse(adata.X) or adata.uns.get(UNS, {}).get("modality") == "single_cell"
        method = "log1p" if cells else "tmm"
    if method == "log1p":
        if prior is not None:
            msg = "`prior` belongs to method='library' or 'tmm'; 'log1p' adds 1 by definition."
            raise InputError(msg)
        scale = 1e4 if target_sum is None else target_sum
        return _recorded(adata, _log1p(adata, scale), "lognorm", f"ln(1 + counts per {scale:g})")
    if sp.issparse(adata.X):
        msg = (
            f"method={method!r} makes every zero a number, which would fill the sparse matrix. "
            "Use method='log1p' for cells, or `cx.pp.pseudobulk` first."
        )
        raise InputError(msg)
    counts = np.asarray(adata.X, dtype=np.float64)
    factors = tmm_factors(counts) if method == "tmm" else np.ones(adata.n_obs)
    scale = 1e6 if target_sum is None else target_sum
    library = counts.sum(axis=1) * factors
    x = log_cpm(counts, library, prior=2.0 if prior is None else prior, scale=scale)
    result = _recorded(adata, x, "lognorm", f"log2 counts per {scale:g}, {method}")
    if method == "tmm":
        result.obs["norm_factor"] = factors
    return result


def log_cpm(
    counts: np.ndarray, library: np.ndarray, *, prior: float = 2.0, scale: float = 1e6
) -> np.ndarray:
    """Log2 counts per `scale` with a prior count in proportion to the library size (edgeR).

    Parameters
    ----------
    counts
        (n_samples, n_genes), none negative.
    library
        (n_samples,) effective library sizes.
    prior
        Average prior count, added to every count.
    scale
        Library size to which all are brought.

    Returns
    -------
    (n_samples, n_genes) float64; a row of NaN where the library is empty.
    """
    library = np.where(library > 0, library, np.nan)
    scaled = prior * library / np.nanmean(library)
    return np.log2((counts + scaled[:, None]) / (library + 2 * scaled)[:, None] * scale)


def tmm_factors(counts: np.ndarray) -> np.ndarray:
    """Trimmed mean of M-values factors, one per sample, with geometric mean 1 (edgeR defaults).

    Parameters
    ----------
    counts
        (n_samples, n_genes), none negative. An empty sample gets factor 1.

    Returns
    -------
    (n_samples,) float64.

    References
    ----------
    Robinson & Oshlack 2010; trim 0.3 of M-values and 0.05 of A-values, precision weights,
    reference = the sample whose upper quartile is nearest to the mean.
    """
    counts = counts[:, counts.sum(axis=0) > 0]
    library = counts.sum(axis=1)
    factors = np.ones(len(counts))
    filled = np.flatnonzero(library > 0)
    if len(filled) < 2:
        return factors
    quartile = np.quantile(counts[filled], 0.75, axis=1) / library[filled]
    if np.median(quartile) < 1e-20:
        reference = filled[np.argmax(np.sqrt(counts[filled]).sum(axis=1))]
    else:
        reference = filled[np.argmin(np.abs(quartile - quartile.mean()))]
    for i in filled:
        factors[i] = _tmm(counts[i], counts[reference], library[i], library[reference])
    factors[filled] /= np.exp(np.log(factors[filled]).mean())
    return factors


def _tmm(x: np.ndarray, reference: np.ndarray, n: float, n_reference: float) -> float:
    from scipy.stats import rankdata

    both = (x > 0) & (reference > 0)
    share, share_reference = x[both] / n, reference[both] / n_reference
    m = np.log2(share / share_reference)
    a = np.log2(share * share_reference) / 2
    if m.size == 0 or np.abs(m).max() < 1e-6:
        return 1.0
    variance = (1 - share) / x[both] + (1 - share_reference) / reference[both]
    low_m, low_a = np.floor(m.size * 0.3) + 1, np.floor(m.size * 0.05) + 1
    rank_m, rank_a = rankdata(m), rankdata(a)
    kept = (rank_m >= low_m) & (rank_m <= m.size + 1 - low_m)
    kept &= (rank_a >= low_a) & (rank_a <= m.size + 1 - low_a)
    if not kept.any():
        return 1.0
    return float(2 ** (np.sum(m[kept] / variance[kept]) / np.sum(1 / variance[kept])))


def _log1p(adata: AnnData, scale: float) -> np.ndarray | sp.csr_matrix:
    x = adata.X
    total = np.asarray(x.sum(axis=1), dtype=np.float64).ravel()
    factor = np.divide(scale, total, out=np.zeros_like(total), where=total > 0)
    if sp.issparse(x):
        dtype = np.float32 if x.dtype == np.float32 else np.float64
        scaled = sp.csr_matrix(x, dtype=dtype, copy=True)
        scaled.data *= np.repeat(factor, np.diff(scaled.indptr)).astype(scaled.dtype)
        np.log1p(scaled.data, out=scaled.data)
        return scaled
    return np.log1p(np.asarray(x, dtype=np.float64) * factor[:, None])


def _log2_positive(adata: AnnData) -> np.ndarray:
    x = adata.X.toarray() if sp.issparse(adata.X) else np.asarray(adata.X)
    x = x.astype(np.float64)
    return np.log2(x, out=np.full_like(x, np.nan), where=x > 0)


def _recorded(adata: AnnData, x: np.ndarray | sp.csr_matrix, state: str, step: str) -> AnnData:
    """Copy everything but `X`, which is new; counts go to their layer."""
    record = dict(adata.uns.get(UNS, {}))
    # from anndata 0.13 on, `layers` lists X too, under the key None
    layers = {key: value.copy() for key, value in adata.layers.items() if key is not None}
    if state == "lognorm":
        layers["counts"] = adata.X.copy()
    result = AnnData(x, obs=adata.obs.copy(), var=adata.var.copy(), layers=layers)
    result.obsm.update({key: value.copy() for key, value in adata.obsm.items()})
    record["value_state"] = state
    record["steps"] = [*record.get("steps", []), step]
    result.uns.update(deepcopy(dict(adata.uns)) | {UNS: record})
    return result
