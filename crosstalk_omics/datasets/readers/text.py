"""Text tables of any make -> a frame of text cells: encoding, separator, preamble, row names."""

import csv
import gzip
import io
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd

from ...core.errors import InputError
from .common import content

_SEPARATORS = ("\t", ",", ";", "|", " ")
_COMMENTS = ("#", "!", "%", "//")


def read_frame(path: Path, *, sheet: str | int | None = None) -> pd.DataFrame:
    """Return the table of a text, gz, zip or xlsx file as text cells with its header.

    Lines before the header (comments, titles) are skipped; a header with one field less than the
    rows gets a first column named ``""``; empty rows and columns are dropped.
    """
    if path.suffix.lower() in (".xlsx", ".xls", ".xlsm"):
        rows = _sheet_rows(path, sheet)
    else:
        text = _decode(_raw(path))
        if text[:500].lstrip().lower().startswith(("<!doctype html", "<html")):
            msg = f"{path} is a web page, not a table. Download the file itself, not its page."
            raise InputError(msg)
        rows = _text_rows(text)
    if len(rows) < 2:
        msg = f"{path} has {len(rows)} lines with content, expected a header and data."
        raise InputError(msg)
    return _frame(rows, path)


def _raw(path: Path) -> bytes:
    source = content(path)
    data = source.getvalue() if isinstance(source, io.BytesIO) else source.read_bytes()
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def _decode(data: bytes) -> str:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _text_rows(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(_COMMENTS) or _is_header(line)]
    separator = _separator(lines) if lines else "\t"
    if separator == " ":
        return [line.split() for line in lines]
    return list(csv.reader(lines, delimiter=separator))


def _is_header(line: str) -> bool:
    """A commented header (``#gene<TAB>s1``) has no blank after the mark and many fields."""
    return line.startswith("#") and line[1:2] not in (" ", "") and line.count("\t") > 1


def _separator(lines: list[str]) -> str:
    """Return the separator that gives the most lines the same number (> 1) of fields."""
    sample = lines[:20] + lines[len(lines) // 3 :][:200]

    def agreement(separator: str) -> tuple[float, int]:
        fields = [len(row) for row in csv.reader(sample, delimiter=separator)]
        width, n = Counter(fields).most_common(1)[0]
        return (n / len(fields) if width > 1 else 0.0, width)

    best = {s: agreement(s) for s in _SEPARATORS[:-1]}
    found = max(best, key=lambda s: best[s])
    return found if best[found][0] > 0.5 else " "


def _sheet_rows(path: Path, sheet: str | int | None) -> list[list[str]]:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except zipfile.BadZipFile as error:
        msg = f"{path} is no xlsx file. Save it as .xlsx or as tab-separated text."
        raise InputError(msg) from error
    names = book.sheetnames
    if isinstance(sheet, str) and sheet not in names:
        msg = f"{path} has no sheet {sheet!r}; it has: {', '.join(names)}."
        raise InputError(msg)
    if sheet is None:
        sheet = max(
            names, key=lambda name: (book[name].max_row or 0) * (book[name].max_column or 0)
        )
    page = book[sheet] if isinstance(sheet, str) else book.worksheets[sheet]
    rows = [["" if c is None else str(c) for c in row] for row in page.iter_rows(values_only=True)]
    return [row for row in rows if any(row)]


def _frame(rows: list[list[str]], path: Path) -> pd.DataFrame:
    width = Counter(len(row) for row in rows[1:]).most_common(1)[0][0]
    start = next((i for i, row in enumerate(rows) if _may_be_header(row, width)), None)
    if start is None:
        msg = f"{path}: no line can be the header of a table with {width} columns."
        raise InputError(msg)
    header = [cell.strip().lstrip("#") for cell in rows[start]]
    body = rows[start + 1 :]
    if len(header) == width - 1:
        header = ["", *header]
    ragged = [i for i, row in enumerate(body) if len(row) != width]
    if ragged:
        i = ragged[0]
        msg = (
            f"{path}: data line {i + 1} has {len(body[i])} fields, expected {width}; "
            f"{len(ragged)} lines differ. The file may be truncated."
        )
        raise InputError(msg)
    frame = pd.DataFrame(body, columns=header, dtype=object)
    empty = [j for j in range(width) if not header[j] and frame.iloc[:, j].str.strip().eq("").all()]
    return frame.iloc[:, [j for j in range(width) if j not in empty]]


def _may_be_header(row: list[str], width: int) -> bool:
    filled = sum(bool(cell.strip()) for cell in row)
    return len(row) in (width, width - 1) and filled >= max(width - 2, 1)
