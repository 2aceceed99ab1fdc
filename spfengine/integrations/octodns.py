"""A processor for octoDNS: lints the SPF of the planned zone, and refuses a plan that makes it worse.

    processors:
      spf:
        class: spfengine.integrations.octodns.SpfProcessor

Records of the planned zone are answered from the plan, all other names from live DNS if `live` is set; if not, what
depends on them is not known.
"""

from collections.abc import Iterable, Mapping, Sequence
from logging import getLogger
from typing import TYPE_CHECKING, Any

from octodns.processor.base import BaseProcessor, ProcessorException

from spfengine.errors import SPFEngineError
from spfengine.evaluation.unanswered import LIVE_HINT
from spfengine.evidence.reading import read_evidence
from spfengine.linting.codes import LintCode, Severity
from spfengine.linting.finding import Finding
from spfengine.linting.lint import lint_zone
from spfengine.names import fold
from spfengine.planning.contents import Contents
from spfengine.planning.plan import Plan, Verdict, plan_contents
from spfengine.planning.states import State
from spfengine.planning.unknowns import Unknowns
from spfengine.policy.policy import Policy
from spfengine.resolvers.cache import Cache
from spfengine.resolvers.live import LiveResolver
from spfengine.resolvers.overlay import Overlay
from spfengine.resolvers.zone import Zone
from spfengine.resolvers.zone_files.octodns import read_document
from spfengine.senders import Sender, domain_of
from spfengine.text.lines import plain
from spfengine.text.plan import answer, name_lines
from spfengine.visible import visible, visible_name
from spfengine.wording import counted, listed

if TYPE_CHECKING:
    from octodns.provider.base import BaseProvider
    from octodns.zone import Zone as OctoZone

    from spfengine.answers import Resolver

_SEVERITIES = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING), "none": ()}
_LIVE_HINT = "set live: true to look up in DNS what the plan does not have"
_WIDTH = None  # octoDNS's log is not wrapped


class SpfException(ProcessorException):  # type: ignore[misc]  # octodns ships no types
    """The planned zone has a fault in its SPF, or is worse than the zone as it is; the message says how."""


class SpfProcessor(BaseProcessor):  # type: ignore[misc]  # octodns ships no types
    """Lints the SPF of zones, and compares it with what the target has.

    Findings that do not stop the plan are logged as warnings. A zone that is `lenient` is never refused.
    """

    def __init__(
        self,
        id: str,
        *,
        live: bool = False,
        nameservers: str | Sequence[str] = (),
        severity: str = "error",
        ignore: str | Iterable[str] = (),
        worse: str = "refuse",
        unknown: str = "warn",
        senders: str | Iterable[str] = (),
        lenient: bool = False,
    ) -> None:
        """Make a processor; octoDNS does, with the keys of its configuration.

        Args:
            id: the name of the processor in the configuration.
            live: whether live DNS answers for names outside the zone.
            nameservers: the DNS servers to ask for these; if there are any, `live` is set.
            severity: the least severity of a finding of lint that refuses the plan: "error", "warning", or "none".
            ignore: codes of findings that are not reported.
            worse: whether to "refuse" a plan that makes SPF worse, or to "warn".
            unknown: the same, for a plan of which it is not known whether it does.
            senders: files with senders, as for --senders. A plan is worse if one of them gets a worse result.
            lenient: whether nothing is refused.

        A list with one element may be written as that element.

        Raises:
            ProcessorException: a value can't be used; the message says what was expected.
        """
        super().__init__(id, lenient=lenient)
        self.log = getLogger(f"SpfProcessor[{id}]")
        self._stopping = _one_of("severity", severity, _SEVERITIES)
        choices = {"refuse": True, "warn": False}
        self._refuses_worse = _one_of("worse", worse, choices)
        self._refuses_unknown = _one_of("unknown", unknown, choices)
        codes = {str(each): each for each in LintCode}
        self._ignored = frozenset(_one_of("ignore", code, codes) for code in _texts("ignore", ignore))
        self._below = _below(_is_set("live", live), _texts("nameservers", nameservers))
        self._senders = _senders(_texts("senders", senders))

    def process_source_zone(
        self,
        desired: "OctoZone",
        sources: "list[BaseProvider]",  # noqa: ARG002 - octodns's signature
        lenient: bool = False,
    ) -> "OctoZone":
        """Lint the planned zone.

        Raises:
            SpfException: there is a finding of the severity that refuses a plan.
        """
        zone = zone_of(desired)
        resolver = zone if self._below is None else Overlay(self._below, zone)
        findings = [each for each in lint_zone(resolver) if each.code not in self._ignored]
        stopping = [each for each in findings if each.severity in self._stopping]
        for name in _spf_names(zone):
            budget = Policy.compile(name, resolver=resolver).budget(resolver)
            least = "at least " if budget.incomplete else ""
            self.log.info("%s: %s%s", visible_name(name), least, counted(budget.worst_lookups, "DNS lookup"))
        for each in findings:
            if each not in stopping or self.lenient or lenient:
                level = self.log.warning if each.severity is not Severity.INFO else self.log.info
                level("%s", each)
        if stopping and not (self.lenient or lenient):
            raise SpfException(_refusal(desired.name, stopping))
        return desired

    def process_source_and_target_zones(
        self, desired: "OctoZone", existing: "OctoZone", target: "BaseProvider", lenient: bool = False
    ) -> "tuple[OctoZone, OctoZone]":
        """Compare the SPF of the planned zone with that of the zone as it is.

        Raises:
            SpfException: something gets worse; or, if `unknown` is "refuse", it is not known whether something does.
        """
        name = visible_name(desired.name.removesuffix("."))
        before, after = (Contents(zones={desired.name: zone_of(each)}) for each in (existing, desired))
        plan = plan_contents((target.id, "the plan"), (before, after), below=self._below, senders=self._sending_from)
        is_worse = plan.is_worse or plan.is_broken
        if not is_worse and not plan.is_incomplete:
            return desired, existing
        text = f"{name}: {answer(plan)}\n{_changes(plan)}".replace(LIVE_HINT, _LIVE_HINT)
        refuses = self._refuses_worse if is_worse else self._refuses_unknown
        if refuses and not (self.lenient or lenient):
            raise SpfException(text)
        self.log.warning("%s", text)
        return desired, existing

    def _sending_from(self, name: str) -> list[Sender]:
        return self._senders.get(fold(name), [])


