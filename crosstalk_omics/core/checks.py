"""One argument check per function; each says what was found, expected and how to mend it."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import numpy as np
import pandas as pd

from .errors import InputError


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return ``"Did you mean 'x'? "`` for the valid name nearest to `name`, else ``""``."""
    match = get_close_matches(str(name), [str(v) for v in valid], n=1, cutoff=0.5)
    return f"Did you mean {match[0]!r}? " if match else ""


def check_one_of(value: str, valid: Sequence[str], what: str) -> None:
    """Raise unless `value` is one of `valid`; `what` names the argument in the message."""
    if value not in valid:
        msg = f"{what} is {value!r}. {nearest(value, valid)}Valid: {', '.join(map(str, valid))}."
        raise InputError(msg)


def check_number(
    value: float, what: str, low: float, high: float = np.inf, *, whole: bool = False
) -> None:
    """Raise unless `value` is a number, if asked a whole one, from `low` to `high`."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if number and low <= value <= high and (not whole or float(value).is_integer()):
        return
    kind = "a whole number" if whole else "a number"
    span = f"of at least {low}" if np.isinf(high) else f"from {low} to {high}"
    msg = f"{what} is {value!r}; expected {kind} {span}."
    raise InputError(msg)


def check_type(value: object, kind: type, what: str) -> None:
    """Raise unless `value` is a `kind`; `what` names the argument in the message."""
    if not isinstance(value, kind):
        msg = f"{what} is of type {type(value).__name__}; expected {kind.__name__}."
        raise InputError(msg)


def check_columns(frame: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Raise unless `frame` has all `columns`; `what` names the frame in the message."""
    missing = [c for c in columns if c not in frame.columns]
    if missing:
        msg = (
            f"{what} has no column {missing[0]!r}. {nearest(missing[0], frame.columns)}"
            f"Its columns are: {', '.join(map(str, frame.columns))}."
        )
        raise InputError(msg)


def check_unique(names: pd.Index, what: str = "Gene names") -> None:
    """Raise if an entry of `names` occurs twice."""
    if not names.is_unique:
        twice = names[names.duplicated()].unique()
        msg = (
            f"{what} repeat: {len(twice)} occur more than once, e.g. {list(twice[:5])}. "
            "Run `cx.pp.standardise`, which resolves duplicates and reports them."
        )
        raise InputError(msg)
