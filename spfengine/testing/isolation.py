"""Run a command whose only network is a loopback interface, and whose only DNS server listens there (Linux).

This process moves into new mount and network namespaces, which end with it and with what it starts. Root keeps its user
namespace, so that the command can change its user; anybody else gets a user namespace that contains only that user.
"""

import ctypes
import errno
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic, sleep
from types import FrameType
from typing import Any

NAMESERVER = "127.0.0.1"
RESOLV_CONF = "/etc/resolv.conf"
NOT_EXECUTABLE, NOT_FOUND, SIGNALLED = 126, 127, 128
"""Exit codes as shells use them; a command that signal N ended has 128 + N."""

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x0002_0000, 0x1000_0000, 0x4000_0000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x4_0000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PR_SET_CHILD_SUBREAPER = 36

_FORWARDED = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2]
_TYPED = [signal.SIGINT, signal.SIGQUIT]
_GRACE_SECONDS = 2.0


def enter_namespaces() -> None:
    """Move this process, which must have one thread, into its namespaces; DNS is then asked at 127.0.0.1 port 53.

    Raises:
        OSError: the system refuses; the message says what.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "only Linux has the namespaces that this needs")
    if not os.path.exists(RESOLV_CONF):
        raise OSError(errno.ENOENT, f"there is no {RESOLV_CONF} to replace")
    libc = ctypes.CDLL(None, use_errno=True)
    _unshare(libc)
    _check(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "making mounts private")
    _mount_resolv_conf(libc)
    _loopback_up()


def _unshare(libc: Any) -> None:
    uid, gid = os.geteuid(), os.getegid()
    if uid == 0:
        _check(libc.unshare(_CLONE_NEWNS | _CLONE_NEWNET), "new mount and network namespaces")
        return
    _check(libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWNET), "new user, mount and network namespaces")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        try:
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            raise OSError(error.errno, f"writing {name} of a user namespace: {error.strerror}") from error


def _mount_resolv_conf(libc: Any) -> None:
    descriptor, path = tempfile.mkstemp(prefix="resolv.conf.")
    try:
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(f"nameserver {NAMESERVER}\n")
        os.chmod(path, 0o644)
        mounted = libc.mount(os.fsencode(path), os.fsencode(os.path.realpath(RESOLV_CONF)), None, _MS_BIND, None)
        _check(mounted, f"mounting another {RESOLV_CONF}")
    finally:
        os.unlink(path)  # the mount keeps the file as long as the namespace exists


def _loopback_up() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            request = struct.pack("16sh14x", b"lo", 0)
            flags = struct.unpack("16sh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
        except OSError as error:
            raise OSError(error.errno, f"bringing up the loopback interface: {error.strerror}") from error


def _check(returned: int, action: str) -> None:
    if returned:
        number = ctypes.get_errno()
        raise OSError(number, f"{action}: {os.strerror(number)}")


def run_command(command: Sequence[str]) -> int:
    """Run a command, forward signals to it, end what it leaves running, and return its exit code.

    The exit code is 128 + N if signal N ended the command. Call this in the main thread.

    Raises:
        OSError: the command can't be started.
    """
    adopt_orphans()
    early: list[int] = []
    process: subprocess.Popen[bytes] | None = None

    def forward(number: int, _: FrameType | None) -> None:
        if number in _TYPED and _is_in_foreground():
            return  # the terminal has sent it to the command too
        if process is None:
            early.append(number)
        elif process.returncode is None:
            os.kill(process.pid, number)

    before = {number: signal.signal(number, forward) for number in _FORWARDED}
    try:
        process = subprocess.Popen(command)  # noqa: S603 - running what the caller says is what this is for
        for number in early:
            os.kill(process.pid, number)
        code = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    end_descendants()
    return SIGNALLED - code if code < 0 else code


def _is_in_foreground() -> bool:
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def adopt_orphans() -> None:
    """Make this process the parent of what its children leave running, so that it can end it."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> None:
    """End all processes that this one has started or adopted: SIGTERM first, SIGKILL two seconds later."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        end = monotonic() + _GRACE_SECONDS
        signalled: set[int] = set()
        while children := _children():
            if monotonic() > end:
                break
            for child in children - signalled:
                with suppress(ProcessLookupError):
                    os.kill(child, number)
            signalled |= children
            with suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            sleep(0.01)


def _children() -> set[int]:
    children: set[int] = set()
    with suppress(OSError):
        for thread in os.listdir("/proc/self/task"):
            with suppress(OSError), open(f"/proc/self/task/{thread}/children", encoding="ascii") as file:
                children |= set(map(int, file.read().split()))
    return children
