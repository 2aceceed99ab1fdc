"""What is known about an address: whose it may be, how that is known, and what could not be found out."""

from dataclasses import dataclass
from enum import StrEnum

from spfengine.advice.catalogue.provider import Confidence, Provider
from spfengine.visible import short_repr, visible_name


class How(StrEnum):
    """How the owner of an address was identified."""

    SPF = "spf"
    """The provider's own SPF record passes the address."""
    FORWARD_CONFIRMED = "forward-confirmed-reverse-dns"
    """The address has this name in reverse DNS, and the name resolves to the address."""
    REVERSE_DNS = "reverse-dns"
    """The address has this name in reverse DNS, which the holder of the address may choose freely."""
    RDAP = "rdap"
    """An address registry says who holds the network (RFC 9083)."""


@dataclass(frozen=True, slots=True, repr=False)
class Match:
    """One answer to the question whose an address is.

    Attributes:
        provider: the entry of the catalogue, or None if no entry matches.
        name: the provider's name; without a provider, the name in reverse DNS or the holder of the network.
        how: how it is known.
        confidence: how reliable the answer is.
        evidence: what was queried and what it showed, in words.
        shared: whether all customers of the service send from there.
        through: the other provider whose include passes the address within this provider's record, or None.
    """

    provider: Provider | None
    name: str
    how: How
    confidence: Confidence
    evidence: str
    shared: bool = False
    through: Provider | None = None

    def __repr__(self) -> str:
        return short_repr(self, ("name", "how", "confidence"))

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


@dataclass(frozen=True, slots=True, repr=False)
class Missing:
    """A source that could not show whose an address is.

    Attributes:
        provider: the entry of the catalogue that it concerns, or None.
        why: what was queried, and what went wrong, in words.
        is_failure: whether DNS or a registry could not answer, so that a later attempt may succeed.
        is_outside: whether nobody was asked, since its names are not in the files given.
    """

    provider: Provider | None
    why: str
    is_failure: bool
    is_outside: bool = False

    def __repr__(self) -> str:
        return short_repr(self, ("why", "is_failure"))

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        include = None if self.provider is None else visible_name(self.provider.include)
        return {"include": include, "why": self.why, "is_failure": self.is_failure, "is_outside": self.is_outside}


@dataclass(frozen=True, slots=True, repr=False)
class Identification:
    """Whose an address is, as far as that is known.

    Attributes:
        ip: the address as text.
        matches: the answers, the best first.
        missing: the sources that could not answer for this address.
        unread: the entries of the catalogue whose record identifies no address, the same for a whole run.
    """

    ip: str
    matches: tuple[Match, ...] = ()
    missing: tuple[Missing, ...] = ()
    unread: tuple[Missing, ...] = ()

    def __repr__(self) -> str:
        return short_repr(self, ("ip", "best"))

    @property
    def best(self) -> Match | None:
        """The best answer, or None if the address could not be identified."""
        return self.matches[0] if self.matches else None

    @property
    def is_incomplete(self) -> bool:
        """Whether something was not answered by DNS or a registry, or by the files given, so that there may be more."""
        return any(missing.is_failure or missing.is_outside for missing in (*self.missing, *self.unread))

    def to_dict(self) -> dict[str, object]:
        """Return the identification as JSON-safe values, without `unread`, which is the same for a whole run."""
        return {
            "ip": self.ip,
            "matches": [match.to_dict() for match in self.matches],
            "missing": [missing.to_dict() for missing in self.missing],
            "is_incomplete": self.is_incomplete,
        }
