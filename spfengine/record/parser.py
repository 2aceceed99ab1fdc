"""Reads the text of a record: `parse` returns a `Record` or raises, `diagnose` returns all faults.

Both read in the same way, and to the end: a syntax error anywhere makes the whole record invalid (RFC 7208 §4.6), so
all faults are of interest at once.
"""

from collections.abc import Callable

from spfengine.addresses import V4, V6, parse_ip4, parse_ip6
from spfengine.errors import ArgumentError, RecordSyntaxError
from spfengine.problems import Problem, ProblemCode
from spfengine.record import grammar, hints, slips
from spfengine.record.macro import MacroString, parse_macro_string
from spfengine.record.model import (
    IP4,
    IP6,
    MX,
    A,
    All,
    Exists,
    Explanation,
    Include,
    Ptr,
    Record,
    Redirect,
    Term,
    UnknownModifier,
)
from spfengine.record.tokenizer import Token, is_spf, tokens
from spfengine.visible import named, of_octets, visible

_NAMED = 3  # adjacent characters outside US-ASCII that a message names; the others are only counted
_HINTED_FAULTS = 100  # nobody mistypes thousands of terms, so hints for the rest would only cost time


def parse(record: str | bytes) -> Record:
    """Return the record with this text.

    Args:
        record: the text, from `v=spf1` on; bytes are taken octet for octet.

    Raises:
        RecordSyntaxError: it is not a record by RFC 7208 §12; the exception has source, span, section and all faults.
    """
    source = _source(record)
    terms, problems = _read(source)
    if problems:
        raise RecordSyntaxError(tuple(problems), source)
    return Record(source, tuple(terms))


def diagnose(record: str | bytes) -> tuple[Problem, ...]:
    """Return every fault in the text of a record, in the order of their places; empty if there is none.

    Args:
        record: the text, from `v=spf1` on; bytes are taken octet for octet.
    """
    return tuple(_read(_source(record))[1])


def parse_term(text: str) -> Term | None:
    """Return the one term that a text is, or None if it is none, or more than one."""
    terms, problems = _read(f"{grammar.VERSION} {text}")
    return terms[0] if len(terms) == 1 and not problems and terms[0].text == text else None


def sound_terms(source: str) -> tuple[Term, ...]:
    """Return the terms of a record's text that have no fault themselves, whatever else is wrong with the record."""
    return tuple(_read(source)[0])


def _source(record: str | bytes) -> str:
    if isinstance(record, str):
        return record
    if isinstance(record, bytes):
        return record.decode("latin-1")
    raise ArgumentError(f"a record is str or bytes, not {type(record).__name__}")


def _read(source: str) -> tuple[list[Term], list[Problem]]:
    if not is_spf(source):
        return [], [_not_spf(source)]
    terms: list[Term] = []
    problems = _invalid_characters(source)
    has_invalid_characters = bool(problems)
    modifiers: dict[str, Token] = {}
    for token in tokens(source):
        if has_invalid_characters and grammar.has_invalid_characters(token.text):
            continue  # one fault is enough for a term
        term, faults = _modifier(token, modifiers) if token.separator == "=" else _directive(token)
        if faults:
            problems += _hinted(token, faults) if len(problems) < _HINTED_FAULTS else map(_without_hint, faults)
        if term is not None:
            terms.append(term)
    problems.sort(key=lambda problem: problem.span or (0, 0))
    return terms, problems


_Read = tuple[Term | None, list[Problem]]


def _directive(token: Token) -> _Read:
    """directive = [ qualifier ] mechanism."""
    name = token.name.lower()
    read = _MECHANISMS.get(name)
    if read is not None and (token.separator or not token.argument):
        return read(token)
    if not name:
        return _missing_name(token)
    if name in grammar.MODIFIERS and token.separator == ":":
        hint: str | None = f"it is a modifier; did you mean {name}={visible(token.argument, 60)}?"
        if not token.argument:
            hint = f"it is a modifier; write {name}=example.com, without spaces"
        return _fault(token, ProblemCode.UNKNOWN_MECHANISM, f"{name} is not a mechanism", "4.6.1", hint)
    rest = token.separator.replace("/", "") + token.argument
    hint = hints.for_unknown_mechanism(token.qualifier, token.name, rest)
    printable = visible(token.name if token.separator or not token.argument else token.text, 60)
    return _fault(token, ProblemCode.UNKNOWN_MECHANISM, f"{printable} is not a mechanism", "4.6.1", hint)


