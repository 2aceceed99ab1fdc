"""The name that a record is for: known if the file says it, and otherwise not known."""

from pathlib import Path

import pytest

from spfengine import find_records
from spfengine.sources.finder import records_in
from tests.counting import count_steps

R = "v=spf1 mx -all"
TF = 'resource "{kind}" "x" {{\n  {lines}\n  {value}\n}}\n'


def terraform(kind: str, lines: str, value: str = f'records = ["{R}"]', more: str = "") -> str:
    return more + TF.format(kind=kind, lines=lines, value=value)


ZONE = 'resource "aws_route53_zone" "main" { name = "example.com" }\n'
GOOGLE = 'resource "google_dns_managed_zone" "main" {\n  name = "prod"\n  dns_name = "example.com."\n}\n'

# path, text, name, what is said of a name that is not known
CASES: dict[str, tuple[str, str, str | None, str]] = {
    "Terraform, Route 53": (
        "main.tf",
        terraform("aws_route53_record", 'zone_id = var.zone\n  name = "example.com"'),
        "example.com",
        "",
    ),
    "Terraform, Route 53, a resource's zone": (
        "main.tf",
        terraform("aws_route53_record", 'zone_id = aws_route53_zone.main.zone_id\n  name = "_spf"', more=ZONE),
        "_spf.example.com",
        "",
    ),
    "Terraform, Route 53, the zone itself": (
        "main.tf",
        terraform(
            "aws_route53_record", "zone_id = aws_route53_zone.main.id\n  name = aws_route53_zone.main.name", more=ZONE
        ),
        "example.com",
        "",
    ),
    "Terraform, Route 53, counted": (
        "main.tf",
        terraform("aws_route53_record", "name = aws_route53_zone.main[0].name", more=ZONE),
        "example.com",
        "",
    ),
    "Terraform, Route 53, in a template": (
        "main.tf",
        terraform("aws_route53_record", 'name = "mail.${aws_route53_zone.main.name}"', more=ZONE),
        "mail.example.com",
        "",
    ),
    "Terraform, a local": (
        "main.tf",
        terraform("aws_route53_record", "name = local.domain", more='locals {\n  domain = "example.com"\n}\n'),
        "example.com",
        "",
    ),
    "Terraform, a local that is said twice": (
        "main.tf",
        terraform(
            "aws_route53_record", "name = local.a", more='locals { a = "a.example" }\nlocals { a = "b.example" }\n'
        ),
        None,
        "local.a",
    ),
    "Terraform, a variable with a default": (
        "main.tf",
        terraform("aws_route53_record", "name = var.domain", more='variable "domain" { default = "example.com" }\n'),
        None,
        "var.domain",
    ),
    "Terraform, a variable in a template": (
        "main.tf",
        terraform("aws_route53_record", 'name = "mail.${var.domain}"'),
        None,
        "mail.${var.domain}",
    ),
    "Terraform, each": ("main.tf", terraform("aws_route53_record", "name = each.value.name"), None, "each.value.name"),
    "Terraform, Cloudflare, apex": (
        "main.tf",
        terraform("cloudflare_record", 'zone_id = var.zone\n  name = "@"', f'content = "{R}"'),
        None,
        "@",
    ),
    "Terraform, Cloudflare, apex of a zone": (
        "main.tf",
        terraform(
            "cloudflare_record",
            'zone_id = cloudflare_zone.z.id\n  name = "@"',
            f'content = "{R}"',
            'resource "cloudflare_zone" "z" { zone = "example.com" }\n',
        ),
        "example.com",
        "",
    ),
    "Terraform, Google": (
        "main.tf",
        terraform(
            "google_dns_record_set",
            'name = "_spf.${google_dns_managed_zone.main.dns_name}"',
            f'managed_zone = google_dns_managed_zone.main.name\n  rrdatas = ["\\"{R}\\""]',
            GOOGLE,
        ),
        "_spf.example.com",
        "",
    ),
    "Terraform, Azure": (
        "main.tf",
        terraform("azurerm_dns_txt_record", 'name = "@"\n  zone_name = "example.com"', f'record {{ value = "{R}" }}'),
        "example.com",
        "",
    ),
    "Terraform, OVH": (
        "main.tf",
        terraform(
            "ovh_domain_zone_record",
            'zone = "example.com"\n  subdomain = "mail"\n  fieldtype = "TXT"',
            f'target = "{R}"',
        ),
        "mail.example.com",
        "",
    ),
    "Terraform, label with an underscore": (
        "main.tf",
        terraform("aws_route53_record", 'name = "x._domainkey"'),
        None,
        "x._domainkey",
    ),
    "Terraform, in an interpolation": (
        "main.tf",
        terraform(
            "cloudflare_record", 'name = "a.example"', 'content = "\\"${join(" ", ["v=spf1", "mx", "-all"])}\\""'
        ),
        "a.example",
        "",
    ),
    "Terraform, an output": (
        "main.tf",
        f'output "name" {{\n  name = "example.com"\n  spf = "{R}"\n}}',
        None,
        "",
    ),
    "Terraform JSON": (
        "main.tf.json",
        f'{{"resource": {{"aws_route53_record": {{"x": {{"name": "example.com", "records": ["{R}"]}}}}}}}}',
        "example.com",
        "",
    ),
    "DNSControl": ("dnsconfig.js", f'D("example.com", REG, TXT("@", "{R}"));', "example.com", ""),
    "DNSControl, a label": (
        "dnsconfig.js",
        f'D("example.com", REG, TXT("mail", "{R}", TTL(60)));',
        "mail.example.com",
        "",
    ),
    "DNSControl, a label that looks whole": (
        "dnsconfig.js",
        f'D("example.com", REG, TXT("a.b", "{R}"));',
        "a.b.example.com",
        "",
    ),
    "DNSControl, a whole name": (
        "dnsconfig.js",
        f'D("example.com", REG, TXT("x.example.net.", "{R}"));',
        "x.example.net",
        "",
    ),
    "DNSControl, a tag": ("dnsconfig.js", f'D("example.com!inside", REG, TXT("@", "{R}"));', "example.com", ""),
    "DNSControl, extended": ("dnsconfig.js", f'D_EXTEND("sub.example.com", TXT("@", "{R}"));', "sub.example.com", ""),
    "DNSControl, builder": (
        "dnsconfig.js",
        'D("example.com", REG, SPF_BUILDER({label: "mail", parts: ["v=spf1", "mx", "-all"]}));',
        "mail.example.com",
        "",
    ),
    "DNSControl, builder without label": (
        "dnsconfig.js",
        'D("example.com", REG, SPF_BUILDER({parts: ["v=spf1", "mx", "-all"]}));',
        "example.com",
        "",
    ),
    "DNSControl, builder for many": (
        "dnsconfig.js",
        'var SPF = SPF_BUILDER({parts: ["v=spf1", "mx", "-all"]});',
        None,
        "@",
    ),
    "DNSControl, a variable": ("dnsconfig.js", f'D(domain, REG, TXT("@", "{R}"));', None, "@ in domain"),
    "DNSControl, a template": ("dnsconfig.js", f'D("example.com", REG, TXT(`${{x}}`, "{R}"));', None, "${x}"),
    "DNSControl, print-ir": (
        "ir.json",
        (
            f'{{"registrars": [], "domains": [{{"name": "example.com", "dnsProviders": {{}}, "records": [\n'
            f'{{"type": "TXT", "name": "mail", "target": "{R}"}}]}}]}}'
        ),
        "mail.example.com",
        "",
    ),
    "octoDNS, apex": ("zones/example.com.yaml", f"'':\n  type: TXT\n  value: {R}\n", "example.com", ""),
    "octoDNS, a list": ("zones/example.com.yaml", f"mail:\n- type: TXT\n  values:\n  - {R}\n", "mail.example.com", ""),
    "octoDNS, as it dumps": ("example.com.yaml", f"? ''\n: - type: TXT\n    value: {R}\n", "example.com", ""),
    "octoDNS, as it dumps, a name": (
        "example.com.yaml",
        f"? mail\n: - type: TXT\n    value: {R}\n",
        "mail.example.com",
        "",
    ),
    "octoDNS, split": ("zones/example.com./mail.yaml", f"mail:\n  type: TXT\n  value: {R}\n", "mail.example.com", ""),
    "octoDNS, a file of another name": ("zones/main.yaml", f"mail:\n  type: TXT\n  value: {R}\n", None, "mail"),
    "Ansible": (
        "tasks.yml",
        f"- name: The record\n  cloudflare_dns:\n    zone: example.com\n    record: mail\n    type: TXT\n    value: {R}\n",
        "mail.example.com",
        "",
    ),
    "Ansible, a whole name": (
        "tasks.yml",
        f"- amazon.aws.route53:\n    zone: example.com\n    record: mail.example.com\n    type: TXT\n    value: '\"{R}\"'\n",
        "mail.example.com",
        "",
    ),
    "Ansible, a prefix": (
        "tasks.yml",
        f"- community.dns.hetzner_dns_record: {{zone_name: example.com, prefix: '', type: TXT, value: '{R}'}}\n",
        "example.com",
        "",
    ),
    "Ansible, Jinja": (
        "tasks.yml",
        f'- nsupdate:\n    zone: "{{{{ zone }}}}"\n    record: mail\n    type: TXT\n    value: "{R}"\n',
        None,
        "mail in {{ zone }}",
    ),
    "external-dns": (
        "dns.yaml",
        f"spec:\n  endpoints:\n  - dnsName: example.com\n    recordType: TXT\n    targets:\n    - {R}\n",
        "example.com",
        "",
    ),
    "Helm": (
        "templates/dns.yaml",
        f'- dnsName: {{{{ .Values.domain }}}}\n  recordType: TXT\n  targets: ["{R}"]\n',
        None,
        "{{ .Values.domain }}",
    ),
    "Route 53, changes": (
        "c.json",
        (
            f'{{"Changes": [{{"ResourceRecordSet": {{"Name": "example.com.", "Type": "TXT", '
            f'"ResourceRecords": [{{"Value": "\\"{R}\\""}}]}}}}]}}'
        ),
        "example.com",
        "",
    ),
    "CloudFormation": (
        "t.yaml",
        (
            f"R:\n  Properties:\n    HostedZoneName: example.com.\n    Name: mail.example.com.\n    Type: TXT\n"
            f"    ResourceRecords:\n    - '\"{R}\"'\n"
        ),
        "mail.example.com",
        "",
    ),
    "CloudFormation, !Sub": (
        "t.yaml",
        f"R:\n  Properties:\n    Name: !Sub '${{Zone}}.'\n    Type: TXT\n    ResourceRecords: ['\"{R}\"']\n",
        None,
        "${Zone}.",
    ),
    "Cloudflare": (
        "c.json",
        f'{{"result": [{{"type": "TXT", "zone_name": "example.com", "name": "example.com", "content": "{R}"}}]}}',
        "example.com",
        "",
    ),
    "PowerDNS": (
        "p.json",
        (
            f'{{"name": "example.com.", "rrsets": [{{"name": "mail.example.com.", "type": "TXT", '
            f'"records": [{{"content": "\\"{R}\\""}}]}}]}}'
        ),
        "mail.example.com",
        "",
    ),
    "Pulumi, state": (
        "s.json",
        f'{{"outputs": {{"fqdn": "mail.example.com", "name": "mail", "records": ["{R}"], "type": "TXT"}}}}',
        "mail.example.com",
        "",
    ),
    "Pulumi, TypeScript": (
        "index.ts",
        f'new aws.route53.Record("spf", {{ zoneId: zone.id, name: "example.com", type: "TXT", records: ["{R}"] }});',
        "example.com",
        "",
    ),
    "Pulumi, Python": (
        "__main__.py",
        f'aws.route53.Record("spf", zone_id=zone.id, name="example.com", type="TXT", records=["{R}"])',
        "example.com",
        "",
    ),
    "Pulumi, an f-string": (
        "__main__.py",
        f'Record("spf", name=f"mail.{{domain}}", type="TXT", records=["{R}"])',
        None,
        "mail.{domain}",
    ),
    "a name that is no domain": (
        "x.yaml",
        f"- name: Our SPF record\n  type: TXT\n  value: {R}\n",
        None,
        "Our SPF record",
    ),
    "a name with U-labels": (
        "x.yaml",
        f"- name: münchen.example\n  type: TXT\n  value: {R}\n",
        "xn--mnchen-3ya.example",
        "",
    ),
    "a wildcard": ("x.yaml", f"- name: '*.example.com'\n  type: TXT\n  value: {R}\n", "*.example.com", ""),
    "a record of another type": ("x.yaml", f"- name: example.com\n  type: SRV\n  value: {R}\n", None, ""),
    "nothing but the record": ("x.py", f'SPF = "{R}"', None, ""),
    "a line of a zone": ("x.yaml", f'x: |\n  example.com. 300 IN TXT "{R}"\n', "example.com", ""),
    "a relative line of a zone": ("x.yaml", f'x: |\n  mail 300 IN TXT "{R}"\n', None, "mail"),
    "a line after $ORIGIN": (
        "x.tf",
        f'x = <<-Z\n  $ORIGIN example.org.\n  $ORIGIN example.com. ; ours\n  a A 192.0.2.1\n  @ IN TXT "{R}"\nZ\n',
        "example.com",
        "",
    ),
    "a relative line after $ORIGIN": (
        "x.yaml",
        f'x: |\n  $ORIGIN example.com.\n  mail 300 IN TXT "{R}"\n  $ORIGIN example.org.\n',
        "mail.example.com",
        "",
    ),
    "a line after an $ORIGIN that is not known": (
        "x.tf",
        f'x = <<Z\n$ORIGIN ${{var.zone}}.\n@ IN TXT "{R}"\nZ\n',
        None,
        "@ in ....",
    ),
    "a line after a relative $ORIGIN": ("x.yaml", f'x: |\n  $ORIGIN sub\n  @ IN TXT "{R}"\n', None, "@"),
    "a line without a name": (
        "x.yaml",
        f'x: |\n  $ORIGIN example.com.\n  a 300 IN A 192.0.2.1\n    300 IN TXT "{R}"\n',
        None,
        "",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_name_of_a_record(case: str) -> None:
    path, text, name, name_text = CASES[case]
    [record] = records_in(path, text)
    assert (record.name, record.name_text) == (name, name_text)


def test_a_zone_is_found_in_another_file_of_the_module(tmp_path: Path) -> None:
    for module in ("a", "b"):
        (tmp_path / module).mkdir()
        zone = ZONE.replace("example.com", f"{module}.example")
        (tmp_path / module / "zone.tf").write_text(zone, encoding="ascii")
        text = terraform("aws_route53_record", "name = aws_route53_zone.main.name")
        (tmp_path / module / "records.tf").write_text(text, encoding="ascii")
    assert [each.name for each in find_records(tmp_path).records] == ["a.example", "b.example"]
    [alone] = find_records(tmp_path / "a" / "records.tf").records
    assert (alone.name, alone.name_text) == (None, "aws_route53_zone.main.name")


@pytest.mark.parametrize(
    ("path", "make"),
    [
        ("x.json", lambda n: '{"a": ' * n + f'{{"name": "a.example", "records": ["{R}"]}}' + "}" * n),
        ("x.json", lambda n: '{"name": "a.example", "records": [' + f'"{R}", ' * n + "1]}"),
        ("x.json", lambda n: "{" + '"k": 1, ' * n + f'"name": "{"a" * n}", "records": [' + f'"{R}", ' * 20 + "1]}"),
        ("x.yaml", lambda n: "".join(f"k{i}:\n  type: TXT\n  value: {R}\n" for i in range(n))),
        ("x.yaml", lambda n: "- a:\n  - b: c\n" * n + f"- name: a.example\n  value: {R}\n"),
        ("x.tf", lambda n: "locals {\n" + "a = b\n" * n + "}\n" + terraform("x_record", "name = local.a") * n),
        ("x.tf", lambda n: "x {" * n + terraform("x_record", 'name = "a.example"') + "}" * n),
        ("x.py", lambda n: f'f(name="a.example", {"x=1, " * n} records=["{R}"] + ["{R}"])'),
    ],
)
def test_the_work_for_names_grows_no_faster_than_the_file(path: str, make: object) -> None:
    assert callable(make)
    small, large = make(30), make(180)
    records_in(path, make(10))
    ratio = len(large) / len(small)
    assert count_steps(lambda: records_in(path, large)) <= 1.6 * ratio * count_steps(lambda: records_in(path, small))
