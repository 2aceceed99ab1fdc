"""Generate zones, records and sessions at random.

Names come from a small pool and refer to one another, so that mechanisms match, records nest, limits are exceeded and
lookups fail. Random noise would do none of that.

The source of randomness is a `random.Random`: a seeded one for the comparison with pyspf, and hypothesis's own, which
can shrink, for the properties. The simplest of several choices is the first.
"""

from random import Random
from typing import Any, NamedTuple

from spfengine.addresses import parse_address
from spfengine.answers import Status
from spfengine.evaluation.limits import Limits, VoidRule
from spfengine.names import reverse_name

DOMAINS = ("a.example", "b.example", "c.example", "d.example", "sub.a.example", "_spf.b.example")
HOSTS = ("h1.a.example", "h2.a.example", "h1.b.example", "mx.c.example", "four.d.example", "six.d.example")
GONE = ("gone.example", "no.a.example")
NAMES = DOMAINS + HOSTS + GONE

CLIENTS_4 = ("192.0.2.1", "192.0.2.129", "198.51.100.7", "203.0.113.9")
CLIENTS_6 = ("2001:db8::1", "2001:db8:0:1::2", "2001:db8:ffff::9")
CLIENTS = CLIENTS_4 + CLIENTS_6 + ("::ffff:192.0.2.1",)

NETWORKS_4 = (
    "192.0.2.1",
    "192.0.2.0/24",
    "192.0.2.128/25",
    "198.51.100.0/24",
    "0.0.0.0/0",
    "203.0.113.9/31",
    "10.0.0.1",
)
NETWORKS_6 = ("2001:db8::1", "2001:db8::/32", "2001:db8:0:1::/64", "::/0", "2001:db8:ffff::8/127", "::ffff:192.0.2.1")
PREFIXES = ("", "", "", "/24", "//64", "/24//64", "/0", "//0", "/31//127")

FAILURES = (Status.SERVFAIL, Status.TIMEOUT, Status.REFUSED, Status.FORMERR, Status.TRUNCATED, Status.LOOP)

FIXED_MACROS = (
    "%{d}",
    "sub.%{d}",
    "h1.%{d}",
    "%{l}.a.example",
    "%{o}",
    "%{d2}",
    "h%{l1r-}.b.example",
    "%{h}",
    "%{D}",
    "%{s1}.example",
    "%{lr-}.a.example",
    "_spf.%{o2}",
    "%{v}.e.a.example",
)
ADDRESS_MACROS = ("%{ir}.%{v}.e.a.example", "%{i}.e.b.example", "%{p}", "h1.%{p2}", "%{i1r}.a.example")

SENDERS = (
    "u@a.example",
    "u@b.example",
    "h1@c.example",
    "h-1@d.example",
    "a.example",
    "@b.example",
    "",
    "<>",
    "u@A.Example",
    "u@a.example.",
    '"x@y"@a.example',
    "U%5@sub.a.example",
    "u@gone.example",
)
ODD_SENDERS = (
    "u@",
    "@",
    "u@[192.0.2.1]",
    "u@localhost",
    "u@a..example",
    "ü@a.example",
    "u@bücher.example",
    "u@\u2167.example",
    "a b@a.example",
    "u\x00\r\n@a.example",
    "\udcff@b.example",
    "\ud800@c.example",
    "u@\udcff.example",
    "u@" + "x" * 64 + ".example",
    "u@" + "x." * 127 + "example",
    "l" * 300 + "@a.example",
)
HELOS = ("h1.a.example", "a.example", "b.example", "", "mx.c.example", "H2.A.EXAMPLE")
ODD_HELOS = (
    "[192.0.2.1]",
    "localhost",
    "bücher.example",
    "\x00",
    "a\r\nb",
    "..",
    "\ud800",
    "x" * 400,
    "%{d}",
    "a.example.",
)

