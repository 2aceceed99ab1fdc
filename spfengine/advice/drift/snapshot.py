"""`snapshot`: what DNS answers for domains at one time, and what their records mean.

{"schema": "spfengine.snapshot/1",
 "taken": the time in UTC, as 2026-11-24T14:59:19Z,
 "recording": the answers, as `Recording.to_dict` returns them,
 "policies": what the records of the domains mean, as `Policy.to_dict` returns it, in the order of the domains}

The policies in a file are not trusted: they are compiled again from the answers, and must be the same.
"""

import os
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time
from typing import TYPE_CHECKING, Self

from spfengine.answers import Answer, Question
from spfengine.arguments import list_of
from spfengine.drivers import adrive, drive, once
from spfengine.errors import ArgumentError, RecordingError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.json_files import describe, dump_document, load_document, parse_document
from spfengine.names import domain_fault, fold
from spfengine.policy.budget import budget
from spfengine.policy.inputs import Inputs
from spfengine.policy.policy import Policy, compiling
from spfengine.resolvers.recording import Recording
from spfengine.visible import short_repr, visible_name
from spfengine.written_files import write_whole

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

SCHEMA = "spfengine.snapshot/1"
MAX_DOMAINS = 1000
"""The most domains that a snapshot may have."""

_END_OF_TIME = 253_402_300_800  # the year 10000
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """What DNS answered for domains at one time, and what their records meant.

    Returned by `snapshot`, or read by `load`.

    Attributes:
        taken: when, in whole seconds since the epoch.
        recording: the answers of DNS.
        policies: what the records of the domains meant, each domain once.
    """

    taken: int
    recording: Recording
    policies: tuple[Policy, ...]

    def __repr__(self) -> str:
        return short_repr(self, ("taken", "domains"))

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains."""
        return tuple([policy.domain for policy in self.policies])

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something, so that later changes there can't be seen."""
        return any(answer.is_failure for _, answer in self.recording.answers)

    def to_json(self) -> str:
        """Return the snapshot as JSON text in ASCII, schema `spfengine.snapshot/1`.

        Raises:
            RecordingError: an answer that a resolver invented can't be written.
        """
        return dump_document(
            {
                "schema": SCHEMA,
                "taken": utc(self.taken),
                "recording": self.recording.to_dict(),
                "policies": [policy.to_dict() for policy in self.policies],
            }
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the snapshot to a file completely, or leave the file as it was.

        Raises:
            RecordingError: see `to_json`.
            OSError: the file can't be written.
        """
        write_whole(path, self.to_json())

    def dump(self, path: str | os.PathLike[str]) -> None:
        """Do the same as `save`: its former name."""
        self.save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a snapshot that `save` wrote.

        Raises:
            RecordingError: the file is not a snapshot, contradicts itself, or is larger than 64 MiB.
            OSError: the file can't be read.
        """
        return cls._from_document(load_document(path, "a snapshot", SCHEMA))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a snapshot that `to_json` wrote. Raises RecordingError as `load` does."""
        return cls._from_document(parse_document(text, "a snapshot", SCHEMA))

    @classmethod
    def _from_document(cls, document: dict[str, object]) -> Self:
        taken = _read_time(document.get("taken"))
        try:
            recording = Recording.from_dict(document.get("recording"))
        except RecordingError as error:
            raise RecordingError(f"recording: {error}") from None
        return cls(taken, recording, tuple(_read_policies(document.get("policies"), recording)))


def snapshot(
    domains: str | Iterable[str],
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    now: float | None = None,
) -> Snapshot:
    """Return a snapshot of domains: what DNS answers for them now, and what their records mean.

    Args:
        domains: one domain or several. A name that others include, such as a provider's, is a domain too.
        resolver: answers DNS questions; live DNS by default.
        limits: the limits of a check. There is no time limit.
        now: the time in seconds since the epoch; the clock's by default.

    Raises:
        ArgumentError: there is no domain, or more than 1,000, or one can't be used.
        ResolverError: `resolver` does not follow the resolver protocol. What it raises itself is passed on.
    """
    return drive(_taking(domains, limits, now), resolver, None)


async def asnapshot(
    domains: str | Iterable[str],
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    now: float | None = None,
) -> Snapshot:
    """Async version of `snapshot`."""
    return await adrive(_taking(domains, limits, now), resolver, None)


def _taking(domains: str | Iterable[str], limits: Limits, now: float | None) -> Generator[Question, Answer, Snapshot]:
    wanted: dict[str, Inputs] = {}
    for domain in [domains] if isinstance(domains, str) else list_of(str, domains, "domains", "domain names"):
        inputs = Inputs(domain, None, None, limits, None, 0.0)
        fault = domain_fault(inputs.domain)
        if fault is not None:
            raise ArgumentError(fault)
        wanted.setdefault(fold(inputs.domain), inputs)
    if not 0 < len(wanted) <= MAX_DOMAINS:
        raise ArgumentError(f"a snapshot has 1 to {MAX_DOMAINS} domains, not {len(wanted)}")
    known: Answers = {}
    policies = []
    for inputs in wanted.values():
        policy = yield from once(compiling(inputs), known)
        yield from once(budget(inputs, dict(policy.answers)), known)  # so that its answers are recorded too
        policies.append(policy)
    return of_answers(policies, known, now)


def of_answers(policies: Iterable[Policy], known: Answers, now: float | None) -> Snapshot:
    """Return the snapshot of policies that were compiled from these answers.

    Raises:
        ArgumentError: `now` is not a time.
    """
    seconds = time() if now is None else now
    if not 0 <= seconds < _END_OF_TIME:
        raise ArgumentError(f"now must be seconds since the epoch, not {seconds!r}")
    return Snapshot(int(seconds), Recording(known.items()), tuple(policies))


def utc(seconds: int) -> str:
    """Return a time as text, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime(_TIME)


def _read_time(value: object) -> int:
    try:
        return int(datetime.strptime(value if isinstance(value, str) else "", _TIME).replace(tzinfo=UTC).timestamp())
    except ValueError:
        given = describe(value)
        raise RecordingError(f'"taken" of a snapshot is a time such as 2026-11-24T14:59:19Z, not {given}') from None


def _read_policies(value: object, recording: Recording) -> Iterator[Policy]:
    """Yield the policies, compiled from the answers.

    Raises:
        RecordingError: they can't be understood, or differ from what is written.
    """
    if not isinstance(value, list) or not 0 < len(value) <= MAX_DOMAINS:
        raise RecordingError(f'"policies" of a snapshot is a list of 1 to {MAX_DOMAINS} policies')
    seen: set[str] = set()
    for index, data in enumerate(value):
        where = f"policies[{index}]"
        try:
            written = Policy.from_dict(data)
            inputs = Inputs(written.domain, None, None, written.limits, None, 0.0)
        except ArgumentError as error:
            raise RecordingError(f"{where}: {error}") from None
        fault = _fault(written, inputs, seen)
        if fault is not None:
            raise RecordingError(f"{where}: {fault}")
        seen.add(fold(inputs.domain))
        policy = drive(compiling(inputs), recording, None)
        if policy.diff(written) or policy.incomplete != written.incomplete:
            raise RecordingError(
                f"{where}: the policy of {visible_name(inputs.domain)} does not follow from the answers: the file was "
                "edited by hand, or written by another version of spfengine; take a new snapshot"
            )
        yield policy


def _fault(policy: Policy, inputs: Inputs, seen: set[str]) -> str | None:
    """Return why a snapshot can't contain a policy, or None if it can."""
    fault = domain_fault(inputs.domain)
    if fault is not None:
        return fault
    domain = visible_name(policy.domain)
    if fold(inputs.domain) in seen:
        return f"{domain} is in the snapshot twice"
    if inputs.domain != policy.domain:
        return f"{domain} is not written as a snapshot writes it: {visible_name(inputs.domain)}"
    if not (policy.local_part is None and policy.helo is None):
        return "it is for one local part or HELO name; a snapshot's policies are for all"
    return None
