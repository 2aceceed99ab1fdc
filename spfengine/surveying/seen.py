"""Which of millions of texts were met, in few octets each."""

import os
from array import array
from hashlib import blake2b

_SMALLEST = 1 << 10


class Seen:
    """A set of texts that can only grow: 12 to 24 octets for each text, however long it is.

    Kept are 64 bits of a keyed hash. So in a set of a million two texts are taken for one with a chance of about 1 in
    40 million, whoever chose them.
    """

    def __init__(self) -> None:
        self._key = os.urandom(16)
        self._places = array("Q", bytes(8 * _SMALLEST))
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, text: str) -> bool:
        code = self._code(text)
        return self._places[self._place(code)] == code

    def add(self, text: str) -> bool:
        """Add a text, and return whether it is new."""
        code = self._code(text)
        place = self._place(code)
        if self._places[place] == code:
            return False
        self._places[place] = code
        self._count += 1
        if 3 * self._count > 2 * len(self._places):
            self._grow()
        return True

    def _code(self, text: str) -> int:
        octets = text.encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(octets, digest_size=8, key=self._key).digest()) or 1  # 0 is a free place

    def _place(self, code: int) -> int:
        """Return where this code stands, or belongs."""
        places, last = self._places, len(self._places) - 1
        place = code & last
        while places[place] not in (0, code):
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        codes = self._places
        self._places = array("Q", bytes(16 * len(codes)))
        for code in codes:
            if code:
                self._places[self._place(code)] = code
