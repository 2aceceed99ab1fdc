"""Generate the workloads W1 to W6 of `bench.workloads.NAMES`; they are the same each time."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from random import Random

HELO = "mail.client.example"

Lines = list[list[str]]


def make(name: str) -> Lines:
    """Return the lines of the workload with this name."""
    return _SHAPES[name](Random(f"spfengine {name[:2]}"))


def _record(name: str, type: str, value: str) -> list[str]:
    return ["Z", name, type, value]


def _check(ip: str, domain: str, expected: str) -> list[str]:
    return ["C", ip, f"u@{domain}", HELO, expected]


def _ip4(random: Random) -> str:
    return str(IPv4Address(random.randrange(20 << 24, 190 << 24)))


def _net4(random: Random) -> str:
    prefix = random.choice([19, 20, 22, 23, 24, 24, 27, 29, 32])
    address = random.randrange(20 << 24, 190 << 24) >> 32 - prefix << 32 - prefix
    return f"ip4:{IPv4Address(address)}" + (f"/{prefix}" if prefix < 32 else "")


def _net6(random: Random) -> str:
    prefix = random.choice([32, 36, 48, 56, 64])
    address = (0x2A10 << 112 | random.getrandbits(112)) >> 128 - prefix << 128 - prefix
    return f"ip6:{IPv6Address(address)}/{prefix}"


def _nets(random: Random, ip4: int, ip6: int = 0) -> str:
    return " ".join([_net4(random) for _ in range(ip4)] + [_net6(random) for _ in range(ip6)])


def _w1(_: Random) -> Lines:
    lines = [_record("one.example", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")]
    for host in range(20, 28):
        lines += [_check(f"192.0.2.{host}", "one.example", "pass"), _check(f"203.0.113.{host}", "one.example", "fail")]
    return lines


def _shop(terms: str) -> Lines:
    """Return a small company with a web server and two mail hosts, which sends its mail through a relay."""
    return [
        _record("shop.example", "TXT", f"v=spf1 +a +mx {terms} ~all"),
        _record("shop.example", "A", "198.51.100.1"),
        _record("shop.example", "MX", "10 mx1.shop.example"),
        _record("shop.example", "MX", "20 mx2.shop.example"),
        _record("mx1.shop.example", "A", "198.51.100.2"),
        _record("mx2.shop.example", "A", "198.51.100.3"),
    ]


def _w2a(_: Random) -> Lines:
    return [*_shop("+ip4:198.51.100.8 +ip4:198.51.100.9"), _check("203.0.113.24", "shop.example", "softfail")]


def _w2b(random: Random) -> Lines:
    relay = f"v=spf1 {_nets(random, 1)} ip4:203.0.113.0/24 {_nets(random, 6)} -all"
    return [
        *_shop("include:relay.example"),
        _record("relay.example", "TXT", relay),
        _check("203.0.113.24", "shop.example", "pass"),
    ]


def _provider(random: Random) -> Lines:
    """Return a provider's record that includes three: IPv4, IPv6, and IPv4 networks; the last has 203.0.113.0/26."""
    inner = " ".join([f"include:n{number}.big.example" for number in (1, 2, 3)])
    return [
        _record("_spf.big.example", "TXT", f"v=spf1 {inner} ~all"),
        _record("n1.big.example", "TXT", f"v=spf1 {_nets(random, 19)} ~all"),
        _record("n2.big.example", "TXT", f"v=spf1 {_nets(random, 0, 17)} ~all"),
        _record("n3.big.example", "TXT", f"v=spf1 {_nets(random, 17)} ip4:203.0.113.0/26 ~all"),
    ]


def _w3(random: Random, first_host: int, expected: str) -> Lines:
    lines = [*_provider(random), _record("firm.example", "TXT", "v=spf1 include:_spf.big.example ~all")]
    return lines + [_check(f"203.0.113.{first_host + i}", "firm.example", expected) for i in range(8)]


def _heavy(random: Random) -> Lines:
    """Return a record with 10 terms that ask DNS, includes four levels deep, 90 ip4 and 30 ip6 networks."""
    includes = {"": "abc", "a": ("a1",), "a1": ("a2",), "a2": ("a3",), "a3": (), "b": ("b1",), "b1": (), "c": ()}
    lines = []
    for name, inner in includes.items():
        domain = f"{name}._spf.heavy.example" if name else "heavy.example"
        nets = _nets(random, 12, 4) if name else _nets(random, 6, 2)
        terms = [f"include:{label}._spf.heavy.example" for label in inner]
        terms = [nets, *terms] if name else ["a mx", nets, *terms, "a:relay.heavy.example"]
        lines.append(_record(domain, "TXT", f"v=spf1 {' '.join(terms)} {'~all' if name else '-all'}"))
    lines += [_record("heavy.example", "MX", f"{number}0 mx{number}.heavy.example") for number in (1, 2)]
    for host, name in enumerate(["", "mx1.", "mx2.", "relay."], 10):
        lines.append(_record(f"{name}heavy.example", "A", f"198.51.100.{host}"))
        lines.append(_record(f"{name}heavy.example", "AAAA", f"2001:db8:1::{host}"))
    return lines


