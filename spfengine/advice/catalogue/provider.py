"""A provider: a service that sends mail for others, and what is known about it."""

from dataclasses import dataclass
from enum import StrEnum

from spfengine.visible import short_repr


class Confidence(StrEnum):
    """How reliable a statement is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class ProviderKind(StrEnum):
    """What a provider does."""

    RELAY = "relay"
    """Relays, filters or forwards other people's mail, or manages SPF for them."""
    ESP = "esp"
    """Sends newsletters or transactional mail."""
    SAAS = "saas"
    """Has mailboxes, or an application that sends mail."""
    HOST = "host"
    """Hosts web sites, and the mail of their domains."""


@dataclass(frozen=True, slots=True)
class Attested:
    """The sources that name a catalogue entry's include.

    Attributes:
        vendor: where the provider itself names it, or None.
        own: why the author of the entry knows it for certain, or None.
        templates: how many Domain Connect templates have it.
        records: how many published records have it.
        lists: how many lists by other people have it. These may have guessed it.
    """

    vendor: str | None = None
    own: str | None = None
    templates: int = 0
    records: int = 0
    lists: int = 0

    @property
    def confidence(self) -> Confidence:
        """How reliable these sources are together. A list alone is only a hint."""
        if self.vendor or self.own or self.templates or self.records >= 10 or (self.records and self.lists):
            return Confidence.HIGH
        return Confidence.MEDIUM if self.records or self.lists > 1 else Confidence.LOW

    def __str__(self) -> str:
        sources = [f"the provider itself ({self.vendor})"] if self.vendor else []
        sources += [self.own] if self.own else []
        counts = (
            (self.templates, "Domain Connect template", "Domain Connect templates"),
            (self.records, "published record", "published records"),
            (self.lists, "list of others", "lists of others"),
        )
        sources += [f"{count} {one if count == 1 else several}" for count, one, several in counts if count]
        return ", ".join(sources)


@dataclass(frozen=True, slots=True, repr=False)
class Provider:
    """A service that sends mail for others.

    Attributes:
        name: what people call it.
        include: the domain whose SPF record lists its addresses.
        kind: what it does.
        attested: the sources that name the include.
        shared: whether this include passes every customer of the service. False only means that no source says so.
        apex_include_useful: whether the include has an effect in the record of a customer's own domain. If False, the
            envelope sender is in the provider's domain, or in a subdomain of the customer's.
        reverse_dns: domains that contain the names of its addresses in reverse DNS.
        reverse_dns_unverified: such domains that are less certain.
        mx: domains that contain the names of the hosts that take mail for its customers, in their MX records.
        note: anything else to know, or None.
        lockdown: how the provider itself keeps its customers apart where SPF can't, or None.
        superseded_by: the include that has replaced this one, or None.
        customer_include: the form of the include that customers publish if each has one of its own, else None.
    """

    name: str
    include: str
    kind: ProviderKind
    attested: Attested
    shared: bool = False
    apex_include_useful: bool = True
    reverse_dns: tuple[str, ...] = ()
    reverse_dns_unverified: tuple[str, ...] = ()
    note: str | None = None
    lockdown: str | None = None
    superseded_by: str | None = None
    customer_include: str | None = None
    mx: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return short_repr(self, ("name", "include", "kind"))

    @property
    def confidence(self) -> Confidence:
        """How reliable the entry is: as reliable as its sources."""
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
            "mx": list(self.mx),
            "note": self.note,
            "lockdown": self.lockdown,
            "superseded_by": self.superseded_by,
            "customer_include": self.customer_include,
            "attested": str(self.attested),
            "confidence": str(self.confidence),
        }
