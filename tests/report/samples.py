"""A report of each kind: of ordinary records, and of hostile ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import spfengine
from spfengine.advice.explained_check import CheckRequest
from spfengine.policy.include_tree import include_tree
from spfengine.report.edits.check import EditableCheck, recorded_check
from spfengine.report.edits.lint import EditableLint, ZoneFile, recorded_lint
from spfengine.report.edits.simulation import EditableSimulation, recorded_simulation
from spfengine.resolvers.recording import Recorder
from spfengine.resolvers.zone_files.files import read_named
from spfengine.simulation.enforce import enforce
from tests.conftest import REPOSITORY

NOW = 1_800_000_000.0
SEED = REPOSITORY / "examples" / "seed.zone"
BAKERY = REPOSITORY / "examples" / "bakery.zone"
MESSAGE = REPOSITORY / "examples" / "seed-message.eml"
REPORT = REPOSITORY / "examples" / "seed-report.xml"
DRAFT = "v=spf1 +a +mx include:relay.mailchannels.net ~all"

Make = Callable[[], str]


def _seed() -> spfengine.Zone:
    return spfengine.Zone.from_file(SEED)


def _bakery() -> spfengine.Zone:
    return spfengine.Zone.from_file(BAKERY)


def simulated() -> str:
    senders = spfengine.read_evidence([REPORT]).senders
    return spfengine.simulate("seed.example", DRAFT, resolver=_seed(), senders=senders).render_html(now=NOW)


def suggested() -> str:
    senders = spfengine.read_evidence([MESSAGE]).senders
    return spfengine.suggest("seed.example", senders, resolver=_seed()).render_html(now=NOW)


def enforced() -> str:
    senders = spfengine.read_evidence([REPORT]).senders
    return enforce("seed.example", resolver=_seed(), senders=senders).render_html(now=NOW)


def checked() -> str:
    return spfengine.check("23.83.218.24", "alice@seed.example", resolver=_seed()).render_html(now=NOW)


def traced() -> str:
    return spfengine.check("23.83.218.24", "alice@seed.example", resolver=_seed()).trace.render_html(now=NOW)


def treed() -> str:
    return include_tree("bakery.example", resolver=_bakery()).render_html(now=NOW)


def linted() -> str:
    return spfengine.render_html(spfengine.lint_zone(_bakery()), now=NOW)


def flattened() -> str:
    return spfengine.flatten("bakery.example", resolver=_bakery()).render_html(now=NOW)


def drifted() -> str:
    before = spfengine.snapshot(["bakery.example"], resolver=_bakery())
    text = BAKERY.read_text(encoding="utf-8").replace("ip4:148.105.8.0/21", "ip4:148.105.8.0/22")
    return spfengine.drift(before, resolver=spfengine.Zone.from_text(text)).render_html(now=NOW)


def surveyed() -> str:
    domains = ["bakery.example", "servers.mcsv.net", "aspmx.l.google.com", "not a domain"]
    return spfengine.render_html(spfengine.survey(domains, resolver=_bakery()), now=NOW)


KINDS: Mapping[str, Make] = {
    "check": checked,
    "trace": traced,
    "tree": treed,
    "lint": linted,
    "simulate": simulated,
    "enforce": enforced,
    "suggest": suggested,
    "flatten": flattened,
    "drift": drifted,
    "survey": surveyed,
}
"""The kinds of reports, each with what makes one."""

PAYLOADS = (
    "<script>alert(1)</script>",
    "<img/src=x/onerror=alert(1)>",
    "\"'><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "</style><b/style=position:fixed>",
    "</title></main></code></pre></details>",
    "{{1337*1337}}",
    "{%print(1337*1337)%}",
    "&lt;b&gt;&#x3c;script&#x3e;",
    "<!--",
    "]]>",
    "*{display:none}",
    "url(https://evil.example/x)",
)
"""Texts that a record can hold: no spaces, no controls."""
INVISIBLE = "\u202ealice\u2066\u200b\x1b[31m\x00\x07\u2028\ufeff"
"""What a sender's name can hold as well: bidirectional overrides, controls, and what can't be seen."""
LONG = "<b>" + "x" * (1 << 16)

_MODIFIERS = " ".join([f"x{index}={payload.replace('%', '%%')}" for index, payload in enumerate(PAYLOADS)])
_NAME = "<script>alert(1)</script>.hostile.example"
_EXPLANATION = "<script>alert(1)</script> {{1337*1337}} </style>"
OLD = f"v=spf1 ip4:192.0.2.0/24 include:{_NAME} {_MODIFIERS} exp=why.hostile.example -all"
NEW = f"v=spf1 ip4:192.0.2.0/25 include:{_NAME} a:{_NAME} {_MODIFIERS} y={LONG[: 1 << 15]} -all"


def _hostile(record: str) -> spfengine.Zone:
    return spfengine.Zone({
        "hostile.example": {"TXT": [record, LONG[:40000]]},
        "why.hostile.example": {"TXT": _EXPLANATION},
        _NAME: {"TXT": f"v=spf1 ip4:198.51.100.0/24 {_MODIFIERS} -all"},
        "broken.hostile.example": {"TXT": "v=spf1 <script>alert(1)</script> ipv4:</style> -all"},
    })  # fmt: skip


def _senders() -> list[spfengine.Sender]:
    texts = [*PAYLOADS, INVISIBLE, LONG]
    senders = [
        spfengine.Sender(
            f"203.0.113.{index}", f"{text}@hostile.example", text, 3, text, text, text, "fail", "pass", text
        )
        for index, text in enumerate(texts)
    ]
    return [*senders, spfengine.Sender("192.0.2.200", "@hostile.example", None, 5, INVISIBLE)]


def _hostile_lint() -> str:
    zone = _hostile(OLD)
    found = [
        *spfengine.lint("hostile.example", resolver=zone),
        *spfengine.lint("broken.hostile.example", resolver=zone),
    ]
    return spfengine.render_html(found, now=NOW)


def _hostile_drift() -> str:
    before = spfengine.snapshot(["hostile.example"], resolver=_hostile(OLD))
    return spfengine.drift(before, resolver=_hostile(NEW)).render_html(now=NOW)


def _hostile_check(ip: str = "203.0.113.1") -> Any:
    return spfengine.check(ip, f"{INVISIBLE}<b>@hostile.example", "<script>{{1337*1337}}", resolver=_hostile(OLD))


def _hostile_survey() -> str:
    domains = ["hostile.example", "broken.hostile.example", *PAYLOADS, INVISIBLE, LONG]
    return spfengine.render_html(spfengine.survey(domains, resolver=_hostile(OLD)), now=NOW)


HOSTILE: Mapping[str, Make] = {
    "check": lambda: str(_hostile_check().render_html(now=NOW)),
    "trace": lambda: str(_hostile_check().trace.render_html(now=NOW)),
    "tree": lambda: include_tree("hostile.example", resolver=_hostile(OLD)).render_html(now=NOW),
    "lint": _hostile_lint,
    "simulate": lambda: spfengine.simulate(
        "hostile.example", NEW, resolver=_hostile(OLD), senders=_senders()
    ).render_html(now=NOW),
    "enforce": lambda: enforce("hostile.example", resolver=_hostile(OLD), senders=_senders()).render_html(now=NOW),
    "suggest": lambda: spfengine.suggest("hostile.example", _senders(), resolver=_hostile(OLD)).render_html(now=NOW),
    "flatten": lambda: spfengine.flatten("hostile.example", resolver=_hostile(OLD)).render_html(now=NOW),
    "drift": _hostile_drift,
    "survey": _hostile_survey,
}
"""A report of each kind about records, names and senders that try to be markup."""


def _simulation(
    zone: spfengine.Zone, domain: str, draft: str, senders: Sequence[spfengine.Sender]
) -> EditableSimulation:
    recorder = Recorder(zone)
    spfengine.simulate(domain, draft, resolver=recorder, senders=senders)
    return recorded_simulation(recorder, domain, {domain: draft}, tuple(senders), (), ())


def seed_simulation() -> EditableSimulation:
    """Return what an interactive report of the seed story needs."""
    return _simulation(_seed(), "seed.example", DRAFT, spfengine.read_evidence([REPORT]).senders)


def hostile_simulation() -> EditableSimulation:
    """Return the same of records and senders that try to be markup."""
    return _simulation(_hostile(OLD), "hostile.example", NEW, _senders())


def _check(zone: spfengine.Zone, request: CheckRequest) -> EditableCheck:
    recorder = Recorder(zone)
    request.run(recorder)
    return recorded_check(recorder, request, {})


def seed_check() -> EditableCheck:
    """Return what an interactive report of a check in the seed story needs."""
    return _check(_seed(), CheckRequest("23.83.218.24", "alice@seed.example"))


def hostile_check() -> EditableCheck:
    """Return the same of a sender and records that try to be markup."""
    request = CheckRequest("203.0.113.1", f"{INVISIBLE}<b>@hostile.example", "<script>{{1337*1337}}")
    return _check(_hostile(OLD), request)


def bakery_lint() -> EditableLint:
    """Return what an interactive report of lint needs, with the zone inside."""
    files = (ZoneFile("bakery.zone", BAKERY.read_bytes()),)
    return recorded_lint(None, _bakery(), "bakery.example", (), (), (), (), files)


def hostile_lint() -> EditableLint:
    """Return the same of records that try to be markup, of which DNS was asked."""
    recorder = Recorder(_hostile(OLD))
    return recorded_lint(recorder, recorder, "hostile.example", (), (), (), (), ())


_YAML = b"""---
? ''
: - {type: TXT, values: [v=spf1 a mx include:_spf.seed.example ~all, x=1]}
  - {type: A, value: 192.0.2.1}
  - {type: MX, values: [{exchange: mx1.seed.example., preference: 10}]}
_spf: {type: TXT, value: v=spf1 ip4:198.51.100.0/24 -all}
mx1: {type: A, value: 192.0.2.25}
"""


def yaml_lint() -> EditableLint:
    """Return what an interactive report of lint needs of a zone of octoDNS."""
    zone = read_named(_YAML, "seed.example.yaml")
    return recorded_lint(None, zone, "seed.example", (), (), (), (), (ZoneFile("seed.example.yaml", _YAML),))
