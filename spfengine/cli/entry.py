"""Where the command `spfengine` starts: looks whether its libraries are there before anything needs them."""

import sys
from importlib.util import find_spec

LIBRARIES = ("click", "rich")
"""What the extra `cli` installs."""

NOT_INSTALLED = 69
"""The exit code where a library is missing (EX_UNAVAILABLE)."""


def main() -> int:
    """Run the command line and return its exit code."""
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        what = f"{' and '.join(missing)}, {'which are' if len(missing) > 1 else 'which is'} not installed"
        sys.stderr.write(f"spfengine: the command line needs {what}; in the checkout, run: pip install '.[cli]'\n")
        return NOT_INSTALLED
    from spfengine.cli.app import main as run

    return run()
