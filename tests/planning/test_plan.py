"""The plan of a change: which names change, in which order, and what is not known."""

import json
import pickle
from collections.abc import Mapping

import pytest

from spfengine import Answer, Question, Sender, Zone
from spfengine.planning.plan import ORDER, Verdict
from spfengine.text.lines import plain
from spfengine.text.plan import plan_lines
from tests.planning.trees import planned, verdicts, zone

TF = """\
resource "aws_route53_record" "spf" {
  name    = "example.com"
  type    = "TXT"
  records = ["RECORD"]
}
"""
OCTODNS = """\
? ''
: - type: TXT
    values: [RECORD, 'x\\; y']
  - type: MX
    value: {exchange: mail.example.com., preference: 10}
mail: {type: A, value: 192.0.2.25}
"""
OPENSPF = """\
zonedata:
  example.com:
    - TXT: RECORD
"""
DNSCONTROL = 'D("example.com", REG, TXT("@", "RECORD"));\n'
IR = """{"domains": [{"name": "example.com", "records": [
  {"type": "TXT", "name": "@", "target": "RECORD", "txtstrings": ["RECORD"], "filepos": "[line:3:5]"}]}]}"""
ROUTE53 = """{"ResourceRecordSets": [{"Name": "example.com.", "Type": "TXT", "TTL": 300,
  "ResourceRecords": [{"Value": "\\"RECORD\\""}]}]}"""
BATCH = """{"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"Name": "example.com.", "Type": "TXT", "TTL": 300,
  "ResourceRecords": [{"Value": "\\"RECORD\\""}]}}]}"""
CLOUDFLARE = '{"result": [{"type": "TXT", "name": "example.com", "content": "RECORD"}]}'
EXTERNAL = """\
kind: DNSEndpoint
spec:
  endpoints:
    - dnsName: example.com
      recordType: TXT
      targets: ["RECORD"]
"""
ANSIBLE = """\
- community.general.cloudflare_dns: {zone: example.com, record: '@', type: TXT, value: 'RECORD'}
"""
PULUMI = """\
new aws.route53.Record("spf", { name: "example.com", type: "TXT", records: ["RECORD"] });
"""
FORMS = {
    "zones/example.com.zone": zone('@ TXT "RECORD"'),
    "zones/db.example.com": f'{zone("").partition(chr(10))[2]}@ TXT "RECORD"\n',
    "example.com.yaml": OCTODNS,
    "suite.yml": OPENSPF,
    "route53.json": ROUTE53,
    "batch.json": BATCH,
    "main.tf": TF,
    "dnsconfig.js": DNSCONTROL,
    "ir.json": IR,
    "cloudflare.json": CLOUDFLARE,
    "endpoints.yaml": EXTERNAL,
    "tasks/dns.yml": ANSIBLE,
    "index.ts": PULUMI,
}
WIDE, NARROW = "v=spf1 ip4:192.0.2.0/24 -all", "v=spf1 ip4:192.0.2.0/25 -all"


@pytest.mark.parametrize("path", FORMS)
def test_a_change_is_seen_in_every_form(path: str) -> None:
    before, after = ({path: FORMS[path].replace("RECORD", record)} for record in (WIDE, NARROW))
    worse, better = planned(before, after), planned(after, before)
    assert verdicts(worse) == {"example.com": Verdict.WORSE}
    assert [str(change.network) for change in worse.names[0].simulation.changes] == ["192.0.2.128/25"]
    assert worse.is_worse
    assert not worse.is_incomplete
    assert verdicts(better) == {"example.com": Verdict.CHANGED}
    assert not better.is_worse
    same = planned(before, before)
    assert (same.names, same.unchanged, same.unread) == ((), 1, ())


def test_the_worst_is_first_and_what_does_not_change_is_not_listed() -> None:
    records = {
        "broken": ("v=spf1 -all", "v=spf1 ipv4:192.0.2.1 -all"),
        "worse": (WIDE, NARROW),
        "unknown": ("v=spf1 -all", "v=spf1 include:elsewhere.example -all"),
        "stricter": ("v=spf1 mx ~all", "v=spf1 mx -all"),
        "changed": (NARROW, WIDE),
        "same": ("v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.1 -all", WIDE),
        "unchanged": (WIDE, WIDE),
    }
    before, after = (
        {"x.zone": zone("\n".join(f'{name} TXT "{pair[which]}"' for name, pair in reversed(records.items())))}
        for which in (0, 1)
    )
    found = planned(before, after)
    assert [each.name.partition(".")[0] for each in found.names] == list(records)[:-1]
    assert [str(each.verdict) for each in found.names] == list(records)[:-1]
    assert found.unchanged == 1
    assert (found.is_broken, found.is_worse, found.is_incomplete) == (True, True, True)
    assert len(ORDER) == len(Verdict)


