"""A provider: a service that sends mail for others, and what is known of it, no more than is attested."""

from enum import StrEnum

from spfengine.frozen import Frozen, fill


class Confidence(StrEnum):
    """How far a statement can be relied on."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ProviderKind(StrEnum):
    """What a provider does."""

    RELAY = "relay"
    """Relays, filters or forwards mail of others, or runs SPF for them."""
    ESP = "esp"
    """Sends newsletters, or mail that programs make."""
    SAAS = "saas"
    """Has mailboxes, or an application that sends mail."""
    HOST = "host"
    """Hosts web sites, and the mail of their domains."""


class Attested(Frozen):
    """Where a catalogue entry's include name was seen.

    Attributes:
        vendor: where the provider itself names it, or None.
        own: why whoever wrote the entry knows it for sure, or None.
        templates: how many Domain Connect templates have it.
        records: how many published records have it.
        lists: how many other people's lists have it. These may have guessed it.
    """

    __slots__ = fields = ("vendor", "own", "templates", "records", "lists")
    vendor: str | None
    own: str | None
    templates: int
    records: int
    lists: int

    def __init__(
        self, vendor: str | None = None, own: str | None = None, templates: int = 0, records: int = 0, lists: int = 0
    ) -> None:
        fill(self, "vendor", vendor)
        fill(self, "own", own)
        fill(self, "templates", templates)
        fill(self, "records", records)
        fill(self, "lists", lists)

    @property
    def confidence(self) -> Confidence:
        """How far these sources carry: a list alone is no more than a hint."""
        if self.vendor or self.own or self.templates or self.records >= 10 or (self.records and self.lists):
            return Confidence.HIGH
        return Confidence.MEDIUM if self.records or self.lists > 1 else Confidence.LOW

    def __str__(self) -> str:
        counted = [
            (self.templates, "Domain Connect template"),
            (self.records, "published record"),
            (self.lists, "list of others"),
        ]
        told = [f"the provider itself ({self.vendor})"] if self.vendor else []
        told += [self.own] if self.own else []
        told += [f"{count} {what if count == 1 else _plural(what)}" for count, what in counted if count]
        return ", ".join(told)


class Provider(Frozen):
    """A service that sends mail for others.

    Attributes:
        name: what people call it.
        include: the domain whose SPF record lists its addresses.
        kind: what it does.
        attested: where the include name was seen.
        shared: whether every customer of the service passes by this include. False says only that nobody attested it.
        apex_include_useful: whether the include does something in the record of a customer's own domain. False: the
            envelope sender is the provider's, or on a subdomain.
        reverse_dns: domains under which its addresses have their names in reverse DNS.
        reverse_dns_unverified: such domains that are known less well.
        note: what else has to be known, or None.
        lockdown: how the provider itself tells its customers apart where SPF can't, or None.
        superseded_by: the include name that has taken this one's place, or None.
        customer_include: how the include names look that customers publish, where each has one of their own; else None.
    """

    __slots__ = fields = (
        "name",
        "include",
        "kind",
        "attested",
        "shared",
        "apex_include_useful",
        "reverse_dns",
        "reverse_dns_unverified",
        "note",
        "lockdown",
        "superseded_by",
        "customer_include",
    )
    name: str
    include: str
    kind: ProviderKind
    attested: Attested
    shared: bool
    apex_include_useful: bool
    reverse_dns: tuple[str, ...]
    reverse_dns_unverified: tuple[str, ...]
    note: str | None
    lockdown: str | None
    superseded_by: str | None
    customer_include: str | None

    def __init__(
        self,
        name: str,
        include: str,
        kind: ProviderKind,
        attested: Attested,
        shared: bool = False,
        apex_include_useful: bool = True,
        reverse_dns: tuple[str, ...] = (),
        reverse_dns_unverified: tuple[str, ...] = (),
        note: str | None = None,
        lockdown: str | None = None,
        superseded_by: str | None = None,
        customer_include: str | None = None,
    ) -> None:
        fill(self, "name", name)
        fill(self, "include", include)
        fill(self, "kind", kind)
        fill(self, "attested", attested)
        fill(self, "shared", shared)
        fill(self, "apex_include_useful", apex_include_useful)
        fill(self, "reverse_dns", reverse_dns)
        fill(self, "reverse_dns_unverified", reverse_dns_unverified)
        fill(self, "note", note)
        fill(self, "lockdown", lockdown)
        fill(self, "superseded_by", superseded_by)
        fill(self, "customer_include", customer_include)

    @property
    def confidence(self) -> Confidence:
        """How far the entry can be relied on: no further than it is attested."""
        return self.attested.confidence

    def to_dict(self) -> dict[str, object]:
        """Return the provider as JSON-safe values."""
        return {
            "name": self.name,
            "include": self.include,
            "kind": str(self.kind),
            "shared": self.shared,
            "apex_include_useful": self.apex_include_useful,
            "reverse_dns": list(self.reverse_dns),
            "reverse_dns_unverified": list(self.reverse_dns_unverified),
            "note": self.note,
            "lockdown": self.lockdown,
            "superseded_by": self.superseded_by,
            "customer_include": self.customer_include,
            "attested": str(self.attested),
            "confidence": str(self.confidence),
        }


def _plural(what: str) -> str:
    return "lists of others" if what == "list of others" else f"{what}s"
