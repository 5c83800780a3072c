"""Collect what a run left behind and render it as one HTML file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..core.errors import InputError
from ..core.files import write_text
from ..core.names import EVIDENCE_LEVELS
from ..core.notes import merged
from .columns import COLUMNS, TITLES
from .links import link_ids

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_ROWS = 2000  # rows of a table that the page holds; the file has all
TOP = 10  # candidates per direction in the summary
TOP_OF_MANY = 5  # where there are more than four directions
LOW_COVERAGE = 0.5
FDR = 0.1  # where the study does not name its own
WIDE = 1150  # pixels; wider pictures get the whole width of the page
IMAGES = {".png": "image/png", ".svg": "image/svg+xml"}
SAID = re.compile(r"different (subjects|animals|donors|people)|hypothes", re.IGNORECASE)
HERE = Path(__file__).parent


def build(results_dir: str | Path) -> Path:
    """Write `report.html` into the folder of a run, from the files that are there.

    Parameters
    ----------
    results_dir
        Folder that `cx.pipeline.run` has written: `run.json`, the tables and `figures/`. A
        file that is absent leaves its section out.

    Returns
    -------
    The path of the report.

    Raises
    ------
    InputError
        The folder is not there, or one of its files cannot be read.
    """
    folder = Path(results_dir)
    if not folder.is_dir():
        msg = f"There is no results folder {folder}. Run `crosstalk run STUDY.yaml` first."
        raise InputError(msg)
    html = _environment().get_template("template.html.j2").render(**_context(folder))
    write_text(folder / "report.html", html)
    return folder / "report.html"


def _environment() -> Environment:
    from jinja2 import ChainableUndefined, Environment, FileSystemLoader

    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"link_ids": link_ids, "number": number, "effects": effects}
    return environment


def _context(folder: Path) -> dict[str, Any]:
    run = _read_json(folder / "run.json")
    config = run.get("config") or {}
    fdr = (config.get("inference") or {}).get("fdr", FDR)
    tables = {name: _read_table(folder / f"{name}.tsv") for name in TITLES}
    tables = {name: table for name, table in tables.items() if table is not None}
    notes = merged(_texts(run.get("notes")))
    script = (HERE / "report.js").read_text(encoding="utf-8")
    return {
        "title": config.get("title") or config.get("name") or folder.resolve().name,
        "run": run,
        "config_text": json.dumps(config, indent=2, ensure_ascii=False) if config else "",
        "fdr": fdr,
        "warnings": _texts(run.get("warnings")),
        "notes": notes,
        "hypotheses": any(SAID.search(note) for note in notes),
        "poor": _poor_coverage(tables.get("coverage")),
        "low_coverage": LOW_COVERAGE,
        "directions": _directions(tables.get("crosstalk"), fdr),
        "changes": _changes(tables.get("contrast"), fdr),
        "figures": _figures(folder / "figures"),
        "tables": [_embedded(name, table) for name, table in tables.items()],
        "methods": _texts(run.get("methods")),
        "datasets": run.get("datasets") or [],
        "levels": EVIDENCE_LEVELS,
        "style": (HERE / "report.css").read_text(encoding="utf-8"),
        "script": script,
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    }


def _texts(value: object) -> list[str]:
    """Return a list of sentences, whether one, several or none were given."""
    if not value:
        return []
    return [value] if isinstance(value, str) else [str(v) for v in value]


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path} is not readable JSON ({error}). Delete it and run the study again."
        raise InputError(msg) from error


def _read_table(path: Path) -> pd.DataFrame | None:
    if not path.is_file():
        return None
    try:
        return pd.read_csv(
            path, sep="\t", keep_default_na=False, na_values=["NA"], low_memory=False
        )
    except (ValueError, UnicodeDecodeError) as error:
        msg = f"{path} is not a readable table ({error}). Delete it and run the study again."
        raise InputError(msg) from error


def _poor_coverage(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Signatures of which too few genes were measured, the worst first."""
    if table is None or "coverage" not in table:
        return []
    poor = table[table["coverage"] < LOW_COVERAGE].sort_values("coverage", kind="stable")
    return poor.to_dict("records")


def _directions(table: pd.DataFrame | None, fdr: float) -> list[dict[str, Any]]:
    """Per direction: how much was assessed and called, and the first different pairs."""
    parts = _by_direction(table)
    top = TOP if len(parts) <= 4 else TOP_OF_MANY
    return [
        {
            "name": name,
            "n": len(part),
            "n_assessed": int(part["magnitude_gmean"].notna().sum()),
            "n_tested": int(part["specificity_pvalue"].notna().sum()),
            "n_called": int((part["specificity_fdr"] <= fdr).sum()),
            "top": _first_pairs(part[part["magnitude_gmean"].notna()], top),
        }
        for name, part in parts
    ]


