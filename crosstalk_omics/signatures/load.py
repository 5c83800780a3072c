"""Names, classes, lists, files and dicts to one net, with what organism mapping lost."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.checks import check_one_of, nearest
from ..core.errors import InputError
from ..core.names import EVIDENCE_LEVELS, ORGANISMS, SIDES, SOURCE, TARGET, WEIGHT
from .query import columns_of, levelled_columns, matching, row_levels
from .schema import GENE_SET_TABLES, NamedSignature, Select, vocabularies
from .species import map_net
from .tables import (
    gene_set_table,
    ligand_genes,
    named_signatures,
    split_genes,
    split_list,
)
from .user import SUFFIXES, guess_organism, read_user

What = str | Path | Sequence[str] | Mapping[str, Any]


def load(
    what: What,
    *,
    side: str | None = None,
    organism: str = "human",
    min_level: str = "review",
    unverified: bool = True,
    genes_of: str | None = None,
) -> pd.DataFrame:
    """Load signatures as a net.

    Parameters
    ----------
    what
        A class (``"myokine"``, ``"hpa"``), a signature id, ``"marker"``, ``"program"`` or
        ``"response"`` for all sets of that table, ``"all"``, the path of a GMT, TSV or YAML file,
        a list of these, or a dict ``{signature: [genes]}`` or ``{signature: {gene: weight}}``.
    side
        ``"sender"`` or ``"receiver"`` of a class or of a user's evidence table; None takes both.
        With a signature id it must be that signature's side.
    organism
        ``"human"``, ``"mouse"`` or ``"rat"``; genes are mapped by one-to-one orthologs.
    min_level
        Weakest evidence level of the rows that rules take, see `cx.signatures.evidence`.
    unverified
        False leaves out rows, of evidence and of gene sets, that no source backs.
    genes_of
        Organism of the genes of a user's file or dict; None guesses it from the symbols.

    Returns
    -------
    Net: `source` (signature), `target` (gene), `weight` (float64 in [-1, 1]), each pair once.
    ``attrs["lost"]`` lists records `signature`, `n_total`, `n_kept`, `lost`;
    ``attrs["cancelled"]`` names genes of signed rules whose rows cancel out.

    Raises
    ------
    InputError
        A name is unknown, a user's table is malformed, or no gene is left.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> net = cx.signatures.load("myokine", side="sender", organism="mouse")
    >>> net.columns.tolist(), "Fndc5" in set(net["target"])
    (['source', 'target', 'weight'], True)
    """
    check_one_of(organism, ORGANISMS, "organism")
    check_one_of(min_level, EVIDENCE_LEVELS[:-1], "min_level")
    if side is not None:
        check_one_of(side, SIDES, "side")
    parts = [_part(item, side, organism, min_level, unverified, genes_of) for item in _items(what)]
    net = _join(parts)
    if net.empty:
        msg = (
            f"No gene of {what!r} is left in {organism} with side={side!r} and "
            f"min_level={min_level!r}. See `cx.signatures.evidence(...)` for the rows there are."
        )
        raise InputError(msg)
    return net


def _items(what: What) -> list[str | Path | Mapping[str, Any]]:
    return [what] if isinstance(what, (str, Path, Mapping)) else list(dict.fromkeys(what))


def _is_file(item: object) -> bool:
    return isinstance(item, (Mapping, Path)) or Path(str(item)).suffix.lower() in SUFFIXES


def _part(
    item: str | Path | Mapping[str, Any],
    side: str | None,
    organism: str,
    min_level: str,
    unverified: bool,
    genes_of: str | None,
) -> pd.DataFrame:
    """Net of one item of `what`, mapped to `organism`."""
    home = "human"
    if not _is_file(item):
        net = load_named(resolve(str(item), side), min_level=min_level, unverified=unverified)
    else:
        net = read_user(item)
        if SOURCE in net:
            home = genes_of or guess_organism(net[TARGET], organism)
        else:
            net = _net_of_table(net, side, min_level, unverified)
    return map_net(net, source=home, target=organism)


def _join(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Nets below one another; a signature that two items name stands once."""
    cancelled: dict[str, Any] = {}
    lost: dict[str, dict] = {}
    for part in parts:
        cancelled |= part.attrs.get("cancelled", {})
        for row in part.attrs["lost"]:
            lost.setdefault(row["signature"], row)
    bare = [pd.DataFrame({name: part[name] for name in part.columns}) for part in parts]
    net = pd.concat(bare, ignore_index=True).drop_duplicates([SOURCE, TARGET], ignore_index=True)
    net.attrs = {"cancelled": cancelled, "lost": list(lost.values())}
    return net


def resolve(name: str, side: str | None = None) -> list[str]:
    """Signature ids that a class name, table name or id stands for.

    Raises
    ------
    InputError
        Nothing has this name, or not on this side.
    """
    known = named_signatures()
    if name == "all":
        found = list(known)
    elif name in GENE_SET_TABLES:
        found = [i for i, entry in known.items() if entry.gene_set and entry.side == name]
    elif name in vocabularies()["class"]:
        found = [f"{name}_{s}" for s in ("sender", "receiver") if f"{name}_{s}" in known]
    else:
        found = [name] if name in known else []
    if not found:
        options = {*known, *vocabularies()["class"], *GENE_SET_TABLES, "all"}
        msg = (
            f"There is no signature {name!r}. {nearest(name, sorted(options))}"
            "See `cx.signatures.list()`; a file needs the suffix .gmt, .tsv or .yaml."
        )
        raise InputError(msg)
    fitting = [i for i in found if side is None or known[i].side == side]
    if not fitting:
        sides = sorted({known[i].side for i in found})
        msg = f"{name!r} has no side {side!r}; it has: {', '.join(sides)}."
        raise InputError(msg)
    return fitting


