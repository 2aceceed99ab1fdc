"""The sections of RFC 7208, and those that contain a MUST, as data, so that no test needs the text of the RFC.

If the text is there, tests/architecture/test_rfc_citations.py compares these lists with it.
"""

import re
from pathlib import Path

SECTIONS = frozenset(
    "1 1.1 1.1.1 1.1.2 1.1.3 1.1.4 1.2 2 2.1 2.2 2.3 2.4 2.5 2.6 2.6.1 2.6.2 2.6.3 2.6.4 2.6.5 2.6.6 2.6.7 "
    "3 3.1 3.2 3.3 3.4 3.5 4 4.1 4.2 4.3 4.4 4.5 4.6 4.6.1 4.6.2 4.6.3 4.6.4 4.7 4.8 5 5.1 5.2 5.3 5.4 5.5 5.6 5.7 "
    "6 6.1 6.2 7 7.1 7.2 7.3 7.4 8 8.1 8.2 8.3 8.4 8.5 8.6 8.7 9 9.1 9.2 10 10.1 10.1.1 10.1.2 10.1.3 10.2 10.3 "
    "11 11.1 11.2 11.3 11.4 11.5 11.5.1 11.5.2 11.5.3 11.6 11.7 12 13 14 14.1 14.2 14.3 15 15.1 15.2 "
    "A A.1 A.2 A.3 A.4 B C D D.1 D.2 D.3 E F G G.1 G.2 G.3 G.4".split()
)

SECTIONS_WITH_MUST = frozenset("3.1 3.2 3.3 3.5 4 4.3 4.6.4 5.1 5.4 5.5 6 6.1 6.2 7.3 8.2 9.1".split())
"""The sections of chapters 3 to 9 whose own text, without their subsections, contains MUST or MUST NOT."""

ERRATA = frozenset({"eid4001", "eid4081", "eid4751", "eid5227", "eid5436", "eid6216", "eid6595", "eid6721"})

_HEADING = re.compile(r"(?:Appendix )?(\d+(?:\.\d+)*|[A-Z](?:\.\d+)*)\.  \S")


def sections_of(text: str) -> dict[str, str]:
    """Return the text of each section of an RFC, by its number, without that of its subsections."""
    sections: dict[str, list[str]] = {}
    body: list[str] = []
    for line in text.splitlines():
        heading = _HEADING.match(line)
        if heading is not None:
            body = sections.setdefault(heading[1], [])
        body.append(line)
    return {number: "\n".join(lines) for number, lines in sections.items()}


def rfc_text(shared: Path | None) -> str | None:
    """Return the text of RFC 7208 from the shared folder, or None if it is not there."""
    path = None if shared is None else shared / "rfc" / "rfc7208.txt"
    return path.read_text(encoding="utf-8") if path is not None and path.is_file() else None
