"""A net against the genes of the data: coverage, advice where names disagree, the index."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp
from anndata import AnnData

from ...core.checks import check_columns, check_type
from ...core.errors import InputError
from ...core.names import SOURCE, TARGET, WEIGHT

ENSEMBL = re.compile(r"ENS[A-Z]*G\d{6,}(\.\d+)?$")


@dataclass(frozen=True)
class NetIndex:
    """Which genes of the data belong to which columns, as the kernels read it."""

    signatures: tuple[str, ...]
    genes: np.ndarray  # (n_used,) positions in the data, sorted
    start: np.ndarray  # (n_used + 1,) where the columns of a gene begin
    column: np.ndarray  # signature of each entry
    weight: np.ndarray
    absent: np.ndarray  # (2, n_signatures) targets not in the data: positive, negative
    gene_names: pd.Index  # all genes of the data

    @property
    def n_genes(self) -> int:
        """Genes of the data."""
        return len(self.gene_names)

    @cached_property
    def by_name(self) -> np.ndarray:
        """(n_genes,) positions of the genes in the order of their names."""
        return np.argsort(self.gene_names.to_numpy(str), kind="stable")

    @property
    def slot(self) -> np.ndarray:
        """(n_genes,) index of a gene among the used ones, or -1."""
        slot = np.full(self.n_genes, -1, np.int32)
        slot[self.genes] = np.arange(len(self.genes), dtype=np.int32)
        return slot

    def sparse(self, of: Callable = np.asarray) -> sp.csr_matrix:
        """(n_used, n_signatures) weights, after `of`."""
        shape = (len(self.genes), len(self.signatures))
        return sp.csr_matrix((of(self.weight).astype(float), self.column, self.start), shape)

    def dense(self) -> np.ndarray:
        """(n_genes, n_signatures) weights."""
        out = np.zeros((self.n_genes, len(self.signatures)))
        out[self.genes] = self.sparse().toarray()
        return out

    def of_entries(
        self,
        signatures: tuple[str, ...],
        gene: np.ndarray,
        column: np.ndarray,
        weight: np.ndarray | None = None,
    ) -> "NetIndex":
        """Another net over the same data, from its entries in any order."""
        order = np.lexsort((column, gene))
        genes, counts = np.unique(gene, return_counts=True)
        return NetIndex(
            signatures=signatures,
            genes=genes,
            start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            column=np.asarray(column, np.int64)[order],
            weight=np.ones(len(gene)) if weight is None else weight[order],
            absent=np.zeros((2, len(signatures)), np.int64),
            gene_names=self.gene_names,
        )

    def with_weights(self, weights: np.ndarray) -> "NetIndex":
        """The same signatures with other weights, (n_genes, n_signatures)."""
        gene, column = np.nonzero(weights)
        return self.of_entries(self.signatures, gene, column, weights[gene, column])

    def beside(self, other: "NetIndex") -> "NetIndex":
        """Both nets in one, the columns of `other` after those of this one."""
        gene = np.concatenate([np.repeat(n.genes, np.diff(n.start)) for n in (self, other)])
        column = np.concatenate([self.column, other.column + len(self.signatures)])
        weight = np.concatenate([self.weight, other.weight])
        return self.of_entries(self.signatures + other.signatures, gene, column, weight)


@dataclass(frozen=True)
class Net:
    """A checked net: sorted by signature and target, without zero weights."""

    names: np.ndarray  # signatures, sorted
    code: np.ndarray  # signature of each entry
    target: np.ndarray
    weight: np.ndarray

    @property
    def frame(self) -> pd.DataFrame:
        """The net in long form."""
        return pd.DataFrame(
            {SOURCE: self.names[self.code], TARGET: self.target, WEIGHT: self.weight}
        )

    @property
    def digest(self) -> str:
        """Hex SHA-256 of signatures, targets and weights, whatever the order of the rows."""
        text = "\n".join([*self.names[self.code], *self.target])
        return hashlib.sha256(text.encode() + np.round(self.weight, 12).tobytes()).hexdigest()

    @property
    def targets(self) -> pd.Index:
        """Targets, each once, in the order of the entries."""
        return pd.Index(pd.unique(self.target))


def check_net(net: pd.DataFrame) -> Net:
    """Return the net with a float weight, sorted, without zero weights; raise where it is wrong."""
    check_type(net, pd.DataFrame, "net")
    check_columns(net, (SOURCE, TARGET), "net")
    code, names = _coded(net[SOURCE])
    rank, targets = _coded(net[TARGET])
    if lost := int(((code < 0) | (rank < 0)).sum()):
        msg = f"net has {lost} rows without a source or target. Drop them: net.dropna()."
        raise InputError(msg)
    if len(net) == 0:
        msg = "net is empty. Load signatures with `cx.signatures.load`, or give source and target."
        raise InputError(msg)
    weight = net[WEIGHT].to_numpy() if WEIGHT in net.columns else np.ones(len(net))
    if weight.dtype != float:
        weight = pd.to_numeric(net[WEIGHT], errors="coerce").to_numpy(float)
    if len(wrong := np.flatnonzero(~np.isfinite(weight))):
        msg = (
            f"net has {len(wrong)} weights that are not finite numbers, first at "
            f"{names[code[wrong[0]]]!r}, {targets[rank[wrong[0]]]!r}. Give each target a weight in "
            "[-1, 1]."
        )
        raise InputError(msg)
    slashed = [name for name in names if "/" in name]
    if slashed:
        msg = f"Signature {slashed[0]!r} has a '/', which h5ad refuses. Rename it."
        raise InputError(msg)
    entry = code * len(targets) + rank
    order = np.argsort(entry, kind="stable")
    twice = order[1:][np.diff(entry[order]) == 0]
    if len(twice):
        first = twice.min()
        msg = (
            f"net names {len(twice)} targets twice in one signature, first "
            f"{targets[rank[first]]!r} in {names[code[first]]!r}. Keep one row for each source and "
            "target."
        )
        raise InputError(msg)
    order = order[weight[order] != 0]
    used, code = np.unique(code[order], return_inverse=True)
    return Net(names[used], code, targets[rank[order]], weight[order])


def _coded(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Position of each entry among the sorted names, -1 where absent, and these names."""
    code, found = pd.factorize(column.to_numpy(object))
    names, place = np.unique(found.astype(str), return_inverse=True)
    return np.append(place, -1)[code], names.astype(object)


