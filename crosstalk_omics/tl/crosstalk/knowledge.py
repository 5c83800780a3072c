"""The interaction table as the inference needs it: filtered, and in the genes of each side."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from anndata import AnnData

from ...core.checks import check_one_of
from ...core.errors import InputError
from ...core.names import ORGANISMS, ROUTES
from ...interactions import complexes, load, modulators, routes
from ...interactions.curated import COLUMNS, curated
from ...interactions.hormones import NOT_CODED
from ...interactions.species import to_organism
from ...signatures import map_genes
from .direction import effects_on, kind_of_tissue
from .joint import Side
from .magnitude import described

Interactions = pd.DataFrame | str | None
SIDES = ("ligand_complex", "receptor_complex")
ROW = "_row"  # number of the interaction, while the table is being used


@dataclass
class Knowledge:
    """Interactions as two tissues can be asked for them."""

    table: pd.DataFrame  # ligands in genes of the source, receptors in genes of the target
    notes: list[str]
    named: tuple[list[str], list[str]]  # all genes of the table, in symbols of each side
    modulators: pd.DataFrame  # interaction, role, modulator, in_source, in_target


def prepare(
    interactions: Interactions,
    route: str | None,
    source: AnnData,
    target: AnnData,
    organism: str | None = None,
) -> tuple[pd.DataFrame, list[str]]:
    """Table and notes of `gather`."""
    known = gather(interactions, route, source, target, organism)
    return known.table.drop(columns=ROW), known.notes


def gather(
    interactions: Interactions,
    route: str | None,
    source: AnnData,
    target: AnnData,
    organism: str | None = None,
) -> Knowledge:
    """Load or complete the interactions and write each side in the genes of its tissue.

    Parameters
    ----------
    interactions, route, organism
        See `crosstalk`.
    source, target
        The tissues; their organisms count.
    """
    if route is not None:
        check_one_of(route, ROUTES, "route")
    wanted = [described(a, "organism", "human") for a in (source, target)]
    if isinstance(interactions, pd.DataFrame):
        own = organism or str(interactions.attrs.get("organism", "human"))
        check_one_of(own, ORGANISMS, "interactions_organism")
        table = _completed(interactions, own, route)
    else:
        own = wanted[0] if wanted[0] == wanted[1] else "human"
        table = load(interactions or "curated", organism=own, route=route)
    notes = [str(note) for note in table.attrs.get("notes", [])]
    if lost := table.attrs.get("lost"):
        notes.append(_counted(len(lost), "rows of the interaction source", own))
    table = table.reset_index(drop=True)
    table["effects"] = effects_on(table["effects"], kind_of_tissue(target))
    found = modulators(table, organism=own)
    every = [*table["ligand_complex"], *table["receptor_complex"], *found["modulator_complex"]]
    maps = [map_genes(complexes.genes(every), source=own, target=to)[0] for to in wanted]
    for column, to in zip(("in_source", "in_target"), maps, strict=True):
        texts = complexes.map_genes(found["modulator_complex"], to).set_index("text")["mapped"]
        found[column] = found["modulator_complex"].map(texts)
    table = table.assign(**{ROW: table.index})
    for column, to in zip(SIDES, wanted, strict=True):
        if to != own:
            table, gone = _mapped(table, column, own, to)
            notes += gone
    if table.empty:
        msg = (
            f"No interaction is left for {wanted[0]} to {wanted[1]} (route {route!r}). Use "
            "route=None to keep all routes, and check the organism of the data."
        )
        raise InputError(msg)
    notes += _unmeasured(table, source, target)
    sides = [complexes.genes([*table[c], *m.values()]) for c, m in zip(SIDES, maps, strict=True)]
    return Knowledge(table, notes, (sides[0], sides[1]), found)


def _unmeasured(table: pd.DataFrame, *tissues: AnnData) -> list[str]:
    """Say which genes of each side the data lack, and whether the tissues share any gene."""
    notes = []
    for column, adata, role in zip(SIDES, tissues, ("source", "target"), strict=True):
        genes = complexes.genes(table[column])
        missing = sorted(set(genes) - set(adata.var_names))
        if missing:
            shown = ", ".join(missing[:6]) + (" ..." if len(missing) > 6 else "")
            notes.append(
                f"{described(adata, 'tissue', role)} as {role}: {len(missing)} of {len(genes)} "
                f"{column.removesuffix('_complex')} genes were not measured ({shown}); pairs that "
                "need them are not assessable."
            )
    one, other = (set(adata.var_names) for adata in tissues)
    if not one & other and len({described(a, "organism", "human") for a in tissues}) == 1:
        notes.append("The tissues share no gene: check that both name their genes by symbols.")
    return notes


def _counted(n: int, what: str, organism: str) -> str:
    return (
        f"{n} {what} could not be used in {organism} symbols (no receptor or ligand gene known, "
        "or no one-to-one ortholog)."
    )


def _completed(frame: pd.DataFrame, organism: str, route: str | None) -> pd.DataFrame:
    """Give a user's table all columns and filter it by route, if it has routes."""
    attrs = frame.attrs
    table = frame if set(COLUMNS) <= set(frame.columns) else load(frame, organism=organism)
    if route is not None and "route" in frame:
        table = table[table["route"] == route]
    table.attrs = {**table.attrs, **attrs}
    return table


