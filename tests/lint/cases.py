"""For each code of a finding: what produces it, and what is nearly the same and does not."""

from dataclasses import replace
from typing import Any, NamedTuple

import spfengine
from spfengine import Status
from spfengine.linting import Finding, LintCode
from spfengine.resolvers.rrsets import PROXIED

DOMAIN = "x.example"

BASE: dict[str, Any] = {
    DOMAIN: {"A": "192.0.2.1", "AAAA": "2001:db8::1", "MX": (10, "mx.x.example")},
    "mx.x.example": {"A": "192.0.2.25", "AAAA": "2001:db8::25", "TXT": "v=spf1 a -all"},
    "ok.example": {"TXT": "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:1::/48 -all"},
    "v4.example": {"A": "192.0.2.4"},
    "a1.example": {"A": "192.0.2.101", "AAAA": "2001:db8::101"},
    "text.example": {"TXT": "no SPF at all"},
    "null.example": {"MX": (0, ".")},
    "no-mail.example": {"A": "192.0.2.9"},
    "many.example": {"MX": [(10, f"mx{i}.many.example") for i in range(11)]},
    "literal.example": {"MX": [(10, "192.0.2.7")]},
    "why.x.example": {"TXT": "%{i} may not send for %{d}"},
    "failing.example": {"*": Status.SERVFAIL},
}
for _status in Status:
    BASE[f"{_status.lower()}.example"] = {"*": _status} if _status not in (Status.NOERROR, Status.LOOP) else {}
BASE["loop.example"] = {"CNAME": "pool.example"}
BASE["pool.example"] = {"CNAME": "loop.example"}


class Case(NamedTuple):
    """What is linted: the TXT records of the domain, and a zone around it."""

    txt: Any
    zone: dict[str, Any]
    domain: str = DOMAIN
    proxied: tuple[str, ...] = ()

    ttl: int | None = None

    def make(self) -> spfengine.Zone:
        zone = {**BASE, **self.zone}
        zone[DOMAIN] = {**zone[DOMAIN], "SOA": "ns.x.example. root.x.example. 1 2 3 4 5"}
        if self.txt is not None:
            zone[DOMAIN]["TXT"] = self.txt
        made = spfengine.Zone(zone, ttl=self.ttl)
        noted = [replace(rrset, note=PROXIED) if rrset.name in self.proxied else rrset for rrset in made.rrsets]
        return spfengine.Zone.from_rrsets(made.names, noted, ttl=self.ttl)

    def findings(self) -> list[Finding]:
        return spfengine.lint(self.domain, resolver=self.make())

    def codes(self) -> list[str]:
        return [str(finding.code) for finding in self.findings()]


def case(txt: Any, zone: dict[str, Any] | None = None, domain: str = DOMAIN) -> Case:
    return Case(txt, zone or {}, domain)


def _hosts(name: str, count: int) -> dict[str, Any]:
    return {f"{name}{i}.example": {"TXT": f"v=spf1 ip4:198.51.100.{i} -all"} for i in range(count)}


def _includes(count: int) -> str:
    return "v=spf1 " + "".join(f"include:i{i}.example " for i in range(count)) + "-all"


_LONG = "v=spf1 " + "".join(f"ip4:198.51.{i}.0/24 " for i in range(14)) + "-all"
_LONG = _LONG.replace("-all", "ip4:203.0.113.0/24 -all")
_RECORD_OF_TWO = "v=spf1 ip4:192.0.2.0/24 -all"
_IN_STRINGS = (_LONG[:200], _LONG[200:])
_FILLER = ["verification=" + "x" * 200 + str(i) for i in range(6)]
_HIGH = "v=spf1 ip4:192.0.2.1\u00a0-all"


def _many_ip4(count: int) -> tuple[str, ...]:
    text = "v=spf1 " + "".join(f"ip4:10.{i}.2.1 " for i in range(count)) + "-all"
    return tuple(text[i : i + 255] for i in range(0, len(text), 255))


def _explained(*texts: Any) -> Case:
    return case("v=spf1 ip4:192.0.2.1 exp=e.x.example -all", {"e.x.example": {"TXT": list(texts)}})


_GOOD_EXP = _explained("%{i} may not send for %{d}")