def coverage(
    adata: AnnData, net: pd.DataFrame, *, min_targets: int = 1, min_coverage: float = 0.1
) -> pd.DataFrame:
    """Count how many targets of each signature the data have.

    Parameters
    ----------
    adata
        Data; only `var_names` are read.
    net
        Signatures in long form: `source` (signature), `target` (gene), `weight`.
    min_targets, min_coverage
        Least number and share of targets with which `cx.tl.score` scores a signature.

    Returns
    -------
    One row per signature: `signature, n_targets, n_found, coverage` (0 to 1), `missing` (the
    targets that the data lack, joined by ";") and `scored`.

    Raises
    ------
    InputError
        The net lacks a column, is empty, repeats a target or has a weight that is no number.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> simulated = cx.datasets.simulate(n_cells=400, n_genes=600)
    >>> muscle = cx.pp.standardise(simulated.muscle)
    >>> table = cx.tl.coverage(muscle, cx.signatures.load("myokine"))
    >>> table.columns.tolist()
    ['signature', 'n_targets', 'n_found', 'coverage', 'missing', 'scored']
    """
    net = check_net(net)
    return covered(net, pd.Index(net.target).isin(adata.var_names), min_targets, min_coverage)


def covered(net: Net, found: np.ndarray, min_targets: int, min_coverage: float) -> pd.DataFrame:
    """Coverage of a checked net, of whose entries the data have those `found`."""
    code, names, targets = net.code, net.names, net.target
    n_targets = np.bincount(code, minlength=len(names))
    n_found = np.bincount(code[found], minlength=len(names))
    missing, lost = np.full(len(names), "", dtype=object), code[~found]
    for k, part in zip(np.unique(lost), np.split(targets[~found], _starts(lost)), strict=False):
        missing[k] = ";".join(part)
    share = n_found / n_targets
    return pd.DataFrame(
        {
            "signature": names,
            "n_targets": n_targets,
            "n_found": n_found,
            "coverage": share,
            "missing": missing,
            "scored": (n_found >= max(min_targets, 1)) & (share >= min_coverage),
        },
        copy=False,
    )


