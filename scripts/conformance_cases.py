"""Write docs/conformance-cases.md: every case of our own suite, by topic.

    python3 -m scripts.conformance_cases [--check]

`--check` writes nothing, and reports whether the page is up to date. Needs pyyaml, which the extra `test` installs.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
SUITE = ROOT / "spfengine" / "testing" / "suite" / "semantics.yml"
PAGE = ROOT / "docs" / "conformance-cases.md"

_HEAD = """\
# The cases of our own suite

Every case of `spfengine/testing/suite/semantics.yml`, by topic. [Conformance](conformance.md) says which points are
contested, and which implementations differ. `python3 -m scripts.conformance_cases` writes this page.
"""


def page(documents: Iterable[Mapping[str, Any]]) -> str:
    """Return the page for the documents of the suite."""
    parts = [_HEAD]
    for document in documents:
        parts.append(f"\n## {document['description']}\n\n| case | section | result | shows |\n|---|---|---|---|\n")
        for name, case in document["tests"].items():
            spec = case["spec"] if isinstance(case["spec"], list) else [case["spec"]]
            shows = case["description"].replace("|", "\\|")
            parts.append(f"| `{name}` | {', '.join(map(str, spec))} | {case['result']} | {shows} |\n")
    return "".join(parts)


def current() -> str:
    """Return the page for the suite as it is in the checkout."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return page(yaml.load_all(SUITE.read_text("utf-8"), loader))


def main(arguments: list[str]) -> int:
    """Write the page, or check it; return the exit code."""
    wanted = current()
    if arguments == ["--check"]:
        if PAGE.is_file() and PAGE.read_text("utf-8") == wanted:
            return 0
        print(f"{PAGE.relative_to(ROOT)} is not up to date: run python3 -m scripts.conformance_cases")
        return 1
    if arguments:
        print(__doc__)
        return 64
    PAGE.write_text(wanted, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
