"""Nothing is ever half-written: write to a temporary name beside the target, then rename."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pandas as pd

from .errors import ResourceError


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path that becomes `path` on success and vanishes on an error.

    The temporary name keeps the suffix of `path`, so that writers which look at it work.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        msg = f"Cannot write {path}: {error.strerror}. Choose a folder that you may write to."
        raise ResourceError(msg) from error
    try:
        yield folder / path.name
        if (folder / path.name).is_dir() and path.is_dir():
            shutil.rmtree(path)
        os.replace(folder / path.name, path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` as UTF-8 with Unix line ends, whole or not at all."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_table(path: str | Path, frame: pd.DataFrame, **options: Any) -> None:
    """Write `frame` as TSV (``NA`` for missing, 6 significant digits), whole or not at all."""
    text = frame.to_csv(
        sep="\t", index=False, na_rep="NA", float_format="%.6g", lineterminator="\n", **options
    )
    write_text(path, text)
