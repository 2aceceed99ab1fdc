"""Where the command `spfengine` starts: where it needs click, and has none, it says in one line what to install."""

import sys

from spfengine.cli import exits

NOT_INSTALLED = (
    "the command needs click, which is not installed; run: pip install click rich (the extra spfengine[cli])"
)


def main() -> int:
    """Run the command on the arguments of the process, and return its exit code."""
    try:
        from spfengine.cli.app import main as run

        return run()
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.stderr.write(f"spfengine: {NOT_INSTALLED}\n")
        return exits.UNAVAILABLE
    except KeyboardInterrupt:
        return exits.INTERRUPTED
