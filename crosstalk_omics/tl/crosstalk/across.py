"""Contrasts of several studies: each side combined over its own studies, then joined."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ...core.checks import check_columns, check_one_of
from ...core.errors import InputError
from ...interactions import complexes
from ...kernels.meta import stouffer
from ...kernels.tails import normal_isf, normal_sf
from ..meta import meta
from .contrast import test_sides
from .direction import add_direction
from .joint import FDR

PAIR = ["factor", "ligand_complex", "receptor_complex", "role"]
CONSTANT = ["effects", "evidence_level", "route", "references", "family"]


def meta_crosstalk(
    tables: Mapping[tuple[str, str], pd.DataFrame],
    *,
    method: str = "reml",
    fdr: str = "adafilter",
    min_studies: int = 2,
) -> pd.DataFrame:
    """Combine contrasts between tissues over studies: side by side first, then both.

    A muscle study that was set against three bone studies counts once for its ligands. Tables
    of other organisms are brought to human symbols by one-to-one orthologs.

    Parameters
    ----------
    tables
        ``(source study, target study)`` to the result of `cx.tl.crosstalk_contrast`, each
        reduced to one contrast and one pair of groups, all asking the same question.
    method
        Of `cx.tl.meta`, for effects: ``"reml"``, ``"dl"``, ``"pm"`` or ``"fixed"``.
    fdr
        ``"adafilter"``, ``"mixture"`` or ``"bh"`` on the larger p.
    min_studies
        A side seen in fewer studies has no p-value, unless it has only one study at all.

    Returns
    -------
    One row per interaction: `logfc_*, p_*, n_studies_*, sign_agreement_*, tau2_*, i2_*,
    loo_pvalue_*` of each side, `pvalue` and `fdr` that both hold, and direction and predicted
    effect as in `cx.tl.crosstalk_contrast`. Presence of receptors is combined by Stouffer's
    method over the target studies.

    Raises
    ------
    InputError
        A table holds several contrasts or groups, or the receivers were tested in two ways.

    References
    ----------
    metafor's `rma` (3.8); Wang, Gui, Su, Sabatti & Owen 2022, doi:10.1214/21-aos2139.
    """
    check_one_of(fdr, FDR, "fdr")
    tables = {pair: _human(_single(table, pair)) for pair, table in tables.items()}
    kinds = {kind for table in tables.values() for kind in table["kind_receptor"].dropna()}
    if len(kinds) > 1 and "contrast" in kinds:
        msg = (
            f"Receivers were tested in several ways: {', '.join(sorted(kinds))}. Combine tables "
            "with a contrast in the target apart from those without."
        )
        raise InputError(msg)
    sent = _side(tables, 0, "ligand", method, min_studies)
    if "contrast" in kinds:
        received = _side(tables, 1, "receptor", method, min_studies)
    else:
        received = _presence(tables)
    whole = pd.concat(tables.values(), ignore_index=True)
    table = whole.drop_duplicates(PAIR)[[*PAIR, *[c for c in CONSTANT if c in whole]]]
    table = table.merge(sent, on="ligand_complex").merge(received, on="receptor_complex")
    table = test_sides(table.assign(source="all", contrast="all"), fdr)
    table = add_direction(table.drop(columns=["source", "contrast"]), None)
    table = table.sort_values(["fdr", "pvalue", *PAIR], ignore_index=True)
    table.attrs = {
        "parameters": {"method": method, "fdr": fdr, "studies": [list(p) for p in tables]},
        "notes": [],
    }
    return table


def _single(table: pd.DataFrame, pair: tuple[str, str]) -> pd.DataFrame:
    """Check that a table holds one contrast between one pair of groups."""
    needed = [*PAIR, "contrast", "logfc_ligand", "se_ligand", "p_receptor", "kind_receptor"]
    check_columns(table, needed, f"The table of {pair}")
    for column in ("contrast", "source", "target"):
        found = sorted(table[column].dropna().unique())
        if len(found) > 1:
            msg = (
                f"The table of {pair} holds {len(found)} values of {column!r} ({found[:4]}). Keep "
                f"the rows of one, e.g. table[table[{column!r}] == {found[0]!r}]."
            )
            raise InputError(msg)
    return table


def _human(table: pd.DataFrame) -> pd.DataFrame:
    """Write complexes in human symbols; rows without orthologs drop out."""
    from ...signatures import map_genes

    organisms = table.attrs.get("organisms", ["human", "human"])
    for column, own in zip(("ligand_complex", "receptor_complex"), organisms, strict=True):
        if own != "human":
            mapping, _ = map_genes(complexes.genes(table[column]), source=own, target="human")
            mapped = complexes.map_genes(table[column], mapping).set_index("text")["mapped"]
            table = table.assign(**{column: table[column].map(mapped)})
            table = table[table[column] != ""]
    return table


def _studies(
    tables: Mapping[tuple[str, str], pd.DataFrame], which: int, column: str
) -> dict[str, pd.DataFrame]:
    """One table per study of a side: each complex once, however many partners it was set to."""
    parts: dict[str, list[pd.DataFrame]] = {}
    for pair, table in tables.items():
        parts.setdefault(pair[which], []).append(table)
    return {name: pd.concat(p).drop_duplicates(column) for name, p in parts.items()}


def _side(
    tables: Mapping[tuple[str, str], pd.DataFrame], which: int, side: str, method: str, least: int
) -> pd.DataFrame:
    """Pooled change of each complex of a side, with the p-value that it rises."""
    column = f"{side}_complex"
    studies = _studies(tables, which, column)
    if len(studies) == 1:
        one = next(iter(studies.values()))
        t = one[f"logfc_{side}"] / one[f"se_{side}"]
        p = one[f"p_{side}"].to_numpy(float)
        out = one[[column, f"logfc_{side}", f"se_{side}", f"p_{side}"]].assign(
            **{f"n_studies_{side}": 1, f"_up_{side}": np.where(t > 0, p / 2, 1 - p / 2)}
        )
        return out
    found = meta(
        studies, on=column, effect=f"logfc_{side}", se=f"se_{side}", method=method,
        min_studies=least,
    )  # fmt: skip
    p = found["pvalue"].to_numpy(float)
    names = {
        "estimate": f"logfc_{side}", "se": f"se_{side}", "pvalue": f"p_{side}",
        **{c: f"{c}_{side}" for c in ("n_studies", "sign_agreement", "tau2", "i2", "loo_pvalue",
                                      "loo_study", "pi_low", "pi_high")},
    }  # fmt: skip
    up = np.where(found["estimate"] > 0, p / 2, 1 - p / 2)
    out = found[[column, *names]].rename(columns=names)
    return out.assign(**{f"_up_{side}": np.where(np.isnan(p), np.nan, up)})


def _presence(tables: Mapping[tuple[str, str], pd.DataFrame]) -> pd.DataFrame:
    """Stouffer's combination of one-sided p-values over the target studies."""
    studies = _studies(tables, 1, "receptor_complex")
    p = pd.DataFrame(
        {name: t.set_index("receptor_complex")["p_receptor"] for name, t in studies.items()}
    )
    z = stouffer(normal_isf(np.clip(p.to_numpy(float), 1e-300, 1 - 1e-16)))
    return pd.DataFrame(
        {
            "receptor_complex": p.index,
            "p_receptor": normal_sf(z),
            "n_studies_receptor": p.notna().sum(axis=1).to_numpy(),
        }
    )
