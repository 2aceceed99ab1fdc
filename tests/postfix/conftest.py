"""One Postfix for all tests of this folder that use the same zones, since it takes seconds to start."""

import json
import re
from collections.abc import Iterator

import pytest

from tests.cli.conftest import REPOSITORY, SEED
from tests.docs.pages import blocks
from tests.postfix.lab import Lab, Service, needed, postfix

PAGE = "docs/how-to/postfix.md"
INSTALLED = "/opt/spfengine/bin/spfengine"

SPAWN, TCP, UNIX, DRY, BOTH, RESULTS, DEFERRING, STANDING_IN = 25, 2501, 2502, 2503, 2504, 2505, 2506, 2507

LONG = "Why: " + "%{i} is not ours, see https://%{d2}/help " * 16
ZONEDATA: dict[str, list[object]] = {
    "soft.example": [{"TXT": "v=spf1 ~all"}],
    "neutral.example": [{"TXT": "v=spf1 ?all"}],
    "strict.example": [{"TXT": "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all exp=exp.%{d}"}],
    "exp.strict.example": [{"TXT": "%{i} is not one of %{d}'s; ask %{s} (%{h})"}],
    "long.example": [{"TXT": "v=spf1 -all exp=exp.long.example"}],
    "exp.long.example": [{"TXT": [LONG[at : at + 250] for at in range(0, len(LONG), 250)]}],
    "broken.example": [{"TXT": "v=spf1 ipv4:192.0.2.1 -all"}],
    "dead.example": ["SERVFAIL"],
    "hostile.example": [{"TXT": " ".join(["v=spf1", *[f"include:s{n}.hostile.example" for n in range(10)], "-all"])}],
    **{f"s{n}.hostile.example": ["TIMEOUT"] for n in range(10)},
    "bomb.example": [{"TXT": " ".join(["v=spf1", *[f"include:b{n}.bomb.example" for n in range(10)], "-all"])}],
    **{f"b{n}.bomb.example": [{"TXT": [""] * 60_000}] for n in range(10)},
    "xn--bcher-kva.example": [{"TXT": "v=spf1 ~all"}],
}


class Page:
    """The configuration in the how-to, word for word except for the path of the command."""

    def __init__(self) -> None:
        page = (REPOSITORY / PAGE).read_text("utf-8")
        found = [block.text for block in blocks(PAGE, page) if block.language == "ini"]
        self.master, self.main, unit, self.xclient = [text.replace(INSTALLED, "{spfengine}") + "\n" for text in found]
        [self.server] = re.findall(r"^ExecStart=(.+)$", unit, re.MULTILINE)
        [self.swaks] = re.findall(r"^swaks .+$", page, re.MULTILINE)


def stand_in() -> str:
    """The line of master.cf that runs spf-engine's policy server on our module, from the page for pyspf's users."""
    text = (REPOSITORY / "docs" / "coming-from-pyspf.md").read_text("utf-8")
    [found] = [block.text for block in blocks("docs/coming-from-pyspf.md", text) if block.language == "ini"]
    for installed, here in (
        ("policyd-spf  unix", "stand-in  unix"),
        ("/opt/spfengine/lib/python3.11/site-packages/spfengine", "{folder}/checkout/spfengine"),
        ("/opt/spfengine/bin/policyd-spf", "{folder}/policyd-spf"),
    ):
        assert installed in found
        found = found.replace(installed, here)
    return f"{found}\n"


def policyd(port: int, *options: str) -> Service:
    """A service with its own policy server, which listens at another port."""
    place = f"127.0.0.1:{port + 10_000}"
    words = ["{spfengine} policyd --hostname mx.example.net --listen", place, *options]
    return Service(port, f"check_policy_service inet:{place}", " ".join(words))


@pytest.fixture(scope="session")
def zone(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The zone file of these tests."""
    path = tmp_path_factory.mktemp("postfix") / "zone.json"
    path.write_text(json.dumps({"zonedata": ZONEDATA}), "ascii")
    return str(path)


@pytest.fixture(scope="session")
def lab(zone: str) -> Iterator[Lab]:
    """A Postfix with our policy server, in every way that the how-to describes."""
    needed()
    page = Page()
    assert page.server.endswith("--listen 127.0.0.1:10023 --hostname mx.example.net")
    socket = "mkdir -m 750 {folder}/queue/spfengine && chgrp postfix {folder}/queue/spfengine && umask 7 && "
    socket += "exec setpriv --regid postfix --clear-groups {spfengine} policyd --hostname mx.example.net "
    socket += "--listen unix:{folder}/queue/spfengine/policyd"
    services = [
        Service(SPAWN),
        Service(TCP, "check_policy_service inet:127.0.0.1:10023", page.server),
        Service(UNIX, "check_policy_service unix:spfengine/policyd", socket),
        policyd(DRY, "--dry-run"),
        policyd(BOTH, "--identity", "both"),
        policyd(RESULTS, "--header", "authentication-results"),
        policyd(DEFERRING, "--fail", "defer", "--permerror", "reject", "--temperror", "accept"),
        Service(STANDING_IN, "check_policy_service unix:private/stand-in"),
    ]
    with postfix([SEED, zone], services, page.main, page.master + stand_in()) as running:
        yield running
