"""The names that Terraform's expressions always have: those of zones, and locals. Nothing is evaluated.

`aws_route53_zone.main.name` is the name in the block of that resource, `local.domain` is a text in `locals`. What a
variable has is not known, even if it has a default, because it may be set elsewhere.
"""

from spfengine.sources.atoms import UNKNOWN, text_of
from spfengine.sources.code import TERRAFORM
from spfengine.sources.reading import Reading
from spfengine.sources.structure import label_at, pairs_in, value_at
from spfengine.sources.tokens import Token, is_sign, text_of as word_of

_NAMES = ("dns_name", "zone", "name", "domain")
_SAME = ("id", "zone_id", "zone_name", "domain_name", "fqdn")
"""Attributes of a zone that lead to it: the name of a record may be relative to the zone's name."""


def definitions_in(text: str, tokens: list[Token]) -> dict[str, str]:
    """Return the expressions whose text a file has, as `local.x` or `aws_route53_zone.main.name`."""
    reading = Reading(text, tokens, TERRAFORM)
    found: dict[str, str] = {}
    for index, token in enumerate(tokens):
        if not is_sign(token, "{") or index in reading.enclosing:
            continue
        pairs = pairs_in(reading, index).by_name
        if is_sign(reading.at(index - 1), "locals"):
            _define(found, "local", {name: _text(reading, start) for name, start in pairs.items()})
        address = _address(reading, index)
        if address:
            texts = {name: _text(reading, pairs[name]) for name in _NAMES if name in pairs}
            own = next(iter(texts.values()), "")
            _define(found, address, texts | dict.fromkeys(_SAME, own))
    return {name: value for name, value in found.items() if value}


def lookup_in(definitions: dict[str, str], expression: str) -> str | None:
    """Return the text of an expression; None if it is not known. `a.b[0].name` is that of a resource with `count`."""
    return definitions.get(expression.replace("[0]", "")) or None


def _address(reading: Reading, index: int) -> str:
    """Return the address of the resource or data source whose block opens here."""
    labels = [label_at(reading, index - 2), label_at(reading, index - 1)]
    what = word_of(reading.at(index - 3))
    if what not in {"resource", "data"} or not all(labels):
        return ""
    return ".".join(["data", *labels] if what == "data" else labels)


def _text(reading: Reading, index: int) -> str:
    text = text_of(value_at(reading, index))
    return "" if UNKNOWN in text else text


def _define(found: dict[str, str], address: str, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        whole = f"{address}.{name}"
        found[whole] = text if found.get(whole, text) == text else ""
