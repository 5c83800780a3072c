"""The analyses: score, compare, communicate, respond, combine."""

from .bulk import contrast_genes
from .compare import compare_scores
from .crosstalk import crosstalk, crosstalk_pairs
from .crosstalk.contrast import crosstalk_contrast
from .crosstalk.familiar import familiar_scores
from .crosstalk.paired import crosstalk_paired
from .enrich import enrich, running_sum
from .score import coverage, score
from .score import methods as score_methods

__all__ = [
    "compare_scores",
    "contrast_genes",
    "coverage",
    "crosstalk",
    "crosstalk_contrast",
    "crosstalk_paired",
    "crosstalk_pairs",
    "enrich",
    "familiar_scores",
    "running_sum",
    "score",
    "score_methods",
]
