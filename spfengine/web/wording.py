"""What the page offers, in place of the options of the command line that messages name."""

import re
from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace
from operator import is_
from typing import Any, TypeVar

from spfengine.evaluation.mechanisms import HELO_HINT
from spfengine.evaluation.unanswered import LIVE_HINT

LIVE_HINT_OF_PAGE = "choose to ask DNS for what the files do not have"
_ADD = "add its address to the record"
_VALUE = r"([^\s;,]+)"  # of an option
_Shown = TypeVar("_Shown")
_ONE_IS_YOURS = rf"for one that is yours, use --want, such as --want {_VALUE}; for others --ignore"
_WHO_SENDS = (
    "--senders FILE with DMARC reports, a message that failed or a mail log, or --want IP for each server that sends"
)
_PHRASES = [
    (re.compile(phrase), offer)
    for phrase, offer in (
        (re.escape(LIVE_HINT), LIVE_HINT_OF_PAGE),
        (r"the zone's name: --zone DOMAIN=FILE, or the argument origin", "give the domain"),
        (r" \(for another domain: --zone DOMAIN=[^\n]*\)", ""),
        (
            r"expected a file name such as example\.com\.yaml, or --zone example\.com=.*",
            "give the domain, if it is the zone",
        ),
        (re.escape(HELO_HINT), HELO_HINT.partition(" (--")[0]),
        (rf"if it is yours, use --want {_VALUE}; if not, --ignore {_VALUE}", f"if it is yours, {_ADD}"),
        (rf": in that case use --ignore {_VALUE}", ": in that case change nothing for it"),
        (_ONE_IS_YOURS, f"for one that is yours, {_ADD}"),
        (rf"If one is yours, use --want {_VALUE}", f"If one is yours, {_ADD}"),
        (rf"use --drop {_VALUE}", r"take \1 out of the record"),
        (_WHO_SENDS, "paste a message that failed, or add DMARC reports or mail logs"),
    )
]
"""What messages say, and what the page says instead."""


def of_page(shown: _Shown) -> _Shown:
    """Return a text, or a report with all its texts, with what the page offers in place of options of the command."""
    changed: Any = shown
    if isinstance(shown, str):
        if "--" in shown:
            for phrase, offer in _PHRASES:
                changed = phrase.sub(offer, changed)
    elif isinstance(shown, tuple):
        parts = tuple(map(of_page, shown))
        changed = shown if _is_same(parts, shown) else parts
    elif is_dataclass(shown) and not isinstance(shown, type):
        values = {field.name: getattr(shown, field.name) for field in fields(shown)}
        offered = {name: of_page(value) for name, value in values.items()}
        changed = shown if _is_same(offered.values(), values.values()) else replace(shown, **offered)
    result: _Shown = changed
    return result


def _is_same(parts: Iterable[object], others: Iterable[object]) -> bool:
    return all(map(is_, parts, others))
