"""Two ways to check SPF with Exim, without a daemon: adapters for `spfengine conformance --namespaces --adapter`,
`spfengine.testing.receivers.exim:lookup` and `…:dialogue`.

Exim queries the DNS server in /etc/resolv.conf, on port 53. It need not be installed: the unpacked program and a
configuration are enough. Set SPFENGINE_EXIM to the path of the program.
"""

import atexit
import os
import re
import subprocess
import tempfile
from pathlib import Path

_SPOOL = tempfile.TemporaryDirectory()
atexit.register(_SPOOL.cleanup)
_EXIM = [os.environ.get("SPFENGINE_EXIM", "exim4"), f"-DSPOOL={_SPOOL.name}"]
_EXIM += ["-C", str(Path(__file__).with_name("exim.conf"))]
_VERDICT = re.compile(r"550 SPF (\S+) ?(.*?)(?: : Reason: \w+)?$", re.MULTILINE)
_REPLY = re.compile(r"^(\d{3})[ ]", re.MULTILINE)


def lookup(ip: str, sender: str, helo: str, dns: str) -> tuple[str | None, str] | str:  # noqa: ARG001 - an adapter's signature
    """Look up SPF with `exim4 -be`, which has no HELO name."""
    identity = sender or f"postmaster@{helo}"
    if set(identity) & set("\0\r\n"):
        return None, "an argument of -be is one line of text"
    quoted = re.sub(r"[\\${}|]", r"\\\g<0>", identity)
    return _exim(["-be", f"${{lookup {{{quoted}}} spf {{{ip}}}}}"], b"").strip()


def dialogue(ip: str, sender: str, helo: str, dns: str) -> tuple[str | None, str] | str:  # noqa: ARG001 - an adapter's signature
    """Run an SMTP dialogue with `exim4 -bh`, which applies the ACL of the configuration."""
    if set(sender + helo) & set("\0\r\n"):
        return None, "an SMTP command is one line"
    extension = "" if sender.isascii() else " SMTPUTF8"
    output = _exim(["-bh", ip], f"EHLO {helo}\r\nMAIL FROM:<{sender}>{extension}\r\nQUIT\r\n".encode())
    verdict = _VERDICT.search(output)
    if verdict:
        return verdict[1], verdict[2]
    lines = [line for line in output.splitlines() if _REPLY.match(line)]
    refused = next((line for line in lines if line.startswith("5")), None)
    if refused:
        return None, f"Exim's SMTP refuses it: {refused}"
    deferred = next((line for line in lines if line.startswith("4")), None)
    if deferred or not any(line.startswith("221") for line in lines):
        return f"the dialogue ended early: {deferred or 'no reply to QUIT'}"
    return "accepted without a result"


def _exim(arguments: list[str], commands: bytes) -> str:
    process = subprocess.run(  # noqa: S603 - no shell reads it
        [*_EXIM, *arguments], input=commands, capture_output=True, timeout=60, check=False
    )
    return process.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
