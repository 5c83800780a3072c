"""Signals that take several steps from one tissue to another: factor -> tissue -> factor."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import pandas as pd

from ..core.checks import check_one_of, nearest
from ..core.errors import InputError
from ..core.names import EVIDENCE_LEVELS
from ..signatures.query import row_levels
from ..signatures.schema import MISSING, descendants
from ..signatures.tables import evidence_table, split_list
from .curated import references, strongest, union

COLUMNS = [
    "route",
    "step",
    "from_tissue",
    "factor",
    "to_tissue",
    "receptor",
    "role",
    "effect",
    "context",
    "evidence_level",
    "n_evidence",
    "link",
    "references",
]
# An effect on nerve activity is a step of its own: it leads to the nerve that carries it.
TONES = {
    "sympathetic_tone": "sympathetic_nerve",
    "parasympathetic_tone": "parasympathetic_nerve",
}
# Effects and contexts of the evidence tables that name the factor which is made or acts.
RELEASES = {
    "adiponectin_secretion": {"adiponectin"},
    "il6_secretion": {"interleukin-6"},
    "incretin_secretion": {"GLP-1", "GIP"},
    "insulin_secretion": {"insulin"},
    "testosterone_synthesis": {"testosterone"},
}
CAUSES = {
    "calcitonin": {"calcitonin"},
    "estrogen": {"estradiol"},
    "estrogen_deficiency": {"estradiol"},
    "glucocorticoid_excess": {"cortisol"},
    "myostatin": {"myostatin"},
    "pth": {"PTH", "PTHrP"},
}
RELAYS = ("brain", "nerve", "endocrine_gland")  # tissues whose work is to pass signals on
# Cells named so broadly that they may be any cell of their tissue.
BROAD_CELLS = frozenset({"neuron", "hypothalamic_neuron", "bone_cell"})
STANDS_FOR = {"steroidogenic_cell": ("leydig_cell", "granulosa_cell")}


class Hop(NamedTuple):
    """All evidence that a factor of one tissue acts on another through one receptor."""

    source: str
    factor: str
    target: str
    receptor: str
    role: str
    source_cells: frozenset[str]
    target_cells: frozenset[str]
    effects: frozenset[str]  # terms that it raises or lowers
    contexts: frozenset[str]  # terms that raise or lower it
    level: str
    rows: pd.DataFrame
    cause: int = -1  # for a nerve's activity: the hop whose effect it is


def routes(
    source: str,
    target: str,
    *,
    max_steps: int = 4,
    through: str | None = None,
    min_evidence: str = "review",
    loose: bool = False,
) -> pd.DataFrame:
    """Chains of curated signals that lead from one tissue to another.

    Two signals are linked when the first acts on the very cells of brain, nerve or gland that
    release the second (`link` = "cell"); when its effect is on the activity of the nerve that
    releases the second ("tone"), or on the release of the second ("effect"); or when the
    second is on record as changed by the first ("context"). With `loose`, also when both name
    the same brain region, nerve or gland, and one of them no cell ("tissue"). A chain is a
    hypothesis made of single findings: nobody tested it as a whole.

    Parameters
    ----------
    source, target
        Tissues of the evidence tables, e.g. ``"brain"`` (with hypothalamus, pituitary, brainstem),
        ``"bone"``, ``"skeletal_muscle"``, ``"adipose"``.
    max_steps
        Longest chain, in signals; the nerve that a signal drives counts as one.
    through
        Keep chains that hold this factor, or that pass this tissue.
    min_evidence
        Weakest evidence that a step may rest on.
    loose
        Take links that are known for the tissue only.

    Returns
    -------
    One row per step; chains with the fewest steps and closest links first: `route` (number),
    `step`, `from_tissue`, `factor`, `to_tissue`, `receptor` (empty: not named, or a nerve's
    activity), `role`, `effect`, `context`, `evidence_level`, `n_evidence`, `link` (to the step
    before; empty for the first), `references`.

    Raises
    ------
    InputError
        A tissue that no evidence row names, or a `max_steps` below 1.

    Examples
    --------
    >>> import crosstalk_omics as cx
    >>> chains = cx.interactions.routes("brain", "bone", max_steps=2)
    >>> chains[["from_tissue", "factor", "to_tissue"]].iloc[0].tolist()
    ['hypothalamus', 'kisspeptin', 'bone']
    """
    if max_steps < 1:
        msg = f"max_steps is {max_steps}. Expected 1 or more."
        raise InputError(msg)
    check_one_of(min_evidence, EVIDENCE_LEVELS, "min_evidence")
    hops = _hops(min_evidence)
    starts = _tissues(source, {hop.source for hop in hops}, "source")
    ends = _tissues(target, {hop.target for hop in hops}, "target")
    if through is not None:
        check_one_of(through, sorted({name for hop in hops for name in hop[:3]}), "through")
    chains = [
        chain
        for chain in _chains(hops, starts, ends, max_steps, loose)
        if through is None or any(through in hops[i][:3] for i, _ in chain)
    ]
    chains.sort(key=lambda chain: _order(chain, hops))
    rows = [
        {"route": number, "step": step, "link": link, **_describe(hops[hop])}
        for number, chain in enumerate(chains, start=1)
        for step, (hop, link) in enumerate(chain, start=1)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _hops(min_evidence: str) -> list[Hop]:
    """Signals from tissue to tissue, and from a tissue to the nerve whose activity it sets."""
    evidence = evidence_table()
    evidence = evidence.assign(level=row_levels(evidence))
    evidence = evidence[evidence["role"].isin(["agonist", "antagonist"])]
    ends = ["source_tissue", "target_tissue"]
    for column in ends:
        evidence = evidence.assign(**{column: evidence[column].map(split_list)}).explode(column)
    weakest = EVIDENCE_LEVELS.index(min_evidence)
    hops: list[Hop] = []
    keys = ["source_tissue", "factor", "target_tissue", "receptor", "role"]
    for (start, factor, end, receptor, role), rows in evidence.dropna(subset=ends).groupby(keys):
        level = strongest(rows["level"], EVIDENCE_LEVELS)
        if EVIDENCE_LEVELS.index(level) > weakest or "systemic" in (start, end):
            continue
        senders, receivers = _cells(rows["source_cell"]), _cells(rows["target_cell"])
        effects, contexts = (_terms(rows[column]) for column in ("effect", "context"))
        named = "" if receptor == MISSING else receptor
        who = (start, factor, end, named, role)
        hops.append(Hop(*who, senders, receivers, effects, contexts, level, rows))
        cause = len(hops) - 1
        for tone in sorted(effects & TONES.keys()):
            if end != TONES[tone]:
                moved = rows[rows["effect"].str.contains(tone, regex=False)]
                none: frozenset[str] = frozenset()
                level = strongest(moved["level"], EVIDENCE_LEVELS)
                nerve = Hop(
                    end, tone, TONES[tone], "", "", none, none, none, none, level, moved, cause
                )
                hops.append(nerve)
    return hops


def _cells(cells: pd.Series) -> frozenset[str]:
    """Cells named, but for those so broad that they may be any of their tissue."""
    named = {name for cell in cells for name in split_list(cell)} - BROAD_CELLS
    return frozenset(cell for name in named for cell in STANDS_FOR.get(name, (name,)))


def _terms(cells: pd.Series) -> frozenset[str]:
    """Terms of effects or contexts that are raised or lowered, without their sign."""
    parts = (part.rpartition(":") for cell in cells for part in split_list(cell))
    return frozenset(term for term, _, sign in parts if sign in "+-")


def _link(one: Hop, first: int, two: Hop, relays: set[str], loose: bool) -> str:
    """How the first signal leads to the second; empty if it does not."""
    if two.cause >= 0 or one.cause >= 0:
        return "tone" if two.cause in (first, -1) else ""
    if any(two.factor in RELEASES.get(effect, ()) for effect in one.effects):
        return "effect"
    if any(one.factor in CAUSES.get(context, ()) for context in two.contexts):
        return "context"
    if one.target not in relays:
        return ""
    if one.target_cells & two.source_cells:
        return "cell"
    unclear = not (one.target_cells and two.source_cells) and two.source != two.target
    return "tissue" if loose and unclear else ""


def _chains(
    hops: list[Hop], starts: set[str], ends: set[str], max_steps: int, loose: bool
) -> Iterator[list[tuple[int, str]]]:
    """Yield chains of (hop, link to the hop before); no tissue is left and entered again."""
    import networkx as nx

    relays = descendants("tissue", RELAYS)
    graph = nx.DiGraph()
    last = {i for i, hop in enumerate(hops) if hop.target in ends}
    first = {i for i, hop in enumerate(hops) if hop.source in starts and hop.cause < 0}
    graph.add_edges_from(("start", i) for i in first)
    graph.add_edges_from((i, "end") for i in last)
    leaving: dict[str, list[int]] = {}
    for i, hop in enumerate(hops):
        leaving.setdefault(hop.source, []).append(i)
    for i in set(range(len(hops))) - last:
        for j in leaving.get(hops[i].target, []):
            link = _link(hops[i], i, hops[j], relays, loose)
            if link:
                graph.add_edge(i, j, link=link)
    if not first or not last:
        return
    for path in nx.all_simple_paths(graph, "start", "end", cutoff=max_steps + 1):
        steps = path[1:-1]
        tissues = [hops[steps[0]].source, *(hops[i].target for i in steps)]
        visits = [t for k, t in enumerate(tissues) if k == 0 or t != tissues[k - 1]]
        if len(visits) == len(set(visits)):
            links = ["", *(graph.edges[a, b]["link"] for a, b in pairwise(steps))]
            yield list(zip(steps, links, strict=True))


def _tissues(name: str, known: set[str], what: str) -> set[str]:
    """The tissue and its parts, as far as evidence names them."""
    found = descendants("tissue", [name]) & known
    if not found:
        msg = f"{what} is {name!r}. {nearest(name, known)}Tissues on record: {sorted(known)}."
        raise InputError(msg)
    return found


def _order(chain: list[tuple[int, str]], hops: list[Hop]) -> tuple[object, ...]:
    """Few steps, close links and strong evidence first; then by name."""
    loose = sum(link == "tissue" for _, link in chain)
    weakest = max(EVIDENCE_LEVELS.index(hops[i].level) for i, _ in chain)
    return len(chain), loose, weakest, [hops[i][:4] for i, _ in chain]


def _describe(hop: Hop) -> dict[str, object]:
    rows = hop.rows
    return {
        "from_tissue": hop.source,
        "factor": hop.factor,
        "to_tissue": hop.target,
        "receptor": hop.receptor,
        "role": hop.role,
        "effect": union(rows["effect"].replace(MISSING, "")),
        "context": union(rows["context"].replace(MISSING, "")),
        "evidence_level": hop.level,
        "n_evidence": len(rows),
        "references": references(rows.replace(MISSING, "")),
    }
