"""Every citation has the same form and names a section that exists; every MUST of RFC 7208 §3 to §9 is cited."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.rfc7208 import ERRATA, SECTIONS, SECTIONS_WITH_MUST, rfc_text, sections_of

_GAP = r"[ \t]*(?:\n[ \t]*(?:#|//|;|>)?)?[ \t]*"  # one space, or a line's end with the comment sign of the next
_SECTION = r"(?:\d+|[A-Z](?=\.\d))(?:\.\d+)*"
# RFC 7208 §4.6.4; RFC 7208 §2.3, §2.4; RFC 7208 §3 to §9
CITATION = re.compile(
    rf"RFC{_GAP}(\d{{3,5}}){_GAP}§({_SECTION})((?:(?:,|{_GAP}and|{_GAP}to|{_GAP}or){_GAP}§{_SECTION})*)"
)
_MORE = re.compile(rf"§({_SECTION})")

WRONG = [
    (re.compile(r"\bRFC\d{3,5}"), "RFC and its number without a space"),
    (re.compile(r"(?<!/)\brfc[ -]?\d{3,5}\b(?!-tests|\.txt|\.py| import|;|\")"), "rfc in small letters"),
    (re.compile(r"\bRFC-\d"), "RFC and its number with a hyphen"),
    (re.compile(rf"\bRFC{_GAP}\d{{3,5}},?{_GAP}(?:[Ss]ection|[Ss]ec\.|[Ss]\.|[Pp]aragraph)"), "a section in words"),
    (re.compile(rf"\bRFC{_GAP}\d{{3,5}},?{_GAP}\d+\.\d"), "a section without §"),
    (re.compile(rf"\bRFC{_GAP}\d{{3,5}}{_GAP}§[ \t]"), "a space after §"),
    (re.compile(rf"§{_SECTION}{_GAP}of{_GAP}RFC"), "the section before the RFC"),
    (re.compile(rf"\b[Ss]ections?{_GAP}\d[\d.]*{_GAP}(?:of|in){_GAP}RFC"), "the section before the RFC"),
    (re.compile(rf"(?i)\berrat(?:um|a){_GAP}(?:id{_GAP})?\d"), "an erratum that is not written as eid5436"),
    (re.compile(r"\b(?:EID|Eid)[ -]?\d|\beid[ -]\d"), "an erratum that is not written as eid5436"),
]
_ERRATUM = re.compile(r"\beid\d+")
_BARE = re.compile(r"§(?=[\dA-Z])")

# This file contains wrong forms as examples.
_SAMPLES = "tests/architecture/test_rfc_citations.py"


def line_of(text: str, offset: int) -> int:
    """Return the number of the line in which an offset lies."""
    return text.count("\n", 0, offset) + 1


def citations(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield (offset, RFC, section) of each citation of a text."""
    for found in CITATION.finditer(text):
        yield found.start(), found[1], found[2]
        for more in _MORE.finditer(found[3]):
            yield found.start(), found[1], more[1]


def faults(text: str, *, bare: bool = True) -> list[str]:
    """Return a message for each wrong citation in a text; with `bare`, also for each § that belongs to no RFC."""
    found = []
    for pattern, fault in WRONG:
        found += [f"{line_of(text, wrong.start())}: {fault}: {wrong[0]!r}" for wrong in pattern.finditer(text)]
    for offset, rfc, section in citations(text):
        if rfc == "7208" and section not in SECTIONS:
            found.append(f"{line_of(text, offset)}: RFC 7208 has no section {section}")
    for erratum in _ERRATUM.finditer(text):
        if erratum[0] not in ERRATA:
            found.append(f"{line_of(text, erratum.start())}: {erratum[0]} is no known erratum of RFC 7208")
    if bare and not found:
        places = [(one.start(), one.end()) for one in CITATION.finditer(text)]
        for mark in _BARE.finditer(text):
            if not any(start <= mark.start() < end for start, end in places):
                found.append(f"{line_of(text, mark.start())}: a § that belongs to no RFC")
    return found


def _files(repository: Path) -> list[Path]:
    found = [
        path for folder in ("spfengine", "tests", "bench", "scripts") for path in (repository / folder).rglob("*.py")
    ]
    found += [*repository.glob("*.md"), *(repository / "docs").rglob("*.md")]
    return [path for path in sorted(found) if path.relative_to(repository).as_posix() != _SAMPLES]


def test_every_citation_has_the_right_form_and_an_existing_section(repository: Path) -> None:
    found = []
    for path in _files(repository):
        text = path.read_text(encoding="utf-8")
        found += [f"{path.relative_to(repository)}:{fault}" for fault in faults(text, bare=path.suffix == ".py")]
    assert not found, "\n".join(found)