# code → (produces it, does not)
CASES: dict[str, tuple[Case, Case]] = {
    "invalid-domain": (case(None, domain="x..example"), case("v=spf1 mx -all")),
    "invalid-u-label": (case(None, domain="\u2615\ufe0f-\u0378.example"), case("v=spf1 mx -all")),
    "domain-not-found": (case(None, domain="nowhere.example"), case("v=spf1 mx -all")),
    "no-record": (case("some text"), case("v=spf1 mx -all")),
    "multiple-records": (case(["v=spf1 mx -all", "v=spf1 a -all"]), case(["v=spf1 mx -all", "v=spfx a ~all"])),
    "look-alike": (case(["v=spf1include:ok.example -all"]), case(["v=spf1 include:ok.example -all", "v=DKIM1; p="])),
    "split-over-records": (
        case(["v=spf1 ip4:192.0.2.1", "include:ok.example ~all"]),
        case(["v=spf1 ip4:192.0.2.1 ~all", "include ok.example in your record"]),
    ),
    "type-spf": (
        case(None, {DOMAIN: {"TXT": "v=spf1 mx -all", "SPF": "v=spf1 mx -all"}}),
        case("v=spf1 mx -all"),
    ),
    "invalid-character": (case(_HIGH), case("v=spf1 ip4:192.0.2.1 -all")),
    "unknown-mechanism": (case("v=spf1 ipv4:192.0.2.1 -all"), case("v=spf1 ip4:192.0.2.1 -all")),
    "invalid-modifier-name": (case("v=spf1 mx 1x=y -all"), case("v=spf1 mx x1=y -all")),
    "qualified-modifier": (case("v=spf1 mx ~redirect=ok.example"), case("v=spf1 mx redirect=ok.example")),
    "missing-term-name": (case("v=spf1 mx - all"), case("v=spf1 mx -all")),
    "missing-argument": (case("v=spf1 ip4: 192.0.2.1 -all"), case("v=spf1 ip4:192.0.2.1 -all")),
    "unexpected-argument": (case("v=spf1 mx -all:x.example"), case("v=spf1 mx -all")),
    "empty-domain-spec": (case("v=spf1 a: -all"), case("v=spf1 a -all")),
    "invalid-domain-spec": (case("v=spf1 include:ok.example~all"), case("v=spf1 include:ok.example ~all")),
    "address-as-domain-spec": (case("v=spf1 a:192.0.2.1 -all"), case("v=spf1 ip4:192.0.2.1 -all")),
    "invalid-macro": (case("v=spf1 exists:%(i).x.example -all"), case("v=spf1 exists:%{i}.x.example -all")),
    "explanation-only-macro": (case("v=spf1 exists:%{c}.x.example -all"), case("v=spf1 exists:%{i}.x.example -all")),
    "macro-digits-zero": (case("v=spf1 exists:%{i0}.x.example -all"), case("v=spf1 exists:%{i1}.x.example -all")),
    "invalid-ip4-network": (case("v=spf1 ip4:2001:db8::/32 -all"), case("v=spf1 ip6:2001:db8::/48 -all")),
    "invalid-ip6-network": (case("v=spf1 ip6:192.0.2.1 -all"), case("v=spf1 ip4:192.0.2.1 -all")),
    "invalid-cidr-length": (case("v=spf1 ip4:192.0.2.0/024 -all"), case("v=spf1 ip4:192.0.2.0/24 -all")),
    "unexpected-cidr-length": (case("v=spf1 include:ok.example/24 -all"), case("v=spf1 include:ok.example -all")),
    "duplicate-modifier": (
        case("v=spf1 mx redirect=ok.example redirect=ok.example"),
        case("v=spf1 mx redirect=ok.example"),
    ),
    "mistyped-modifier": (case("v=spf1 a=v4.example -all"), case("v=spf1 a:a1.example -all")),
    "unknown-modifier": (case("v=spf1 mx moo=cow -all"), case("v=spf1 mx ra=postmaster rp=10 rr=e -all")),
    "extra-spaces": (case("v=spf1  mx -all "), case("v=spf1 MX -ALL")),
    "missing-space": (
        case([("v=spf1 include:ok.example", "include:v4.example ~all")]),
        case([("v=spf1 include:ok.ex", "ample ~all")]),
    ),
    "misshapen-name": (
        case("v=spf1 include:https://ok.example ~all"),
        case("v=spf1 exists:%{ir,}._spf.x.example ~all"),
    ),
    "passes-everyone": (case("v=spf1 mx +all"), case("v=spf1 mx ~all")),
    "huge-network": (
        case("v=spf1 ip4:11.0.0.0/8 -all"),
        case("v=spf1 -ip4:11.0.0.0/8 ip4:11.0.0.0/9 ip4:10.0.0.0/8 -all"),
    ),
    "wide-network": (case("v=spf1 a/16 -all"), case("v=spf1 a/17//33 -all")),
    "host-bits": (case("v=spf1 ip4:192.0.2.1/24 -all"), case("v=spf1 ip4:192.0.2.0/24 ip4:192.0.3.1 -all")),
    "mapped-network": (
        case("v=spf1 ip6:::ffff:192.0.2.0/120 -all"),
        case("v=spf1 ip4:192.0.2.0/24 ip6:::/95 -all"),
    ),
    "neutral-all": (case("v=spf1 mx ?all"), case("v=spf1 mx ~all")),
    "missing-all": (case("v=spf1 mx"), case("v=spf1 mx redirect=ok.example")),
    "term-after-all": (case("v=spf1 mx -all a"), case("v=spf1 mx a -all moo=cow")),
    "cname-beside-data": (
        case("v=spf1 a:www.x.example -all", {"www.x.example": {"CNAME": "mx.x.example", "MX": (10, "mx.x.example")}}),
        case("v=spf1 a:www.x.example -all", {"www.x.example": {"CNAME": "mx.x.example", "RRSIG": "of the CNAME"}}),
    ),
    "wildcard-gap": (
        case("v=spf1 mx -all", {"*.x.example": {"TXT": "v=spf1 mx -all"}, "why.x.example": {"A": "192.0.2.1"}}),
        case("v=spf1 mx -all", {"*.x.example": {"TXT": "v=spf1 mx -all"}, "why.x.example": {"TXT": "v=spf1 -all"},
                                "mx.x.example": {"A": "192.0.2.1", "AAAA": "2001:db8::1", "TXT": "v=spf1 a -all"}}),
    ),
    "redirect-ignored": (case("v=spf1 mx -all redirect=ok.example"), case("v=spf1 mx redirect=ok.example")),
    "neutral-term": (case("v=spf1 ?mx -all"), case("v=spf1 ~mx -all")),
    "ptr": (case("v=spf1 ptr -all"), case("v=spf1 mx -all")),
    "macro-p": (case("v=spf1 exists:%{p}.x.example -all"), case("v=spf1 exists:%{i}.x.example -all")),
    "escaping-macro": (case("v=spf1 exists:%{L}.x.example -all"), case("v=spf1 exists:%{l}.x.example -all")),
    "unreversed-macro": (
        case("v=spf1 exists:%{i}.%{v}.x.example -all"),
        case("v=spf1 exists:%{ir}.%{v}.x.example exists:%{i}.x.example -all"),
    ),
    "duplicate-term": (case("v=spf1 mx a +MX -all"), case("v=spf1 mx a mx:a1.example -all")),
    "unreachable-term": (
        case("v=spf1 -ip4:192.0.2.0/24 ip4:192.0.2.1 -all"),
        case("v=spf1 ip4:192.0.2.1 -ip4:192.0.2.0/24 -all"),
    ),
    "redundant-term": (case("v=spf1 ip4:192.0.2.1 mx a -all"), case("v=spf1 ip4:192.0.2.2 mx a -all")),
    "include-never-passes": (
        case("v=spf1 include:n.example -all", {"n.example": {"TXT": "v=spf1 ?ip4:192.0.2.1 ~all"}}),
        case("v=spf1 include:ok.example -all"),
    ),
    "include-does-nothing": (
        case("v=spf1 include:sendgrid.net -all", {"sendgrid.net": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}}),
        case("v=spf1 include:mailgun.org -all", {"mailgun.org": {"TXT": "v=spf1 ip4:198.51.100.0/24 -all"}}),
    ),
    "include-invalid-domain": (case("v=spf1 include:foo..example -all"), case("v=spf1 include:ok.example -all")),
    "include-domain-not-found": (case("v=spf1 include:gone.ok.example -all"), case("v=spf1 include:ok.example -all")),
    "include-no-record": (case("v=spf1 include:text.example -all"), case("v=spf1 include:ok.example -all")),
    "redirect-invalid-domain": (case("v=spf1 redirect=foo..example"), case("v=spf1 redirect=ok.example")),
    "redirect-domain-not-found": (case("v=spf1 redirect=gone.ok.example"), case("v=spf1 redirect=ok.example")),
    "redirect-no-record": (case("v=spf1 redirect=text.example"), case("v=spf1 redirect=ok.example")),
    "endless-loop": (
        case("v=spf1 include:b.example -all", {"b.example": {"TXT": "v=spf1 include:X.example -all"}}),
        case("v=spf1 include:b.example include:b.example -all", {"b.example": {"TXT": "v=spf1 mx:x.example -all"}}),
    ),
    "invalid-target-name": (case("v=spf1 a:a1..example -all"), case("v=spf1 a:a1.example -all")),
    "name-not-found": (case("v=spf1 a:gone.x.example -all"), case("v=spf1 a:gone.example -all")),
    "could-be-registered": (case("v=spf1 a:mail.gone.example -all"), case("v=spf1 a:gone.a1.example -all")),
    "include-not-followed": (
        case("v=spf1 mx include:%{l}._spf.x.example -all"),
        case("v=spf1 mx include:%{d2}.ok.example -all", {"x.example.ok.example": {"TXT": "v=spf1 a -all"}}),
    ),
    "helo-without-record": (
        case("v=spf1 mx -all", {"mx.x.example": {"A": "192.0.2.25", "AAAA": "2001:db8::25"}}),
        case("v=spf1 mx -all"),
    ),
    "no-addresses": (case("v=spf1 a:text.example -all"), case("v=spf1 a:v4.example -all")),
    "null-mx": (case("v=spf1 mx:null.example -all"), case("v=spf1 mx -all")),
    "proxied-address": (
        case("v=spf1 mx -all")._replace(proxied=("mx.x.example",)),
        case("v=spf1 mx -all")._replace(proxied=(DOMAIN,)),
    ),
    "mx-is-address": (case("v=spf1 mx:literal.example -all"), case("v=spf1 mx -all")),
    "over-lookup-limit": (case(_includes(11), _hosts("i", 11)), case(_includes(10), _hosts("i", 10))),
    "near-lookup-limit": (case(_includes(8), _hosts("i", 8)), case(_includes(7), _hosts("i", 7))),
    "over-void-limit": (
        case("v=spf1 a:v4.example a:v4.example/31 a:v4.example/30 -all"),
        case("v=spf1 a:v4.example a:v4.example/31 -all"),
    ),
    "over-void-limit-per-lookup": (
        case("v=spf1 mx a:v6.example -all", {"mx.x.example": {"AAAA": "2001:db8::25"}, "v6.example": {
            "AAAA": "2001:db8::6"}, "x.example": {"MX": [(10, "mx.x.example"), (20, "v6.example")]}}),
        case("v=spf1 mx a:v4.example -all"),
    ),
    "voids-by-chance": (
        case("v=spf1 exists:%{i}.a.example exists:%{i}.b.example exists:%{i}.c.example -all"),
        case("v=spf1 exists:%{i}.a.example exists:%{i}.b.example -all"),
    ),
    "near-void-limit": (
        case("v=spf1 a:v4.example a:v4.example/31 -all"),
        case("v=spf1 a:v4.example -all"),
    ),
    "too-many-mx": (case("v=spf1 mx:many.example -all"), case("v=spf1 mx -all")),
    "too-many-ip4": (case(_many_ip4(65)), case(_many_ip4(64))),
    "large-space": (
        case("v=spf1 ip4:131.107.0.0/16 ip4:131.106.0.0/16 -all"),
        case("v=spf1 ip4:131.107.0.0/16 -ip4:131.106.0.0/16 -all"),
    ),
    "rentable-network": (case("v=spf1 ip4:3.8.0.0/20 -all"), case("v=spf1 ip4:3.8.0.7 ip4:131.107.0.0/20 -all")),
    "special-purpose-network": (
        case("v=spf1 ip4:192.168.1.0/24 -all"),
        case("v=spf1 ip4:192.0.2.1 ip4:192.169.1.0/24 -all"),
    ),
    "ttl": (case("v=spf1 mx -all")._replace(ttl=60), case("v=spf1 mx -all")._replace(ttl=300)),
    "string-over-255": (case(_LONG), case(_IN_STRINGS)),
    "txt-over-512": (case(["v=spf1 mx -all", *_FILLER[:2]]), case(["v=spf1 mx -all", *_FILLER[:1]])),
    "txt-over-1232": (case(["v=spf1 mx -all", *_FILLER]), case(["v=spf1 mx -all", *_FILLER[:5]])),
    **{
        f"dns-{name}": (case(f"v=spf1 a:{name}.example -all"), case("v=spf1 a -all"))
        for name in ("servfail", "refused", "formerr", "timeout", "truncated")
    },
    "dns-cname-loop": (case("v=spf1 include:loop.example -all"), case("v=spf1 include:ok.example -all")),
    "outside-zone": (case("v=spf1 include:unknown.example -all"), case("v=spf1 include:ok.example -all")),
    "work-limit": (
        case(_includes(17), {f"i{i}.example": {"TXT": "v=spf1 x=" + "y" * 65_000} for i in range(17)}),
        case(_includes(4), {f"i{i}.example": {"TXT": "v=spf1 x=" + "y" * 65_000} for i in range(4)}),
    ),
    "exp-invalid-domain": (case("v=spf1 mx exp=foo..example -all"), _GOOD_EXP),
    "exp-dns-error": (case("v=spf1 mx exp=failing.example -all"), _GOOD_EXP),
    "exp-no-record": (case("v=spf1 mx exp=gone.example -all"), _GOOD_EXP),
    "exp-multiple-records": (_explained("one", "two"), _GOOD_EXP),
    "exp-empty": (_explained(""), _GOOD_EXP),
    "exp-invalid-macro": (_explained("%{x}"), _GOOD_EXP),
    "exp-non-ascii": (_explained("du darfst nicht \u2013 nein"), _GOOD_EXP),
    "exp-control-character": (_explained("no\tno"), _GOOD_EXP),
    "exp-too-long": (_explained(tuple(["%{d}" * 63] * 300)), _GOOD_EXP),
}  # fmt: skip

