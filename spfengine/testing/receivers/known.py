"""The receivers that are known, how to find each on this machine, and how to ask it."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from spfengine.testing.conformance.answers import WORDS
from spfengine.testing.conformance.implementations import Address, Command, Function, Implementation, daemon
from spfengine.visible import short_repr

RSPAMD_AT: Address = ("127.0.0.1", 11333)
RSPAMD_CONF = Path(__file__).with_name("rspamd.conf")
_ADAPTERS = "spfengine.testing.receivers"
_SEARCHED = f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin"  # daemons are often in a folder that is not on PATH
_VERSION_SECONDS = 60

LIBSPF2 = "spfquery.libspf2 -ip={ip} -sender={sender} -helo={helo}"
MAIL_SPF = (
    "spfquery.mail-spf-perl --scope mfrom --identity {identity} --ip {ip} --helo-identity {helo} --hostname {receiver}"
)
_PYTHON = f"{shlex.quote(sys.executable)} -W ignore"
PYSPF = f'{_PYTHON} -c "import sys, spf; print(*spf.check2(*sys.argv[1:]))" {{ip}} {{sender}} {{helo}}'


class Receiver(NamedTuple):
    """A receiver.

    Attributes:
        key: its name in JSON and for `--receiver`.
        title: its name for people.
        program: the program to look for, or the module of this Python, as "python:spf".
        package: what to install.
        version: a command that prints the version, and a pattern whose group is the version.
        implementation: what asks it.
        daemon: the command of a daemon that has to run; "{dns}" and "{dir}" are replaced. None if it needs none.
        needs_root: whether only root can run it.
    """

    key: str
    title: str
    program: str
    package: str
    version: tuple[tuple[str, ...], str]
    implementation: Callable[[], Implementation]
    daemon: tuple[str, ...] | None = None
    needs_root: bool = False

    def __repr__(self) -> str:
        return short_repr(self, ("key", "title"))

    def found(self) -> str | None:
        """Return the path of the program; None if it is not installed."""
        if self.program.startswith("python:"):
            return sys.executable if find_spec(self.program.removeprefix("python:")) else None
        return (
            os.environ.get("SPFENGINE_EXIM") if self._is_unpacked_exim() else shutil.which(self.program, path=_SEARCHED)
        )

    def _is_unpacked_exim(self) -> bool:
        return self.program == "exim4" and os.path.isfile(os.environ.get("SPFENGINE_EXIM", ""))

    def version_text(self) -> str:
        """Return the version; "" if it can't be found out."""
        words, pattern = self.version
        program = self.found() if words[0] in (self.program, "python") else words[0]
        try:
            done = subprocess.run(  # noqa: S603 - a command of the table below
                [program or words[0], *words[1:]], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, timeout=_VERSION_SECONDS, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired):
            return ""
        match = re.search(pattern, done.stdout.decode("ascii", "replace"))
        return match[1] if match else ""

    @contextmanager
    def running(self, dns: str) -> Iterator[Implementation]:
        """Run the daemon that it needs, with the DNS server at `dns`, and yield what asks it. Raises DaemonError."""
        if self.daemon is None:
            yield self.implementation()
            return
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)  # noqa: S103 - nothing secret is in it, and a daemon may change its user
            words = [word.replace("{dns}", dns).replace("{dir}", folder) for word in self.daemon]
            with daemon([self.found() or words[0], *words[1:]], RSPAMD_AT, dns):
                yield self.implementation()


def is_installed(receiver: Receiver) -> bool:
    """Whether a receiver can be asked on this machine."""
    return receiver.found() is not None


KNOWN = (
    Receiver("libspf2", "libspf2", "spfquery.libspf2", "Debian: spfquery",
             (("spfquery.libspf2", "-version"), r"library version: ([\d.]+)"), lambda: Command(LIBSPF2)),
    Receiver("exim", "Exim (with libspf2)", "exim4", "Debian: exim4-daemon-heavy",
             (("exim4", "-C", "/dev/null", "-bV"), r"Exim version ([\d.]+)"),
             lambda: Function(f"{_ADAPTERS}.exim:dialogue", WORDS), needs_root=True),
    Receiver("mail-spf", "Mail::SPF", "spfquery.mail-spf-perl", "Debian: spf-tools-perl",
             (("perl", "-MMail::SPF", "-e", "print Mail::SPF->VERSION"), r"v?([\d.]+)"), lambda: Command(MAIL_SPF)),
    Receiver("rspamd", "rspamd", "rspamd", "Debian: rspamd", (("rspamd", "--version"), r"version ([\d.]+)"),
             lambda: Function(f"{_ADAPTERS}.rspamd:check", WORDS),
             ("rspamd", "-f", "-i", "-c", str(RSPAMD_CONF), "--var", "DIR={dir}", "--var", "DNS={dns}"),
             needs_root=True),
    Receiver("pyspf", "pyspf", "python:spf", "pip: pyspf py3dns",
             (("python", "-c", "from importlib.metadata import version; print(version('pyspf'))"), r"([\d.]+)"),
             lambda: Command(PYSPF)),
)  # fmt: skip
"""The receivers, each asked in the way that shows its own SPF code best."""