def _starts(code: np.ndarray) -> np.ndarray:
    """Where a new value begins in sorted `code`, but for the first."""
    return np.flatnonzero(np.diff(code)) + 1


def check_overlap(table: pd.DataFrame, net: Net, adata: AnnData) -> None:
    """Raise with advice if no signature is covered well enough."""
    if table["scored"].any():
        return
    best = table.sort_values("n_found", ascending=False).iloc[0]
    missing = best["missing"].split(";")[:5]
    msg = (
        f"No signature has enough targets in the data. The best, {best['signature']!r}, has "
        f"{best['n_found']} of {best['n_targets']}; missing, first 5: {missing}. "
        f"{_advice(net, adata)}"
    )
    raise InputError(msg)


def _advice(net: Net, adata: AnnData) -> str:
    """Say why the names of genes disagree, as far as one can tell."""
    genes, targets = adata.var_names.astype(str), net.targets
    sample = f"Genes of the data look like {list(genes[:3])}, of the net like {list(targets[:3])}. "
    n_ensembl = sum(bool(ENSEMBL.match(g)) for g in genes[:200])
    if n_ensembl > min(200, len(genes)) / 2:
        return sample + "The data use Ensembl ids: run `cx.pp.standardise`, which maps them."
    if renamed := old_names(targets, genes):
        return f"{sample}The data use old names ({renamed}): run `cx.pp.standardise`."
    upper = pd.Index(targets.str.upper())
    if 2 * len(genes.intersection(targets)) > len(genes.str.upper().intersection(upper)) > 0:
        return (
            "The names agree, the data measure few of these genes: lower min_targets or "
            "min_coverage, or take broader signatures."
        )
    if len(genes.str.upper().intersection(upper)) > 0:
        title = (genes == genes.str.capitalize()).mean()
        if title > 0.5 and (targets == upper).mean() > 0.5:
            return sample + (
                "The data look like mouse or rat, the net like human: load the net with "
                "`cx.signatures.load(..., organism='mouse')`; changing case is no ortholog mapping."
            )
        if (genes == genes.str.upper()).mean() > 0.5 and (targets != upper).mean() > 0.5:
            return sample + (
                "The data look like human, the net like mouse or rat: load the net with "
                "`cx.signatures.load(..., organism='human')`."
            )
        return sample + "The names differ in case: run `cx.pp.standardise`."
    return sample + "Run `cx.pp.standardise`, or lower min_targets and min_coverage."


def old_names(targets: pd.Index, genes: pd.Index) -> str:
    """Targets that the data have under a previous or alias symbol, the first 5 as text."""
    from ...signatures import aliases

    human = np.mean(targets == targets.str.upper()) > 0.5  # TF is F3 in mouse, not in human
    table = aliases()
    table = table[(table["organism"] == "human") == human]
    table = table[table["symbol"].isin(targets.difference(genes)) & table["alias"].isin(genes)]
    pairs = [f"{a} for {s}" for a, s in zip(table["alias"], table["symbol"], strict=True)]
    return ", ".join(list(dict.fromkeys(pairs))[:5])


def index_net(net: Net, genes: pd.Index, position: np.ndarray, scored: np.ndarray) -> NetIndex:
    """Build the index of the signatures `scored`; `position` is that of each target, or -1."""
    code, found = (np.cumsum(scored) - 1)[net.code], position >= 0
    lost = scored[net.code] & ~found
    absent = np.zeros((2, scored.sum()), np.int64)
    np.add.at(absent, ((net.weight < 0).astype(int)[lost], code[lost]), 1)
    here = np.flatnonzero(scored[net.code] & found)
    order = here[np.lexsort((code[here], position[here]))]
    used, counts = np.unique(position[here], return_counts=True)
    return NetIndex(
        signatures=tuple(net.names[scored]),
        genes=used,
        start=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        column=code[order],
        weight=net.weight[order],
        absent=absent,
        gene_names=genes,
    )
