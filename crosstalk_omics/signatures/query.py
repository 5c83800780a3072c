"""What is known: the list of signatures, and the rows behind a factor, gene or signature."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import pandas as pd

from ..core.checks import nearest
from ..core.errors import InputError
from ..core.names import EVIDENCE_LEVELS, ORGANISMS
from .schema import Select, descendants, vocabularies
from .tables import evidence_table, gene_sets, named_signatures, split_genes, split_list

_LEVEL_OF_TYPE = {"human_intervention": "human", "in_vivo": "in_vivo", "in_vitro": "in_vitro"}


def row_levels(rows: pd.DataFrame) -> pd.Series:
    """Evidence level of each row.

    ``human`` = an intervention in people (trial, infusion, drug); ``in_vivo`` = animals;
    ``in_vitro`` = cells or organ culture; ``review`` = a review's statement, an association in
    people, an unverified row, or a row without any signed effect: a null result (``:0``) or a
    mere rise in blood supports no interaction. ``database`` is for pairs that only a
    ligand-receptor resource knows.

    Parameters
    ----------
    rows
        Evidence rows with columns `evidence_type`, `verified` and `effect`.

    Returns
    -------
    Series of `core.names.EVIDENCE_LEVELS`, index of `rows`.
    """
    level = rows["evidence_type"].map(_LEVEL_OF_TYPE).fillna("review")
    silent = [{"+", "-"}.isdisjoint(_signs(text)) for text in rows["effect"]]
    weak = rows["verified"].isin(["review", "unverified"]) | pd.Series(silent, index=rows.index)
    return level.mask(weak, "review")


def evidence_level(rows: pd.DataFrame) -> str:
    """Strongest level among evidence rows.

    Parameters
    ----------
    rows
        Evidence rows, see `row_levels`.

    Returns
    -------
    One of `core.names.EVIDENCE_LEVELS`; ``"database"`` without any row.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> cx.signatures.evidence_level(cx.signatures.evidence("irisin"))
    'in_vivo'
    """
    found = set(row_levels(rows)) if len(rows) else set()
    return next((level for level in EVIDENCE_LEVELS if level in found), EVIDENCE_LEVELS[-1])


def conflicting_effects(rows: pd.DataFrame) -> list[str]:
    """Effects that the rows report with both signs in one target tissue, sorted.

    Parameters
    ----------
    rows
        Evidence rows with columns `target_tissue` and `effect`.
    """
    signs: dict[tuple[str, str], set[str]] = {}
    for tissue, text in zip(rows["target_tissue"], rows["effect"], strict=True):
        for part in split_list(text):
            effect, _, sign = part.rpartition(":")
            signs.setdefault((tissue, effect), set()).add(sign)
    return sorted({effect for (_, effect), found in signs.items() if {"+", "-"} <= found})


def at_least(level: str) -> tuple[str, ...]:
    """Levels as strong as `level` or stronger."""
    return EVIDENCE_LEVELS[: EVIDENCE_LEVELS.index(level) + 1]


def _signs(effects: str) -> list[str]:
    return [part.rpartition(":")[2] for part in split_list(effects)]


@lru_cache(maxsize=1)
def levelled() -> pd.DataFrame:
    """All evidence rows with their `level`; shared, so never change it."""
    rows = evidence_table()
    rows.insert(1, "level", row_levels(rows))
    return rows


Columns = Mapping[str, Sequence[str]]  # column -> cell of each row


def columns_of(rows: pd.DataFrame) -> dict[str, list[str]]:
    """Cells of a table by column, as plain lists: many rules read them, and fast."""
    return {str(name): rows[name].tolist() for name in rows.columns}


@lru_cache(maxsize=1)
def levelled_columns() -> dict[str, list[str]]:
    """Columns of `levelled`; shared, so never change them."""
    return columns_of(levelled())


def select_rows(rows: pd.DataFrame, select: Select) -> pd.DataFrame:
    """Evidence rows, with their `level`, that a rule takes; see ``signatures.yaml``."""
    return rows.iloc[matching(columns_of(rows), select)]


def matching(columns: Columns, select: Select) -> list[int]:
    """Positions of the evidence rows that a rule takes."""
    wanted: dict[str, set[str]] = {"level": set(at_least(select.level))}
    for column, names, vocabulary in (
        ("class", select.class_, "class"),
        ("source_tissue", select.source, "tissue"),
        ("target_tissue", select.target, "tissue"),
        ("target_cell", select.target_cell, "cell"),
    ):
        if names:
            wanted[column] = descendants(vocabulary, names)
    for column, terms in (("effect", select.effect), ("context", select.context)):
        if terms:
            wanted[column] = _signed_terms(column, terms)
    wanted |= {"factor": set(select.factor)} if select.factor else {}
    wanted |= {"role": set(select.role)} if select.role else {}
    found = list(range(len(columns["level"])))
    for column, terms in wanted.items():
        cells = columns[column]
        found = [i for i in found if not terms.isdisjoint(cells[i].split(";"))]
    return found


def _signed_terms(vocabulary: str, terms: Iterable[str]) -> set[str]:
    """``term:sign`` as it is; a bare term or parent with every sign and every narrower term."""
    signs = vocabularies()[f"{vocabulary}_sign"]
    bare = descendants(vocabulary, [term for term in terms if ":" not in term])
    return {term for term in terms if ":" in term} | {f"{t}:{s}" for t in bare for s in signs}


def evidence(name: str) -> pd.DataFrame:
    """Rows behind a factor, a gene or a signature.

    Parameters
    ----------
    name
        A factor (``"irisin"``, any case), a human gene symbol (as ligand, receptor or synthesis
        gene), or the id of a signature, class or gene set.

    Returns
    -------
    Evidence rows with their `level`, strongest first; for a gene set its gene rows.

    Raises
    ------
    InputError
        Nothing has this name.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> rows = cx.signatures.evidence("irisin")
    >>> rows["ligand"].unique().tolist()
    ['FNDC5']
    >>> rows.iloc[0][["target_tissue", "effect", "doi"]].tolist()
    ['adipose', 'adipose_browning:+', '10.1038/nature10777']
    """
    rows = levelled()
    signature = named_signatures().get(name)
    if signature is not None and signature.gene_set is not None:
        return gene_sets()[signature.gene_set].reset_index(drop=True)
    if signature is not None and signature.select is not None:
        found = select_rows(rows, signature.select)
    else:
        found = rows[_names(rows, name)]
    if found.empty:
        _raise_unknown(rows, name)
    order = found["level"].map(EVIDENCE_LEVELS.index)
    return found.iloc[order.argsort(kind="stable")].reset_index(drop=True)


def _names(rows: pd.DataFrame, name: str) -> pd.Series:
    genes = (rows["ligand"] + "|" + rows["synthesis_genes"] + "|" + rows["receptor"]).map(
        lambda text: name in split_genes(text)
    )
    lower = name.lower()
    return (
        (rows["factor"].str.lower() == lower)
        | (rows["ligand"].str.lower() == lower)
        | rows["class"].isin(descendants("class", [lower]))
        | genes.astype(bool)
    )


def _raise_unknown(rows: pd.DataFrame, name: str) -> None:
    genes = {
        gene
        for column in ("ligand", "receptor")
        for text in rows[column]
        for gene in split_genes(text)
    }
    known = {*rows["factor"], *rows["class"], *genes, *named_signatures()}
    msg = (
        f"Nothing is known of {name!r}. {nearest(name, sorted(known))}Expected a factor, a human "
        "gene symbol or a signature id; see `cx.signatures.list()`."
    )
    raise InputError(msg)


def list_signatures() -> pd.DataFrame:
    """Every named signature.

    Returns
    -------
    One row per signature: `signature` (id), `title`, `side`, `kind` (rule or gene_set), number
    of genes in `n_human`, `n_mouse`, `n_rat`, whether weights are `signed`, `description`.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> known = cx.signatures.list()
    >>> known["side"].unique().tolist()
    ['sender', 'receiver', 'marker', 'program', 'response']
    """
    from .load import load_named
    from .species import map_net

    names = named_signatures()
    nets = {"human": load_named(list(names))}
    for organism in ORGANISMS[1:]:
        nets[organism] = map_net(nets["human"], source="human", target=organism)
    frame = pd.DataFrame(
        {
            "signature": list(names),
            "title": [entry.title for entry in names.values()],
            "side": [entry.side for entry in names.values()],
            "kind": ["rule" if entry.select else "gene_set" for entry in names.values()],
        }
    )
    for organism, net in nets.items():
        frame[f"n_{organism}"] = (
            frame["signature"].map(net["source"].value_counts()).fillna(0).astype(int)
        )
    frame["signed"] = frame["signature"].isin(
        nets["human"].loc[nets["human"]["weight"] < 0, "source"]
    )
    frame["description"] = [entry.description for entry in names.values()]
    return frame
