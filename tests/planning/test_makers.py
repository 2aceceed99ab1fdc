"""A record that something else in the files may make now is not removed: what it is then is not known, and named."""

import pytest

from spfengine.planning.plan import Verdict
from tests.planning.trees import planned, verdicts

RECORD = "v=spf1 ip4:192.0.2.1 -all"
TF = (
    'resource "aws_route53_record" "spf" {\n'
    f'  name    = "example.com"\n  type    = "TXT"\n  records = ["{RECORD}"]\n}}\n'
)
WWW = (
    'resource "aws_route53_record" "www" {\n  name    = "www.example.com"\n  type    = "A"\n'
    '  records = ["192.0.2.80"]\n}\n'
)
TF_JSON = '{"resource": {"aws_route53_record": {"spf": {"name": "example.com", "type": "TXT", "records": ["%s"]}}}}'
DNSCONTROL = 'D("example.com", REG, DnsProvider(R53), A("@", "192.0.2.80")%s);\n'
PULUMI = f'new aws.route53.Record("spf", {{ name: "example.com", type: "TXT", records: ["{RECORD}"] }});\n'
PYTHON = f'Record("spf", name="example.com", type="TXT", records=["{RECORD}"])\n'
ANSIBLE = "- cloudflare_dns:\n    zone: example.com\n    record: '@'\n    type: TXT\n    value: {value}\n".replace(
    "{value}", RECORD
)
CFN = (
    "Resources:\n  R:\n    Type: AWS::Route53::RecordSet\n    Properties:\n      Name: example.com.\n      Type: TXT\n"
    f"      ResourceRecords: ['\"{RECORD}\"']\n"
)
SPF_IN_DNSCONTROL = f', TXT("@", "{RECORD}")'

ZONE = "$ORIGIN example.com.\n@ 300 IN SOA ns hostmaster 1 2 3 4 5\n"
HELM = f"records:\n- dnsName: example.com\n  recordType: TXT\n  targets:\n  - {RECORD}\n"

