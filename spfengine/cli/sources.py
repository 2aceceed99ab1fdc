"""What the options of the command line name: files of answers, live DNS, drafts, and lists in files."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from spfengine.answers import Resolver, Status
from spfengine.cli import exits
from spfengine.cli.exits import NAME, CommandError, cannot_read
from spfengine.cli.options import SECONDS, dns_seconds, is_doh
from spfengine.cli.screen import NOTES
from spfengine.errors import ArgumentError, CatalogueError, MissingExtraError, RecordingError, ZoneError
from spfengine.names import is_askable, to_a_labels
from spfengine.resolvers.rrsets import is_possible
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files import files as zone_files
from spfengine.resolvers.zone_files.route53 import OTHERS
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

if TYPE_CHECKING:
    from spfengine.catalogue.catalogue import Catalogue
    from spfengine.dmarc.suffixes import PublicSuffixes
    from spfengine.resolvers.recording import Recording

STDIN = "-"
_MOST_UNKNOWN = 5
_QUESTION_SECONDS = 5.0  # for one DNS question, unless --dns-timeout says otherwise
_REPLY_SECONDS = 2.0  # for one reply of one server


def base_resolver(
    zones: Sequence[str], live: bool, nameservers: Sequence[str], seconds: float = SECONDS, **settings: Any
) -> Resolver:
    """Return what answers under the drafts: the files, each overriding those before it, or live DNS, or the files over
    live DNS.

    Args:
        live: whether live DNS answers what the files do not know.
        nameservers: the servers to ask, all by their addresses, or all by URLs of DNS over HTTPS; if there are any,
            live DNS is asked also with files.
        seconds: the time limit of a check; one DNS question gets 5 seconds at most, or those of
            --dns-timeout.
        settings: further arguments of LiveResolver or DoHResolver.

    Raises:
        CommandError: a file can't be read or understood, or there is no DNS server to ask.
        click.UsageError: a nameserver is not an address.
    """
    return answering(read_zones(zones), live, nameservers, seconds, **settings)


def answering(
    layers: "Sequence[Zone | Recording]",
    live: bool,
    nameservers: Sequence[str],
    seconds: float = SECONDS,
    **settings: Any,
) -> Resolver:
    """Return what `base_resolver` returns, for files that have been read."""
    if not layers:
        return _live(nameservers, seconds, settings)
    return zone_files.lay_together(layers, _live(nameservers, seconds, settings) if live or nameservers else None)


def only_one_stdin(*paths: str | None) -> None:
    """Raise click.UsageError if more than one of these files is standard input."""
    if [None if path is None else file_of(path) for path in paths].count(STDIN) > 1:
        raise click.UsageError("only one file can be -, standard input")


def read_zones(paths: Sequence[str]) -> "list[Zone | Recording]":
    """Return the contents of files, each as `read_zone` reads it.

    Raises:
        CommandError: one can't be read or understood.
        click.UsageError: two of them are standard input.
    """
    only_one_stdin(*paths)
    return [read_zone(path) for path in paths]


def split_origin(argument: str) -> tuple[str | None, str]:
    """Return the domain and the file in DOMAIN=FILE; None and the file if there is no domain, or a file of that name.

    The domain is the one to which the relative names of the file belong.
    """
    name, _, path = argument.partition("=")
    domain = (to_a_labels(name) or "").removesuffix(".")
    if not path or "/" in name or not is_askable(domain) or os.path.lexists(argument):
        return None, argument
    return domain, path


def file_of(argument: str) -> str:
    """Return the file in FILE or DOMAIN=FILE."""
    return split_origin(argument)[1]


def read_zone(argument: str) -> "Zone | Recording":
    """Return the content of FILE or DOMAIN=FILE; see `spfengine.resolvers.zone_files.files`.

    The file "-" is stdin: a master file, JSON or YAML. What had to be assumed is said on stderr and in the JSON output.

    Raises:
        CommandError: it can't be read (66) or understood (65).
    """
    origin, path = split_origin(argument)
    printable = visible(path)
    try:
        if path == STDIN:
            zone = zone_files.read_octets(sys.stdin.buffer.read(zone_files.MAX_OCTETS + 1), origin)
        else:
            zone = zone_files.read_zone(path, origin)
    except OSError as error:
        raise cannot_read(printable, error) from error
    except (ZoneError, RecordingError) as error:
        message = str(error)
        raise CommandError(
            exits.DATA, message if message.startswith(printable) else f"{printable}: {message}"
        ) from error
    if isinstance(zone, Zone):
        _report_notes(printable, zone)
        _report_unknown(printable, zone)
    return zone


def _report_notes(path: str, zone: Zone) -> None:
    """Say on stderr what had to be assumed of a file, and which of its names never answer; keep it for JSON."""
    notes = list(zone.notes)
    impossible = [visible_name(name) for name in zone.names if not is_possible(name)]
    if impossible:
        names = listed(impossible, _MOST_UNKNOWN)
        notes.append(f"DNS can't have {counted(len(impossible), 'name')} of the file, so they never answer: {names}")
    context = click.get_current_context(silent=True)
    for note in notes:
        sys.stderr.write(f"{path}: {note}\n")
        if context is not None:
            context.meta.setdefault(NOTES, []).append(f"{path}: {note}")


def _report_unknown(path: str, zone: Zone) -> None:
    """Say on stderr which records a file names without their data: queries for these fail."""
    rows = [rrset for rrset in zone.rrsets
            if rrset.note not in (None, OTHERS) and rrset.status is not Status.NOERROR]  # fmt: skip
    for rrset in rows[:_MOST_UNKNOWN]:
        sys.stderr.write(f"{path}: {visible_name(rrset.name)} {rrset.type} is not known: {visible(rrset.note or '')}\n")
    if len(rows) > _MOST_UNKNOWN:
        sys.stderr.write(f"{path}: nor are {len(rows) - _MOST_UNKNOWN} more\n")


def public_suffixes(path: str) -> "PublicSuffixes":
    """Return a list of public suffixes from a file.

    Raises:
        CommandError: it can't be read (66) or understood (65).
    """
    from spfengine.dmarc.suffixes import PublicSuffixes

    try:
        return PublicSuffixes.from_file(path)
    except OSError as error:
        raise cannot_read(visible(path), error) from error
    except ArgumentError as error:
        raise CommandError(exits.DATA, f"{visible(path)}: {error}") from error


def catalogue(path: str | None) -> "Catalogue":
    """Return the catalogue of services, with those of a file added.

    Raises:
        CommandError: the file can't be read (66) or understood (65).
    """
    from spfengine.catalogue.catalogue import Catalogue

    try:
        return Catalogue.load(path)
    except OSError as error:
        raise cannot_read(visible(path or ""), error) from error
    except CatalogueError as error:
        raise CommandError(exits.DATA, str(error)) from error


def _report_unreachable(address: str, reason: str) -> None:
    """Say on stderr which DNS server can't be used, as soon as that is known."""
    with suppress(OSError, ValueError, AttributeError):  # AttributeError: there is no stderr
        sys.stderr.write(f"{NAME}: DNS server {visible(address)}: {visible(reason)}\n")
        sys.stderr.flush()


