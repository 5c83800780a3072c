"""One file over HTTP: resumed, retried, verified, and visible only when it is right."""

import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..core.errors import ResourceError
from ..core.files import write_text
from ..core.provenance import digest_file
from .manifest import File

PARTIAL = ".partial"
_TRIES = 4
_WAIT = 0.5  # seconds before the second try; doubles
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_CHUNK = 8 * 1024  # at most this much is lost when the line is cut
_MAGIC = {  # first bytes, the only test of a file whose checksum nobody knows yet
    ".gz": b"\x1f\x8b",
    ".zip": b"PK",
    ".xlsx": b"PK",
    ".h5ad": b"\x89HDF",
    ".h5": b"\x89HDF",
    ".loom": b"\x89HDF",
    ".parquet": b"PAR1",
}


class _Retry(Exception):
    """The server or the line failed in a way that often passes."""


def download(dataset: str, folder: Path, file: File) -> Path:
    """Bring `file` into `folder`; the final name appears only after verification.

    Until then it is in the hidden folder `.partial`, where an interrupted download is resumed if
    the server allows it.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")
    path, partial = folder / file.name, folder / PARTIAL
    partial.mkdir(exist_ok=True)
    pooch.retrieve(
        url=file.url,
        known_hash=None if file.sha256 == "unknown" else f"sha256:{file.sha256}",
        fname=file.name,
        path=partial,
        downloader=_Downloader(dataset, folder, file),
    )
    os.replace(partial / file.name, path)
    if file.sha256 == "unknown":
        record(path)
    return path


def record(path: Path) -> None:
    """Note the checksum of a file that no manifest knows, to compare with from now on."""
    write_text(path.with_name(f"{path.name}.sha256"), f"{digest_file(path)}  {path.name}\n")


class _Downloader:
    """What pooch calls to fill its temporary file."""

    def __init__(self, dataset: str, folder: Path, file: File) -> None:
        self.file = file
        self.folder = folder
        self.part = folder / PARTIAL / f"{file.name}.part"
        mirror = os.environ.get("CROSSTALK_MIRROR", "").rstrip("/")
        own = [f"{mirror}/{dataset}/{quote(file.name)}"] if mirror else []
        self.urls = [*own, file.url]

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        reasons: list[str] = []
        for address in self.urls:
            if self._tries(address, reasons):
                os.replace(self.part, output_file)
                return
        msg = (
            f"Cannot fetch {self.file.name}: {'; '.join(dict.fromkeys(reasons))}. Check the "
            "connection and proxy (HTTPS_PROXY), set CROSSTALK_MIRROR, or put the file at "
            f"{self.folder / self.file.name} yourself."
        )
        raise ResourceError(msg)

    def _tries(self, url: str, reasons: list[str]) -> bool:
        if self.file.sha256 == "unknown":  # nothing would tell that two versions were joined
            self.part.unlink(missing_ok=True)
        for attempt in range(_TRIES):
            try:
                resumed = self._once(url)
                self._verify(resumed)
                return True
            except _Retry as error:
                reasons.append(f"{url}: {error}")
                time.sleep(_WAIT * 2**attempt)
            except ResourceError as error:
                reasons.append(f"{url}: {error}")
                return False
        return False

    def _once(self, url: str) -> bool:
        """Fetch what is missing; return whether an earlier partial file was continued."""
        import requests

        have = self.part.stat().st_size if self.part.is_file() else 0
        headers = {"Accept-Encoding": "identity"}
        headers |= {"Range": f"bytes={have}-"} if have else {}
        timeout = float(os.environ.get("CROSSTALK_TIMEOUT") or 30)
        try:
            with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
                self._accept(response, have)
                resumed = response.status_code == 206
                self._write(response, resumed)
        except requests.RequestException as error:
            msg = f"{type(error).__name__}: {str(error)[:200]}"
            raise _Retry(msg) from error
        except ResourceError:
            raise
        except OSError as error:
            msg = f"{self.part} cannot be written ({error.strerror})"
            raise ResourceError(msg) from error
        return resumed

    def _accept(self, response: Any, have: int) -> None:
        status = response.status_code
        place = response.headers.get("Content-Range", f"bytes {have}-")
        if status == 416 or (status == 206 and not place.startswith(f"bytes {have}-")):
            self.part.unlink(missing_ok=True)
            raise _Retry("the server could not resume")
        if status in _BUSY:
            raise _Retry(f"the server answered {status}")
        if status not in (200, 206):
            raise ResourceError(f"the server answered {status} {response.reason}")

    def _write(self, response: Any, resumed: bool) -> None:
        with self.part.open("ab" if resumed else "wb") as out:
            start = out.tell()
            for chunk in response.iter_content(_CHUNK):
                out.write(chunk)
                if self.file.bytes is not None and out.tell() > self.file.bytes:
                    return  # too long already: the check that follows says so
            got = out.tell() - start
        promised = response.headers.get("Content-Length")
        if promised is not None and got < int(promised):
            raise _Retry(f"the connection was cut after {got} of {promised} bytes")

    def _verify(self, resumed: bool) -> None:
        """Raise unless the partial file is the whole right file; a wrong one is removed."""
        size, file = self.part.stat().st_size, self.file
        found = digest_file(self.part)
        if file.sha256 == "unknown":
            problem = self._foreign()
        elif found != file.sha256:
            problem = (
                f"the file has sha256 {found} ({size} bytes), expected {file.sha256} "
                f"({file.bytes} bytes)"
            )
        else:
            return
        if problem:
            self.part.unlink()
            raise (_Retry if resumed else ResourceError)(problem)

    def _foreign(self) -> str:
        with self.part.open("rb") as handle:
            head = handle.read(512)
        expected = _MAGIC.get(Path(self.file.name).suffix.lower())
        if expected is not None and not head.startswith(expected):
            return (
                f"the file is no {Path(self.file.name).suffix} file: it begins with {head[:20]!r}"
            )
        page = head.lstrip().lower().startswith((b"<!doctype html", b"<html"))
        return "the server sent a web page instead of the file" if page else ""