def test_every_section_with_a_must_is_cited(repository: Path) -> None:
    """The code or a test cites each section of chapters 3 to 9 that contains a MUST."""
    cited = set()
    for path in _files(repository):
        if path.suffix == ".py" and path.relative_to(repository).parts[0] in ("spfengine", "tests"):
            text = path.read_text(encoding="utf-8")
            cited |= {section for _, rfc, section in citations(text) if rfc == "7208"}
    assert sorted(SECTIONS_WITH_MUST - cited) == []


def test_every_section_that_a_problem_names_exists(repository: Path) -> None:
    """The `section` of a Problem is a string such as "4.6.4"; every string of that form must be a section."""
    found = []
    for folder in ("record", "evaluation"):
        for path in sorted((repository / "spfengine" / folder).rglob("*.py")):
            if path.name == "smtp_reply.py":
                continue  # its strings of this form are enhanced status codes (RFC 7372)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    section = re.fullmatch(r"[3-9]\.[\d.]+|1[0-2](?:\.[\d.]+)?", node.value)
                    if section is not None and node.value not in SECTIONS:
                        found.append(f"{path.name}:{node.lineno}: RFC 7208 has no section {node.value}")
    assert not found, "\n".join(found)


def test_the_lists_agree_with_the_rfc(shared: Path | None) -> None:
    """Compare the lists with the RFC's text; without the text, only with each other."""
    text = rfc_text(shared)
    if text is None:
        assert SECTIONS_WITH_MUST < SECTIONS
        return
    sections = sections_of(text)
    assert sections.keys() == SECTIONS
    musts = {number for number, body in sections.items() if number[0] in "3456789" and re.search(r"\bMUST\b", body)}
    assert musts == SECTIONS_WITH_MUST


def test_sections_are_read_from_an_rfc() -> None:
    text = "   1.  Contents . . 3\n\n4.  The Check\n   It MUST.\n4.1.  Arguments\n   None.\n"
    text += "Appendix A.  More\nA.1.  Example\n"
    assert sections_of(text) == {
        "4": "4.  The Check\n   It MUST.",
        "4.1": "4.1.  Arguments\n   None.",
        "A": "Appendix A.  More",
        "A.1": "A.1.  Example",
    }


@pytest.mark.parametrize(
    "text",
    [
        "RFC 7208",
        "RFC 7208 §4.6.4",
        "(RFC 7208 §4.6.4, §11.1)",
        "RFC 7208 §2.3 and §2.4",
        "RFC 7208 §3 to §9",
        "RFC 7208\n    # §4.6.4",
        "RFC\n7208 §4.6.4",
        "RFC 7208 §4.6.4. Then",
        "RFC 7208 §A.4 (eid4001)",
        "RFC 7208 §5.5 ¶3, eid4751",
        "RFC 8601 §2.2",
        'f"RFC 7208 §{section}"',
        "rfc7208-tests.yml",
        "https://www.rfc-editor.org/rfc/rfc7208",
        "tests.architecture.rfc7208 import SECTIONS",
        'table("rfc7208")',
        "10 of RFC 7208's sections",
        "`section`: the section of RFC 7208",
    ],
)
def test_right_forms(text: str) -> None:
    assert faults(text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("rfc7208", "small letters"),
        ("rfc 7208 §4", "small letters"),
        ("RFC7208 §4.6.4", "without a space"),
        ("RFC-7208", "hyphen"),
        ("RFC 7208 section 5", "in words"),
        ("RFC 7208, Section 5.2", "in words"),
        ("RFC 7208 sec. 5.2", "in words"),
        ("RFC 7208 4.6.4", "without §"),
        ("RFC 7208, 4.6", "without §"),
        ("RFC 7208 § 4.6", "a space after §"),
        ("§5.2 of RFC 7208", "before the RFC"),
        ("Section 5.2 of RFC 7208", "before the RFC"),
        ("see section 5.2 in\n    # RFC 7208", "before the RFC"),
        ("as §4.6.4 has it", "belongs to no RFC"),
        ("\n\nRFC 7208 §4.9", "3: RFC 7208 has no section 4.9"),
        ("RFC 7208 §4.6, §4.6.5", "no section 4.6.5"),
        ("RFC 7208 §H.1", "no section H.1"),
        ("erratum 5436", "eid5436"),
        ("Errata ID 5436", "eid5436"),
        ("EID 5436", "eid5436"),
        ("eid 5436", "eid5436"),
        ("eid5437", "no known erratum"),
    ],
)
def test_wrong_forms(text: str, fault: str) -> None:
    assert any(fault in found for found in faults(text)), faults(text)
