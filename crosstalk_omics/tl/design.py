"""Sample table -> model matrix; confounded designs are refused, small ones marked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..core.checks import check_columns, nearest
from ..core.errors import InputError
from ..core.names import BATCH

MIN_DONORS = 3


@dataclass(frozen=True)
class Design:
    """One model: which samples it uses, its full-rank matrix, and a contrast per level."""

    rows: NDArray[np.intp]  # positions in the sample table
    matrix: pd.DataFrame  # (n_rows, p)
    levels: tuple[str, ...]  # each is compared with the reference
    reference: str
    paired: bool
    condition: NDArray[np.str_]  # (n_rows,)
    donor: NDArray[np.str_]  # (n_rows,)
    notes: list[str] = field(default_factory=list)

    def contrast(self, level: str) -> NDArray[np.float64]:
        """Weights of the columns of `matrix` that give `level` minus the reference."""
        return (self.matrix.columns == _column(level)).astype(float)

    def n_donors(self, level: str, measured: NDArray | None = None) -> tuple[NDArray, NDArray]:
        """Donors that inform a contrast, in `level` and in the reference.

        `measured`, (n_rows, n_features) bool, counts them per feature; in a paired design
        only donors with both conditions count.
        """
        seen = np.ones((len(self.rows), 1), bool) if measured is None else measured
        donors = np.unique(self.donor)
        has = {}
        for value in (level, self.reference):
            mine = self.condition == value
            index = np.searchsorted(donors, self.donor[mine])
            table = np.zeros((len(donors), seen.shape[1]), bool)
            np.logical_or.at(table, index, seen[mine])
            has[value] = table
        if self.paired:
            both = (has[level] & has[self.reference]).sum(axis=0)
            return both, both
        return has[level].sum(axis=0), has[self.reference].sum(axis=0)


def _column(level: str) -> str:
    return f"condition: {level}"


def designs(
    obs: pd.DataFrame,
    *,
    condition: str,
    reference: str,
    donor: str | None = None,
    covariates: Sequence[str] = (),
    paired: bool | None = None,
) -> list[Design]:
    """Model matrices that compare every level of a condition with the reference.

    Levels that share donors with the reference are compared within donors (a coefficient
    per donor), the others between donors; each kind is one model over all its samples.

    Parameters
    ----------
    obs
        One row per sample.
    condition, reference
        Column of `obs`, and the value that the others are compared with.
    donor
        Column with the animal or person; without it every sample counts as one.
    covariates
        Columns of `obs`: numbers enter as they are, other values as categories.
    paired
        Compare within donors. `None`: where more than half of the donors of a level and the
        reference have both.

    Raises
    ------
    InputError
        A column or value is missing, or a condition cannot be told apart from a covariate,
        from the donors or from the column ``batch``.
    """
    check_columns(obs, [condition, *([donor] if donor else []), *covariates], "The sample table")
    frame, notes = _complete(obs, condition, donor, covariates)
    present = list(frame["condition"].unique())
    if str(reference) not in present:
        msg = (
            f"reference is {reference!r}, but no sample has it in column {condition!r}. "
            f"{nearest(reference, present)}Its values are: {', '.join(sorted(present))}."
        )
        raise InputError(msg)
    levels = _in_order(obs[condition], set(present) - {str(reference)})
    if not levels:
        msg = f"Column {condition!r} holds only {reference!r}. A contrast needs a second condition."
        raise InputError(msg)
    kinds = {level: _is_paired(frame, level, str(reference), paired) for level in levels}
    out = []
    for kind in (True, False):
        chosen = [level for level in levels if kinds[level] is kind]
        if chosen:
            out.append(_one(frame, obs, chosen, str(reference), covariates, kind, condition, notes))
    return out


def _in_order(values: pd.Series, wanted: set[str]) -> list[str]:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return [str(v) for v in values.cat.categories if str(v) in wanted]
    return sorted(wanted)


def _complete(
    obs: pd.DataFrame, condition: str, donor: str | None, covariates: Sequence[str]
) -> tuple[pd.DataFrame, list[str]]:
    """Rows without missing values as strings, with their positions; says what was left out."""
    keys = [condition, *([donor] if donor else []), *covariates]
    whole = obs[keys].notna().all(axis=1).to_numpy()
    rows = np.flatnonzero(whole)
    kept = obs.iloc[rows]
    donors = kept[donor].astype(str) if donor else kept.index.astype(str)
    frame = pd.DataFrame(
        {"row": rows, "condition": kept[condition].astype(str).to_numpy(), "donor": list(donors)}
    )
    notes = []
    if len(rows) < len(obs):
        notes.append(
            f"{len(obs) - len(rows)} of {len(obs)} samples have no value in one of "
            f"{', '.join(keys)} and were left out."
        )
    if donor is None:
        notes.append("No donor column was named: every sample counts as one donor.")
    return frame, notes


def _is_paired(frame: pd.DataFrame, level: str, reference: str, asked: bool | None) -> bool:
    sets = [set(frame.loc[frame["condition"] == v, "donor"]) for v in (level, reference)]
    both, either = len(sets[0] & sets[1]), len(sets[0] | sets[1])
    if asked and both == 0:
        msg = (
            f"paired=True, but no donor has both {level!r} and {reference!r}. "
            f"Donors are, e.g., {sorted(sets[0])[:3]} and {sorted(sets[1])[:3]}: name the column "
            "with the animal or person in `donor`, or use paired=False."
        )
        raise InputError(msg)
    return bool(asked) if asked is not None else 2 * both > either


def _one(
    frame: pd.DataFrame,
    obs: pd.DataFrame,
    levels: list[str],
    reference: str,
    covariates: Sequence[str],
    paired: bool,
    condition: str,
    notes: list[str],
) -> Design:
    frame = frame[frame["condition"].isin([*levels, reference])].reset_index(drop=True)
    table = obs.iloc[frame["row"]].reset_index(drop=True)
    parts = {name: dummies(table[name], name) for name in covariates}
    if paired:
        parts["donor"] = dummies(frame["donor"], "donor")
    base = pd.DataFrame({"intercept": np.ones(len(frame))})
    for level in levels:
        base[_column(level)] = (frame["condition"] == level).astype(float)
    _refuse_confounded(base, parts, levels, condition)
    check_batch(table, base, parts, condition)
    matrix = _full_rank(pd.concat([base, *parts.values()], axis=1))
    design = Design(
        rows=frame["row"].to_numpy(),
        matrix=matrix,
        levels=tuple(levels),
        reference=reference,
        paired=paired,
        condition=frame["condition"].to_numpy(str),
        donor=frame["donor"].to_numpy(str),
    )
    return Design(**{**design.__dict__, "notes": notes + _warn(design, base, parts)})


def dummies(values: pd.Series, name: str) -> pd.DataFrame:
    """Columns of a model matrix: a number centred, other values one column per value."""
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        return (values.astype(float) - values.astype(float).mean()).to_frame(name)
    return pd.get_dummies(values.astype(str), prefix=name, prefix_sep=": ", dtype=float)


def _estimable(matrix: pd.DataFrame, columns: Sequence[str]) -> bool:
    """Whether the coefficients of `columns` are determined by the samples."""
    x = matrix.to_numpy(float)
    projection = np.linalg.pinv(x) @ x
    index = matrix.columns.get_indexer(columns)
    return bool(np.allclose(projection[index, index], 1.0, atol=1e-8))


def _refuse_confounded(
    base: pd.DataFrame, parts: dict[str, pd.DataFrame], levels: list[str], condition: str
) -> None:
    columns = [_column(level) for level in levels]
    if _estimable(pd.concat([base, *parts.values()], axis=1), columns):
        return
    alone = [n for n, p in parts.items() if not _estimable(pd.concat([base, p], axis=1), columns)]
    culprit = f"{alone[0]!r}" if alone else "the covariates " + ", ".join(map(repr, parts))
    msg = (
        f"The design is confounded: {condition!r} ({', '.join(levels)}) cannot be told apart from "
        f"{culprit}, because no value of it holds samples of both conditions. Compare other "
        "samples, or leave the column out if you know that it has no effect of its own."
    )
    raise InputError(msg)


def check_batch(
    table: pd.DataFrame, base: pd.DataFrame, parts: dict[str, pd.DataFrame], condition: str
) -> None:
    """Refuse a condition that cannot be told apart from the column ``batch`` of the samples.

    A batch of its own for every sample says nothing, and is passed over.
    """
    if BATCH not in table or BATCH in parts or table[BATCH].isna().any():
        return
    sizes = table[BATCH].astype(str).value_counts()
    if not 1 < len(sizes) < len(table):
        return
    columns = [c for c in base.columns if c != "intercept"]
    whole = pd.concat([base, *parts.values(), dummies(table[BATCH].astype(str), BATCH)], axis=1)
    if _estimable(whole, columns):
        return
    counts = pd.crosstab(table[BATCH].astype(str), table[condition].astype(str))
    shown = "; ".join(
        f"{name}: " + ", ".join(f"{n} {c}" for c, n in row.items() if n)
        for name, row in list(counts.iterrows())[:6]
    )
    msg = (
        f"The design is confounded: {condition!r} cannot be told apart from 'batch' ({shown}). "
        "Compare conditions that were measured in the same batches. If `batch` is not a "
        "technical batch, drop that column from obs."
    )
    raise InputError(msg)


def _full_rank(matrix: pd.DataFrame) -> pd.DataFrame:
    """Columns of `matrix`, from the left, that are no combination of those before them."""
    keep: list[str] = []
    basis = np.empty((len(matrix), 0))
    for name in matrix.columns:
        column = matrix[name].to_numpy(float)
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)
        if np.linalg.norm(left) > 1e-8 * max(np.linalg.norm(column), 1.0):
            basis = np.column_stack([basis, left / np.linalg.norm(left)])
            keep.append(name)
    return matrix[keep]


def _warn(design: Design, base: pd.DataFrame, parts: dict[str, pd.DataFrame]) -> list[str]:
    """Sentences for the reader: few donors, unused donors, a condition tied to covariates."""
    notes = []
    without = pd.concat([base, *(p for n, p in parts.items() if n == "donor")], axis=1)
    for level in design.levels:
        contrast = f"{level} against {design.reference}"
        test, ref = (int(n[0]) for n in design.n_donors(level))
        if min(test, ref) < MIN_DONORS:
            kind = f"{test} pairs" if design.paired else f"{test} and {ref} donors"
            notes.append(
                f"{contrast}: {kind}, fewer than {MIN_DONORS}: estimates without p-values."
            )
        inflation = _variance(design.matrix, level) / _variance(_full_rank(without), level)
        if inflation > 2:
            notes.append(
                f"{contrast}: partly confounded with {', '.join(n for n in parts if n != 'donor')}"
                f"; the variance of the estimate is {inflation:.1f} times that without."
            )
    if design.paired:
        frame = pd.DataFrame({"donor": design.donor, "condition": design.condition})
        single = frame.groupby("donor")["condition"].nunique()
        alone = sorted(single.index[single < 2])
        if alone:
            notes.append(
                f"Compared within donors; {len(alone)} donors have one condition only and do not "
                f"count: {', '.join(alone[:10])}{' ...' if len(alone) > 10 else ''}."
            )
    return notes


def _variance(matrix: pd.DataFrame, level: str) -> float:
    x = matrix.to_numpy(float)
    at = matrix.columns.get_loc(_column(level))
    return float(np.linalg.pinv(x.T @ x)[at, at])
