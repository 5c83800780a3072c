"""Communication between two tissues that were measured separately."""

from .run import crosstalk, crosstalk_pairs

__all__ = ["crosstalk", "crosstalk_pairs"]