def _changes(table: pd.DataFrame | None, fdr: float) -> list[dict[str, Any]]:
    """Per direction and contrast: how many ligands changed, and the first different pairs."""
    found = []
    for name, direction in _by_direction(table):
        for contrast, part in direction.groupby("contrast", sort=False):
            tested = part[part["pvalue"].notna()]
            found.append(
                {
                    "name": f"{name}, {contrast}",
                    "n_tested": len(tested),
                    "n_called": int((part["fdr"] <= fdr).sum()),
                    "top": _first_pairs(tested.sort_values("pvalue", kind="stable"), TOP_OF_MANY),
                }
            )
    return found


def _by_direction(table: pd.DataFrame | None) -> list[tuple[str, pd.DataFrame]]:
    if table is None or table.empty:
        return []
    keys = [c for c in ("source_tissue", "target_tissue") if c in table]
    if not keys:
        return [("sender to receiver", table)]
    return [(" to ".join(map(str, key)), part) for key, part in table.groupby(keys, sort=False)]


def _first_pairs(rows: pd.DataFrame, top: int) -> list[dict[str, Any]]:
    """First different signals; carriers and decoys modify signals and stay in the table."""
    if "role" in rows:
        rows = rows[~rows["role"].isin(["carrier", "decoy"])]
    rows = rows.drop_duplicates(["factor", "ligand_complex", "receptor_complex"]).head(top)
    optional = ["evidence_level", "effects", "references", "conflict", "role"]
    optional += ["n_donors_source", "n_donors_target", "unit_ligand", "unit_receptor"]
    optional += ["direction", "predicted_effect", "logfc_ligand"]
    return rows.assign(**{c: np.nan for c in optional if c not in rows}).to_dict("records")


def _figures(folder: Path) -> list[dict[str, Any]]:
    """Pictures as data, in the order of their captions; PNG before SVG of the same name."""
    captions = _read_json(folder / "captions.json")
    stems = {p.stem for p in sorted(folder.glob("*")) if p.suffix in IMAGES}
    order = [s for s in captions if s in stems] + sorted(stems - set(captions))
    return [_figure(folder, stem, captions.get(stem, "")) for stem in order]


def _figure(folder: Path, stem: str, caption: str) -> dict[str, Any]:
    image = next(p for s in IMAGES if (p := folder / f"{stem}{s}").is_file())
    data = base64.b64encode(image.read_bytes()).decode()
    files = [s for s in (".svg", ".png", ".csv") if (folder / f"{stem}{s}").is_file()]
    return {
        "stem": stem,
        "name": stem.replace("__", " to ").replace("_", " "),
        "source": f"data:{IMAGES[image.suffix]};base64,{data}",
        "wide": _png_width(image) > WIDE,
        "caption": caption,
        "files": [(s.removeprefix(".").upper(), f"figures/{stem}{s}") for s in files],
    }


def _png_width(image: Path) -> int:
    """Width in pixels from a PNG's header; 0 for another format."""
    head = image.read_bytes()[:24]
    return int.from_bytes(head[16:20], "big") if head.startswith(b"\x89PNG") else 0


def _embedded(name: str, table: pd.DataFrame) -> dict[str, Any]:
    """Table as plain lists for the page: known columns in reading order, first rows only."""
    known = [c for c in COLUMNS if c in table]
    columns = [c for c in known if table[c].notna().any()]
    shown = _first_rows(table)[columns].astype(object)
    shown = shown.where(shown.notna(), None)
    rows = [[_plain(v) for v in row] for row in shown.itertuples(index=False, name=None)]
    return {
        "id": name,
        "title": TITLES[name],
        "file": f"{name}.tsv",
        "total": len(table),
        "shown": len(rows),
        "data": {
            "columns": [[c, *COLUMNS[c]] for c in columns],
            "rows": rows,
            "file": f"{name}_filtered.csv",
        },
    }


def _first_rows(table: pd.DataFrame) -> pd.DataFrame:
    """First rows of each direction, as many of one as of another, in the table's order."""
    if len(table) <= MOST_ROWS:
        return table
    keys = [c for c in ("source_tissue", "target_tissue", "tissue") if c in table]
    if not keys:
        return table.head(MOST_ROWS)
    parts = table.groupby(keys, sort=False)
    return parts.head(max(1, MOST_ROWS // parts.ngroups)).head(MOST_ROWS)


def _plain(value: Any) -> Any:
    """Return what JSON can hold; floats with 4 significant digits."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return float(f"{value:.4g}") if np.isfinite(value) else None
    return value


def number(value: Any, absent: str = "–") -> str:
    """Write a number with three significant digits, or `absent`."""
    if value is None or isinstance(value, str) or pd.isna(value):
        return absent if not isinstance(value, str) else value
    if float(value).is_integer() and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.3g}"


def effects(value: Any) -> str:
    """``"bone_formation:+; muscle_mass:-"`` -> ``"bone formation ↑; muscle mass ↓"``."""
    if not isinstance(value, str):
        return ""
    return value.replace(":+", " ↑").replace(":-", " ↓").replace(":0", " =").replace("_", " ")
