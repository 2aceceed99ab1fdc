"""A zone in memory. Every answer is built with the zone, so that resolving is one dict lookup.

A zone becomes one `Node` for each listed name; an `Overlay` makes the same nodes of its drafts.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from spfengine.answers import Answer, Question, RRType, Status
from spfengine.frozen import Frozen, fill
from spfengine.names import fold
from spfengine.resolvers.authority import GLUE, Authority, Place
from spfengine.resolvers.redirections import Redirections
from spfengine.resolvers.rrsets import (
    ANY_TYPE,
    CNAME,
    MAX_CHAIN,
    RRset,
    ZoneMapping,
    cannot_use,
    is_possible,
    read_mapping,
    read_name,
    read_ttl,
)

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Node:
    """The content of a zone at one name.

    Attributes:
        answers: the ready-made answers, for the types that are listed.
        cname: the CNAME record, or None.
        absent: whether the name is listed only to say that it does not exist.
    """

    answers: dict[RRType, Answer]
    cname: RRset | None
    absent: bool


def with_chain(answer: Answer, chain: Iterable[str], ttl: int | None) -> Answer:
    """Return an answer reached through CNAME records: with their chain before its own, and the shorter of two TTLs."""
    return Answer(
        answer.status,
        answer.type,
        answer.records,
        None if answer.is_failure else shorter(ttl, answer.ttl),
        (*chain, *answer.chain),
        answer.strings,
    )


def shorter(ttl: int | None, other: int | None) -> int | None:
    """Return the shorter of two TTLs; None is one that is not known."""
    return other if ttl is None else ttl if other is None else min(ttl, other)


def make_nodes(names: Iterable[str], rrsets: Iterable[RRset]) -> dict[str, Node]:
    """Return a node for each of these names, by folded name; `names` may hold names without RRsets."""
    by_name: dict[str, dict[str, RRset]] = {fold(name): {} for name in names if is_possible(name)}
    for rrset in filter(lambda rrset: is_possible(rrset.name), rrsets):
        by_name.setdefault(fold(rrset.name), {})[rrset.type] = rrset
    nodes = {}
    for name, listed in by_name.items():
        rest = listed.get(ANY_TYPE) if CNAME not in listed else None
        answers = {}
        for rrtype in RRType:
            rrset_of_type = listed.get(rrtype, rest)
            if rrset_of_type is not None:
                answers[rrtype] = rrset_of_type.answer(rrtype)
        absent = listed.keys() == {ANY_TYPE} and listed[ANY_TYPE].status is Status.NXDOMAIN
        nodes[name] = Node(answers, listed.get(CNAME), absent)
    return nodes


NOTES = "notes"
"""The key of `Zone.memo` for what `Zone.notes` returns."""
_UNKNOWN = Answer.failed(Status.UNKNOWN)


def read_apexes(apexes: Iterable[str | bytes]) -> tuple[str, ...]:
    """Return names of zones that a caller wrote, each once. Raises ZoneError."""
    if isinstance(apexes, str | bytes):
        raise cannot_use("apexes", apexes, 'a list of names, such as ["example.com"]')
    read = [read_name(apex, "apex") for apex in apexes]
    return tuple({fold(apex): apex for apex in read}.values())


class Zone(Frozen):
    """Names and their records, immutable; a Resolver and an AsyncResolver.

    A zone may hold any number of domains. A name that is not listed does not exist, unless a listed name lies under it
    (an empty non-terminal: no records) or a wildcard covers it (RFC 4592). CNAME records are followed inside the zone;
    a target that is not listed is NXDOMAIN, a circle or a chain of more than 16 is Status.LOOP. So are DNAME records.
    If a name lists types next to its CNAME record, these are answered with its own records, all others with those of
    the target. Names compare without case, with or without a final dot. A name that DNS can't have (an empty label, a
    label of more than 63 octets, more than 253 octets in all) may be listed, and leads nowhere: no query can be sent
    for it.

    A zone without apexes is the whole of DNS. A zone with apexes speaks only for the names at and under them, but not
    for what it delegates: from a delegation on, it has only addresses (glue). It also answers for the names outside
    that it lists. Every other answer is not known: Status.UNKNOWN.

    Attributes:
        names: the listed names, as written, in the order of the mapping or file.
        rrsets: every `RRset` of the zone, also of types that are never answered (SPF, SOA, NS, …).
        apexes: the names of the zones that it consists of; empty for the whole of DNS, None if it was not read from a
            file that could have named one (see `spfengine.resolvers.zone_files.files.lay_together`).
        ttl: the TTL of answers without an RRset (NXDOMAIN, no records).
        is_part: whether it has only some records, such as those of a change batch, so that it knows only the names that
            it lists.
        is_suite: whether it is the zonedata of a suite of tests.
        memo: what other modules derive from the zone and keep with it; not part of its value.
        known_answer: exact-match lookup by `Question.key`; None means that `resolve` must look for wildcards. A
            subclass may answer differently, so for it this is always None.
    """

    __slots__ = (
        "_answers", "_authority", "_nodata", "_nodes", "_nxdomain", "_redirections", "_reversed", "apexes", "is_part",
        "is_suite", "known_answer", "memo", "names", "rrsets", "ttl",
    )  # fmt: skip
    fields: ClassVar[tuple[str, ...]] = ("names", "rrsets", "apexes", "ttl", "is_part", "is_suite")
    unchanging = True  # see `Checker`
    prefetch = 0  # see `spfengine.prefetch`: an answer takes no time
    names: tuple[str, ...]
    rrsets: tuple[RRset, ...]
    apexes: tuple[str, ...] | None
    ttl: int | None
    is_part: bool
    is_suite: bool
    memo: dict[Any, Any]
    known_answer: Callable[[Question], Answer | None]
    _answers: dict[tuple[str, str], Answer]
    _authority: Authority | None
    _nodes: dict[str, Node]
    _nodata: Answer
    _nxdomain: Answer
    _redirections: Redirections
    _reversed: list[str]

    def __init__(
        self, records: ZoneMapping, *, ttl: int | None = None, apexes: Iterable[str | bytes] | None = None
    ) -> None:
        """Make a zone of a mapping of name → type → records.

        Args:
            records: a record is str or bytes (A and AAAA also an ipaddress object, MX also (preference, exchange));
                several records are a list; a TXT record of several strings is a tuple; a Status in place of records
                makes that question fail; the type "*" means every type that the name does not list. Names are
                str (U-labels become A-labels) or bytes (octet by octet).
            ttl: seconds for which every answer may be kept; None: not known.
            apexes: the names of the zones that these records are from; answers outside these zones are not known.
                Without any, the records are the whole of DNS.

        Raises:
            ZoneError: something in it can't be used; the message says where, and what was expected.
        """
        names, rrsets = read_mapping(records, read_ttl(ttl))
        read = None if apexes is None else read_apexes(apexes)
        self._fill(names, rrsets, read, ttl)

    @classmethod
    def from_rrsets(
        cls,
        names: Iterable[str],
        rrsets: Iterable[RRset],
        apexes: Iterable[str] | None = None,
        ttl: int | None = None,
        is_part: bool = False,
        is_suite: bool = False,
    ) -> Self:
        """Make a zone of RRsets; `names` may hold names without any."""
        apexes = None if apexes is None else tuple(apexes)
        zone = cls.__new__(cls)
        fill_zone = zone._fill  # noqa: SLF001 - this class makes it
        fill_zone(tuple(names), tuple(rrsets), apexes, ttl, is_part=is_part, is_suite=is_suite)
        return zone

    def only_listed(self) -> "Zone":
        """Return this zone without its claim to be the whole of DNS: without apexes, it knows only the names listed."""
        if self.apexes:
            return self
        return self.from_rrsets(self.names, self.rrsets, self.apexes, self.ttl, is_part=True)

    @classmethod
    def from_openspf(cls, zonedata: Mapping[Any, Any] | None, *, ttl: int | None = None) -> Self:
        """Make a zone of the `zonedata` mapping of an OpenSPF-format suite (`spfengine.resolvers.zone_files.openspf`).

        Raises:
            ZoneError: something in it can't be used; the message says where, and what was expected.
        """
        from spfengine.resolvers.zone_files.openspf import read_zonedata

        names, rrsets = read_mapping(read_zonedata(zonedata), read_ttl(ttl))
        return cls.from_rrsets(names, rrsets, ttl=ttl, is_suite=True)

    @classmethod
    def from_text(cls, text: str | bytes, origin: str | None = None) -> Self:
        """Make a zone of the text of an RFC 1035 master file; see `spfengine.resolvers.zone_files.master_file`.

        Args:
            text: the file's text.
            origin: the domain to which relative names belong, until the text has its own `$ORIGIN`.

        Raises:
            ZoneError: a line can't be understood; the message has its number, and what was expected.
        """
        from spfengine.resolvers.zone_files.master_file import read_text

        return cls.from_rrsets(*read_text(text, origin))

    @classmethod
    def from_file(cls, path: "str | Path", origin: str | None = None) -> Self:
        """Make a zone of an RFC 1035 master file; see `from_text`.

        If relative names have no other origin, it is the domain in the file's name (`db.example.com`), and in `notes`.

        Raises:
            ZoneError: a line can't be understood, or the file is too large.
            OSError: the file can't be read.
        """
        from spfengine.resolvers.zone_files.master_file import read_file

        notes: list[str] = []
        zone = cls.from_rrsets(*read_file(path, origin, notes))
        zone.memo[NOTES] = tuple(notes)
        return zone

    @property
    def notes(self) -> tuple[str, ...]:
        """What had to be assumed when the zone was read from a file, in words; safe to print."""
        found: tuple[str, ...] = self.memo.get(NOTES, ())
        return found

    def _fill(
        self,
        names: tuple[str, ...],
        rrsets: tuple[RRset, ...],
        apexes: tuple[str, ...] | None,
        ttl: int | None,
        *,
        is_part: bool = False,
        is_suite: bool = False,
    ) -> None:
        fill(self, "names", names)
        fill(self, "rrsets", rrsets)
        fill(self, "apexes", apexes)
        fill(self, "ttl", ttl)
        fill(self, "is_part", is_part)
        fill(self, "is_suite", is_suite)
        fill(self, "_authority", Authority(apexes or (), rrsets) if apexes or is_part else None)
        fill(self, "memo", {})
        fill(self, "_nodata", Answer.nodata(ttl))
        fill(self, "_nxdomain", Answer.nxdomain(ttl))
        nodes = make_nodes(names, rrsets)
        redirections = Redirections(rrsets)
        fill(self, "_nodes", nodes)
        fill(self, "_redirections", redirections)
        fill(self, "_reversed", sorted(name[::-1] for name, node in nodes.items() if not node.absent))
        answers = {
            (name, RRType(kind)): answer
            for name, node in nodes.items()
            for kind, answer in node.answers.items()
            if self.speaks_for(name, kind) and redirections.of(name) is None
        }
        fill(self, "_answers", answers)
        fill(self, "known_answer", (answers if type(self) is Zone else {}).get)
        for name, node in nodes.items():
            if node.cname is not None and self.speaks_for(name, RRType.TXT) and redirections.of(name) is None:
                chased = {(name, kind): self._chase(node.cname, kind) for kind in RRType}
                answers.update({key: answer for key, answer in chased.items() if key not in answers})

    def resolve(self, question: Question, /) -> Answer:
        """Return the zone's answer, the same object each time, except for names below a DNAME record."""
        answer = self._answers.get(question)
        if answer is None:
            name = fold(question.name)
            answer = self._answers.get((name, question.type))
            if answer is None:
                if not self.speaks_for(name, question.type):
                    return _UNKNOWN
                cname = self._redirections.of(name.removesuffix("."))
                if cname is not None:
                    return self._chase(cname, question.type)
                source = self._source(name)
                if source is None:
                    return self._nxdomain
                answer = self._answers.get((source, question.type), self._nodata)
        return answer

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        return self.resolve(question)

    def speaks_for(self, name: str, type: RRType) -> bool:
        """Whether the zone says what DNS has at a folded name; if not, its answer is not known."""
        if self._authority is None:
            return True
        name = name.removesuffix(".")
        if self._redirections.of(name) is not None:
            return True
        place = self._authority.place(name)
        if place is Place.BELOW:  # its CNAME would not be glue (RFC 1034 §4.2.1)
            node = self._nodes.get(name)
            return type in GLUE and node is not None and type in node.answers and node.cname is None
        source = self._source(name)
        if place is Place.OUTSIDE:
            return source in self._nodes
        return source is None or self._authority.place(source) is Place.INSIDE  # it is not a wildcard of NS records

    def _source(self, name: str) -> str | None:
        """Return the name whose records answer for `name`: itself, or a wildcard; None if there is no such name.

        The name returned exists, but it may not be listed: it is then an empty non-terminal. See RFC 4592 §3.3.1, and
        RFC 7208 §3.5.
        """
        name = name.removesuffix(".")
        if not is_possible(name):  # no query can be sent for it, even if a wildcard is above it
            return None
        if name in self._nodes or self._has_names_under(name):
            return name
        encloser = name
        while encloser:
            encloser = encloser.partition(".")[2]
            if not encloser or self._exists(encloser):
                break
        wildcard = "*." + encloser if encloser else "*"
        return wildcard if self._exists(wildcard) else None

    def _exists(self, name: str) -> bool:
        node = self._nodes.get(name)
        return (node is not None and not node.absent) or self._has_names_under(name)

    def _has_names_under(self, name: str) -> bool:
        if not name:
            return bool(self._reversed)
        prefix = name[::-1] + "."
        index = bisect_left(self._reversed, prefix)
        return index < len(self._reversed) and self._reversed[index].startswith(prefix)

    def _chase(self, cname: RRset, type: RRType) -> Answer:
        """Return the answer for the name of a CNAME record, with the chain of names that it goes through."""
        chain: list[str] = []
        seen = {fold(cname.name)}
        ttl = self.ttl
        while True:
            target = cname.records[0]
            ttl = shorter(ttl, cname.ttl)
            chain.append(target)
            name = fold(target)
            if name in seen or len(chain) > MAX_CHAIN:
                return Answer.failed(Status.LOOP, chain)
            seen.add(name)
            if not self.speaks_for(name, type):
                return Answer(Status.UNKNOWN, None, (), ttl, chain)  # with the TTL of the chain, for an Overlay
            redirected = self._redirections.of(name)
            if redirected is not None:
                cname = redirected
                continue
            source = self._source(name)
            if source is None:
                return Answer.nxdomain(ttl, chain)
            node = self._nodes.get(source)
            answer = self._nodata if node is None else node.answers.get(type)
            if answer is not None:
                return with_chain(answer, chain, ttl)
            if node is None or node.cname is None:
                return Answer.nodata(ttl, chain)
            cname = node.cname

    def __repr__(self) -> str:
        return f"<Zone: {len(self.names)} names, {len(self.rrsets)} RRsets>"

    def __reduce__(self) -> tuple[Any, ...]:
        return self.__class__.from_rrsets, tuple([getattr(self, name) for name in self.fields])
