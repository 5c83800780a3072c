"""One-to-one orthologs and aliases, with what was lost on the way."""

from collections.abc import Iterable
from functools import lru_cache

import pandas as pd

from ..core.checks import check_one_of
from ..core.names import ORGANISMS
from ..core.resources import packaged


@lru_cache(maxsize=2)
def _shipped(name: str) -> pd.DataFrame:
    return pd.read_csv(
        packaged("signatures") / name, sep="\t", dtype=str, keep_default_na=False, quoting=3
    )


def ortholog_table() -> pd.DataFrame:
    """Return human, mouse and rat genes with the sources that agree and what others say.

    Returns
    -------
    Columns `human`, and for mouse and rat the gene, `*_sources`, `*_basis` and `*_other`; see
    ``signatures/README.md``. ``"NA"`` is missing.
    """
    return _shipped("orthologs.tsv").copy()


def orthologs(source: str = "human", target: str = "mouse") -> pd.DataFrame:
    """One-to-one orthologs of every gene in the tables and in the ligand-receptor resources.

    Parameters
    ----------
    source, target
        ``"human"``, ``"mouse"`` or ``"rat"``.

    Returns
    -------
    Columns `source_gene`, `target_gene`; each gene once on either side.
    """
    check_one_of(source, ORGANISMS, "source")
    check_one_of(target, ORGANISMS, "target")
    table = _shipped("orthologs.tsv")
    both = table[(table[source] != "NA") & (table[target] != "NA")]
    pairs = pd.DataFrame({"source_gene": both[source], "target_gene": both[target]})
    return pairs.reset_index(drop=True)


def map_genes(
    genes: Iterable[str], *, source: str = "human", target: str = "mouse"
) -> tuple[dict[str, str], list[str]]:
    """Map genes to another organism through one-to-one orthologs, never by changing case.

    Parameters
    ----------
    genes
        Current symbols of the organism `source`.
    source, target
        ``"human"``, ``"mouse"`` or ``"rat"``; equal organisms keep every gene.

    Returns
    -------
    Mapping of the genes kept, and the genes lost, sorted.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> cx.signatures.map_genes(["FNDC5", "CXCL8"], source="human", target="mouse")
    ({'FNDC5': 'Fndc5'}, ['CXCL8'])
    """
    wanted = list(dict.fromkeys(genes))
    if source == target:
        check_one_of(source, ORGANISMS, "source")
        return {gene: gene for gene in wanted}, []
    pairs = orthologs(source, target)
    table = dict(zip(pairs["source_gene"], pairs["target_gene"], strict=True))
    kept = {gene: table[gene] for gene in wanted if gene in table}
    return kept, sorted(gene for gene in wanted if gene not in table)


def map_net(net: pd.DataFrame, *, source: str, target: str) -> pd.DataFrame:
    """Map the targets of a net to another organism.

    Parameters
    ----------
    net
        Columns `source` (signature), `target` (gene), `weight`.
    source, target
        Organism of the genes before and after.

    Returns
    -------
    The net of the organism `target`; ``attrs["lost"]`` lists records `signature`, `n_total`,
    `n_kept`, `lost` (";"-joined symbols of the organism `source`).
    """
    kept, _ = map_genes(net["target"], source=source, target=target)
    found = net["target"].isin(list(kept))
    mapped = net[found].assign(target=net.loc[found, "target"].map(kept)).reset_index(drop=True)
    lost: dict[str, list[str]] = {}
    for name, gene in zip(net.loc[~found, "source"], net.loc[~found, "target"], strict=True):
        lost.setdefault(name, []).append(gene)
    left = mapped.groupby("source").size().to_dict()
    mapped.attrs = {
        **net.attrs,
        "organism": target,
        "lost": [
            {
                "signature": name,
                "n_total": n,
                "n_kept": left.get(name, 0),
                "lost": ";".join(sorted(lost.get(name, []))),
            }
            for name, n in net.groupby("source", sort=False).size().to_dict().items()
        ],
    }
    return mapped


def aliases(organism: str | None = None) -> pd.DataFrame:
    """Previous and alias symbols that stand for exactly one current symbol.

    Parameters
    ----------
    organism
        ``"human"``, ``"mouse"`` or ``"rat"``; None takes all three.

    Returns
    -------
    Columns `alias`, `symbol`, `organism`, `kind` (previous, alias, nomenclature). Within an
    organism each alias occurs once and is itself no current symbol.
    """
    table = _shipped("aliases.tsv")
    if organism is None:
        return table.copy()
    check_one_of(organism, ORGANISMS, "organism")
    return table[table["organism"] == organism].reset_index(drop=True)
