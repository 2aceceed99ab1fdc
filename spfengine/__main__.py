"""`python -m spfengine` is the command `spfengine`."""

import sys

from spfengine.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
