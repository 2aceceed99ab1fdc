"""Find the SPF records that files of source code and configuration have in their strings. Nothing of them is run."""

import os
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, islice
from stat import S_ISDIR, S_ISREG

from spfengine.errors import ArgumentError
from spfengine.sources import atoms, code
from spfengine.sources.absent import is_absent
from spfengine.sources.code import Language, Scanner
from spfengine.sources.elsewhere import elsewhere_of
from spfengine.sources.makers import makers_of
from spfengine.sources.nested import nested_in
from spfengine.sources.owners import Owner, Owners
from spfengine.sources.places import Lines
from spfengine.sources.reading import Reading
from spfengine.sources.record import FoundRecord, begins, record_in
from spfengine.sources.sums import MOST_ATOMS
from spfengine.sources.terraform import definitions_in, lookup_in
from spfengine.sources.tokens import Literal, Token
from spfengine.sources.unshown import Unshown, unshown_of
from spfengine.sources.usage import is_key, is_no_record
from spfengine.sources.values import Value, values_in
from spfengine.sources.variables import Variables, variables_in
from spfengine.sources.yaml_text import YAML, YamlScanner
from spfengine.visible import short_repr, visible

MOST_OCTETS = 16 << 20
"""The size of a file that is read, at most."""
MOST_FILES = 20_000
"""The files and folders of a folder that are looked at, at most."""
MOST_RECORDS = 10_000
"""The records of a file that are looked at, at most."""
MOST_SIBLINGS = 100
"""The files of a module of Terraform in which names are looked up, at most."""
TOO_LARGE = f"it was not read: it has more than {MOST_OCTETS >> 20} MiB"
LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".terraform", ".venv", "venv", "__pycache__", ".tox", ".mypy_cache"}
)
"""Folders that have what others wrote, and are left out."""
_BEGINNING = 200  # characters of a literal that are looked at for the beginning of a record
_VERSION = re.compile(r"v=spf1", re.IGNORECASE)
_TXT = re.compile(r"TXT|SPF", re.IGNORECASE)
_MENTION = re.compile(rb"spf1", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Kind:
    language: Language
    templates: re.Pattern[str]
    is_code: bool = False


_KINDS = {
    ".tf.json": _Kind(code.TERRAFORM_JSON, atoms.FORMATTED),
    ".tf": _Kind(code.TERRAFORM, atoms.FORMATTED, is_code=True),
    ".tofu": _Kind(code.TERRAFORM, atoms.FORMATTED, is_code=True),
    ".tfvars": _Kind(code.TERRAFORM, atoms.FORMATTED),
    ".hcl": _Kind(code.TERRAFORM, atoms.FORMATTED, is_code=True),
    ".json": _Kind(code.JSON, atoms.DATA),
    ".yaml": _Kind(YAML, atoms.FORMATTED),
    ".yml": _Kind(YAML, atoms.FORMATTED),
    ".py": _Kind(code.PYTHON, atoms.BRACED, is_code=True),
    ".js": _Kind(code.JAVASCRIPT, atoms.FORMATTED, is_code=True),
    ".mjs": _Kind(code.JAVASCRIPT, atoms.FORMATTED, is_code=True),
    ".cjs": _Kind(code.JAVASCRIPT, atoms.FORMATTED, is_code=True),
    ".ts": _Kind(code.JAVASCRIPT, atoms.FORMATTED, is_code=True),
    ".tsx": _Kind(code.JAVASCRIPT, atoms.FORMATTED, is_code=True),
}
ENDINGS = tuple(_KINDS)
"""How the names of files end that can be read."""


@dataclass(frozen=True, slots=True)
class UnreadFile:
    """A file or folder that was not read, or not to its end.

    Attributes:
        path: the file.
        why: the reason, in words that are safe to print.
    """

    path: str
    why: str

    def __repr__(self) -> str:
        return short_repr(self, ("path", "why"))


@dataclass(frozen=True, slots=True)
class Found:
    """What `find_records` returns.

    Attributes:
        records: the records, in the order of files, and of their places in each.
        files: how many files were read.
        unread: what was not read.
    """

    records: tuple[FoundRecord, ...]
    files: int
    unread: tuple[UnreadFile, ...] = ()

    def __repr__(self) -> str:
        return short_repr(self, ("records", "files", "unread"))

    @property
    def skipped(self) -> tuple[UnreadFile, ...]:
        """The same as `unread`: its former name."""
        return self.unread


def find_records(path: "str | os.PathLike[str]") -> Found:
    """Return the SPF records in the strings of a file, or of all files of a folder that are of a known kind.

    Known are Terraform (.tf, .tf.json), DNSControl and other JavaScript and TypeScript (.js, .ts), YAML (octoDNS,
    Ansible, Kubernetes), JSON (Route 53, CloudFormation, Pulumi, Cloudflare, PowerDNS) and Python. Nothing of them is
    executed. Interpolations, such as `${var.relay}`, are unknown parts of a record. Comments are left out.

    In a folder, symbolic links are not followed, and .git, node_modules, .terraform and virtual environments are left
    out.

    Args:
        path: a file, or a folder.

    Raises:
        OSError: the path can't be read.
        ArgumentError: the file is of another kind, or `path` is not a path.
    """
    if not isinstance(path, str | os.PathLike):
        raise ArgumentError(f"path: expected a file or folder, not {visible(repr(path), 60)}")
    name = os.fspath(path)
    mode = os.stat(name).st_mode
    if not S_ISDIR(mode) and kind_of(name) is None:
        raise ArgumentError(
            f"{visible(name, 200)}: files of this kind are not read; expected a folder, or a file whose name ends with "
            f"{', '.join(ENDINGS)}"
        )
    unread: list[UnreadFile] = []
    paths = list(walked(name, unread, lambda file: kind_of(file) is not None)) if S_ISDIR(mode) else [name]
    records: list[FoundRecord] = []
    files = 0
    for each in paths:
        text = _read(each, unread)
        if text is not None:
            files += 1
            records += records_in(each, text, unread, partial(_siblings, each, paths))
    return Found(tuple(records), files, tuple(unread))


Siblings = Callable[[], Iterable[str]]
"""Returns the texts of the files of Terraform that are in the same folder: one module is in several files."""


def records_in(
    path: str, text: str, unread: list[UnreadFile] | None = None, siblings: Siblings = tuple
) -> list[FoundRecord]:
    """Return the records in the text of a file, in the order of their places.

    Args:
        path: the file's name, whose end says what kind it is of.
        text: its text.
        unread: what was not read is added to it.
        siblings: the other files of a module of Terraform, in which names are looked up.
    """
    kind = kind_of(path)
    if kind is None or "spf1" not in text.lower():
        return []
    lines = Lines(text)
    owners, readings = _read_tokens(path, text, kind, unread, siblings)
    found = []
    for reading in readings:
        for value, owner in _values(path, reading, readings[-1], owners, unread):
            is_pair_name = value.at is not None and is_key(reading, value.at)
            is_sure = value.at is not None and not is_pair_name and owners.is_of_txt(reading, value.at)
            is_code = kind.is_code or is_pair_name
            record = record_in(path, text, lines, value, kind.templates, is_code=is_code, is_sure=is_sure)
            if record is not None:
                name, name_text = owner()
                found.append(replace(record, name=name, name_text=name_text))
            if len(found) == MOST_RECORDS:
                _note(unread, path, f"it was not read to its end: it has more than {MOST_RECORDS:,} records")
                return found
    return sorted(found, key=lambda record: (record.region.line, record.region.column))


def unshown_in(path: str, text: str, siblings: Siblings = tuple) -> list[Unshown]:
    """Return the TXT records of a file whose value it does not show.

    Args:
        path, text, siblings: as for `records_in`.
    """
    kind = kind_of(path)
    if kind is None or not _TXT.search(text):
        return []
    owners, readings = _read_tokens(path, text, kind, None, siblings)
    lines = Lines(text)
    found = (each for reading in readings for each in unshown_of(path, reading, owners, lines))
    return list(islice(found, MOST_RECORDS))


def makers_in(path: str, text: str) -> list[Unshown]:
    """Return what in a file may make records that it does not show.

    Args:
        path, text: as for `records_in`.
    """
    kind = kind_of(path)
    if kind is None:
        return []
    lines = Lines(text)
    readings = [Reading(text, tokens, kind.language) for tokens in _streams(path, text, kind, None)]
    found = (each for reading in readings for each in makers_of(path, reading, lines))
    return list(islice(chain(found, elsewhere_of(path, text, lines)), MOST_RECORDS))


def _read_tokens(
    path: str, text: str, kind: _Kind, unread: list[UnreadFile] | None, siblings: Siblings
) -> tuple[Owners, list[Reading]]:
    """Return the tokens of a file, and what finds the names of the records in it."""
    streams = _streams(path, text, kind, unread)
    owners = Owners(path, kind.templates, _definitions(kind, text, streams, siblings))
    variables = _variables(kind, text, streams, siblings)
    return owners, [Reading(text, tokens, kind.language, variables=variables) for tokens in streams]


def _values(
    path: str, reading: Reading, whole: Reading, owners: Owners, unread: list[UnreadFile] | None
) -> Iterator[tuple[Value, Callable[[], Owner]]]:
    """Yield what may be a record, with what finds the name of it.

    Args:
        reading: the tokens of the file, or of an interpolation.
        whole: those of the file.
    """
    text = reading.text
    if any(isinstance(token, Literal) and _begins(text, token) for token in reading.tokens):
        for value in values_in(reading, lambda literal: _begins(text, literal)):
            at = value.at
            assert at is not None, "it begins with a literal"
            around = None if reading is whole else _around(whole, reading.tokens[at].start)
            if around is not None and is_no_record(whole, around):
                continue
            if is_absent(reading, at) or (around is not None and is_absent(whole, around)):
                continue
            is_escaped = reading.language is YAML and owners.is_of_octodns(reading, at)
            yield _unescaped(value) if is_escaped else value, partial(_owner, owners, reading, at, whole, around)
    for value, before in _nested(path, reading, unread):
        yield value, partial(owners.in_line, before)


def _around(whole: Reading, start: int) -> int:
    """Return the index of the literal that has the interpolation in which something is."""
    return bisect_right(whole.tokens, start, key=lambda token: token.start) - 1


def _owner(owners: Owners, reading: Reading, at: int, whole: Reading, around: int | None) -> Owner:
    """Return the name of a record, which what is around its interpolation may say."""
    owner = owners.of(reading, at)
    return owner if around is None or owner != Owner() else owners.of(whole, around)


def _unescaped(value: Value) -> Value:
    """Return a value of octoDNS, which has a backslash before each semicolon."""
    found: list[atoms.Atom] = []
    moved = []
    for atom in value.atoms:
        moved.append(len(found))
        if atom.char == ";" and found and found[-1].char == "\\":
            found.append(atom._replace(start=found.pop().start))
        else:
            found.append(atom)
    return value._replace(atoms=found, joins=tuple([moved[join] for join in value.joins if join < len(moved)]))


def _variables(kind: _Kind, text: str, streams: list[list[Token]], siblings: Siblings) -> Variables:
    """Return what is done with variables: in the file itself, and for Terraform also in those of its folder."""
    found = variables_in(text, streams)

    @cache
    def others() -> list[Variables]:
        return [variables_in(other, Scanner(other, code.TERRAFORM).streams) for other in siblings()]

    if kind.language is code.TERRAFORM:
        found.others = others
    return found


def _definitions(kind: _Kind, text: str, streams: list[list[Token]], siblings: Siblings) -> Callable[[str], str | None]:
    """Return what looks up expressions of Terraform: in the file itself, and in those of its folder."""
    if kind.language is not code.TERRAFORM:
        return lambda _: None

    @cache
    def known() -> dict[str, str]:
        definitions = definitions_in(text, streams[-1])
        for other in siblings():
            for name, value in definitions_in(other, Scanner(other, code.TERRAFORM).streams[-1]).items():
                definitions[name] = value if definitions.get(name, value) == value else ""
        return definitions

    return lambda expression: lookup_in(known(), expression)


def kind_of(path: str) -> _Kind | None:
    """Return what a file's name says about its kind; None if files of that kind are not read."""
    name = os.path.basename(path).lower()
    return next((kind for ending, kind in _KINDS.items() if name.endswith(ending)), None)


def _streams(path: str, text: str, kind: _Kind, unread: list[UnreadFile] | None) -> list[list[Token]]:
    scanner = YamlScanner(text) if kind.language is YAML else Scanner(text, kind.language)
    if scanner.cut:
        _note(unread, path, f"it was not read to its end: {scanner.cut}")
    return scanner.streams


def _note(unread: list[UnreadFile] | None, path: str, why: str) -> None:
    if unread is not None:
        unread.append(UnreadFile(path, why))


def _begins(text: str, literal: Literal) -> bool:
    if "spf1" not in text[literal.start : min(literal.end, literal.start + _BEGINNING)].lower():
        return False  # which most literals are, and this is cheap to see
    return begins(atoms.text_of(atoms.atoms_of(text, literal, _BEGINNING)))


def _nested(path: str, reading: Reading, unread: list[UnreadFile] | None) -> Iterator[tuple[Value, list[atoms.Atom]]]:
    """Yield the records in strings that are not records themselves, and what is before each."""
    with_holes = reading.language is code.TERRAFORM_JSON  # its expressions are strings of JSON
    for index, token in enumerate(reading.tokens):
        if not isinstance(token, Literal) or not _VERSION.search(reading.text, token.start, token.end):
            continue
        if _begins(reading.text, token) or is_no_record(reading, index):
            continue
        if token.end - token.start > MOST_ATOMS:
            _note(unread, path, f"a string in it was not read to its end: it has over {MOST_ATOMS:,} characters")
        yield from nested_in(atoms.atoms_of(reading.text, token, MOST_ATOMS, with_holes=with_holes))


def _siblings(path: str, paths: Sequence[str]) -> Iterator[str]:
    """Yield the texts of the other files of Terraform in the folder of a file."""
    folder = os.path.dirname(path)
    for other in siblings_of(path, [each for each in paths if os.path.dirname(each) == folder]):
        data = octets_of(other, [])
        if data is not None and b"\0" not in data:
            yield text_of(data)


def siblings_of(path: str, paths: Iterable[str]) -> list[str]:
    """Return the other files of the module of Terraform that a file is in, of those in its folder."""
    return [each for each in paths if each != path and each.lower().endswith((".tf", ".tofu"))][:MOST_SIBLINGS]


def walked(folder: str, unread: list[UnreadFile], is_wanted: Callable[[str], bool]) -> Iterator[str]:
    """Yield the files of a folder whose names are wanted, sorted; links are not followed."""
    seen = 0
    pending = [folder]
    while pending:
        here = pending.pop()
        try:
            with os.scandir(here) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            unread.append(UnreadFile(here, f"it was not read: {_reason(error)}"))
            continue
        seen += len(found)
        if seen > MOST_FILES:
            unread.append(UnreadFile(here, f"the folder has more than {MOST_FILES:,} files; give its parts one by one"))
            return
        folders = []
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in LEFT_OUT:
                    folders.append(entry.path)
            elif entry.is_file(follow_symlinks=False) and is_wanted(entry.name):
                yield os.path.normpath(entry.path)
        pending += reversed(folders)


def _read(path: str, unread: list[UnreadFile]) -> str | None:
    """Return the text of a file, or None if it is not text, too large, or can't be read."""
    data = octets_of(path, unread)
    if data is None:
        return None
    return decoded(path, data, unread)


def octets_of(path: str, unread: list[UnreadFile]) -> bytes | None:
    """Return what a file has, or None if it is too large, or can't be read."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            if S_ISREG(status.st_mode) and status.st_size > MOST_OCTETS:
                unread.append(UnreadFile(path, TOO_LARGE))
                return None
            return file.read(MOST_OCTETS + 1)
    except OSError as error:
        unread.append(UnreadFile(path, f"it was not read: {_reason(error)}"))
        return None


def decoded(path: str, data: bytes, unread: list[UnreadFile]) -> str | None:
    """Return the text that these octets of a file are; "" if no record is in it; None if they are not text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return text_of(data)
    if _MENTION.search(data) is None:
        return ""
    if b"\0" in data:
        unread.append(UnreadFile(path, "it was not read: it has NUL octets, so it is not text"))
        return None
    return text_of(data)


def text_of(data: bytes) -> str:
    """Return the text that octets are, in UTF-8 or, if they say so, in UTF-16."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data[: MOST_OCTETS & ~1].decode("utf-16", "replace")
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")


def _reason(error: Exception) -> str:
    return visible(getattr(error, "strerror", None) or str(error), 200)


def all_records(paths: Sequence[str]) -> Found:
    """Return the records of several files and folders, each file once.

    Raises:
        OSError: a path can't be read.
        ArgumentError: a file is of another kind.
    """
    found = [find_records(path) for path in dict.fromkeys(paths)]
    records = {(each.path, each.region): each for one in found for each in one.records}
    unread = dict.fromkeys(each for one in found for each in one.unread)
    return Found(tuple(records.values()), sum(one.files for one in found), tuple(unread))