def zone_of(zone: "OctoZone") -> Zone:
    """Return a zone of octoDNS as a `Zone`.

    Raises:
        SpfException: a record can't be read.
    """
    document: dict[str, list[dict[str, Any]]] = {}
    for record in zone.records:
        document.setdefault(record.name, []).append(_record(record))
    try:
        return Zone.from_rrsets(*read_document(document, zone.name.removesuffix(".")))
    except SPFEngineError as error:
        raise SpfException(f"{visible_name(zone.name)}: {error}") from error


def _record(record: Any) -> dict[str, Any]:
    """Return a record as octoDNS's YAML has it."""
    values = record.values if hasattr(record, "values") else [record.value]
    record_type = record._type  # noqa: SLF001 - it has no public name; octoDNS's own processors read it, too
    if record_type == "MX":
        values = [{"preference": value.preference, "exchange": value.exchange} for value in values]
    else:
        values = [str(value) for value in values]
    read = {"type": record_type, "ttl": record.ttl, "values": values, "octodns": dict(record.octodns)}
    selecting = {key: True for key in ("dynamic", "geo") if getattr(record, key, None)}
    return read | selecting


def _spf_names(zone: Zone) -> list[str]:
    return list(State(Contents(zones={"": zone}), Unknowns()).spf_names())


def _refusal(zone: str, findings: Sequence[Finding]) -> str:
    texts = "\n".join(f"  {each}" for each in findings)
    return f"{visible_name(zone)} has {counted(len(findings), 'fault')} in its SPF:\n{texts}"


def _changes(plan: Plan) -> str:
    shown = [each for each in plan.names if each.verdict in (Verdict.BROKEN, Verdict.WORSE, Verdict.UNKNOWN)]
    return "\n".join(plain(name_lines(plan, each, _WIDTH), _WIDTH) for each in shown[:10])


def _one_of(key: str, value: object, choices: dict[str, Any]) -> Any:
    if not isinstance(value, str) or value not in choices:
        expected = listed(list(choices), 6) if key != "ignore" else "a code of docs/reference/lint.md"
        raise ProcessorException(f"{key}: {visible(repr(value), 60)} can't be used; expected {expected}")
    return choices[value]


def _is_set(key: str, value: object) -> bool:
    """Return what is true or false; a text such as "false" would count as true."""
    if not isinstance(value, bool):
        raise ProcessorException(f"{key}: {visible(repr(value), 60)} can't be used; expected true or false")
    return value


def _texts(key: str, value: object) -> list[str]:
    """Return a list of texts; one text is a list of it."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, Iterable) or isinstance(given, Mapping):
        raise ProcessorException(f"{key}: {visible(repr(value), 60)} can't be used; expected a list")
    texts = list(given)
    if not all(isinstance(each, str) for each in texts):
        raise ProcessorException(f"{key}: {visible(repr(value), 60)} can't be used; expected a list of texts")
    return texts


def _below(live: bool, nameservers: Sequence[str]) -> "Resolver | None":
    if not live and not nameservers:
        return None
    try:
        return Cache(LiveResolver(list(nameservers) or None))
    except SPFEngineError as error:
        raise ProcessorException(f"nameservers: {error}") from error


def _senders(paths: Sequence[str]) -> dict[str, list[Sender]]:
    found: dict[str, list[Sender]] = {}
    try:
        evidence = read_evidence(paths).senders if paths else ()
    except (OSError, SPFEngineError) as error:
        raise ProcessorException(f"senders: {visible(str(error), 200)}") from error
    for sender in evidence:
        found.setdefault(fold(domain_of(sender)), []).append(sender)
    return found
