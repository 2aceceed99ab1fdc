"""`Record` and its terms: immutable, each term with its text as written and its place in the record."""

from typing import ClassVar, final

from spfengine.addresses import V4, V6, Family, Table, build_table, network_range
from spfengine.frozen import Frozen, fill
from spfengine.names import fold
from spfengine.record.macro import MacroString

Span = tuple[int, int]
"""(start, end) octet offsets into the text of the record."""


class Term(Frozen):
    """A directive or modifier.

    Attributes:
        text: as written, qualifier included.
        span: its place in the record.
        costs_lookup: whether evaluating it counts against the limit of lookups (RFC 7208 §4.6.4).
    """

    __slots__ = ("span", "text")
    fields: ClassVar[tuple[str, ...]] = ("text", "span")
    compared: ClassVar[tuple[str, ...] | None] = ("text",)  # the place of a term makes no difference
    text: str
    span: Span
    costs_lookup = False

    def __init__(self, text: str, span: Span) -> None:
        fill(self, "text", text)
        fill(self, "span", span)

    def __str__(self) -> str:
        return self.text


class Directive(Term):
    """A mechanism with its qualifier.

    Attributes:
        qualifier: "+", "-", "?" or "~"; "+" if none was written.
        mechanism: the name of the mechanism, in lower case.
    """

    __slots__ = ("qualifier",)
    fields: ClassVar[tuple[str, ...]] = ("qualifier", "text", "span")
    compared: ClassVar[tuple[str, ...] | None] = ("qualifier", "text")
    qualifier: str
    mechanism = ""

    def __init__(self, qualifier: str, text: str, span: Span) -> None:
        fill(self, "qualifier", qualifier)
        fill(self, "text", text)
        fill(self, "span", span)


class All(Directive):
    """`all` (RFC 7208 §5.1)."""

    __slots__ = ()
    mechanism = "all"


class Network(Directive):
    """`ip4` or `ip6` (RFC 7208 §5.6).

    Attributes:
        network: the address as written, as an int; host bits are not cleared.
        prefix: the length of its network in bits.
        family: its address family.
    """

    __slots__ = ("network", "prefix")
    fields: ClassVar[tuple[str, ...]] = ("qualifier", "network", "prefix", "text", "span")
    compared: ClassVar[tuple[str, ...] | None] = ("qualifier", "network", "prefix", "text")
    network: int
    prefix: int
    family: Family

    def __init__(self, qualifier: str, network: int, prefix: int, text: str, span: Span) -> None:
        fill(self, "qualifier", qualifier)  # without super(): no other term is made as often
        fill(self, "network", network)
        fill(self, "prefix", prefix)
        fill(self, "text", text)
        fill(self, "span", span)


class IP4(Network):
    """`ip4` (RFC 7208 §5.6)."""

    __slots__ = ()
    mechanism = "ip4"
    family = V4


class IP6(Network):
    """`ip6` (RFC 7208 §5.6)."""

    __slots__ = ()
    mechanism = "ip6"
    family = V6


class DomainDirective(Directive):
    """A mechanism that asks DNS.

    Attributes:
        domain_spec: what its target-name is made of; None: it is the current domain.
    """

    __slots__ = ("domain_spec",)
    fields: ClassVar[tuple[str, ...]] = ("qualifier", "domain_spec", "text", "span")
    compared: ClassVar[tuple[str, ...] | None] = ("qualifier", "domain_spec", "text")
    costs_lookup = True
    domain_spec: MacroString | None

    def __init__(self, qualifier: str, domain_spec: MacroString | None, text: str, span: Span) -> None:
        super().__init__(qualifier, text, span)
        fill(self, "domain_spec", domain_spec)


class Include(DomainDirective):
    """`include` (RFC 7208 §5.2); it always has a domain-spec."""

    __slots__ = ()
    mechanism = "include"
    domain_spec: MacroString


class Exists(DomainDirective):
    """`exists` (RFC 7208 §5.7); it always has a domain-spec."""

    __slots__ = ()
    mechanism = "exists"
    domain_spec: MacroString


class Ptr(DomainDirective):
    """`ptr` (RFC 7208 §5.5)."""

    __slots__ = ()
    mechanism = "ptr"


