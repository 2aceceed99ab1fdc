"""Print a Markdown table of what the SPF records of a zone authorise, and what they cost.

    python3 -m scripts.policy_table ZONE [NAME ...]

ZONE is an RFC 1035 master file, or YAML whose documents have `zonedata` as the OpenSPF suites do. Without names, the
table has every name with an SPF record.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spfengine import Zone
from spfengine.answers import is_spf_octets
from spfengine.policy.outcome import Outcome
from spfengine.policy.policy import Policy
from spfengine.visible import visible_name

_EXACT = 1_000_000_000_000  # larger counts are shown as a power of two


class Row(NamedTuple):
    """The figures for one name.

    Attributes:
        name: the name.
        ip4, ip6: how many addresses pass.
        networks: the smallest number of networks that cover them.
        lookups: the most lookups that a check needs; if that is over the limit, the number at which the check ends.
        notes: what the figures leave out.
    """

    name: str
    ip4: int
    ip6: int
    networks: int
    lookups: int
    notes: tuple[str, ...]


def row(name: str, zone: Zone) -> Row:
    """Return the row of a name."""
    policy = Policy.compile(name, resolver=zone)
    outcomes = [outcome for version in (4, 6) for _, _, outcome in policy.ranges(version)]
    return Row(
        name,
        policy.address_count("pass", 4),
        policy.address_count("pass", 6),
        len(policy.networks("pass")),
        max(outcome.lookups for outcome in outcomes),
        tuple(dict.fromkeys(note for outcome in outcomes for note in _notes(outcome))),
    )


def _notes(outcome: Outcome) -> Iterator[str]:
    if outcome.result is None:
        yield f"conditional: {', '.join(sorted({i for d in outcome.depends_on for i in d.inputs}))}"
    elif outcome.problem is not None:
        yield f"{outcome.result}: {outcome.problem.code}"


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown."""
    lines = [
        "| domain | IPv4 addresses | IPv6 addresses | networks | lookups | notes |",
        "|---|---:|---:|---:|---:|---|",
    ]
    for name, ip4, ip6, networks, lookups, notes in rows:
        printable = visible_name(name).replace("|", "\\|")
        lines.append(f"| {printable} | {ip4:,} | {_count(ip6)} | {networks:,} | {lookups} | {'; '.join(notes)} |")
    return "\n".join(lines)


def _count(number: int) -> str:
    return f"{number:,}" if number < _EXACT else f"about 2^{number.bit_length() - 1}"


def zones(path: Path) -> list[Zone]:
    """Return the zones of a file."""
    if path.suffix not in {".yml", ".yaml"}:
        return [Zone.from_file(path)]
    import yaml

    documents = yaml.load_all(path.read_text(encoding="utf-8"), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return [Zone.from_openspf(document["zonedata"]) for document in documents if "zonedata" in (document or {})]


def spf_names(zone: Zone) -> list[str]:
    """Return the names of a zone that have an SPF record."""
    return [
        rrset.name
        for rrset in zone.rrsets
        if rrset.type == "TXT" and any(is_spf_octets(b"".join(strings)) for strings in rrset.records)
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zone", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    given = parser.parse_args(arguments)
    rows = [row(name, zone) for zone in zones(given.zone) for name in given.names or spf_names(zone)]
    print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
