"""Build the documentation as a static site that any host can serve.

    python3 -m scripts.build_site [--output FOLDER] [--playground FOLDER]

Needs the extra `docs`. A broken link, or anything else that MkDocs warns of, is an error. The site is written to
`site/`; with --playground, that folder (the built playground) is copied to `try/` in it, and pages link to it.
"""

import argparse
import logging
import shutil
import sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, ConfigurationError

ROOT = Path(__file__).resolve().parent.parent


def main(arguments: list[str]) -> int:
    """Build the site; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "site", help="folder of the site (default: site)")
    parser.add_argument("--playground", type=Path, help="folder with the built playground, copied to try/")
    given = parser.parse_args(arguments)
    if given.playground is not None and not (given.playground / "index.html").is_file():
        parser.error(f"{given.playground} has no index.html: build the playground first")
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        config = load_config(str(ROOT / "mkdocs.yml"), site_dir=str(given.output.resolve()), strict=True)
        config.extra["playground"] = given.playground is not None
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
        config.plugins.on_shutdown()
    except (Abort, ConfigurationError) as error:
        print(f"the site was not built: {error}", file=sys.stderr)
        return 1
    if given.playground is not None:
        shutil.copytree(given.playground, given.output / "try")
    print(f"{given.output}: built; to look at it: python -m http.server --bind 127.0.0.1 --directory {given.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
