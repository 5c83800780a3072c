"""Ligands, receptors, what blocks them and by which route they reach one another."""

from . import complexes
from .load import load

__all__ = ["complexes", "load"]
