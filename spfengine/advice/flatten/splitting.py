"""A flattened record split over several names, so that each DNS answer stays within a size."""

from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import count
from typing import NamedTuple

from spfengine.advice.flatten.choosing import Choice, Run
from spfengine.answers import Answer, Question, RRType, TextRecord
from spfengine.drivers import asking, once
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.evaluation.session import Answers
from spfengine.linting.fixes import as_strings
from spfengine.linting.limits import PLAIN_UDP, UNFRAGMENTED, answer_size
from spfengine.linting.terms import MAX_IP4
from spfengine.names import domain_fault
from spfengine.policy.policy import Network
from spfengine.problems import Problem, ProblemCode
from spfengine.record.model import Include
from spfengine.record.parser import parse
from spfengine.visible import visible, visible_name

SIZES = (PLAIN_UDP, UNFRAGMENTED)
"""Octets of a DNS answer that records are split for, the first of them that is enough."""
LEAST_SIZE = 256
MOST_SIZE = 65_535
NAMES = "_spf{n}"
"""The names that take what does not fit, below the domain: {n} is 1, 2, …"""

_LONGEST_NUMBER = 99  # what {n} takes up where it is not known yet
_MOST_TRIED = 100  # names that are asked for


class Layout(NamedTuple):
    """A record split over names.

    Attributes:
        version: the version of the domain's own record.
        items: its terms as written; or what stands before an include of another name, and which of them that is.
        others: the records of the other names.
    """

    version: str
    items: tuple[str | tuple[str, int], ...]
    others: tuple[str, ...]

    def record(self, names: Sequence[str]) -> str:
        """Return the domain's own record, given the other names."""
        terms = [item if isinstance(item, str) else f"{item[0]}include:{names[item[1]]}" for item in self.items]
        return " ".join([self.version, *terms])


class Names:
    """The names that take what does not fit.

    Attributes:
        pattern: what they are made of.
    """

    def __init__(self, domain: str, pattern: str) -> None:
        """Read the pattern: names below the domain; with a final dot, whole names.

        Raises:
            ArgumentError: no name that can be included comes of it.
        """
        if pattern.count("{n}") != 1:
            shown = visible(pattern, 80)
            raise ArgumentError(f"names: expected a name with {{n}} in it once, such as {NAMES}, not {shown!r}")
        self.pattern = pattern[:-1] if pattern.endswith(".") else f"{pattern}.{domain}"
        for number in (1, _LONGEST_NUMBER):
            name = self.name(number)
            if domain_fault(name) is not None or not _is_includable(name):
                raise ArgumentError(f"names: {visible_name(name)} is no name that can be included")

    def name(self, number: int) -> str:
        """Return one of the names."""
        return self.pattern.replace("{n}", str(number))

    @property
    def longest(self) -> str:
        """A name as long as any that is used."""
        return self.name(_LONGEST_NUMBER)

    def free(self, wanted: int, known: Answers) -> Generator[Question, Answer, list[str] | Problem]:
        """Return the first of the names at which no TXT record stands, and no CNAME record; or why there are too few.

        A new name makes the change safe: what it holds is there before the record that includes it.
        """
        found: list[str] = []
        for number in count(1):
            if len(found) == wanted:
                break
            name = self.name(number)
            answer = yield from once(asking(Question(name, RRType.TXT)), known)
            if answer.is_failure:
                text = f"DNS could not answer whether {visible_name(name)} is free ({answer.status})"
                return Problem(ProblemCode.DNS_INCOMPLETE, text, name, None, "2.6.6", "try again later")
            if answer.is_void and not answer.chain:
                found.append(name)
            if number == _MOST_TRIED:
                text = f"all names up to {visible_name(name)} are taken: they have TXT or CNAME records"
                hint = "give other names, or take a wildcard out that answers for all"
                return Problem(ProblemCode.FLATTEN_NO_FREE_NAME, text, name, None, "", hint)
        return found


def _is_includable(name: str) -> bool:
    """Whether an include of the name, written as it is, leads there."""
    try:
        [term] = parse(f"v=spf1 include:{name}").terms
    except (RecordSyntaxError, ValueError):
        return False
    return isinstance(term, Include) and term.domain_spec.target == name


def network_term(network: Network) -> str:
    """Return the mechanism that matches a network."""
    text = str(network) if network.prefixlen < network.max_prefixlen else str(network.network_address)
    return f"ip{network.version}:{text}"


def record_size(name: str, record: str, siblings: Iterable[TextRecord] = ()) -> int:
    """Return the octets of the DNS answer with a record, split into strings, and the other TXT records of its name."""
    return answer_size(name, Answer.txt(as_strings(record), *siblings))


def split(
    domain: str, choice: Choice, names: Names, siblings: Sequence[tuple[bytes, ...]], size: int, own_size: int
) -> Layout:
    """Return the record split so that the answers of the other names stay within `size` octets, and the domain's own
    within `own_size` where its kept terms do.

    No record gets more ip4 terms than all receivers read.
    """

    def fits_elsewhere(terms: list[str]) -> bool:
        return _few_ip4(terms) and record_size(names.longest, _other(terms)) <= size

    pieces: list[str | _Chunk] = []
    for item in choice.body:
        if isinstance(item, str):
            pieces.append(item)
        else:
            pieces += [_Chunk(item.qualifier, each) for each in _filled(item, fits_elsewhere)]
    chunks = [piece for piece in pieces if isinstance(piece, _Chunk)]
    for chunk in sorted(chunks, key=lambda each: len(each.terms)):  # into the domain's own record, as long as they fit
        chunk.inline = True
        own = _own(choice.version, pieces, names)
        if not _few_ip4(own.split(" ")) or record_size(domain, own, siblings) > own_size:
            chunk.inline = False
            break
    return _layout(choice.version, pieces)


class _Chunk:
    """Networks that stand together: in the domain's own record, or in another."""

    def __init__(self, qualifier: str, terms: list[str]) -> None:
        self.qualifier = qualifier
        self.terms = terms
        self.inline = False


def _filled(run: Run, fits: Callable[[list[str]], bool]) -> list[list[str]]:
    """Return the networks of a run in as few records as there can be, each filled before the next."""
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


_END = " -all"  # an include looks only at pass, but whoever asks for the name itself gets a clear answer


def _own(version: str, pieces: Iterable["str | _Chunk"], names: Names) -> str:
    """Return the domain's own record, with names as long as any."""
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
