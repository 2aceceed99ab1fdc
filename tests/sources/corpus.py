"""Source files as people write them (in samples/), and every record that is in them.

The samples also have what is no record: comments, sentences about SPF, DKIM and DMARC, strings that are compared with.
"""

from pathlib import Path
from typing import NamedTuple

SAMPLES = Path(__file__).parent / "samples"


class Expected(NamedTuple):
    """A record: its first and last place in the file, its text, and what of it is unknown."""

    line: int
    column: int
    end_line: int
    end_column: int
    source: str
    unknown: tuple[str, ...] = ()


CORPUS: dict[str, list[Expected]] = {
    "ansible.yml": [
        Expected(
            6,
            10,
            6,
            81,
            "v=spf1 include:{{ relay }} ip4:{{ hostvars['mail'].ansible_host }} -all",
            ("{{ relay }}", "{{ hostvars['mail'].ansible_host }}"),
        ),
        Expected(7, 10, 7, 48, 'v=spf1 mx {{ extra | join(" ") }} ~all', ('{{ extra | join(" ") }}',)),
        Expected(
            13,
            7,
            15,
            11,
            "v=spf1 {% for ip in ips %}ip4:{{ ip }} {% endfor %} -all",
            ("{% for ip in ips %}", "{{ ip }}", "{% endfor %}"),
        ),
        Expected(16, 46, 16, 76, "v=spf1 a:mail.example.com -all"),
    ],
    "change.json": [
        Expected(2, 16, 2, 50, "v=spf1 ip4:192.0.2.1 ptr -all"),
        Expected(3, 35, 3, 74, 'v=spf1 ip4:{"Ref": "Ip"} ptr -all', ('{"Ref": "Ip"}',)),
        Expected(4, 16, 4, 36, "v=spf1 ptr ~all"),
        Expected(4, 45, 4, 51, "v=spf1"),
    ],
    "cloudflare.json": [
        Expected(3, 56, 3, 92, "v=spf1 include:_spf.example.net ~all"),
        Expected(4, 62, 4, 76, "v=spf1 mx -all"),
        Expected(5, 60, 5, 98, "v=spf1 a:mÃ¼ller.example -all"),
    ],
    "cloudformation.json": [
        Expected(3, 27, 3, 92, 'v=spf1 ip4:{"Ref": "Address"} include:_spf.example.net -all', ('{"Ref": "Address"}',)),
        Expected(4, 61, 4, 90, "v=spf1 ip4:${Address} mx -all", ("${Address}",)),
        Expected(5, 68, 5, 105, 'v=spf1 mx {"Ref": "More"} -all', ('{"Ref": "More"}',)),
    ],
    "cloudformation.yaml": [
        Expected(10, 13, 10, 49, "v=spf1 include:_spf.example.net -all"),
        Expected(11, 18, 11, 44, "v=spf1 ip4:${Address} -all", ("${Address}",)),
        Expected(12, 25, 12, 62, "v=spf1 ip4:!Ref Address mx -all", ("!Ref Address",)),
        Expected(15, 17, 18, 21, "v=spf1 mx !Ref More -all", ("!Ref More",)),
        Expected(20, 14, 22, 20, "v=spf1 ip4:${Address} mx -all", ("${Address}",)),
    ],
    "dnsconfig.js": [
        Expected(5, 13, 5, 31, "v=spf1 mx ptr -all"),
        Expected(6, 17, 6, 50, "v=spf1 ip4:192.0.2.1 ptr ~all"),
        Expected(11, 8, 15, 12, "v=spf1 ip4:198.51.100.0/24 include:_spf.google.com ptr ~all"),
        Expected(19, 13, 21, 17, "v=spf1 include:relay ptr -all", ("relay",)),
        Expected(
            22,
            13,
            22,
            74,
            'v=spf1 include:${relays.map(r => `x${r}`).join(" ")} ptr -all',
            ('${relays.map(r => `x${r}`).join(" ")}',),
        ),
        Expected(24, 40, 24, 50, "v=spf1 ptr...", ("",)),
    ],
    "external-dns.yaml": [
        Expected(13, 14, 13, 50, "v=spf1 include:_spf.example.net -all"),
        Expected(14, 11, 14, 25, "v=spf1 mx -all"),
    ],
    "helm-template.yaml": [
        Expected(6, 12, 6, 44, "v=spf1 include:{{ .relay }} -all", ("{{ .relay }}",)),
        Expected(7, 10, 7, 43, "v=spf1 ip4:{{ .address }} mx ~all", ("{{ .address }}",)),
        Expected(11, 15, 11, 29, "v=spf1 mx -all"),
    ],
    "main.tf": [
        Expected(4, 22, 4, 57, "v=spf1 include:${var.relay} mx +all", ("${var.relay}",)),
        Expected(13, 6, 13, 59, "v=spf1 ip4:192.0.2.1/24 include:_spf.example.net ~all"),
        Expected(20, 15, 20, 52, "v=spf1 ip4:198.51.100.1 ptr -all"),
        Expected(25, 5, 27, 11, "v=spf1 mx inculde:_spf.example.net -all"),
        Expected(33, 31, 33, 90, "v=spf1 include:a.example ip4:${var.ip} ptr -all", ("${var.ip}",)),
        Expected(
            37,
            30,
            37,
            93,
            'v=spf1 ptr formatlist("include:%s", var.includes) -all',
            ('formatlist("include:%s", var.includes)',),
        ),
        Expected(41, 19, 41, 58, "v=spf1 exists:%{i}.%s.example.com ?all", ("%s",)),
    ],
    "octodns.yaml": [
        Expected(11, 9, 11, 48, "v=spf1 mx include:_spf.example.net -all"),
        Expected(21, 10, 23, 9, "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ip4:192.0.2.3 -all"),
    ],
    "powerdns.json": [
        Expected(2, 18, 2, 62, "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 ~all"),
    ],
    "pulumi-state.json": [
        Expected(3, 51, 3, 87, "v=spf1 include:_spf.example.net ~all"),
        Expected(4, 52, 4, 88, "v=spf1 include:_spf.example.net ~all"),
    ],
    "records.py": [
        Expected(5, 8, 5, 44, "v=spf1 include:_spf.example.net -all"),
        Expected(7, 6, 9, 10, "v=spf1 ip4:192.0.2.1 -all"),
        Expected(11, 9, 11, 47, "v=spf1 exists:%{i}.\\d.example.com -all"),
        Expected(
            12,
            14,
            12,
            87,
            "v=spf1 include:{relay!r} ip4:{ip:>{width}} exists:%{i}.example.com -all",
            ("{relay!r}", "{ip:>{width}}"),
        ),
        Expected(13, 12, 13, 59, "v=spf1 include:%s exists:%{i}.example.com -all", ("%s",)),
        Expected(14, 11, 14, 66, "v=spf1 include:{0.relay} exists:%{i}.example.com -all", ("{0.relay}",)),
        Expected(15, 10, 15, 42, "v=spf1 include:%(relay)s mx -all", ("%(relay)s",)),
        Expected(16, 10, 16, 46, "v=spf1 ip4:str(address) -all", ("str(address)",)),
        Expected(17, 21, 17, 52, "v=spf1 mx *includes -all", ("*includes",)),
        Expected(18, 12, 18, 29, "v=spf1 mx -all"),
        Expected(19, 14, 20, 5, "v=spf1 mx -all"),
        Expected(22, 5, 24, 9, "v=spf1 mx include:_spf.example.net -all"),
        Expected(26, 10, 26, 19, "v=spf1 mx...", ("",)),
        Expected(28, 31, 28, 45, "v=spf1 mx -all"),
        Expected(39, 15, 39, 61, "v=spf1 a:a.example -all"),
        Expected(39, 69, 39, 85, "v=spf1 a -all"),
    ],
    "stack.py": [
        Expected(3, 6, 5, 14, "v=spf1 ip4:192.0.2.1 ptr -all"),
        Expected(7, 11, 7, 48, "v=spf1 include:{relay!r:>10} ptr -all", ("{relay!r:>10}",)),
        Expected(8, 6, 8, 55, "v=spf1 include:%s ptr exists:%{i}.x.example -all", ("%s",)),
        Expected(9, 6, 9, 56, "v=spf1 include:{} ptr exists:%{i}.x.example -all", ("{}",)),
        Expected(10, 6, 10, 41, "v=spf1 ip4:address ptr -all", ("address",)),
        Expected(11, 16, 11, 45, "v=spf1 *terms ptr -all", ("*terms",)),
        Expected(12, 8, 14, 9, "v=spf1 ptr -all"),
        Expected(17, 11, 17, 26, "v=spf1 ptr ...", ("",)),
        Expected(19, 7, 19, 25, "v=spf1 ptr -all"),
    ],
    "stack.ts": [
        Expected(6, 13, 6, 49, "v=spf1 include:_spf.example.net -all"),
        Expected(
            9,
            13,
            9,
            90,
            'v=spf1 include:${relay} ip4:${ips.map((ip) => `${ip}`).join(" ip4:")} mx -all',
            ("${relay}", '${ips.map((ip) => `${ip}`).join(" ip4:")}'),
        ),
        Expected(11, 17, 11, 67, "v=spf1 mx ...extra include:${relay} -all", ("...extra", "${relay}")),
        Expected(12, 18, 12, 62, "v=spf1 exists:%{i}.it's.example.com -all"),
        Expected(15, 16, 17, 8, "v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all"),
        Expected(18, 66, 18, 79, "v=spf1 a -all"),
    ],
    "values.yaml": [
        Expected(2, 16, 2, 30, "v=spf1 mx -all"),
        Expected(2, 49, 2, 62, "v=spf1 a -all"),
        Expected(3, 14, 4, 9, "v=spf1 include:_spf.example.net ~all"),
        Expected(6, 12, 6, 34, "v=spf1 mx -all"),
    ],
    "zone.tf.json": [
        Expected(8, 14, 8, 85, "v=spf1 include:${var.relay} ip4:192.0.2.0/24 ip4:198.51.100.7 -all", ("${var.relay}",)),
    ],
    "zone.yaml": [
        Expected(6, 9, 6, 27, "v=spf1 mx ptr -all"),
        Expected(8, 10, 8, 35, 'v=spf1 include:"x" ~all'),
        Expected(11, 11, 13, 9, "v=spf1 ptr include:_spf.example.net ~all"),
        Expected(16, 5, 18, 9, "v=spf1 mx ptr -all"),
        Expected(21, 5, 22, 13, "v=spf1 mx ptr -all"),
        Expected(25, 12, 25, 33, "v=spf1 mx ptr -all"),
        Expected(26, 29, 26, 44, "v=spf1 ptr ~all"),
        Expected(26, 47, 26, 62, "v=spf1 ptr -all"),
        Expected(
            28,
            12,
            28,
            68,
            "v=spf1 include:{{ spf_relay | default('x y') }} ptr -all",
            ("{{ spf_relay | default('x y') }}",),
        ),
        Expected(29, 8, 30, 6, "v=spf1 mx ptr"),
        Expected(33, 7, 36, 11, "v=spf1 !Ref Thing ptr -all", ("!Ref Thing",)),
        Expected(37, 24, 37, 53, "v=spf1 !Ref X ptr -all", ("!Ref X",)),
        Expected(38, 12, 38, 40, "v=spf1 ip4:${Ip}/32 ptr -all", ("${Ip}",)),
    ],
}
