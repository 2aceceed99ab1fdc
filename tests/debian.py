"""Programs of Debian's that tests run. A test skips by the program's name where it is missing; in CI it fails.

`.ci/debian` installs them all at once.
"""

import os
import shutil
from collections.abc import Mapping
from types import MappingProxyType
from typing import NoReturn

import pytest

EXIM = (
    "apt-get download exim4-daemon-heavy && dpkg -x exim4-daemon-heavy_*.deb ~/exim && "
    "export SPFENGINE_EXIM=~/exim/usr/sbin/exim4 (and its libraries: .ci/debian)"
)

INSTALL: Mapping[str, str] = MappingProxyType(
    {
        "nsd": "apt-get install -y nsd",
        "spfquery.libspf2": "apt-get install -y spfquery",
        "spfquery.mail-spf-perl": "apt-get install -y spf-tools-perl",
        "exim4": EXIM,
        "rspamd": "apt-get install -y rspamd",
        "postfix": "apt-get install -y postfix",
        "policyd-spf": "apt-get install -y postfix-policyd-spf-python",
        "swaks": "apt-get install -y swaks",
        "perl": "apt-get install -y libmail-dmarc-perl",
    }
)
"""Program → the line that installs it."""


def program(name: str) -> str:
    """Return where a program of Debian's is; where it is not, skip the test by its name, or fail it in CI."""
    given = os.environ.get("SPFENGINE_EXIM") if name == "exim4" else None
    path = shutil.which(given or name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if path is None:
        missing(name)
    return path


def missing(name: str) -> NoReturn:
    """Skip the test by the name of what it needs, or fail it in CI, where all must be there."""
    if os.environ.get("CI") == "true" and os.environ.get("SPFENGINE_NO_DEBIAN") != "1":
        pytest.fail(f"{name} is not installed, and CI must have it: {INSTALL[name]}")
    pytest.skip(f"{name} is not installed: {INSTALL[name]}")
