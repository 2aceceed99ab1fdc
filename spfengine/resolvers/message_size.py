"""How large a DNS message may be to be read: decided on its octets, before anything is made of them.

Reading a message takes as long as it has records and strings, and 64 KiB can hold 64,000 strings. One message may not
keep an event loop busy, and all checks in it waiting.
"""

MAX_RECORDS = 500
"""Records of a message that is read. Names with so many addresses or texts are not used for mail."""
MAX_STRINGS = 500
"""Strings in all TXT records of a message that is read; 257 strings of the longest kind fill a message."""
_TXT = 16
_POINTER = 0xC0


def is_too_large(wire: bytes) -> bool:
    """Whether a message has too many records or strings. One that is malformed is not: reading it fails early."""
    if len(wire) <= MAX_RECORDS:  # a record or a string has at least one octet
        return False
    try:
        return _is_too_large(wire)
    except IndexError:
        return False


def _is_too_large(wire: bytes) -> bool:
    questions, *records = [int.from_bytes(wire[at : at + 2], "big") for at in (4, 6, 8, 10)]
    if questions + sum(records) > MAX_RECORDS:
        return True
    at = 12
    for _ in range(questions):
        at = after_name(wire, at) + 4
    strings = 0
    for _ in range(sum(records)):
        at = after_name(wire, at)
        rrtype, length = int.from_bytes(wire[at : at + 2], "big"), (wire[at + 8] << 8) + wire[at + 9]
        at += 10
        end = at + length
        if rrtype == _TXT:
            while at < end:
                strings += 1
                if strings > MAX_STRINGS:
                    return True
                at += 1 + wire[at]
        at = end
    return False


def after_name(wire: bytes, at: int) -> int:
    """Return where a name ends (RFC 1035 §4.1.4). Raise IndexError if the octets end first."""
    while length := wire[at]:
        if length >= _POINTER:
            return at + 2
        at += 1 + length
    return at + 1
