"""What came of flattening a record."""

from collections.abc import Iterable

from spfengine.advice.flatten.choosing import Kept, Replaced
from spfengine.advice.flatten.proof import Proof
from spfengine.advice.forms import forms
from spfengine.frozen import Frozen, fill
from spfengine.linting.finding import Finding
from spfengine.policy.diff import Change
from spfengine.problems import Problem, ProblemCode
from spfengine.resolvers.overlay import Drafts
from spfengine.visible import visible, visible_name

SCHEMA = "spfengine.flatten/1"
"""The version of the JSON form of a flattening."""


class FlatRecord(Frozen):
    """A record to publish.

    Attributes:
        name: where, as a TXT record.
        record: its text.
        siblings: the strings of the other TXT records of the name, which stay.
        size: the octets of a DNS answer with all TXT records of the name.
    """

    __slots__ = fields = ("name", "record", "siblings", "size")
    name: str
    record: str
    siblings: tuple[tuple[bytes, ...], ...]
    size: int

    def __init__(self, name: str, record: str, siblings: tuple[tuple[bytes, ...], ...], size: int) -> None:
        fill(self, "name", name)
        fill(self, "record", record)
        fill(self, "siblings", siblings)
        fill(self, "size", size)

    def forms(self, ttl: int | None = None) -> dict[str, str]:
        """Return the record ready to paste: "cpanel", "cpanel-split", "bind", "route53", "octodns".

        Args:
            ttl: seconds for which resolvers may keep it; None: what the zone says.
        """
        return forms(self.name, self.record, ttl, siblings=self.siblings)

    def to_dict(self) -> dict[str, object]:
        """Return it as JSON-safe values."""
        return {
            "name": visible_name(self.name),
            "record": visible(self.record, len(self.record)),
            "size": self.size,
            "forms": self.forms(),
        }


class Flattening(Frozen):
    """A record flattened, with the proof that it says the same; or why it is not.

    Attributes:
        domain: the domain.
        before: the text of its record; None where it has none that can be read.
        replaced: the terms that networks take the place of.
        kept: the terms that can't be replaced, with the reason.
        records: what to publish, in this order: other names first, the domain's own record last. Empty where nothing
            is to be changed, and where flattening is refused.
        size: the octets that DNS answers were to stay within; 0 where there are no records. Only the domain's own may
            be larger, where it is that already for its other TXT records.
        proof: what was proved; None where there are no records.
        refusal: why there are no records; None where there are, and where there is nothing to replace.
        warnings: what receivers may make of the domain's own record.
    """

    __slots__ = fields = (
        "domain",
        "before",
        "replaced",
        "kept",
        "records",
        "size",
        "proof",
        "refusal",
        "warnings",
    )
    domain: str
    before: str | None
    replaced: tuple[Replaced, ...]
    kept: tuple[Kept, ...]
    records: tuple[FlatRecord, ...]
    size: int
    proof: Proof | None
    refusal: Problem | None
    warnings: tuple[Finding, ...]

    def __init__(
        self,
        domain: str,
        before: str | None,
        replaced: tuple[Replaced, ...] = (),
        kept: tuple[Kept, ...] = (),
        records: tuple[FlatRecord, ...] = (),
        size: int = 0,
        proof: Proof | None = None,
        refusal: Problem | None = None,
        warnings: tuple[Finding, ...] = (),
    ) -> None:
        fill(self, "domain", domain)
        fill(self, "before", before)
        fill(self, "replaced", replaced)
        fill(self, "kept", kept)
        fill(self, "records", records)
        fill(self, "size", size)
        fill(self, "proof", proof)
        fill(self, "refusal", refusal)
        fill(self, "warnings", warnings)

    @property
    def is_equivalent(self) -> bool:
        """Whether there are records, and every client gets the same result by them."""
        return self.proof is not None and self.proof.is_equivalent

    @property
    def mended(self) -> tuple[Change, ...]:
        """The networks whose result changes: they are over a limit now, and get permerror."""
        return () if self.proof is None else self.proof.mended

    @property
    def is_incomplete(self) -> bool:
        """Whether it is refused since DNS could not answer."""
        return self.refusal is not None and self.refusal.code is ProblemCode.DNS_INCOMPLETE

    @property
    def is_broken(self) -> bool:
        """Whether it is refused since the domain's record, or one that it leads to, is broken or is not there."""
        return self.refusal is not None and self.refusal.code not in _OWN_REFUSALS

    @property
    def drafts(self) -> Drafts:
        """The records as drafts for `Overlay` and `simulate`."""
        return drafts_of(self.records)

    @property
    def sources(self) -> tuple[str, ...]:
        """The names of replaced includes and redirects: whose changes the flattened record does not follow."""
        return tuple(dict.fromkeys([each.source for each in self.replaced if each.source is not None]))

    def render(self, *, form: str = "cpanel", width: int | None = 80) -> str:
        """Return the text that `spfengine flatten` prints.

        Args:
            form: the format of `spfengine.advice.forms` in which to print the records.
            width: columns to which lines are wrapped; None: not wrapped.
        """
        from spfengine.text.flatten import render_flattening

        return render_flattening(self, width, form)

    def to_dict(self) -> dict[str, object]:
        """Return the flattening as JSON-safe values; key "schema" names their version."""
        proof = self.proof
        return {
            "schema": SCHEMA,
            "domain": visible_name(self.domain),
            "before": None if self.before is None else visible(self.before, 1 << 16),
            "equivalent": self.is_equivalent,
            "refusal": None if self.refusal is None else self.refusal.to_dict(),
            "replaced": [_replaced_dict(each) for each in self.replaced],
            "kept": [{"term": visible(each.term, 1 << 16), "problem": each.problem.to_dict()} for each in self.kept],
            "records": [record.to_dict() for record in self.records],
            "size": self.size,
            "mended": [
                {"network": str(each.network), "before": each.before.to_dict(), "after": each.after.to_dict()}
                for each in self.mended
            ],
            "lookups": None
            if proof is None
            else {"before": proof.before_budget.worst_lookups, "after": proof.after_budget.worst_lookups},
            "sources": [visible_name(name) for name in self.sources],
            "warnings": [warning.to_dict() for warning in self.warnings],
        }


def drafts_of(records: Iterable[FlatRecord]) -> Drafts:
    """Return records as drafts for `Overlay` and `simulate`."""
    return {
        record.name.encode("latin-1"): {"TXT": [record.record.encode("latin-1"), *record.siblings]}
        for record in records
    }


_OWN_REFUSALS = (
    ProblemCode.DNS_INCOMPLETE,
    ProblemCode.FLATTEN_CONDITIONAL,
    ProblemCode.FLATTEN_ALIAS,
    ProblemCode.FLATTEN_TOO_LARGE,
    ProblemCode.FLATTEN_NO_FREE_NAME,
    ProblemCode.FLATTEN_NOT_EQUIVALENT,
)


def _replaced_dict(each: Replaced) -> dict[str, object]:
    return {
        "term": visible(each.term, 1 << 16),
        "source": None if each.source is None else visible_name(each.source),
        "networks": [str(network) for network in each.networks],
        "names": [visible_name(name) for name in each.names],
        "ttl": each.ttl,
    }
