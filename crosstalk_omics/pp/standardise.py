"""One call that brings a data set to the contract, or says what is missing."""

from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData

from ..core.checks import check_columns
from ..core.errors import InputError
from ..core.names import BATCH, CELL_TYPE, CONDITION, DONOR, ORGANISMS, TISSUE, UNS
from ..datasets.manifest import tissue_terms
from .genes import EXAMPLES, GeneMap, collapse, map_symbols
from .state import check_state, current_state

CELLXGENE = {  # columns of the CELLxGENE schema that serve where a file has none of the contract
    DONOR: ("donor_id",),
    CONDITION: ("disease", "disease_ontology_term_id"),
    CELL_TYPE: ("cell_type_ontology_term_id",),
    TISSUE: ("tissue_ontology_term_id",),
}
ASSAY = "assay_ontology_term_id"
TAXA = {"NCBITaxon:9606": "human", "NCBITaxon:10090": "mouse", "NCBITaxon:10116": "rat"}


def standardise(
    adata: AnnData,
    *,
    organism: str | None = None,
    donor: str | None = None,
    condition: str | None = None,
    cell_type: str | None = None,
    tissue: str | None = None,
    batch: str | None = None,
    value_state: str | None = None,
) -> AnnData:
    """Bring a data set to the one form that the analyses take.

    Gene names become current unique symbols: from ``var["symbol"]`` (or another symbol column)
    where there is one, else from Ensembl, Entrez or UniProt identifiers by the annotation
    tables of the manifest, which are fetched only then; aliases and wrong case of the genes of
    the packaged tables are mended. Genes that share a symbol are summed (counts), otherwise the
    one with the highest mean is kept; genes without a symbol, spike-ins and proteins that the
    source gives to another species are dropped. All of it is reported.

    Parameters
    ----------
    adata
        Samples, cells or groups by genes, as a reader or `cx.datasets.load` gives it; it is not
        changed.
    organism
        "human", "mouse" or "rat"; None takes what the data say, else what the genes look like.
    donor, condition, cell_type, tissue, batch
        `obs` columns that become the contract's columns of these names, as categories; missing
        values stay missing. None keeps the column where it is there already, or takes that of the
        CELLxGENE schema: `donor_id`, `disease`, else the ontology terms of disease, cell type and
        tissue (UBERON terms of the manifest become its tissue names). Counts that such a file
        keeps in `raw` are not looked for: start from ``adata.raw.to_adata()`` to use them.
    value_state
        One of `core.names.VALUE_STATES`; None takes what the data say, else what the values
        look like.

    Returns
    -------
    A copy. ``uns["crosstalk"]`` holds organism, value_state, tissue (where all rows have one),
    modality (where the data say it) and ``genes``: kind, n_in, n_mapped, n_dropped,
    n_duplicates, n_renamed, rule and examples.

    Raises
    ------
    InputError
        A column is missing, sample names repeat, no gene is known, the genes are of another
        species, or a value is impossible in the value state (its row and gene are named).
    ResourceError
        Identifiers need a table that is not in the cache and cannot be fetched.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle, donor="donor", cell_type="cell_type")
    >>> muscle.uns["crosstalk"]["organism"], muscle.uns["crosstalk"]["genes"]["n_dropped"]
    ('human', 0)
    """
    _check_shape(adata)
    stated = dict(adata.uns.get(UNS, {}))
    state = value_state or current_state(adata)
    check_state(adata, state)
    genes = map_symbols(adata.var, organism or stated.get("organism") or _taxon(adata))
    result, duplicates = collapse(adata, genes.symbols, summed=state == "counts")
    if result.n_vars == 0:
        msg = (
            f"No gene has a symbol after mapping {genes.kind} identifiers "
            f"(e.g. {list(adata.var_names[:3])}) of {genes.organism}. Check `organism`."
        )
        raise InputError(msg)
    named = {DONOR: donor, CONDITION: condition, CELL_TYPE: cell_type, TISSUE: tissue, BATCH: batch}
    result.obs = _contract_columns(adata.obs, named)
    result.uns.update({k: v for k, v in adata.uns.items() if k != UNS})
    report = _report(adata, genes, result.n_vars, duplicates, state)
    result.uns[UNS] = (
        _described(result.obs)
        | stated
        | {
            "organism": genes.organism,
            "value_state": state,
            "genes": report,
            "steps": [*stated.get("steps", []), f"standardise: {report['rule']}"],
        }
    )
    return result


