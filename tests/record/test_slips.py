"""Terms written as in other places: what was meant, as far as it is certain."""

import pytest

from spfengine.record.parser import parse_term
from spfengine.record.slips import Slip, prefix_of_netmask, slip_of
from spfengine.record.tokenizer import tokens

CERTAIN = [
    ("ip4:192.0.2.1,192.0.2.2", "ip4:192.0.2.1 ip4:192.0.2.2"),
    ("ip4:192.0.2.0/24;198.51.100.0/24", "ip4:192.0.2.0/24 ip4:198.51.100.0/24"),
    ("ipv4:192.0.2.1,192.0.2.2", "ip4:192.0.2.1 ip4:192.0.2.2"),
    ("mx,a,~all", "mx a ~all"),
    ("aip4:192.0.2.1", "a ip4:192.0.2.1"),
    ("-ainclude:b.example", "-a include:b.example"),
    ("mx,a,-all.", "mx a -all"),
    ("a,mx,all", "a mx all"),
    ("include:a.example,b.example", "include:a.example include:b.example"),
    ("include:a.example,b.example,-all", "include:a.example include:b.example -all"),
    ("include:a.example,foo=b.example,-all", "include:a.example include:foo=b.example -all"),
    ("ip4:192.0.2.1include:b.example", "ip4:192.0.2.1 include:b.example"),
    ("include:a.example~all.", "include:a.example ~all"),
    ("redirect=a.exampleexp=b.example", "redirect=a.example exp=b.example"),
    ("~allv=spf1", "~all"),
    ("ip4:192.0.2.1-192.0.2.10", "ip4:192.0.2.1 ip4:192.0.2.2/31 ip4:192.0.2.4/30 ip4:192.0.2.8/31 ip4:192.0.2.10"),
    ("ip4:192.0.2.1-10", "ip4:192.0.2.1 ip4:192.0.2.2/31 ip4:192.0.2.4/30 ip4:192.0.2.8/31 ip4:192.0.2.10"),
    ("ip4:192.0.2.1-1", "ip4:192.0.2.1"),
    ("ip6:2001:db8::1-2001:db8::2", "ip6:2001:db8::1 ip6:2001:db8::2"),
    ("-192.0.2.0-255", "-ip4:192.0.2.0/24"),
    ("ip4:192.0.2.*", "ip4:192.0.2.0/24"),
    ("ip4:192.0.*.*", "ip4:192.0.0.0/16"),
    ("ip4:192.*", "ip4:192.0.0.0/8"),
    ("ip4:192.0.2.x", "ip4:192.0.2.0/24"),
    ("ip4:192.0.2.0/255.255.255.0", "ip4:192.0.2.0/24"),
    ("ip4:192.0.2.0/128.0.0.0", "ip4:192.0.2.0/1"),
    ("ip4:192.0.2.0/255.255.255.255", "ip4:192.0.2.0/32"),
    ("ip4:192.000.002.001", "ip4:192.0.2.1"),
    ("ip4:192.0.2.01/24", "ip4:192.0.2.1/24"),
    ("ip4:192.0.2.00", "ip4:192.0.2.0"),
    ("ip4:192.0.2.007", "ip4:192.0.2.7"),
    ("ip6:[2001:db8::1]", "ip6:2001:db8::1"),
    ("ip4:[192.0.2.1]", "ip4:192.0.2.1"),
    ("ip4:<192.0.2.1/24>", "ip4:192.0.2.1/24"),
    ("a:192.0.2.1:25", "ip4:192.0.2.1"),
    ("mx:192.0.2.1:25", "ip4:192.0.2.1"),
    ("ip6:2001:db8::1/64,2001:db8::2/128", "ip6:2001:db8::1/64 ip6:2001:db8::2/128"),
    ("ip4:192.0.2.1,ip6:2001:db8::1", "ip4:192.0.2.1 ip6:2001:db8::1"),
    ("include:https://a.example/", "include:a.example"),
    ("include:http//a.example", "include:a.example"),
    ("include://a.example", "include:a.example"),
    ("include:user@a.example", "include:a.example"),
    ("include:a.example:25", "include:a.example"),
    ("include:https://a.example/x", "include:a.example"),
    ("redirect=https://a.example", "redirect=a.example"),
    ("a:<a.example>", "a:a.example"),
    ("a:%{d}@a.example", "a:a.example"),
    ("mx,", "mx"),
    ("-all;", "-all"),
    ('"a:b.example"', "a:b.example"),
    ("(mx)", "mx"),
    ("'192.0.2.1'", "ip4:192.0.2.1"),
    ("'192.0.2.1/24'", "ip4:192.0.2.1/24"),
    ("'2001:db8::1'", "ip6:2001:db8::1"),
    ("a:a.example,,b.example", "a:a.example a:b.example"),
    ("all,", "all"),
    ("-all,", "-all"),
    ("include:a.example?all", "include:a.example ?all"),
    ("ip4:192.0.2.1ip4:192.0.2.2", "ip4:192.0.2.1 ip4:192.0.2.2"),
]
GLUED = [
    "aip4:192.0.2.1",
    "-ainclude:b.example",
    "ipv4:192.0.2.1,192.0.2.2",
    "ip4:192.0.2.1,192.0.2.2",
    "ip4:192.0.2.0/24;198.51.100.0/24",
    "mx,a,~all",
    "mx,a,-all.",
    "a,mx,all",
    "include:a.example,b.example",
    "include:a.example,b.example,-all",
    "include:a.example,foo=b.example,-all",
    "ip4:192.0.2.1include:b.example",
    "include:a.example+mx:b.example",
    "include:a.example~all.",
    "redirect=a.exampleexp=b.example",
    "ip6:2001:db8::1/64,2001:db8::2/128",
    "ip4:192.0.2.1,ip6:2001:db8::1",
    "a:a.example,,b.example",
    "include:a.example?all",
    "include:a.example-mx:b.example",
    "ip4:192.0.2.1ip4:192.0.2.2",
]
FOR_A_PERSON = [
    (
        "-ip4:192.0.2.1,a.example",
        "each network needs a term of its own, after a space; write ip4:192.0.2.1 ip4:192.0.2.2",
    ),
    (
        "include:a.example+mx:b.example",
        "a space is missing before +mx:b.example, or its first character is one too many",
    ),
    ("ip4:192.0.2.10-1", "a range is not possible; write the networks that it is made of, such as ip4:192.0.2.0/28"),
    (
        "ip4:192.0.2.10-192.0.2.1",
        "a range is not possible; write the networks that it is made of, such as ip4:192.0.2.0/28",
    ),
    (
        "ip6:2001:db8::2-2001:db8::1",
        "a range is not possible; write the networks that it is made of, such as ip4:192.0.2.0/28",
    ),
    ("ip6:2001:db8::-10", "a range is not possible; write the networks that it is made of, such as ip4:192.0.2.0/28"),
    (
        "ip4:192.0.2.1-192.0.2.999",
        "a range is not possible; write the networks that it is made of, such as ip4:192.0.2.0/28",
    ),
    ("ip4:0.0.0.1-255.255.255.254", "a range is not possible; this one takes 62 networks, beginning with ip4:0.0.0.1"),
    ("ip4:192.0.2.", "an IPv4 address has four numbers; write ip4:192.0.2.0/24 if you mean the whole network"),
    ("ip4:192.0.", "an IPv4 address has four numbers; write ip4:192.0.0.0/16 if you mean the whole network"),
    ("ip4:192.", "an IPv4 address has four numbers; write ip4:192.0.0.0/8 if you mean the whole network"),
    ("ip4:192.0.2/24", "an IPv4 network has four numbers; write ip4:192.0.2.0/24 if you mean that"),
    ("ip4:192.0/16", "an IPv4 network has four numbers; write ip4:192.0.0.0/16 if you mean that"),
    ("ip4:10/8", "an IPv4 network has four numbers; write ip4:10.0.0.0/8 if you mean that"),
    ("ip4:10./8", "an IPv4 network has four numbers; write ip4:10.0.0.0/8 if you mean that"),
    ("ip4:192.0.2/8", "an IPv4 network has four numbers; write ip4:192.0.2.0/8 if you mean that"),
    ("ip4:192.0.2/32", "an IPv4 network has four numbers; write ip4:192.0.2.0/32 if you mean that"),
    ("ip4:192.0.2", "an IPv4 address has four numbers; write ip4:192.0.2.0/24 if you mean that network"),
    ("192.0.2/24", "an IPv4 network has four numbers; write ip4:192.0.2.0/24 if you mean that"),
    ("ip4:192.0.2.0/0.0.0.255", "this looks like a wildcard mask; write ip4:192.0.2.0/24 if you mean that"),
    (
        "ip4:192.0.2.0/255.0.255.0",
        "this netmask is not that of one network; write a prefix length, such as 192.0.2.0/24",
    ),
    ("ip4:192.0.2.0/0.0.0.0", "this looks like a wildcard mask; write ip4:192.0.2.0/32 if you mean that"),
    ("255.255.255.0", "this looks like a netmask; write /24 right after the network before it, without a space"),
    ("255.0.0.0", "this looks like a netmask; write /8 right after the network before it, without a space"),
    ("255.255.255.255", "this looks like a netmask; write /32 right after the network before it, without a space"),
    ("~255.255.255.0", "this looks like a netmask; write /24 right after the network before it, without a space"),
    ("ip4:192.0.2.010", "numbers with leading zeros are octal to some readers; write ip4:192.0.2.10 if you mean that"),
    (
        "ip4:192.0.2.017/24",
        "numbers with leading zeros are octal to some readers; write ip4:192.0.2.17/24 if you mean that",
    ),
    (
        "ip4:192.0.2.1/33,192.0.2.2",
        "each network needs a term of its own, after a space; write ip4:192.0.2.1 ip4:192.0.2.2",
    ),
    (
        "ip4:192.0.2.1/,192.0.2.2",
        "each network needs a term of its own, after a space; write ip4:192.0.2.1 ip4:192.0.2.2",
    ),
    (
        "ip6:2001:db8::1/64,2001:db8::2/129",
        "each network needs a term of its own, after a space; write ip4:192.0.2.1 ip4:192.0.2.2",
    ),
    ("redirect=a.example,b.example", "redirect= takes one name only"),
    ("exp=a.example;b.example", "exp= takes one name only"),
    ("a:@", "@ means nothing in a record; write a alone for the domain itself"),
    ("mx:@", "@ means nothing in a record; write mx alone for the domain itself"),
    ("exists:@", "@ means nothing in a record"),
    ("ptr:@@", "@ means nothing in a record; write ptr alone for the domain itself"),
    ("include:*.a.example", "* is not a wildcard in a record; name the domain that has the SPF record"),
    ("redirect=*.a.example", "* is not a wildcard in a record; name the domain that has the SPF record"),
    ("a:*.a.example", "* is not a wildcard in a record; name each host, or their networks"),
    ("include:u@localhost", "give the name of a domain alone, without @"),
    ("/24", "this looks like a prefix length; write it right after the network before it, without a space"),
    ("//64", "this looks like a prefix length; write it right after the network before it, without a space"),
    ("//", "this looks like a prefix length; write it right after the network before it, without a space"),
    (
        "include:a.example-mx:b.example",
        "a space is missing before -mx:b.example, or its first character is one too many",
    ),
]
NONE = [
    "foo:a.example,b.example",
    "foo=https://a.example",
    "all:https://a.example",
    "ip4:[x]",
    "foo,",
    ",",
    "include:a.example,ip4=192.0.2.1",
    "include:a.example;foo=b.example",
    "foov=spf1",
    "ip4:192.0.2.1-x",
    "ip4:192.0.2.1.",
    "ip4:999.0.2.*",
    "ip4:10/7",
    "ip4:192.0.2/7",
    "ip4:192.0.2/33",
    "ip4:192.0/33",
    "ip4:192.0",
    "ip4:192.0.999/24",
    "ip4:192.0.2/255.255.255.0",
    "254.0.0.0",
    "128.0.0.0",
    "ip4:255.255.255.0",
    "ip4:255.255.255.0x",
    "0.0.0.255",
    "ip4:192.0.2.0999",
    "ip4:192.0.2.1:123456",
    "a:a.example:123456",
    "include:a.example/x",
    "include:a.example,b",
    "a:%{@}",
    "/1234",
    "includea:a.example",
    "mx:a.examplea:b.example",
    "a192.0.2.1",
    "1a:x",
    "mx:1a.example",
    "x:1a.example",
]


