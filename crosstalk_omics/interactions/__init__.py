"""Ligands, receptors, what blocks them and by which route they reach one another."""

from . import complexes

__all__ = ["complexes"]
