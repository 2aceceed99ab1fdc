"""Terms written as in other places: with commas, as a range of addresses, with a netmask, as a web address.

`slip_of` recognises them. A slip says what to write and, if what was meant is certain, has the terms to write. The work
for each term is bounded, whatever is written.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from spfengine.addresses import V4, V6, Family, address_text, parse_ip4, parse_ip6, prefixes_of
from spfengine.names import to_a_labels
from spfengine.record.grammar import MECHANISMS, MODIFIERS, VERSION, is_toplabel
from spfengine.record.tokenizer import Token, tokens
from spfengine.visible import of_octets, visible

_LONGEST = 1024  # characters of a term that is looked at
_MOST = 16  # terms that one term is cut into, or that a range becomes

_CUT = re.compile(
    # before the name of a mechanism and its colon, or of a modifier and its equals sign
    r"(?=[+\-?~]?(?:include|exists|ip4|ip6|ptr|mx):|(?:redirect|exp)=)"
    # before one without an argument, or a, after punctuation
    r"|(?<=[,;|])(?=[+\-?~]?(?:(?:all|ptr|mx|a)(?:[,;|/]|\Z)|a:))"
    # before an all with a qualifier, at the end
    r"|(?=[+\-?~]all[,;|.]*\Z)",
    re.IGNORECASE,
)
_PUNCTUATION = ",;|"
_AROUND = "<>()[]\"'`\\,;|"
_QUOTED = re.compile(r"[<>()\[\]\"'`]")
_SEPARATORS = re.compile(r"[,;|]+")
_SCHEME = re.compile(r"(?:https?|ftp|mailto|dns|smtp):/*(?=[A-Za-z0-9_@])|https?//|//+", re.IGNORECASE)
_RANGE = re.compile(r"([0-9A-Fa-f.:]+)[-\u2013]([0-9A-Fa-f.:]+)\Z")
_WILDCARD = re.compile(r"((?:[0-9]{1,3}\.){1,3})(?:[*xX](?:\.[*xX])*|\.?\Z)\Z")
_SHORT = re.compile(r"((?:[0-9]{1,3}\.){0,2}[0-9]{1,3})\.?/([0-9]{1,2})\Z")
_ZEROS = re.compile(r"[0-9]+(?:\.[0-9]+){3}\Z")
_PADDED = re.compile(r"0[0-9]+")
_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}\Z")
_LENGTH_ALONE = re.compile(r"//?[0-9]{0,3}\Z")
_NETWORKS = ("ip4", "ip6")
_WRONG_SIGN = re.compile(r"([+\-?~]?)(include|exists|ip4|ip6)[;,|.]+([^;,|]+)[;,|]*\Z", re.IGNORECASE)
_DOMAIN_TERM = re.compile(
    r"([+\-?~]?(?:(?:include|a|mx|ptr|exists):|(?:redirect|exp)=))([^/%]+)((?:/.*)?)\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Slip:
    """What a term was probably meant to be.

    Attributes:
        hint: what to do, safe to print.
        terms: the terms to write in place of it, in order; empty if only a person can decide.
        is_glued: whether several terms were written as one, so that spaces are missing.
    """

    hint: str
    terms: tuple[str, ...] = ()
    is_glued: bool = False


def slip_of(token: Token) -> Slip | None:
    """Return the known slip that a term is, or None."""
    return None if len(token.text) > _LONGEST else _slip_of(token.text)


@lru_cache(maxsize=1024)  # the same terms are in many records: `mx`, `-all`, an include of a large service
def _slip_of(text: str) -> Slip | None:
    token = next(tokens(f"{VERSION} {text}"))
    if _LENGTH_ALONE.match(token.text):
        return Slip("this looks like a prefix length; write it right after the network before it, without a space")
    about = _network(token) if _is_about_addresses(token) else _name(token)
    return _before_a_record(token) or _glued(token) or about or _with_wrong_sign(token) or _punctuated(token)


def hint_for_glued(text: str) -> str | None:
    """Return what to do about a term that is several terms without a space between them; None if it is one."""
    slip = slip_of(next(tokens(f"{VERSION} {text}")))
    return slip.hint if slip is not None and slip.is_glued else None


def _meant(terms: list[str], *, is_glued: bool = False, lead: str = "") -> Slip:
    return Slip(f"{lead}did you mean {visible(' '.join(terms), 200)}?", tuple(terms), is_glued)


# Several terms in one


def _before_a_record(token: Token) -> Slip | None:
    """Return the slip of a term that another record follows without a space: `~allv=spf1`."""
    term = before_version(token.text)
    return None if term is None else _meant([term], lead="two records are joined here, and only one is allowed; ")


def before_version(text: str) -> str | None:
    """Return the term before the version of another record, which follows it without a space; None if none does."""
    term = text[: -len(VERSION)]
    return term if text.lower().endswith(VERSION) and begins_like_a_term(term) else None


def _of_list(piece: str) -> list[str]:
    """Return a term for each item of a list in place of a domain or network: `include:a.example,b.example`."""
    name, colon, items = piece.partition(":")
    return [_of_item(name, item) for item in _SEPARATORS.split(items) if item] if colon else [piece]


def _of_item(name: str, item: str) -> str:
    """Return the term for an item of a list, which may be a term of its own with = in place of the colon."""
    own, equals, argument = item.partition("=")
    return f"{own}:{argument}" if equals and own.lstrip("+-?~").lower() in MECHANISMS else f"{name}:{item}"


def _glued(token: Token) -> Slip | None:
    """Return the slip of several terms without spaces between them: `mx,a,~all`, `ip4:192.0.2.1include:b.example`."""
    text = token.text
    pieces = _pieces(text, len(token.qualifier))
    if len(pieces) < 2 or not begins_like_a_term(pieces[0]):
        return None
    if _SEPARATORS.search(text):
        return _meant(pieces, is_glued=True, lead="terms are separated by spaces, and by nothing else; ")
    lead = f"a space is missing before {visible(pieces[1], 60)}"
    if any(piece[0] in "+-?~" and piece[1:].lower() != "all" for piece in pieces[1:]):  # or is it a part of the name?
        return Slip(f"{lead}, or its first character is one too many", is_glued=True)
    return _meant(pieces, is_glued=True, lead=f"{lead}; ")


def _cuts(text: str, first: int) -> list[int]:
    """Return the offsets after `first` at which a name of a term begins, or its qualifier."""
    cuts = [found.start() for found in _CUT.finditer(text, 1) if found.start() > first]
    return [cut for cut in cuts if not (cut - 1 in cuts and text[cut - 1] in "+-?~")]


def _pieces(text: str, first: int) -> list[str]:
    """Return the terms that a term is made of, if several names of terms are in it after the offset `first`."""
    cuts = _cuts(text, first)
    if not 0 < len(cuts) < _MOST:
        return []
    pieces = [text[start:end].strip(_PUNCTUATION) for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    if pieces[-1][-4:-1].lower() == "all":
        pieces[-1] = pieces[-1].rstrip(".")
    return [each for piece in pieces if piece for each in _of_list(piece)]


def _punctuated(token: Token) -> Slip | None:
    """Return the slip of a term with punctuation around it: `mx,`, `-all;`, `"a:b.example"`."""
    bare = token.text.strip(_AROUND)
    term = bare if begins_like_a_term(bare) else _network_term("", bare)
    if bare == token.text or not term or _QUOTED.search(bare):  # only a part of what is around it: `ip4:[x]`
        return None
    return _meant([term], lead="terms are separated by spaces only; ")


def _with_wrong_sign(token: Token) -> Slip | None:
    """Return the slip of a mechanism with another sign than the colon that it needs: `include;b.example`."""
    found = _WRONG_SIGN.match(token.text)
    if found is None:
        return None
    begin, name, argument = found.groups()
    is_name = name.lower() in ("include", "exists") and _is_plain(argument)
    term = f"{begin}{name}:{argument}" if is_name else _network_term(begin, argument)
    return None if term is None else _meant([term], lead="a colon is missing; ")


def begins_like_a_term(text: str) -> bool:
    """Whether a text begins with the name of a mechanism or modifier."""
    return re.split(r"[:/=]", text.lstrip("+-?~"), maxsplit=1)[0].lower() in MECHANISMS + MODIFIERS


# Addresses


def _is_about_addresses(token: Token) -> bool:
    name = token.name.lower()
    if token.separator == ":" and (name in _NETWORKS or name.startswith("ip")):
        return True
    return token.text.lstrip("+-?~")[:1].isdigit() or (name in ("a", "mx") and token.argument[:1].isdigit())


def _network(token: Token) -> Slip | None:
    """Return the slip of a network in a form that SPF does not have."""
    text = token.argument if token.separator == ":" and token.name[:1].isalpha() else token.text[len(token.qualifier) :]
    if not text or parse_ip4(text) is not None:
        return _netmask_alone(token, text)
    parts = [part for part in _SEPARATORS.split(text.strip(_PUNCTUATION)) if part]
    if 1 < len(parts) <= _MOST:
        return _list(token, parts)
    for read in (_enclosed, _with_port, _range, _wildcard, _netmask, _leading_zeros, _shortened):
        slip = read(token.qualifier, text.strip(_PUNCTUATION))
        if slip is not None:
            return slip
    return None


def _enclosed(qualifier: str, text: str) -> Slip | None:
    """Return the slip of a network in brackets or quotes: `ip6:[2001:db8::1]`."""
    bare = text.strip(_AROUND)
    term = _network_term(qualifier, bare) if bare != text else None
    return _meant([term], lead="give the address alone; ") if term else None


def _with_port(qualifier: str, text: str) -> Slip | None:
    """Return the slip of an IPv4 address with a port: `a:192.0.2.1:25`."""
    found = _PORT.match(text)
    term = _network_term(qualifier, found[1]) if found else None
    return _meant([term], lead="SPF knows no ports; ") if term else None


def _list(token: Token, parts: list[str]) -> Slip:
    """Return the slip of a list of networks: `ip4:192.0.2.1,192.0.2.2`."""
    lead = "each network needs a term of its own, after a space; "
    terms = [_network_term(token.qualifier, part) for part in parts]
    if None in terms:
        return Slip(f"{lead}write ip4:192.0.2.1 ip4:192.0.2.2")
    return _meant([term for term in terms if term is not None], is_glued=True, lead=lead)


def _network_term(qualifier: str, text: str) -> str | None:
    """Return the term of an address or network, or None if the text is none."""
    address, slash, length = re.sub(r"\A(?:ip[46]:)", "", text, flags=re.IGNORECASE).partition("/")
    for name, parse, family in (("ip4", parse_ip4, V4), ("ip6", parse_ip6, V6)):
        if parse(address) is not None:
            is_prefix = length.isascii() and length.isdigit() and len(length) <= 3 and int(length) <= family.bits
            return f"{qualifier}{name}:{address}{slash}{length}" if is_prefix or not slash else None
    return None


def _range(qualifier: str, text: str) -> Slip | None:
    """Return the slip of a range of addresses: `192.0.2.1-192.0.2.10`, `192.0.2.1-10`."""
    found = _RANGE.match(text)
    if found is None:
        return None
    ends = _range_ends(found[1], found[2])
    if ends is None:
        return Slip("a range is not possible; write the networks that it is made of, such as ip4:192.0.2.0/28")
    family, first, last = ends
    terms = [
        f"{qualifier}ip{family.version}:{address_text(family, start)}" + ("" if prefix == family.bits else f"/{prefix}")
        for start, prefix in prefixes_of(family, first, last)
    ]
    if len(terms) > _MOST:
        return Slip(f"a range is not possible; this one takes {len(terms)} networks, beginning with {terms[0]}")
    return _meant(terms, lead="a range is not possible, but the same networks are; ")


def _range_ends(low: str, high: str) -> tuple[Family, int, int] | None:
    for family, parse in ((V4, parse_ip4), (V6, parse_ip6)):
        first = parse(low)
        if first is None:
            continue
        short = low.rpartition(".")[0] + "." + high if family is V4 and high.isdigit() else high
        last = parse(short)
        return None if last is None or last < first else (family, first, last)
    return None


def _wildcard(qualifier: str, text: str) -> Slip | None:
    """Return the slip of a network with stars, `192.0.2.*`, or cut short: `192.0.2.`."""
    found = _WILDCARD.match(text)
    if found is None:
        return None
    parts = [part for part in found[1].split(".") if part]
    network = _padded(parts)
    if network is None:
        return None
    term = f"{qualifier}ip4:{network}/{8 * len(parts)}"
    if text[-1] in "*xX":
        return _meant([term], lead="a wildcard is not possible, but a network is; ")
    return Slip(f"an IPv4 address has four numbers; write {term} if you mean the whole network")


def _shortened(qualifier: str, text: str) -> Slip | None:
    """Return the slip of a network without its last numbers: `192.0.2/24`."""
    found = _SHORT.match(text)
    network = None if found is None else _padded(found[1].split("."))
    if found is None or network is None or not 8 <= int(found[2]) <= V4.bits:
        bare = text.split(".")
        network = _padded(bare) if len(bare) == 3 else None
        if network is None:
            return None
        return Slip(f"an IPv4 address has four numbers; write {qualifier}ip4:{network}/24 if you mean that network")
    return Slip(f"an IPv4 network has four numbers; write {qualifier}ip4:{network}/{int(found[2])} if you mean that")


def _padded(parts: list[str]) -> str | None:
    """Return the address that begins with these numbers, and has zeros after them."""
    text = ".".join([*parts, *["0"] * (4 - len(parts))])
    return text if len(parts) < 4 and parse_ip4(text) is not None else None


def _netmask(qualifier: str, text: str) -> Slip | None:
    """Return the slip of a network with a netmask: `192.0.2.0/255.255.255.0`."""
    address, slash, mask = text.partition("/")
    value = parse_ip4(mask)
    if not slash or value is None or parse_ip4(address) is None:
        return None
    prefix = prefix_of_netmask(mask)
    if prefix is not None:
        return _meant([f"{qualifier}ip4:{address}/{prefix}"], lead="expected a prefix length, not a netmask; ")
    inverse = prefix_of_netmask(address_text(V4, value ^ V4.last))
    if inverse is not None:
        return Slip(f"this looks like a wildcard mask; write {qualifier}ip4:{address}/{inverse} if you mean that")
    return Slip(f"this netmask is not that of one network; write a prefix length, such as {address}/24")


def prefix_of_netmask(text: str) -> int | None:
    """Return the prefix length that a netmask such as 255.255.255.0 means, or None if the text is not a netmask."""
    value = parse_ip4(text)
    if value is None or value >> 31 == 0:
        return None
    zeros = value ^ V4.last
    return V4.bits - zeros.bit_length() if zeros & (zeros + 1) == 0 else None


def _netmask_alone(token: Token, text: str) -> Slip | None:
    """Return the slip of a netmask that is a term of its own: `ip4:192.0.2.0 255.255.255.0`."""
    prefix = prefix_of_netmask(text)
    if prefix is None or prefix < 8 or token.name.lower() == "ip4":
        return None
    return Slip(f"this looks like a netmask; write /{prefix} right after the network before it, without a space")


def _leading_zeros(qualifier: str, text: str) -> Slip | None:
    """Return the slip of an IPv4 address with leading zeros: `192.000.002.001`."""
    address, slash, length = text.partition("/")
    numbers = address.split(".") if _ZEROS.match(address) else []
    padded = [number for number in numbers if _PADDED.fullmatch(number)]
    plain = ".".join([number.lstrip("0") or "0" for number in numbers])
    if not padded or parse_ip4(plain) is None:
        return None
    term = f"{qualifier}ip4:{plain}{slash}{length}"
    if _differs_in_octal(padded):
        return Slip(f"numbers with leading zeros are octal to some readers; write {term} if you mean that")
    return _meant([term], lead="numbers have no leading zeros; ")


def _differs_in_octal(padded: list[str]) -> bool:
    """Whether numbers with leading zeros are an address in octal too, and another one."""
    is_decimal = any(mark in number for number in padded for mark in "89")  # no octal number has these
    return not is_decimal and not {number.lstrip("0") for number in padded} <= {"", *"1234567"}


# Names


_MARKS = re.compile(r"[@,;|/:<>()\[\]\"'*\\]")


def _name(token: Token) -> Slip | None:
    """Return the slip of a name in a form that SPF does not have: with https://, with @, as a list."""
    name, argument = token.name.lower(), token.argument
    literal = re.sub(r"%\{[^}]*\}|%.", "", argument)
    if not (_takes_domain_spec(name, token.separator) and _MARKS.search(literal)):
        return None
    begin = token.text[: len(token.qualifier) + len(token.name)] + token.separator
    tidy = _SCHEME.sub("", argument.strip(_AROUND), count=1)
    of_zone_file = _zone_file_sign(token.qualifier, name, tidy)
    if of_zone_file is not None:
        return of_zone_file
    tidy = tidy.rpartition("@")[2]
    return _list_of_names(name, begin, tidy) or _one_name(argument, begin, tidy, has_at="@" in literal)


