"""Bring any data set into the one form that the analyses take: names, states, groups."""

from .normalise import lognormalise
from .pseudobulk import pseudobulk
from .standardise import standardise
from .state import State, check_state, value_state

__all__ = [
    "State",
    "check_state",
    "lognormalise",
    "pseudobulk",
    "standardise",
    "value_state",
]
