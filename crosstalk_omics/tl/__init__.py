"""The analyses: score, compare, communicate, respond, combine."""

from .compare import compare_scores
from .crosstalk import crosstalk, crosstalk_pairs
from .score import coverage, score
from .score import methods as score_methods

__all__ = ["compare_scores", "coverage", "crosstalk", "crosstalk_pairs", "score", "score_methods"]
