"""Every AnnData key, table column and closed vocabulary that more than one part uses."""

# obs columns of the AnnData contract
DONOR = "donor"
CONDITION = "condition"
CELL_TYPE = "cell_type"
TISSUE = "tissue"
BATCH = "batch"
GROUP = "group"  # the group column of pseudobulk and result tables

# var columns
GENE_ID = "gene_id"  # identifier as in the source
SYMBOL = "symbol"  # gene symbol as in the source, where it has one

UNS = "crosstalk"  # uns key: where the data come from and what was done to them

# nets
SOURCE = "source"
TARGET = "target"
WEIGHT = "weight"

ORGANISMS = ("human", "mouse", "rat")
SIDES = ("sender", "receiver", "response", "marker", "program")
MODALITIES = ("bulk_rna", "microarray", "single_cell", "celltype_means", "proteome", "table")
VALUE_STATES = (
    "counts",  # whole numbers, or expected counts
    "lognorm",  # log of normalised counts
    "log_intensity",  # microarray or proteome on a log scale
    "intensity",  # proteome or microarray, linear; 0 or NaN = not detected
    "means",  # per-group means, no replicates: ranks only
    "scaled",  # centred: has negative values
    "unknown",
)
ROLES = ("agonist", "antagonist", "decoy", "carrier")
ROUTES = ("endocrine", "paracrine", "juxtacrine", "synaptic", "unknown")
EVIDENCE_LEVELS = ("human", "in_vivo", "in_vitro", "review", "database")  # strongest first
RECEPTOR_BASES = ("shown", "canonical", "assumed", "none")


def score_key(method: str) -> str:
    """Key in `obsm` and `uns` under which the scores of `method` stand."""
    return f"score_{method}"
