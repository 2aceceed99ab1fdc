"""Drafts laid over a resolver: what DNS would answer once they are published.

What it can't know, because a resolver tells only what it is asked: names below a deleted one are still there, and a
drafted name under a live wildcard does not hide that wildcard from the names below it. Drafts of wildcards are refused,
since which answers of the resolver below came from one can't be seen.
"""

from collections.abc import Generator, Mapping

from spfengine.answers import Answer, Question, RRType, Status, Text
from spfengine.errors import ZoneError
from spfengine.names import fold
from spfengine.resolvers.asking import aask, ask, require_resolver
from spfengine.resolvers.nodes import MAX_CHAIN, Node, make_nodes, shorter, with_chain
from spfengine.resolvers.rrsets import ANY_TYPE, Records, cannot_use, read_mapping, read_name, read_type
from spfengine.visible import visible, visible_name

Drafts = Mapping[Text, Mapping[str, Records | None] | None]
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
        asked: those of them, folded to lower case, that a question has reached so far.
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
    def asked(self) -> frozenset[str]:
        return frozenset(self._asked)

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer to `question` as it would be. Raises ResolverError as a driver does."""
        answering = self._answer(question)
        try:
            below = next(answering)
            while True:
                below = answering.send(ask(self._resolver, below))
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer

    async def aresolve(self, question: Question, /) -> Answer:
        """Return the answer to `question` as it would be. Raises ResolverError as a driver does."""
        answering = self._answer(question)
        try:
            below = next(answering)
            while True:
                below = answering.send(await aask(self._resolver, below))
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer

    def _answer(self, question: Question) -> Generator[Question, Answer, Answer]:
        """Answer a question, asking the resolver below with `yield`: from name to name, as CNAME records lead."""
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
                answer = yield question if not chain else Question(name, type)
                place = self._first_drafted(answer.chain)
                if place is None:
                    return self._ended(key, answer, chain, ttl)
                chain += answer.chain[: place + 1]
                ttl = shorter(ttl, answer.ttl)
            elif (found := draft.answers.get(type)) is not None:
                return with_chain(found, chain, ttl) if chain else found
            elif draft.cname is not None:
                chain.append(draft.cname.records[0])
            else:
                answer = yield Question(name, type)
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
        if by_type is not None and not by_type:
            continue
        names[key] = name
        adds: dict[str, Records] = {ANY_TYPE: Status.NXDOMAIN} if by_type is None else {}
        for written_type, records in (by_type or {}).items():
            kind = read_type(written_type, shown)
            if kind in adds or kind in deleted.get(key, ()):
                raise ZoneError(f"{shown} {kind} is drafted twice (types compare without case); join the drafts")
            if records is None:
                deleted.setdefault(key, set()).add(kind)
            else:
                adds[kind] = records
        added[name.encode("latin-1") or b"."] = adds
    _, rrsets = read_mapping(added, None)
    nodes = make_nodes(names, rrsets)
    existing: set[str] = set()
    for rrset in rrsets:
        key = fold(rrset.name)
        while not nodes[fold(rrset.name)].absent and key and key not in existing:
            existing.add(key)
            key = key.partition(".")[2]
    for key, kinds in deleted.items():
        node = nodes[key]
        for rrtype in RRType:
            if rrtype in kinds or (ANY_TYPE in kinds and rrtype not in node.answers and node.cname is None):
                node.answers[rrtype] = _NODATA
    for key in existing & nodes.keys():
        if nodes[key].absent:
            nodes[key].answers.update(dict.fromkeys(RRType, _NODATA))
    return nodes, existing, tuple(names.values())
