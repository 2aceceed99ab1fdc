"""The domain in the name of a zone file, which a name server would have from its configuration."""

import re

from spfengine.names import domain_fault, fold, to_a_labels

_SUFFIXES = ("zone", "zonefile", "db", "dns", "hosts", "bind", "master", "txt", "conf", "yaml", "yml")
_PREFIXES = ("db", "pri", "zone", "named", "master")
# The last label of a name that is of a file and not of a domain: zone.bak is no domain.
_OF_FILES = frozenset(
    {
        "bak", "backup", "bck", "cfg", "cnf", "copy", "csv", "data", "dat", "dump", "export", "gz", "hosts", "inc",
        "ini", "json", "log", "new", "old", "orig", "rev", "save", "signed", "swp", "tmp", "xml",
        *_SUFFIXES,
    }
)  # fmt: skip


def has_zone_suffix(path: str) -> bool:
    """Whether a file's name ends as those of zone files do, such as `.zone` or `.db`."""
    return fold(path.rpartition(".")[2]) in _SUFFIXES and "." in path


def domain_in(path: str) -> str | None:
    """Return the domain that a file is named after; None if its name is not that of a domain.

    It is all of the name, or what is left without the suffix (`example.com.zone`, `.db`, `.dns`, `.hosts`, `.txt` …)
    and the prefix (`db.example.com`, `pri.example.com`) that files of zones have.
    """
    name = re.split(r"[/\\]", path)[-1]
    stem, _, suffix = name.rpartition(".")
    has_suffix = fold(suffix) in _SUFFIXES and "." in stem
    if has_suffix:
        name = stem
    prefix, _, rest = name.partition(".")
    if fold(prefix) in _PREFIXES and ("." in rest or not has_suffix):
        name = rest
    domain = to_a_labels(name.removesuffix("."))
    if domain is None or not _is_domain(domain):
        return None
    return domain


def _is_domain(name: str) -> bool:
    labels = name.split(".")
    is_plain = re.fullmatch(r"[A-Za-z0-9._/-]+", name) is not None
    return is_plain and domain_fault(name) is None and fold(labels[-1]) not in _OF_FILES and len(labels[-1]) > 1
