"""checkdmarc: `parse_spf_record`, with a dnspython resolver whose answers are ready-made.

It reads a record and everything that it includes, once for each check here, and counts lookups. It gives no result
for a client, so there is nothing to compare.
"""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from bench.comparison.protocol import Run, main, skip
from bench.workloads import Check, Workload

try:
    import checkdmarc.spf
    import dns.rdata
    import dns.rdataclass
    import dns.rdatatype
    import dns.resolver
except ImportError as error:
    skip("checkdmarc", f"{error.name} is not installed; bench/install installs it")


class Ready(dns.resolver.Resolver):
    """A resolver with ready-made answers."""

    def __init__(self, workload: Workload) -> None:
        super().__init__(configure=False)
        self.answers: dict[tuple[str, str], list[Any]] = {}
        for name, type, value in workload.records:
            parts = [value[at : at + 255] for at in range(0, len(value), 255)]
            text = " ".join([f'"{part}"' for part in parts]) if type == "TXT" else value
            rdata = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(type), text)
            self.answers.setdefault((name, type), []).append(rdata)

    def resolve(self, qname: Any, rdtype: Any = "A", *_args: Any, **_more: Any) -> Any:
        answers = self.answers.get((str(qname).rstrip(".").lower(), str(rdtype)))
        if answers is None:
            raise dns.resolver.NXDOMAIN
        return answers


def prepare(workload: Workload) -> Run:
    resolver = Ready(workload)
    records = {name: value for name, type, value in workload.records if type == "TXT"}

    def run(checks: Sequence[Check]) -> list[Any]:
        read = checkdmarc.spf.parse_spf_record
        for _, sender, _, _ in checks:
            domain = sender.rpartition("@")[2]
            read(records[domain], domain, resolver=resolver)
        return []

    return run


if __name__ == "__main__":
    main("checkdmarc", version("checkdmarc"), prepare)
