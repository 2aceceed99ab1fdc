"""Mail logs, line by line: Postfix, policyd-spf and Exim may stand in one file, among others."""

from collections.abc import Iterable, Iterator

from spfengine.evidence.bounds import Bounds
from spfengine.evidence.exim import read_arrival
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.postfix import Postfix
from spfengine.evidence.values import Unusable
from spfengine.senders import Sender

KIND = "log"


def read_log(lines: Iterable[tuple[int, bytes | None]], ledger: Ledger, bounds: Bounds) -> Iterator[Sender]:
    """Yield the sender of each message that a server accepted, once the log has told enough of it."""
    ledger.begin(KIND)
    postfix = Postfix(ledger, bounds)
    for number, line in lines:
        place = f"line {number:,}"
        if line is None:
            ledger.skip(f"the line is longer than {bounds.line:,} octets", None, place)
            continue
        text = line.decode("utf-8", "surrogateescape")
        try:
            if " <= " in text:
                sender = read_arrival(text, ledger)
            elif "postfix" in text or "policyd-spf" in text:
                sender = postfix.read(text, place)
            else:
                sender = None
                ledger.aside("lines of logs that tell of no sender")
        except Unusable as error:
            ledger.skip(error.reason, error.example, place)
            continue
        if sender is not None:
            yield sender
        yield from postfix.take()
    yield from postfix.end()
