"""Which system of the field is covered by which signature, and how well."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ..core.files import write_text
from ..core.names import EVIDENCE_LEVELS
from ..core.resources import packaged
from .load import load_named
from .query import evidence_level, levelled, levelled_columns, matching
from .tables import named_signatures, split_list

_HEAD = """# Coverage of the systems that the field's reviews name

Written by `cx.signatures.write_coverage("docs/coverage.md")` from `signatures/systems.tsv` and the
tables; a test compares it with them. Rows, factors and levels count the evidence behind the sender
and receiver signatures of a system; genes are human symbols of all its signatures. `human` =
intervention in people, see `cx.signatures.evidence`.
"""


def coverage() -> pd.DataFrame:
    """Evidence and genes behind every system of ``signatures/systems.tsv``.

    Returns
    -------
    One row per system: `group`, `system`, `signatures` (list), `n_genes`, `n_rows`, `n_factors`,
    rows per level (`human`, `in_vivo`, `in_vitro`, `review`), strongest `level`, `gap`.
    """
    systems = pd.read_csv(
        packaged("signatures") / "systems.tsv", sep="\t", dtype=str, keep_default_na=False
    )
    known, rows, columns = named_signatures(), levelled(), levelled_columns()
    found = []
    for system in systems.to_dict("records"):
        ids = split_list(system["signatures"])
        net = load_named(ids)
        rules = [known[i].select for i in ids]
        behind = rows.iloc[sorted({n for rule in rules if rule for n in matching(columns, rule)})]
        per_level = behind["level"].value_counts()
        found.append(
            {
                "group": system["group"],
                "system": system["system"],
                "signatures": ids,
                "n_genes": net["target"].nunique(),
                "n_rows": len(behind),
                "n_factors": behind["factor"].nunique(),
                **{level: int(per_level.get(level, 0)) for level in EVIDENCE_LEVELS[:-1]},
                "level": evidence_level(behind),
                "gap": system["gap"],
            }
        )
    return pd.DataFrame(found)


def write_coverage(path: str | Path) -> Path:
    """Write `coverage` as the Markdown page ``docs/coverage.md``.

    Parameters
    ----------
    path
        File to write.

    Returns
    -------
    The path written.
    """
    lines = [_HEAD]
    for group, part in coverage().groupby("group", sort=False):
        lines += [
            f"## {str(group).capitalize()}\n",
            "| system | signatures | genes | factors | rows: human / in vivo / in vitro / review "
            "| gap |",
            "|---|---|---|---|---|---|",
            *(_line(row) for row in part.to_dict("records")),
            "",
        ]
    write_text(path, "\n".join(lines))
    return Path(path)


def _line(row: Mapping[str, Any]) -> str:
    names = ", ".join(f"`{name}`" for name in row["signatures"])
    counts = " / ".join(str(row[level]) for level in EVIDENCE_LEVELS[:-1])
    gap = "" if row["gap"] == "NA" else row["gap"]
    return (
        f"| {row['system']} | {names} | {row['n_genes']} | {row['n_factors']} "
        f"| {row['n_rows']}: {counts} | {gap} |"
    )
