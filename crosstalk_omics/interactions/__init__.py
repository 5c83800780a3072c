"""Ligands, receptors, what blocks them and by which route they reach one another."""

from . import complexes
from .load import load
from .modulators import modulators
from .routes import routes

__all__ = ["complexes", "load", "modulators", "routes"]
