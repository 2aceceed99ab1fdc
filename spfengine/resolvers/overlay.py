"""Drafts laid over a resolver: what DNS would answer once they are published.

What it can't know, because a resolver tells only what it is asked: names below a deleted one are still there, and a
drafted name under a live wildcard does not hide that wildcard from the names below it. Drafts of wildcards are refused,
since which answers of the resolver below came from one can't be seen.
"""

from collections.abc import Generator, Iterable, Mapping
from typing import Any, cast

from spfengine.answers import Answer, Question, RRType, Status, Text
from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.asking import aask, ask, require_resolver
from spfengine.resolvers.rrsets import ANY_TYPE, Records, RRset, cannot_use, read_mapping, read_name, read_type
from spfengine.resolvers.zone import MAX_CHAIN, Node, make_nodes, shorter, with_chain
from spfengine.visible import visible, visible_name

Drafts = Mapping[Any, Mapping[str, Records | None] | None]  # names are Text; Any, since Mapping is invariant in it
"""name → type → records, as a `Zone` takes them; None in place of records deletes them, in place of types the name."""

_NODATA = Answer.nodata()


class Overlay:
    """Drafts over any resolver; itself a Resolver and an AsyncResolver.

    - A draft for a name and type replaces that RRset; None deletes it (no records); a Status makes its question fail.
    - None for a name deletes the name: it does not exist (but has no records if a draft stands below it).
    - The other types of a drafted name come from the resolver below. If a draft adds records, the name exists.
    - A draft hides a CNAME record that stands at its name below: a name with other records can't have one. A drafted
      CNAME record stands for all types of its name that are not drafted, and leads through drafts and the resolver.
    - Where CNAME records below lead into a drafted name, the draft answers from there on.
    - Whatever no draft touches is the very answer of the resolver below. Failures below stay failures.

    Attributes:
        names: the drafted names, in the order of the drafts.
    """

    def __init__(self, resolver: object, drafts: Drafts) -> None:
        """Lay drafts over a resolver.

        Args:
            resolver: a Resolver, an AsyncResolver or both; the overlay answers the ways that it does.
            drafts: name → type → records, in the forms of `Zone`; see above. A name with no types is no draft.

        Raises:
            ZoneError: a draft can't be used; the message says where, and what was expected.
            ResolverError: `resolver` is none.
        """
        require_resolver(resolver)
        self._resolver = resolver
        self._drafts, self._existing, self.names = _read_drafts(drafts)
        self._asked: set[str] = set()

    @property
    def prefetch(self) -> int:
        """How many questions a check may ask ahead: as many as the resolver below says."""
        return getattr(self._resolver, "prefetch", 0)

    @property
    def unchanging(self) -> bool:
        """Whether its answers never change: where those of the resolver below do not."""
        return getattr(self._resolver, "unchanging", False)

    @property
    def asked(self) -> frozenset[str]:
        """Those drafted names, folded to lower case, that a question has reached so far."""
        return frozenset(self._asked)

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer to `question` as it would be. Raises ResolverError as a driver does."""
        answering = self.answering(question)
        answer = None
        while True:
            try:
                below = answering.send(answer)
            except StopIteration as stop:
                return cast("Answer", stop.value)
            answer = ask(self._resolver, below)

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the answer to `question` as it would be. Raises ResolverError as a driver does."""
        answering = self.answering(question)
        answer = None
        while True:
            try:
                below = answering.send(answer)
            except StopIteration as stop:
                return cast("Answer", stop.value)
            answer = await aask(self._resolver, below)

    def answering(self, question: Question) -> Generator[Question, Any, Answer]:
        """Answer a question, asking the resolver below with `yield`: from name to name, as CNAME records lead."""
        name, kind = question
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
                answer: Answer = yield question if not chain else Question(name, kind)
                place = self._first_drafted(answer.chain)
                if place is None:
                    return self._ended(key, answer, chain, ttl)
                chain += answer.chain[: place + 1]
                ttl = shorter(ttl, answer.ttl)
            elif (found := draft.answers.get(kind)) is not None:
                return with_chain(found, chain, ttl) if chain else found
            elif draft.cname is not None:
                chain.append(draft.cname.records[0])
            else:
                answer = yield Question(name, kind)
                return self._ended(key, _NODATA if answer.chain else answer, chain, ttl)
            name = chain[-1]

    def _first_drafted(self, chain: tuple[str, ...]) -> int | None:
        return next((place for place, name in enumerate(chain) if fold(name) in self._drafts), None)

    def _ended(self, key: str, answer: Answer, chain: list[str], ttl: int | None) -> Answer:
        """Return what the resolver below answered for a name, as the drafts let it be."""
        if answer.status is Status.NXDOMAIN and not answer.chain and key in self._existing:
            answer = Answer.nodata(answer.ttl)
        return with_chain(answer, chain, ttl) if chain else answer


def _read_drafts(drafts: Drafts) -> tuple[dict[str, Node], set[str], tuple[str, ...]]:
    """Return what stands at each drafted name, the names that exist by the drafts, and the names as written."""
    if not isinstance(drafts, Mapping):
        raise ZoneError(f"drafts are a mapping of name → type → records, not {visible(type(drafts).__name__)}")
    names: dict[str, str] = {}
    added: dict[Text, dict[str, Records]] = {}
    deleted: dict[str, set[str]] = {}
    for written, by_type in drafts.items():
        name = read_name(written, "name")
        key, shown = fold(name), visible_name(name) or "."
        if key in names:
            raise ZoneError(f"{shown} is drafted twice (names compare without case); join the drafts")
        if name == "*" or name.startswith("*."):
            raise cannot_use("name", name, "no wildcard: draft the names themselves")
        if by_type is not None and not isinstance(by_type, Mapping):
            raise cannot_use(shown, by_type, "a mapping of type → records, or None to delete the name")
        if by_type is None or by_type:
            names[key] = name
            added[name.encode("latin-1") or b"."], deleted[key] = _read_draft(shown, by_type)
    _, rrsets = read_mapping(added, None)
    nodes = make_nodes(names, rrsets)
    existing = _existing(nodes, rrsets)
    for key, node in nodes.items():
        for rrtype in RRType:
            rest = ANY_TYPE in deleted[key] and rrtype not in node.answers and node.cname is None
            if rest or rrtype in deleted[key] or (node.absent and key in existing):
                node.answers[rrtype] = _NODATA
    return nodes, existing, tuple(names.values())


def _read_draft(shown: str, by_type: Mapping[str, Records | None] | None) -> tuple[dict[str, Records], set[str]]:
    """Return what a draft adds at its name, by type, and the types that it deletes."""
    if by_type is None:
        return {ANY_TYPE: Status.NXDOMAIN}, set()
    added: dict[str, Records] = {}
    deleted: set[str] = set()
    for written, records in by_type.items():
        kind = read_type(written, shown)
        if kind in added or kind in deleted:
            raise ZoneError(f"{shown} {kind} is drafted twice (types compare without case); join the drafts")
        if records is None:
            deleted.add(kind)
        else:
            added[kind] = records
    return added, deleted


def _existing(nodes: Mapping[str, Node], rrsets: Iterable[RRset]) -> set[str]:
    """Return the names at which a draft adds something, and all names above them."""
    existing: set[str] = set()
    for rrset in rrsets:
        key = fold(rrset.name)
        above = "" if nodes[key].absent else key
        while above and above not in existing:
            existing.add(above)
            above = above.partition(".")[2]
    return existing
