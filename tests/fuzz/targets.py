"""The targets: each reads octets, and raises AssertionError, or what should not be raised, if a promise is broken."""

import atexit
import gzip
import io
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import dns.message

import spfengine
from spfengine import Policy, Question, RRType, Sender, Zone
from spfengine.advice.drift.snapshot import Snapshot
from spfengine.answers import Answer, Status
from spfengine.catalogue.catalogue import Catalogue
from spfengine.evidence import large_tables
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.pasted import fields_in, looks_pasted
from spfengine.evidence.reading import iterate_other_senders, iterate_senders
from spfengine.replaying.totals import Totals
from spfengine.resolvers.recording import Recording
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Stub
from spfengine.resolvers.zone_files.pasted import read_pasted
from spfengine.sources.finder import records_in
from spfengine.testing.suites import SuiteError, read_suite
from spfengine.testing.wire import read_query
from tests.report.dom import Page, foreign

if TYPE_CHECKING:
    from spfengine.evidence.plain_rows import PlainRows

_TESTS = Path(__file__).parents[1]
_SAMPLES = {folder: _TESTS / folder / "samples" for folder in ("evidence", "resolvers", "sources")}
_FOLDER = Path(mkdtemp(prefix="fuzz"))
atexit.register(rmtree, _FOLDER, ignore_errors=True)
Read = Callable[[bytes], object]

GOOD = (
    b'<?xml version="1.0"?><feedback><report_metadata/><record><row><source_ip>192.0.2.99</source_ip><count>7</count>'
    b"</row><identifiers><header_from>good.example</header_from></identifiers><auth_results><spf><domain>good.example"
    b"</domain><result>pass</result></spf></auth_results></record></feedback>"
)
"""A report next to the file that is read: whatever that holds, the report's sender is found."""


PROVIDER = b"""[[provider]]
name = "X"
include = "x.example"
kind = "relay"
shared = true
mx = ["mx.x.example"]
attested = { own = "a test" }
"""


@dataclass(frozen=True, slots=True)
class Target:
    """A reader of untrusted octets.

    Attributes:
        read: reads octets.
        seeds: octets to begin with.
        tokens: what mutations put in: words of the format.
    """

    read: Read
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...] = ()


def _record(data: bytes) -> None:
    with suppress(spfengine.RecordSyntaxError):
        record = spfengine.parse(data)
        assert spfengine.parse(str(record)) == record
    assert all(problem.text.isprintable() for problem in spfengine.diagnose(data))
    zone = Zone({"d.example": {"TXT": data[:60_000]}, "a.example": {"A": "192.0.2.1"}})
    result = spfengine.check("192.0.2.1", "u@d.example", "h.example", resolver=zone)
    assert all(line.isprintable() for line in result.received_spf().splitlines())
    assert all(finding.text.isprintable() for finding in spfengine.lint("d.example", resolver=zone))


def _macro(data: bytes) -> None:
    text = data.decode("latin-1")
    local, _, domain_spec = text.partition("\n")
    zone = Zone({"d.example": {"TXT": f"v=spf1 exists:{domain_spec} exp={domain_spec}"}, "*.d.example": {"TXT": text}})
    result = spfengine.check("2001:db8::1", f"{local}@d.example", domain_spec, resolver=zone)
    assert (result.explanation or "").isascii()
    policy = Policy.compile("d.example", resolver=zone)
    outcome = policy.check("2001:db8::1", sender=f"{local}@d.example", helo=domain_spec, resolver=zone)
    assert outcome.result == result.result


def _zone(suffix: str) -> Read:
    path = _FOLDER / f"d.example{suffix}"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        with suppress(spfengine.ZoneError, spfengine.RecordingError):
            zone = spfengine.read_zone(path)
            assert isinstance(zone.resolve(Question("d.example", RRType.TXT)).status, Status)

    return read


def _evidence(name: str) -> Read:
    """One file never costs another, and nothing that it holds raises."""
    path, good = _FOLDER / name, _FOLDER / "good.xml"
    good.write_bytes(GOOD)

    def read(data: bytes) -> None:
        path.write_bytes(data)
        evidence = spfengine.read_evidence([path, good])
        assert sum(each.count for each in evidence.senders if each.ip == "192.0.2.99") >= 7
        for unread in (*evidence.unread, *evidence.repaired):
            assert str(unread).isprintable()

    return read


