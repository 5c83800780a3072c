"""The only parser of `A+B` (all subunits needed) and `A|B` (alternatives); `+` binds first."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import product

import numpy as np
import pandas as pd

from ..core.errors import InputError

Alternatives = tuple[tuple[str, ...], ...]

_GENE = re.compile(r"[^\s+|;,^\t]+")


@lru_cache(maxsize=2**16)
def parse(text: str) -> Alternatives:
    """Split a complex into its alternatives, each a tuple of subunits.

    Parameters
    ----------
    text
        E.g. ``"ACVR2B+TGFBR1|ACVR2B+ACVR1B"``.

    Returns
    -------
    Alternatives in the order written; repeats are dropped.

    Raises
    ------
    InputError
        A subunit is empty or holds a blank, comma or semicolon.
    """
    alternatives = []
    for part in str(text).split("|"):
        subunits = tuple(dict.fromkeys(gene.strip() for gene in part.split("+")))
        bad = [gene for gene in subunits if not _GENE.fullmatch(gene)]
        if bad:
            msg = (
                f"Complex {text!r} has the subunit {bad[0]!r}. Expected gene symbols joined by "
                "'+' (all needed) and '|' (alternatives), e.g. 'IL6R+IL6ST' or 'LRP5|LRP6'."
            )
            raise InputError(msg)
        alternatives.append(subunits)
    return tuple(dict.fromkeys(alternatives))


def to_text(alternatives: Iterable[Iterable[str]]) -> str:
    """Join alternatives of subunits; inverse of `parse`."""
    return "|".join("+".join(subunits) for subunits in alternatives)


def canonical(text: str) -> str:
    """Write a complex with sorted subunits and alternatives, so that equal ones are equal text."""
    return to_text(sorted({tuple(sorted(subunits)) for subunits in parse(text)}))


def from_underscore(text: str) -> str:
    """Turn a CellPhoneDB or LIANA complex (``"IL6R_IL6ST"``) into ``"IL6R+IL6ST"``."""
    return canonical(str(text).replace("_", "+"))


def from_steps(*steps: str) -> str:
    """Complex in which every step is needed, and one of the genes of a step suffices.

    ``from_steps("GAD1|GAD2", "SLC32A1")`` is ``"GAD1+SLC32A1|GAD2+SLC32A1"``.
    """
    choices = product(*(parse(step) for step in steps))
    return canonical(to_text([gene for part in choice for gene in part] for choice in choices))


def genes(texts: Iterable[str]) -> list[str]:
    """All genes named in `texts`, sorted, each once."""
    return sorted({gene for text in set(texts) for part in parse(text) for gene in part})


def is_part_of(part: str, whole: str) -> bool:
    """Whether every alternative of `part` is contained in some alternative of `whole`."""
    wholes = [set(subunits) for subunits in parse(whole)]
    return all(any(set(subunits) <= one for one in wholes) for subunits in parse(part))


def evaluate(texts: Sequence[str], values: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Value of complexes: weakest subunit, then strongest alternative.

    Parameters
    ----------
    texts
        Complexes.
    values
        Any quantity of which more is more signal, (n_groups, n_genes).
    names
        Gene of each column of `values`; a gene that is not there was not measured.

    Returns
    -------
    float64, (n_groups, n_texts). NaN where a subunit was not measured and no other alternative
    is complete: not assessable, which is not zero.
    """
    return _reduce(texts, values, names, np.minimum, np.fmax, np.inf)[0]


def evaluate_p(texts: Sequence[str], pvalues: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """P-value of complexes: all subunits must hold, or any alternative.

    The maximum over subunits is an intersection-union test, valid however subunits depend on
    one another; over k assessable alternatives it is k times the minimum (Bonferroni).

    Parameters
    ----------
    texts
        Complexes.
    pvalues
        P-values, (n_groups, n_genes); NaN = not tested.
    names
        Gene of each column of `pvalues`.

    Returns
    -------
    float64, (n_groups, n_texts); NaN where no alternative is complete.
    """
    best, assessable = _reduce(texts, pvalues, names, np.maximum, np.fmin, -np.inf)
    return np.minimum(best * assessable, 1.0)


def _reduce(
    texts: Sequence[str],
    values: np.ndarray,
    names: Sequence[str],
    over_subunits: np.ufunc,
    over_alternatives: np.ufunc,
    neutral: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Reduce over subunits (NaN spreads), then over alternatives (NaN is passed over)."""
    values = np.atleast_2d(np.asarray(values, dtype=np.float64))
    position, unique = pd.factorize(pd.Series(list(texts), dtype=object))
    if not len(unique):
        return np.empty((len(values), 0)), np.empty((len(values), 0))
    parsed = [parse(text) for text in unique]
    column = {name: i for i, name in enumerate(names)}
    n_genes = values.shape[1]  # column n_genes: not measured; n_genes + 1: no further subunit
    alternatives = [subunits for one in parsed for subunits in one]
    index = np.full((len(alternatives), max(map(len, alternatives))), n_genes + 1)
    for i, subunits in enumerate(alternatives):
        index[i, : len(subunits)] = [column.get(gene, n_genes) for gene in subunits]
    pad = np.tile([np.nan, neutral], (len(values), 1))
    padded = np.hstack([values, pad])
    reduced = padded[:, index[:, 0]]
    for k in range(1, index.shape[1]):
        reduced = over_subunits(reduced, padded[:, index[:, k]])
    starts = np.cumsum([0, *map(len, parsed[:-1])])
    best = over_alternatives.reduceat(reduced, starts, axis=1)
    assessable = np.add.reduceat(~np.isnan(reduced), starts, axis=1, dtype=np.int64)
    return best[:, position], assessable[:, position]


def map_genes(texts: Iterable[str], mapping: Mapping[str, str]) -> pd.DataFrame:
    """Rename the genes of complexes and say what was lost.

    An alternative with a gene that has no counterpart is dropped; a complex without
    alternatives left is missing.

    Parameters
    ----------
    texts
        Complexes.
    mapping
        Gene to its counterpart.

    Returns
    -------
    One row per distinct text: `text`, `mapped` (empty where nothing is left), `lost` (genes
    without counterpart, ";"-joined).
    """
    rows = []
    for text in dict.fromkeys(texts):
        parsed = parse(text)
        kept = [part for part in parsed if all(gene in mapping for gene in part)]
        lost = sorted({gene for part in parsed for gene in part if gene not in mapping})
        mapped = canonical(to_text([mapping[g] for g in part] for part in kept)) if kept else ""
        rows.append({"text": text, "mapped": mapped, "lost": ";".join(lost)})
    return pd.DataFrame(rows, columns=["text", "mapped", "lost"])


def follow_aliases(aliases: Mapping[str, str]) -> dict[str, str]:
    """Follow chains of aliases to the last name.

    Parameters
    ----------
    aliases
        Alias to name; the name may itself be an alias.

    Returns
    -------
    Alias to final name.

    Raises
    ------
    InputError
        Aliases run in a circle.
    """
    final = {}
    for alias in aliases:
        path = [alias]
        while path[-1] in aliases and aliases[path[-1]] != path[-1]:
            path.append(aliases[path[-1]])
            if path[-1] in path[:-1]:
                msg = (
                    f"Aliases run in a circle: {' -> '.join(path)}. Each chain must end at a "
                    "symbol that is not an alias; remove one of these entries."
                )
                raise InputError(msg)
        final[alias] = path[-1]
    return final
