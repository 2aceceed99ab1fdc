"""The results of a policy for columns of addresses, as NumPy arrays hold them: `Policy.check_array`.

A column is searched as a whole, and neither an address nor a result becomes a Python object, so a million addresses
take a few hundredths of a second. NumPy is imported only here, and only when a column is checked.
"""

from typing import TYPE_CHECKING, Any, NamedTuple

from spfengine.errors import ArgumentError, MissingExtraError
from spfengine.policy.outcome import Outcome
from spfengine.problems import Result

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spfengine.policy.policy import Policy

RESULT_CODES: tuple[Result | None, ...] = (*Result, None)
"""What the codes of `Policy.check_array` mean: the result whose code is its index; None, the last, if the result
depends on more than the address (see `Policy.conditional`)."""

_OCTETS = "S16"  # 16 octets in network order compare like the numbers that they encode
_MAPPED = b"\0" * 10 + b"\xff\xff"
_EXPECTED = "a column is an array of uint32 for IPv4 addresses, or of uint8 with 16 columns for IPv6 addresses"


class Columns(NamedTuple):
    """The tables of a policy as arrays: where each range starts, and the code of its result."""

    ip4_starts: "NDArray[np.uint32]"
    ip4_codes: "NDArray[np.uint8]"
    ip6_starts: "NDArray[np.bytes_]"
    ip6_codes: "NDArray[np.uint8]"


def check_array(columns: Columns, addresses: object) -> "NDArray[np.uint8]":
    """Return the code of the result for each address; see `Policy.check_array`."""
    import numpy as np

    if not isinstance(addresses, np.ndarray):
        raise ArgumentError(f"{_EXPECTED}, not {type(addresses).__name__}")
    if addresses.dtype == np.uint32 and addresses.ndim == 1:
        return _ip4(columns, addresses)
    if addresses.dtype == np.uint8 and addresses.ndim == 2 and addresses.shape[1] == 16:
        return _ip6(columns, np.ascontiguousarray(addresses))
    raise ArgumentError(f"{_EXPECTED}, not of {addresses.dtype} with the shape {addresses.shape}")


def columns_of(policy: "Policy") -> Columns:
    """Return the tables of a policy as arrays.

    Raises:
        MissingExtraError: NumPy is not installed.
    """
    try:
        import numpy as np
    except ImportError:
        message = "columns of addresses need NumPy: pip install numpy (the extra spfengine[columns])"
        raise MissingExtraError(message) from None
    ip4, ip6 = list(policy.ranges(4)), list(policy.ranges(6))
    octets = b"".join([first.to_bytes(16, "big") for first, _, _ in ip6])
    return Columns(
        np.array([first for first, _, _ in ip4], np.uint32),
        np.array([_code(outcome) for _, _, outcome in ip4], np.uint8),
        np.frombuffer(octets, _OCTETS),
        np.array([_code(outcome) for _, _, outcome in ip6], np.uint8),
    )


def _code(outcome: Outcome) -> int:
    return RESULT_CODES.index(outcome.result)


def _ip4(columns: Columns, addresses: "NDArray[np.uint32]") -> "NDArray[np.uint8]":
    import numpy as np

    codes: NDArray[np.uint8] = columns.ip4_codes[np.searchsorted(columns.ip4_starts, addresses, side="right") - 1]
    return codes


def _ip6(columns: Columns, addresses: "NDArray[np.uint8]") -> "NDArray[np.uint8]":
    import numpy as np

    octets: Any = addresses.view(_OCTETS).ravel()
    codes: NDArray[np.uint8] = columns.ip6_codes[np.searchsorted(columns.ip6_starts, octets, side="right") - 1]
    mapped = (addresses[:, :12] == np.frombuffer(_MAPPED, np.uint8)).all(axis=1)
    if mapped.any():  # such a client is an IPv4 client (RFC 7208 §5)
        last = np.ascontiguousarray(addresses[mapped, 12:]).view(">u4").ravel().astype(np.uint32)
        codes[mapped] = _ip4(columns, last)
    return codes