def _plain_rows(data: bytes) -> None:
    """A table that is read by columns has the senders and the faults that it has row by row."""
    path = _FOLDER / "plain.csv"
    path.write_bytes(data)
    found: list[Sender] = []
    by_columns, by_rows = Ledger(), Ledger()

    def take(rows: "PlainRows") -> None:
        found.extend([rows.sender_at(row) for row in range(len(rows.messages))])

    with patch.multiple(large_tables, CHUNK=1, _BLOCK=64):
        found += iterate_other_senders(path, by_columns, take)
    assert Counter(found) == Counter(iterate_senders(path, by_rows))
    assert (by_columns.unread, by_columns.kinds) == (by_rows.unread, by_rows.kinds)


def _container(data: bytes) -> None:
    """Octets in containers, which the first octet chooses: gzip, zip (with any name), mail, mailbox, one in another."""
    kind, data = (data[0] if data else 0), data[1:]
    for layer in (kind & 7, kind >> 3 & 7):
        if layer == 1:
            data = gzip.compress(data, mtime=0)
        elif layer == 2:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w") as archive:
                archive.writestr("NAME.xml", data)
                archive.writestr("good.xml", b"x")
            data = file.getvalue().replace(b"NAME", data[:4].ljust(4, b"\0"))
        elif layer == 3:
            data = b"From: u@d.example\nContent-Type: application/gzip\n\n" + data
        elif layer == 4:
            data = b"From u\nSubject: x\n\n" + data + b"\n\nFrom u\nSubject: y\n\n" + data
        elif layer == 5:
            data = b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="b"\n\n--b\n\n' + data + b"\n--b--\n"
    _CONTAINED(data)


def _headers(data: bytes) -> None:
    text = data.decode("latin-1")
    with suppress(spfengine.HeaderError):
        spfengine.parse_received_spf(text)
    with suppress(spfengine.HeaderError):
        spfengine.parse_authentication_results(text)
    if looks_pasted(text):
        fields_in(text)


def _pasted(data: bytes) -> None:
    read_pasted(data.decode("utf-8", "replace"))


def _wire(data: bytes) -> None:
    """A reply counts only if it repeats the question, and only by records that the name asked for leads to."""
    stub = Stub([Server(2, ("192.0.2.53", 53))], 1.0, 0, 1.0)
    asking = stub.ask(Question("d.example", RRType.A))
    answer = None
    try:
        attempt = next(asking)
        for _ in range(20):
            wire = attempt.query.id.to_bytes(2, "big") + data
            attempt = asking.send(attempt.accept(wire))
    except StopIteration as stop:
        answer = stop.value
    read_query(data)
    if answer is not None and answer.records:
        assert isinstance(answer, Answer)
        assert set(answer.records) <= _led_to(b"\0\0" + data)


def _led_to(wire: bytes) -> set[Any]:
    """Return the addresses in the answer section that d.example leads to, found in another way than the stub does."""
    message = dns.message.from_wire(wire, one_rr_per_rrset=True, ignore_trailing=True, continue_on_error=True)
    names, size = {"d.example."}, 0
    while size < len(names):
        size = len(names)
        for rrset in message.answer:
            if rrset.rdtype == 5 and str(rrset.name).lower() in names:
                names.add(str(rrset[0].target).lower())
    return {
        int.from_bytes(bytes(map(int, rrset[0].address.split("."))), "big")
        for rrset in message.answer
        if rrset.rdtype == 1 and rrset.rdclass == 1 and str(rrset.name).lower() in names
    }


def _json(read: Callable[[bytes], object], *errors: type[Exception]) -> Read:
    def quiet(data: bytes) -> None:
        with suppress(*errors):
            read(data)

    return quiet


def _values(read: Callable[[object], object]) -> Read:
    import json

    def quiet(data: bytes) -> None:
        with suppress(ValueError, RecursionError):
            document = json.loads(data)
            with suppress(spfengine.ArgumentError):
                read(document)
                return
            return

    return quiet