def _missing_name(token: Token) -> _Read:
    if token.argument[:1] == "%":
        text, hint = "a term can't begin with a macro", "put a mechanism before it, such as include: or a:"
    elif token.qualifier and len(token.text) == 1:
        text, hint = f"a mechanism is missing after {token.qualifier}", "take out the space after the qualifier"
    else:
        text, hint = "the name of a mechanism is missing", f"the mechanisms are {', '.join(grammar.MECHANISMS)}"
    return _fault(token, ProblemCode.MISSING_TERM_NAME, text, "4.6.1", hint)


def _modifier(token: Token, seen: dict[str, Token]) -> _Read:
    """modifier = redirect / explanation / unknown-modifier."""
    name = token.name.lower()
    if token.qualifier:
        hint = f"take out the {token.qualifier}"
        if name in grammar.MECHANISMS:
            hint = f"did you mean {token.qualifier}{name}:{visible(token.argument, 60)}?"
        text = f"{visible(token.name, 40)}= is a modifier, and a modifier has no qualifier"
        return _fault(token, ProblemCode.QUALIFIED_MODIFIER, text, "12", hint)
    if grammar.NAME.match(token.name) is None:
        text = f"{visible(token.name, 40)!r} can't be the name of a modifier: it must begin with a letter"
        return _fault(token, ProblemCode.INVALID_MODIFIER_NAME, text, "12", None)
    if name not in grammar.MODIFIERS:
        value, problems = parse_macro_string(token.argument, token.argument_start)
        return (None if value is None else UnknownModifier(name, value, token.text, token.span)), problems
    domain_spec, problems = _domain_spec(token, token.argument)
    first = seen.setdefault(name, token)
    if first is not token:
        text = f"{name}= occurs twice, at offset {first.start} and at {token.start}; it may occur only once"
        problems = [*_fault(token, ProblemCode.DUPLICATE_MODIFIER, text, "6", "keep one of the two")[1], *problems]
    if domain_spec is None or problems:
        return None, problems
    kind = Redirect if name == "redirect" else Explanation
    return kind(name, domain_spec, token.text, token.span), problems


def _all(token: Token) -> _Read:
    """all = "all"."""
    if token.separator:
        hint = f"write {token.qualifier}all"
        return _fault(token, ProblemCode.UNEXPECTED_ARGUMENT, "all takes no argument", "5.1", hint)
    return All(token.qualifier or "+", token.text, token.span), []


def _include(token: Token) -> _Read:
    """include = "include" ":" domain-spec."""
    return _with_domain_spec(token, Include)


def _exists(token: Token) -> _Read:
    """exists = "exists" ":" domain-spec."""
    return _with_domain_spec(token, Exists)


def _with_domain_spec(token: Token, kind: type[Include | Exists]) -> _Read:
    if token.separator != ":":
        return _missing_argument(token, "a domain name", "example.com")
    domain_spec, problems = _domain_spec(token, token.argument)
    if domain_spec is None:
        return None, problems
    return kind(token.qualifier or "+", domain_spec, token.text, token.span), problems


def _ptr(token: Token) -> _Read:
    """ptr = "ptr" [ ":" domain-spec ]."""
    if token.separator == "/":
        return _fault(token, ProblemCode.UNEXPECTED_CIDR_LENGTH, "ptr takes no prefix length", "5.5", None)
    domain_spec = None
    problems: list[Problem] = []
    if token.separator:
        domain_spec, problems = _domain_spec(token, token.argument)
    return (None if problems else Ptr(token.qualifier or "+", domain_spec, token.text, token.span)), problems


def _a(token: Token) -> _Read:
    """a = "a" [ ":" domain-spec ] [ dual-cidr-length ]."""
    return _host(token, A)


def _mx(token: Token) -> _Read:
    """mx = "mx" [ ":" domain-spec ] [ dual-cidr-length ]."""
    return _host(token, MX)


def _host(token: Token, kind: type[A | MX]) -> _Read:
    if not token.separator:
        return kind(token.qualifier or "+", None, V4.bits, V6.bits, token.text, token.span), []
    lengths = grammar.DUAL_CIDR_LENGTH.search(token.argument)
    assert lengths is not None, "both parts of DUAL_CIDR_LENGTH may be empty"
    problems: list[Problem] = []
    ip4_prefix = _cidr_length(token, lengths[1], V4.bits, lengths.start(1), problems)
    ip6_prefix = _cidr_length(token, lengths[2], V6.bits, lengths.start(2), problems)
    domain_spec = None
    if token.separator == ":":
        domain_spec, faults = _domain_spec(token, token.argument[: lengths.start()])
        problems += faults
    elif lengths.start():
        text = "the prefix length can't be understood"
        hint = f"write {token.name}/24, {token.name}//64, or {token.name}/24//64 for both"
        return _fault(token, ProblemCode.INVALID_CIDR_LENGTH, text, "5", hint)
    if problems:
        return None, problems
    return kind(token.qualifier or "+", domain_spec, ip4_prefix, ip6_prefix, token.text, token.span), []


