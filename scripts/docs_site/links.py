"""Links of pages to files outside `docs/`: on the site, each leads to a copy of the file, or to a page made of it."""

import posixpath
import re
from collections.abc import Callable, Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent

PROJECT = {
    "README.md": "project/readme.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
}
"""The pages at the top of the checkout, each with its page of the site."""

_NOT_TEXT = re.compile(r"^( *)(`{3,}).*?^\1\2$|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<before>\]\()(?P<target>[^)\s#:]+)(?=[#)])")


def outside(text: str, source: str) -> Iterator[str]:
    """Yield the files and folders outside `docs/` that a page links to, as paths in the checkout.

    Args:
        text: the page.
        source: its path in the checkout.
    """
    for link in _links(text):
        path = _in_checkout(link["target"], source)
        if not path.startswith("docs/") and path not in PROJECT:
            yield path


def on_the_site(text: str, source: str, page: str) -> str:
    """Return a page with links that work on the site.

    Args:
        text: the page.
        source: its path in the checkout.
        page: its path on the site.
    """

    def replaced(link: re.Match[str]) -> str:
        target = _page(_in_checkout(link["target"], source))
        return link["before"] + posixpath.relpath(target, posixpath.dirname(page) or ".")

    return _replace_in_text(text, lambda part: _LINK.sub(replaced, part))


def copy_of(path: str) -> str:
    """Return where the site has the copy of a file, or the list of a folder's files; its path in the checkout is given.

    A file without a suffix gets one, so that a browser shows it.
    """
    if (REPOSITORY / path).is_dir():
        return f"files/{path}/index.md"
    return f"files/{path}" if "." in posixpath.basename(path) else f"files/{path}.txt"


def listed(folder: str) -> tuple[str, list[str]]:
    """Return the page that lists the files of a folder, and the paths of these files in the checkout."""
    names = sorted(file.name for file in (REPOSITORY / folder).iterdir() if file.is_file())
    page = f"# {folder}\n\n" + "".join(f"- [{name}]({name})\n" for name in names)
    return page, [f"{folder}/{name}" for name in names]


def _page(path: str) -> str:
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    return PROJECT.get(path) or copy_of(path)


def _in_checkout(target: str, source: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _links(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []

    def collected(part: str) -> str:
        found.extend(_LINK.finditer(part))
        return part

    _replace_in_text(text, collected)
    return found


def _replace_in_text(text: str, replace: Callable[[str], str]) -> str:
    """Return the text with all but its code replaced."""
    parts = []
    end = 0
    for code in _NOT_TEXT.finditer(text):
        parts += [replace(text[end : code.start()]), code[0]]
        end = code.end()
    return "".join(parts) + replace(text[end:])
