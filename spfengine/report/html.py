"""Pages as HTML: one file whose policy (CSP) allows nothing but its own parts; only interactive ones have scripts."""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files
from time import gmtime, strftime, time
from typing import TYPE_CHECKING

from spfengine.errors import MissingExtraError
from spfengine.report.page import Page
from spfengine.text.lines import Span
from spfengine.visible import visible

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_LONGEST = 1 << 20
NEEDED = "HTML needs Jinja2, which is not installed; run: pip install jinja2 (the extra spfengine[html])"


@dataclass(frozen=True, slots=True)
class Script:
    """What makes a page interactive.

    Attributes:
        title: what the reader is invited to do.
        drafts: the names and records that they edit; "" for a record alone.
        entries: the lines that they edit: label, text and example of each.
        takes_senders: whether they may add senders.
        situation: what the engine needs to answer, as JSON without "<".
        parts: the parts of the engine, and their octets, packed by gzip, in base64.
    """

    title: str
    drafts: tuple[tuple[str, str], ...]
    entries: tuple[tuple[str, str, str], ...]
    takes_senders: bool
    situation: str
    parts: tuple[tuple[str, str], ...]


def page_html(page: Page, now: float | None = None, script: Script | None = None) -> str:
    """Return a page as an HTML document.

    Args:
        now: the time that it names, in seconds since the epoch; the clock's by default.
        script: what makes it interactive; None: it runs no script.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    environment = _environment()
    from markupsafe import Markup

    style = _template("style.css") + ("" if script is None else _template("interactive.css"))
    code, worker = ("", "") if script is None else (_template("interactive.js"), _template("worker.js"))
    made = strftime("%Y-%m-%d %H:%M UTC", gmtime(time() if now is None else now))
    values = {
        "page": page,
        "prefix": "",
        "policy": Markup(_policy(style, code)),  # noqa: S704 - words of our own, and hashes
        "style": Markup(style),  # noqa: S704 - our own file
        "made": made,
        "script": script,
        "code": Markup(code),  # noqa: S704 - our own file
        "worker": Markup(worker),  # noqa: S704 - our own file
        "situation": Markup("" if script is None else script.situation),  # noqa: S704 - JSON without angle brackets
    }
    html: str = environment.get_template("page.html").render(values)
    return html


def _policy(style: str, code: str) -> str:
    """Return the content security policy: the inline style, and for a page with code, that code and what it makes."""
    policy = f"default-src 'none'; style-src 'sha256-{_digest(style)}'; base-uri 'none'; form-action 'none'"
    if not code:
        return policy
    return (
        f"{policy}; script-src 'sha256-{_digest(code)}' blob: 'wasm-unsafe-eval'; worker-src blob:; connect-src blob:"
    )


def view_html(page: Page, prefix: str) -> str:
    """Return what a page shows, without the document around it, for a larger page that has the style of reports.

    Args:
        prefix: what the ids of its sections begin with, so that several views on a page have different ids.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    html: str = _environment().get_template("view.html").render({"page": page, "prefix": prefix})
    return html


@cache
def _environment() -> "Environment":
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError:
        raise MissingExtraError(NEEDED) from None
    environment = Environment(
        loader=PackageLoader("spfengine.report"),
        autoescape=True,
        auto_reload=False,  # they are part of the package
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= _filters()
    return environment


def _filters() -> "dict[str, Callable[..., Markup]]":
    """Return the filters of the templates, which make markup of text: `spans` of text in parts, `sentence` of such
    text that begins with a capital letter, `lines` of several texts, and `words` of a string.

    A report may have 100,000 parts.
    """
    from markupsafe import Markup

    def spans(parts: Iterable[Span]) -> Markup:
        pieces = [_TAGS.get(part.style, _OTHER).format(part.style, _escaped(part.text)) for part in parts]
        return Markup("".join(pieces))  # noqa: S704 - each piece is escaped, and styles are those of the views

    def sentence(parts: Sequence[Span]) -> Markup:
        first = next((index for index, part in enumerate(parts) if part.text), 0)
        return spans([*map(_capital, parts[first : first + 1]), *parts[first + 1 :]])

    def lines(texts: Iterable[Iterable[Span]]) -> Markup:
        return Markup("<br>").join(map(spans, texts))

    def words(text: str) -> Markup:
        return Markup(_escaped(text))  # noqa: S704 - all of it is escaped

    return {"spans": spans, "sentence": sentence, "lines": lines, "words": words}


_TAGS = {"": "{1}", "term": "<code>{1}</code>", "quiet": '<span class="quiet">{1}</span>'}
_OTHER = '<strong class="{0}">{1}</strong>'
_KEPT_SMALL = ("mx", "ptr")
_LONG = 15  # as an IPv4 address; a longer word may not fit next to others on a phone
_UNUSUAL = re.compile(rf"\S{{{_LONG + 1},}}|(?<![^\s(])--?[a-z][a-z-]*(?![^\s,.;:)])")
"""Long words, and options such as `--zone` and `-all`."""
_RANGE = re.compile(r"([0-9a-f.:]+-)([0-9a-f.:]+)")  # of addresses
_BREAKS = re.compile(r"(?<=[./:=@,])(?=[^./:=@,])")


def _capital(span: Span) -> Span:
    """Return the first part of a sentence with a capital letter, unless it begins with a name, a term or "pass → …"."""
    first = span.text.split(" ", 1)[0].rstrip(",:;")
    is_change = span.text.startswith(f"{first} →")
    if span.style == "term" or is_change or not (first.isalpha() and first.isascii()) or first in _KEPT_SMALL:
        return span
    return Span(span.text[0].upper() + span.text[1:], span.style)


def _escaped(text: str) -> str:
    """Return text as markup, but not as Markup: to make one takes longer than to escape a word."""
    printable = text if text.isprintable() else visible(text, _LONGEST)
    if len(printable) <= _LONG and "-" not in printable:
        return escape(printable)
    pieces = []
    end = 0
    for found in _UNUSUAL.finditer(printable):
        pieces += [escape(printable[end : found.start()]), _breaking(found[0])]
        end = found.end()
    return "".join([*pieces, escape(printable[end:])])


def _breaking(word: str) -> str:
    """Return a word with where it may break: a long one, if it does not fit on a line of its own, after its full stops,
    colons and the like; an option nowhere.
    """
    if len(word) > _LONG:
        parts = _RANGE.fullmatch(word)
        return "".join(map(_long, [word] if parts is None else parts.groups()))
    return f'<span class="word">{escape(word)}</span>'


def _long(word: str) -> str:
    return f'<span class="long">{"<wbr>".join(map(escape, _BREAKS.split(word)))}</span>'


def _printable(value: object) -> object:
    """Return text without anything that a reader can't see, or that changes the order of what they see.

    What views get is printable already. This is applied to every value that a template writes, so that a view that
    forgets it does no harm.
    """
    if isinstance(value, str) and not value.isprintable() and not hasattr(value, "__html__"):
        return visible(value, _LONGEST)
    return value


@cache
def _template(name: str) -> str:
    return files("spfengine.report").joinpath("templates", name).read_text(encoding="ascii")


@cache
def _digest(text: str) -> str:
    """Return the hash by which a policy allows an inline style or script (CSP Level 3, section 6.7.3.3)."""
    return b64encode(sha256(text.encode()).digest()).decode("ascii")