MALFORMED_TERMS = (
    "foo",
    "ipv4:192.0.2.1",
    "include",
    "include:",
    "include:x",
    "all:x",
    "all/8",
    "-redirect=a.example",
    "+exp=a.example",
    "ip4",
    "ip4:",
    "ip4:192.0.2",
    "ip4:192.0.2.1/33",
    "ip4:192.0.2.1/024",
    "ip4:192.0.2.01",
    "ip4:192.0.2.1:25",
    "ip4:192.0.2.1/",
    "ip4:2001:db8::1",
    "ip6:2001:db8::1/129",
    "ip6:192.0.2.1",
    "ip6:fe80::1%eth0",
    "ip6:::1//64",
    "a/33",
    "a//129",
    "a/",
    "a//",
    "a///64",
    "a/24/64",
    "a:/24",
    "mx/x",
    "ptr/24",
    "ptr:",
    "a:192.0.2.1",
    "a:foo.123",
    "a:foo._tcp",
    "a:.",
    "a:example..",
    "mx:%{z}.example",
    "exists",
    "exists:",
    "exists:%{d0}.a.example",
    "exists:%a.example",
    "exists:%{d}.",
    "exists:%{c}.example",
    "a:%{r}",
    "mx:%{t}",
    "exists:%{d2x}",
    "exists:%{d",
    "exists:%",
    "=x",
    "1x=y",
    "x=%",
    "x=%{c}",
    "x=%{d0}",
    "+",
    "-",
    "%{d}",
    "::",
    "/24",
    "redirect=",
    "exp=",
    "redirect=x",
    "exp=%{c}.a.example",
    "all.",
    "a.b",
    "v:spf1",
    "include=x y:z",
    "mx:a.example/24//",
    "all;",
)

ZoneDict = dict[Any, dict[str, Any]]


class Call(NamedTuple):
    """The arguments of a check."""

    ip: str
    sender: str
    helo: str


def one_in(random: Random, n: int) -> bool:
    """Return True with a chance of one in n."""
    return random.randrange(n) == n - 1


def domain_spec(random: Random, *, macros: tuple[str, ...]) -> str:
    """Return a domain-spec, most often a name that exists."""
    if macros and one_in(random, 4):
        return random.choice(macros)
    return random.choice(NAMES)


def mechanism(random: Random, *, macros: tuple[str, ...] = FIXED_MACROS + ADDRESS_MACROS, ptr: bool = True) -> str:
    """Return a well-formed mechanism without a qualifier."""
    names = ["ip4", "ip6", "a", "mx", "include", "exists", "a", "include", "mx"] + ["ptr"] * ptr
    name = random.choice(names)
    match name:
        case "ip4":
            return f"ip4:{random.choice(NETWORKS_4)}"
        case "ip6":
            return f"ip6:{random.choice(NETWORKS_6)}"
        case "a" | "mx":
            spec = "" if one_in(random, 3) else ":" + domain_spec(random, macros=macros)
            return f"{name}{spec}{random.choice(PREFIXES)}"
        case "ptr":
            return "ptr" if one_in(random, 2) else f"ptr:{domain_spec(random, macros=macros)}"
        case "include":
            spec = domain_spec(random, macros=macros) if one_in(random, 4) else random.choice(DOMAINS)
            return f"include:{spec}"
        case _:
            return f"{name}:{domain_spec(random, macros=macros)}"


def directive(random: Random, *, macros: tuple[str, ...] = FIXED_MACROS + ADDRESS_MACROS, ptr: bool = True) -> str:
    """Return a well-formed directive."""
    return random.choice(("", "", "-", "~", "?", "+")) + mechanism(random, macros=macros, ptr=ptr)


def record(
    random: Random, *, macros: tuple[str, ...] = FIXED_MACROS + ADDRESS_MACROS, ptr: bool = True, exp: bool = True
) -> str:
    """Return a well-formed record."""
    count = 12 if one_in(random, 12) else random.randrange(5)
    terms = [directive(random, macros=macros, ptr=ptr) for _ in range(count)]
    end = random.randrange(4)
    if end == 1:
        terms.append(f"redirect={domain_spec(random, macros=macros) if one_in(random, 3) else random.choice(DOMAINS)}")
    elif end > 1:
        terms.append(random.choice(("-all", "~all", "?all", "all")))
    if exp and one_in(random, 3):
        terms.insert(
            random.randrange(len(terms) + 1),
            f"exp={random.choice(('e.a.example', 'e.b.example', 'e.%{o}', 'gone.example'))}",
        )
    if one_in(random, 8):
        terms.insert(random.randrange(len(terms) + 1), random.choice(("moo=x", "a.b-c_d=%{d}", "redirec=")))
    return "v=spf1" + "".join([" " * (1 + one_in(random, 10)) + term for term in terms]) + " " * one_in(random, 10)


