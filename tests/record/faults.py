"""A table of records with all their faults."""

from typing import NamedTuple

from spfengine import ProblemCode as C


class Fault(NamedTuple):
    """What is reported of a fault: the code, the marked part of the record, the section of RFC 7208, and the hint."""

    code: C
    marked: str
    section: str
    hint: str | None


class Case:
    """A record and all its faults, in order."""

    def __init__(self, record: str, *faults: Fault) -> None:
        self.record = record
        self.faults = faults


CASES = [
    Case(
        "v=spf1 ipv4:1.2.3.4 -al",
        Fault(C.UNKNOWN_MECHANISM, "ipv4:1.2.3.4", "4.6.1", "did you mean ip4:1.2.3.4?"),
        Fault(C.UNKNOWN_MECHANISM, "-al", "4.6.1", "did you mean -all?"),
    ),
    Case(
        "v=spf1 ip4: 192.0.2.1",
        Fault(C.MISSING_ARGUMENT, "ip4:", "12", "write ip4:192.0.2.0/24, with no space after the colon"),
        Fault(C.UNKNOWN_MECHANISM, "192.0.2.1", "4.6.1", "did you mean ip4:192.0.2.1?"),
    ),
    Case(
        "v=spf1 inlude:a.example",
        Fault(C.UNKNOWN_MECHANISM, "inlude:a.example", "4.6.1", "did you mean include:a.example?"),
    ),
    Case(
        "v=spf1 exists",
        Fault(C.MISSING_ARGUMENT, "exists", "12", "write exists:example.com"),
    ),
    Case(
        "v=spf1 include:",
        Fault(C.EMPTY_DOMAIN_SPEC, "include:", "12", "take out the space after include:, or write include:example.com"),
    ),
    Case(
        "v=spf1 include",
        Fault(C.MISSING_ARGUMENT, "include", "12", "write include:example.com"),
    ),
    Case(
        "v=spf1 192.0.2.1",
        Fault(C.UNKNOWN_MECHANISM, "192.0.2.1", "4.6.1", "did you mean ip4:192.0.2.1?"),
    ),
    Case(
        "v=spf1 192.0.2.0/24",
        Fault(C.UNKNOWN_MECHANISM, "192.0.2.0/24", "4.6.1", "did you mean ip4:192.0.2.0/24?"),
    ),
    Case(
        "v=spf1 2001:db8::1",
        Fault(C.UNKNOWN_MECHANISM, "2001:db8::1", "4.6.1", "did you mean ip6:2001:db8::1?"),
    ),
    Case(
        "v=spf1 -2001:db8::/32",
        Fault(C.UNKNOWN_MECHANISM, "-2001:db8::/32", "4.6.1", "did you mean -ip6:2001:db8::/32?"),
    ),
    Case(
        "v=spf1 a.example",
        Fault(
            C.UNKNOWN_MECHANISM,
            "a.example",
            "4.6.1",
            "a mechanism is missing before it; did you mean include:a.example or a:a.example?",
        ),
    ),
    Case(
        "v=spf1 foobarbaz",
        Fault(
            C.UNKNOWN_MECHANISM, "foobarbaz", "4.6.1", "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists"
        ),
    ),
    Case(
        "v=spf1 redirect:a.example",
        Fault(C.UNKNOWN_MECHANISM, "redirect:a.example", "4.6.1", "it is a modifier; did you mean redirect=a.example?"),
    ),
    Case(
        "v=spf1 exp:a.example",
        Fault(C.UNKNOWN_MECHANISM, "exp:a.example", "4.6.1", "it is a modifier; did you mean exp=a.example?"),
    ),
    Case(
        "v=spf1 explain=a.example exlain:a.example",
        Fault(
            C.UNKNOWN_MECHANISM,
            "exlain:a.example",
            "4.6.1",
            "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists",
        ),
    ),
    Case(
        "v=spf1 all:x",
        Fault(C.UNEXPECTED_ARGUMENT, "all:x", "5.1", "write all"),
    ),
    Case(
        "v=spf1 ~all/8",
        Fault(C.UNEXPECTED_ARGUMENT, "~all/8", "5.1", "write ~all"),
    ),
    Case(
        "v=spf1 -redirect=a.example",
        Fault(C.QUALIFIED_MODIFIER, "-redirect=a.example", "12", "take out the -"),
    ),
    Case(
        "v=spf1 -a=a.example",
        Fault(C.QUALIFIED_MODIFIER, "-a=a.example", "12", "did you mean -a:a.example?"),
    ),
    Case(
        "v=spf1 =x",
        Fault(C.INVALID_MODIFIER_NAME, "=x", "12", None),
    ),
    Case(
        "v=spf1 1x=y",
        Fault(C.INVALID_MODIFIER_NAME, "1x=y", "12", None),
    ),
    Case(
        "v=spf1 - all",
        Fault(C.MISSING_TERM_NAME, "-", "4.6.1", "take out the space after the qualifier"),
    ),
    Case(
        "v=spf1 :x",
        Fault(C.MISSING_TERM_NAME, ":x", "4.6.1", "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists"),
    ),
    Case(
        "v=spf1 /24",
        Fault(
            C.MISSING_TERM_NAME,
            "/24",
            "4.6.1",
            "this looks like a prefix length; write it right after the network before it, without a space",
        ),
    ),
    Case(
        "v=spf1 %{d}",
        Fault(C.MISSING_TERM_NAME, "%{d}", "4.6.1", "put a mechanism before it, such as include: or a:"),
    ),
    Case(
        "v=spf1 ptr/24",
        Fault(C.UNEXPECTED_CIDR_LENGTH, "ptr/24", "5.5", None),
    ),
    Case(
        "v=spf1 ptr:",
        Fault(C.EMPTY_DOMAIN_SPEC, "ptr:", "12", "take out the space after ptr:, or write ptr:example.com"),
    ),
    Case(
        "v=spf1 a:",
        Fault(C.EMPTY_DOMAIN_SPEC, "a:", "12", "take out the space after a:, or write a:example.com"),
    ),
    Case(
        "v=spf1 a/33",
        Fault(C.INVALID_CIDR_LENGTH, "/33", "12", "a number from 0 to 32"),
    ),
    Case(
        "v=spf1 a//129",
        Fault(C.INVALID_CIDR_LENGTH, "/129", "12", "a number from 0 to 128"),
    ),
    Case(
        "v=spf1 a/024",
        Fault(C.INVALID_CIDR_LENGTH, "/024", "12", "a number from 0 to 32"),
    ),
    Case(
        "v=spf1 a/",
        Fault(C.INVALID_CIDR_LENGTH, "/", "12", "a number from 0 to 32"),
    ),
    Case(
        "v=spf1 a//",
        Fault(C.INVALID_CIDR_LENGTH, "/", "12", "a number from 0 to 128"),
    ),
    Case(
        "v=spf1 a/24/64",
        Fault(C.INVALID_CIDR_LENGTH, "a/24/64", "5", "write a/24, a//64, or a/24//64 for both"),
    ),
    Case(
        "v=spf1 a/x",
        Fault(C.INVALID_CIDR_LENGTH, "a/x", "5", "write a/24, a//64, or a/24//64 for both"),
    ),
    Case(
        "v=spf1 mx:a.example/24/64",
        Fault(C.UNEXPECTED_CIDR_LENGTH, "a.example/24", "12", "an IPv6 length has two slashes: /24//64"),
        Fault(C.INVALID_CIDR_LENGTH, "/64", "12", "a number from 0 to 32"),
    ),
    Case(
        "v=spf1 a:192.0.2.1",
        Fault(C.ADDRESS_AS_DOMAIN_SPEC, "192.0.2.1", "12", "did you mean ip4:192.0.2.1?"),
    ),
    Case(
        "v=spf1 -mx:192.0.2.0/24",
        Fault(C.ADDRESS_AS_DOMAIN_SPEC, "192.0.2.0", "12", "did you mean -ip4:192.0.2.0/24?"),
    ),
    Case(
        "v=spf1 a:2001:db8::1",
        Fault(C.ADDRESS_AS_DOMAIN_SPEC, "2001:db8::1", "12", "did you mean ip6:2001:db8::1?"),
    ),
    Case(
        "v=spf1 include:a.example~all",
        Fault(
            C.INVALID_DOMAIN_SPEC,
            "a.example~all",
            "12",
            "a space is missing before ~all; did you mean include:a.example ~all?",
        ),
    ),
    Case(
        "v=spf1 include:a.example, -all",
        Fault(
            C.INVALID_DOMAIN_SPEC,
            "a.example,",
            "12",
            "terms are separated by spaces only; did you mean include:a.example?",
        ),
    ),
    Case(
        "v=spf1 include:localhost",
        Fault(C.INVALID_DOMAIN_SPEC, "localhost", "12", None),
    ),
    Case(
        "v=spf1 include:a.example..",
        Fault(C.INVALID_DOMAIN_SPEC, "a.example..", "12", None),
    ),
    Case(
        "v=spf1 a:.",
        Fault(C.INVALID_DOMAIN_SPEC, ".", "12", None),
    ),
    Case(
        "v=spf1 a:foo.123",
        Fault(C.INVALID_DOMAIN_SPEC, "foo.123", "12", None),
    ),
    Case(
        "v=spf1 a:foo._tcp",
        Fault(C.INVALID_DOMAIN_SPEC, "foo._tcp", "12", None),
    ),
    Case(
        "v=spf1 a:foo.-x",
        Fault(C.INVALID_DOMAIN_SPEC, "foo.-x", "12", None),
    ),
    Case(
        "v=spf1 include:a.example/24",
        Fault(C.UNEXPECTED_CIDR_LENGTH, "a.example/24", "12", None),
    ),
    Case(
        "v=spf1 ip4",
        Fault(C.MISSING_ARGUMENT, "ip4", "12", "write ip4:192.0.2.0/24"),
    ),
    Case(
        "v=spf1 ip4:",
        Fault(C.MISSING_ARGUMENT, "ip4:", "12", "write ip4:192.0.2.0/24, with no space after the colon"),
    ),
    Case(
        "v=spf1 ip4:a.example",
        Fault(C.INVALID_IP4_NETWORK, "a.example", "5.6", "names go with a, mx or include; did you mean a:a.example?"),
    ),
    Case(
        "v=spf1 ip4:192.0.2.1:25",
        Fault(C.INVALID_IP4_NETWORK, "192.0.2.1:25", "5.6", "SPF knows no ports; did you mean ip4:192.0.2.1?"),
    ),
    Case(
        "v=spf1 ip4:2001:db8::1",
        Fault(C.INVALID_IP4_NETWORK, "2001:db8::1", "5.6", "did you mean ip6:2001:db8::1?"),
    ),
    Case(
        "v=spf1 ip6:192.0.2.1",
        Fault(C.INVALID_IP6_NETWORK, "192.0.2.1", "5.6", "did you mean ip4:192.0.2.1?"),
    ),
    Case(
        "v=spf1 ip4:192.0.2.01",
        Fault(C.INVALID_IP4_NETWORK, "192.0.2.01", "5.6", "numbers have no leading zeros; did you mean ip4:192.0.2.1?"),
    ),
    Case(
        "v=spf1 ip4:192.0.2",
        Fault(
            C.INVALID_IP4_NETWORK,
            "192.0.2",
            "5.6",
            "an IPv4 address has four numbers; write ip4:192.0.2.0/24 if you mean that network",
        ),
    ),
    Case(
        "v=spf1 ip4:192.0.2.1/33",
        Fault(C.INVALID_CIDR_LENGTH, "/33", "12", "a number from 0 to 32"),
    ),
    Case(
        "v=spf1 ip6:::1/129",
        Fault(C.INVALID_CIDR_LENGTH, "/129", "12", "a number from 0 to 128"),
    ),
    Case(
        "v=spf1 ip6:::1/1 28",
        Fault(C.UNKNOWN_MECHANISM, "28", "4.6.1", "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists"),
    ),
    Case(
        "v=spf1 ip6:xyz",
        Fault(C.INVALID_IP6_NETWORK, "xyz", "5.6", "expected a network such as ip6:2001:db8::/32"),
    ),
    Case(
        "v=spf1 exists:%{z}",
        Fault(
            C.INVALID_MACRO, "%{z}", "7.2", "the letters are s l o d i p h v, and c r t in the text of an explanation"
        ),
    ),
    Case(
        "v=spf1 exists:%{d0}",
        Fault(C.MACRO_DIGITS_ZERO, "%{d0}", "7.3", None),
    ),
    Case(
        "v=spf1 exists:%{c}.example",
        Fault(C.EXPLANATION_ONLY_MACRO, "%{c}", "7.2", None),
    ),
    Case(
        "v=spf1 exists:%(d).example",
        Fault(C.INVALID_MACRO, "%(d)", "7.3", "write macros in braces: %{d}"),
    ),
    Case(
        "v=spf1 exists:%d.example",
        Fault(C.INVALID_MACRO, "%d", "7.3", "a percent sign itself is written %%, a space %_"),
    ),
    Case(
        "v=spf1 exists:a%",
        Fault(C.INVALID_MACRO, "%", "7.3", "a percent sign itself is written %%, a space %_"),
    ),
    Case(
        "v=spf1 exists:%{d",
        Fault(
            C.INVALID_MACRO,
            "%{",
            "7.3",
            "a macro is %{, a letter, digits or none, r or none, delimiters (. - + , / _ =) or none, }",
        ),
    ),
    Case(
        "v=spf1 exists:%{d}.",
        Fault(C.INVALID_DOMAIN_SPEC, "%{d}.", "12", None),
    ),
    Case(
        "v=spf1 exp=%{t}.a.example",
        Fault(C.EXPLANATION_ONLY_MACRO, "%{t}", "7.2", None),
    ),
    Case(
        "v=spf1 x=%{r}",
        Fault(C.EXPLANATION_ONLY_MACRO, "%{r}", "7.2", None),
    ),
    Case(
        "v=spf1 redirect=a.example redirect=b.example",
        Fault(C.DUPLICATE_MODIFIER, "redirect=b.example", "6", "keep one of the two"),
    ),
    Case(
        "v=spf1 redirect=",
        Fault(
            C.EMPTY_DOMAIN_SPEC, "redirect=", "12", "take out the space after redirect=, or write redirect=example.com"
        ),
    ),
    Case(
        "v=spf1 exp=x exp=y.example",
        Fault(C.INVALID_DOMAIN_SPEC, "x", "12", None),
        Fault(C.DUPLICATE_MODIFIER, "exp=y.example", "6", "keep one of the two"),
    ),
    Case(
        " v=spf1 -all",
        Fault(C.NOT_SPF, " v=spf1", "4.5", "take out the space before v=spf1"),
    ),
    Case(
        '"v=spf1 -all"',
        Fault(C.NOT_SPF, '"v=spf1', "4.5", "take out the quotes and everything else before v=spf1"),
    ),
    Case(
        "v=spf1-all",
        Fault(C.NOT_SPF, "v=spf1-", "4.5", "put one space after v=spf1"),
    ),
    Case(
        "v=spf2 -all",
        Fault(C.NOT_SPF, "v=spf2 ", "4.5", "the only version of SPF is v=spf1"),
    ),
    Case(
        "spf1 -all",
        Fault(C.NOT_SPF, "spf1 -a", "4.5", "put v= before it: did you mean v=spf1 -all?"),
    ),
    Case(
        "spf2.0/pra",
        Fault(C.NOT_SPF, "spf2.0/", "4.5", "the only version of SPF is v=spf1"),
    ),
    Case(
        "hello",
        Fault(C.NOT_SPF, "hello", "4.5", "a record begins with v=spf1 and a space"),
    ),
    Case(
        "",
        Fault(C.NOT_SPF, "", "4.5", "a record begins with v=spf1 and a space"),
    ),
    Case(
        "v=spf1\ta",
        Fault(C.NOT_SPF, "v=spf1\t", "4.5", "put one space after v=spf1"),
    ),
    Case(
        "v=spf1 a\tb",
        Fault(
            C.INVALID_CHARACTER,
            "\t",
            "4.6.1",
            "a record may contain only spaces and visible US-ASCII characters; take it out or retype it",
        ),
    ),
    Case(
        "v=spf1 a\xe9 b\x00",
        Fault(
            C.INVALID_CHARACTER,
            "\xe9",
            "4.6.1",
            "a record may contain only spaces and visible US-ASCII characters; take it out or retype it",
        ),
        Fault(
            C.INVALID_CHARACTER,
            "\x00",
            "4.6.1",
            "a record may contain only spaces and visible US-ASCII characters; take it out or retype it",
        ),
    ),
    Case(
        "v=spf1 \u201call\u201d",
        Fault(
            C.INVALID_CHARACTER,
            "\u201c",
            "4.6.1",
            "write the record without it: quotes are not part of a record",
        ),
        Fault(
            C.INVALID_CHARACTER,
            "\u201d",
            "4.6.1",
            "write the record without it: quotes are not part of a record",
        ),
    ),
    Case(
        "v=spf1 a\r\nb",
        Fault(
            C.INVALID_CHARACTER,
            "\r\n",
            "4.6.1",
            "a record may contain only spaces and visible US-ASCII characters; take it out or retype it",
        ),
    ),
    Case(
        "v=spf1 a\x7fb",
        Fault(
            C.INVALID_CHARACTER,
            "\x7f",
            "4.6.1",
            "a record may contain only spaces and visible US-ASCII characters; take it out or retype it",
        ),
    ),
    Case(
        "v=spf1 cname:a.example",
        Fault(C.UNKNOWN_MECHANISM, "cname:a.example", "4.6.1", "did you mean a:a.example?"),
    ),
    Case(
        "v=spf1 xall",
        Fault(C.UNKNOWN_MECHANISM, "xall", "4.6.1", "did you mean ~all or -all?"),
    ),
    Case(
        "v=spf1 include.",
        Fault(C.UNKNOWN_MECHANISM, "include.", "4.6.1", "did you mean include?"),
    ),
    Case(
        "v=spf1 ip6:fe80::1%eth0",
        Fault(C.INVALID_IP6_NETWORK, "fe80::1%eth0", "5.6", "expected a network such as ip6:2001:db8::/32"),
    ),
    Case(
        "v=spf1 ip",
        Fault(C.UNKNOWN_MECHANISM, "ip", "4.6.1", "did you mean ip4?"),
    ),
    Case(
        "v=spf1 +",
        Fault(C.MISSING_TERM_NAME, "+", "4.6.1", "take out the space after the qualifier"),
    ),
    Case(
        "v=spf1 include:%{x}.a%b.c",
        Fault(
            C.INVALID_MACRO, "%{x}", "7.2", "the letters are s l o d i p h v, and c r t in the text of an explanation"
        ),
        Fault(C.INVALID_MACRO, "%b", "7.3", "a percent sign itself is written %%, a space %_"),
    ),
    Case(
        "v=spf1 a:192.0.2.0/24//64",
        Fault(C.ADDRESS_AS_DOMAIN_SPEC, "192.0.2.0", "12", "did you mean ip4:192.0.2.0/24?"),
    ),
    Case(
        "v=spf1 a:2001:db8:://32",
        Fault(C.ADDRESS_AS_DOMAIN_SPEC, "2001:db8::", "12", "did you mean ip6:2001:db8::/32?"),
    ),
    Case(
        "v=spf1 mx:2001:db8::/32",
        Fault(C.ADDRESS_AS_DOMAIN_SPEC, "2001:db8::", "12", "did you mean ip6:2001:db8::/32?"),
    ),
    Case(
        "v=spf1 include:192.0.2.0/24",
        Fault(C.ADDRESS_AS_DOMAIN_SPEC, "192.0.2.0/24", "12", "did you mean ip4:192.0.2.0/24?"),
    ),
    Case(
        "v=spf1 a:http://a.b./x",
        Fault(C.INVALID_DOMAIN_SPEC, "http://a.b./x", "12", "give the name alone; did you mean a:a.b?"),
    ),
    Case(
        "v=spf1 a:u@localhost",
        Fault(C.INVALID_DOMAIN_SPEC, "u@localhost", "12", "give the name of a domain alone, without @"),
    ),
    Case(
        "v=spf1 a:a.example;",
        Fault(
            C.INVALID_DOMAIN_SPEC,
            "a.example;",
            "12",
            "terms are separated by spaces only; did you mean a:a.example?",
        ),
    ),
    Case(
        "v=spf1 hots:a.example",
        Fault(
            C.UNKNOWN_MECHANISM,
            "hots:a.example",
            "4.6.1",
            "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists",
        ),
    ),
    Case(
        "v=spf1 exst:a.example",
        Fault(C.UNKNOWN_MECHANISM, "exst:a.example", "4.6.1", "did you mean exists:a.example?"),
    ),
    Case(
        "v=spf1 ic4:192.0.2.1",
        Fault(C.UNKNOWN_MECHANISM, "ic4:192.0.2.1", "4.6.1", "did you mean ip4:192.0.2.1?"),
    ),
    Case(
        "v=spf1 exo:a.example",
        Fault(C.UNKNOWN_MECHANISM, "exo:a.example", "4.6.1", "did you mean exp=a.example?"),
    ),
    Case(
        "v=spf1 rediretc:a.example",
        Fault(C.UNKNOWN_MECHANISM, "rediretc:a.example", "4.6.1", "did you mean redirect=a.example?"),
    ),
    Case(
        "v=spf1 --all",
        Fault(C.UNKNOWN_MECHANISM, "--all", "4.6.1", "did you mean -all?"),
    ),
    Case(
        "v=spf1 all-",
        Fault(C.UNKNOWN_MECHANISM, "all-", "4.6.1", "did you mean -all?"),
    ),
    Case(
        "v=spf1 xxxxxxxxxxxxxxxx:y",
        Fault(
            C.UNKNOWN_MECHANISM,
            "xxxxxxxxxxxxxxxx:y",
            "4.6.1",
            "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists",
        ),
    ),
    Case(
        "v=spf1 a:xn--.",
        Fault(C.INVALID_DOMAIN_SPEC, "xn--.", "12", None),
    ),
    Case(
        "v=spf1 exists:a.%(b",
        Fault(C.INVALID_MACRO, "%(", "7.3", "write macros in braces: %{"),
    ),
    Case(
        "v=spf1 exists:a.%{b c}",
        Fault(
            C.INVALID_MACRO,
            "%{",
            "7.3",
            "a macro is %{, a letter, digits or none, r or none, delimiters (. - + , / _ =) or none, }",
        ),
        Fault(C.UNKNOWN_MECHANISM, "c}", "4.6.1", "the mechanisms are all, include, a, mx, ptr, ip4, ip6, exists"),
    ),
    Case(
        "v=spf1 a/24//64//128",
        Fault(C.INVALID_CIDR_LENGTH, "a/24//64//128", "5", "write a/24, a//64, or a/24//64 for both"),
    ),
    Case(
        "v=spf1 a//64/24",
        Fault(C.INVALID_CIDR_LENGTH, "a//64/24", "5", "write a/24, a//64, or a/24//64 for both"),
    ),
    Case(
        "v=spf1 a:/24",
        Fault(C.EMPTY_DOMAIN_SPEC, "a:/24", "12", "take out the space after a:, or write a:example.com"),
    ),
    Case(
        "v=spf1 redirect=a.example exp= exp=%{c}",
        Fault(C.EMPTY_DOMAIN_SPEC, "exp=", "12", "take out the space after exp=, or write exp=example.com"),
        Fault(C.DUPLICATE_MODIFIER, "exp=%{c}", "6", "keep one of the two"),
        Fault(C.EXPLANATION_ONLY_MACRO, "%{c}", "7.2", None),
    ),
]
