"""Mail that a server refused, as its log shows it: each message once, for however many recipients it was."""

from collections import OrderedDict

from spfengine.evidence.bounds import Bounds
from spfengine.senders import Sender

_MOST_RECIPIENTS = 1000  # of one message

_Key = tuple[str, str, str | None]


class Refusals:
    """The refused messages of a log.

    A message to several recipients is refused once for each of them. So lines of one connection that differ only in the
    recipient are one message. A client that is refused for now (4xx, as by greylisting) tries again. Its attempts are
    one message, and none if it is accepted in the end.

    Args:
        found: where senders are put as soon as they are certain.
        bounds: `pending` messages are remembered.
    """

    def __init__(self, found: list[Sender], bounds: Bounds) -> None:
        self._found = found
        self._most = bounds.pending
        self._last: OrderedDict[str, tuple[_Key, set[str]]] = OrderedDict()
        self._waiting: OrderedDict[tuple[str, str], Sender] = OrderedDict()

    def refuse(self, sender: Sender, recipient: str, connection: str, *, for_now: bool) -> None:
        """Take a refused recipient.

        Args:
            connection: what lines of one connection share, as far as the log has it.
            for_now: whether the client is asked to try again.
        """
        key = sender.ip, sender.sender, sender.helo
        last = self._last.get(connection)
        if last is not None and last[0] == key and recipient not in last[1] and len(last[1]) < _MOST_RECIPIENTS:
            last[1].add(recipient)
            return
        self._last[connection] = key, {recipient}
        if len(self._last) > self._most:
            self._last.popitem(last=False)
        if not for_now:
            self._waiting.pop((sender.ip, sender.sender), None)
            self._found.append(sender)
            return
        self._waiting.setdefault((sender.ip, sender.sender), sender)
        if len(self._waiting) > self._most:
            self._found.append(self._waiting.popitem(last=False)[1])

    def accept(self, ip: str, sender: str) -> None:
        """Note that a message has been accepted, which may have been refused for now before."""
        if self._waiting:
            self._waiting.pop((ip, sender), None)

    def end(self) -> None:
        """Take the messages that were refused for now and never accepted."""
        self._found.extend(self._waiting.values())
        self._waiting.clear()