def _ip4(token: Token) -> _Read:
    """ip4 = "ip4" ":" ip4-network [ ip4-cidr-length ]."""
    return _network(token, IP4, parse_ip4, "192.0.2.0/24")


def _ip6(token: Token) -> _Read:
    """ip6 = "ip6" ":" ip6-network [ ip6-cidr-length ]."""
    return _network(token, IP6, parse_ip6, "2001:db8::/32")


def _network(token: Token, kind: type[IP4 | IP6], parse_network: Callable[[str], int | None], example: str) -> _Read:
    if token.separator != ":" or not token.argument:
        return _missing_argument(token, "a network", example)
    address, slash, length = token.argument.partition("/")
    problems: list[Problem] = []
    network = parse_network(address)
    if network is None:
        problems.append(_invalid_network(token, kind, address, example))
    prefix = _cidr_length(token, length if slash else None, kind.family.bits, len(address) + 1, problems)
    if network is None or problems:
        return None, problems
    return kind(token.qualifier or "+", network, prefix, token.text, token.span), problems


def _may_be_a_name(text: str) -> bool:
    """Whether a text where a network is wanted may be the name of a host."""
    return len(text) < 64 and ":" not in text and grammar.is_toplabel(text.rstrip(".").rpartition(".")[2])


def _invalid_network(token: Token, kind: type[IP4 | IP6], address: str, example: str) -> Problem:
    version = kind.family.version
    code = ProblemCode.INVALID_IP4_NETWORK if version == 4 else ProblemCode.INVALID_IP6_NETWORK
    hint = f"expected a network such as {kind.mechanism}:{example}"
    other, parse_other = ("ip6", parse_ip6) if version == 4 else ("ip4", parse_ip4)
    if parse_other(address) is not None:
        hint = f"did you mean {token.qualifier}{other}:{visible(token.argument, 60)}?"
    elif version == 4 and _may_be_a_name(address):
        hint = f"names go with a, mx or include; did you mean {token.qualifier}a:{visible(address, 60)}?"
    text = f"{visible(address, 60)!r} is not an IPv{version} address"
    start = token.argument_start
    return Problem(code, text, None, (start, start + len(address)), "5.6", hint)


_MECHANISMS: dict[str, Callable[[Token], _Read]] = {
    "all": _all,
    "include": _include,
    "a": _a,
    "mx": _mx,
    "ptr": _ptr,
    "ip4": _ip4,
    "ip6": _ip6,
    "exists": _exists,
}


def _domain_spec(token: Token, text: str) -> tuple[MacroString | None, list[Problem]]:
    """domain-spec = macro-string domain-end."""
    start = token.argument_start
    span = (start, start + len(text)) if text else token.span
    if not text:
        named = f"{token.name}{token.separator}"
        hint = f"take out the space after {named}, or write {named}example.com"
        empty = Problem(ProblemCode.EMPTY_DOMAIN_SPEC, f"a domain is missing after {named}", None, span, "12", hint)
        return None, [empty]
    parsed, problems = parse_macro_string(text, start)
    if parsed is None:
        return None, problems
    # domain-end = ( "." toplabel [ "." ] ) / macro-expand
    last = parsed.tail
    if not last:
        return parsed, []
    _, dot, toplabel = (last[:-1] if last[-1] == "." else last).rpartition(".")
    if dot and grammar.is_toplabel(toplabel):
        return parsed, []
    return None, [_invalid_domain_spec(token, text, span, toplabel)]


def _invalid_domain_spec(token: Token, text: str, span: tuple[int, int], toplabel: str) -> Problem:
    printable = visible(text, 60)
    hint = hints.for_domain_spec(token.qualifier, token.argument)
    if parse_ip4(text.partition("/")[0]) is not None or parse_ip6(text.partition("/")[0]) is not None:
        message = f"{printable} is an IP address, not a domain name"
        return Problem(ProblemCode.ADDRESS_AS_DOMAIN_SPEC, message, None, span, "12", hint)
    lengths = grammar.DUAL_CIDR_LENGTH.search(text)
    if lengths is not None and lengths[0] and grammar.is_toplabel(text[: lengths.start()].rpartition(".")[2]):
        message = f"{token.name} takes no prefix length here: {visible(lengths[0], 20)}"
        hint = "an IPv6 length has two slashes: /24//64" if token.name.lower() in ("a", "mx") else None
        return Problem(ProblemCode.UNEXPECTED_CIDR_LENGTH, message, None, span, "12", hint)
    if not toplabel:
        message = f"{printable} ends in a dot where a last label was expected"
    elif toplabel == text.rstrip("."):
        message = f"{printable} is a single label; a domain-spec has at least two, or ends in a macro"
    elif toplabel.isdigit():
        message = f"{printable} can't be a domain name: its last label has digits only"
    else:
        message = f"{printable} can't be a domain name: its last label may have letters, digits and inner hyphens only"
    return Problem(ProblemCode.INVALID_DOMAIN_SPEC, message, None, span, "12", hint)


