"""Where the command `spfengine` starts: where it needs click, and has none, it says in one line what to install."""

import gc
import sys

NOT_INSTALLED = (
    "the command needs click, which is not installed; run: pip install click rich (the extra spfengine[cli])"
)

_ALLOCATIONS = 50_000
"""As many objects are made before garbage is looked for: more than loading and a check make, which leave none."""


def main() -> int:
    """Run the command on the arguments of the process, and return its exit code."""
    gc.set_threshold(_ALLOCATIONS)  # before anything of ours is loaded
    try:
        from spfengine.cli.app import main as run

        return run()
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        from spfengine.cli import exits

        sys.stderr.write(f"spfengine: {NOT_INSTALLED}\n")
        return exits.UNAVAILABLE
    except KeyboardInterrupt:
        from spfengine.cli import exits

        return exits.INTERRUPTED
    finally:
        gc.freeze()  # the process ends: nothing is looked through that goes with it
