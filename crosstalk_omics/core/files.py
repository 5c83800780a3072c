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


@contextmanager
def alone(folder: Path, otherwise: str) -> Iterator[None]:
    """Hold a lock on `folder`; raise with the sentence `otherwise` where another holds it.

    The lock goes with its process. Windows and some network drives have none.
    """
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"{otherwise} Wait until it is done, or name another folder."
            raise ResourceError(msg) from error
        except OSError:  # a drive without locks
            pass
        yield
    finally:
        os.close(handle)


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