def _source(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for ending in (".py", ".tf", ".js", ".yaml", ".json"):
        for found in records_in(f"x{ending}", text):
            assert found.source.lower().count("v=spf1") >= 1


def _suite(data: bytes) -> None:
    with suppress(SuiteError):
        read_suite(data.decode("utf-8", "replace"), "fuzz")


def _html(data: bytes) -> None:
    """A report, which the first octet chooses, of a record, a TXT record that it leads to, a sender and a HELO name."""
    kind, (record, other, local, helo, *_) = (data[0] if data else 0), [*data[1:].split(b"\n"), b"", b"", b"", b""]
    names: dict[str, Any] = {
        "d.example": {"TXT": record[:60_000]},
        "e.example": {"TXT": other[:60_000]},
        "a.example": {"A": "192.0.2.1"},
    }
    zone = Zone(names)
    sender, name = f"{local.decode('latin-1')}@d.example", helo.decode("latin-1")
    senders = [Sender("192.0.2.1", sender, name), Sender("203.0.113.1", "@d.example", reported=name)]
    makers: tuple[Callable[[], Any], ...] = (
        lambda: spfengine.check("192.0.2.1", sender, name, resolver=zone),
        lambda: spfengine.check("192.0.2.1", sender, name, resolver=zone).trace,
        lambda: spfengine.lint("d.example", resolver=zone),
        lambda: spfengine.simulate("d.example", "v=spf1 ~all", resolver=zone, senders=senders),
        lambda: spfengine.suggest("d.example", senders, resolver=zone, catalogue=_CATALOGUE),
        lambda: spfengine.survey(["d.example", name], resolver=zone),
    )
    page = Page(spfengine.render_html(makers[kind % len(makers)](), now=0))
    assert not page.faults
    assert list(foreign(page)) == []


def _samples(folder: str, *names: str) -> tuple[bytes, ...]:
    return tuple((_SAMPLES[folder] / name).read_bytes() for name in names)


def _reply() -> bytes:
    """A reply without its id: d.example is an alias, and there are records of other names, types and sections."""
    lines = """id 0
opcode QUERY
rcode NOERROR
flags QR RD RA
;QUESTION
d.example. IN A
;ANSWER
d.example. 60 IN CNAME e.example.
e.example. 60 IN A 192.0.2.1
f.example. 60 IN A 192.0.2.66
e.example. 60 IN TXT "v=spf1 -all"
;AUTHORITY
example. 60 IN SOA ns.example. h.example. 1 2 3 4 60
;ADDITIONAL
d.example. 60 IN A 192.0.2.67
"""
    return dns.message.from_text(lines).to_wire()[2:]


_CONTAINED = _evidence("contained")
_CATALOGUE = Catalogue.from_text(PROVIDER.decode())
_POLICY = Policy.compile("d.example", resolver=Zone({"d.example": {"TXT": "v=spf1 exists:%{i}.x ip4:192.0.2.1 -all"}}))
_TOTALS = spfengine.replay([Sender("192.0.2.1", "@d.example")], [(_POLICY, _POLICY)])
_TAKEN = spfengine.snapshot(["d.example"], resolver=Zone({"d.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"}}))


def _dumped(document: object) -> bytes:
    import json

    return json.dumps(document).encode()


_TERMS = (
    b"v=spf1 ",
    b"all",
    b" a",
    b" mx",
    b" ptr",
    b" include:",
    b" exists:",
    b"redirect=",
    b"exp=",
    b"%{i}",
    b"%{l1r-}",
    b"%{p}",
    b"ip4:",
    b"ip6:::/",
    b"/24//64",
)
_XML = (
    b"<record>",
    b"</record>",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<!DOCTYPE",
    b"&amp;",
    b"&#0;",
    b"\xff\xfe",
    b"<?xml ",
)
_YAML = (
    b"---\n",
    b"...\n",
    b"!!int ",
    b"!!omap ",
    b"&a ",
    b"*a",
    b"<<: ",
    b"- ",
    b"? ",
    b"|\n",
    b"{",
    b"}",
    b"\n  ",
    b"type: TXT",
)
_JSON = (b"null", b"true", b"1e999", b"-1", b"[]", b"{}", b'"', b'""', b"\\ud800", b",", b":", b"[" * 50)
_MAIL = (
    b"\n\n",
    b"\nFrom ",
    b"Received-SPF: pass",
    b"Authentication-Results:",
    b"; spf=pass",
    b"\r\n ",
    b"=?utf-8?q?x?=",
    b"--b",
)

