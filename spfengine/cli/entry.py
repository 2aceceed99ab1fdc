"""Where the command `spfengine` starts. If a library of the extra `cli` is missing, one line says what to install."""

import sys
from importlib.util import find_spec

from spfengine.cli import exits

LIBRARIES = ("click", "rich")
"""What the extra `cli` installs."""


def main() -> int:
    """Run the command on the arguments of the process, and return its exit code."""
    try:
        missing = [name for name in LIBRARIES if find_spec(name) is None]
        if missing:
            which = f"{' and '.join(missing)}, which {'are' if len(missing) > 1 else 'is'} not installed"
            sys.stderr.write(f"spfengine: the command needs {which}; run: pip install {' '.join(missing)}\n")
            return exits.UNAVAILABLE
        from spfengine.cli.app import main as run
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return run()