class HostDirective(DomainDirective):
    """`a` or `mx`: a name whose addresses are compared.

    Attributes:
        ip4_prefix: how many bits of an IPv4 address are compared, 0 to 32.
        ip6_prefix: how many bits of an IPv6 address are compared, 0 to 128.
    """

    __slots__ = ("ip4_prefix", "ip6_prefix")
    fields: ClassVar[tuple[str, ...]] = ("qualifier", "domain_spec", "ip4_prefix", "ip6_prefix", "text", "span")
    compared: ClassVar[tuple[str, ...] | None] = ("qualifier", "domain_spec", "ip4_prefix", "ip6_prefix", "text")
    ip4_prefix: int
    ip6_prefix: int

    def __init__(
        self, qualifier: str, domain_spec: MacroString | None, ip4_prefix: int, ip6_prefix: int, text: str, span: Span
    ) -> None:
        super().__init__(qualifier, domain_spec, text, span)
        fill(self, "ip4_prefix", ip4_prefix)
        fill(self, "ip6_prefix", ip6_prefix)

    def prefix(self, family: Family) -> int:
        """Return how many bits of an address of this family are compared."""
        return self.ip4_prefix if family is V4 else self.ip6_prefix


class A(HostDirective):
    """`a` (RFC 7208 §5.3)."""

    __slots__ = ()
    mechanism = "a"


class MX(HostDirective):
    """`mx` (RFC 7208 §5.4)."""

    __slots__ = ()
    mechanism = "mx"


class Modifier(Term):
    """A modifier.

    Attributes:
        name: its name, in lower case.
        value: what follows the equals sign.
    """

    __slots__ = ("name", "value")
    fields: ClassVar[tuple[str, ...]] = ("name", "value", "text", "span")
    compared: ClassVar[tuple[str, ...] | None] = ("name", "value", "text")
    name: str
    value: MacroString

    def __init__(self, name: str, value: MacroString, text: str, span: Span) -> None:
        super().__init__(text, span)
        fill(self, "name", name)
        fill(self, "value", value)


class Redirect(Modifier):
    """`redirect=` (RFC 7208 §6.1)."""

    __slots__ = ()
    costs_lookup = True


class Explanation(Modifier):
    """`exp=` (RFC 7208 §6.2)."""

    __slots__ = ()


class UnknownModifier(Modifier):
    """A modifier that RFC 7208 does not know; it is ignored (RFC 7208 §6)."""

    __slots__ = ()


@final
class NetworkRun:
    """Neighbouring `ip4` and `ip6` directives, and an `all` right after them, as one table for each family.

    Attributes:
        directives: in their order.
        ip4, ip6: the tables, once they have been needed.
    """

    __slots__ = ("directives", "ip4", "ip6")

    def __init__(self, directives: tuple[Network | All, ...]) -> None:
        self.directives: tuple[Network | All, ...] = directives
        self.ip4: Table[Network | All] | None = None
        self.ip6: Table[Network | All] | None = None

    def table(self, family: Family) -> Table[Network | All]:
        """Return the table of one family, which is made when it is first needed."""
        return (self.ip4 if family is V4 else self.ip6) or self._make_table(family)

    def _make_table(self, family: Family) -> Table[Network | All]:
        ranges: list[tuple[int, int, Network | All]] = []
        default = None
        for directive in self.directives:
            if isinstance(directive, All):
                default = directive  # the last of them
            elif directive.family is family:
                first, last = network_range(family, directive.network, directive.prefix)
                ranges.append((first, last, directive))
        table = build_table(ranges, default)
        if family is V4:
            self.ip4 = table
        else:
            self.ip6 = table
        return table


Step = NetworkRun | Directive


def _steps(terms: tuple[Term, ...]) -> tuple[tuple[Step, ...], All | None, bool]:
    """Return the steps of a record, the `all` that decides after them, and whether there is an `all`."""
    steps: list[Step] = []
    run: list[Network | All] = []
    for term in terms:
        if isinstance(term, Network):
            run.append(term)
        elif isinstance(term, All):
            if not run:
                return tuple(steps), term, True
            steps.append(NetworkRun((*run, term)))
            return tuple(steps), None, True
        elif isinstance(term, Directive):
            if run:
                steps.append(NetworkRun(tuple(run)))
                run = []
            steps.append(term)
    if run:
        steps.append(NetworkRun(tuple(run)))
    return tuple(steps), None, False


