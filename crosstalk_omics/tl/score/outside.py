"""Adapters to decoupler and gseapy, and nothing else; every default is passed explicitly."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...core.names import SOURCE, TARGET, WEIGHT

Array = np.ndarray


def _codes(n: int) -> list[str]:
    """Lower-case names that sort as numbers; gseapy would turn symbols into upper case."""
    return [f"g{i:07d}" for i in range(n)]


def gsva(values: Array, member: Array, options: Mapping) -> Array:
    """GSVA by gseapy, over all observations; a gene that never varies is left out.

    `values` is (n_obs, n_genes), `member` (n_genes, n_signatures).
    """
    import gseapy

    varied = np.ptp(values, axis=0) > 0
    genes = np.array(_codes(values.shape[1]))[varied]
    inside = member[varied] != 0
    sets = {str(j): list(genes[inside[:, j]]) for j in range(member.shape[1])}
    scored = {name: kept for name, kept in sets.items() if kept}
    out = np.full((len(values), len(sets)), np.nan)
    if not scored:
        return out
    found = gseapy.gsva(
        data=pd.DataFrame(values[:, varied].T, index=genes, columns=range(len(values))),
        gene_sets=scored,
        outdir=None,
        kcdf={"gaussian": "Gaussian", "poisson": "Poisson", "none": None}[options["kernel"]],
        weight=options["tau"],
        mx_diff=options["difference"],
        abs_rnk=False,
        min_size=1,
        max_size=len(genes),
        threads=1,
        seed=0,
        verbose=False,
    ).res2d
    rows, columns = found["Name"].astype(int), found["Term"].astype(int)
    out[rows, columns] = found["ES"].astype(float)
    return out


def viper(values: Array, member: Array, options: Mapping) -> Array:
    """VIPER by decoupler, observation by observation."""
    return _decoupler("viper", values, member, options)


def gsea(values: Array, member: Array, options: Mapping) -> Array:
    """Normalised enrichment score of GSEA by decoupler, observation by observation."""
    return _decoupler("gsea", values, member, options)


def _decoupler(name: str, values: Array, member: Array, options: Mapping) -> Array:
    """Run a decoupler method on rows that all have values, genes in the order of their names."""
    import decoupler

    genes = np.array(_codes(values.shape[1]))
    target, source = np.nonzero(member)
    net = pd.DataFrame({SOURCE: source.astype(str), TARGET: genes[target]})
    net[WEIGHT] = member[target, source]
    data = pd.DataFrame(values, index=np.arange(len(values)).astype(str), columns=genes)
    scores, _ = getattr(decoupler.mt, name)(
        data, net, tmin=0, layer=None, raw=False, empty=False, bsize=10_000, verbose=False,
        **options,
    )  # fmt: skip
    columns = [str(j) for j in range(member.shape[1])]
    return scores.reindex(index=data.index, columns=columns).to_numpy(float)
