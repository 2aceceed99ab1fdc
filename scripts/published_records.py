"""Write `docs/explanation/published-records.md`: what the published records of well-known senders mean, in figures.

    python3 -m scripts.published_records FOLDER

FOLDER holds `providers.yml` (senders and the names to include) and `realworld.yml` (published records, as `zonedata`).
These files are not part of this project; only the figures are. Needs pyyaml.
"""

import re
import sys
from pathlib import Path
from typing import Any

import yaml

from spfengine.policy.policy import Policy
from spfengine.resolvers.zone import Zone

REPOSITORY = Path(__file__).resolve().parent.parent
PAGE = REPOSITORY / "docs" / "explanation" / "published-records.md"

HEAD = """# What published records authorise

<!-- Written by scripts/published_records.py: change the script and run it again. -->

What you allow when you include one of these names. All figures come from `Policy.compile`, run on records that were
published at some time between 2019 and 2026 and collected from public repositories. They do not show what is published
today: `spfengine networks NAME` asks live DNS. A name is left out if the collection has only part of its record, or
lacks a record that it includes or redirects to.

- **IPv4**: addresses that get pass. **IPv6**: the same, counted in networks of 64 bits; a `+` means a few
  addresses more.
- **Lookups**, **voids**: what the worst addresses cost inside this record; the include itself costs one more lookup.
  RFC 7208 §4.6.4 allows 10 lookups and 2 void lookups in all.
- **Conditional**: whether the result for some addresses depends on DNS queries about the client (`exists`, `ptr`).
  Those addresses are not counted as pass.

| Sender | Name to include | IPv4 | IPv6, in /64 | Lookups | Voids | Conditional |
|---|---|---|---|---|---|---|
"""


def page(folder: Path) -> str:
    """Return the whole page."""
    zone = Zone.from_openspf(_read(folder / "realworld.yml")["zonedata"])
    whole = _whole_names(folder / "realworld.yml")
    rows = []
    for provider in _read(folder / "providers.yml"):
        name = provider.get("include")
        if name and name.lower() in whole:
            policy = Policy.compile(name, resolver=zone)
            if all(question.name in whole for question in policy.answers):
                rows.append(row(provider["name"], policy))
    compiled = [Policy.compile(name, resolver=zone) for name in zone.names]
    ranges = max(sum(1 for version in (4, 6) for _ in policy.ranges(version)) for policy in compiled)
    tail = f"\nAll {len(compiled)} names of the collection compile; the one with the most ranges has {ranges}.\n"
    return HEAD + "\n".join(rows) + "\n" + tail


def row(sender: str, policy: Policy) -> str:
    """Return the table row of one sender."""
    need = policy.budget()
    whole, rest = divmod(policy.address_count("pass", 6), 1 << 64)
    ip6 = f"{whole:,}{' +' if rest else ''}"
    conditional = "yes" if policy.conditional else "no"
    cells = [
        sender,
        f"`{policy.domain}`",
        f"{policy.address_count('pass', 4):,}",
        ip6,
        str(need.worst_lookups),
        str(need.worst_voids()),
        conditional,
    ]
    return f"| {' | '.join(cells)} |"


def _whole_names(path: Path) -> set[str]:
    """Return the names whose records are known exactly as published, which the comment above a name says."""
    kind = ""
    names = set()
    for line in path.read_text(encoding="utf-8").split("\n"):
        comment = re.match(r"  # (\w+):", line)
        name = re.match(r"  \"?([^\s\"#:-][^\s\":]*)\"?:$", line)
        if comment is not None:
            kind = comment[1]
        elif name is not None and kind in ("attested", "flattened"):
            names.add(name[1].lower())
    return names


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_bytes())


def main() -> int:
    """Write the page."""
    PAGE.write_text(page(Path(sys.argv[1])), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