class Record(Frozen):
    """A record without syntax errors (RFC 7208 §12).

    Attributes:
        source: its text, each octet as one character.
        terms: all terms, in order.
        steps: the directives in order of evaluation, neighbouring `ip4` and `ip6` merged; without those after `all`,
            which are never evaluated (RFC 7208 §5.1).
        all: the `all` that decides if no step does, or None; None also if `all` is merged with `ip4` and `ip6`.
        redirect: its redirect modifier, or None; None also if the record has `all` (RFC 7208 §6.1).
        explanation: its exp modifier, or None.
    """

    __slots__ = ("all", "explanation", "redirect", "source", "steps", "terms")
    fields: ClassVar[tuple[str, ...]] = ("source", "terms")
    source: str
    terms: tuple[Term, ...]
    steps: tuple[Step, ...]
    all: All | None
    redirect: Redirect | None
    explanation: Explanation | None

    def __init__(self, source: str, terms: tuple[Term, ...]) -> None:
        fill(self, "source", source)
        fill(self, "terms", terms)
        steps, last_all, has_all = _steps(terms)
        fill(self, "steps", steps)
        fill(self, "all", last_all)
        modifiers = {type(term): term for term in terms if isinstance(term, Modifier)}
        fill(self, "redirect", None if has_all else modifiers.get(Redirect))
        fill(self, "explanation", modifiers.get(Explanation))

    def __str__(self) -> str:
        return self.source

    @property
    def directives(self) -> tuple[Directive, ...]:
        """The directives, in order."""
        return tuple([term for term in self.terms if isinstance(term, Directive)])

    @property
    def modifiers(self) -> tuple[Modifier, ...]:
        """The modifiers, in order."""
        return tuple([term for term in self.terms if isinstance(term, Modifier)])


def same_term(first: Term, second: Term, *, qualifier: bool = True) -> bool:
    """Return whether two terms mean the same, however they are written.

    Names of mechanisms, modifiers and domains have no case, so `MX:Example.COM` is `mx:example.com`. A final dot, a
    "+", host bits, and prefix lengths of a whole address make no difference either. Macro letters do have case: `%{L}`
    URL-escapes what `%{l}` does not (RFC 7208 §7.3). The value of an unknown modifier has to be the same text.

    Args:
        qualifier: whether the qualifiers have to be the same too.
    """
    return term_key(first, qualifier=qualifier) == term_key(second, qualifier=qualifier)


def term_key(term: Term, *, qualifier: bool = True) -> tuple[object, ...]:
    """Return what `same_term` compares, as a key for sets and dictionaries."""
    if isinstance(term, Directive):
        return (term.qualifier if qualifier else "", term.mechanism, *_arguments_key(term))
    assert isinstance(term, Modifier), "a term is a directive or a modifier"
    value = term.value
    return ("", f"{term.name}=", value.text if isinstance(term, UnknownModifier) else _domain_spec_key(value))


def _arguments_key(directive: Directive) -> tuple[object, ...]:
    if isinstance(directive, Network):
        return network_range(directive.family, directive.network, directive.prefix)
    if isinstance(directive, HostDirective):
        return _domain_spec_key(directive.domain_spec), directive.ip4_prefix, directive.ip6_prefix
    if isinstance(directive, DomainDirective):
        return (_domain_spec_key(directive.domain_spec),)
    return ()


def _domain_spec_key(spec: MacroString | None) -> tuple[object, ...] | None:
    if spec is None:
        return None
    key: list[object] = []
    for part in spec.parts:
        if isinstance(part, str):
            key.append(fold(part))
        else:
            key.append((part.letter, part.escaped, part.digits, part.reverse, frozenset(part.delimiters or ".")))
    last = key[-1] if key else None
    if isinstance(last, str):
        key[-1] = last.removesuffix(".")
    return tuple(key)
