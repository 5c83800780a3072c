"""Public data sets in one line: what there is, where it comes from, and how to read your own."""

from .fetch import check, fetch
from .load import info, load
from .load import list_datasets as list
from .manifest import json_schema
from .readers.own import read
from .simulate import simulate, simulate_to_zarr

__all__ = [
    "check",
    "fetch",
    "info",
    "json_schema",
    "list",
    "load",
    "read",
    "simulate",
    "simulate_to_zarr",
]