TARGETS: dict[str, Target] = {
    "record": Target(_record, (b"v=spf1 a mx:h.example/24 include:a.example ip4:192.0.2.0/24 -all",), _TERMS),
    "macro": Target(_macro, (b"user\n%{i}.%{s}.%{d2}._spf.d.example",), _TERMS),
    "zone-master": Target(
        _zone(".db"),
        _samples("resolvers", "cpanel.db", "cloudflare.txt", "no-origin.txt"),
        (b"$ORIGIN ", b"$TTL ", b"$INCLUDE ", b"(", b")", b'"', b"\\000", b"\\", b";", b"@", b" IN TXT ", b"*."),
    ),
    "zone-yaml": Target(
        _zone(".yaml"),
        (*_samples("resolvers", "example.com.yaml"), b"zonedata: {d.example: [{TXT: v=spf1 -all}]}\n"),
        _YAML,
    ),
    "zone-json": Target(
        _zone(".json"),
        (*_samples("resolvers", "route53.json"), b'{"zonedata":{"d.example":[{"TXT":"v=spf1 -all"}]}}'),
        _JSON,
    ),
    "evidence-report": Target(
        _evidence("r.xml"), _samples("evidence", "google.xml", "dmarc-2.0.xml", "prefixed.xml"), _XML
    ),
    "evidence-mail": Target(
        _evidence("m.eml"), _samples("evidence", "exim.eml", "microsoft.eml", "rspamd.eml", "policyd-spf.eml"), _MAIL
    ),
    "evidence-log": Target(
        _evidence("mail.log"),
        _samples("evidence", "postfix.log", "exim.log"),
        (b"client=", b"[192.0.2.1]", b"from=<", b"\n"),
    ),
    "evidence-table": Target(
        _evidence("t.csv"), (*_samples("evidence", "table.csv"), b'[{"ip":"192.0.2.1","sender":"u@d.example"}]'), _JSON
    ),
    "evidence-parquet": Target(_evidence("t.parquet"), ((_TESTS / "fuzz" / "senders.parquet").read_bytes(),)),
    "plain-rows": Target(
        _plain_rows,
        (b"ip,sender,helo,count\n192.0.2.1,u@d.example,h.example,7\n2001:db8::1,D.example,,\n" * 2,),
        (b",", b"\n", b'"', b"@", b".", b":", b"<>", b"\r\n", b" ", b"::ffff:", b"255", b"#", b"ip,"),
    ),
    "container": Target(
        _container, tuple(bytes([kind]) + GOOD for kind in range(0, 48, 5)), (b"\0", b"PK\5\6", b"\x1f\x8b\x08", *_MAIL)
    ),
    "headers": Target(
        _headers,
        (
            b'pass (mx.example: u@d.example) client-ip=192.0.2.1; envelope-from="u@d.example"; helo=h.example',
            b"mx.example 1; spf=pass (x) smtp.mailfrom=u@d.example smtp.helo=h.example; dkim=none",
        ),
        (b"(", b")", b'"', b"\\", b";", b"=", b"\r\n ", b" spf=", b"client-ip="),
    ),
    "pasted": Target(
        _pasted,
        (b'"v=spf1 a" "mx -all"', "“v=spf1 \N{MINUS SIGN}all”".encode()),
        (b'"', b"\\", b" TXT ", b"(", *_TERMS),
    ),
    "dns-wire": Target(
        _wire, (_reply(),), (b"\xc0\x0c", b"\xc0\x00", b"\0", b"\x07example\0", b"\0\1\0\1", b"\0\5\0\1")
    ),
    "json-recording": Target(
        _json(Recording.from_json, spfengine.RecordingError), (_TAKEN.recording.to_json().encode(),), _JSON
    ),
    "json-snapshot": Target(_json(Snapshot.from_json, spfengine.RecordingError), (_TAKEN.to_json().encode(),), _JSON),
    "json-policy": Target(_values(Policy.from_dict), (_dumped(_POLICY.to_dict()),), _JSON),
    "json-totals": Target(_values(Totals.from_dict), (_dumped(_TOTALS.to_dict()),), _JSON),
    "catalogue": Target(
        _json(lambda data: Catalogue.from_text(data.decode("utf-8", "replace")), spfengine.CatalogueError),
        (PROVIDER,),
        (b"[[", b"]]", b'"""', b"= 1", b"\n", b"'"),
    ),
    "suite": Target(
        _suite,
        (b"description: x\ntests:\n  t: {spec: '4', host: 192.0.2.1, mailfrom: u@d, result: pass}\nzonedata: {}\n",),
        _YAML,
    ),
    "source-file": Target(
        _source,
        _samples("sources", "main.tf", "dnsconfig.js", "values.yaml", "change.json", "records.py.sample"),
        (b'"v=spf1 ', b"'", b'"', b"`", b"${", b"}", b"<<EOF\n", b"#", b"//", b"/*", b"*/", b"\\", b"f'", b"%s"),
    ),
    "html": Target(
        _html,
        tuple(
            bytes([kind])
            + b"v=spf1 include:e.example exp=e.example x=<b>&amp; -all\nv=spf1 a:a.example -all\nu\n<i>.example"
            for kind in range(6)
        ),
        (
            b"<script>",
            b"</style>",
            b"<!--",
            b"]]>",
            b'"',
            b"'",
            b"&#60;",
            b"&lt;",
            b"{{",
            b"{%",
            b"javascript:",
            *_TERMS,
        ),
    ),
}