TEXT_ONLY = {LintCode.NOT_SPF}
"""Codes that only a record that is given by itself can produce."""


def example_rows() -> list[str]:
    """Return the rows of the table in docs/reference/lint-examples.md: each code with what produces it."""
    return [f"| `{code}` | {_shown(drawing)} | {_fix_shown(code, drawing)} |" for code, (drawing, _) in CASES.items()]


def _shown(drawing: Case) -> str:
    own = dict(drawing.zone.get(drawing.domain, {}))
    txt = own.pop("TXT", None) if drawing.txt is None else drawing.txt
    records = [] if txt is None else txt if isinstance(txt, list) else [txt]
    shown = _some([_strings(record) for record in records], " and ") or _code(drawing.domain)
    others = {name: data for name, data in drawing.zone.items() if name != drawing.domain}
    if own:
        others = {drawing.domain: own, **others}
    more = [
        f"{_code(name)} {kind} {_code(_text(value))}" for name, data in others.items() for kind, value in data.items()
    ]
    if drawing.ttl is not None:
        more.append(f"TTL {drawing.ttl}")
    if drawing.proxied:
        more.append(f"{_code(drawing.proxied[0])} is proxied")
    return f"{shown}; {_some(more, ', ')}" if more else shown


def _strings(record: Any) -> str:
    return _some([_code(string) for string in (record if isinstance(record, tuple) else (record,))], " ")


def _some(parts: list[str], between: str) -> str:
    return between.join(parts) if len(parts) <= 3 else between.join(parts[:2]) + ", and so on"


def _text(value: Any) -> str:
    return " ".join(map(_text, value)) if isinstance(value, (tuple, list)) else str(value)


def _code(text: str) -> str:
    if not text:
        return "empty"
    if not text.isprintable() or not text.isascii():
        text = text.encode("unicode_escape").decode("ascii")
    return "`" + (text if len(text) <= 70 else text[:67] + "…").replace("|", "\\|") + "`"


def _fix_shown(code: str, drawing: Case) -> str:
    fixes = [finding.fix for finding in drawing.findings() if finding.code == code and finding.fix is not None]
    return _strings(fixes[0]) if fixes else "none"
