"""A population of domains whose summary is known: generated with the rates that two measurements found.

    python -m bench.population [--domains N] [--seed N] [--lint] [--zone FOLDER]

Surveys N domains in memory, and prints the summary of the survey beside what is known of the population. With `--zone`,
it writes the population as zone files for a DNS server instead (`population.example.zone`, `com.zone`), and the list of
its domains (`domains.txt`).

The rates are those of Table 3 of "SPF Beyond the Standard" (USENIX Security 2024), of "Lazy Gatekeepers" (IMC 2023) and
of "BreakSPF" (NDSS 2024). Which domain is of which kind follows from its number. So every answer is computed from the
name in the question, and a population of ten million takes no memory. What each kind adds to the summary is written
down here, next to its records; the engine has no part in it.
"""

import argparse
import re
import resource
import sys
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path

import spfengine
from spfengine import Answer, Question, RRType
from spfengine.answers import MAX_STRING
from spfengine.surveying import Summary, SummaryRow

APEX = "population.example"
UNREGISTERED = "com"
"""The zone in which names have no owner: the population's own names are not in it."""
SPF = 55_000_000
"""Domains with SPF of "SPF Beyond the Standard"; the weights of kinds are numbers of domains out of these."""
WITHOUT_SPF = SPF * 435 // 565
"""Of "Lazy Gatekeepers": 56.5 % of domains have SPF."""

_R = SummaryRow
_HOST = {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}
_SITE = {"A": ["192.0.2.2"], "AAAA": ["2001:db8::2"], "MX": [f"10 mail.{APEX}"]}

Sets = dict[str, list[str]]
"""The records of a name, by type."""


@dataclass(frozen=True)
class Kind:
    """Domains of one kind.

    Attributes:
        weight: how many domains of this kind there are, if `SPF` domains have a record.
        record: its TXT records, one on each line; {d} is the domain, {n} its number. "" if it has none.
        rows: the rows of the summary that count such a domain, besides those that count every domain with a record.
        broken_by: the domain whose record breaks it, or "".
        sets: its other records.
        below: records of names under the domain: label → records.
    """

    weight: int
    record: str
    rows: tuple[SummaryRow, ...] = ()
    broken_by: str = ""
    sets: Sets = field(default_factory=lambda: _SITE)
    below: dict[str, Sets] = field(default_factory=dict)


def _txt(record: str) -> Sets:
    return {"TXT": [record]}


def _lookups(count: int) -> str:
    """Return the text of a record that needs so many lookups, and passes only one network."""
    return " ".join(["v=spf1", *[f"a:mail.{APEX}"] * count, "ip4:192.0.2.0/24 ~all"])


SHARED: dict[str, Sets] = {
    "": {"A": ["192.0.2.3"]},
    "mail": _HOST,
    "empty": {"A": ["192.0.2.4"]},
    "small": _txt("v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:1::/48 ~all"),
    "large": _txt("v=spf1 ip4:11.0.0.0/15 ~all"),
    "two": _txt(_lookups(2)),
    "five": _txt(_lookups(5)),
    "six": _txt(_lookups(6)),
    "broken": _txt("v=spf1 ip4:192.0.2.0/24 -al"),
    "dangling": _txt(f"v=spf1 include:nowhere.{APEX} -all"),
    "void": _txt(f"v=spf1 a:nowhere.{APEX} mx:mail.{APEX} ~all"),
    "round": _txt(f"v=spf1 include:trip.{APEX} ~all"),
    "trip": _txt(f"v=spf1 include:round.{APEX} ~all"),
}
"""The names that domains share, by label under the apex."""

_LARGE = SPF * 347 // 1000
_INCLUDING = SPF * 60 // 100
_OVER = 3_548_014
_OVER_INCLUDING = _INCLUDING * 92 // 1000
_OVER_BY_TWO = _OVER * 837 // 1000
_RENTABLE = (SPF + WITHOUT_SPF) * 23_916 // 1_000_000
_OVER_ROWS = (_R.FAULTY, _R.OVER_LOOKUPS)
_FAULTY = (_R.FAULTY,)
_SYNTAX = (_R.MISSING_NETWORK, _R.MISSING_NAME, _R.INVALID_VALUE, _R.UNKNOWN_MECHANISM, _R.OTHER_SYNTAX)

