"""From the options of the command line to what answers: files, live DNS, and drafts laid over them."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spfengine.answers import Resolver, Status
from spfengine.cli import exits
from spfengine.cli.exits import Failure, Misuse
from spfengine.errors import ArgumentError, RecordingError, ZoneError
from spfengine.names import domain_fault
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.dmarc.suffixes import PublicSuffixes
    from spfengine.resolvers.recording import Recording


_TOLD = 5  # records of a file that are told not to be known


def base_resolver(zones: Sequence[str], nameservers: Sequence[str], seconds: float, **live: Any) -> Resolver:
    """Return what answers where no draft does: the files, laid over each other in their order, or live DNS.

    Args:
        seconds: the time limit of a check; one question has 5 seconds at most.
        live: more arguments of a LiveResolver.

    Raises:
        Failure: a file can't be read or understood, or there is no DNS server to ask.
        Misuse: a nameserver is no address, or can't be asked since files were given.
    """
    return answering(read_zones(zones), nameservers, seconds, **live)


def answering(
    layers: "Sequence[Zone | Recording]", nameservers: Sequence[str], seconds: float, **live: Any
) -> Resolver:
    """Return what `base_resolver` returns, of files that have been read."""
    if not layers:
        return _live(nameservers, seconds, live)
    if nameservers:
        raise Misuse("--nameserver can't be used with --zone: with a zone nothing is asked of DNS")
    return zone_files.lay_together(layers)


def own_domains(layers: "Sequence[Zone | Recording]") -> list[str]:
    """Return the domains whose zones these files are: those that have a SOA record there."""
    return [rrset.name for each in layers if isinstance(each, Zone) for rrset in each.rrsets if rrset.type == "SOA"]


def with_drafts(resolver: Resolver, drafts: Mapping[str, str]) -> Resolver:
    """Return the resolver with each draft as the only TXT record of its name, but for names that can't be asked."""
    usable: dict[str | bytes, dict[str, str]] = {
        name.encode("latin-1"): {"TXT": record} for name, record in drafts.items() if domain_fault(name) is None
    }
    if not usable:
        return resolver
    from spfengine.resolvers.overlay import Overlay

    return Overlay(resolver, usable)


def read_zones(paths: Sequence[str]) -> "list[Zone | Recording]":
    """Return what files hold, each as `read_zone`.

    Raises:
        Failure: one can't be read or understood.
        Misuse: two of them are standard input.
    """
    if paths.count("-") > 1:
        raise Misuse("only one file can be -, standard input")
    return [read_zone(path) for path in paths]


def read_zone(path: str) -> "Zone | Recording":
    """Return what a file holds; see `spfengine.resolvers.zone_files.files`. "-" is stdin: a master file, or JSON.

    Raises:
        Failure: it can't be read (66) or understood (65).
    """
    shown = visible(path)
    try:
        if path == "-":
            found = zone_files.read_octets(sys.stdin.buffer.read(zone_files.MAX_OCTETS + 1))
        else:
            found = zone_files.read_zone(path)
    except OSError as error:
        raise Failure(exits.NO_INPUT, f"{shown} can't be read: {error.strerror or error}") from error
    except (ZoneError, RecordingError) as error:
        told = str(error)
        raise Failure(exits.DATA, told if told.startswith(shown) else f"{shown}: {told}") from error
    _tell_what_is_not_known(shown, found)
    return found


def _tell_what_is_not_known(path: str, found: "Zone | Recording") -> None:
    """Tell on stderr which records a file has without telling them: questions for these fail."""
    if not isinstance(found, Zone):
        return
    rows = [rrset for rrset in found.rrsets if rrset.note is not None and rrset.status is not Status.NOERROR]
    for rrset in rows[:_TOLD]:
        sys.stderr.write(f"{path}: {visible_name(rrset.name)} {rrset.type} is not known: {visible(rrset.note or '')}\n")
    if len(rows) > _TOLD:
        sys.stderr.write(f"{path}: nor are {len(rows) - _TOLD} more\n")


def public_suffixes(path: str) -> "PublicSuffixes":
    """Return a list of public suffixes from a file.

    Raises:
        Failure: it can't be read (66) or understood (65).
    """
    from spfengine.dmarc.suffixes import PublicSuffixes

    try:
        return PublicSuffixes.from_file(path)
    except OSError as error:
        raise Failure(exits.NO_INPUT, f"{visible(path)} can't be read: {error.strerror or error}") from error
    except ArgumentError as error:
        raise Failure(exits.DATA, f"{visible(path)}: {error}") from error


def _live(nameservers: Sequence[str], seconds: float, more: Mapping[str, Any]) -> Resolver:
    from spfengine.resolvers.live import LiveResolver

    try:
        return LiveResolver(list(nameservers) or None, timeout=min(2.0, seconds), lifetime=min(5.0, seconds), **more)
    except ArgumentError as error:
        if not nameservers:
            raise Failure(
                exits.UNAVAILABLE, f"there is no DNS server to ask: give --nameserver or --zone ({error})"
            ) from error
        raise Misuse.of("--nameserver", str(error)) from error