def _live(nameservers: Sequence[str], seconds: float, more: Mapping[str, Any]) -> Resolver:
    lifetime = dns_seconds() or min(_QUESTION_SECONDS, seconds)
    servers = [nameserver.strip() for nameserver in nameservers]
    settings = {
        "timeout": min(_REPLY_SECONDS, lifetime),
        "lifetime": lifetime,
        "unreachable": _report_unreachable,
        **more,
    }
    if any(is_doh(server) for server in servers):
        return _over_https(servers, settings)
    from spfengine.resolvers.live import LiveResolver

    try:
        return LiveResolver(servers or None, **settings)
    except ArgumentError as error:
        if not nameservers:
            message = f"there is no DNS server to ask: give --nameserver or --zone ({error})"
            raise CommandError(exits.UNAVAILABLE, message) from error
        raise click.BadParameter(str(error), param_hint="'--nameserver'") from error


def _over_https(urls: Sequence[str], settings: Mapping[str, Any]) -> Resolver:
    from spfengine.resolvers.doh import DoHResolver

    try:
        return DoHResolver(urls, **settings)
    except MissingExtraError as error:
        raise CommandError(exits.UNAVAILABLE, str(error)) from error
    except ArgumentError as error:
        raise click.BadParameter(str(error), param_hint="'--doh'") from error
