"""A process whose only network is a loopback interface of its own, and whose only DNS server listens there (Linux).

The process moves into new mount and network namespaces; they end with it and with what it started. Root keeps its user
namespace, so that what it starts can take on other users; any other user gets a user namespace that holds only itself.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
import tempfile
from typing import Any

NAMESERVER = "127.0.0.1"
RESOLV_CONF = "/etc/resolv.conf"
_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x0002_0000, 0x1000_0000, 0x4000_0000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x4_0000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PR_SET_CHILD_SUBREAPER = 36


def enter() -> None:
    """Move this process, which must have one thread, into its namespaces; DNS is then asked at 127.0.0.1 port 53.

    Raises:
        OSError: the system refuses; the message says what.
    """
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "only Linux has the namespaces that this needs")
    if not os.path.exists(RESOLV_CONF):
        raise OSError(errno.ENOENT, f"there is no {RESOLV_CONF} to put another in its place")
    libc = ctypes.CDLL(None, use_errno=True)
    _unshare(libc)
    _check(libc.mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "making mounts private")
    _mount_resolv_conf(libc)
    _loopback_up()


def adopt_orphans() -> None:
    """Make this process the parent of what its children leave behind, so that it can end it."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


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
        os.unlink(path)  # the mount keeps it, as long as the namespace is there


def _loopback_up() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            request = struct.pack("16sh14x", b"lo", 0)
            flags = struct.unpack("16sh14x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
            fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | _IFF_UP))
        except OSError as error:
            raise OSError(error.errno, f"bringing up the loopback interface: {error.strerror}") from error


def _check(returned: int, what: str) -> None:
    if returned:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
