"""Bring any data set into the one form that the analyses take: names, states, groups."""

from .cells import ambient, doublets
from .labels import brain_markers, label_cells, markers_from_means
from .normalise import lognormalise
from .pseudobulk import pseudobulk
from .qc import contamination, group_sizes, qc_metrics
from .standardise import standardise
from .state import State, check_state, value_state

__all__ = [
    "State",
    "ambient",
    "brain_markers",
    "check_state",
    "contamination",
    "doublets",
    "group_sizes",
    "label_cells",
    "lognormalise",
    "markers_from_means",
    "pseudobulk",
    "qc_metrics",
    "standardise",
    "value_state",
]
