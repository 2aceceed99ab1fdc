"""What may make SPF records that the file does not show: modules, roles, components, functions, records of any type.

Whether a record that is no longer in a file is gone is not known if something else in the files may make it now:
`module "mail" {…}` of Terraform, a role of Ansible, `mailRecords("example.com")`, a resource of a mail provider.
Nothing of it is followed.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from spfengine.names import domain_fault
from spfengine.sources.atoms import text_of as text_of_atoms
from spfengine.sources.code import JAVASCRIPT, PYTHON, TERRAFORM, TERRAFORM_JSON
from spfengine.sources.owners import NAME_KEYS, RECORD_KEYS, TYPE_KEYS, ZONE_KEYS
from spfengine.sources.places import Lines
from spfengine.sources.reading import Reading
from spfengine.sources.structure import key_before, label_at, pairs_in, value_at
from spfengine.sources.tokens import Literal, Token, is_sign, is_word, text_of
from spfengine.sources.unshown import MOST_MAKERS, SHOWN_OF_MAKER, Unshown

_LONGEST = 4000  # characters of one that are compared
_ABOUT_MAIL = re.compile(r"spf|txt|mail|m365|o365|workspace|records?(?![a-z])|dns", re.IGNORECASE)
_SPF_KEY = re.compile(r"(?:^|_)spf(?:_|$)")
_OTHER_RECORDS = re.compile(
    r"(?:A|AAAA|Aaaa|ALIAS|CAA|Caa|CNAME|Cname|DS|Ds|MX|Mx|NS|Ns|PTR|Ptr|SRV|Srv|SSHFP|TLSA|DMARC|DKIM)"
    r"(?:Record|_BUILDER)?"
)
_ZONES = frozenset(
    {"D", "D_EXTEND", "DOMAIN", "DnsProvider", "DefaultTTL", "NAMESERVER", "NO_PURGE", "NewDnsProvider",
     "NewRegistrar", "SPF_BUILDER", "TTL", "TXT", "TxtRecord"}
)  # fmt: skip
_BEFORE_VALUES = (",", "(", "[", ":", "=", "?")
_BEFORE_WORD = (",", "...", ".", "[", "?", ":")
_AFTER_WORD = (",", ")", "]", "[", "?", ":")
_DOMAINS = frozenset({"D", "D_EXTEND"})
_SETTINGS = re.compile(
    r"(?:NO_|IGNORE|AUTODNSSEC|CF_|URL|FRAME|R53_|AUTOSPLIT|DISABLE_|PURGE|LOC|NAPTR|HTTPS|SVCB|DHCID)\w*"
)
_DECLARING = frozenset({"def", "function", "class", "import", "from"})
_ROLES = frozenset(
    {"role", "roles", "include_role", "import_role", "include_tasks", "import_tasks", "import_playbook", "include"}
)
_STACKS = frozenset(
    {"AWS::CloudFormation::Stack", "AWS::CloudFormation::Macro", "AWS::Include", "AWS::Serverless::Application"}
)
_TYPES_OF_PROGRAMS = frozenset({"string", "str", "String", "any"})
_MOST_TOKENS = 200  # of what may make records that are looked at
_MOST_LEVELS = 12
_ABOUT_KEYS = frozenset(ZONE_KEYS)  # a `name` may be that of the module itself
_LONGEST_NAME = 260
_NAME = re.compile(r"[A-Za-z0-9_\-]+(?:\.[A-Za-z0-9_\-]+)*\.[A-Za-z][A-Za-z0-9\-]*")
_BLOCKS = frozenset({"module", "component", "unit", "stack", "deployment", "include"})  # of Terraform and Terragrunt
_OF_MAIL = re.compile(r"mail|spf|dmarc|m365|o365|office365|workspace|sendgrid|postmark|sparkpost", re.IGNORECASE)
_WITHOUT_SPF = re.compile(
    r"(?:^|_)(?:(?:a|aaaa|alias|caa|cname|dkim|ds|mx|naptr|ns|ptr|spf|srv|sshfp|tlsa|txt)_record|zone|certificate|acm|app"
    r"|bucket|cluster|distribution|firewall|function|gateway|group|ingress|instance|listener|load_balancer|page_rule"
    r"|policy|project|queue|repository|role|ruleset|secret|server|storage|topic|user)s?(?:_|\Z)",
    re.IGNORECASE,
)  # resources that make no SPF record, or show it
_SHOWN_KEYS = RECORD_KEYS.union(TYPE_KEYS)
_NAMED = _ABOUT_KEYS | frozenset(NAME_KEYS)
_FILE = re.compile(
    r"\.(?:tf|tofu|tfvars|hcl|toml|csv|tpl|tftpl|tmpl|json|ya?ml|m?js|tsx?|py|j2|zone|db|txt|md|sh)\Z", re.IGNORECASE
)


class _Extent(NamedTuple):
    """The first and the last token of what may make records, and the keys whose values are the domains it is about."""

    first: int
    last: int
    keys: frozenset[str] = _ABOUT_KEYS


def makers_of(path: str, reading: Reading, lines: Lines) -> Iterator[Unshown]:
    """Yield what may make records in a stream of tokens. Its `name_text` is the whole of it, by which it is compared.

    If it says which domains it is about, these are its `domains`.
    """
    found = 0
    for index in range(len(reading.tokens)):
        extent = _extent(reading, index)
        if extent is None:
            continue
        first, last, keys = extent
        start, end = reading.tokens[first].start, reading.tokens[last].end
        whole = " ".join(reading.text[start : min(end, start + _LONGEST)].split())
        shown = whole.partition("{")[0].strip() or whole
        region = lines.region(start, max(reading.tokens[first].end, start))
        yield Unshown(
            path, shown[:SHOWN_OF_MAKER], region, None, whole, tuple(_domains(reading, first, last, keys)), makes=True
        )
        found += 1
        if found == MOST_MAKERS:
            return


def _extent(reading: Reading, index: int) -> _Extent | None:
    """Return the place of what may make records and begins or opens here; None if nothing does."""
    token = reading.tokens[index]
    if is_sign(token, "{", "("):
        return (
            _module(reading, index)
            or _resource(reading, index)
            or _of_any_type(reading, index)
            or _call(reading, index)
        )
    if is_sign(reading.at(index + 1), ":", "=") and (isinstance(token, Literal) or is_word(token)):
        return _pair(reading, index)
    if is_word(token) and reading.language is JAVASCRIPT:
        return _word_in_domain(reading, index)
    if isinstance(token, Literal) and reading.text[token.start : token.end].strip("\"'") in _STACKS:
        return _Extent(index, index)
    return None


def _module(reading: Reading, opening: int) -> _Extent | None:
    """Return the place of a module, or of what Terragrunt takes from a module or gives to it."""
    closing = reading.closing.get(opening, opening)
    before = reading.at(opening - 1)
    if reading.language is TERRAFORM:
        if text_of(reading.at(opening - 2)) in _BLOCKS and label_at(reading, opening - 1):
            return _Extent(opening - 2, closing)
        if is_sign(before, "terraform", "include") and {"source", "path"} & pairs_in(reading, opening).by_name.keys():
            return _Extent(opening - 1, closing)
        if is_sign(before, "=") and is_sign(reading.at(opening - 2), "inputs") and opening not in reading.enclosing:
            return _Extent(opening - 2, closing)
    if reading.language is TERRAFORM_JSON and _key_around(reading, opening) == "module":
        return _Extent(opening - 2, closing)
    return None


def _key_around(reading: Reading, opening: int) -> str:
    """Return the key of the object of JSON that is around this one."""
    outer = reading.enclosing.get(opening)
    key = None if outer is None else key_before(reading, outer)
    return reading.text[key.start : key.end].strip('"') if isinstance(key, Literal) else ""


def _resource(reading: Reading, opening: int) -> _Extent | None:
    """Return the place of a resource that may make the records of a domain by itself: `mailgun_domain`."""
    closing = reading.closing.get(opening, opening)
    if reading.language is TERRAFORM and is_sign(reading.at(opening - 3), "resource"):
        first, kind = opening - 3, label_at(reading, opening - 2)
    elif reading.language is TERRAFORM_JSON:
        outer = reading.enclosing.get(opening)
        if outer is None or _key_around(reading, outer) != "resource":
            return None
        first, kind = opening - 2, _key_around(reading, opening)
    else:
        return None
    if _WITHOUT_SPF.search(kind) or any(key in _SHOWN_KEYS for key in _keys(reading, opening)):
        return None  # it makes no SPF record, or the file shows what it makes, or `_of_any_type` sees it
    if _OF_MAIL.search(kind) or any(True for _ in _domains(reading, opening, closing, _NAMED)):
        return _Extent(first, closing, _NAMED)
    return None


def _of_any_type(reading: Reading, opening: int) -> _Extent | None:
    """Return the place of a record whose type the file does not show."""
    pairs = pairs_in(reading, opening).by_name
    kind = next((pairs[key] for key in TYPE_KEYS if key in pairs), None)
    if kind is None or not (RECORD_KEYS & pairs.keys() or pairs.keys() & set(NAME_KEYS)):
        return None
    atoms = value_at(reading, kind)
    text = text_of_atoms(atoms)
    is_shown = all(atom.char is not None for atom in atoms) and not re.search(r"\$\{|\{\{|%[sv]", text)
    if is_shown or text_of(reading.at(kind)) in _TYPES_OF_PROGRAMS:
        return None
    return _Extent(max(opening - 1, 0), reading.closing.get(opening, opening))


def _call(reading: Reading, opening: int) -> _Extent | None:
    """Return the place of a call that names a domain, or is about mail or records by its words."""
    callee = text_of(reading.at(opening - 1))
    if reading.language not in (JAVASCRIPT, PYTHON) or not reading.opens_call(opening) or _is_known(callee):
        return None
    if text_of(reading.at(opening - 2)) in _DECLARING:
        return None
    if _is_argument(reading, opening - 1):
        return None
    if any(key in TYPE_KEYS for key in _keys(reading, opening)):
        return None  # what it makes is shown, or `_of_any_type` sees it
    closing = reading.closing.get(opening, opening)
    start = reading.tokens[opening - 1].start
    said = reading.text[start : min(reading.tokens[min(closing, opening + _MOST_TOKENS)].end, start + _LONGEST)]
    is_file = callee in {"require", "require_glob"} and not is_sign(reading.at(opening - 2), ".")
    if (
        is_file
        or _in_domain(reading, opening - 1)
        or _ABOUT_MAIL.search(said)
        or any(True for _ in _domains(reading, opening, closing))
    ):
        return _Extent(opening - 1, closing)
    return None


def _keys(reading: Reading, opening: int) -> Iterator[str]:
    """Yield the names of a call's arguments, and the keys of those that are objects: new Record("x", {type: "A"}).

    Of a block, these are the keys of it and of the blocks in it.
    """
    yield from pairs_in(reading, opening).by_name
    index, closing = opening + 1, reading.closing.get(opening, opening)
    for _ in range(_MOST_TOKENS):
        if index >= closing:
            return
        if is_sign(reading.at(index), "{"):
            yield from pairs_in(reading, index).by_name
        index = reading.closing.get(index, index) + 1


def _is_argument(reading: Reading, index: int) -> bool:
    """Whether a token is in the arguments of a call; a domain of DNSControl has records as its arguments."""
    for _ in range(_MOST_LEVELS):
        opening = reading.enclosing.get(index)
        if opening is None:
            break
        if is_sign(reading.at(opening), "("):
            return reading.opens_call(opening) and text_of(reading.at(opening - 1)) not in _DOMAINS
        if is_sign(reading.at(opening), "{") and not is_sign(reading.at(opening - 1), *_BEFORE_VALUES):
            return False  # a block of the program
        index = opening
    return False


def _pair(reading: Reading, index: int) -> _Extent | None:
    """Return the place of a role of Ansible, or of what a key says is about SPF."""
    name = _key_text(reading, reading.tokens[index])
    if name in _ROLES or _SPF_KEY.search(name):
        return _Extent(index, reading.closing.get(index + 2, min(index + 2, len(reading.tokens) - 1)))
    return None


def _word_in_domain(reading: Reading, index: int) -> _Extent | None:
    """Return the place of a variable that a domain of DNSControl has, after its name and registrar."""
    is_alone = is_sign(reading.at(index - 1), *_BEFORE_WORD) and is_sign(reading.at(index + 1), *_AFTER_WORD)
    if not is_alone or _is_known(text_of(reading.at(index))):
        return None
    return _Extent(index, index) if _in_domain(reading, index) else None


def _in_domain(reading: Reading, index: int) -> bool:
    """Whether a token is one of the records of a domain of DNSControl, or in a list of them."""
    opening = reading.enclosing.get(index)
    for _ in range(_MOST_LEVELS):
        if opening is None or not is_sign(reading.at(opening), "["):
            break
        opening = reading.enclosing.get(opening)
    if opening is None or text_of(reading.at(opening - 1)) not in _DOMAINS:
        return False
    least = 1 if text_of(reading.at(opening - 1)) == "D" else 0  # D_EXTEND has no registrar
    return sum(is_sign(each, ",") for each in reading.tokens[opening + 1 : min(index, opening + 5)]) > least


def _is_known(name: str) -> bool:
    return name in _ZONES or _OTHER_RECORDS.fullmatch(name) is not None or _SETTINGS.fullmatch(name) is not None


def _domains(reading: Reading, first: int, last: int, keys: frozenset[str] = _ABOUT_KEYS) -> Iterator[str]:
    """Yield the names of DNS with a dot that a place says it is about: `domain = "a.example"`, `f("a.example")`."""
    for index in range(first, min(last + 1, first + _MOST_TOKENS)):
        token = reading.tokens[index]
        if not isinstance(token, Literal) or token.end - token.start > _LONGEST_NAME:
            continue
        key = key_before(reading, index)
        is_about = is_sign(reading.at(index - 1), "(") if key is None else _key_text(reading, key) in keys
        text = reading.text[token.start : token.end].strip("\"'`").removesuffix(".")
        if is_about and _NAME.fullmatch(text) and not _FILE.search(text) and domain_fault(text) is None:
            yield text.lower()


def _key_text(reading: Reading, token: Token) -> str:
    text = token.text if not isinstance(token, Literal) else reading.text[token.start : token.end].strip("\"'")
    return text.lower().replace("-", "_").rpartition(".")[2]
