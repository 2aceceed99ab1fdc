"""The results of a policy for columns of addresses, as NumPy arrays hold them: `Policy.check_array`.

A column is searched as a whole, and neither an address nor a result becomes a Python object, so a million addresses
take a few hundredths of a second. NumPy is imported only here, and only when a column is checked.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.problems import Result

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spfengine.policy.policy import Policy

RESULT_CODES: tuple[Result | None, ...] = (*Result, None)
"""What the codes of `Policy.check_array` mean: the result whose code is its index; None, the last, if the result
depends on more than the address (see `Policy.conditional`)."""

_MANY = 1 << 16
"""With more addresses than these, the /16 networks are searched first, of which there are fewer."""
_OCTETS = "S16"  # 16 octets in network order compare like the numbers that they encode
_MAPPED = b"\0" * 10 + b"\xff\xff"
_EXPECTED = "a column is an array of uint32 for IPv4 addresses, or of uint8 with 16 columns for IPv6 addresses"


class Ranges:
    """The starts of ranges that cover all addresses: those of IPv4 first, then those of IPv6.

    Raises:
        MissingExtraError: NumPy is not installed.
    """

    __slots__ = ("_ip4", "_ip6")

    def __init__(self, ip4: Sequence[int], ip6: Sequence[int]) -> None:
        try:
            import numpy as np
        except ImportError:
            message = "columns of addresses need NumPy: pip install numpy (the extra spfengine[columns])"
            raise MissingExtraError(message) from None
        self._ip4 = np.array(ip4, np.uint32)
        self._ip6 = np.frombuffer(b"".join([first.to_bytes(16, "big") for first in ip6]), _OCTETS)

    def find(self, addresses: "NDArray[np.uint32] | NDArray[np.uint8]") -> "NDArray[np.intp]":
        """Return the index of the range that holds each address of a column."""
        import numpy as np

        if addresses.dtype == np.uint32:
            return self._find_many(addresses) if len(addresses) > _MANY else self._find_each(addresses)
        octets: Any = np.ascontiguousarray(addresses).view(_OCTETS).ravel()
        found: NDArray[np.intp] = np.searchsorted(self._ip6, octets, side="right") - 1 + len(self._ip4)
        mapped = (addresses[:, :12] == np.frombuffer(_MAPPED, np.uint8)).all(axis=1)
        if mapped.any():  # such a client is an IPv4 client (RFC 7208 §5)
            last = np.ascontiguousarray(addresses[mapped, 12:]).view(">u4").ravel().astype(np.uint32)
            found[mapped] = self.find(last)
        return found

    def _find_each(self, addresses: "NDArray[Any]") -> "NDArray[np.intp]":
        import numpy as np

        found: NDArray[np.intp] = np.searchsorted(self._ip4, addresses, side="right") - 1
        return found

    def _find_many(self, addresses: "NDArray[Any]") -> "NDArray[np.intp]":
        """Search only for addresses of /16 networks that several ranges share; others are in the range of theirs."""
        import numpy as np

        networks = np.arange(1 << 16, dtype=np.uint32) << 16
        first, last = self._find_each(networks), self._find_each(networks | 0xFFFF)
        network = addresses >> 16
        found: NDArray[np.intp] = first[network]
        is_shared = (first != last)[network]
        found[is_shared] = self._find_each(addresses[is_shared])
        return found


class Columns(NamedTuple):
    """The tables of a policy: its ranges, and the code of the result of each."""

    ranges: Ranges
    codes: "NDArray[np.uint8]"


def check_array(columns: Columns, addresses: object) -> "NDArray[np.uint8]":
    """Return the code of the result for each address; see `Policy.check_array`."""
    import numpy as np

    if not isinstance(addresses, np.ndarray):
        raise ArgumentError(f"{_EXPECTED}, not {type(addresses).__name__}")
    is_ip4 = addresses.dtype == np.uint32 and addresses.ndim == 1
    if not is_ip4 and not (addresses.dtype == np.uint8 and addresses.ndim == 2 and addresses.shape[1] == 16):
        raise ArgumentError(f"{_EXPECTED}, not of {addresses.dtype} with the shape {addresses.shape}")
    codes: NDArray[np.uint8] = columns.codes[columns.ranges.find(addresses)]
    return codes


def columns_of(policy: "Policy") -> Columns:
    """Return the tables of a policy as arrays.

    Raises:
        MissingExtraError: NumPy is not installed.
    """
    ip4, ip6 = list(policy.ranges(4)), list(policy.ranges(6))
    ranges = Ranges([first for first, _, _ in ip4], [first for first, _, _ in ip6])
    import numpy as np

    return Columns(ranges, np.array([RESULT_CODES.index(outcome.result) for _, _, outcome in (*ip4, *ip6)], np.uint8))