def _w4(random: Random) -> Lines:
    return _heavy(random) + [_check(f"203.0.113.{host}", "heavy.example", "fail") for host in range(20, 28)]


def _w4v6(random: Random) -> Lines:
    return _heavy(random) + [_check(f"2001:db8:f::{host}", "heavy.example", "fail") for host in range(20, 28)]


def _w5(ips: list[str], expected: str) -> Lines:
    """Return a record that looks up a name for each client (RFC 7208 appendix D.1)."""
    why = "%{i} may not send for %{d}: see http://%{d2}/why?s=%{S}&ip=%{I} (seen from %{c} by %{r})"
    lines = [
        _record("mail.asked.example", "TXT", "v=spf1 exists:%{ir}.%{v}._ok.%{d2} exp=why.%{d} -all"),
        _record("why.mail.asked.example", "TXT", why),
    ]
    lines += [_record(f"{host}.2.0.192.in-addr._ok.asked.example", "A", "127.0.0.2") for host in range(20, 28)]
    return lines + [_check(ip, "mail.asked.example", expected) for ip in ips]


def _w5a(_: Random) -> Lines:
    return _w5([f"192.0.2.{host}" for host in range(20, 28)], "pass")


def _w5b(_: Random) -> Lines:
    return _w5([f"203.0.113.{host}" for host in range(20, 28)], "fail")


_KINDS = (
    "ip4:{net} ip4:{ip} -all",
    "ip4:{ip} ip4:{net} ~all",
    "+a +mx +ip4:{ip} +ip4:{ip2} ~all",
    "a mx -all",
    "include:_spf.big.example ip4:{ip} ~all",
    "include:_spf.big.example mx -all",
    "a mx include:relay.example include:_spf.cloud.example ~all",
    "redirect=_spf.{domain}",
    "include:_spf.cloud.example include:news.example include:_spf.big.example mx -all",
    "ip4:{ip} ip4:{ip2} ip6:2001:db8:9::/48 include:news.example ?all",
)


def _w6(random: Random) -> Lines:
    lines = [
        *_provider(random),
        _record("relay.example", "TXT", f"v=spf1 {_nets(random, 8)} -all"),
        _record("_spf.cloud.example", "TXT", f"v=spf1 {_nets(random, 6, 4)} -all"),
        _record("news.example", "TXT", f"v=spf1 {_nets(random, 9)} include:more.news.example ~all"),
        _record("more.news.example", "TXT", f"v=spf1 {_nets(random, 4)} ~all"),
    ]
    domains = [f"d{number:03d}.example" for number in range(200)]
    own = {}
    for number, domain in enumerate(domains):
        ip, ip2, host, exchange = (_ip4(random) for _ in range(4))
        net = _net4(random).removeprefix("ip4:")
        terms = _KINDS[number % len(_KINDS)].format(ip=ip, ip2=ip2, net=net, domain=domain)
        lines.append(_record(domain, "TXT", f"v=spf1 {terms}"))
        if "redirect" in terms:
            lines.append(_record(f"_spf.{domain}", "TXT", f"v=spf1 {_nets(random, 1)} include:news.example -all"))
        lines.append(_record(domain, "A", host))
        lines.append(_record(domain, "MX", f"10 mx.{domain}"))
        lines.append(_record(f"mx.{domain}", "A", exchange))
        own[domain] = [ip, host, exchange]
    clients = [f"203.0.113.{host}" for host in range(20, 36)] + [_ip4(random) for _ in range(24)]
    for turn in range(50):
        for number, (domain, hosts) in enumerate(own.items()):
            ip = hosts[(turn + number // len(_KINDS)) % 3] if turn < 10 else clients[turn - 10]
            lines.append(_check(ip, domain, "*"))
    return lines


_SHAPES: dict[str, Callable[[Random], Lines]] = {
    "W1": _w1,
    "W2a": _w2a,
    "W2b": _w2b,
    "W3a": lambda random: _w3(random, 20, "pass"),
    "W3b": lambda random: _w3(random, 70, "softfail"),
    "W4": _w4,
    "W4v6": _w4v6,
    "W5a": _w5a,
    "W5b": _w5b,
    "W6": _w6,
}
