"""Tar and zip archives, unpacked only if nothing in them can do harm."""

import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from ...core.errors import InputError
from .common import MAX_UNPACKED, reading

_MAX_FILES = 100_000
_MAX_RATIO = 200  # unpacked bytes per packed byte; text rarely passes 20


def is_archive(path: Path) -> bool:
    """Return whether the name says tar or zip, gzipped or not."""
    return path.name.lower().endswith((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"))


@contextmanager
def unpacked(path: Path, *, limit: int = 8 * MAX_UNPACKED) -> Iterator[Path]:
    """Yield a temporary folder with the regular files of the archive.

    Refused: absolute paths, ``..``, links, devices, more than `limit` bytes, an unbelievable
    compression. Nothing is written unless all members pass. Tar files inside (GEO packs the
    folders of 10x so) are unpacked too, each to a folder of its name.
    """
    with TemporaryDirectory(prefix="crosstalk_") as name:
        folder = Path(name)
        _unpack(path, folder, limit)
        for inner in [p for p in sorted(folder.rglob("*")) if p.is_file() and is_archive(p)]:
            if inner.suffix.lower() != ".zip":
                _unpack(inner, inner.with_name(inner.name.split(".")[0]), limit)
                inner.unlink()
        yield folder


def _unpack(path: Path, folder: Path, limit: int) -> None:
    with reading(path):
        (_zip if path.suffix.lower() == ".zip" else _tar)(path, folder, limit)


def _tar(path: Path, folder: Path, limit: int) -> None:
    with tarfile.open(path) as archive:
        total, members = 0, []
        for member in archive:
            if not (member.isfile() or member.isdir()):
                kind = "a link" if member.issym() or member.islnk() else "a device"
                _refuse(path, f"{member.name!r} is {kind}")
            total = _checked(path, member.name, total + member.size, len(members), limit)
            members.append(member)
        archive.extractall(folder, members=members, filter="data")


def _zip(path: Path, folder: Path, limit: int) -> None:
    with zipfile.ZipFile(path) as archive:
        total = 0
        for i, member in enumerate(archive.infolist()):
            if (member.external_attr >> 16) & 0o170000 == 0o120000:
                _refuse(path, f"{member.filename!r} is a link")
            total = _checked(path, member.filename, total + member.file_size, i, limit)
        archive.extractall(folder)


def _checked(path: Path, name: str, total: int, count: int, limit: int) -> int:
    inside = PurePosixPath(name.replace("\\", "/"))
    if inside.is_absolute() or ".." in inside.parts or name[1:2] == ":":
        _refuse(path, f"{name!r} would be written outside the folder")
    if total > limit or count > _MAX_FILES:
        _refuse(path, f"it unpacks to more than {limit} bytes or {_MAX_FILES} files")
    if total > max(_MAX_RATIO * path.stat().st_size, 64 * 1024**2):
        _refuse(path, f"it unpacks to more than {_MAX_RATIO} times its size")
    return total


def _refuse(path: Path, reason: str) -> None:
    msg = (
        f"{path} is not unpacked: {reason}. Unpack it yourself if you trust it, and read the files."
    )
    raise InputError(msg)
