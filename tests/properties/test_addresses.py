"""Addresses are the same numbers on a platform that has no IPv6, such as Python in a browser."""

import subprocess
import sys

from hypothesis import example, given, strategies as st

from spfengine import addresses

PARTS = st.text("0123456789abcdefABCDEF:.%/ -g\0\u0660", max_size=48)
IP6 = st.ip_addresses(v=6)


def platform_says(text: str) -> bytes | None:
    try:
        return addresses._ip6_octets(text)
    except (OSError, ValueError):
        return None


def we_say(text: str) -> bytes | None:
    try:
        return addresses._read_ip6(text)
    except ValueError:
        return None


@given(st.one_of(PARTS, IP6.map(str), IP6.map(lambda ip: ip.exploded.upper())))
@example("::ffff:192.0.2.1")
@example("::192.0.2.01")
@example("1:2:3:4:5:6:7::")
@example("fe80::1%eth0")
@example("::00001")
def test_what_is_an_ipv6_address_does_not_depend_on_the_platform(text: str) -> None:
    """RFC 4291 §2.2: "three conventional forms for representing IPv6 addresses as text strings"."""
    assert we_say(text) == platform_says(text)


WITHOUT_IPV6 = """
import socket
socket.has_ipv6 = False
del socket.AF_INET6
import spfengine
zone = spfengine.Zone({"a.example": {"TXT": "v=spf1 ip6:2001:db8::/32 -all"}})
print(spfengine.check("2001:db8::1", "u@a.example", resolver=zone).result)
print(spfengine.check("2001:db9::1", "u@a.example", resolver=zone).result)
print(spfengine.check("::ffff:192.0.2.1", "u@a.example", resolver=zone).ip)
"""


def test_ipv6_is_checked_where_the_platform_has_none() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT_IPV6], capture_output=True, text=True, check=False)
    assert (done.stdout.split("\n"), done.stderr) == (["pass", "fail", "192.0.2.1", ""], "")
