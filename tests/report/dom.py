"""Reads a report as a browser would, as far as tests need it: elements, attributes, headings and text."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"meta", "br", "wbr"}
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "a", "header", "main", "nav", "section", "footer", "h1", "h2",
    "h3", "p", "div", "span", "strong", "b", "bdi", "code", "pre", "mark", "ul", "li", "dl", "dt", "dd", "table",
    "caption", "thead", "tbody", "tr", "th", "td", "details", "summary", "figure", "figcaption", "svg", "path", "rect",
    "circle", "text", "br", "wbr",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "tabindex", "open", "role", "scope",
    "aria-label", "aria-labelledby", "aria-hidden", "viewbox", "preserveaspectratio", "d", "x", "y", "width", "height",
    "cx", "cy", "r", "data-head",
}  # fmt: skip
"""What reports are made of. No element or attribute that loads, runs or styles anything is among them."""
_FRAMES = {"html", "head", "title", "style"}


class Page(HTMLParser):
    """A report, read.

    Attributes:
        elements: (name, attributes) of all elements, in order.
        headings: (level, text).
        text: what is shown, and what is read out.
        outside: the text that is not in a closed `details`.
        faults: elements that are not closed in their order.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[tuple[int, str]] = []
        self.faults: list[str] = []
        self._open: list[str] = []
        self._texts: list[str] = []
        self._outside: list[str] = []
        self._closed = 0  # closed details that are open now
        self.feed(html)
        self.close()
        self.faults += [f"<{name}> is not closed" for name in self._open]

    @property
    def text(self) -> str:
        return "".join(self._texts)

    @property
    def outside(self) -> str:
        return "".join(self._outside)

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for each, attributes in self.elements if each == name]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "br":
            self.handle_data("\n")
        if tag in VOID:
            return
        if tag == "details" and ("open", None) not in attrs:
            tag = "details closed"
            self._closed += 1
        self._open.append(tag)
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1].partition(" ")[0] != tag:
            self.faults.append(f"</{tag}> in {self._open[-1:]}")
            return
        self._closed -= self._open.pop() == "details closed"

    def handle_data(self, data: str) -> None:
        if not self._open or self._open[-1] in _FRAMES:
            return
        self._texts.append(data)
        if not self._closed:
            self._outside.append(data)
        if any(re.fullmatch(r"h[1-6]", tag) for tag in self._open):
            level, text = self.headings[-1]
            self.headings[-1] = level, text + data

    def handle_comment(self, data: str) -> None:
        self.faults.append(f"a comment: {data[:40]}")

    def handle_decl(self, decl: str) -> None:
        if decl.lower() != "doctype html":
            self.faults.append(decl)

    def unknown_decl(self, data: str) -> None:
        self.faults.append(data)

    def handle_pi(self, data: str) -> None:
        self.faults.append(data)


def foreign(page: Page) -> Iterator[str]:
    """Yield the elements and attributes that reports are not made of."""
    for name, attributes in page.elements:
        if name not in ELEMENTS:
            yield f"<{name}>"
        for attribute, value in attributes.items():
            if attribute not in ATTRIBUTES:
                yield f"<{name} {attribute}>"
            if attribute == "href" and not (value or "").startswith("#"):
                yield f"<{name} href={value}>"


def unbroken(html: str) -> str:
    """Return HTML without what says where a browser may break long words and may not break options."""
    return re.sub(r'<span class="(?:long|word)">([^<]*)</span>', r"\1", html.replace("<wbr>", ""))
