"""Put what our commands print now into the docs' console blocks. Read the diff: it is what a change does to people.

Run it from the checkout: `PYTHONPATH=. python3 scripts/refresh_snippets.py [PAGE …]`.
"""

import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY))

from tests.docs import pages  # noqa: E402 - found once the checkout is on the path


def refreshed(page: Path) -> str:
    """Return the text of a page, the output of its commands as it is now."""
    text = page.read_text(encoding="utf-8")
    for block in pages.blocks(str(page.relative_to(REPOSITORY)), text):
        if block.language == "console" and block.mark is None:
            text = text.replace(block.text, _refreshed(block), 1)
    return text


def _refreshed(block: pages.Block) -> str:
    now = block.text
    code: int | None = None
    for command, shown in pages.commands(block):
        if command == "echo $?":
            printed = f"{code}"
        else:
            printed, code = pages.run(block, command, REPOSITORY)
        if shown.strip("\n"):
            now = now.replace("\n" + shown.rstrip("\n"), "\n" + printed.rstrip("\n"), 1)
    return now


def main(names: list[str]) -> None:
    """Refresh the pages given, or all."""
    for page in [Path(name).resolve() for name in names] or pages.pages(REPOSITORY):
        old, new = page.read_text(encoding="utf-8"), refreshed(page)
        if new != old:
            page.write_text(new, encoding="utf-8")
            sys.stdout.write(f"{page.relative_to(REPOSITORY)} refreshed\n")


if __name__ == "__main__":
    main(sys.argv[1:])
