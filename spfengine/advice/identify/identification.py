"""What is known of an address: who it may be, how that is known, and what could not be had."""

from enum import StrEnum

from spfengine.advice.catalogue.reading import Confidence, Provider
from spfengine.frozen import Frozen, fill
from spfengine.visible import visible_name


class How(StrEnum):
    """How an address was named."""

    SPF = "spf"
    """The provider's own SPF record passes it."""
    FORWARD_CONFIRMED = "forward-confirmed-reverse-dns"
    """Its name in reverse DNS leads back to it."""
    REVERSE_DNS = "reverse-dns"
    """It has this name in reverse DNS, which whoever holds the address may choose freely."""
    RDAP = "rdap"
    """A registry of addresses says who holds the network (RFC 9083)."""


class Match(Frozen):
    """One answer to the question whose an address is.

    Attributes:
        provider: the entry of the catalogue, or None where no entry fits.
        name: the provider's name; without a provider the name in reverse DNS, or the holder of the network.
        how: how it is known.
        confidence: how far it can be relied on.
        evidence: what was asked, and what was seen, in words.
        shared: whether all customers of the service send from there.
        through: the provider whose include the record passes the address by, where it is not its own; or None.
    """

    __slots__ = fields = ("provider", "name", "how", "confidence", "evidence", "shared", "through")
    provider: Provider | None
    name: str
    how: How
    confidence: Confidence
    evidence: str
    shared: bool
    through: Provider | None

    def __init__(
        self,
        provider: Provider | None,
        name: str,
        how: How,
        confidence: Confidence,
        evidence: str,
        shared: bool = False,
        through: Provider | None = None,
    ) -> None:
        fill(self, "provider", provider)
        fill(self, "name", name)
        fill(self, "how", how)
        fill(self, "confidence", confidence)
        fill(self, "evidence", evidence)
        fill(self, "shared", shared)
        fill(self, "through", through)

    def to_dict(self) -> dict[str, object]:
        """Return the match as JSON-safe values."""
        return {
            "name": self.name,
            "how": str(self.how),
            "confidence": str(self.confidence),
            "evidence": self.evidence,
            "shared": self.shared,
            "provider": None if self.provider is None else self.provider.to_dict(),
            "through": None if self.through is None else self.through.include,
        }


class Missing(Frozen):
    """Something that could not tell whose an address is.

    Attributes:
        provider: the catalogue's entry that it is about, or None.
        why: what was asked, and what came of it, in words.
        is_failure: whether DNS or a registry could not answer, so that another time more may be known.
    """

    __slots__ = fields = ("provider", "why", "is_failure")
    provider: Provider | None
    why: str
    is_failure: bool

    def __init__(self, provider: Provider | None, why: str, is_failure: bool) -> None:
        fill(self, "provider", provider)
        fill(self, "why", why)
        fill(self, "is_failure", is_failure)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        include = None if self.provider is None else visible_name(self.provider.include)
        return {"include": include, "why": self.why, "is_failure": self.is_failure}


class Identification(Frozen):
    """Whose an address is, as far as that can be known.

    Attributes:
        ip: the address as text.
        matches: the answers, the best first.
        missing: what could not tell, for this address.
        unread: the entries of the catalogue whose record tells nothing of any address, the same for a whole run.
    """

    __slots__ = fields = ("ip", "matches", "missing", "unread")
    ip: str
    matches: tuple[Match, ...]
    missing: tuple[Missing, ...]
    unread: tuple[Missing, ...]

    def __init__(
        self,
        ip: str,
        matches: tuple[Match, ...] = (),
        missing: tuple[Missing, ...] = (),
        unread: tuple[Missing, ...] = (),
    ) -> None:
        fill(self, "ip", ip)
        fill(self, "matches", matches)
        fill(self, "missing", missing)
        fill(self, "unread", unread)

    @property
    def best(self) -> Match | None:
        """The best answer, or None where nobody could name the address."""
        return self.matches[0] if self.matches else None

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS or a registry could not answer something, so that another time more may be known."""
        return any(each.is_failure for each in (*self.missing, *self.unread))

    def to_dict(self) -> dict[str, object]:
        """Return the identification as JSON-safe values, without `unread`, which a whole run shares."""
        return {
            "ip": self.ip,
            "matches": [match.to_dict() for match in self.matches],
            "missing": [missing.to_dict() for missing in self.missing],
            "is_incomplete": self.is_incomplete,
        }