def test_a_name_whose_include_changes_is_listed_too() -> None:
    before = zone(f'@ TXT "v=spf1 include:_spf.example.com ~all"\n_spf TXT "{WIDE}"\nother TXT "{WIDE}"')
    found = planned({"x.zone": before}, {"x.zone": before.replace(f'_spf TXT "{WIDE}"', f'_spf TXT "{NARROW}"')})
    assert verdicts(found) == {"_spf.example.com": Verdict.WORSE, "example.com": Verdict.WORSE}
    assert found.unchanged == 1


def test_an_address_that_changes_changes_what_leads_to_it() -> None:
    before = zone('@ TXT "v=spf1 mx -all"\n@ MX 10 mail\nmail A 192.0.2.1')
    found = planned({"x.zone": before}, {"x.zone": before.replace("192.0.2.1", "192.0.2.2")})
    assert verdicts(found) == {"example.com": Verdict.WORSE}
    assert planned({"x.zone": before}, {"x.zone": before.replace("mail A", "mail 600 A")}).names == ()


def test_the_receivers_whose_limits_a_change_exceeds_are_named() -> None:
    before = zone('@ TXT "v=spf1 ip4:192.0.2.1 a:one.example.com -all"')
    changes = {"ip4:192.0.2.2 -all": False, "ip4:192.0.2.2 a:two.example.com -all": True}
    for change, exceeds in changes.items():
        found = planned({"x.zone": before}, {"x.zone": before.replace("-all", change)})
        text = plain(plan_lines(found, None), None)
        assert ("after the change, some clients exceed the limits of: SpamAssassin" in text) is exceeds


@pytest.mark.parametrize("path", ["x.zone", "main.tf"])
def test_a_record_that_goes_is_worse_and_a_new_one_is_not(path: str) -> None:
    text = {"x.zone": zone(f'@ TXT "{WIDE}"'), "main.tf": TF.replace("RECORD", WIDE)}[path]
    assert verdicts(planned({path: text}, {})) == {"example.com": Verdict.WORSE}
    assert verdicts(planned({}, {path: text})) == {"example.com": Verdict.STRICTER}


@pytest.mark.parametrize(
    ("path", "text", "there", "gone"),
    [
        ("tasks/dns.yml", ANSIBLE.replace("}", ", state: STATE}"), "present", "absent"),
        ("main.tf", TF.replace("  name", "  count = STATE\n  name"), "1", "0"),
        (
            "zone.json",
            """{"rrsets": [{"name": "example.com.", "type": "TXT", "ttl": 60, "records": [
            {"content": "\\"RECORD\\"", "disabled": STATE}]}]}""",
            "false",
            "true",
        ),
    ],
)
def test_a_record_that_a_file_says_is_not_there_is_removed(path: str, text: str, there: str, gone: str) -> None:
    before, after = ({path: text.replace("RECORD", WIDE).replace("STATE", state)} for state in (there, gone))
    assert verdicts(planned(before, after)) == {"example.com": Verdict.WORSE}
    assert planned(before, before).names == ()


def test_a_record_that_moves_to_another_file_or_form_is_the_same() -> None:
    before = {"a/main.tf": TF.replace("RECORD", WIDE)}
    for after in ({"b/dns.tf": TF.replace("RECORD", WIDE)}, {"dnsconfig.js": DNSCONTROL.replace("RECORD", WIDE)}):
        found = planned(before, after)
        assert (found.names, found.unchanged) == ((), 1)


