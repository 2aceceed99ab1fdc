"""Files of languages that are not read: which of their lines are about SPF, or about a domain.

If a record is no longer in a source file, one of these may have it now. Nothing more is looked at: a record in a
program in Go or in a template of a zone is not linted.
"""

import re
from collections.abc import Collection, Iterator

from spfengine.names import domain_fault, fold, is_same_or_under
from spfengine.sources.places import Lines
from spfengine.sources.unshown import Unshown, lines_that_make

_ENDINGS = (
    ".bicep", ".bicepparam", ".bzl", ".cs", ".csv", ".cue", ".dhall", ".erb", ".ex", ".exs", ".fs", ".go", ".gotmpl",
    ".groovy", ".hs", ".ini", ".j2", ".java", ".jinja", ".jinja2", ".jsonnet", ".kt", ".kts", ".libsonnet", ".lua",
    ".nix", ".php", ".pl", ".pp", ".ps1", ".rb", ".rs", ".scala", ".sh", ".sls", ".star", ".swift", ".tftpl", ".tmpl",
    ".toml", ".tpl", ".tsv", ".vb",
)  # fmt: skip
_SPF = re.compile(r"(?:\b|_)spf", re.IGNORECASE)
_COMMENT = re.compile(r"\s*(?:#|//|--|;|\*|/\*|\{#|\{\{!|<%#)")
_NAME = re.compile(r"[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)+")


def is_of_other_language(path: str) -> bool:
    """Whether a file's name says that it is of a language that is not read, in which records may be written."""
    return path.lower().endswith(_ENDINGS)


def lines_about(path: str, text: str, domains: Collection[str]) -> Iterator[Unshown]:
    """Yield the lines of a file that are about SPF or name one of these domains, folded, or a name under it."""

    def domains_of(_: int, line: str) -> tuple[str, ...] | None:
        if _COMMENT.match(line):
            return None
        named = [fold(each[0]) for each in _NAME.finditer(line)]
        about = [each for each in named if any(is_same_or_under(each, domain) for domain in domains)]
        if not about and not _SPF.search(line):
            return None
        return tuple([each for each in about if domain_fault(each) is None])

    yield from lines_that_make(path, text, Lines(text), domains_of)