def slip(text: str) -> Slip | None:
    (token,) = tokens(f"v=spf1 {text}")
    return slip_of(token)


@pytest.mark.parametrize(("text", "meant"), CERTAIN)
def test_terms_to_write_instead(text: str, meant: str) -> None:
    found = slip(text)
    assert found is not None
    assert found.terms == tuple(meant.split())
    assert found.hint.endswith(f"did you mean {meant}?")
    assert found.is_glued is (text in GLUED)
    assert all(parse_term(term) is not None for term in found.terms)


@pytest.mark.parametrize(("text", "hint"), FOR_A_PERSON)
def test_what_only_a_person_can_decide(text: str, hint: str) -> None:
    found = slip(text)
    assert found is not None
    assert (found.hint, found.terms) == (hint, ())
    assert found.is_glued is (text in GLUED)


@pytest.mark.parametrize("text", NONE)
def test_what_was_meant_is_not_known(text: str) -> None:
    assert slip(text) is None


def test_a_long_list_is_not_cut() -> None:
    """At most sixteen terms are made of one, and a term of at most 1,024 characters is looked at."""
    networks = [f"192.0.2.{number}" for number in range(17)]
    whole = slip("ip4:" + ",".join(networks[:16]))
    assert whole is not None
    assert whole.terms == tuple(f"ip4:{network}" for network in networks[:16])
    assert slip("ip4:" + ",".join(networks)) is None
    names = "include:" + ",".join(["a.example"] * 16)
    assert slip(names) is not None
    assert slip(f"{names},a.example") is None
    assert slip("mx" + ",mx" * 15) is not None
    assert slip("mx" + ",mx" * 17) is None
    fits = "include:https://" + "a" * 60 + ".example/"
    assert slip(fits + "x" * (1024 - len(fits))) is not None
    assert slip(fits + "x" * (1025 - len(fits))) is None


@pytest.mark.parametrize("length", range(1, 33))
def test_each_netmask_has_its_length(length: int) -> None:
    mask = ((1 << length) - 1) << (32 - length)
    assert prefix_of_netmask(".".join(map(str, mask.to_bytes(4, "big")))) == length


@pytest.mark.parametrize("text", ["", "x", "0.0.0.0", "127.255.255.255", "255.0.255.0", "255.255.255.1", "::"])
def test_other_text_is_no_netmask(text: str) -> None:
    assert prefix_of_netmask(text) is None