def txt(random: Random, **kinds: Any) -> Any:
    """Return TXT records as `Zone` takes them: most often one well-formed SPF record."""
    kind = random.randrange(24)
    if kind == 23:
        return random.choice(FAILURES)
    if kind == 22:
        return [record(random, **kinds), record(random, **kinds)]
    if kind == 21:
        return ["no spf", "v=spf10 -all"]
    if kind == 20:
        return f"{record(random, **kinds)} {random.choice(MALFORMED_TERMS)}"
    if kind == 19:
        whole = record(random, **kinds)
        return ["other", (whole[:9], whole[9:])]
    return record(random, **kinds)


def addresses(random: Random, pool: tuple[str, ...]) -> Any:
    """Return A or AAAA records as `Zone` takes them."""
    if one_in(random, 16):
        return random.choice(FAILURES)
    return random.sample(pool, random.randrange(len(pool)))


def exchanges(random: Random, **_: Any) -> Any:
    """Return MX records as `Zone` takes them."""
    if one_in(random, 20):
        return random.choice(FAILURES)
    count = random.choice((1, 1, 2, 3, 10, 11))
    return [(random.randrange(3) * 10, random.choice((*HOSTS, *GONE, "."))) for _ in range(count)]


def zone_dict(
    random: Random,
    *,
    macros: tuple[str, ...] = FIXED_MACROS + ADDRESS_MACROS,
    ptr: bool = True,
    exp: bool = True,
    plain: bool = False,
) -> ZoneDict:
    """Return a zone of the pool's names as `Zone` takes it; if `plain`, each domain has one well-formed record."""
    zone: ZoneDict = {}
    for domain in DOMAINS:
        zone[domain] = {"TXT": (record if plain else txt)(random, macros=macros, ptr=ptr, exp=exp)}
        if one_in(random, 2):
            zone[domain]["MX"] = exchanges(random)
    for host in HOSTS + DOMAINS[:3]:
        here = zone.setdefault(host, {})
        if host != "six.d.example":
            here["A"] = addresses(random, (*CLIENTS_4, "10.0.0.1"))
        if host != "four.d.example" and one_in(random, 2):
            here["AAAA"] = addresses(random, (*CLIENTS_6, "2001:db8::2", "::ffff:192.0.2.1"))
    zone["*.e.a.example"] = {"A": "127.0.0.2"}
    zone["e.a.example"] = {
        "TXT": random.choice(
            ("%{i} is not one of %{d}", "see http://x.example/?s=%{S} from %{p}", "%{z}", "\u00fc", "")
        )
    }
    zone["e.b.example"] = {"TXT": random.choice(("%{c} %{r} %{t} %{h}", Status.SERVFAIL, ["one", "two"]))}
    for client in CLIENTS_4 + CLIENTS_6:
        if one_in(random, 2):
            names = [random.choice(NAMES) for _ in range(random.choice((1, 2, 3, 11)))]
            zone[reverse_name(*parse_address(client))] = {"PTR": Status.SERVFAIL if one_in(random, 8) else names}
    return zone


def call(random: Random, *, odd: bool = True) -> Call:
    """Return the arguments of a check, with `odd` also unusual senders and HELO names."""
    senders = ODD_SENDERS if odd and one_in(random, 5) else SENDERS
    helos = ODD_HELOS if odd and one_in(random, 5) else HELOS
    return Call(random.choice(CLIENTS), random.choice(senders), random.choice(helos))


def limits(random: Random) -> Limits:
    """Return limits, most often those of RFC 7208 §4.6.4."""
    if not one_in(random, 3):
        return Limits()
    return Limits(
        random.choice((10, 0, 1, 3, 30)),
        random.choice((2, 0, 1, 100)),
        random.choice(tuple(VoidRule)),
        random.choice((10, 0, 1, 2)),
        None,
        one_in(random, 2),
    )


def recased(random: Random, record_text: str) -> str:
    """Return the record with the case of letters changed at random, except inside macros."""
    written = []
    in_macro = False
    for index, character in enumerate(record_text):
        if record_text[index : index + 2] == "%{":
            in_macro = True
        written.append(character if in_macro or one_in(random, 2) else character.swapcase())
        if character == "}":
            in_macro = False
    return "".join(written)