def _takes_domain_spec(name: str, separator: str) -> bool:
    """Whether a term of this name may have a domain-spec after this separator."""
    return separator in (":", "=") and name in MECHANISMS + MODIFIERS and name not in (*_NETWORKS, "all")


def _zone_file_sign(qualifier: str, name: str, text: str) -> Slip | None:
    """Return the slip of a sign that has a meaning only in zone files: `a:@`, `include:*.example.com`."""
    if "@" in text and not text.strip("@"):
        alone = f"; write {qualifier}{name} alone for the domain itself" if name in ("a", "mx", "ptr") else ""
        return Slip(f"@ means nothing in a record{alone}")
    if text.startswith("*."):
        is_about_record = name in ("include", "redirect")
        what = "the domain that has the SPF record" if is_about_record else "each host, or their networks"
        return Slip(f"* is not a wildcard in a record; name {what}")
    return None


def _list_of_names(name: str, begin: str, argument: str) -> Slip | None:
    """Return the slip of several names in one term: `include:a.example,b.example`."""
    parts = [part for part in _SEPARATORS.split(argument) if part]
    if not 1 < len(parts) <= _MOST or not all(map(_is_plain, parts)):
        return None
    if name in MODIFIERS:
        return Slip(f"{name}= takes one name only")
    lead = "each name needs a term of its own, after a space; "
    return _meant([begin + part for part in parts], is_glued=True, lead=lead)


