"""The columns of tables, under the names that people and programs give them."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

COLUMNS: Final = ("ip", "sender", "helo", "count", "label")
"""The columns of a table without a heading, in their order."""
ALL_COLUMNS: Final = (*COLUMNS, "reported", "header_from", "dmarc_spf", "dmarc_dkim", "override")
EXPECTED: Final = f"expected the columns {','.join(COLUMNS)}, or others such as source_ip, envelope_from and count"
"""What a table needs, for messages."""

# For each column, its names, the most exact one first: of several in one table, a row uses the first that is not empty.
# Names are compared in lower case, without spaces and punctuation.
_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "ip": (
        "ip", "originalclientip", "sourceip", "sourceipaddress", "clientip", "clientipaddress", "ipaddress", "fromip",
        "senderip", "senderipaddress", "senderipv4", "senderipv6", "sendingip", "sendingipaddress", "remoteip",
        "remoteaddr", "remoteaddress", "clientaddress", "connectingip", "ipaddr", "ipv4", "ipv6", "ipv4address",
        "ipv6address", "srcip", "serversip", "sourceserverip", "mailserverip", "hostip", "ipadresse", "adresseip",
        "direccionip", "indirizzoip", "ips", "ipaddresses", "source", "sourceaddress", "cip", "address", "host",
        "client",
    ),
    "sender": (
        "sender", "fromenvelope", "returnpath", "returnpathaddress", "envelopefrom", "envelopefromaddress",
        "sendermailfromaddress", "sendermailfromdomain", "envelopesender", "mailfrom", "mailfromaddress",
        "smtpmailfrom", "smtpfrom", "mfrom", "rfc5321mailfrom", "originalmailfrom", "rfc5321from", "bounceaddress",
        "senderaddress", "fromaddress", "envelopefromdomain", "mailfromdomain", "returnpathdomain", "spfdomain",
        "spfdomains", "spfauthdomain", "senderdomain", "senderemail", "absender", "absenderdomain", "absenderadresse",
        "expediteur", "remitente", "mittente", "from", "fromdomain", "domain", "domains",
    ),
    "helo": ("helo", "ehlo", "heloname", "ehloname", "helohost", "heloehlo", "helodomain", "clienthelo", "spfhelo"),
    "count": (
        "count", "messages", "messagecount", "messagescount", "emails", "emailcount", "mails", "mailcount", "volume",
        "emailvolume", "messagevolume", "total", "totalemails", "totalmessages", "totalvolume", "numberofmessages",
        "numberofemails", "msgs", "hits", "quantity", "anzahl", "nombre", "n",
    ),
    "label": ("label", "service", "provider", "sourcename"),
    "reported": ("reported", "spfresult", "spfresults", "spfauthresult", "rawspf", "spfraw", "spf", "result"),
    "header_from": (
        "headerfrom", "headerfromdomain", "headerfromaddress", "fromheader", "fromheaderdomain", "fromheaderaddress",
        "senderfromaddress", "senderfromdomain", "rfc5322from", "rfc5322fromdomain", "headerdomain",
    ),
    "dmarc_spf": ("dmarcspf", "spfaligned", "spfalignment", "alignedspf", "policyevaluatedspf"),
    "dmarc_dkim": ("dmarcdkim", "dkimaligned", "dkimalignment", "aligneddkim", "policyevaluateddkim"),
    "override": ("override", "policyoverridereasons", "overridereasons", "overridereason"),
}  # fmt: skip
_COLUMN_OF: Final = {name: (column, at) for column, names in _NAMES.items() for at, name in enumerate(names)}
_OWN: Final = {name.replace("_", ""): name for name in ALL_COLUMNS}
_punctuation = re.compile(r"[^a-z0-9#]+").sub
_VAGUE: Final = frozenset(
    {"source", "host", "client", "address", "from", "fromdomain", "domain", "domains", "n", "result"}
)
"""Names that mean many things: they make no text a table by themselves."""


def simple(name: str) -> str:
    """Return a name as names are compared: "Source IP", "source_ip" and "SourceIp" are the same."""
    return _punctuation("", name.lower())


class Columns(NamedTuple):
    """The columns of a table.

    Attributes:
        at: for each column, the positions of the cells that may have it, the best first.
        own: whether all names are the ones of a table `ip,sender,…`, so that each cell has to be valid.
        width: how many columns there are.
        ignored: how many are not read.
        event, source, direction: the positions of cells that say of which kind a row is, or None.
        scopes, domains: those of lists of SPF results, as parsedmarc writes them.
    """

    at: Mapping[str, tuple[int, ...]]
    own: bool
    width: int
    ignored: int
    event: int | None = None
    source: int | None = None
    direction: int | None = None
    scopes: int | None = None
    domains: int | None = None


WITHOUT_HEADING: Final = Columns({name: (at,) for at, name in enumerate(COLUMNS)}, True, len(COLUMNS), 0)


def columns_of(names: tuple[str, ...]) -> Columns | None:
    """Return the columns with these names, in simple form; None if none has addresses."""
    found: dict[str, list[tuple[int, int]]] = {}
    tracked = "eventid" in names or "event" in names  # message tracking of Exchange, where "source" is a component
    for position, name in enumerate(names):
        column, rank = _COLUMN_OF.get(name, ("", 0))
        if column and not (tracked and name == "source"):
            found.setdefault(column, []).append((rank, position))
    at = {column: _best(names, places) for column, places in found.items()}
    sure = {name for name in names if name in _COLUMN_OF and name not in _VAGUE}
    if "ip" not in at or not sure:
        return None
    read = {position for positions in at.values() for position in positions}
    return Columns(
        at, all(name in _OWN for name in names if name in _COLUMN_OF), len(names), len(names) - len(read),
        _position(names, "eventid"), _position(names, "source") if tracked else None,
        _position(names, "directionality"), _position(names, "spfscopes"), _position(names, "spfdomains"),
    )  # fmt: skip


def _best(names: tuple[str, ...], places: list[tuple[int, int]]) -> tuple[int, ...]:
    """Return the positions, the best first; names that mean many things only if there is no other."""
    ordered = [position for _, position in sorted(places)]
    return tuple([position for position in ordered if names[position] not in _VAGUE] or ordered)


def _position(names: tuple[str, ...], name: str) -> int | None:
    return names.index(name) if name in names else None
