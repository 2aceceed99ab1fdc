"""Real receivers on this machine, asked what they make of a record: libspf2, Exim, Mail::SPF, rspamd, pyspf.

`known` has the receivers and finds those installed, `clients` chooses the clients to ask about, `compare` asks and
compares, and `reasons` says why a receiver differs. `exim` and `rspamd` are adapters, also for `conformance --adapter`.
"""

from spfengine.testing.receivers.clients import Client, choose_clients
from spfengine.testing.receivers.compare import SCHEMA, Comparison, Difference, ask_receiver, document
from spfengine.testing.receivers.known import KNOWN, Receiver, is_installed

__all__ = [
    "KNOWN", "SCHEMA", "Client", "Comparison", "Difference", "Receiver", "ask_receiver", "choose_clients", "document",
    "is_installed",
]  # fmt: skip
