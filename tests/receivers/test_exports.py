"""Exported zones, read by the programs they are for: rspamd, whose only DNS is its fake_records.

tests/wire/ loads the export for BIND with NSD. Exim's fakens is only in Exim's sources.
"""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from spfengine.resolvers.zone import Zone
from spfengine.testing.conformance.implementations import daemon
from spfengine.testing.exporters import export
from tests.debian import program
from tests.ports import free_port
from tests.receivers.table import FOLDER

pytestmark = pytest.mark.debian


@pytest.fixture(scope="module")
def rspamd(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[int]:
    """The port of an rspamd with our export as its DNS; its DNS server does not exist."""
    path, folder, port = program("rspamd"), tmp_path_factory.mktemp("rspamd"), free_port()
    exported = export(Zone.from_file(repository / "examples" / "seed.zone"), "rspamd")
    records = exported[exported.index("fake_records") : exported.rindex("];") + 2]  # options have one section dns
    configured = (FOLDER / "rspamd.conf").read_text("utf-8").replace("11333", str(port))
    (folder / "rspamd.conf").write_text(configured.replace("  dns {", f"  dns {{\n{records}"))
    words = [path, "-f", "-i", "-c", f"{folder}/rspamd.conf", "--var", f"DIR={folder}", "--var", "DNS=127.0.0.1:1"]
    with daemon(words, ("127.0.0.1", port), "127.0.0.1:1"):
        yield port


@pytest.mark.parametrize(
    ("ip", "symbol"),
    [("23.83.218.24", "R_SPF_SOFTFAIL"), ("163.44.239.12", "R_SPF_ALLOW"), ("203.0.113.25", "R_SPF_ALLOW")],
)
def test_rspamd_reads_its_fake_records(rspamd: int, ip: str, symbol: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", rspamd, timeout=30)
    connection.request(
        "POST", "/checkv2", b"Subject: x\r\n\r\nx\r\n", {"IP": ip, "From": "alice@seed.example", "Helo": "x"}
    )
    symbols = json.loads(connection.getresponse().read())["symbols"]
    connection.close()
    assert [name for name in symbols if name.startswith("R_SPF_")] == [symbol]
