"""`python -m spfengine` is the command `spfengine`."""

from spfengine.cli.entry import main

if __name__ == "__main__":
    raise SystemExit(main())
