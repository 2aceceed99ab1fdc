"""A real Postfix in its own namespaces, whose only DNS server is ours.

One temporary folder has all of it: configuration, queue, log, and delivered mail.
"""

import contextlib
import importlib.util
import os
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.cli.conftest import REPOSITORY, command, environment
from tests.debian import program
from tests.postfix.inside import PORT
from tests.postfix.smtp import PATIENCE, Mailbox, message, spf_fields, xclient

NOBODY = 65534
HOST = "mx.example.net"

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
setgid_group = postdrop
myhostname = mx.example.net
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
smtpd_junk_command_limit = 10000
virtual_mailbox_domains = example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:box/
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
"""
_MASTER = """
smtp unix - - n - - smtp
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


class Service(NamedTuple):
    """An SMTP server of Postfix.

    Attributes:
        port: where it listens.
        policy: the restriction that asks the policy server; "" if main.cf has the restrictions.
        server: the command line of a policy server to start, or "".
    """

    port: int
    policy: str = ""
    server: str = ""


class Sent(NamedTuple):
    """What happened to a message.

    Attributes:
        replies: to each RCPT, and to the message if it was accepted: (code, text).
        delivered: the message in the mailbox, or b"".
    """

    replies: list[tuple[int, str]]
    delivered: bytes

    @property
    def fields(self) -> list[str]:
        """The header fields about SPF, unchanged."""
        return spf_fields(self.delivered)


class _OverSocket(smtplib.SMTP):
    """An SMTP client on an open connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._given = connection
        super().__init__(HOST, 25, local_hostname="test.invalid", timeout=PATIENCE)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        self._given.settimeout(timeout)
        return self._given


class Lab:
    """A running Postfix.

    Attributes:
        folder: its folder.
    """

    def __init__(self, folder: Path, control: socket.socket) -> None:
        self.folder = folder
        self._control = control
        self._numbers = count(1)
        self._mailbox = Mailbox(folder)

    def connect(self, port: int) -> socket.socket:
        """Return a connection to a port of Postfix's network."""
        self._control.sendall(PORT.pack(port))
        _, [descriptor], _, _ = socket.recv_fds(self._control, 1, 1)
        return socket.socket(fileno=descriptor)

    def smtp(self, port: int = 25) -> smtplib.SMTP:
        """Return an SMTP client that is connected to Postfix from loopback, and has said EHLO."""
        client = _OverSocket(self.connect(port))
        client.ehlo("test.invalid")
        return client

    def send(
        self, client: str, sender: str, helo: str = "mx.client.example", *, port: int = 25, recipients: int = 1,
        options: Sequence[str] = (),
    ) -> Sent:  # fmt: skip
        """Send a message as if from a client; if it is accepted, wait until it is delivered."""
        with self.smtp(port) as smtp:
            xclient(smtp, client, helo)
            return self.message(smtp, sender, recipients=recipients, options=options)

    def message(
        self, smtp: smtplib.SMTP, sender: str, *, recipients: int = 1, options: Sequence[str] = ()
    ) -> Sent:  # fmt: skip
        """Send a message over a connection, which may have sent others."""
        number = next(self._numbers)
        if "SMTPUTF8" in options:
            smtp.command_encoding = "utf-8"
        code, reply = smtp.mail(sender, options)
        assert code == 250, reply
        replies = [smtp.rcpt(f"box{each}@example.net") for each in range(recipients)]
        if all(code == 250 for code, _ in replies):
            replies.append(smtp.data(message(number)))
        accepted = len(replies) > recipients and replies[-1][0] == 250
        texts = [(code, reply.decode("ascii")) for code, reply in replies]
        return Sent(texts, self._mailbox.wait(number) if accepted else b"")

    def log(self) -> str:
        """Return what Postfix and the policy servers have logged."""
        return "".join([(self.folder / name).read_text("utf-8", "replace") for name in ("log", "output")])


