"""A zone as rspamd's `options.dns.fake_records`. CNAME records are followed here, since rspamd would not.

What stands in no record is asked of a real DNS server. So a name's types without records are written too: rspamd asks
for AAAA records, whatever the client's address.
"""

import json

from spfengine.answers import Status
from spfengine.resolvers.zone import Zone
from spfengine.testing.exporters.refusing import answers, cannot_say, plain_text, texts

_FORMAT = "rspamd's fake_records"
_RCODES = {
    Status.NOERROR: "norec",
    Status.NXDOMAIN: "nxdomain",
    Status.SERVFAIL: "servfail",
    Status.REFUSED: "refused",
    Status.FORMERR: "formerr",
    Status.TIMEOUT: "timeout",
}


def write(zone: Zone) -> str:
    """Return the section of rspamd's configuration. Raises ZoneError: it has no wildcards, loops or truncation."""
    records = []
    for name, rrtype, answer in answers(zone, _FORMAT, no_records=True):
        entry: dict[str, object] = {"name": plain_text(_FORMAT, name, rrtype, name), "type": rrtype.lower()}
        if answer.records:
            entry["replies"] = [
                text.removesuffix(".") if rrtype == "PTR" else text for text in texts(_FORMAT, name, answer)
            ]
        elif answer.status in _RCODES:
            entry["rcode"] = _RCODES[answer.status]
        else:
            raise cannot_say(_FORMAT, name, rrtype, str(answer.status))
        records.append(f"      {json.dumps(entry)}")
    return "options {\n  dns {\n    fake_records = [\n" + ",\n".join(records) + "\n    ];\n  }\n}\n"
