"""The entry point of the command `spfengine`: where the extra `cli` is missing, one line says what to install."""

import sys


def main() -> int:
    """Run the command on the arguments of the process, and return its exit code."""
    try:
        from spfengine.cli.app import main as run
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        sys.stderr.write(
            "spfengine: the command needs click and rich; install spfengine[cli], or: pip install click rich\n"
        )
        return 69
    except KeyboardInterrupt:
        return 130
    return run()
