"""The system's DNS servers: what resolver(5) says about /etc/resolv.conf, and what wrong lines in it do."""

import socket
from pathlib import Path

import pytest

from spfengine import ArgumentError, LiveResolver, Question, RRType, Zone
from spfengine.resolvers import resolv_conf
from spfengine.testing import FakeDNS

ZONE = Zone({"example.com": {"A": "192.0.2.1"}})


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "resolv.conf"
    monkeypatch.setattr(resolv_conf, "PATH", str(path))
    return path


def servers_of(resolver: LiveResolver) -> str:
    return repr(resolver).removeprefix("<LiveResolver: ").removesuffix(">")


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"# nameserver 127.0.0.1\n; nameserver 127.0.0.1\nsearch example\n",
        b"options edns0\n",
        b"nameserver 127.0.0.1\n",
        b"search example\r\nnameserver 127.0.0.1 # ours\r\n",
        b"nameserver\t127.0.0.1",
        b"# \xff\nnameserver 127.0.0.1\n",
        b"nameserver 127.0.0.1\nnameserver 192.0.2.256\n",
        b"nameserver dns.example\nnameserver\nnameserver 127.0.0.1\n",
        b"nameserver fe80::1%no-such-interface\nnameserver \xff\nnameserver 127.0.0.1\n",
    ],
)
def test_the_systems_servers_are_asked(settings: Path, text: bytes) -> None:
    """A file without servers means the local host; a wrong line does not discard the others."""
    settings.write_bytes(text)
    with FakeDNS(ZONE) as server:
        resolver = LiveResolver(port=server.port)
        assert resolver.resolve(Question("example.com", RRType.A)).records
        server.assert_asked("example.com", "A", times=1)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("", "127.0.0.1, ::1"),
        ("nameserver 192.0.2.2\nnameserver x\nnameserver 2001:db8::1\n", "192.0.2.2, 2001:db8::1"),
        ("domain nameserver\n nameserver 192.0.2.1\nnameservers 192.0.2.2\nNAMESERVER 192.0.2.3\n", "192.0.2.1"),
    ],
)  # fmt: skip
def test_the_servers_and_their_order(settings: Path, text: str, servers: str) -> None:
    settings.write_text(text, "utf-8")
    assert servers_of(LiveResolver()) == servers


def test_an_interface_may_be_named(settings: Path) -> None:
    _, name = socket.if_nameindex()[0]
    settings.write_text(f"nameserver fe80::1%{name}\n", "utf-8")
    assert servers_of(LiveResolver()).startswith("fe80::1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nameserver dns.example\nnameserver 192.0.2.256\n", "nameserver 'dns.example' is not an address"),
        ("nameserver\n", "nameserver '' is not an address"),
        ("nameserver \x1b[31m\n", r"\\x1b"),
        (None, "resolv.conf"),
    ],
)
def test_settings_without_a_server_to_use_say_what_to_do(settings: Path, text: str | None, message: str) -> None:
    if text is not None:
        settings.write_text(text, "utf-8")
    with pytest.raises(ArgumentError, match=message) as caught:
        LiveResolver()
    assert "give them, like LiveResolver(nameservers=" in str(caught.value)
    assert str(caught.value).isprintable()
