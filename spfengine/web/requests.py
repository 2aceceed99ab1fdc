"""What the page asks: JSON → a `Request`. Nothing in it is trusted."""

from base64 import b64decode
from dataclasses import dataclass
from enum import StrEnum
from typing import NoReturn

from spfengine.errors import ArgumentError
from spfengine.json_reader import Field
from spfengine.names import domain_fault, to_a_labels
from spfengine.visible import visible

MAX_OCTETS = 24 << 20
"""Octets of the largest request; files in it are in base64."""
_MOST_FILES = 100
_MOST_SENDERS = 10_000
_LONGEST_NAME = 255
_LONGEST_LINE = 2_000
_LONGEST_DRAFT = 1 << 16


class Task(StrEnum):
    """What the page wants to know."""

    READ = "read"
    """Who sends, by messages, reports and logs."""
    CHECK = "check"
    """Who one client is, and why it has its result."""
    PUBLISH = "publish"
    """Which record to publish."""
    CHANGE = "change"
    """What a draft changes."""
    LINT = "lint"
    """What is wrong with a record."""


class Form(StrEnum):
    """How the answer is shown."""

    VIEW = "view"
    """A part of the page."""
    REPORT = "report"
    """A file of its own, without scripts."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was dropped or pasted."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a mail server: its address, and what it gave in MAIL FROM and HELO."""

    ip: str
    sender: str
    helo: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the page.

    Attributes:
        task: what to find out.
        form: how to show it.
        domain: the domain, as A-labels; "" if it is to be found in the evidence.
        evidence: messages, reports, logs and tables.
        zones: zone exports and recordings; each overrides those before it.
        is_live: whether DNS is asked, too, for what the zones do not know.
        senders: senders that `Task.READ` has returned, as JSON values.
        client: the client to check; only for `Task.CHECK`.
        draft: the record to try; "" if there is none.
    """

    task: Task
    form: Form
    domain: str
    evidence: tuple[File, ...]
    zones: tuple[File, ...]
    is_live: bool
    senders: tuple[object, ...]
    client: Client | None
    draft: str


def read_request(document: object) -> Request:
    """Return a request.

    Args:
        document: what the page sent, as JSON values. Keys that are missing have no value.

    Raises:
        ArgumentError: a value can't be used. The message begins with its key.
    """
    if not isinstance(document, dict):
        raise ArgumentError("request: expected an object with keys")

    def given(key: str) -> Field | None:
        return None if document.get(key) is None else Field(document[key], key)

    form, live, client = given("form"), given("live"), given("client")
    return Request(
        Field(document.get("task"), "task").word(Task),
        Form.VIEW if form is None else form.word(Form),
        _domain(given("domain")),
        _files(given("evidence")),
        _files(given("zones")),
        live is not None and live.truth(),
        _senders(given("senders")),
        None if client is None else _client(client),
        _line(given("draft"), _LONGEST_DRAFT),
    )


def _files(field: Field | None) -> tuple[File, ...]:
    return () if field is None else tuple([_file(each) for each in field.items(_MOST_FILES)])


def _file(field: Field) -> File:
    name = visible(_line(field["name"], _LONGEST_NAME), _LONGEST_NAME) or "a file without a name"
    content = field["content"]
    if not isinstance(content.data, str) or len(content.data) > MAX_OCTETS:
        _refuse(content, "the octets of a file, in base64")
    try:
        return File(name, b64decode(content.data, validate=True))
    except ValueError:
        _refuse(content, "the octets of a file, in base64")


def _refuse(field: Field, expected: str) -> NoReturn:
    """Raise ArgumentError without the value, which may be large."""
    raise ArgumentError(f"{field.where}: expected {expected}")


def _domain(field: Field | None) -> str:
    text = _line(field, _LONGEST_LINE).strip().rstrip(".")
    if not text:
        return ""
    domain = to_a_labels(text)
    if domain is None or domain_fault(domain) is not None:
        raise ArgumentError(f"domain: expected a domain such as example.com, not {visible(text, 80)!r}")
    return domain


def _senders(field: Field | None) -> tuple[object, ...]:
    return () if field is None else tuple([each.data for each in field.items(_MOST_SENDERS)])


def _client(field: Field) -> Client:
    helo = _line(field["helo"], _LONGEST_LINE).strip() if _has(field, "helo") else ""
    return Client(
        _line(field["ip"], _LONGEST_LINE).strip(), _line(field["sender"], _LONGEST_LINE).strip(), helo or None
    )  # fmt: skip


def _has(field: Field, key: str) -> bool:
    return isinstance(field.data, dict) and field.data.get(key) is not None


def _line(field: Field | None, longest: int) -> str:
    """Return a text; "" if there is none."""
    if field is None:
        return ""
    if not isinstance(field.data, str) or len(field.data) > longest:
        _refuse(field, f"text of at most {longest:,} characters")
    return field.data
