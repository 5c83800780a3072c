"""One record per scoring method; the runner and the documentation read nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ...core.checks import check_one_of, nearest
from ...core.errors import InputError
from ...core.names import VALUE_STATES
from . import linear, means, outside, ranking

LOGS = ("lognorm", "log_intensity", "unknown")
RANKABLE = ("counts", "lognorm", "log_intensity", "intensity", "means", "unknown")


@dataclass(frozen=True)
class Method:
    """What a method is and what it takes."""

    name: str
    family: str  # rank, linear: one pass over blocks; rows: dense blocks; whole; combined
    finish: Callable | None  # pass and options -> (n_rows, n_signatures)
    signed: bool  # negative weights have a meaning
    weights: str  # "value", "sign" or "none": what it uses of the weights
    states: tuple[str, ...]  # value states that it takes
    missing: bool  # leaves out genes that one observation lacks (NaN)
    range: str
    reference: str
    summary: str
    options: Mapping[str, Any] = field(default_factory=dict)


_RECORDS = (
    Method(
        "ucell", "rank", ranking.ucell, True, "sign", RANKABLE, True, "0 to 1",
        "doi:10.1016/j.csbj.2021.06.043",
        "Mann-Whitney U of the targets among the first max_rank genes",
        {"max_rank": 1500, "w_neg": 1.0, "missing": "impute"},
    ),
    Method(
        "aucell", "rank", ranking.aucell, False, "none", RANKABLE, True, "0 to 1",
        "doi:10.1038/nmeth.4463",
        "area under the recovery curve in the top share of the genes, expected over ties",
        {"top": 0.05},
    ),
    Method(
        "singscore", "rank", ranking.singscore, True, "sign", RANKABLE, True,
        "-0.5 to 0.5, signed sets -1 to 1, unknown direction 0 to 1",
        "doi:10.1186/s12859-018-2435-4",
        "mean rank between its least and greatest value",
        {"direction": "known"},
    ),
    Method(
        "ssgsea", "rank", ranking.ssgsea, False, "none", RANKABLE, True,
        "in ranks, about -n/2 to n/2",
        "doi:10.1038/nature08460",
        "sum of differences of the cumulative distributions of targets and other genes",
        {"power": 0.25},
    ),
    Method(
        "mean", "linear", means.mean, True, "value", LOGS, True, "unit of the values",
        "doi:10.1093/bioadv/vbac016", "weighted mean of the targets",
    ),
    Method(
        "zscore", "linear", means.zscore, True, "value", LOGS, True, "standard errors",
        "doi:10.1038/s41467-021-21211-6",
        "weighted mean against the mean of all genes of the observation",
        {"centre": True},
    ),
    Method(
        "ulm", "linear", linear.ulm, True, "value", (*LOGS, "scaled"), True, "t value",
        "doi:10.1093/bioadv/vbac016", "univariate linear model of the values on the weights",
    ),
    Method(
        "mlm", "linear", linear.mlm, True, "value", (*LOGS, "scaled"), False, "t value",
        "doi:10.1093/bioadv/vbac016", "one linear model with the weights of all signatures",
    ),
    Method(
        "score_genes", "linear", means.score_genes, False, "none", LOGS, False,
        "unit of the values", "doi:10.1126/science.aad0501",
        "mean of the targets minus the mean of random controls of like expression (scanpy's)",
        {"n_controls": 50, "n_bins": 25, "seed": 0},
    ),
    Method(
        "combined_z", "whole", means.combined_z, True, "value", LOGS, False, "standard errors",
        "doi:10.1371/journal.pcbi.1000217",
        "sum of z-values over observations, by sqrt(k) (GSVA's zscore)",
    ),
    Method(
        "plage", "whole", means.plage, False, "none", LOGS, False, "-1 to 1",
        "doi:10.1186/1471-2105-6-225", "first singular vector of the targets' z-values",
    ),
    Method(
        "gsva", "whole", outside.gsva, False, "none", (*LOGS, "counts"), False, "-1 to 1",
        "doi:10.1186/1471-2105-14-7",
        "random walk over ranks of kernel-estimated distributions (gseapy)",
        {"kernel": "gaussian", "tau": 1.0, "difference": True},
    ),
    Method(
        "viper", "rows", outside.viper, True, "value", (*LOGS, "scaled"), False,
        "standard errors", "doi:10.1038/ng.3593",
        "three-tail rank enrichment with correction for shared targets (decoupler)",
        {"pleiotropy": True, "reg_sign": 0.05, "n_targets": 10, "penalty": 20},
    ),
    Method(
        "gsea", "rows", outside.gsea, False, "none", (*LOGS, "scaled"), False,
        "normalised enrichment score", "doi:10.1073/pnas.0506580102",
        "running sum against random sets of genes (decoupler)",
        {"times": 1000, "seed": 42},
    ),
    Method(
        "consensus", "combined", None, True, "value", VALUE_STATES, True, "standard deviations",
        "doi:10.1093/bioadv/vbac016",
        "mean over the other methods of the call, each scaled over signatures (decoupler's rule)",
    ),
)  # fmt: skip
INFINITE = float("inf")
ALLOWED: dict[str, tuple] = {  # words, or least and greatest number
    "max_rank": (2, INFINITE),
    "w_neg": (0, INFINITE),
    "missing": ("impute", "skip"),
    "top": (0, 1),
    "direction": ("known", "unknown"),
    "power": (0, INFINITE),
    "centre": (False, True),
    "n_controls": (1, INFINITE),
    "n_bins": (2, INFINITE),
    "seed": (0, 2**32 - 1),
    "kernel": ("gaussian", "poisson", "none"),
    "tau": (0, INFINITE),
    "difference": (False, True),
    "pleiotropy": (False, True),
    "reg_sign": (0, 1),
    "n_targets": (1, INFINITE),
    "penalty": (0, INFINITE),
    "times": (2, INFINITE),
}
METHODS: dict[str, Method] = {record.name: record for record in _RECORDS}


def methods() -> pd.DataFrame:
    """List the scoring methods.

    Returns
    -------
    One row per method: what it computes, whether negative weights mean something to it, which
    value states it takes, whether it leaves out genes that an observation lacks, its options.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> cx.tl.score_methods().set_index("method").loc["ucell", "range"]
    '0 to 1'
    """
    rows = [
        (m.name, m.summary, m.signed, m.weights, "; ".join(m.states), m.missing, m.range,
         "; ".join(f"{k}={v!r}" for k, v in m.options.items()), m.reference)
        for m in _RECORDS
    ]  # fmt: skip
    columns = ["method", "summary", "signed", "weights", "value_states", "missing", "range",
               "options", "reference"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def choose(method: str | list[str], options: Mapping[str, Mapping] | None) -> dict[str, dict]:
    """Names of the methods asked for, each with its options; unknown ones are errors."""
    names = [method] if isinstance(method, str) else list(dict.fromkeys(method))
    if not names:
        msg = "method is empty. Name one or several; see `cx.tl.score_methods()`."
        raise InputError(msg)
    for name in names:
        check_one_of(name, list(METHODS), "method")
    given = dict(options or {})
    for name, values in given.items():
        if name not in names:
            msg = f"options are given for {name!r}, which is not among the methods {names}."
            raise InputError(msg)
        for key, value in values.items():
            valid = METHODS[name].options
            if key not in valid:
                msg = (
                    f"{name} has no option {key!r}. {nearest(key, valid)}"
                    f"Its options: {', '.join(valid) or 'none'}."
                )
                raise InputError(msg)
            _check_option(name, key, value)
    if "consensus" in names and len(names) < 3:
        msg = (
            f"consensus combines the other methods of the call; found {names}. Name at least two "
            "more, e.g. method=['ucell', 'ulm', 'consensus']."
        )
        raise InputError(msg)
    return {name: {**METHODS[name].options, **given.get(name, {})} for name in names}


def _check_option(method: str, key: str, value: Any) -> None:
    """Raise if the value of an option is not one of its words or outside its range."""
    allowed, default = ALLOWED[key], METHODS[method].options[key]
    if isinstance(default, str | bool):
        fits, want = any(value is a or value == a for a in allowed), f"one of {allowed}"
        fits = fits and isinstance(value, type(default))
    else:
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if isinstance(default, int):
            number = number and float(value).is_integer()
        fits = number and allowed[0] <= value <= allowed[1]
        kind = "a whole number" if isinstance(default, int) else "a number"
        want = f"{kind} from {allowed[0]} to {allowed[1]}"
    if not fits:
        msg = f"Option {key!r} of {method} is {value!r}; expected {want}, default {default!r}."
        raise InputError(msg)
