"""The evidence as one self-contained HTML page: search, filters, links to the papers."""

import html
import json
from pathlib import Path

from ..core.files import write_text
from ..core.names import EVIDENCE_LEVELS
from .query import levelled

TEMPLATE = Path(__file__).with_name("browse.html")


def browse(path: str | Path = "signatures.html") -> Path:
    """Write every evidence row as one HTML page that asks the network for nothing.

    Parameters
    ----------
    path
        File to write.

    Returns
    -------
    The path written. The address keeps the filters, e.g. ``signatures.html#q=irisin``.
    """
    rows = levelled()
    summary = (
        f"{len(rows)} statements, each from one paper, on {rows['factor'].nunique()} factors "
        "between muscle, bone and the neuroendocrine system. Evidence: human = intervention in "
        "people; in vivo = animals; in vitro = cells; review = reviews, associations, unverified "
        "rows, and rows without a signed effect."
    )
    data = {
        "columns": list(rows.columns),
        "levels": list(EVIDENCE_LEVELS),
        "rows": rows.to_numpy().tolist(),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    text = text.replace("__SUMMARY__", html.escape(summary))
    write_text(path, text.replace("__DATA__", _embed(data)))
    return Path(path)


def _embed(data: object) -> str:
    """JSON that cannot end or open an element of the page that holds it."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