_FAULTS = (
    # Syntax: a record that can't be parsed passes nobody
    Kind(5_000, "v=spf1 ip4: -all", (*_FAULTY, _R.MISSING_NETWORK)),
    Kind(2_326, "v=spf1 mx ip6 ~all", (*_FAULTY, _R.MISSING_NETWORK)),
    Kind(1_000, "v=spf1 a: -all", (*_FAULTY, _R.MISSING_NAME)),
    Kind(626, "v=spf1 ip4:192.0.2.1 MX: ~all", (*_FAULTY, _R.MISSING_NAME)),
    Kind(12_000, "v=spf1 ip4:1.2.3 -all", (*_FAULTY, _R.INVALID_VALUE)),
    Kind(5_000, "v=spf1 a:192.0.2.1 -all", (*_FAULTY, _R.INVALID_VALUE)),
    Kind(3_000, "v=spf1 mx/99 -all", (*_FAULTY, _R.INVALID_VALUE)),
    Kind(2_647, "v=spf1 ip6:192.0.2.1 include:%{z}.example -all", (*_FAULTY, _R.INVALID_VALUE)),
    Kind(40_000, "v=spf1 mx -al", (*_FAULTY, _R.UNKNOWN_MECHANISM)),
    Kind(12_966, "v=spf1 ipv4:192.0.2.1 -all", (*_FAULTY, _R.UNKNOWN_MECHANISM)),
    Kind(500, "v=spf1 a: ip4: ip4:300.1.1.1 all. include: -all", (*_FAULTY, *_SYNTAX)),
    Kind(1, "v=spf1 a: ip6: -all", (*_FAULTY, _R.MISSING_NETWORK, _R.MISSING_NAME)),
    Kind(2_000, "v=spf1 include -all", (*_FAULTY, _R.OTHER_SYNTAX)),
    Kind(500, "v=spf1 redirect={d} redirect=x.{d}", (*_FAULTY, _R.OTHER_SYNTAX)),
    # Evaluation
    Kind(40_000, "v=spf1 include:{d} -all", (*_FAULTY, _R.RECURSIVE, _R.WITH_INCLUDE)),
    Kind(10_000, f"v=spf1 ip4:192.0.2.1 include:round.{APEX} -all", (*_FAULTY, _R.RECURSIVE, _R.WITH_INCLUDE)),
    Kind(5_907, "v=spf1 ip4:192.0.2.1 redirect={d}", (*_FAULTY, _R.RECURSIVE)),
    Kind(82_606, "v=spf1 mx -all\nv=spf1 ~all", (*_FAULTY, _R.MULTIPLE_RECORDS)),
    Kind(
        45_000,
        f"v=spf1 ip4:192.0.2.1 include:empty.{APEX} -all",
        (*_FAULTY, _R.WITH_INCLUDE, _R.INCLUDE_WITHOUT_RECORD),
        f"empty.{APEX}",
    ),
    Kind(
        10_140,
        "v=spf1 include:gone.{d} -all",
        (*_FAULTY, _R.WITH_INCLUDE, _R.INCLUDE_WITHOUT_RECORD),
        "gone.{d}",
    ),
    Kind(
        20_000,
        f"v=spf1 mx include:dangling.{APEX} ~all",
        (*_FAULTY, _R.WITH_INCLUDE, _R.INCLUDE_WITHOUT_RECORD),
        f"nowhere.{APEX}",
    ),
    Kind(
        10_000,
        "v=spf1 include:gone-{n}.com -all",
        (*_FAULTY, _R.WITH_INCLUDE, _R.INCLUDE_WITHOUT_RECORD, _R.COULD_BE_REGISTERED),
        "gone-{n}.com",
    ),
    Kind(30_000, f"v=spf1 include:broken.{APEX} -all", (*_FAULTY, _R.WITH_INCLUDE), f"broken.{APEX}"),
    Kind(300_000, f"v=spf1 mx:mail.{APEX} ip4:192.0.2.1 -all", (_R.VOID_MX,)),
    Kind(4_524, "v=spf1 mx:gone.{d} ip4:192.0.2.1 -all", (_R.VOID_MX,)),
    Kind(230_890, "v=spf1 a:gone.{d} ip4:192.0.2.1 -all", (_R.VOID_A,)),
    Kind(20_000, "v=spf1 a:www.{d} ip4:192.0.2.1 -all", (_R.VOID_A,), below={"www": _txt("no address")}),
    Kind(10_000, "v=spf1 a:host.gone-{n}.com ~all", (_R.VOID_A, _R.COULD_BE_REGISTERED)),
    Kind(20_000, f"v=spf1 include:void.{APEX} ~all", (_R.VOID_MX, _R.VOID_A, _R.WITH_INCLUDE)),
    Kind(
        _OVER_BY_TWO,
        f"v=spf1 ip4:192.0.2.1 include:five.{APEX} include:five.{APEX} include:small.{APEX} -all",
        (*_OVER_ROWS, _R.OVER_LOOKUPS_BY_TWO_INCLUDES, _R.WITH_INCLUDE),
    ),
    Kind(
        _OVER_INCLUDING - _OVER_BY_TWO,
        "v=spf1 " + " ".join([f"include:two.{APEX}"] * 4) + " ~all",
        (*_OVER_ROWS, _R.WITH_INCLUDE),
    ),
    Kind(_OVER - _OVER_INCLUDING, _lookups(11), _OVER_ROWS),
)


