"""Options that commands share, as data."""

from spfengine.cli.command_line import Option
from spfengine.cli.values import draft, seconds
from spfengine.evaluation.limits import VoidRule

ZONE = Option(
    "--zone", name="zones", metavar="FILE", multiple=True,
    help="Answer from this file instead of DNS: a zone file (RFC 1035), a recording (.json), or the zonedata of an "
    "OpenSPF suite (.yml), record sets of Route 53 (.json), or octoDNS's YAML. More files are laid over the first.",
)  # fmt: skip
DRAFT = Option(
    "--draft", name="drafts", metavar="[NAME=]RECORD", multiple=True, read=draft,
    help="Try this record as if it were published: at NAME, or at the domain that is checked.",
)  # fmt: skip
NAMESERVER = Option(
    "--nameserver", name="nameservers", metavar="ADDR", multiple=True,
    help="Ask this DNS server (ADDR or ADDR:PORT) instead of the system's.",
)  # fmt: skip
VOID_RULE = Option(
    "--void-rule", choices=[str(rule) for rule in VoidRule], default=str(VoidRule.PER_TERM),
    help="What counts as a void lookup; receivers differ.",
)  # fmt: skip
TIMEOUT = Option(
    "--timeout", metavar="S", read=seconds, default=20.0, help="Seconds after which a check ends in temperror."
)
AS_JSON = Option("--json", name="as_json", is_flag=True, help="Give one JSON document instead of text.")
