"""Nets to GMT, TSV, JSON and plain dicts that decoupler and gseapy take."""

import json
from collections import Counter
from pathlib import Path

import pandas as pd

from ..core.checks import check_columns, check_one_of
from ..core.files import write_table, write_text
from ..core.names import SOURCE, TARGET, WEIGHT
from .load import What, load
from .query import columns_of, levelled_columns, matching
from .schema import MISSING
from .tables import gene_sets, named_signatures

FORMATS = ("gmt", "tsv", "json")


def to_dict(net: pd.DataFrame) -> dict[str, list[str]]:
    """Gene sets as gseapy takes them; weights are not part of it.

    Parameters
    ----------
    net
        Columns `source`, `target`, `weight`. A signature with negative weights becomes two sets,
        ``<id>_up`` and ``<id>_down``.

    Returns
    -------
    Signature -> genes.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> sets = cx.signatures.to_dict(cx.signatures.load({"mine": ["IGF1", "MSTN"]}))
    >>> sets
    {'mine': ['IGF1', 'MSTN']}
    """
    check_columns(net, (SOURCE, TARGET, WEIGHT), "net")
    sets: dict[str, list[str]] = {}
    for name, part in net.groupby(SOURCE, sort=False):
        down = part[WEIGHT] < 0
        if down.any():
            sets[f"{name}_up"] = part.loc[~down, TARGET].tolist()
            sets[f"{name}_down"] = part.loc[down, TARGET].tolist()
        else:
            sets[str(name)] = part[TARGET].tolist()
    return {name: genes for name, genes in sets.items() if genes}


def export(
    what: What | pd.DataFrame,
    path: str | Path,
    *,
    side: str | None = None,
    organism: str = "human",
    format: str | None = None,
) -> Path:
    """Write signatures, whole or not at all.

    Parameters
    ----------
    what
        What `cx.signatures.load` takes, or a net (`source`, `target`, `weight`), which is
        written as it is.
    path
        File to write.
    side, organism
        As in `cx.signatures.load`; not for a net.
    format
        ``"gmt"`` (evidence in the description field), ``"tsv"`` (decoupler's long form) or
        ``"json"`` (gene and weight per signature, with title and evidence); None takes it from
        the suffix of `path`.

    Returns
    -------
    The path written.

    Raises
    ------
    InputError
        The format is unknown, or a signature is.
    """
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".") if format is None else format
    check_one_of(kind, FORMATS, "format")
    net = what if isinstance(what, pd.DataFrame) else load(what, side=side, organism=organism)
    check_columns(net, (SOURCE, TARGET, WEIGHT), "net")
    if kind == "tsv":
        write_table(path, net[[SOURCE, TARGET, WEIGHT]])
    elif kind == "gmt":
        rows = ["\t".join([name, describe(name), *genes]) for name, genes in to_dict(net).items()]
        write_text(path, "\n".join(rows) + "\n")
    else:
        write_text(path, json.dumps(_records(net), indent=1, ensure_ascii=False) + "\n")
    return path


def describe(name: str) -> str:
    """Title and evidence of a signature in one line without blanks between tabs.

    E.g. ``Myokine ligands | 202 rows: in_vivo 109, ... | PMID:26236992;...``.
    """
    known = named_signatures()
    entry = known.get(name) or known.get(name.removesuffix("_up").removesuffix("_down"))
    if entry is None:
        return "user signature"
    if entry.select is not None:
        columns, kind = levelled_columns(), "level"
        rows = matching(columns, entry.select)
    else:
        columns, kind = columns_of(gene_sets()[str(entry.gene_set)]), "verified"
        rows = range(len(columns["gene"]))
    kinds = Counter(columns[kind][i] for i in rows).most_common()
    text = ", ".join(f"{name} {n}" for name, n in kinds)
    papers = {reference(columns["pmid"][i], columns["doi"][i]) for i in rows} - {""}
    return f"{entry.title} | {len(rows)} rows: {text} | {';'.join(sorted(papers))}"


def reference(pmid: str, doi: str) -> str:
    """``PMID:...``, else ``doi:...``, else nothing."""
    if pmid != MISSING:
        return f"PMID:{pmid}"
    return f"doi:{doi}" if doi != MISSING else ""


def _records(net: pd.DataFrame) -> dict[str, dict[str, object]]:
    known = named_signatures()
    return {
        str(name): {
            "title": known[name].title if name in known else str(name),
            "evidence": describe(str(name)),
            "genes": dict(zip(part[TARGET], part[WEIGHT].astype(float), strict=True)),
        }
        for name, part in net.groupby(SOURCE, sort=False)
    }
