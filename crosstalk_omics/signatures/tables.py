"""Files to frames: read fast, check in full on request, report every bad row at once."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import pandas as pd
from pydantic import BaseModel, ValidationError

from ..core.checks import nearest
from ..core.errors import InputError, ResourceError
from ..core.resources import packaged
from .schema import (
    EVIDENCE_TABLES,
    GENE_KINDS,
    GENE_SET_TABLES,
    MISSING,
    EvidenceRow,
    GeneSetRow,
    NamedSignature,
)

LARGEST = 20_000_000  # bytes; the largest shipped table is 0.5 MB
SHOWN = 20  # bad cells listed in one message


def split_genes(text: str) -> list[str]:
    """Every gene of a complex, flat; what `+` and `|` mean is read in `interactions.complexes`."""
    return [] if text == MISSING else re.split(r"[+|]", text)


def split_list(text: str) -> list[str]:
    """Members of a `;`-joined cell; NA has none."""
    return [] if text == MISSING else text.split(";")


def ligand_genes(row: Mapping[str, str]) -> list[str]:
    """Genes to look for in a sender: the ligand's own, or those of its synthesis."""
    return split_genes(
        row["ligand"] if row["ligand_kind"] in GENE_KINDS else row["synthesis_genes"]
    )


def read_text(path: Path) -> str:
    """Read a small UTF-8 text file, or say why it is none."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            msg = (
                f"{path} has {size / 1e6:.0f} MB; a signature table has less than "
                f"{LARGEST / 1e6:.0f} MB. Give a table with one gene or one statement per row."
            )
            raise InputError(msg)
        raw = path.read_bytes()
    except OSError as error:
        msg = f"Cannot read {path}: {error.strerror}. Check the path and its permissions."
        raise ResourceError(msg) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        msg = f"{path}, line {line}: not UTF-8 text (byte {error.start}). Save it as UTF-8."
        raise InputError(msg) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        msg = f"{path}, line {line}: binary data. Expected tab-separated text."
        raise InputError(msg)
    return text


def read_tsv(path: str | Path) -> pd.DataFrame:
    """Read a tab-separated table as text; nothing is turned into a number, date or missing value.

    Raises
    ------
    InputError
        The header has no tab, or a row has another number of cells than the header.
    """
    path = Path(path)
    lines = read_text(path).replace("\r\n", "\n").removesuffix("\n").split("\n")
    columns = lines[0].split("\t")
    if len(columns) < 2:
        other = next(
            (name for mark, name in ((",", "commas"), (";", "semicolons")) if mark in lines[0]),
            None,
        )
        hint = f"It has {other}: save it with tabs. " if other else ""
        msg = (
            f"{path}, row 1: the header {lines[0][:80]!r} has no tab. {hint}"
            "Expected a tab-separated table."
        )
        raise InputError(msg)
    rows = [line.split("\t") for line in lines[1:]]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(columns):
            msg = (
                f"{path}, row {number}: {len(row)} cells, but the header has {len(columns)} "
                f"columns (row starts {lines[number - 1][:60]!r}). Check tabs and line breaks."
            )
            raise InputError(msg)
    return pd.DataFrame(rows, columns=columns, dtype=str)


def bad_cells(frame: pd.DataFrame, record: type[BaseModel]) -> Iterator[tuple[int, str, str]]:
    """Yield (row number in the file, column, problem) for every cell that `record` refuses."""
    for number, row in enumerate(frame.to_dict("records"), start=2):
        try:
            record.model_validate(row)
        except ValidationError as errors:
            for error in errors.errors():
                column = str(error["loc"][0]) if error["loc"] else "row"
                yield number, column, error["msg"].removeprefix("Value error, ")


def check_rows(frame: pd.DataFrame, record: type[BaseModel], name: str) -> None:
    """Raise one InputError that lists row, column and problem of every bad cell."""
    wanted = [field.alias or key for key, field in record.model_fields.items()]
    missing = [column for column in wanted if column not in frame.columns]
    if missing:
        msg = (
            f"{name} has no column {missing[0]!r}. {nearest(missing[0], frame.columns)}"
            f"Expected columns: {', '.join(wanted)}."
        )
        raise InputError(msg)
    raise_all(list(bad_cells(frame, record)), name)


def raise_all(problems: list[tuple[int, str, str]], name: str) -> None:
    """Raise one InputError for (row, column, problem) triples, if there are any."""
    if problems:
        lines = [f"  row {row}, column {column}: {text}" for row, column, text in problems[:SHOWN]]
        more = f"\n  and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        msg = f"{name} has {len(problems)} bad cells:\n" + "\n".join(lines) + more
        raise InputError(msg)


def _read_shipped(folder: str, names: tuple[str, ...]) -> pd.DataFrame:
    frames = []
    for name in names:
        path = packaged("signatures") / folder / f"{name}.tsv"
        frame = pd.read_csv(
            path, sep="\t", dtype=str, keep_default_na=False, quoting=3, encoding="utf-8"
        )
        frame.insert(0, "table", name)
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


@lru_cache(maxsize=1)
def _evidence() -> pd.DataFrame:
    return _read_shipped("evidence", EVIDENCE_TABLES)


@lru_cache(maxsize=1)
def _gene_sets() -> pd.DataFrame:
    frame = _read_shipped("gene_sets", GENE_SET_TABLES)
    frame["weight"] = frame["weight"].astype("float64")
    return frame


def evidence_table() -> pd.DataFrame:
    """All evidence rows of the three shipped tables.

    Returns
    -------
    One row per statement from one paper; columns as in ``signatures/README.md`` and first
    `table` (myokine, osteokine, neuroendocrine). All cells are text; ``"NA"`` is missing.
    """
    return _evidence().copy()


def gene_set_table() -> pd.DataFrame:
    """All rows of the three shipped gene-set tables.

    Returns
    -------
    One row per gene in a set; columns as in ``signatures/README.md`` and first `table`
    (marker, program, response). `weight` is float64, the rest text; ``"NA"`` is missing.
    """
    return _gene_sets().copy()


@lru_cache(maxsize=1)
def response_receptors() -> pd.DataFrame:
    """Receptors that start each response: columns `response`, `receptor`, `basis`, `note`."""
    return read_tsv(packaged("signatures") / "response_receptors.tsv")


@lru_cache(maxsize=1)
def gene_sets() -> dict[str, pd.DataFrame]:
    """Rows of each gene set, by its id; shared, so never change them."""
    return {str(name): part for name, part in _gene_sets().groupby("set_id")}


@lru_cache(maxsize=1)
def named_signatures() -> dict[str, NamedSignature]:
    """Every entry of signatures.yaml, by id."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (packaged("signatures") / "signatures.yaml").read_text(encoding="utf-8")
    entries = yaml.load(text, Loader=loader)
    return {name: NamedSignature.model_validate(entry) for name, entry in entries.items()}


def check_evidence(frame: pd.DataFrame, name: str) -> None:
    """Raise unless every row is a well-formed, unrepeated evidence row."""
    check_rows(frame, EvidenceRow, name)
    keys = [
        "factor",
        "ligand",
        "receptor",
        "target_tissue",
        "target_cell",
        "effect",
        "pmid",
        "doi",
        "note",
    ]
    _check_repeats(frame, keys, name)


def check_gene_sets(frame: pd.DataFrame, name: str) -> None:
    """Raise unless every row is a well-formed gene of a set, each gene once per set."""
    check_rows(frame, GeneSetRow, name)
    _check_repeats(frame, ["set_id", "gene"], name)


def _check_repeats(frame: pd.DataFrame, keys: list[str], name: str) -> None:
    first: dict[tuple[str, ...], int] = {}
    problems = []
    for number, key in enumerate(frame[keys].itertuples(index=False, name=None), start=2):
        if key in first:
            problems.append((number, keys[0], f"{key[0]!r} repeats row {first[key]}"))
        first.setdefault(key, number)
    raise_all(problems, name)
