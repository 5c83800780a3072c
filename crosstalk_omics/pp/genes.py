"""Identifiers of many kinds -> current unique symbols, with a report of what was lost."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ..core.checks import check_one_of
from ..core.errors import InputError, ResourceError
from ..core.names import GENE_ID, ORGANISMS, SYMBOL

KINDS = {
    "ensembl": r"ENS(?:MUS|RNO)?G\d{11}(?:\.\d+)?(?:_PAR_Y)?",
    "transcript": r"ENS(?:MUS|RNO)?T\d{11}(?:\.\d+)?(?:_PAR_Y)?",
    "entrez": r"\d+(?:\.0)?",
    "uniprot": r"(?:[OPQ]\d[A-Z\d]{3}\d|[A-NR-Z]\d(?:[A-Z][A-Z\d]{2}\d){1,2})(?:-\d+)?",
    "entry_name": r"[A-Z\d]{1,11}_[A-Z\d]{3,5}",
}
NOT_GENES = r"ERCC-\d+|__\w+|N_(?:unmapped|multimapping|noFeature|ambiguous)"
ENSEMBL_PREFIX = {"human": "ENSG", "mouse": "ENSMUSG", "rat": "ENSRNOG"}
ENTRY_SUFFIX = {"human": "HUMAN", "mouse": "MOUSE", "rat": "RAT"}
LATIN = {"human": "Homo sapiens", "mouse": "Mus musculus", "rat": "Rattus norvegicus"}
SYMBOL_COLUMNS = (SYMBOL, "feature_name", "gene_symbol", "gene_symbols", "gene_name", "Gene")
EXAMPLES = 5

# (organism, kind) -> manifest id (and part), identifier column, symbol column; later tables fill
# the gaps
TABLES = {
    ("human", "ensembl"): (
        ("hgnc_complete_set_2018_11", "ensembl_gene_id", "symbol"),
        ("ensembl_orthologs_human_mouse", "ensembl_gene_id", "gene_namehuman"),
    ),
    ("human", "entrez"): (("hgnc_complete_set_2018_11", "entrez_id", "symbol"),),
    ("human", "uniprot"): (("hgnc_complete_set_2018_11", "uniprot_ids", "symbol"),),
    # no table lists all entry names: two proteomes, and the ligands and receptors of CellPhoneDB
    ("human", "entry_name"): (
        ("human_osteoblast_proteome", "gene_id", "symbol"),
        ("human_osteoblast_msc_secretome", "Entry Name", "symbol"),
        ("cellphonedb_v5/protein", "protein_name", "uniprot"),
    ),
    ("mouse", "ensembl"): (
        ("mgi_hgnc_homologene_2018_11", "Ensembl Gene ID", "Marker Symbol"),
        ("ensembl_orthologs_human_mouse", "mmusculus_homolog_ensembl_gene", "gene_namemouse"),
    ),
    ("mouse", "entrez"): (("mgi_hgnc_homologene_2018_11", "EntrezGene ID", "Marker Symbol"),),
    ("rat", "ensembl"): (
        ("ensembl_orthologs_human_rat", "rnorvegicus_homolog_ensembl_gene", "gene_namerat"),
    ),
    # the genes that rat fat expresses: the only table of the manifest with Entrez ids of rat
    ("rat", "entrez"): (("motrpac_rat_white_adipose", "entrez_gene", "symbol"),),
}


class GeneMap(NamedTuple):
    """One symbol per gene (missing where it has none), and how it was found."""

    symbols: pd.Series
    kind: str
    organism: str
    renamed: pd.DataFrame  # columns alias, symbol


def identifier_kind(names: pd.Index) -> str:
    """Kind of most of `names`: a key of `KINDS`, or ``"symbol"``."""
    text = pd.Series(names.astype(str))
    for kind, pattern in KINDS.items():
        if text.str.fullmatch(pattern).mean() > 0.5:
            return kind
    return "symbol"


def map_symbols(var: pd.DataFrame, organism: str | None) -> GeneMap:
    """Symbol of every gene: from a symbol column where there is one, else from identifiers.

    Parameters
    ----------
    var
        Gene table, its index the identifiers.
    organism
        "human", "mouse" or "rat"; None guesses it from the genes.

    Returns
    -------
    Symbols (index = that of `var`), identifier kind, organism and what an alias renamed.

    Raises
    ------
    InputError
        The genes are of another species, or none is known, or no table maps their kind.
    ResourceError
        A table that maps the identifiers is not in the cache and cannot be fetched.
    """
    ids = _clean(pd.Series(var.index.astype(str), index=var.index))
    kind = identifier_kind(pd.Index(ids))
    given = _symbol_column(var)
    organism = check_species(ids if given is None else given.dropna(), ids, kind, organism)
    if given is not None:
        symbols = given
    elif kind == "symbol":
        symbols = ids.mask(ids.str.fullmatch(NOT_GENES))
    else:
        symbols = _from_tables(ids, kind, organism)
    symbols = symbols.mask(_foreign(var, ids, organism))
    symbols, renamed = _to_current(symbols, organism)
    return GeneMap(symbols, kind if given is None else f"{kind} with symbols", organism, renamed)


def _clean(names: pd.Series) -> pd.Series:
    names = names.str.strip()
    if names.str.startswith(("sp|", "tr|")).mean() > 0.5:
        names = names.str.split("|").str[1]
    return names.str.split(";").str[0]


def _symbol_column(var: pd.DataFrame) -> pd.Series | None:
    for column in SYMBOL_COLUMNS:
        if column in var:
            text = var[column].astype("string").str.strip()
            text = text.str.split(";").str[0].replace({"": pd.NA, "NA": pd.NA, "nan": pd.NA})
            text = text.astype(object).where(text.notna(), np.nan)
            is_id = identifier_kind(pd.Index(text.dropna())) != "symbol"
            if text.notna().any() and not is_id:
                return text
    return None


def _foreign(var: pd.DataFrame, ids: pd.Series, organism: str) -> pd.Series:
    """Mark rows that the source itself gives to another species, such as keratin of sheep."""
    foreign = pd.Series(False, index=var.index)
    for column in ("Organism", "organism"):
        if column in var:
            text = var[column].astype("string")
            foreign |= (text.notna() & ~text.str.startswith(LATIN[organism])).astype(bool)
    for names in (
        ids,
        *(var[c].astype("string") for c in ("Entry Name", "entry_name") if c in var),
    ):
        suffix = names.astype("string").str.extract(r"^[A-Z\d]{1,11}_([A-Z\d]{3,5})$")[0]
        if suffix.isin(ENTRY_SUFFIX.values()).mean() > 0.5:
            foreign |= (suffix.notna() & (suffix != ENTRY_SUFFIX[organism])).astype(bool)
    return foreign


def known_symbols() -> dict[str, pd.Index]:
    """Symbols of each organism that the packaged tables use."""
    from ..signatures import orthologs

    mouse, rat = orthologs(target="mouse"), orthologs(target="rat")
    human = pd.Index(mouse["source_gene"]).union(pd.Index(rat["source_gene"]))
    return {
        "human": human,
        "mouse": pd.Index(mouse["target_gene"]).unique(),
        "rat": pd.Index(rat["target_gene"]).unique(),
    }


def check_species(symbols: pd.Series, ids: pd.Series, kind: str, organism: str | None) -> str:
    """Organism of the genes; raise where it differs from the one that was stated."""
    if organism is not None:
        check_one_of(organism, ORGANISMS, "organism")
    if kind in ("ensembl", "entry_name"):
        found = _species_of_ids(ids, kind)
    elif kind in ("entrez", "uniprot") and symbols is ids:
        found = organism or "human"  # such identifiers do not tell
    else:
        found = _species_of_symbols(symbols, organism)
    if organism is not None and found != organism:
        msg = (
            f"organism is {organism!r}, but the genes look like {found} "
            f"(e.g. {list(symbols[:3])}). Set organism={found!r}; signatures are then mapped "
            "to it by one-to-one orthologs."
        )
        raise InputError(msg)
    return found


def _species_of_ids(ids: pd.Series, kind: str) -> str:
    if kind == "ensembl":
        share = {o: ids.str.match(rf"{p}\d").mean() for o, p in ENSEMBL_PREFIX.items()}
    else:
        share = {o: ids.str.endswith(f"_{s}").mean() for o, s in ENTRY_SUFFIX.items()}
    return max(share, key=share.get)


def _species_of_symbols(symbols: pd.Series, organism: str | None) -> str:
    known = known_symbols()
    names = pd.Index(symbols).unique()
    n_found = {o: int((names.get_indexer(genes) >= 0).sum()) for o, genes in known.items()}
    if not any(n_found.values()):
        msg = (
            f"None of the {len(names)} gene names is known (first 5: {list(names[:5])}). Expected "
            "gene symbols, Ensembl, Entrez or UniProt identifiers of human, mouse or rat. "
            "Are genes in columns? A symbol column can be given as `var['symbol']`."
        )
        raise InputError(msg)
    if n_found["human"] > max(n_found["mouse"], n_found["rat"]):
        return "human"
    # newer names of both follow the human symbol, whichever of the two tables has them
    shared = known["human"].str.capitalize()
    rodents = {"mouse": known["mouse"].difference(known["rat"]).difference(shared)}
    rodents["rat"] = known["rat"].difference(known["mouse"]).difference(shared)
    only = {o: int((names.get_indexer(genes) >= 0).sum()) for o, genes in rodents.items()}
    if organism in only and 2 * only[organism] + EXAMPLES >= max(only.values()):
        return organism  # mouse and rat share most symbols: believe what was stated
    if only["mouse"] == only["rat"]:
        msg = (
            f"The genes (e.g. {list(names[:5])}) may be mouse or rat: no symbol tells them apart. "
            "Set organism='mouse' or organism='rat'."
        )
        raise InputError(msg)
    return max(only, key=only.get)


def _from_tables(ids: pd.Series, kind: str, organism: str) -> pd.Series:
    tables = TABLES.get((organism, kind))
    if tables is None:
        known = sorted({k for o, k in TABLES if o == organism})
        msg = (
            f"The genes are {kind} identifiers of {organism} (e.g. {list(ids[:3])}), for which "
            f"there is no table. Known for {organism}: {', '.join(known)}, and symbols. "
            "Give the symbols as `var['symbol']`."
        )
        raise InputError(msg)
    keys = ids
    if kind in ("ensembl", "entrez", "uniprot"):
        keys = ids.str.replace(r"(?:\.\d+)?(?:_PAR_Y)?$|-\d+$", "", regex=True)
    symbols = pd.Series(np.nan, index=ids.index, dtype=object)
    for dataset, id_column, symbol_column in tables:
        lookup = _lookup(dataset, id_column, symbol_column)
        symbols = symbols.fillna(keys.map(lookup))
    return symbols


def _lookup(dataset: str, id_column: str, symbol_column: str) -> pd.Series:
    """Identifier -> symbol from an annotation table; an identifier of two genes maps to none."""
    from ..datasets import load

    dataset, _, part = dataset.partition("/")
    try:
        table = load(dataset, part=part or None)
    except ResourceError as error:
        msg = (
            f"Gene identifiers are mapped with {dataset!r}, which could not be read: {error} "
            "Fetch it once with internet (`crosstalk datasets fetch "
            f"{dataset}`), set CROSSTALK_CACHE, or give symbols as `var['symbol']`."
        )
        raise ResourceError(msg) from error
    table = table.var if isinstance(table, AnnData) else table
    pairs = table[[id_column, symbol_column]].dropna().astype(str)
    pairs.columns = ["id", "symbol"]
    if symbol_column == "uniprot":  # a table of accessions is one step from symbols
        pairs["symbol"] = _from_tables(pairs["symbol"], "uniprot", "human")
        pairs = pairs.dropna()
    pairs = pairs.assign(id=pairs["id"].str.split("|")).explode("id")
    pairs["id"] = pairs["id"].str.strip().str.replace(r"\.0$", "", regex=True)
    pairs = pairs[~pairs["id"].isin(["", "null", "nan", "NA"]) & (pairs["symbol"] != "")]
    pairs = pairs.drop_duplicates()
    return pairs[~pairs["id"].duplicated(keep=False)].set_index("id")["symbol"]


def _to_current(symbols: pd.Series, organism: str) -> tuple[pd.Series, pd.DataFrame]:
    """Replace aliases and wrong case by current symbols, for the genes of the packaged tables.

    A name is left alone where the data have the current symbol too: two rows of one platform are
    more likely two genes than one.
    """
    from ..signatures import aliases

    known = known_symbols()[organism]
    names = pd.Index(symbols.dropna()).unique()
    unknown = names.difference(known)
    folded = pd.Series(known, index=known.str.upper())
    folded = folded[~folded.index.duplicated(keep=False)]
    rename = pd.Series(unknown.str.upper().map(folded), index=unknown).dropna()
    table = aliases(organism).set_index("alias")["symbol"]
    table = table[unknown.get_indexer(table.index) >= 0]
    rename = pd.concat([rename, table.drop(rename.index, errors="ignore")])
    absent = names.get_indexer(pd.Index(rename)) < 0
    rename = rename[absent & ~rename.duplicated(keep=False)]
    new = symbols.map(rename)
    renamed = pd.DataFrame({"alias": rename.index, "symbol": rename.to_numpy()})
    return new.where(new.notna(), symbols), renamed


def collapse(adata: AnnData, symbols: pd.Series, *, summed: bool) -> tuple[AnnData, pd.DataFrame]:
    """Make symbols the unique gene names; genes without a symbol go.

    Parameters
    ----------
    adata
        Expression, (n_obs, n_genes); not changed.
    symbols
        One symbol per gene, missing to drop it.
    summed
        Sum genes that share a symbol (counts); otherwise keep the one with the highest mean.

    Returns
    -------
    The new object, genes in the order of their first appearance, and the table of duplicates
    (columns symbol, gene_id).
    """
    kept = symbols.notna().to_numpy()
    names = pd.Index(symbols[kept])
    codes, unique = pd.factorize(names)
    ids = adata.var.get(GENE_ID, adata.var_names.to_series()).to_numpy().astype(str)
    shared = names.duplicated(keep=False)
    duplicates = pd.DataFrame({SYMBOL: names[shared], GENE_ID: ids[kept][shared]})
    columns = np.flatnonzero(kept)
    best = _best_columns(adata.X, columns, codes)
    if summed and len(unique) < len(names):
        shape = (adata.n_vars, len(unique))
        adder = sp.csr_matrix((np.ones(len(columns)), (columns, codes)), shape=shape)
        matrices = {k: _sum_columns(m, adder) for k, m in [(None, adata.X), *adata.layers.items()]}
    else:
        matrices = {k: m[:, best] for k, m in [(None, adata.X), *adata.layers.items()]}
    var = adata.var.iloc[best].copy()
    var.index = pd.Index(unique.astype(str), name=None)
    var[GENE_ID] = ids[best]
    joined = duplicates.groupby(SYMBOL)[GENE_ID].agg(";".join)
    var.loc[joined.index, GENE_ID] = joined
    result = AnnData(matrices.pop(None), obs=adata.obs.copy(), var=var, layers=matrices)
    result.obsm.update({k: v.copy() for k, v in adata.obsm.items()})
    return result, duplicates


def _best_columns(x: Any, columns: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """Of the columns that share a code, the one with the highest mean (the first if they tie)."""
    if codes.size == 0 or codes.max() + 1 == len(codes):
        return columns
    if sp.issparse(x):
        means = np.asarray(x.mean(axis=0)).ravel()[columns]
    else:
        values = np.asarray(x, dtype=np.float64)[:, columns]
        measured = ~np.isnan(values)
        n_measured = np.maximum(measured.sum(axis=0), 1)
        means = np.where(
            measured.any(axis=0), np.where(measured, values, 0).sum(axis=0) / n_measured, -np.inf
        )
    order = np.lexsort((np.arange(len(codes)), -means, codes))
    first = np.r_[True, np.diff(codes[order]) > 0]
    return columns[order[first]]


def _sum_columns(x: Any, adder: sp.csr_matrix) -> Any:
    dtype = x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64
    summed = x @ adder
    return sp.csr_matrix(summed, dtype=dtype) if sp.issparse(x) else np.asarray(summed, dtype)