# the files before, the files after, and what may make the record then
MAY_BE_MADE = {
    "a module": (
        {"main.tf": TF + WWW},
        {"main.tf": WWW + 'module "mail" {\n  source = "./modules/mail"\n  domain = "example.com"\n}\n'},
        'module "mail" (main.tf, line 6)',
    ),
    "a module in another file": (
        {"spf.tf": TF},
        {"dns.tf": 'module "dns" {\n  source  = "acme/dns/aws"\n  version = "2.1.0"\n}\n'},
        'module "dns" (dns.tf, line 1)',
    ),
    "a module that gets more": (
        {"main.tf": TF + 'module "mail" {\n  source = "./mail"\n}\n'},
        {"main.tf": 'module "mail" {\n  source = "./mail"\n  records = var.records\n}\n'},
        'module "mail" (main.tf, line 1)',
    ),
    "a module in JSON": (
        {"main.tf.json": TF_JSON % RECORD},
        {"main.tf.json": '{"module": {"mail": {"source": "./mail", "domain": "example.com"}}}'},
        "(main.tf.json, line 1)",
    ),
    "a record of any type": (
        {"main.tf": TF},
        {
            "main.tf": 'resource "aws_route53_record" "all" {\n  for_each = var.records\n  name     = each.value.name\n'
            "  type     = each.value.type\n  records  = each.value.values\n}\n"
        },
        "(main.tf, line 1)",
    ),
    "a function of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % ', mailRecords("example.com")'},
        'mailRecords("example.com") (dnsconfig.js, line 1)',
    ),
    "a builder of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % ', M365_BUILDER({label: "@"})'},
        "M365_BUILDER",
    ),
    "a variable of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % ", MAIL"},
        "MAIL (dnsconfig.js, line 1)",
    ),
    "another file of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": 'require("./example.js");\n'},
        'require("./example.js") (dnsconfig.js, line 1)',
    ),
    "a component of Pulumi": (
        {"index.ts": PULUMI},
        {"index.ts": 'new MailDomain("mail", { zone: "example.com" });\n'},
        "(index.ts, line 1)",
    ),
    "a function of Python": (
        {"__main__.py": PYTHON},
        {"__main__.py": 'for name in ("example.com", "example.net"):\n    add_spf(name)\n'},
        "add_spf(name) (__main__.py, line 2)",
    ),
    "a role of Ansible": (
        {"tasks.yml": ANSIBLE},
        {"tasks.yml": "- include_role:\n    name: mail-dns\n"},
        "include_role",
    ),
    "roles of Ansible": (
        {"site.yml": ANSIBLE},
        {"site.yml": "- hosts: dns\n  roles:\n  - mail_dns\n"},
        "roles",
    ),
    "records of any type in Ansible": (
        {"tasks.yml": ANSIBLE},
        {
            "tasks.yml": "- cloudflare_dns:\n    zone: example.com\n    record: '{{ item.name }}'\n"
            "    type: '{{ item.type }}'\n    value: '{{ item.value }}'\n  loop: '{{ records }}'\n"
        },
        "(tasks.yml, line ",
    ),
    "a stack of CloudFormation": (
        {"t.yaml": CFN},
        {
            "t.yaml": "Resources:\n  Mail:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n"
            "      TemplateURL: https://s3.example/mail.yaml\n"
        },
        "AWS::CloudFormation::Stack (t.yaml, line 3)",
    ),
    "a module that has a name with dots": (
        {"main.tf": TF},
        {"main.tf": 'module "mail" {\n  source = "./mail"\n  name = "mail.other.example"\n}\n'},
        'module "mail" (main.tf, line 1)',
    ),
    "a module that names what is included": (
        {"main.tf": TF},
        {"main.tf": 'module "mail" {\n  source = "./mail"\n  includes = ["relay.other.example"]\n}\n'},
        'module "mail" (main.tf, line 1)',
    ),
    "values of Helm": (
        {"values.yaml": f"records:\n- dnsName: example.com\n  recordType: TXT\n  targets:\n  - {RECORD}\n"},
        {"values.yaml": "mail:\n  spf:\n    includes: [relay.example]\n"},
        "(values.yaml, line 2)",
    ),
    "a dynamic block": (
        {"main.tf": TF},
        {
            "main.tf": 'resource "powerdns_zone" "x" {\n  zone = "example.com"\n  dynamic "records" {\n'
            "    for_each = var.records\n    content {\n      value = records.value\n    }\n  }\n}\n"
        },
        "(main.tf, line 3)",
    ),
    "records from a file": (
        {"main.tf": TF},
        {"main.tf": 'locals {\n  zones = yamldecode(file("zones.yaml"))\n}\n'},
        "(main.tf, line 2)",
    ),
    "a construct of the CDK": (
        {"index.ts": PULUMI},
        {"index.ts": 'new Apex(this, "Foo", { zone });\n'},
        "(index.ts, line 1)",
    ),
    "another file of Pulumi": ({"index.ts": PULUMI}, {"index.ts": 'import "./mail";\n'}, "(index.ts, line 1)"),
    "a template of Ansible": (
        {"tasks.yml": ANSIBLE},
        {"tasks.yml": "- template:\n    src: example.com.zone.j2\n    dest: /etc/bind/example.com\n"},
        "(tasks.yml, line 2)",
    ),
    "arguments of Ansible": (
        {"tasks.yml": ANSIBLE},
        {"tasks.yml": "- cloudflare_dns:\n  args: '{{ item }}'\n  loop: '{{ records }}'\n"},
        "(tasks.yml, line 2)",
    ),
    "a template of Helm": (
        {"values.yaml": HELM},
        {"values.yaml": 'records:\n{{ include "mail.records" . | indent 2 }}\n'},
        "(values.yaml, line 2)",
    ),
    "a chart": (
        {"values.yaml": HELM},
        {"Chart.yaml": "dependencies:\n- name: mail\n  repository: https://charts.example\n"},
        "(Chart.yaml, line 3)",
    ),
    "values of a chart for the domain": (
        {"values.yaml": HELM},
        {"values.yaml": "mailer:\n  enabled: true\n  domain: example.com\n"},
        "(values.yaml, line 3)",
    ),
    "a base of kustomize": (
        {"values.yaml": HELM},
        {"kustomization.yaml": "resources:\n- ../base\n"},
        "(kustomization.yaml, line 2)",
    ),
    "a function of DNSControl without arguments": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % ", google()"},
        "google() (dnsconfig.js, line 1)",
    ),
    "a choice of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % ', SETS["x"]'},
        "SETS (dnsconfig.js, line 1)",
    ),
    "an extension of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % "" + 'D_EXTEND("example.com", google());\n'},
        "google() (dnsconfig.js, line 2)",
    ),
    "a custom resource": (
        {"t.yaml": CFN},
        {"t.yaml": "Resources:\n  M:\n    Type: Custom::Apex\n"},
        "(t.yaml, line 3)",
    ),
    "a resource of a mail provider": (
        {"main.tf": TF},
        {"main.tf": 'resource "mailgun_domain" "x" {\n  name   = "example.com"\n  region = "eu"\n}\n'},
        'resource "mailgun_domain" "x" (main.tf, line 1)',
    ),
    "a resource for the domain": (
        {"main.tf": TF},
        {"main.tf": 'resource "acme_onboarding" "x" {\n  domain = "example.com"\n}\n'},
        'resource "acme_onboarding" "x" (main.tf, line 1)',
    ),
    "a resource of mail in JSON": (
        {"main.tf.json": TF_JSON % RECORD},
        {"main.tf.json": '{"resource": {"cloudflare_email_routing_dns": {"x": {"zone_id": "${var.zone}"}}}}'},
        "(main.tf.json, line 1)",
    ),
    "a module of Terragrunt": (
        {"dns/main.tf": TF},
        {
            "dns/terragrunt.hcl": 'terraform {\n  source = "git::https://git.example/dns.git?ref=v2"\n}\n'
            'inputs = {\n  domain = "example.com"\n}\n'
        },
        "terraform (dns/terragrunt.hcl, line 1)",
    ),
    "inputs of Terragrunt": (
        {"terragrunt.hcl": f'inputs = {{\n  domain = "example.com"\n  spf = "{RECORD}"\n}}\n'},
        {"terragrunt.hcl": 'inputs = {\n  domain = "example.com"\n}\n'},
        "inputs = (terragrunt.hcl, line 1)",
    ),
    "a parent of Terragrunt": (
        {"main.tf": TF},
        {"terragrunt.hcl": 'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n'},
        'include "root" (terragrunt.hcl, line 1)',
    ),
    "a unit of Terragrunt": (
        {"main.tf": TF},
        {"terragrunt.stack.hcl": 'unit "dns" {\n  source = "../dns"\n  path = "dns"\n}\n'},
        'unit "dns" (terragrunt.stack.hcl, line 1)',
    ),
    "a program whose language is not read": (
        {"main.tf": TF},
        {"main.jsonnet": "local dns = import 'dns.libsonnet';\n\ndns.zone('Example.COM', mail=true)\n"},
        "dns.zone('Example.COM', mail=true) (main.jsonnet, line 3)",
    ),
    "a program with the record": (
        {"main.tf": TF},
        {"main.go": f'package main\n\nvar spf = "{RECORD}"\n'},
        f'var spf = "{RECORD}" (main.go, line 3)',
    ),
    "a template of a zone": (
        {"example.com.zone": f'{ZONE}@ IN TXT "{RECORD}"\n'},
        {"example.com.zone.j2": f"{ZONE}@ IN TXT {{{{ spf }}}}\n"},
        "(example.com.zone.j2, line ",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", MAY_BE_MADE)
def test_a_record_that_something_may_make_is_not_known(case: str) -> None:
    before, after, shown = MAY_BE_MADE[case]
    for files in ((before, after), (after, before)):
        found = planned(*files)
        assert set(verdicts(found).values()) == {Verdict.UNKNOWN}
        assert (found.is_worse, found.is_broken, found.is_incomplete) == (False, False, True)
        [name] = found.names
        assert (
            f"which records {shown.partition(' (')[0] if ' (' not in shown[:1] else ''}" in name.unsure
            or shown in name.unsure
        )
        assert shown in name.unsure
        for report in (found.render(), found.render_markdown()):
            assert "removed" not in report
            assert "--live" not in report
            assert "compare zone files from before and after" in " ".join(report.split())


OTHER = "other.example"
IS_REMOVED = {
    "nothing else": ({"main.tf": TF + WWW}, {"main.tf": WWW}),
    "the file": ({"main.tf": WWW, "spf.tf": TF}, {"main.tf": WWW}),
    "another record is new": ({"main.tf": TF}, {"main.tf": WWW}),
    "a module was there before": (
        {"main.tf": TF + 'module "vpc" {\n  source = "./vpc"\n}\n'},
        {"main.tf": 'module "vpc" {\n  source = "./vpc"\n}\n'},
    ),
    "a module was in another file before": (
        {"main.tf": TF, "a.tf": 'module "vpc" {\n  source = "./vpc"\n}\n'},
        {"b.tf": 'module "vpc" {\n  source = "./vpc"\n}\n'},
    ),
    "a module is for another domain": (
        {"main.tf": TF},
        {"main.tf": f'module "mail" {{\n  source = "./mail"\n  domain = "{OTHER}"\n}}\n'},
    ),
    "another record of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % ', MX("@", 10, "mx.example.com."), CNAME("www", "example.com.")'},
    ),
    "a function for another domain": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % "" + f'D("{OTHER}", REG, TXT("@", "x=y"));\nmailRecords("{OTHER}");\n'},
    ),
    "another record of Pulumi": (
        {"index.ts": PULUMI},
        {"index.ts": 'new aws.route53.Record("www", { name: "example.com", type: "A", records: ["192.0.2.1"] });\n'},
    ),
    "another record of Python": (
        {"__main__.py": PYTHON},
        {"__main__.py": 'Record("www", name="www.example.com", type="A", records=["192.0.2.1"])\nprint("done")\n'},
    ),
    "another task": (
        {"tasks.yml": ANSIBLE},
        {"tasks.yml": ANSIBLE.replace("TXT", "A").replace(RECORD, "192.0.2.1") + "- apt:\n    name: curl\n"},
    ),
    "another resource": (
        {"t.yaml": CFN},
        {"t.yaml": "Resources:\n  B:\n    Type: AWS::S3::Bucket\n"},
    ),
    "a dynamic block of something else": (
        {"main.tf": TF},
        {
            "main.tf": 'resource "aws_security_group" "x" {\n  dynamic "ingress" {\n    for_each = var.ports\n'
            "    content {\n      from_port = ingress.value\n    }\n  }\n}\n"
        },
    ),
    "hosts of one type": (
        {"main.tf": TF},
        {
            "main.tf": 'resource "aws_route53_record" "x" {\n  for_each = var.hosts\n  name     = each.key\n'
            '  type     = "A"\n  records  = each.value\n}\n'
        },
    ),
    "settings of DNSControl": (
        {"dnsconfig.js": DNSCONTROL % SPF_IN_DNSCONTROL},
        {"dnsconfig.js": DNSCONTROL % ', NO_PURGE, AUTODNSSEC_ON, IGNORE("x"), [AAAA("@", "2001:db8::1")]'},
    ),
    "an image of Helm": (
        {"values.yaml": HELM},
        {"values.yaml": "image:\n  repository: nginx\n  tag: '1.2'\n"},
    ),
    "a bucket of Pulumi": (
        {"index.ts": PULUMI},
        {"index.ts": 'import * as aws from "@pulumi/aws";\nnew aws.s3.Bucket("b", { acl: "private" });\n'},
    ),
    "a chart that was there before": (
        {"values.yaml": HELM, "Chart.yaml": "dependencies:\n- repository: https://charts.example\n"},
        {"Chart.yaml": "dependencies:\n- repository: https://charts.example\n  version: 2\n"},
    ),
    "a zone": (
        {"example.com.zone": f'{ZONE}@ IN TXT "{RECORD}"\n'},
        {"example.com.zone": ZONE},
    ),
    "a record of another type of Azure": (
        {"main.tf": TF},
        {"main.tf": 'resource "azurerm_dns_a_record" "x" {\n  name = "@"\n  zone_name = "example.com"\n}\n'},
    ),
    "one of several records of Namecheap": (
        {
            "main.tf": 'resource "namecheap_domain_records" "x" {\n  domain = "example.com"\n  record {\n'
            f'    hostname = "@"\n    type = "TXT"\n    address = "{RECORD}"\n  }}\n'
            '  record {\n    hostname = "@"\n    type = "A"\n    address = "192.0.2.1"\n  }\n}\n'
        },
        {
            "main.tf": 'resource "namecheap_domain_records" "x" {\n  domain = "example.com"\n'
            '  record {\n    hostname = "@"\n    type = "A"\n    address = "192.0.2.1"\n  }\n}\n'
        },
    ),
    "a certificate": (
        {"main.tf": TF},
        {"main.tf": 'resource "aws_acm_certificate" "x" {\n  domain_name = "example.com"\n}\n'},
    ),
    "a resource for another domain": (
        {"main.tf": TF},
        {"main.tf": f'resource "mailgun_domain" "x" {{\n  name = "{OTHER}"\n}}\n'},
    ),
    "a zone without records": (
        {"main.tf": TF},
        {"main.tf": 'resource "aws_route53_zone" "x" {\n  name = "example.com"\n}\n'},
    ),
    "a module of Terragrunt that was there before": (
        {"main.tf": TF, "terragrunt.hcl": 'terraform {\n  source = "../dns"\n}\n'},
        {"terragrunt.hcl": 'terraform {\n  source = "../dns"\n}\nretryable_errors = []\n'},
    ),
    "a program for another domain": (
        {"main.tf": TF},
        {"main.jsonnet": f"dns.zone('{OTHER}', mail=true)\n"},
    ),
    "a comment in a program": ({"main.tf": TF}, {"main.rb": "# example.com has no SPF record any more\nputs 1\n"}),
    "a text that octoDNS has no secret for": (
        {"example.com.yaml": f"'':\n  - type: TXT\n    value: {RECORD}\n  - type: A\n    value: 192.0.2.1\n"},
        {"example.com.yaml": "'':\n  - type: TXT\n    value: env/SPF\n  - type: A\n    value: 192.0.2.1\n"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", IS_REMOVED)
def test_a_record_that_nothing_else_may_make_is_removed(case: str) -> None:
    before, after = IS_REMOVED[case]
    found = planned(before, after)
    assert verdicts(found)["example.com"] is Verdict.WORSE
    assert found.is_worse
    assert "removed" in found.render()


def test_a_record_of_a_zone_that_can_no_longer_be_read_is_not_removed() -> None:
    before = {"example.com.zone": f'{ZONE}@ IN TXT "{RECORD}"\n'}
    found = planned(before, {"example.com.zone": f"{ZONE}$INCLUDE spf.inc\n"})
    assert (found.is_worse, found.is_incomplete) == (False, True)
    assert "removed" not in found.render()
    assert "example.com.zone" in found.render()
