"""Public files -> the local cache: verified, resumable, shared by processes, never half-written."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pandas as pd

from ..core.errors import ResourceError
from ..core.progress import progress
from ..core.provenance import digest_file
from .download import PARTIAL, download, record
from .manifest import File, entry, load_manifest

_PARALLEL = 4  # files of one data set at a time
_SPARE = 64 * 1024**2  # bytes that must stay free beside the download


def cache_folder() -> Path:
    """Return the cache: `CROSSTALK_CACHE`, or the user's cache folder."""
    import pooch

    return Path(os.environ.get("CROSSTALK_CACHE") or pooch.os_cache("crosstalk_omics")).expanduser()


def offline() -> bool:
    """Return whether `CROSSTALK_OFFLINE` forbids downloads."""
    return os.environ.get("CROSSTALK_OFFLINE", "").lower() not in ("", "0", "false", "no")


def fetch(dataset: str) -> dict[str, Path]:
    """Return the verified local files of `dataset`, downloading what is missing or damaged.

    Files stand in ``<cache>/<dataset>/<file name>``. What is there with the right checksum is
    not touched, so a cache may be read-only. Environment: `CROSSTALK_CACHE` (folder),
    `CROSSTALK_OFFLINE=1` (no downloads), `CROSSTALK_MIRROR` (base address, tried first as
    ``<mirror>/<dataset>/<file name>``), `CROSSTALK_TIMEOUT` (seconds without a byte, 30),
    `HTTPS_PROXY` and `NO_PROXY`.

    Parameters
    ----------
    dataset
        Identifier, as in `list`.

    Returns
    -------
    File name -> path.

    Raises
    ------
    InputError
        No data set has this id.
    ResourceError
        Offline, no access, no space, not writable, or a checksum that does not match.
    """
    return local_files(dataset, [file.name for file in entry(dataset).files])


def local_files(dataset: str, names: list[str]) -> dict[str, Path]:
    """Return some files of `dataset` as `fetch` does."""
    folder = cache_folder() / dataset
    files = [file for file in entry(dataset).files if file.name in names]
    states = {file: state(folder, file) for file in files}
    for file in [f for f in states if states[f] == "unrecorded" and os.access(folder, os.W_OK)]:
        record(folder / file.name)
    wanted = [file for file in states if states[file] in ("missing", "mismatch")]
    if wanted:
        _get(dataset, folder, wanted)
    return {file.name: folder / file.name for file in files}


def expected_sha256(folder: Path, file: File) -> str | None:
    """Return the checksum of the manifest, or the one recorded at the first download."""
    if file.sha256 != "unknown":
        return file.sha256
    record = folder / f"{file.name}.sha256"
    return record.read_text(encoding="utf-8").split()[0] if record.is_file() else None


def state(folder: Path, file: File) -> str:
    """Return ``ok``, ``missing``, ``mismatch``, or ``unrecorded`` (there, no checksum known)."""
    path = folder / file.name
    if not path.is_file():
        return "missing"
    if file.bytes is not None and path.stat().st_size != file.bytes:
        return "mismatch"
    expected = expected_sha256(folder, file)
    if expected is None:
        return "unrecorded"
    return "ok" if digest_file(path) == expected else "mismatch"


def check(dataset: str | None = None) -> pd.DataFrame:
    """Hash every cached file again, of one data set or of all.

    Parameters
    ----------
    dataset
        Identifier, as in `list`; `None` takes all.

    Returns
    -------
    One row per file: ``dataset, file, status, expected, found, path``; status is ``ok``,
    ``missing``, ``mismatch`` or ``unrecorded`` (there, but no checksum is known).

    Raises
    ------
    InputError
        No data set has this id.
    """
    entries = load_manifest() if dataset is None else {dataset: entry(dataset)}
    rows = []
    for name, data in entries.items():
        folder = cache_folder() / name
        for file in data.files:
            path = folder / file.name
            rows.append(
                {
                    "dataset": name,
                    "file": file.name,
                    "status": state(folder, file),
                    "expected": expected_sha256(folder, file),
                    "found": digest_file(path) if path.is_file() else None,
                    "path": str(path),
                }
            )
    return pd.DataFrame(rows)


def _get(dataset: str, folder: Path, wanted: list[File]) -> None:
    from filelock import FileLock

    if offline():
        msg = (
            f"{_describe(folder, wanted)}. Downloads are off (CROSSTALK_OFFLINE). Unset it, or "
            f"put the file there yourself: {wanted[0].url}"
        )
        raise ResourceError(msg)
    _check_writable(folder, wanted)
    with FileLock(folder / ".lock"):
        wanted = [
            file for file in wanted if state(folder, file) != "ok"
        ]  # another process may have
        _check_space(folder, wanted)
        with ThreadPoolExecutor(_PARALLEL) as pool:
            jobs = [pool.submit(download, dataset, folder, file) for file in wanted]
            for job in progress(jobs, f"fetch {dataset}", total=len(jobs)):
                job.result()
        shutil.rmtree(folder / PARTIAL, ignore_errors=True)


def _describe(folder: Path, wanted: list[File]) -> str:
    file, path = wanted[0], folder / wanted[0].name
    more = f" (and {len(wanted) - 1} more)" if len(wanted) > 1 else ""
    if not path.is_file():
        return f"{path} is not in the cache{more}"
    expected = expected_sha256(folder, file)
    return f"{path} has sha256 {digest_file(path)}, expected {expected}{more}"


def _check_writable(folder: Path, wanted: list[File]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "permission denied")
        with (folder / ".lock").open("a"):
            pass
    except OSError as error:
        msg = (
            f"{_describe(folder, wanted)}, and the cache folder {folder} cannot be written "
            f"({error.strerror}). Set CROSSTALK_CACHE to a folder that you may write to."
        )
        raise ResourceError(msg) from error


def _check_space(folder: Path, wanted: list[File]) -> None:
    needed = sum(file.bytes or 0 for file in wanted) + _SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        msg = (
            f"{folder} has {free // 1024**2} MiB free, the download needs {needed // 1024**2} "
            "MiB. Make room, or set CROSSTALK_CACHE to a larger disk."
        )
        raise ResourceError(msg)
