"""A record that becomes the value of a variable is not removed: what it is then is not known, and named."""

import pytest

from spfengine import Zone
from spfengine.planning.plan import Verdict
from spfengine.sources.finder import unshown_in
from tests.planning.trees import planned, verdicts

RECORD = "v=spf1 ip4:192.0.2.1 -all"
TF = 'resource "aws_route53_record" "spf" {\n  name    = NAME\n  type    = "TXT"\n  records = VALUE\n}\n'
AZURE = (
    'resource "azurerm_dns_txt_record" "x" {\n'
    '  name = "@"\n  zone_name = "example.com"\n  record { value = VALUE }\n}\n'
)
ANSIBLE = "- cloudflare_dns:\n    zone: example.com\n    record: '@'\n    type: TXT\n    value: VALUE\n"
CFN = (
    "R:\n  Type: AWS::Route53::RecordSet\n"
    "  Properties:\n    Name: example.com.\n    Type: TXT\n    ResourceRecords: [VALUE]\n"
)
HELM = "- dnsName: example.com\n  recordType: TXT\n  targets:\n  - VALUE\n"
PULUMI = 'new aws.route53.Record("spf", { name: "example.com", type: "TXT", records: VALUE });\n'
PYTHON = 'Record("spf", name="example.com", type="TXT", records=VALUE)\n'
DNSCONTROL = 'D("example.com", REG, TXT("@", VALUE));\n'
APEX = TF.replace("NAME", '"example.com"')
# file, its text, the value before, the value after, and what of that is not shown
FORMS = {
    "a variable": ("main.tf", APEX, f'["{RECORD}"]', "[var.spf]", "var.spf"),
    "an interpolation": (
        "main.tf",
        APEX,
        f'["{RECORD}"]',
        '["${local.spf}"]',
        "${local.spf}",
    ),
    "a list": ("main.tf", APEX, f'["{RECORD}"]', "local.txt", "local.txt"),
    "the second of a list": (
        "main.tf",
        APEX,
        f'["x=y", "{RECORD}"]',
        '["x=y", module.spf.value]',
        "module.spf.value",
    ),
    "Azure": ("main.tf", AZURE, f'"{RECORD}"', "var.spf", "var.spf"),
    "Ansible": ("tasks.yml", ANSIBLE, RECORD, '"{{ spf }}"', "{{ spf }}"),
    "CloudFormation": ("t.yaml", CFN, f"'\"{RECORD}\"'", "!Ref Spf", "!Ref Spf"),
    "CloudFormation in JSON": (
        "t.json",
        '{"R": {"Properties": {"Name": "example.com.", "Type": "TXT", "ResourceRecords": [VALUE]}}}',
        f'"\\"{RECORD}\\""',
        '{"Ref": "Spf"}',
        '{"Ref": "Spf"}',
    ),
    "DNSControl, SPF_BUILDER": (
        "dnsconfig.js",
        'D("example.com", REG, SPF_BUILDER({label: "@", parts: VALUE}));\n',
        str(RECORD.split()).replace("'", '"'),
        "PARTS",
        "PARTS",
    ),
    "Helm": ("dns.yaml", HELM, RECORD, "{{ .Values.spf }}", "{{ .Values.spf }}"),
    "Pulumi": ("index.ts", PULUMI, f'["{RECORD}"]', "[config.require(`spf`)]", "config.require(`spf`)"),
    "Python": ("__main__.py", PYTHON, f'["{RECORD}"]', "[spf_record]", "spf_record"),
    "DNSControl": ("dnsconfig.js", DNSCONTROL, f'"{RECORD}"', "SPF", "SPF"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_record_that_becomes_a_variable_is_not_known(form: str) -> None:
    path, text, value, variable, shown = FORMS[form]
    files = {path: text.replace("VALUE", value)}, {path: text.replace("VALUE", variable)}
    for before, after in (files, files[::-1]):
        found = planned(before, after)
        assert verdicts(found) == {"example.com": Verdict.UNKNOWN}
        assert (found.is_worse, found.is_broken, found.is_incomplete) == (False, False, True)
        [name] = found.names
        assert name.parts == (shown,)
        assert f"{shown} ({path}, line " in name.unsure
        for report in (found.render(), found.render_markdown()):
            assert "removed" not in report
            assert f"what {shown} ({path}, line " in " ".join(report.split())
            assert "--live" not in report


def test_live_dns_does_not_say_what_a_variable_will_be() -> None:
    path, text, value, variable, _ = FORMS["a variable"]
    live = Zone.from_text(f'example.com. IN TXT "{RECORD}"\n', "example.com")
    found = planned({path: text.replace("VALUE", value)}, {path: text.replace("VALUE", variable)}, below=live)
    assert verdicts(found) == {"example.com": Verdict.UNKNOWN}


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (TF.replace("NAME", '"other.example"').replace("VALUE", "[var.x]"), Verdict.WORSE),
        (APEX.replace("TXT", "A").replace("VALUE", "[var.ip]"), Verdict.WORSE),
        (APEX.replace("VALUE", '["x=${var.x}"]'), Verdict.WORSE),
        (TF.replace("NAME", "each.key").replace("VALUE", "[each.value]"), Verdict.UNKNOWN),
        ("", Verdict.WORSE),
    ],
)
def test_only_what_may_be_the_record_makes_it_unknown(after: str, verdict: Verdict) -> None:
    before = APEX.replace("VALUE", f'["{RECORD}"]')
    assert verdicts(planned({"main.tf": before}, {"main.tf": after})) == {"example.com": verdict}


def test_a_variable_that_was_beside_the_record_is_another_record() -> None:
    record = APEX.replace("VALUE", f'["{RECORD}"]')
    beside = APEX.replace("VALUE", "[var.verification]")
    assert verdicts(planned({"a.tf": record, "b.tf": beside}, {"b.tf": beside})) == {"example.com": Verdict.WORSE}


def test_the_place_of_a_value_that_is_not_shown() -> None:
    [found] = unshown_in("main.tf", TF.replace("NAME", "var.name").replace("VALUE", "[var.spf]"))
    assert (found.name, found.name_text, found.text) == (None, "var.name", "var.spf")
    assert (found.region.line, found.region.column, found.region.end_column) == (4, 14, 21)