class TestUnknown:
    RELAY = TF.replace("RECORD", "v=spf1 ip4:192.0.2.0/24 include:${var.relay} -all")

    def test_an_unknown_part_that_stays_is_named_and_nothing_is_worse(self) -> None:
        found = planned({"main.tf": self.RELAY}, {"main.tf": self.RELAY + "# more\n"})
        assert found.names == ()
        assert found.unknown == ("main.tf, line 4: ${var.relay}",)
        assert not found.is_incomplete

    def test_what_depends_on_an_unknown_part_is_not_known(self) -> None:
        after = self.RELAY.replace("192.0.2.0/24", "192.0.2.0/25")
        found = planned({"main.tf": self.RELAY}, {"main.tf": after})
        [name] = found.names
        assert (name.verdict, name.parts) == (Verdict.UNKNOWN, ("${var.relay}",))
        assert found.is_incomplete
        assert not found.is_worse
        text = json.dumps(found.to_dict())
        assert "include:${var.relay}" in text
        assert "unknown.invalid" not in text

    def test_what_comes_before_an_unknown_part_is_compared(self) -> None:
        before = "v=spf1 -ip4:192.0.2.1 ip4:192.0.2.0/24 ${var.terms} -all"
        after = "v=spf1 -ip4:192.0.2.0/30 ip4:192.0.2.0/24 ${var.terms} -all"
        found = planned({"main.tf": TF.replace("RECORD", before)}, {"main.tf": TF.replace("RECORD", after)})
        assert verdicts(found) == {"example.com": Verdict.WORSE}

    def test_another_unknown_part_is_not_known(self) -> None:
        found = planned({"main.tf": self.RELAY}, {"main.tf": self.RELAY.replace("var.relay", "var.other")})
        assert verdicts(found) == {"example.com": Verdict.UNKNOWN}

    def test_a_record_whose_name_is_not_known_is_compared_by_its_place(self) -> None:
        text = TF.replace('"example.com"', "var.domain").replace("RECORD", WIDE)
        found = planned({"main.tf": text}, {"main.tf": text.replace(WIDE, NARROW)})
        assert verdicts(found) == {"main.tf, line 4 (name: var.domain)": Verdict.WORSE}
        same = planned({"main.tf": text}, {"moved.tf": "\n" + text})
        assert (same.names, same.unknown) == ((), ("moved.tf, line 5 (name: var.domain)",))

    def test_a_name_that_becomes_unknown_may_still_have_its_record(self) -> None:
        before = TF.replace("RECORD", WIDE)
        found = planned({"main.tf": before}, {"main.tf": before.replace('"example.com"', "local.name")})
        assert found.is_incomplete
        assert not found.is_worse
        assert verdicts(found)["example.com"] is Verdict.UNKNOWN

    def test_names_outside_the_files_are_not_known_unless_something_answers(self) -> None:
        texts = [TF.replace("RECORD", f"v=spf1 include:{name}.example -all") for name in ("a", "b")]
        files = [{"main.tf": text} for text in texts]
        assert planned(files[0], files[1]).is_incomplete
        below = Zone({"a.example": {"TXT": WIDE}, "b.example": {"TXT": NARROW}})
        found = planned(files[0], files[1], below=below)
        assert (found.is_worse, found.is_incomplete) == (True, False)

    def test_an_unknown_part_that_may_need_no_lookup_is_not_counted_as_one(self) -> None:
        asking = " ".join(f"a:h{number}.example" for number in range(10))
        before = TF.replace("RECORD", f"v=spf1 {asking} -all")
        after = TF.replace("RECORD", f"v=spf1 {asking} ip4:${{var.ip}} -all")
        below = Zone({f"h{number}.example": {"A": "192.0.2.1", "AAAA": "2001:db8::1"} for number in range(10)})
        found = planned({"main.tf": before}, {"main.tf": after}, below=below)
        assert verdicts(found) == {"example.com": Verdict.UNKNOWN}
        more = planned({"main.tf": before}, {"main.tf": after.replace("ip4:", "include:")}, below=below)
        assert verdicts(more) == {"example.com": Verdict.WORSE}

    def test_an_unknown_part_right_after_the_version(self) -> None:
        before = TF.replace("RECORD", WIDE)
        found = planned({"main.tf": before}, {"main.tf": TF.replace("RECORD", "v=spf1${var.terms} -all")})
        assert verdicts(found) == {"example.com": Verdict.UNKNOWN}
        assert found.names[0].parts == ("${var.terms}",)

    def test_a_term_that_only_a_check_can_follow_may_lead_to_what_changes(self) -> None:
        before = zone('@ TXT "v=spf1 exists:%{ir}._ip.example.com -all"\n1.2.0.192._ip A 127.0.0.2\nwww A 192.0.2.1')
        found = planned({"x.zone": before}, {"x.zone": before.replace("1.2.0.192._ip A 127.0.0.2", "")})
        assert verdicts(found) == {"example.com": Verdict.UNKNOWN}
        assert "exists:%{ir}._ip.example.com" in found.names[0].unsure
        text = plain(plan_lines(found, 80), 80)
        assert "example.com: not known whether something gets worse\n" in text
        assert "no result changes" not in text
        elsewhere = planned({"x.zone": before}, {"x.zone": before.replace("www A 192.0.2.1", "www A 192.0.2.2")})
        assert elsewhere.names == ()

    def test_live_dns_does_not_bring_back_a_record_that_the_change_removes(self) -> None:
        below = Zone({"example.com": {"TXT": WIDE}})
        found = planned({"main.tf": TF.replace("RECORD", WIDE)}, {}, below=below)
        assert verdicts(found) == {"example.com": Verdict.WORSE}

    def test_nothing_is_asked_of_dns_for_what_files_do_not_say(self) -> None:
        class Refusing:
            def resolve(self, question: Question, /) -> Answer:
                assert "unknown.invalid" not in question.name
                return Answer.nxdomain()

        text = self.RELAY.replace('"example.com"', "var.domain")
        assert planned({"main.tf": text}, {"main.tf": text.replace("/24", "/25")}, below=Refusing()).is_incomplete


