"""DNAME records: a name below one leads to the same name below its target (RFC 6672)."""

from collections.abc import Iterable

from spfengine.answers import Status
from spfengine.names import fold, from_labels
from spfengine.resolvers.rrsets import CNAME, DNAME, RRset
from spfengine.resolvers.zone_files.presentation import split_labels


class Redirections:
    """The DNAME records of a zone, as far as their targets are known."""

    def __init__(self, rrsets: Iterable[RRset]) -> None:
        """Find them among RRsets."""
        self._targets: dict[str, tuple[str, int | None]] = {}
        for rrset in rrsets:
            target = _target(rrset) if rrset.type == DNAME and rrset.status is Status.NOERROR else None
            if target is not None:
                self._targets[fold(rrset.name)] = target, rrset.ttl

    def of(self, name: str) -> RRset | None:
        """Return the CNAME record that DNS makes for a folded name (RFC 6672 §3.1); None if it is below none of these.

        Of several above it, the topmost counts: only the names that it makes are below it (RFC 6672 §2.4).
        """
        if not self._targets:
            return None
        found = None
        above = name.partition(".")[2]
        while above:
            if above in self._targets:
                target, ttl = self._targets[above]
                made = name[: -len(above)] + target if target else name[: -len(above) - 1]
                found = RRset(name, CNAME, (made,), ttl)
            above = above.partition(".")[2]
        return found


def _target(rrset: RRset) -> str | None:
    """Return the name that a DNAME record has; None if it is not in the file, or can't be read."""
    if len(rrset.records) != 1:
        return None
    text = b"".join(rrset.records[0]).decode("latin-1")
    try:
        return from_labels(split_labels(text.removesuffix(".")))
    except ValueError:
        return None
