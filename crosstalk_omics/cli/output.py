"""What commands print: tables that fit a terminal, whole ones for a pipe, JSON for machines."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd


def print_out(text: object) -> None:
    """Print; a reader that closes the pipe, such as `head`, has seen enough."""
    import os

    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


def print_json(value: object) -> None:
    import json

    print_out(json.dumps(value, indent=1, default=str, ensure_ascii=False))


def records(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """Rows as plain values in full precision; what is missing or infinite becomes null."""
    plain = frame.astype(object).where(frame.notna(), None)
    return plain.replace([float("inf"), float("-inf")], None).to_dict("records")


def show(frame: "pd.DataFrame", json: bool, *, first: Sequence[str] = ()) -> None:
    """Print a table: JSON, TSV for a pipe, or what fits the terminal, with `first` in front."""
    if json:
        print_json(records(frame))
    elif sys.stdout.isatty():
        _show_fitting(frame[[*first, *(c for c in frame.columns if c not in first)]])
    else:
        print_out(frame.to_csv(sep="\t", index=False, na_rep="NA").removesuffix("\n"))


def _show_fitting(frame: "pd.DataFrame") -> None:
    """Print the first columns that fit the terminal, and say which ones are left out."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    table = Table(box=SIMPLE_HEAD, caption_justify="left", pad_edge=False)
    cells, used = [], 0
    for name in frame.columns:
        number = frame[name].dtype.kind in "iuf"
        text = ["NA" if missing else _cell(value) for value, missing in
                zip(frame[name], frame[name].isna(), strict=True)]  # fmt: skip
        # the first column is a name, which must stay whole to be copied
        width = min(max([len(name), *map(len, text)]), 28 if cells else console.width)
        used += width + 3
        if cells and used > console.width:
            break
        justify = "right" if number else "left"
        table.add_column(str(name), width=width, overflow="fold", justify=justify)
        cells.append(text)
    left = ", ".join(map(str, frame.columns[len(cells) :]))
    table.caption = f"{len(frame)} rows. " + (f"In --json and in a pipe: {left}." if left else "")
    for row in zip(*cells, strict=True):
        table.add_row(*row)
    console.print(table)


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def show_record(record: dict, json: bool) -> None:
    """Print one mapping as JSON or as YAML, which people read more easily."""
    if json:
        print_json(record)
    else:
        import yaml

        print_out(yaml.safe_dump(record, sort_keys=False, allow_unicode=True).removesuffix("\n"))


def show_run(found: dict, json: bool) -> None:
    """Print where the results of a run are, last: JSON, or lines."""
    if json:
        return print_json(found)
    lines = [f"Note: {note}" for note in found["notes"]]
    lines.append(f"Results of {found['name']} in {found['folder']}:")
    lines += [f"  {name:<16} {rows} rows" for name, rows in found["tables"].items()]
    lines.append(f"  figures/         {found['figures']} figures")
    lines.append(f"  report.html      open {found['report']} in a browser")
    return print_out("\n".join(lines))
