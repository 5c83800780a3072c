"""Identifiers in text become links; everything else is escaped."""

import re

from markupsafe import Markup, escape

_ID = re.compile(
    r"(?P<pmid>PMID:\s?(?P<number>\d{1,9}))"
    r"|(?P<doi>(?:https?://(?:dx\.)?doi\.org/|doi:\s?)(?P<name>10\.\d{4,9}/[^\s;,\"'<>]+))"
    r"|(?P<url>https://(?P<host>[a-z0-9.-]+)/[^\s;,\"'<>]*)",
    re.IGNORECASE,
)


def link_ids(text: object) -> Markup:
    """Escape `text` and link ``PMID:123``, ``doi:10.1/abc`` and https addresses in it."""
    text = "" if text is None else str(text)
    parts, end = [], 0
    for match in _ID.finditer(text):
        address, shown, stop = _address(match)
        parts += [escape(text[end : match.start()]), _anchor(address, shown)]
        end = stop
    return Markup("").join([*parts, escape(text[end:])])


def _address(match: re.Match[str]) -> tuple[str, str, int]:
    if match["number"]:
        url = f"https://pubmed.ncbi.nlm.nih.gov/{match['number']}/"
        return url, f"PMID:{match['number']}", match.end()
    if match["url"]:
        url = match["url"].rstrip(".)")
        pmc = re.search(r"/(PMC\d+)", url)
        shown = pmc[1] if pmc else match["host"].removeprefix("www.")
        return url, shown, match.start("url") + len(url)
    name = match["name"].rstrip(".")
    while name.endswith(")") and name.count(")") > name.count("("):
        name = name[:-1].rstrip(".")  # the bracket closes the sentence, not the identifier
    return f"https://doi.org/{name}", f"doi:{name}", match.start("name") + len(name)


def _anchor(address: str, shown: str) -> Markup:
    return Markup('<a href="{}" rel="noopener noreferrer">{}</a>').format(address, shown)