def _mapped(table: pd.DataFrame, column: str, own: str, to: str) -> tuple[pd.DataFrame, list[str]]:
    """Write one side in the genes of another organism; say what was lost."""
    if own == "human":
        sides = table[["factor", "ligand_kind", column]].drop_duplicates(["factor", column])
        text = sides[column]
        kind = sides["ligand_kind"] if column == "ligand_complex" else "protein"
        mapped, _ = to_organism(
            sides.assign(ligand_complex=text, receptor_complex=text, ligand_kind=kind, _text=text),
            to,
        )
        names = dict(
            zip(zip(mapped["factor"], mapped["_text"], strict=True), mapped["ligand_complex"],
                strict=True)
        )  # fmt: skip
    else:
        mapping, _ = map_genes(complexes.genes(table[column]), source=own, target=to)
        found = complexes.map_genes(table[column], mapping).set_index("text")["mapped"]
        names = {k: found[k[1]] for k in zip(table["factor"], table[column], strict=True)}
    keys = zip(table["factor"], table[column], strict=True)
    new = pd.Series([names.get(k, "") for k in keys], index=table.index)
    lost = sorted(table.loc[new == "", column].unique())
    what = column.removesuffix("_complex") + "s"
    notes = [_counted(len(lost), f"{what} ({', '.join(lost[:6])})", to)] if lost else []
    return table.assign(**{column: new})[new != ""].reset_index(drop=True), notes


def modulator_texts(known: Knowledge, source: Side, target: Side) -> list[str]:
    """What blocks, carries or activates each signal, with its highest rank on both sides."""
    found = known.modulators
    ranks = [
        _highest(side, found[column].tolist())
        for side, column in ((source, "in_source"), (target, "in_target"))
    ]
    texts: dict[int, list[str]] = {}
    rows = zip(found["interaction"], found["role"], found["modulator_complex"], *ranks, strict=True)
    for label, role, name, a, b in rows:
        texts.setdefault(label, []).append(f"{role} {name} ({a} in source, {b} in target)")
    return ["; ".join(texts.get(label, [])) for label in known.table[ROW]]


def _highest(side: Side, texts: list[str]) -> list[str]:
    """Highest rank of complexes over the groups of a side, or "not measured"."""
    known = [text for text in texts if text]
    ranks = complexes.evaluate(known, side.magnitude, side.genes)
    best = dict(zip(known, np.fmax.reduce(ranks, axis=0), strict=True))
    values = [best.get(text, np.nan) for text in texts]
    return ["not measured" if np.isnan(v) else f"{v:.2f}" for v in values]


def route_texts(table: pd.DataFrame, source: str, target: str) -> list[str]:
    """Say of a substance that the source does not make by which steps its signal could come.

    The shortest curated chain from the source that ends with this factor acting on the target,
    or where the factor is made; empty where the pair is direct.
    """
    sender, receiver = (name.strip().lower().replace(" ", "_") for name in (source, target))
    elsewhere = [
        kind in NOT_CODED and tissues != "" and sender not in tissues.split("; ")
        for kind, tissues in zip(table["ligand_kind"], table["source_tissues"], strict=True)
    ]
    chains = _chains(sender, receiver) if any(elsewhere) else {}
    return [
        chains.get(factor, f"the evidence names {tissues} as its source") if there else ""
        for factor, tissues, there in zip(
            table["factor"], table["source_tissues"], elsewhere, strict=True
        )
    ]


@cache
def _chains(source: str, target: str) -> dict[str, str]:
    """Last factor -> shortest chain of several steps between two tissues of the evidence."""
    evidence = curated()[0]
    known = {
        tissue
        for column in ("source_tissues", "target_tissues")
        for text in evidence[column]
        for tissue in text.split("; ")
    }
    if not {source, target} <= known:
        return {}
    found: dict[str, str] = {}
    for _, chain in routes(source, target).groupby("route"):
        if len(chain) > 1:
            steps = [f"{row.from_tissue} -{row.factor}-> " for row in chain.itertuples()]
            text = "".join(steps) + chain["to_tissue"].iloc[-1]
            found.setdefault(chain["factor"].iloc[-1], text)
    return found
