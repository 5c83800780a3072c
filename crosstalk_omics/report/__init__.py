"""One HTML file that holds a run: opens offline, prints, and asks the network for nothing."""

from .build import build

__all__ = ["build"]
