"""Files of languages that are not read: which of their lines are about SPF, or about a domain.

If a record is no longer in a source file, one of these may have it now. Nothing more is looked at: a record in a
program in Go or in a template of a zone is not linted.
"""

import re
from collections.abc import Collection, Iterator

from spfengine.names import domain_fault, fold
from spfengine.sources.places import Lines
from spfengine.sources.unshown import Unshown

_ENDINGS = (
    ".bicep", ".bicepparam", ".bzl", ".cs", ".csv", ".cue", ".dhall", ".erb", ".ex", ".exs", ".fs", ".go", ".gotmpl",
    ".groovy", ".hs", ".ini", ".j2", ".java", ".jinja", ".jinja2", ".jsonnet", ".kt", ".kts", ".libsonnet", ".lua",
    ".nix", ".php", ".pl", ".pp", ".ps1", ".rb", ".rs", ".scala", ".sh", ".sls", ".star", ".swift", ".tftpl", ".tmpl",
    ".toml", ".tpl", ".tsv", ".vb",
)  # fmt: skip
_LONGEST_LINE = 1000  # characters of a line that are looked at
_MOST = 1000  # lines of a file
_SHOWN = 60
_SPF = re.compile(r"(?:\b|_)spf", re.IGNORECASE)
_COMMENT = re.compile(r"\s*(?:#|//|--|;|\*|/\*|\{#|\{\{!|<%#)")
_NAME = re.compile(r"[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)+")


def is_of_other_language(path: str) -> bool:
    """Whether a file's name says that it is of a language that is not read, in which records may be written."""
    return path.lower().endswith(_ENDINGS)


def lines_about(path: str, text: str, domains: Collection[str]) -> Iterator[Unshown]:
    """Yield the lines of a file that are about SPF or name one of these domains, folded, or a name under it.

    Their `name_text` is the whole line.
    """
    lines = Lines(text)
    start = found = 0
    for full in text.split("\n"):
        line = full[:_LONGEST_LINE].rstrip("\r")
        if _COMMENT.match(line) is None:
            named = [fold(each[0]) for each in _NAME.finditer(line)]
            about = tuple([each for each in named if any(each.endswith(domain) for domain in domains)])
            if about or _SPF.search(line):
                shown = line.strip()
                region = lines.region(start + len(line) - len(line.lstrip()), start + len(line))
                about = tuple([each for each in about if domain_fault(each) is None])
                yield Unshown(path, shown[:_SHOWN], region, None, shown, about, makes=True)
                found += 1
        start += len(full) + 1
        if found == _MOST:
            return