def _one_name(argument: str, begin: str, tidy: str, *, has_at: bool) -> Slip | None:
    """Return the slip of a name with a scheme, a path, a port or an @: `include:https://a.example/`."""
    host = tidy.partition("/")[0].rstrip(".") if _SCHEME.match(argument) else tidy.rstrip("/")
    host = re.sub(r":[0-9]{1,5}\Z", "", host)
    if host != argument.strip(_PUNCTUATION) and _is_plain(host):
        return _meant([begin + host], lead="give the name alone; ")
    return Slip("give the name of a domain alone, without @") if has_at else None


_QUOTES = "the record without it: quotes are not part of a record"
_INVISIBLE = "the record again at this place: the character is invisible"
_LOOKS = {
    **dict.fromkeys("\u00a0\u2007\u202f\u3000", "a space"),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "a hyphen"),
    **dict.fromkeys("\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u00b4", _QUOTES),
    **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", _INVISIBLE),
    "\uff1a": "a colon",
    "\uff1d": "an equals sign",
    "\uff0e": "a full stop",
    "\u2026": "three full stops",
}
"""What to write instead of characters that word processors insert."""


def for_characters(source: str, offset: int) -> str | None:
    """Return the hint for the characters outside US-ASCII at this offset, or None if it is not known what was meant."""
    start = source.rfind(" ", max(0, offset - _LONGEST), offset) + 1
    end = source.find(" ", offset, offset + _LONGEST)
    term = source[start : len(source) if end < 0 else end]
    if len(term) > _LONGEST:
        return None
    character = of_octets(source[offset : offset + 4], 4)[:1] or source[offset]
    if character in _LOOKS:
        return f"write {_LOOKS[character]}"
    a_label = with_a_labels(term)
    return None if a_label is None else f"a record has internationalised names as A-labels; did you mean {a_label}?"


def with_a_labels(term: str) -> str | None:
    """Return a term whose domain has U-labels with A-labels in their place (RFC 8616 §2), or None if that can't be."""
    found = _DOMAIN_TERM.match(of_octets(term))
    if found is None or found[2].isascii():
        return None
    domain = to_a_labels(found[2])
    return None if domain is None or not _is_plain(domain) else f"{found[1]}{domain}{found[3]}"


@lru_cache(maxsize=1024)
def _is_plain(name: str) -> bool:
    """Whether a text is a domain name of letters, digits, hyphens and underscores, with at least two labels."""
    labels = name.rstrip(".").split(".")
    is_ldh = all(re.fullmatch(r"[A-Za-z0-9_\-]{1,63}", label) for label in labels)
    return len(labels) > 1 and is_ldh and is_toplabel(labels[-1])
