"""Signatures that a user brings: GMT, TSV, YAML or dict, through the same checks as ours."""

import math
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.errors import InputError
from ..core.names import SOURCE, TARGET, WEIGHT
from .schema import check_gene
from .species import ortholog_table
from .tables import check_evidence, check_gene_sets, raise_all, read_text, read_tsv

SUFFIXES = (".gmt", ".tsv", ".txt", ".csv", ".yaml", ".yml", ".json")
NESTED = (Mapping, list, tuple, set)
Cells = list[tuple[int, str, str, object]]  # row, signature, gene, weight


def read_user(what: str | Path | Mapping[str, Any]) -> pd.DataFrame:
    """Read a user's signatures.

    Parameters
    ----------
    what
        A dict, or the path of a GMT file (name, description, genes), a YAML or JSON file
        (signature -> genes, or -> gene: weight), or a TSV with columns `source`, `target` and
        perhaps `weight`, or with those of a gene-set or evidence table.

    Returns
    -------
    A net, or the checked rows of an evidence table.

    Raises
    ------
    InputError
        Any cell is malformed; the text names every row and column.
    """
    if isinstance(what, Mapping):
        return _net(_from_mapping(what, "The dict"), "The dict")
    path = Path(what)
    suffix = path.suffix.lower()
    if suffix == ".gmt":
        return _net(_from_gmt(path), str(path))
    if suffix in (".yaml", ".yml", ".json"):
        return _net(_from_mapping(_parse_yaml(path), str(path)), str(path))
    return _from_table(path)


def _from_gmt(path: Path) -> Cells:
    cells: Cells = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        fields = line.rstrip("\t").split("\t")
        if len(fields) < 3:
            msg = (
                f"{path}, row {number}: {len(fields)} tab-separated fields. A GMT row is a name, "
                "a description and at least one gene, with tabs between them."
            )
            raise InputError(msg)
        cells += [(number, fields[0], gene, 1.0) for gene in fields[2:]]
    return cells


def _parse_yaml(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        # The loader in C would be faster, and crashes on a deeply nested file.
        found = yaml.load(read_text(path), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", row {mark.line + 1}, column {mark.column + 1}" if mark else ""
        msg = f"{path}{where}: no valid YAML ({getattr(error, 'problem', error)})."
        raise InputError(msg) from error
    if not isinstance(found, Mapping):
        msg = f"{path} holds a {type(found).__name__}. Expected `signature: [genes]`."
        raise InputError(msg)
    return found


def _from_mapping(sets: Mapping[str, Any], name: str) -> Cells:
    cells: Cells = []
    for number, (signature, genes) in enumerate(sets.items(), start=1):
        if isinstance(genes, str) or not isinstance(genes, Iterable):
            msg = (
                f"{name}, entry {signature!r}: {type(genes).__name__}. Expected a list of genes "
                "or a mapping of gene to weight."
            )
            raise InputError(msg)
        pairs = genes.items() if isinstance(genes, Mapping) else ((gene, 1.0) for gene in genes)
        for gene, weight in pairs:
            # Text of a nested list may be endless, where YAML names repeat it.
            nested = next((part for part in (gene, weight) if isinstance(part, NESTED)), None)
            if nested is not None:
                msg = (
                    f"{name}, entry {signature!r}: a {type(nested).__name__} among its genes. "
                    "Expected a list of genes or a mapping of gene to weight."
                )
                raise InputError(msg)
            cells.append((number, str(signature), str(gene), weight))
    return cells


def _from_table(path: Path) -> pd.DataFrame:
    frame = read_tsv(path)
    if {SOURCE, TARGET} <= set(frame.columns):
        weights = frame[WEIGHT] if WEIGHT in frame else ["1"] * len(frame)
        rows = zip(range(2, len(frame) + 2), frame[SOURCE], frame[TARGET], weights, strict=True)
        return _net(list(rows), str(path))
    if {"set_id", "gene"} <= set(frame.columns):
        check_gene_sets(frame, str(path))
        net = frame.rename(columns={"set_id": SOURCE, "gene": TARGET})[[SOURCE, TARGET, WEIGHT]]
        return net.astype({WEIGHT: "float64"})
    if {"factor", "ligand"} <= set(frame.columns):
        check_evidence(frame, str(path))
        return frame
    msg = (
        f"{path}, row 1: columns {', '.join(frame.columns[:8])}. Expected `source`, `target` and "
        "perhaps `weight`; or those of signatures/gene_sets/*.tsv or signatures/evidence/*.tsv."
    )
    raise InputError(msg)


def _net(cells: Cells, name: str) -> pd.DataFrame:
    """Check every cell; return the net or raise with row, column and problem of each bad one."""
    problems: list[tuple[int, str, str]] = []
    first: dict[tuple[str, str], int] = {}
    weights = []
    for row, signature, gene, weight in cells:
        if not signature.strip() or "/" in signature:
            problems.append((row, SOURCE, f"{signature!r} is no signature name: blank, or has '/'"))
        try:
            check_gene(gene)
        except ValueError as error:
            problems.append((row, TARGET, str(error)))
        if (signature, gene) in first:
            seen = first[signature, gene]
            problems.append((row, TARGET, f"{gene!r} repeats row {seen} of {signature!r}"))
        first.setdefault((signature, gene), row)
        weights.append(_weight(weight))
        if not -1 <= weights[-1] <= 1:
            problems.append((row, WEIGHT, f"{weight!r} is no number from -1 to 1"))
    problems += _mixed_species(cells)
    raise_all(problems, name)
    if not cells:
        msg = f"{name} holds no gene. Expected at least one signature with one gene."
        raise InputError(msg)
    frame = pd.DataFrame([cell[1:3] for cell in cells], columns=[SOURCE, TARGET])
    return frame.assign(weight=weights)


def _weight(value: object) -> float:
    try:
        number = float(str(value))
    except ValueError:
        return math.nan
    return number


@lru_cache(maxsize=1)
def _only() -> tuple[frozenset[str], frozenset[str]]:
    """Symbols that occur in human only, and in mouse or rat only."""
    table = ortholog_table()
    human, rodent = set(table["human"]), {*table["mouse"], *table["rat"]}
    return frozenset(human - rodent), frozenset(rodent - human)


def _mixed_species(cells: Cells) -> list[tuple[int, str, str]]:
    human, rodent = _only()
    ours = [(row, gene, "human") for row, _, gene, _ in cells if gene in human]
    theirs = [(row, gene, "mouse or rat") for row, _, gene, _ in cells if gene in rodent]
    if not ours or not theirs:
        return []
    few, other = (ours, theirs[0][2]) if len(ours) < len(theirs) else (theirs, ours[0][2])
    text = "{!r} is a {} symbol among {} ones; give one organism per table"
    return [(row, TARGET, text.format(gene, kind, other)) for row, gene, kind in few]


def guess_organism(genes: Iterable[str], wanted: str) -> str:
    """Organism of the symbols: human, or `wanted` if that is a rodent, else mouse."""
    human, rodent = _only()
    genes = set(genes)
    if len(genes & human) >= len(genes & rodent):
        return "human" if genes & human else wanted
    return wanted if wanted != "human" else "mouse"
