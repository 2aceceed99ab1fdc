"""v=spf1 mx -all is what this module publishes."""

# SPF = "v=spf1 ptr -all"
import dns

SPF = "v=spf1 include:_spf.example.net -all"
SPLIT = (
    "v=spf1 "
    "ip4:192.0.2.1 "  # the office
    "-all"
)
RAW = r"v=spf1 exists:%{i}.\d.example.com -all"
F_STRING = f"v=spf1 include:{relay!r} ip4:{ip:>{width}} exists:%{{i}}.example.com -all"
PERCENT = "v=spf1 include:%s exists:%%{i}.example.com -all" % (relay,)
FORMAT = "v=spf1 include:{0.relay} exists:%{{i}}.example.com -all".format(config)
NAMED = "v=spf1 include:%(relay)s mx -all"
ADDED = "v=spf1 ip4:" + str(address) + " -all"
JOINED = " ".join(["v=spf1", "mx", *includes, "-all"])
QUOTED = '"v=spf1 mx " "-all"'
CONTINUED = "v=spf1 mx \
-all"
TEXT = """
    v=spf1 mx
    include:_spf.example.net
    -all
"""
GROWS = "v=spf1 mx"
GROWS += " -all"
ZONE = 'example.com. IN TXT "v=spf1 mx -all"'


def is_spf(text):
    r"""v=spf1 all records, as RFC 7208 has it."""
    return text.startswith("v=spf1 ") or text in ("v=spf1", "v=spf1\n")


class Test:
    """The v=spf1 tests."""

    cases = {"v=spf1 a:\N{LATIN SMALL LETTER A}.example -all": 1, b"v=spf1 \x61 -all": 2}
