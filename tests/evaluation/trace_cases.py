"""A table: terms of records, the status of each, and why."""

from typing import NamedTuple

from spfengine.evaluation.trace import TermStatus


class Case(NamedTuple):
    """The terms of a record; the term under test, its status and why; the client and the sender."""

    terms: str
    term: str
    outcome: TermStatus
    why: str
    ip: str = "192.0.2.1"
    sender: str = "u@a.example"


CASES = [
    Case("ip4:192.0.2.0/24", "ip4:192.0.2.0/24", TermStatus.MATCH, "192.0.2.1 is in 192.0.2.0/24"),
    Case("ip4:10.0.0.0/8", "ip4:10.0.0.0/8", TermStatus.NO_MATCH, "192.0.2.1 is not in 10.0.0.0/8"),
    Case("ip4:192.0.2.1", "ip4:192.0.2.1", TermStatus.MATCH, "192.0.2.1 is that address"),
    Case("ip4:192.0.2.2", "ip4:192.0.2.2", TermStatus.NO_MATCH, "192.0.2.1 is not 192.0.2.2"),
    Case("ip4:192.0.2.1", "ip4:192.0.2.1", TermStatus.NO_MATCH, "2001:db8::1 is an IPv6 address", ip="2001:db8::1"),
    Case(
        "ip6:2001:db8::/32", "ip6:2001:db8::/32", TermStatus.MATCH, "2001:db8::1 is in 2001:db8::/32", ip="2001:db8::1"
    ),
    Case("ip6:::1", "ip6:::1", TermStatus.NO_MATCH, "192.0.2.1 is an IPv4 address"),
    Case("all", "all", TermStatus.MATCH, "all matches every address"),
    Case(
        "a:v4.example",
        "a:v4.example",
        TermStatus.NO_MATCH,
        "192.0.2.1 is none of these: v4.example has A 10.0.0.1, 192.0.2.77",
    ),
    Case(
        "a:v4.example/24",
        "a:v4.example/24",
        TermStatus.MATCH,
        "192.0.2.1 is an address of v4.example within the first 24 bits",
    ),
    Case("a:hit.example", "a:hit.example", TermStatus.MATCH, "192.0.2.1 is an address of hit.example"),
    Case(
        "a:none.example",
        "a:none.example",
        TermStatus.NO_MATCH,
        "192.0.2.1 is none of these: none.example has no A record",
    ),
    Case(
        "a:gone.example",
        "a:gone.example",
        TermStatus.NO_MATCH,
        "192.0.2.1 is none of these: gone.example does not exist",
    ),
    Case(
        "a:v4.example//64",
        "a:v4.example//64",
        TermStatus.NO_MATCH,
        "2001:db8::1 is none of these within the first 64 bits: v4.example has no AAAA record",
        ip="2001:db8::1",
    ),
    Case(
        "a:many.example",
        "a:many.example",
        TermStatus.NO_MATCH,
        (
            "192.0.2.1 is none of these: many.example has A 10.0.1.0, 10.0.1.1, 10.0.1.2, "
            "10.0.1.3, 10.0.1.4, 10.0.1.5, 10.0.1.6, 10.0.1.7, 10.0.1.8, 10.0.1.9 and 4 more"
        ),
    ),
    Case(
        "a:dead.example",
        "a:dead.example",
        TermStatus.ERROR,
        "the A records of dead.example could not be looked up: no DNS server answered",
    ),
    Case(
        "a:x..example",
        "a:x..example",
        TermStatus.NO_MATCH,
        ("'x..example' can't be queried in DNS (an empty label, or one over 63 octets), so no query was sent"),
    ),
    Case(
        "a:%{h}",
        "a:%{h}",
        TermStatus.NO_MATCH,
        ("'%{h}' can't be queried in DNS (an empty label, or one over 63 octets), so no query was sent"),
    ),
    Case(
        "a:%{l}.example", "a:%{l}.example", TermStatus.NO_MATCH, "192.0.2.1 is none of these: u.example does not exist"
    ),
    Case(
        "a:%{l}.example",
        "a:%{l}.example",
        TermStatus.NO_MATCH,
        "the local part of the sender is not ASCII, so no query was sent (RFC 8616 §4)",
        sender="ü@a.example",
    ),
    Case("a:%{d}", "a:%{d}", TermStatus.NO_MATCH, "192.0.2.1 is none of these: a.example has A 10.0.0.5"),
    Case("mx:mx.example", "mx:mx.example", TermStatus.MATCH, "192.0.2.1 is an address of hit.example"),
    Case(
        "mx:nomatch.example",
        "mx:nomatch.example",
        TermStatus.NO_MATCH,
        (
            "192.0.2.1 is none of these: v4.example has A 10.0.0.1, 192.0.2.77; none.example has "
            "no A record; gone.example does not exist"
        ),
    ),
    Case(
        "mx:nomatch.example/8",
        "mx:nomatch.example/8",
        TermStatus.MATCH,
        "192.0.2.1 is an address of v4.example within the first 8 bits",
    ),
    Case(
        "mx:null.example",
        "mx:null.example",
        TermStatus.NO_MATCH,
        "null.example has no MX record with a host (a null MX)",
    ),
    Case("mx:none.example", "mx:none.example", TermStatus.NO_MATCH, "none.example has no MX record"),
    Case("mx:gone.example", "mx:gone.example", TermStatus.NO_MATCH, "gone.example does not exist"),
    Case("mx:%{p}", "mx:%{p}", TermStatus.NO_MATCH, "h.a.example has no MX record"),
    Case("mx:mx.%{p}", "mx:mx.%{p}", TermStatus.NO_MATCH, "mx.h.a.example has no MX record with a host (a null MX)"),
    Case("exists:h.x.example", "exists:h.x.example", TermStatus.MATCH, "h.x.example has A 127.0.0.2"),
    Case("exists:%{p}.x.example", "exists:%{p}.x.example", TermStatus.NO_MATCH, "h.a.example.x.example does not exist"),
    Case("exists:gone.example", "exists:gone.example", TermStatus.NO_MATCH, "gone.example does not exist"),
    Case(
        "exists:none.example",
        "exists:none.example",
        TermStatus.NO_MATCH,
        "none.example has no A record",
        ip="2001:db8::1",
    ),
    Case("exists:%{p}", "exists:%{p}", TermStatus.MATCH, "h.a.example has A 192.0.2.1"),
    Case("ptr", "ptr", TermStatus.MATCH, "192.0.2.1 has the validated name h.a.example, in a.example"),
    Case(
        "ptr:b.example",
        "ptr:b.example",
        TermStatus.NO_MATCH,
        "192.0.2.1 has the names h.a.example, liar.a.example, other.example; none is in b.example",
    ),
    Case(
        "ptr:liar.a.example",
        "ptr:liar.a.example",
        TermStatus.NO_MATCH,
        (
            "192.0.2.1 has the names h.a.example, liar.a.example, other.example; none in "
            "liar.a.example leads back to 192.0.2.1"
        ),
    ),
    Case("ptr", "ptr", TermStatus.NO_MATCH, "192.0.2.9 has no PTR record", ip="192.0.2.9"),
    Case(
        "ptr:b.example",
        "ptr:b.example",
        TermStatus.NO_MATCH,
        (
            "192.0.2.7 has the names n0.b.example, n1.b.example, n2.b.example, n3.b.example, "
            "n4.b.example, n5.b.example, n6.b.example, n7.b.example, n8.b.example, n9.b.example; "
            "none in b.example leads back to 192.0.2.7; the 2 names after the first 10 were "
            "ignored"
        ),
        ip="192.0.2.7",
    ),
    Case("ptr", "ptr", TermStatus.NO_MATCH, "the PTR records of 192.0.2.8 could not be looked up", ip="192.0.2.8"),
    Case("ptr:%{p}", "ptr:%{p}", TermStatus.MATCH, "192.0.2.1 has the validated name h.a.example, in h.a.example"),
    Case("include:pass.example", "include:pass.example", TermStatus.MATCH, "pass.example gives pass"),
    Case(
        "include:soft.example",
        "include:soft.example",
        TermStatus.NO_MATCH,
        "soft.example gives softfail, and only pass makes an include match",
    ),
    Case("include:bad.example", "include:bad.example", TermStatus.ERROR, "foo is not a mechanism"),
    Case(
        "include:gone.example",
        "include:gone.example",
        TermStatus.ERROR,
        "include:gone.example leads to no record: gone.example does not exist",
    ),
    Case(
        "include:%{l}.example",
        "include:%{l}.example",
        TermStatus.ERROR,
        "include:%{l}.example leads to no record: u.example does not exist",
    ),
    Case(
        "include:%{l}.example",
        "include:%{l}.example",
        TermStatus.NO_MATCH,
        "the local part of the sender is not ASCII, so no query was sent (RFC 8616 §4)",
        sender="ü@a.example",
    ),
    Case(
        "redirect=pass.example",
        "redirect=pass.example",
        TermStatus.FOLLOWED,
        "no directive matched, so the record that redirect= names decides",
    ),
    Case(
        "redirect=gone.example",
        "redirect=gone.example",
        TermStatus.FOLLOWED,
        "no directive matched, so the record that redirect= names decides",
    ),
    Case("redirect=pass.example ?all", "?all", TermStatus.MATCH, "all matches every address"),
    Case(
        "redirect=pass.example ?all",
        "redirect=pass.example",
        TermStatus.NOT_EVALUATED,
        "the record has all, so redirect= is ignored",
    ),
    Case(
        "exp=e.example",
        "exp=e.example",
        TermStatus.NOT_EVALUATED,
        "an explanation is fetched only for a fail that this record itself decides",
    ),
    Case("x=y", "x=y", TermStatus.NOT_EVALUATED, "a modifier that RFC 7208 does not know; it is ignored"),
    Case("all a", "all", TermStatus.MATCH, "all matches every address"),
    Case("all a", "a", TermStatus.NOT_EVALUATED, "a term before it matched"),
    Case(
        "a:dead.example a",
        "a:dead.example",
        TermStatus.ERROR,
        "the A records of dead.example could not be looked up: no DNS server answered",
    ),
    Case("a:dead.example a", "a", TermStatus.NOT_EVALUATED, "the check ended before it"),
    Case("-all exp=e.example", "-all", TermStatus.MATCH, "all matches every address"),
    Case("-all exp=e.example", "exp=e.example", TermStatus.FOLLOWED, "it gives the explanation"),
    Case("-all exp=gone.example", "-all", TermStatus.MATCH, "all matches every address"),
    Case(
        "-all exp=gone.example",
        "exp=gone.example",
        TermStatus.FOLLOWED,
        "no explanation: gone.example has no TXT record",
    ),
    Case(
        "redirect=red.example exp=e.example",
        "redirect=red.example",
        TermStatus.FOLLOWED,
        "no directive matched, so the record that redirect= names decides",
    ),
    Case(
        "redirect=red.example exp=e.example",
        "exp=e.example",
        TermStatus.NOT_EVALUATED,
        "an explanation is fetched only for a fail that this record itself decides",
    ),
    Case(
        "include:red.example exp=gone.example -all",
        "include:red.example",
        TermStatus.NO_MATCH,
        "red.example gives fail, and only pass makes an include match",
    ),
    Case("include:red.example exp=gone.example -all", "-all", TermStatus.MATCH, "all matches every address"),
    Case(
        "include:red.example exp=gone.example -all",
        "exp=gone.example",
        TermStatus.FOLLOWED,
        "no explanation: gone.example has no TXT record",
    ),
    Case(
        "redirect=%{l}.example",
        "redirect=%{l}.example",
        TermStatus.FOLLOWED,
        "no directive matched, so the record that redirect= names decides",
    ),
    Case(
        "redirect=%{l}.example",
        "redirect=%{l}.example",
        TermStatus.ERROR,
        "redirect=%{l}.example uses the local part of the sender, which is not ASCII",
        sender="ü@a.example",
    ),
]