def _cidr_length(token: Token, digits: str | None, most: int, offset: int, problems: list[Problem]) -> int:
    """Return a prefix length, `most` if none is written. A fault is added to `problems`."""
    if digits is None:
        return most
    length = grammar.CIDR_LENGTHS.get(digits, most + 1)
    if length <= most:
        return length
    start = token.argument_start + offset
    if not digits:
        text = "a prefix length is missing after the slash"
    elif digits.isdigit() and digits[0] == "0":
        text = f"the prefix length {visible(digits, 20)} has a leading zero"
    elif digits.isdigit():
        text = f"the prefix length {visible(digits, 20)} is over {most}"
    else:
        text = f"{visible(digits, 20)!r} is not a prefix length"
    hint = f"a number from 0 to {most}"
    problems.append(Problem(ProblemCode.INVALID_CIDR_LENGTH, text, None, (start - 1, start + len(digits)), "12", hint))
    return most


def _missing_argument(token: Token, what: str, example: str) -> _Read:
    name = token.name.lower()
    text = f"{name} must be followed by a colon and {what}"
    hint = f"write {token.qualifier}{name}:{example}"
    if token.separator == ":":
        hint += ", with no space after the colon"
    return _fault(token, ProblemCode.MISSING_ARGUMENT, text, "12", hint)


def _fault(token: Token, code: ProblemCode, text: str, section: str, hint: str | None) -> _Read:
    return None, [Problem(code, text, None, token.span, section, hint)]


def _hinted(token: Token, problems: list[Problem]) -> list[Problem]:
    """Return the faults of a term, the first of them with the hint for a known slip."""
    slip = slips.slip_of(token)
    if slip is None:
        return problems
    first = problems[0]
    return [Problem(first.code, first.text, first.domain, first.span, first.section, slip.hint), *problems[1:]]


def _without_hint(problem: Problem) -> Problem:
    return Problem(problem.code, problem.text, problem.domain, problem.span, problem.section)


def _invalid_characters(source: str) -> list[Problem]:
    if not grammar.has_invalid_characters(source):
        return []
    return [_invalid_character(source, *match.span()) for match in grammar.INVALID_CHARACTERS.finditer(source)]


def _invalid_character(source: str, offset: int, end: int) -> Problem:
    characters = source[offset:end]
    shown = of_octets(characters)
    first = ord(shown[0])
    hint = "a record may contain only spaces and visible US-ASCII characters; take it out or retype it"
    if first > 127:
        kind = "a character outside US-ASCII is" if len(shown) == 1 else f"{len(shown)} characters outside US-ASCII are"
        names = ", ".join(map(named, shown[:_NAMED])) + ("…" if len(shown) > _NAMED else "")
        text = f"{kind} at offset {offset}: {names}"
        hint = slips.for_characters(source, offset) or hint
    else:
        kind = "a TAB" if first == 9 else "a line end" if first in (10, 13) else "a control character"
        kind = "a NUL" if first == 0 else kind
        text = f"{kind} ({visible(characters, 20)}) is at offset {offset}"
    return Problem(ProblemCode.INVALID_CHARACTER, text, None, (offset, end), "4.6.1", hint)


def _not_spf(source: str) -> Problem:
    stripped = source.strip(" \t\r\n\"'“”\\(\ufeff")
    text, hint = "this is not an SPF record: it does not begin with v=spf1", "a record begins with v=spf1 and a space"
    if is_spf(stripped) or stripped[:6].lower() == grammar.VERSION:
        if source[:1].isspace():
            hint = "take out the space before v=spf1"
        elif source[:6].lower() != grammar.VERSION:
            hint = "take out the quotes and everything else before v=spf1"
        else:
            text = "this is not an SPF record: v=spf1 must be followed by a space or the end"
            hint = "put one space after v=spf1"
    elif stripped[:5].lower() in ("spf1", "spf1 "):
        hint = f"put v= before it: did you mean v={visible(stripped, 120)}?"
    elif stripped[:5].lower() == "v=spf" or stripped[:3].lower() == "spf":
        hint = "the only version of SPF is v=spf1"
    return Problem(ProblemCode.NOT_SPF, text, None, (0, min(len(source), 7)), "4.5", hint)
