"""Split a flattened record over several names, so that no DNS answer is too large."""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from spfengine.advice.flatten.choosing import FlattenPlan, Run
from spfengine.answers import Answer, Question, RRType, TextRecord
from spfengine.drivers import asking, once
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.session import Answers
from spfengine.evaluation.unanswered import hint_for, incompleteness, named_unknown
from spfengine.linting.fixes import as_strings
from spfengine.linting.limits import PLAIN_UDP, UNFRAGMENTED, answer_size
from spfengine.linting.terms import MAX_IP4
from spfengine.names import domain_fault
from spfengine.policy.ranges import IPNetwork
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import Include
from spfengine.record.parser import parse
from spfengine.visible import visible, visible_name

SIZES = (PLAIN_UDP, UNFRAGMENTED)
"""Sizes of a DNS answer, in octets, that are tried in turn until the record fits."""
LEAST_SIZE = 256
MOST_SIZE = 65_535
NAMES = "_spf{n}"
"""The pattern of the names for what does not fit, below the domain: {n} is 1, 2, …"""

_LONGEST_NUMBER = 99  # reserves the space of {n} before the number is known
_MOST_TRIED = 100  # names that are queried
_END = " -all"  # an include depends on pass only, but a check of the name itself should give a clear result


@dataclass(frozen=True, slots=True)
class Layout:
    """A record split over names.

    Attributes:
        version: the version of the domain's own record.
        items: its terms as written; for an include of another name, its qualifier and the index of that name.
        others: the records of the other names.
    """

    version: str
    items: tuple[str | tuple[str, int], ...]
    others: tuple[str, ...]

    def record(self, names: Sequence[str]) -> str:
        """Return the domain's own record with these other names."""
        terms = [item if isinstance(item, str) else f"{item[0]}include:{names[item[1]]}" for item in self.items]
        return " ".join([self.version, *terms])


class Names:
    """The names for what does not fit into the domain's own record.

    Attributes:
        pattern: the full name with {n} in it.
    """

    def __init__(self, domain: str, pattern: str) -> None:
        """Read the pattern: names below the domain; with a final dot, whole names.

        Raises:
            ArgumentError: its names can't be included.
        """
        if pattern.count("{n}") != 1:
            given = visible(pattern, 80)
            raise ArgumentError(f"names: expected a name with {{n}} in it once, such as {NAMES}, not {given!r}")
        self.pattern: str = pattern[:-1] if pattern.endswith(".") else f"{pattern}.{domain}"
        for number in (1, _LONGEST_NUMBER):
            name = self.name(number)
            if domain_fault(name) is not None or not _is_includable(name):
                raise ArgumentError(f"names: {visible_name(name)} can't be used as the name of an include")

    def name(self, number: int) -> str:
        """Return one of the names."""
        return self.pattern.replace("{n}", str(number))

    @property
    def longest(self) -> str:
        """The longest name that may be used."""
        return self.name(_LONGEST_NUMBER)

    def free(self, wanted: int, known: Answers) -> Generator[Question, Answer, list[str] | Problem]:
        """Return the first names that have no TXT and no CNAME record, or why there are too few.

        With new names the change is safe: they can be published before the record that includes them.
        """
        names: list[str] = []
        for number in count(1):
            if len(names) == wanted:
                break
            name = self.name(number)
            answer = yield from once(asking(Question(name, RRType.TXT)), known)
            if answer.is_failure:
                failed = {Question(name, RRType.TXT): answer}
                text = f"it is not known whether {visible_name(name)} is free: {named_unknown(failed)}"
                return Problem(incompleteness(failed), text, name, None, "2.6.6", hint_for(failed))
            if answer.is_void and not answer.chain:
                names.append(name)
            if number == _MOST_TRIED:
                text = f"all names up to {visible_name(name)} are taken: they have TXT or CNAME records"
                hint = "choose other names, or remove the wildcard record that answers for all of them"
                return Problem(ProblemCode.FLATTEN_NO_FREE_NAME, text, name, None, "", hint)
        return names


def _is_includable(name: str) -> bool:
    """Whether `include:` followed by the name refers to exactly that name."""
    try:
        [term] = parse(f"v=spf1 include:{name}").terms
    except (RecordSyntaxError, ValueError):
        return False
    return isinstance(term, Include) and term.domain_spec.target == name


def network_term(network: IPNetwork) -> str:
    """Return the mechanism that matches a network."""
    text = str(network) if network.prefixlen < network.max_prefixlen else str(network.network_address)
    return f"ip{network.version}:{text}"


def record_size(name: str, record: str, siblings: Iterable[TextRecord] = ()) -> int:
    """Return the octets of the DNS answer with a record and the other TXT records of its name."""
    return answer_size(name, Answer.txt(as_strings(record), *siblings))


def split(
    domain: str, plan: FlattenPlan, names: Names, siblings: Sequence[tuple[bytes, ...]], max_size: int, own_size: int
) -> Layout:
    """Return the record split over names.

    The answers for the other names have at most `max_size` octets, and the answer for the domain at most `own_size`,
    unless its kept terms alone need more. No record gets more ip4 terms than all receivers accept.
    """

    def fits_elsewhere(terms: list[str]) -> bool:
        return _few_ip4(terms) and record_size(names.longest, _other(terms)) <= max_size

    pieces: list[str | _Chunk] = []
    for item in plan.body:
        if isinstance(item, str):
            pieces.append(item)
        else:
            pieces += [_Chunk(item.qualifier, terms) for terms in _filled(item, fits_elsewhere)]
    chunks = [piece for piece in pieces if isinstance(piece, _Chunk)]
    for chunk in sorted(chunks, key=lambda chunk: len(chunk.terms)):  # the smallest go into the domain's own record
        chunk.inline = True
        own = _own(plan.version, pieces, names)
        if not _few_ip4(own.split(" ")) or record_size(domain, own, siblings) > own_size:
            chunk.inline = False
            break
    return _layout(plan.version, pieces)


class _Chunk:
    """Networks that are kept together, in the domain's own record or in another."""

    def __init__(self, qualifier: str, terms: list[str]) -> None:
        self.qualifier = qualifier
        self.terms = terms
        self.inline = False


def _filled(run: Run, fits: Callable[[list[str]], bool]) -> list[list[str]]:
    """Return the networks of a run in as few records as possible, each filled before the next."""
    filled: list[list[str]] = [[]]
    for network in run.networks:
        term = network_term(network)
        if filled[-1] and not fits([*filled[-1], term]):
            filled.append([])
        filled[-1].append(term)
    return filled


def _few_ip4(terms: Iterable[str]) -> bool:
    return sum("ip4:" in term.lower()[:5] for term in terms) <= MAX_IP4


def _other(terms: Iterable[str]) -> str:
    return f"v=spf1 {' '.join(terms)}{_END}"


def _own(version: str, pieces: Iterable["str | _Chunk"], names: Names) -> str:
    """Return the domain's own record, with the longest names."""
    layout = _layout(version, pieces)
    return layout.record([names.longest] * len(layout.others))


def _layout(version: str, pieces: Iterable["str | _Chunk"]) -> Layout:
    items: list[str | tuple[str, int]] = []
    others: list[str] = []
    for piece in pieces:
        if isinstance(piece, str):
            items.append(piece)
        elif piece.inline:
            items += [piece.qualifier + term for term in piece.terms]
        else:
            items.append((piece.qualifier, len(others)))
            others.append(_other(piece.terms))
    return Layout(version, tuple(items), tuple(others))
