"""Docstrings, comments, messages and pages are plain English: CONTRIBUTING.md has the rules.

Only what a pattern can find is checked. A word that is right in one place is allowed there by the pattern itself.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples import mostly_full

_PLACE = "to|is|are|do|does|did|can|should|the (?:record|address|code|file)s? (?:is|are|comes?)"
_CONDITION = rf"(?:^|[.;:] )Where\b(?! (?:{_PLACE})\b)(?![^.]*\?)"
_SUBJECT = r"it|there|they|this|that|none|nothing|nobody|no \w+"

# A pattern that no sentence may match, and what to write instead.
BANNED = {
    r"\btell(s|ing)?\b(?! apart)": "say, show, report",
    r"\btold\b(?! apart)": "said, shown, reported, given",
    r"\bstands?\b(?!-(in|ins|alone)\b)|\bstood\b": "is, are, was; a macro letter `means` something",
    r"\bbehind\b(?! (a |the |one |an )?(NAT|proxy|proxies|load balancer|firewall|Cloudflare)\b)": "after",
    r"\bwho(so)?ever\b": "anybody who, the caller",
    r"\bto mind\b": "to know, before you publish",
    r"\bcom(e|es|ing) (to|of) (a|an|the|its|this|that|no|one|mind|be)\b": "reach, become, result from",
    r"\brest(s|ed|ing)? on\b": "depend on",
    r"\bmend(s|ed|ing)?\b(?![:\]])": "fix, correct",  # `mended:` documents a field, `[mended]` is a caveat code
    r"\bhouses?\b|\brooms?\b|\bfloors?\b": "architecture, package, module, layer",
    r"\b(his|her|its|their|our|and) kin\b": "and similar",
    r"\bdear(er|est|ly)?\b": "expensive, slow",
    r"\bat hand\b": "already known, cached",
    r"\blest\b|\bhence\b|\bthereof\b|\bherein\b|\bwherein\b|\bwhereof\b": "a plain word",
    r"\bof late\b|\bof use\b|\bof no use\b": "recently; useful, useless",
    r"\bgoes astray\b|\bgo astray\b": "is lost",
    _CONDITION: "If, When",
    rf"\bwhere ({_SUBJECT}) (is|are|was|has|have|can|could|would|does|do)\b": "if, when",
    r"\b(a|of a) stranger'?s?\b": "untrusted, somebody else's",
}

ANY = re.compile("|".join(BANNED))

# Here these words are the subject.
ALLOWED_FILES = {
    "tests/architecture/test_plain_english.py",  # the list itself
    "CONTRIBUTING.md",  # states the rules
}


def sentences_of_python(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, text) for each docstring, comment and message of a module."""
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#").strip()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            for offset, line in enumerate(node.value.split("\n")):
                yield node.lineno + offset, line.strip()


def sentences_of_markdown(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, text) for the prose of a page: no code blocks, no code spans, no link targets."""
    fenced = False
    for number, line in enumerate(source.split("\n"), 1):
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        elif not fenced:
            yield number, re.sub(r"\]\([^)]*\)", "]", line)


def without_code(text: str) -> str:
    """Return a line without what is quoted in it: code spans and quotations."""
    return re.sub(r"`[^`]*`|“[^”]*”|\"[^\"]*\"", "`…`", text)


def faults(path: Path, name: str) -> list[str]:
    """Return a message for each line of a file that is not plain English."""
    source = path.read_text(encoding="utf-8")
    sentences = sentences_of_markdown(source) if path.suffix == ".md" else sentences_of_python(source)
    return [
        f"{name}:{number}: {match[0].strip()!r} -> {better}: {text[:100]}"
        for number, text in sentences
        if ANY.search(prose := without_code(text))
        for pattern, better in BANNED.items()
        if (match := re.search(pattern, prose))
    ]


def files(repository: Path) -> list[Path]:
    folders = ["spfengine", "docs", "scripts", "bench", "examples", "tests"]
    paths = [path for folder in folders for path in (repository / folder).rglob("*") if path.suffix in {".py", ".md"}]
    return sorted([*paths, *repository.glob("*.md")])


FOLDERS = "spfengine docs scripts bench examples *.md tests".split()


@pytest.mark.parametrize("folder", mostly_full(FOLDERS, 6))
def test_the_english_is_plain(repository: Path, folder: str) -> None:
    found = []
    for path in files(repository):
        name = path.relative_to(repository).as_posix()
        is_inside = "/" not in name if folder == "*.md" else name.startswith(f"{folder}/")
        if is_inside and name not in ALLOWED_FILES and "/.rivals/" not in name:
            found += faults(path, name)
    assert not found, f"{len(found)} sentences to rewrite (see CONTRIBUTING.md):\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("text", "is_fault"),
    [
        ("Return what the record says.", False),
        ("A sentence that tells of something.", True),
        ("The two are told apart by their type.", False),
        ("A host behind a proxy is not seen.", False),
        ("Asked behind the first include.", True),
        ("Where nothing was given, live DNS is asked.", True),
        ("Where is it decided?", False),
        ("`told` is a name in code.", False),
        ("A stand-in for pyspf.", False),
        ("It stands in the record.", True),
    ],
)
def test_banned_words_are_found(tmp_path: Path, text: str, is_fault: bool) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{text}\n```\nwhoever\n```\n", encoding="utf-8")
    assert bool(faults(page, "page.md")) is is_fault
    module = tmp_path / "module.py"
    module.write_text(f"# {text}\n", encoding="utf-8")
    assert bool(faults(module, "module.py")) is is_fault