def _check_shape(adata: AnnData) -> None:
    if adata.n_obs == 0 or adata.n_vars == 0:
        msg = f"The data are empty: {adata.n_obs} samples x {adata.n_vars} genes."
        raise InputError(msg)
    if not adata.obs_names.is_unique:
        twice = adata.obs_names[adata.obs_names.duplicated()].unique()
        msg = (
            f"Sample names repeat: {len(twice)} occur more than once, e.g. {list(twice[:5])}. "
            "Call `adata.obs_names_make_unique()`, or check whether a file was read twice."
        )
        raise InputError(msg)


def _taxon(adata: AnnData) -> str | None:
    """Organism that a CELLxGENE file states, in `uns` or `obs`."""
    key = "organism_ontology_term_id"
    if key in adata.uns:
        return TAXA.get(str(adata.uns[key]))
    if key in adata.obs and len(adata.obs[key].unique()) == 1:
        return TAXA.get(str(adata.obs[key].iloc[0]))
    stated = adata.uns.get("organism")
    return stated if stated in ORGANISMS else None


def _described(obs: pd.DataFrame) -> dict[str, str]:
    """What the columns say of the whole: one tissue, and cells where a CELLxGENE assay is named."""
    tissues = obs[TISSUE].dropna().unique() if TISSUE in obs else []
    found = {TISSUE: str(tissues[0])} if len(tissues) == 1 else {}
    return found | ({"modality": "single_cell"} if ASSAY in obs else {})


def _contract_columns(obs: pd.DataFrame, named: dict[str, str | None]) -> pd.DataFrame:
    result = obs.copy()
    check_columns(obs, [c for c in named.values() if c is not None], "adata.obs")
    for key, column in named.items():
        known = (column,) if column else (key, *CELLXGENE.get(key, ()))
        column = next((c for c in known if c in obs), None)
        if column is not None:
            values = obs[column]
            if key == TISSUE and column != TISSUE:
                names = {term: name for name, term in tissue_terms().items()}
                values = values.astype(object).replace(names)
            text = values.astype("string").str.strip().replace("", pd.NA)
            result[key] = pd.Categorical(text.astype(object).where(text.notna(), np.nan))
    return result


def _report(
    adata: AnnData, genes: GeneMap, n_out: int, duplicates: pd.DataFrame, state: str
) -> dict[str, Any]:
    dropped = adata.var_names[genes.symbols.isna().to_numpy()]
    renamed = genes.renamed.head(EXAMPLES)
    shared = duplicates.groupby("symbol", sort=False)["gene_id"].agg(list).head(EXAMPLES)
    rule = "summed" if state == "counts" else "row with the highest mean kept"
    return {
        "kind": genes.kind,
        "n_in": int(adata.n_vars),
        "n_mapped": int(n_out),
        "n_dropped": len(dropped),
        "n_duplicates": int(adata.n_vars - len(dropped) - n_out),
        "n_renamed": len(genes.renamed),
        "rule": f"genes that share a symbol: {rule}",
        "examples": {
            "dropped": [str(g) for g in dropped[:EXAMPLES]],
            "duplicates": [f"{s}: {'+'.join(ids[:EXAMPLES])}" for s, ids in shared.items()],
            "renamed": [f"{a}->{s}" for a, s in renamed.itertuples(index=False)],
        },
    }
