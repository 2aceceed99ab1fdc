"""Whether the TXT records of a name fit into DNS answers (RFC 7208 §3.3, §3.4)."""

from collections.abc import Iterator

from spfengine.answers import Answer
from spfengine.linting.codes import LintCode
from spfengine.linting.edits import as_strings
from spfengine.linting.finding import Finding, Held, quoted
from spfengine.record.tokenizer import is_spf_octets

_HEADER = 12
_QUESTION = 5  # the root label, type and class; the name's other octets come on top
_RECORD = 12  # a pointer to the name, type, class, TTL and length
_OPT = 11  # EDNS(0)
_MAX_STRING = 255
PLAIN_UDP = 512
"""Octets of the largest DNS answer over UDP without EDNS (RFC 1035 §4.2.1)."""
UNFRAGMENTED = 1232
"""Octets of the largest DNS answer that common servers send over UDP, since larger ones may be fragmented."""


def answer_size(name: str, answer: Answer) -> int:
    """Return the octets of a whole DNS answer with all TXT records of a name, EDNS included."""
    size = _HEADER + len(name) + 1 + _QUESTION + _OPT
    for target in answer.chain:
        size += _RECORD + len(target) + 2
    for strings in answer.strings:
        size += _RECORD + sum(len(part) + 1 + (len(part) - 1) // _MAX_STRING for part in strings)
    return size


def sizes(held: Held, answer: Answer) -> Iterator[Finding]:
    """Yield what is too long in the TXT records of a name."""
    texts = [strings for strings in answer.strings if is_spf_octets(b"".join(strings))]
    for strings in texts[:1]:
        longest = max(map(len, strings))
        if longest > _MAX_STRING:
            source = b"".join(strings).decode("latin-1")
            split = as_strings(source)
            text = (
                f"the record is one string of {longest} octets, and a string of a TXT record has {_MAX_STRING} at most"
            )
            hint = (
                f"publish it as {len(split)} strings: {quoted(split)}" if source.isascii() else "split it into strings"
            )
            fixed = split if source.isascii() and len(texts) == 1 else None
            yield held.finding(LintCode.STRING_OVER_255, text, None, hint, fixed)
    size = answer_size(held.domain or "", answer)
    others = len(answer.strings) - 1
    beside = f" ({others} other TXT records stand beside it)" if others > 1 else ""
    beside = " (another TXT record stands beside it)" if others == 1 else beside
    if size > UNFRAGMENTED:
        text = (
            f"the DNS answer with the TXT records of this name has {size} octets{beside}: over UDP it gets lost or cut"
        )
        hint = f"keep it under {UNFRAGMENTED}: shorten the record, or move terms to records that it includes"
        yield held.finding(LintCode.TXT_OVER_1232, text, None, hint)
    elif size > PLAIN_UDP:
        text = f"the DNS answer with the TXT records of this name has {size} octets{beside}: over {PLAIN_UDP}, old DNS "
        hint = "shorten the record, move terms to records that it includes, or move other TXT records elsewhere"
        yield held.finding(LintCode.TXT_OVER_512, f"{text}software may not get it", None, hint)