def _total(kinds: Iterable[Kind], row: SummaryRow) -> int:
    return sum([kind.weight for kind in kinds if row in kind.rows])


def _sound() -> Iterator[Kind]:
    """Yield kinds of records without a fault, as many as are left."""
    large = _LARGE - _total(_FAULTS, _R.LARGE_SPACE)
    including = _INCLUDING - _total(_FAULTS, _R.WITH_INCLUDE)
    left = SPF - sum([kind.weight for kind in _FAULTS])
    rows = (_R.LARGE_SPACE, _R.WITH_INCLUDE)
    yield Kind(large - 1_000_000, f"v=spf1 a mx include:large.{APEX} ~all", rows)
    yield Kind(1_000_000, "v=spf1 redirect=_spf.{d}", (_R.LARGE_SPACE,), below={"_spf": _txt("v=spf1 ip4:12.0.0.0/8")})
    rest = including - (large - 1_000_000)
    yield Kind(rest // 2, f"v=spf1 include:small.{APEX} -all", (_R.WITH_INCLUDE,))
    yield Kind(rest - rest // 2, f"v=spf1 a mx include:five.{APEX} include:small.{APEX} ~all", (_R.WITH_INCLUDE,))
    without = left - including - 1_000_000
    yield Kind(_RENTABLE, "v=spf1 ip4:3.8.0.0/20 ~all", (_R.RENTABLE_NETWORK,))
    yield Kind(without // 2, "v=spf1 a mx -all")
    yield Kind(without // 4, "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all")
    yield Kind(without - without // 2 - without // 4 - _RENTABLE, "v=spf1 -all")


KINDS = (
    *_FAULTS,
    *_sound(),
    Kind(WITHOUT_SPF // 2, "", sets={"A": ["192.0.2.5"]}),
    Kind(WITHOUT_SPF // 4, "not a record"),
    Kind(WITHOUT_SPF - WITHOUT_SPF // 2 - WITHOUT_SPF // 4, "", sets={}),  # they don't exist
)
"""All kinds; a population has at least one domain of each."""

_ENDS = list(accumulate([kind.weight for kind in KINDS]))
_NUMBER = re.compile(r"d(0|[1-9][0-9]*)")


def _has_record(kind: Kind) -> bool:
    return kind.record.startswith("v=spf1")


class Population:
    """So many domains, as a resolver.

    Args:
        count: how many domains there are: d0.population.example and so on; at least one of each kind.
        seed: decides of which kind each of the others is.
    """

    unchanging = True
    """Answers never change, and take no time."""

    def __init__(self, count: int, seed: int = 7208) -> None:
        if count < len(KINDS):
            raise ValueError(f"a population has {len(KINDS)} domains or more, one of each kind, not {count}")
        self.count = count
        self.seed = seed
        self._shared: dict[Question, Answer] = {}

    @property
    def domains(self) -> Iterator[str]:
        """The domains, in order."""
        return (f"d{number}.{APEX}" for number in range(self.count))

    def kind(self, number: int) -> Kind:
        """Return the kind of a domain."""
        if number < len(KINDS):
            return KINDS[number]
        code = int.from_bytes(blake2b(f"{self.seed} {number}".encode(), digest_size=8).digest())
        return KINDS[bisect_right(_ENDS, code % _ENDS[-1])]

    def resolve(self, question: Question, /) -> Answer:
        """Return the answer; those that many domains need are kept, with the record that was parsed from them."""
        name = question.name.lower()
        label = name.removesuffix(APEX).removesuffix(".")
        if label not in SHARED or not name.endswith(APEX):
            return _answer(self._sets(name), question.type)
        key = question.key
        if key not in self._shared:
            self._shared[key] = _answer(SHARED[label], question.type)
        return self._shared[key]

    def truth(self, *, lint: bool) -> Summary:
        """Return the summary that a survey of all domains has to come to."""
        rows: Counter[SummaryRow] = Counter()
        names: Counter[str] = Counter()
        for number in range(self.count):
            kind = self.kind(number)
            rows[_R.DOMAINS] += 1
            if _has_record(kind):
                rows.update((_R.WITH_RECORD, *kind.rows, *([_R.LINTED] if lint else [])))
            if kind.broken_by:
                names[_filled(kind.broken_by, number)] += 1
        if not lint:
            rows.subtract({row: rows[row] for row in (_R.COULD_BE_REGISTERED, _R.RENTABLE_NETWORK)})
        return Summary(rows.items(), names.items())

    def zone_lines(self) -> Iterator[str]:
        """Yield the lines of the zone file of population.example."""
        yield f"$ORIGIN {APEX}.\n$TTL 300\n{_SOA}"
        for name, sets in self.names():
            yield from _lines(name, sets)

    def names(self) -> Iterator[tuple[str, Sets]]:
        """Yield all names that have records, with these."""
        for label, sets in SHARED.items():
            yield f"{label}.{APEX}" if label else APEX, sets
        for number in range(self.count):
            yield from _names_of(self.kind(number), number).items()

    def _sets(self, name: str) -> Sets | None:
        """Return the records of a name; none if only names under it exist; None if it does not exist."""
        if name == UNREGISTERED:
            return {}
        labels = name.removesuffix(f".{APEX}").split(".")
        number = _NUMBER.fullmatch(labels[-1])
        if number is None or int(number[1]) >= self.count or not name.endswith(APEX):
            return None
        return _names_of(self.kind(int(number[1])), int(number[1])).get(name)


def unregistered_lines() -> Iterator[str]:
    """Yield the lines of the zone file of the domain under which nothing is registered."""
    yield f"$ORIGIN {UNREGISTERED}.\n$TTL 300\n{_SOA}"


_SOA = "@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 300\n@ NS ns.invalid.\n"


def _filled(text: str, number: int) -> str:
    return text.replace("{d}", f"d{number}.{APEX}").replace("{n}", str(number))


def _names_of(kind: Kind, number: int) -> dict[str, Sets]:
    """Return the names of a domain that exist, with their records."""
    domain = f"d{number}.{APEX}"
    sets = kind.sets | ({"TXT": _filled(kind.record, number).split("\n")} if kind.record else {})
    return {name: each for name, each in {domain: sets}.items() if each} | {
        f"{label}.{domain}": each for label, each in kind.below.items()
    }


def _answer(sets: Sets | None, type: RRType) -> Answer:
    if sets is None:
        return Answer.nxdomain(ttl=300)
    records = sets.get(type, [])
    if not records:
        return Answer.nodata(ttl=300)
    if type is RRType.MX:
        pairs = [record.split(" ") for record in records]
        return Answer.mx(*[(int(preference), exchange) for preference, exchange in pairs], ttl=300)
    if type is RRType.TXT:
        return Answer.txt(*map(_strings, records), ttl=300)
    return (Answer.a if type is RRType.A else Answer.aaaa)(*records, ttl=300)


def _strings(record: str) -> tuple[str, ...]:
    """Return the strings of a TXT record."""
    return tuple([record[start : start + MAX_STRING] for start in range(0, len(record), MAX_STRING)])


def _lines(name: str, sets: Sets) -> Iterator[str]:
    for type, records in sets.items():
        for record in records:
            quoted = " ".join([f'"{string}"' for string in _strings(record)])
            data = quoted if type == "TXT" else f"{record}." if type == "MX" else record
            yield f"{name}. {type} {data}\n"


def beside(found: Summary, known: Summary) -> Iterator[str]:
    """Yield a table of both, row by row."""
    yield "| row | known | found |\n|---|---:|---:|"
    for row, count in known.counts:
        yield f"| {row} | {count:,} | {found[row]:,} |{'' if found[row] == count else ' **differs**'}"
    yield f"\ndomains that others break by: {'equal' if found.broken_by == known.broken_by else '**differ**'}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--domains", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7208)
    parser.add_argument("--lint", action="store_true")
    parser.add_argument("--zone", metavar="FOLDER", type=Path)
    options = parser.parse_args(arguments)
    population = Population(options.domains, options.seed)
    if options.zone is not None:
        write(population, options.zone)
        return 0
    begin = time.perf_counter()
    found = Summary.of(spfengine.survey(population.domains, resolver=population, lint=options.lint))
    took = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    known = population.truth(lint=options.lint)
    print("\n".join(beside(found, known)))
    print(f"\n{options.domains:,} domains in {took:,.0f} s, {options.domains / took:,.0f} a second; {peak >> 10} MiB")
    return 0 if found == known else 1


def write(population: Population, folder: Path) -> None:
    """Write the zone files of a population, and the list of its domains, into a folder."""
    files = {
        f"{APEX}.zone": population.zone_lines(),
        f"{UNREGISTERED}.zone": unregistered_lines(),
        "domains.txt": (f"{domain}\n" for domain in population.domains),
    }
    for name, lines in files.items():
        with (folder / name).open("w", encoding="ascii") as file:
            file.writelines(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
