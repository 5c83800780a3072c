"""The analyses: score, compare, communicate, respond, combine."""

from .bulk import contrast_genes
from .calibrate import Calibration, calibrate
from .compare import compare_scores
from .crosstalk import crosstalk, crosstalk_pairs
from .crosstalk.across import meta_crosstalk
from .crosstalk.contrast import crosstalk_contrast
from .crosstalk.familiar import familiar_scores
from .crosstalk.paired import crosstalk_paired
from .enrich import enrich, running_sum
from .meta import meta, meta_studies
from .respond import add_response, respond
from .score import coverage, score
from .score import methods as score_methods
from .shuffle import contrast_null
from .workflow import BulkResult, add_secretome, bulk_study

__all__ = [
    "BulkResult",
    "Calibration",
    "add_response",
    "add_secretome",
    "bulk_study",
    "calibrate",
    "compare_scores",
    "contrast_genes",
    "contrast_null",
    "coverage",
    "crosstalk",
    "crosstalk_contrast",
    "crosstalk_paired",
    "crosstalk_pairs",
    "enrich",
    "familiar_scores",
    "meta",
    "meta_crosstalk",
    "meta_studies",
    "respond",
    "running_sum",
    "score",
    "score_methods",
]