def load_named(
    ids: Iterable[str], *, min_level: str = "review", unverified: bool = True
) -> pd.DataFrame:
    """Net of named signatures in human symbols; see `load`."""
    known = named_signatures()
    cells: list[tuple[str, str, float]] = []
    cancelled = {}
    for i in ids:
        weights, gone = _weights_of_entry(known[i], min_level, unverified)
        cells += [(i, gene, weight) for gene, weight in weights.items()]
        if gone:
            cancelled[i] = gone
    net = _frame(cells)
    net.attrs["cancelled"] = cancelled
    return net


def _frame(cells: list[tuple[str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(cells, columns=[SOURCE, TARGET, WEIGHT]).astype({WEIGHT: "float64"})


def _weights_of_entry(
    entry: NamedSignature, min_level: str, unverified: bool
) -> tuple[dict[str, float], list[str]]:
    if entry.gene_set is not None:
        genes = _gene_weights()[entry.gene_set]
        return {g: w for g, (w, backed) in genes.items() if backed or unverified}, []
    select = entry.select or Select()
    level = min(select.level, min_level, key=EVIDENCE_LEVELS.index)
    columns = _columns()
    rows = matching(columns, select.model_copy(update={"level": level}))
    return _weights(columns, rows, entry.side, entry.signed, unverified)


@lru_cache(maxsize=1)
def _gene_weights() -> dict[str, dict[str, tuple[float, bool]]]:
    """Gene set -> gene -> weight, and whether a source backs it."""
    found: dict[str, dict[str, tuple[float, bool]]] = {}
    table = gene_set_table()
    for name, gene, weight, verified in zip(
        *(table[c].tolist() for c in ("set_id", "gene", WEIGHT, "verified")), strict=True
    ):
        found.setdefault(name, {})[gene] = (weight, verified != "unverified")
    return found


@lru_cache(maxsize=1)
def _columns() -> dict[str, Any]:
    return _with_genes(levelled_columns())


def _with_genes(columns: Mapping[str, list[str]]) -> dict[str, Any]:
    """Columns of an evidence table and, per row, the genes of sender and receiver."""
    keys = ("ligand", "ligand_kind", "synthesis_genes")
    cells = zip(*(columns[key] for key in keys), strict=True)
    sender = [ligand_genes(dict(zip(keys, row, strict=True))) for row in cells]
    return {**columns, "sender": sender, "receiver": receptor_genes(columns)}


def receptor_genes(rows: pd.DataFrame | Mapping[str, Sequence[str]]) -> list[list[str]]:
    """Receptor genes of each row, flat; none where the column holds a blocked or carried ligand."""
    ligands = {gene for text in rows["ligand"] for gene in split_genes(text)}
    found = []
    for role, text in zip(rows["role"], rows["receptor"], strict=True):
        genes = split_genes(text) if role in ("agonist", "antagonist") else []
        found.append([g for g in genes if role == "agonist" or g not in ligands])
    return found


def _weights(
    columns: Mapping[str, Any],
    rows: Iterable[int],
    side: str,
    signed: Mapping[str, int],
    unverified: bool,
) -> tuple[dict[str, float], list[str]]:
    """Weight of each gene: 1, or its mean signed effect over rows; and the genes that cancel."""
    values: dict[str, list[float]] = {}
    for i in rows:
        value = _signed_effect(columns["effect"][i], signed) if signed else 1.0
        backed = columns["verified"][i] != "unverified"
        for gene in columns[side][i] if value is not None and (backed or unverified) else ():
            values.setdefault(gene, []).append(value)
    mean = {gene: sum(found) / len(found) for gene, found in sorted(values.items())}
    kept = {gene: weight for gene, weight in mean.items() if weight != 0}
    return kept, [gene for gene in mean if gene not in kept]


def _signed_effect(text: str, signed: Mapping[str, int]) -> float | None:
    values = []
    for part in split_list(text):
        effect, _, sign = part.rpartition(":")
        if effect in signed:
            values.append(signed[effect] * {"+": 1, "-": -1, "0": 0}[sign])
    return sum(values) / len(values) if values else None


def _net_of_table(
    frame: pd.DataFrame, side: str | None, min_level: str, unverified: bool
) -> pd.DataFrame:
    """Net of a user's evidence table: one signature per class and side."""
    columns = _with_genes(columns_of(frame.assign(level=row_levels(frame))))
    cells = []
    for name in sorted(set(columns["class"])):
        rows = [
            i for i in matching(columns, Select(level=min_level)) if columns["class"][i] == name
        ]
        for which in ("sender", "receiver") if side is None else (side,):
            weights, _ = _weights(columns, rows, which, {}, unverified)
            cells += [(f"{name}_{which}", gene, weight) for gene, weight in weights.items()]
    return _frame(cells)
