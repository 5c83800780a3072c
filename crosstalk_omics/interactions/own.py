"""Tables of the user's: the same checks and columns as the packaged ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from ..core.checks import check_one_of, nearest
from ..core.errors import InputError, ResourceError
from ..core.names import EVIDENCE_LEVELS, RECEPTOR_BASES, ROLES, ROUTES
from ..signatures.schema import check_gene
from . import complexes, merge, species
from .curated import COLUMNS

VOCABULARIES = {
    "role": ROLES,
    "route": ROUTES,
    "evidence_level": EVIDENCE_LEVELS,
    "receptor_basis": RECEPTOR_BASES,
}
NAMES = {"ligand": "ligand_complex", "receptor": "receptor_complex"}
SHOWN = 10


def read(path: str | Path) -> pd.DataFrame:
    """Read a .tsv, .txt or .csv table as text; nothing becomes a number, date or missing value."""
    path = Path(path)
    separator = "," if ".csv" in path.suffixes else "\t"
    try:
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, comment="#")
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror or error}. Check the path and its permissions."
        raise ResourceError(msg) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        msg = (
            f"{path} is no table of text: {error}. Expected a .tsv or .csv file in UTF-8 with the "
            "columns ligand and receptor."
        )
        raise InputError(msg) from error


def from_frame(
    frame: pd.DataFrame, organism: str, *, aliases: Mapping[str, str] | None = None
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Check a table of pairs and give it all columns.

    Parameters
    ----------
    frame
        `ligand` (or `ligand_complex`), `receptor` (or `receptor_complex`) in symbols of
        `organism`, complexes with ``+`` and ``|`` or with ``_``; any other column of `COLUMNS`.
    organism
        Whose symbols they are.
    aliases
        Your own names for genes -> symbol, followed through chains.

    Returns
    -------
    The table, and the aliases that were replaced by symbols.

    Raises
    ------
    InputError
        A column lacks; a cell is no gene symbol (row and column are named); pairs repeat;
        aliases run in a circle; the symbols are those of another organism.
    """
    table = frame.rename(columns={k: v for k, v in NAMES.items() if v not in frame}).reset_index(
        drop=True
    )
    for column in NAMES.values():
        if column not in table:
            msg = (
                f"The interaction table has no column {column!r}. {nearest(column, frame.columns)}"
                f"Expected ligand and receptor; found: {', '.join(map(str, frame.columns))}."
            )
            raise InputError(msg)
    for column in NAMES.values():
        table[column] = _complexes(table[column], column)
    table = species.rename(table, complexes.follow_aliases(aliases or {}))
    _check_organism(table, organism)
    table, renamed = species.to_current(table, organism)
    defaults = merge.EMPTY | {"role": "agonist", "ligand_kind": "protein", "references": ""}
    defaults |= {"resources": "own", "factor": table["ligand_complex"], "hint": ""}
    table = table.assign(**{k: v for k, v in defaults.items() if k not in table})
    for column, valid in VOCABULARIES.items():
        for value in table[column].unique() if column in table else ():
            check_one_of(value, valid, f"{column} in the interaction table")
    table["n_evidence"] = pd.to_numeric(table["n_evidence"]).astype("int64")
    table["conflict"] = table["conflict"].astype(str).str.lower() == "true"
    _check_repeats(table)
    return table[[c for c in (*COLUMNS, "hint") if c in table]], dict(aliases or {}) | renamed


def from_pairs(pairs: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Table of (ligand, receptor) tuples."""
    wrong = [pair for pair in pairs if isinstance(pair, str) or len(pair) != 2]
    if wrong:
        msg = (
            f"Expected (ligand, receptor) pairs, found {wrong[0]!r}, e.g. [('SOST', 'LRP5|LRP6')]."
        )
        raise InputError(msg)
    return pd.DataFrame(list(pairs), columns=["ligand", "receptor"])


def _complexes(cells: pd.Series, column: str) -> list[str]:
    """Canonical complexes; every bad cell is reported with its row."""
    texts = cells.astype(str).where(cells.notna(), "")
    if texts.str.contains("_").any() and not texts.str.contains(r"[+|]").any():
        texts = texts.str.replace("_", "+", regex=False)
    found, problems = [], []
    for number, text in enumerate(texts, start=2):
        try:
            for gene in complexes.genes([text]):
                _check_symbol(gene)
            found.append(complexes.canonical(text))
        except ValueError as error:
            problems.append(f"  row {number}, column {column}: {error}")
    if problems:
        more = f"\n  and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        lines = "\n".join(problems[:SHOWN])
        msg = f"The interaction table has {len(problems)} bad cells:\n{lines}{more}"
        raise InputError(msg)
    return found


def _check_symbol(gene: str) -> None:
    check_gene(gene)
    if gene.startswith(("ENSG0", "ENSMUSG0", "ENSRNOG0")):
        msg = f"{gene!r} is an Ensembl identifier; give gene symbols"
        raise InputError(msg)


def _check_organism(table: pd.DataFrame, organism: str) -> None:
    """Raise if most symbols are written as in another organism; they are never re-cased."""
    symbols = complexes.genes([*table["ligand_complex"], *table["receptor_complex"]])
    letters = [g for g in symbols if sum(map(str.isalpha, g)) > 1]
    upper = sum(gene == gene.upper() for gene in letters)
    human_like = upper > len(letters) / 2
    if letters and human_like != (organism == "human"):
        looks = "human" if human_like else "mouse or rat"
        msg = (
            f"The interaction table seems to hold {looks} symbols, e.g. {letters[:3]}, but "
            f"organism is {organism!r}. Give {organism} symbols, or name the table's organism."
        )
        raise InputError(msg)


def _check_repeats(table: pd.DataFrame) -> None:
    key = ["factor", "ligand_complex", "receptor_complex", "role"]
    first = table.duplicated(key, keep="first")
    if first.any():
        row = table.index[first][0]
        same = table.index[(table[key] == table.loc[row, key]).all(axis=1)][0]
        pair = " -> ".join(table.loc[row, ["ligand_complex", "receptor_complex"]])
        msg = (
            f"The interaction table repeats {int(first.sum())} rows, first row {row + 2} repeats "
            f"row {same + 2} ({pair}). Keep one, or tell them apart by `factor` or `role`."
        )
        raise InputError(msg)
