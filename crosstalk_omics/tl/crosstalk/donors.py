"""One tissue of a paired analysis: a profile per donor, standardised over the shared donors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray

from ...core.checks import check_columns, check_unique
from ...core.errors import InputError
from ...kernels import correlation as kernel
from ...pp.state import current_state
from ..design import dummies
from ..samples import by_group, dense, donor_samples, limiting_genes, log_values
from .repair import Matrix

Float = NDArray[np.float64]
SEEN = 0.5  # share of the donors in which a gene must be expressed


@dataclass
class Profiles:
    """One group of one tissue: a row per donor, named by it."""

    name: str
    samples: AnnData
    scores: pd.DataFrame  # (n_donors, n_scores), may have no column


def profiles_of(
    adata: AnnData, donor: str, groupby: str | None, min_cells: int, layer: str | None,
    key: str | None,
) -> list[Profiles]:  # fmt: skip
    """Profiles of every group of a tissue."""
    check_unique(adata.var_names)
    check_columns(adata.obs, [donor], "adata.obs")
    samples = donor_samples(adata, None, donor, groupby, layer, min_cells)
    scores = pd.DataFrame(index=adata.obs_names)
    if key is not None:
        if key not in adata.obsm:
            msg = f"obsm has no {key!r}; it has {sorted(adata.obsm)}. Run `cx.tl.score` first."
            raise InputError(msg)
        scores = pd.DataFrame(adata.obsm[key], index=adata.obs_names)
    out = []
    for name, part in by_group(samples, groupby, adata):
        mine = (adata.obs[groupby].astype(str) == name).to_numpy() if groupby else slice(None)
        donors = adata.obs[donor][mine].astype(str).to_numpy()
        part.obs_names = part.obs[donor].astype(str).to_numpy()
        out.append(Profiles(name, part, scores[mine].groupby(donors).mean()))
    return out


@dataclass
class Tissue:
    """Standardised genes and scores of one group over the shared donors."""

    matrix: Matrix
    genes: list[str]
    level: Float  # (n_genes,) mean; NaN = not measured
    expressed: NDArray[np.bool_]
    scores: Matrix
    score_names: list[str]

    @classmethod
    def of(cls, part: Profiles, donors: list[str], method: str, adjust: Float) -> "Tissue":
        """Bring a group to the order of `donors` and standardise it."""
        samples = part.samples[donors]
        y, raw = log_values(samples), dense(samples.X)
        seen = ~np.isnan(y)
        n = seen.sum(axis=0)
        above = (raw > 0) if current_state(samples) == "counts" else seen
        scores = part.scores.reindex(donors).to_numpy(float)
        return cls(
            matrix=Matrix(kernel.standardise(y, method, adjust), seen),
            genes=list(samples.var_names),
            level=np.divide(np.nansum(y, axis=0), n, out=np.full(len(n), np.nan), where=n > 0),
            expressed=above.mean(axis=0) >= SEEN,
            scores=Matrix(kernel.standardise(scores, method, adjust), ~np.isnan(scores)),
            score_names=list(map(str, part.scores.columns)),
        )

    def units(self, complexes: Sequence[str]) -> NDArray[np.intp]:
        """Position of the gene that limits each complex; -1: not measured or hardly expressed."""
        at = limiting_genes(complexes, self.level, self.genes)
        return np.where((at >= 0) & self.expressed[at], at, -1)

    def senders(self, complexes: pd.Series) -> tuple[Matrix, pd.DataFrame]:
        """Ligands and scores of a source, with their names."""
        distinct = sorted(set(complexes))
        at = self.units(distinct)
        names = pd.DataFrame(
            {
                "ligand_complex": [*distinct, *self.score_names],
                "gene_ligand": [*(self.genes[k] if k >= 0 else "" for k in at),
                                *[""] * len(self.score_names)],
                "is_score": [False] * len(distinct) + [True] * len(self.score_names),
            }
        )  # fmt: skip
        return side_by_side(self.matrix.take(at), self.scores), names


def side_by_side(*parts: Matrix) -> Matrix:
    return Matrix(np.hstack([p.z for p in parts]), np.hstack([p.seen for p in parts]))


def covariates_of(names: Sequence[str], own: pd.DataFrame, other: pd.DataFrame) -> Float:
    """Columns of the linear part that is removed; a column may stand in either table."""
    parts = []
    for name in names:
        table = own if name in own else other
        check_columns(table, [name], "obs")
        if table[name].isna().any():
            who = list(table.index[table[name].isna()][:5])
            msg = f"Covariate {name!r} is missing for donors {who}. Fill it in or leave them out."
            raise InputError(msg)
        parts.append(dummies(table[name], name).to_numpy(float))
    whole = np.column_stack([np.ones(len(own)), *parts])
    rank = [np.linalg.matrix_rank(whole[:, : k + 1]) for k in range(whole.shape[1])]
    return whole[:, np.flatnonzero(np.diff([0, *rank]))][:, 1:]


def strata_of(names: Sequence[str], obs: pd.DataFrame) -> tuple[NDArray | None, list[str]]:
    if not names:
        return None, []
    check_columns(obs, names, "obs")
    code = obs[list(names)].astype(str).agg("|".join, axis=1)
    size = code.value_counts()
    notes = [f"Donors were re-paired within {len(size)} strata of {', '.join(names)}."]
    if (size < 2).any():
        notes.append(
            f"{(size < 2).sum()} donors are alone in their stratum and keep their partner: "
            f"{', '.join(size.index[size < 2][:5])}."
        )
    return code.to_numpy(str), notes
