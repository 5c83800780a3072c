"""What ran: parameters, versions and digests as a plain dictionary."""

import hashlib
import json
import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("crosstalk_omics", "scanpy", "anndata", "pandas", "numpy", "scipy", "numba")


def versions(*more: str) -> dict[str, str]:
    """Versions of Python, of the packages that every result depends on, and of `more`."""
    named = {name: _version(name) for name in (*PACKAGES, *more)}
    return {"python": platform.python_version(), **named}


@cache
def _version(name: str) -> str:
    """Version of an installed package; reading it takes milliseconds."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def digest_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def digest_json(value: Mapping[str, Any]) -> str:
    """Hex SHA-256 of a plain mapping, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