@contextlib.contextmanager
def postfix(zones: Sequence[str], services: Sequence[Service], main: str = "", master: str = "") -> Iterator[Lab]:
    """Run Postfix inside `spfengine run-with`.

    Args:
        zones: zone files; each is laid over those before it.
        services: its SMTP servers.
        main, master: more lines of main.cf and master.cf; in both and in the commands of services, {folder} is the
            folder, and {spfengine} our command, which every user can run.
    """
    needed()
    with tempfile.TemporaryDirectory(prefix="spfengine-postfix-") as name:
        folder = Path(name)
        configure(folder, services, main, master)
        ours, theirs = socket.socketpair()
        first, *others = zones
        layers = [word for path in others for word in ("--zone", path)]
        inside = [sys.executable, "-m", "tests.postfix.inside", name]
        with (folder / "run-with").open("wb") as complaints:
            running = subprocess.Popen(
                command("run-with", *layers, first, "--", *inside),
                stdin=theirs.fileno(), stdout=complaints, stderr=complaints, cwd=REPOSITORY,
                env=environment(PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin"),
            )  # fmt: skip
        theirs.close()
        try:
            ours.settimeout(PATIENCE)
            if ours.recv(5, socket.MSG_WAITALL) != b"ready":
                output = "".join([path.read_text("utf-8", "replace") for path in folder.glob("*") if path.is_file()])
                raise AssertionError(f"Postfix could not be started:\n{output}")
            yield Lab(folder, ours)
        finally:
            ours.close()
            running.wait(PATIENCE)


def needed() -> None:
    """Skip a test if something that it needs is missing; in CI, fail."""
    program("postfix")
    if os.geteuid() != 0:
        pytest.skip("only root can run Postfix")
    if os.environ.get("SPFENGINE_NO_NAMESPACES") == "1":
        pytest.skip("needs namespaces; SPFENGINE_NO_NAMESPACES=1")


def configure(folder: Path, services: Sequence[Service], main: str = "", master: str = "") -> None:
    """Write what `tests.postfix.inside` needs into a folder; see `postfix`."""
    folder.chmod(0o755)  # tempfile lets only root read it
    for name in ("conf", "queue", "data", "mail"):
        (folder / name).mkdir(mode=0o755)
    shutil.chown(folder / "data", "postfix")
    os.chown(folder / "mail", NOBODY, NOBODY)
    values = {"folder": folder, "spfengine": folder / "spfengine"}
    smtpd = servers = ""
    for each in services:
        smtpd += f"127.0.0.1:{each.port} inet n - n - - smtpd\n"
        if each.policy:
            smtpd += f"  -o {{{{ smtpd_recipient_restrictions = reject_unauth_destination, {each.policy} }}}}\n"
        servers += f"{each.server}\n" if each.server else ""
    (folder / "conf" / "main.cf").write_text(f"{MAIN}{main}".format_map(values))
    (folder / "conf" / "master.cf").write_text(f"{_MASTER}{smtpd}{master}".format_map(values))
    (folder / "servers").write_text(servers.format_map(values))
    _python_for_everybody(folder)


def _python_for_everybody(folder: Path) -> None:
    """Write the commands `spfengine` and `policyd-spf`, and the list of mounts that let every user run them."""
    base = Path(sys.base_prefix)
    executable = Path(sys.executable).resolve().relative_to(base.resolve())
    specs = [importlib.util.find_spec(name) for name in ("click", "dns", "idna")]
    places = {str(Path(spec.origin).parents[1]) for spec in specs if spec is not None and spec.origin is not None}
    folders = {"python": str(base), "checkout": str(REPOSITORY)}
    folders |= {f"packages{number}": place for number, place in enumerate(sorted(places))}
    (folder / "mounts").write_text("".join([f"{source}\t{name}\n" for name, source in folders.items()]))
    path = ":".join([str(folder / name) for name in folders if name != "python"])
    python = f"PYTHONPATH=$PYTHONPATH:{path} exec {folder}/python/{executable} -B"
    policyd_spf = "import spf_engine.policyd_spf as program; program.main()"
    for name, what in ("spfengine", "-m spfengine"), ("policyd-spf", f"-c '{policyd_spf}'"):
        script = folder / name
        script.write_text(f'#!/bin/sh\n{python} {what} "$@"\n')
        script.chmod(0o755)
