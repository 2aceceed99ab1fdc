"""Links to the playground, which the site has at `/try/` if it was built with one."""

from collections.abc import Iterator
from html import escape
from typing import NamedTuple
from urllib.parse import quote, urlencode

PATH = "try/"
"""The folder of the playground, from the root of the site."""

_LONGEST = 16_000  # characters of a link's fragment


class Example(NamedTuple):
    """What the playground is filled in with.

    Attributes:
        domain: the domain that is looked at.
        zone: what DNS answers, as a master file (RFC 1035 §5); a name that it does not list does not exist.
        record: the SPF record, if the domain has only one.
        ip, sender: the client's address and its MAIL FROM.
        message: a message that failed, with its header.
    """

    domain: str = ""
    zone: str = ""
    record: str = ""
    ip: str = ""
    sender: str = ""
    message: str = ""

    def fragment(self) -> str:
        """Return the fragment of the link: `domain=…&zone=…&record=…` and so on, percent-encoded UTF-8.

        It is a fragment so that what it says is sent to no server.
        """
        return urlencode({name: value for name, value in self._asdict().items() if value}, quote_via=quote)

    def button(self, root: str) -> Iterator[str]:
        """Yield the lines of a link in a page, or none if the example is empty or too long for one.

        Args:
            root: the relative URL of the site's root.
        """
        fragment = self.fragment()
        if (self.zone or self.record) and len(fragment) <= _LONGEST:
            # As HTML: MkDocs would look for a page.
            yield from (f'<a class="md-button" href="{root}{PATH}#{escape(fragment)}">Try it</a>', "")