class TestUnread:
    def test_a_file_that_the_change_breaks(self) -> None:
        found = planned({"x.zone": zone(f'@ TXT "{WIDE}"')}, {"x.zone": zone('@ TXT "v=spf1')})
        [unread] = found.unread
        assert (unread.path, unread.is_broken, unread.is_changed) == ("x.zone", True, True)
        assert "line 3" in unread.why
        assert found.is_broken

    def test_a_file_that_never_could_be_read_is_named(self) -> None:
        bad = zone('@ TXT "v=spf1')
        same = planned({"x.zone": bad}, {"x.zone": bad})
        assert ([each.path for each in same.unread], same.is_incomplete) == (["x.zone"], False)
        changed = planned({"x.zone": bad}, {"x.zone": bad + "\n"})
        assert (changed.is_incomplete, changed.is_broken) == (True, False)

    @pytest.mark.parametrize(
        ("path", "text"),
        [
            ("setup.cfg", "[x]\nIN = TXT"),
            ("poetry.lock", "# IN A word\nx = [ A ]\n"),
            ("conf/relay.toml", "# Relays IN Europe\n"),
            ("package.json", '{"name": "x"}'),
            ("values.yaml", "a: b\n"),
            ("photo.db", b"\0\1\2"),
            ("notes.txt", "IN TXT we trust"),
        ],
    )
    def test_other_files_are_left_alone(self, path: str, text: str | bytes) -> None:
        found = planned({path: text}, {path: b"\n" if isinstance(text, bytes) else text + "\n"})
        assert (found.names, found.unchanged, found.unread) == ((), 0, ())


def test_files_that_contradict_each_other_are_compared_one_by_one() -> None:
    def views(inside: str) -> Mapping[str, str]:
        return {
            "inside/example.com.zone": zone(f'@ TXT "{inside}"'),
            "outside/example.com.zone": zone(f'@ TXT "{WIDE}"'),
        }

    found = planned(views("v=spf1 ip4:10.0.0.0/8 -all"), views("v=spf1 ip4:10.0.0.0/9 -all"))
    assert [(each.file, each.verdict) for each in found.names] == [("inside/example.com.zone", Verdict.WORSE)]
    assert found.conflicts == (("example.com", ("inside/example.com.zone", "outside/example.com.zone")),)


def test_two_records_in_one_file_are_two_records_of_the_name() -> None:
    text = DNSCONTROL.replace("RECORD", WIDE)
    twice = text.replace("));", f'), TXT("@", "{NARROW}"));')
    assert verdicts(planned({"dnsconfig.js": text}, {"dnsconfig.js": twice})) == {"example.com": Verdict.BROKEN}


def test_a_sender_that_gets_a_worse_result_counts() -> None:
    before, after = ({"x.zone": zone(f'@ TXT "v=spf1 mx {end}"')} for end in ("~all", "-all"))
    sender = Sender("198.51.100.1", "@example.com", count=7)
    assert verdicts(planned(before, after)) == {"example.com": Verdict.STRICTER}
    found = planned(before, after, senders=lambda name: [sender] if name == "example.com" else [])
    assert verdicts(found) == {"example.com": Verdict.WORSE}


def test_json_has_the_answer_and_each_name() -> None:
    found = planned({"x.zone": zone(f'@ TXT "{WIDE}"')}, {"x.zone": zone(f'@ TXT "{NARROW}"')})
    document = found.to_dict()
    assert (document["schema"], document["worse"], document["broken"]) == ("spfengine.plan/1", True, False)
    [name] = json.loads(json.dumps(document))["names"]
    assert (name["name"], name["verdict"]) == ("example.com", "worse")
    assert name["simulation"]["schema"] == "spfengine.simulation/1"


def test_values_have_a_repr_of_one_line_and_names_can_be_pickled() -> None:
    found = planned({"x.zone": zone(f'@ TXT "{WIDE}"')}, {"x.zone": zone(f'@ TXT "{NARROW}"')})
    assert repr(found) == "<Plan of 1 names that change, and 0 that do not>"
    assert repr(found.names[0]) == "<PlannedName example.com: worse>"
    assert pickle.loads(pickle.dumps(found.names[0])) == found.names[0]
