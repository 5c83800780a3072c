"""Curated secreted-factor knowledge, scored and turned into calibrated cross-tissue candidates.

Usage: ``import crosstalk_omics as cx``. The namespaces load when they are first used.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

try:
    __version__ = version("crosstalk_omics")
except PackageNotFoundError:  # a checkout that was never installed
    __version__ = "0+unknown"

_NAMESPACES = (
    "datasets",
    "interactions",
    "pipeline",
    "pl",
    "pp",
    "report",
    "signatures",
    "tl",
)
__all__ = ["__version__", *_NAMESPACES]


def __getattr__(name: str) -> ModuleType:
    if name in _NAMESPACES:
        return import_module(f"{__name__}.{name}")
    msg = f"module {__name__!r} has no attribute {name!r}; the namespaces are {_NAMESPACES}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted(__all__)
