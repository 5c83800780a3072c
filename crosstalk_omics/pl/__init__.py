"""Figures: each function draws one result table (or AnnData) and returns its axes or figure."""

from .crosstalk import crosstalk_dotplot, crosstalk_ranks
from .diagnostics import calibration_qq, contamination, coverage, forest, power_curves
from .donors import score_strip, score_violin
from .evidence import evidence_matrix, factor_card
from .heatmap import score_heatmap
from .network import crosstalk_chord, crosstalk_network
from .scores import (
    running_sum,
    score_effects,
    score_embedding,
)
from .theme import ONE_COLUMN, PALETTE, TWO_COLUMNS, save, theme
from .volcano import volcano

__all__ = [
    "ONE_COLUMN",
    "PALETTE",
    "TWO_COLUMNS",
    "calibration_qq",
    "contamination",
    "coverage",
    "crosstalk_chord",
    "crosstalk_dotplot",
    "crosstalk_network",
    "crosstalk_ranks",
    "evidence_matrix",
    "factor_card",
    "forest",
    "power_curves",
    "running_sum",
    "save",
    "score_effects",
    "score_embedding",
    "score_heatmap",
    "score_strip",
    "score_violin",
    "theme",
    "volcano",
]
