"""The navigation of the site: what `docs/index.md` lists, in its order."""

import re
from typing import Any

_ITEM = re.compile(r"^- (?P<text>.+(?:\n  .+)*)", re.MULTILINE)
_LINK = re.compile(r"\[(?P<title>[^]]+)\]\((?P<page>[^)#:]+\.md)(?:#[^)]*)?\)")


def navigation(index: str) -> list[dict[str, Any]]:
    """Return MkDocs' `nav` for the text of the index: its chapters, their groups, and the pages that each lists.

    The first link of an item is shown with the index's title for it, the others with the titles of their pages.
    """
    nav: list[dict[str, Any]] = [{"Home": "index.md"}]
    for chapter in index.split("\n## ")[1:]:
        title, _, text = chapter.partition("\n")
        entries: list[Any] = []
        for block in re.split(r"\n\n+", text.strip()):
            pages = [page for item in _ITEM.finditer(block) for page in _pages(item["text"])]
            if pages and entries and isinstance(entries[-1], str) and entries[-1].endswith(":"):
                entries[-1] = {entries[-1][:-1]: pages}
            else:
                entries += pages or [block]
        nav.append({title: [entry for entry in entries if not (isinstance(entry, str) and entry.endswith(":"))]})
    return nav


def _pages(item: str) -> list[Any]:
    links = list(_LINK.finditer(item.replace("\n  ", " ")))
    return [{link["title"]: link["page"]} for link in links[:1]] + [link["page"] for link in links[1:]]
