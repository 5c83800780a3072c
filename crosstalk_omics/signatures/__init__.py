"""Curated signatures: what muscle, bone and the neuroendocrine system say, with the evidence."""

from .browse import browse
from .export import export, to_dict
from .load import load
from .query import evidence, evidence_level
from .query import list_signatures as list
from .species import aliases, map_genes, orthologs
from .systems import coverage, write_coverage
from .validate import changes, counts, validate

__all__ = [
    "aliases",
    "browse",
    "changes",
    "counts",
    "coverage",
    "evidence",
    "evidence_level",
    "export",
    "list",
    "load",
    "map_genes",
    "orthologs",
    "to_dict",
    "validate",
    "write_coverage",
]
