"""Drafts or a zone laid over a resolver: what DNS would answer once they are published.

An overlay of drafts sees only the names that are asked for. So names below a deleted one still exist, and a drafted
name under a live wildcard does not hide that wildcard from the names below it. Drafts of wildcards are refused, because
it can't be seen which live answers a wildcard gave.
"""

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from spfengine.answers import Answer, Question, RRType, Status, Text
from spfengine.errors import ZoneError
from spfengine.names import domain_fault, fold
from spfengine.resolvers.asking import aask, ask, require_resolver, slots_of
from spfengine.resolvers.rrsets import (
    ANY_TYPE,
    MAX_CHAIN,
    Records,
    RRset,
    cannot_use,
    read_mapping,
    read_name,
    read_type,
)
from spfengine.resolvers.zone import Node, Zone, make_nodes, shorter, with_chain
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from spfengine.answers import Resolver
    from spfengine.resolvers.slots import Slots

Drafts = Mapping[Any, Mapping[str, Records | None] | None]  # names are Text; Any, since Mapping is invariant in it
"""name → type → records, as a `Zone` takes them; None as records deletes these, None as types deletes the name."""

_NODATA = Answer.nodata()


class Overlay:
    """Drafts or a zone over any resolver; itself a Resolver and an AsyncResolver.

    Of a zone that has apexes, every answer that the zone knows replaces that of the resolver below; of one without,
    every answer for a name that it lists. All other questions go to the resolver below, and CNAME records are followed
    from one to the other.

    Drafts change single RRsets:

    - A draft for a name and type replaces that RRset; None deletes it (no records); a Status makes its question fail.
    - None for a name deletes the name: it does not exist (or has no records, if a draft is below it).
    - The other types of a drafted name come from the resolver below. If a draft adds records, the name exists.
    - A draft hides a CNAME record that its name has below, since a name with other records can't have one. A drafted
      CNAME record answers for all types of its name that are not drafted; it is followed through drafts and resolver.
    - If CNAME records below lead to a drafted name, the draft answers from there on.
    - Every other answer is the very object that the resolver below returns. Failures below stay failures.

    Attributes:
        names: the drafted names, in the order of the drafts; with a zone, the names that it lists.
        zone: the zone that was laid over the resolver; None for drafts.
    """

    def __init__(self, resolver: object, drafts: Drafts | Zone) -> None:
        """Lay drafts or a zone over a resolver.

        Args:
            resolver: a Resolver, an AsyncResolver or both; the overlay has the same methods.
            drafts: name → type → records, in the forms of `Zone`; see above. A name with no types is ignored. Or a
                Zone, such as a zone file as it will be.

        Raises:
            ZoneError: a draft can't be used; the message says where, and what was expected.
            ResolverError: `resolver` is not a resolver.
        """
        require_resolver(resolver)
        self._resolver = resolver
        self.zone: Zone | None = drafts if isinstance(drafts, Zone) else None
        if isinstance(drafts, Zone):
            self._only = drafts.only_listed()
            self.names = drafts.names
        else:
            self._drafts, self._existing, self.names = _read_drafts(drafts)
        self._asked: set[str] = set()

    def __repr__(self) -> str:
        below = f"a {type(self._resolver).__name__}"
        above = f"drafts of {visible(', '.join(self.names), 80) or 'nothing'}" if self.zone is None else self.zone
        return f"<Overlay: {above} over {visible(below, 60)}>"

    @property
    def prefetch(self) -> int:
        """How many questions a check may ask ahead, as the resolver below says."""
        return getattr(self._resolver, "prefetch", 0)

    def slots(self, loop: "AbstractEventLoop", /) -> "Slots | None":
        """Return the slots for questions that this event loop has in flight, as the resolver says; None: no limit."""
        return slots_of(self._resolver, loop)

    @property
    def unchanging(self) -> bool:
        """Whether its answers never change, as the resolver below says."""
        return getattr(self._resolver, "unchanging", False)

    @property
    def asked(self) -> frozenset[str]:
        """The drafted names, in lower case, that a question has reached so far; empty with a zone."""
        return frozenset(self._asked)

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer to `question` as it would be. Raises ResolverError if the resolver below is not one."""
        answering = self.answering(question)
        answer = None
        while True:
            try:
                below = answering.send(answer)
            except StopIteration as stop:
                return cast("Answer", stop.value)
            answer = ask(self._resolver, below)

    async def aresolve(self, question: Question, /) -> Answer:
        """Async version of `resolve`."""
        answering = self.answering(question)
        answer = None
        while True:
            try:
                below = answering.send(answer)
            except StopIteration as stop:
                return cast("Answer", stop.value)
            answer = await aask(self._resolver, below)

    def answering(self, question: Question) -> Generator[Question, Any, Answer]:
        """Answer a question, yielding those for the resolver below: name by name along CNAME records."""
        return self._over_drafts(question) if self.zone is None else self._over_zone(question)

    def _over_zone(self, question: Question) -> Generator[Question, Any, Answer]:
        name, type = question
        chain: list[str] = []
        ttl: int | None = None
        while len(chain) <= MAX_CHAIN:
            answer = self._only.resolve(Question(name, type))
            if answer.is_unknown and not answer.chain:
                below: Answer = yield question if not chain else Question(name, type)
                known = (i for i, target in enumerate(below.chain) if self._only.speaks_for(fold(target), type))
                index = next(known, None)
                if index is None:
                    return with_chain(below, chain, ttl) if chain else below
                ttl = shorter(ttl, below.ttl)
                chain += below.chain[: index + 1]
            elif answer.is_unknown:
                ttl = shorter(ttl, answer.ttl)
                chain += answer.chain
            else:
                return with_chain(answer, chain, ttl) if chain else answer
            name = chain[-1]
        return Answer.failed(Status.LOOP, chain)

    def _over_drafts(self, question: Question) -> Generator[Question, Any, Answer]:
        name, type = question
        chain: list[str] = []
        ttl: int | None = None
        seen: set[str] = set()
        while True:
            key = fold(name.removesuffix("."))
            if key in seen or len(chain) > MAX_CHAIN:
                return Answer.failed(Status.LOOP, chain)
            seen.add(key)
            draft = self._drafts.get(key)
            if draft is not None:
                self._asked.add(key)
            if draft is None:
                answer: Answer = yield question if not chain else Question(name, type)
                index = self._first_drafted(answer.chain)
                if index is None:
                    return self._finish(key, answer, chain, ttl)
                chain += answer.chain[: index + 1]
                ttl = shorter(ttl, answer.ttl)
            elif (drafted := draft.answers.get(type)) is not None:
                return with_chain(drafted, chain, ttl) if chain else drafted
            elif draft.cname is not None:
                chain.append(draft.cname.records[0])
            else:
                answer = yield Question(name, type)
                return self._finish(key, _NODATA if answer.chain else answer, chain, ttl)
            name = chain[-1]

    def _first_drafted(self, chain: tuple[str, ...]) -> int | None:
        return next((index for index, name in enumerate(chain) if fold(name) in self._drafts), None)

    def _finish(self, key: str, answer: Answer, chain: list[str], ttl: int | None) -> Answer:
        """Return an answer of the resolver below, changed as the drafts require."""
        if answer.status is Status.NXDOMAIN and not answer.chain and key in self._existing:
            answer = Answer.nodata(answer.ttl)
        return with_chain(answer, chain, ttl) if chain else answer


def with_drafts(resolver: "Resolver", drafts: Mapping[str, str]) -> "Resolver":
    """Return a resolver with each draft as the only TXT record of its name; names that DNS can't ask are skipped.

    Raises:
        ZoneError: a draft can't be used.
    """
    usable = {name.encode("latin-1"): {"TXT": text} for name, text in drafts.items() if domain_fault(name) is None}
    return Overlay(resolver, usable) if usable else resolver


def _read_drafts(drafts: Drafts) -> tuple[dict[str, Node], set[str], tuple[str, ...]]:
    """Return a node for each drafted name, the names that exist because of the drafts, and the names as written."""
    if not isinstance(drafts, Mapping):
        raise ZoneError(f"drafts are a mapping of name → type → records, not {visible(type(drafts).__name__)}")
    names: dict[str, str] = {}
    added: dict[Text, dict[str, Records]] = {}
    deleted: dict[str, set[str]] = {}
    for written, by_type in drafts.items():
        name = _draft_name(written)
        key, printable = fold(name), visible_name(name) or "."
        if key in names:
            raise ZoneError(f"{printable} is drafted twice (names compare without case); join the drafts")
        if by_type is not None and not isinstance(by_type, Mapping):
            raise cannot_use(printable, by_type, "a mapping of type → records, or None to delete the name")
        if by_type is None or by_type:
            names[key] = name
            added[name.encode("latin-1") or b"."], deleted[key] = _read_draft(printable, by_type)
    _, rrsets = read_mapping(added, None)
    nodes = make_nodes(names, rrsets)
    existing = _existing(nodes, rrsets)
    for key, node in nodes.items():
        _delete(node, deleted[key], exists=key in existing)
    return nodes, existing, tuple(names.values())


def _draft_name(written: object) -> str:
    name = read_name(written, "name")
    if name == "*" or name.startswith("*."):
        raise cannot_use("name", name, "no wildcard: draft the names themselves")
    return name


def _delete(node: Node, types: set[str], *, exists: bool) -> None:
    """Answer "no records" for the deleted types of a node; for all, if the node is deleted but its name exists."""
    for rrtype in RRType:
        rest = ANY_TYPE in types and rrtype not in node.answers and node.cname is None
        if rest or rrtype in types or (node.absent and exists):
            node.answers[rrtype] = _NODATA


def _read_draft(printable: str, by_type: Mapping[str, Records | None] | None) -> tuple[dict[str, Records], set[str]]:
    """Return what a draft adds at its name, by type, and the types that it deletes."""
    if by_type is None:
        return {ANY_TYPE: Status.NXDOMAIN}, set()
    added: dict[str, Records] = {}
    deleted: set[str] = set()
    for written, records in by_type.items():
        type = read_type(written, printable)
        if type in added or type in deleted:
            raise ZoneError(f"{printable} {type} is drafted twice (types compare without case); join the drafts")
        if records is None:
            deleted.add(type)
        else:
            added[type] = records
    return added, deleted


def _existing(nodes: Mapping[str, Node], rrsets: Iterable[RRset]) -> set[str]:
    """Return the names where a draft adds something, and all names above them."""
    existing: set[str] = set()
    for rrset in rrsets:
        key = fold(rrset.name)
        above = "" if nodes[key].absent else key
        while above and above not in existing:
            existing.add(above)
            above = above.partition(".")[2]
    return existing
