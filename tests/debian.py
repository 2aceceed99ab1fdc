"""Debian's programs that tests run. Without one, a test is skipped with its name; in CI it fails.

`.ci/debian` installs all of them.
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
        "unbound": "apt-get install -y unbound",
        "spfquery.libspf2": "apt-get install -y spfquery",
        "spfquery.mail-spf-perl": "apt-get install -y spf-tools-perl",
        "exim4": EXIM,
        "rspamd": "apt-get install -y rspamd",
        "postfix": "apt-get install -y postfix",
        "policyd-spf": "apt-get install -y postfix-policyd-spf-python",
        "systemd-analyze": "apt-get install -y systemd",
        "swaks": "apt-get install -y swaks",
        "perl": "apt-get install -y libmail-dmarc-perl",
    }
)
"""For each program, the command that installs it."""


def program(name: str) -> str:
    """Return the path of one of Debian's programs. If it is missing, skip the test; in CI, fail."""
    exim = os.environ.get("SPFENGINE_EXIM") if name == "exim4" else None
    path = shutil.which(exim or name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if path is None:
        missing(name)
    return path


def missing(name: str) -> NoReturn:
    """Skip the test with the name of the program it needs; in CI, fail."""
    if os.environ.get("CI") == "true" and os.environ.get("SPFENGINE_NO_DEBIAN") != "1":
        pytest.fail(f"{name} is not installed, but CI needs it: {INSTALL[name]}")
    pytest.skip(f"{name} is not installed: {INSTALL[name]}")
