"""A small manifest and a loopback server that serves its files with the faults a test asks for."""

import gzip
import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from crosstalk_omics.core import resources
from crosstalk_omics.datasets import download, manifest

TABLE = "gene\ts1\ts2\n" + "".join(f"G{i}\t{i}\t{i * 2}\n" for i in range(5000))
BODY = gzip.compress(TABLE.encode(), mtime=0)


class Server(ThreadingHTTPServer):
    """Answers ``/<fault>/<file>``; `log` keeps (path, Range header) of every request."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, body: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body = body
        self.log: list[tuple[str, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, client_address) -> None:
        """A client that went away is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *args) -> None:
        """Keep the test output clean."""

    def do_GET(self) -> None:
        self.server.log.append((self.path, self.headers["Range"]))
        path = "/" + self.path.split("/", 3)[3] if self.path.startswith("http") else self.path
        fault = path.split("/")[1].split("?")[0]
        first = sum(path == self.path for path, _ in self.server.log) == 1
        getattr(self, f"serve_{fault}")(self.server.body, first)

    def send(self, body: bytes, *, status: int = 200, length: int | None = None, **headers) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def serve_good(self, body: bytes, first: bool) -> None:
        asked = self.headers["Range"]
        if asked is None:
            return self.send(body)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        where = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return self.send(body[start:], status=206, Content_Range=where)

    def serve_cut(self, body: bytes, first: bool) -> None:
        """Half the body, then the line is cut; a second request is served well."""
        if first:
            self.send(body[: len(body) // 2], length=len(body))
        else:
            self.serve_good(body, first)

    def serve_cutnorange(self, body: bytes, first: bool) -> None:
        self.send(body[: len(body) // 2], length=len(body)) if first else self.send(body)

    def serve_short(self, body: bytes, first: bool) -> None:
        self.send(body[:-100])

    def serve_long(self, body: bytes, first: bool) -> None:
        self.send(body + b"x" * 1_000_000)

    def serve_wrong(self, body: bytes, first: bool) -> None:
        self.send(bytes(len(body)))

    def serve_missing(self, body: bytes, first: bool) -> None:
        self.send(b"nothing here", status=404)

    def serve_busy(self, body: bytes, first: bool) -> None:
        self.send(b"later", status=503) if first else self.send(body)

    def serve_broken(self, body: bytes, first: bool) -> None:
        self.send(b"never", status=503)

    def serve_drip(self, body: bytes, first: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        step = len(body) // 8
        for start in range(0, len(body), step):
            self.wfile.write(body[start : start + step])
            self.wfile.flush()
            time.sleep(0.05)

    def serve_stall(self, body: bytes, first: bool) -> None:
        """Half the body, then silence; a second request is served well."""
        if not first:
            return self.serve_good(body, first)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2])
        self.wfile.flush()
        return time.sleep(1.5)

    def serve_moved(self, body: bytes, first: bool) -> None:
        self.send(b"", status=302, Location=self.path.replace("/moved/", "/good/"))

    def serve_lying(self, body: bytes, first: bool) -> None:
        self.send(body, Content_Type="text/html; charset=utf-8", Content_Encoding="identity")

    def serve_page(self, body: bytes, first: bool) -> None:
        self.send(b"<!DOCTYPE html><html>Please sign in</html>", Content_Type="application/gzip")


@pytest.fixture
def server():
    found = Server(BODY)
    thread = threading.Thread(
        target=found.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def write_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a manifest of one data set and make it the packaged one; the cache is empty."""
    monkeypatch.setenv("CROSSTALK_CACHE", str(tmp_path / "cache"))
    for name in ("CROSSTALK_OFFLINE", "CROSSTALK_MIRROR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "_WAIT", 0.01)
    path = tmp_path / "data_manifest.yaml"
    monkeypatch.setattr(manifest, "packaged", lambda name: path)
    assert resources.packaged  # the name that is replaced exists

    def write(
        url: str, *, sha256: str = hashlib.sha256(BODY).hexdigest(), names=("t.tsv.gz",), **more
    ):
        size = None if sha256 == "unknown" else len(BODY)
        files = [{"name": n, "url": f"{url}/{n}", "sha256": sha256, "bytes": size} for n in names]
        entry = {
            "title": "Two samples",
            "organism": "mouse",
            "tissue": "bone",
            "modality": "bulk_rna",
            "value_state": "counts",
            "gene_ids": "symbol",
            "accession": "none",
            "licence": "none",
            "citation": "none",
            "reader": "matrix",
            "files": files,
            **more,
        }
        path.write_text(yaml.safe_dump({"datasets": {"two_samples": entry}}))
        return path

    return write
