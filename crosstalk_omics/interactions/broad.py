"""Broad resources through the data manifest: which files, whose licence, in which symbols."""

import logging
from functools import cache

import pandas as pd

from ..core.errors import ResourceError
from ..signatures.species import map_genes
from . import merge, parsers, species
from .complexes import genes

logger = logging.getLogger("crosstalk_omics.interactions")

Files = dict[str, tuple[str, str | None]]  # name of a table -> (data set id, part)
FILES: dict[str, Files] = {
    "consensus": {"pairs": ("liana_omni_resource_csv_gz", None)},
    "cellphonedb": {
        part: ("cellphonedb_v5", part) for part in ("interaction", "gene", "complex", "protein")
    },
    "cellchatdb": {part: ("cellchatdb_human", part) for part in ("interaction", "complex")},
    "celltalkdb": {"pairs": ("celltalkdb_human_lr_pair", None)},
    "connectomedb2020": {"pairs": ("connectomedb2020_lrc2p", None)},
    "neuronchat": {"pairs": ("neuronchat_human", None)},
    "mebocost": {
        "sensor": ("mebocost_human_metabolite_sensor", None),
        "reaction": ("mebocost_human_metabolite_gene_reaction", None),
    },
}
MOUSE: dict[str, Files] = {  # where the authors give mouse symbols, which need no mapping
    "cellchatdb": {part: ("cellchatdb_mouse", part) for part in ("interaction", "complex")},
    "celltalkdb": {"pairs": ("celltalkdb_mouse_lr_pair", None)},
    "neuronchat": {"pairs": ("neuronchat_mouse", None)},
}
SECRETED = "uniprot_secreted_human"


def rows_of(name: str, organism: str, *, unify: bool) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Rows of one resource in current symbols of `organism`, and what was lost.

    Parameters
    ----------
    name
        Key of `FILES`.
    organism
        Mapped by one-to-one orthologs unless the authors give a table for it.
    unify
        Make the rows comparable with other resources: known errors out, substances under their
        documented genes.

    Returns
    -------
    Columns of `curated.COLUMNS` but `route`, and `hint`; records of lost rows.

    Raises
    ------
    ResourceError
        A file is neither in the cache nor can be fetched.
    """
    native = organism == "mouse" and name in MOUSE
    parsed = _parsed(name, native)
    lost = [
        {"factor": factor, "reason": f"none or more than {parsers.MAX_ENZYMES} enzymes make it"}
        for factor in parsed.attrs.get("left_out", [])
    ]
    symbols = "mouse" if native else "human"
    rows, _ = species.to_current(parsed, symbols)
    if unify:
        rows, gone = drop_errors(merge.unify_substances(rows, species.hormone_genes(symbols)))
        lost += gone
    if not native:
        # the packaged orthologs hold every ligand and receptor, but not every enzyme
        more = _orthologs(organism) if name == "mebocost" and organism != "human" else None
        rows, gone = species.to_organism(rows, organism, more=more)
        lost += gone
    rows = rows.assign(**merge.EMPTY, resources=name)
    return rows, [entry | {"resource": name} for entry in lost]


def drop_errors(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, str]]]:
    """Drop rows that a resource has wrong, see `parsers.ERRORS`."""
    reasons = [
        next(
            (
                reason
                for (factor, gene), reason in parsers.ERRORS.items()
                if factor == row.factor.lower() and gene in genes([row.ligand_complex])
            ),
            "",
        )
        for row in rows[["factor", "ligand_complex"]].itertuples()
    ]
    wrong = pd.Series(reasons, index=rows.index, dtype=object)
    columns = ["factor", "ligand_complex", "receptor_complex"]
    lost = rows.loc[wrong != "", columns].assign(reason=wrong[wrong != ""])
    return rows[wrong == ""], lost.to_dict("records")


def secreted(organism: str) -> frozenset[str]:
    """Genes of secreted proteins by UniProt, in symbols of `organism`."""
    table = _load(SECRETED, None)
    current = species.current_symbols("human")
    symbols = [current.get(gene, gene) for gene in table.iloc[:, 0].astype(str)]
    kept, _ = map_genes(symbols, source="human", target=organism)
    return frozenset(kept.values())


def _orthologs(organism: str) -> dict[str, str]:
    """One-to-one orthologs by Ensembl, human symbol -> symbol of `organism`."""
    table = _load(f"ensembl_orthologs_human_{organism}", None)
    pairs = table[["gene_namehuman", f"gene_name{organism}"]].dropna().drop_duplicates()
    once = ~pairs.apply(lambda column: column.duplicated(keep=False)).any(axis=1)
    return dict(pairs[once].itertuples(index=False, name=None))


@cache
def _parsed(name: str, native: bool) -> pd.DataFrame:
    """Read and parse a resource once per process; its licence is shown at that moment."""
    wanted = (MOUSE if native else FILES)[name]
    return parsers.PARSERS[name]({key: _load(*where) for key, where in wanted.items()})


@cache
def _load(dataset: str, part: str | None) -> pd.DataFrame:
    from .. import datasets

    _show_licence(dataset)
    try:
        return datasets.load(dataset, part=part)
    except ResourceError as error:
        msg = (
            f"{error} The curated table needs no download: `cx.interactions.load('curated')`; "
            f"or fetch it where there is a network: `cx.datasets.fetch({dataset!r})`."
        )
        raise ResourceError(msg) from error


@cache
def _show_licence(dataset: str) -> None:
    from .. import datasets

    entry = datasets.info(dataset)
    logger.warning("%s: %s. Licence: %s", dataset, entry["title"], entry["licence"])
