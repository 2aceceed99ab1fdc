"""Run the commands in the docs' console blocks, and replace their output by what they print now.

    python3 -m scripts.refresh_snippets [PAGE …]

Read the diff: it shows what your change does to users.
"""

import sys
from pathlib import Path

from tests.docs import pages

REPOSITORY = Path(__file__).resolve().parent.parent


def refreshed(page: Path) -> str:
    """Return the text of a page with the current output of its commands."""
    text = page.read_text(encoding="utf-8")
    for block in pages.blocks(str(page.relative_to(REPOSITORY)), text):
        if block.language == "console" and block.mark is None:
            text = text.replace(block.text, _refreshed(block), 1)
    return text


def _refreshed(block: pages.Block) -> str:
    now = block.text
    code: int | None = None
    for command, written in pages.commands(block):
        if command == "echo $?":
            printed = f"{code}"
        else:
            printed, code = pages.run(block, command, REPOSITORY)
        if written.strip("\n"):
            now = now.replace("\n" + written.rstrip("\n"), "\n" + printed.rstrip("\n"), 1)
    return now


def main(names: list[str]) -> None:
    """Refresh the given pages, or all of them."""
    for page in [Path(name).resolve() for name in names] or pages.pages(REPOSITORY):
        old, new = page.read_text(encoding="utf-8"), refreshed(page)
        if new != old:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(REPOSITORY)} refreshed\n")


if __name__ == "__main__":
    main(sys.argv[1:])
