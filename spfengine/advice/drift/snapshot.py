"""Snapshots: what DNS said of domains at one time, and what their records meant.

{"schema": "spfengine.snapshot/1",
 "taken": the time in UTC, as 2026-11-24T14:59:19Z,
 "recording": the answers, as `Recording.to_dict` has them,
 "policies": what the records of the domains meant, as `Policy.to_dict` has it, in the order of the domains}

The policies in a file are not believed: they are compiled again from the answers, and have to come out the same.
"""

import json
import os
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Self

from spfengine.answers import Answer, Question
from spfengine.drivers import adrive, drive, once
from spfengine.errors import ArgumentError, RecordingError
from spfengine.evaluation.limits import DEFAULT_LIMITS, Limits
from spfengine.evaluation.session import Answers
from spfengine.frozen import Frozen, fill
from spfengine.names import domain_fault, fold
from spfengine.policy.budget import budget
from spfengine.policy.compile import Inputs
from spfengine.policy.policy import Policy, compiling
from spfengine.resolvers.recording import MAX_OCTETS, Recording, write_whole
from spfengine.visible import visible, visible_name

if TYPE_CHECKING:
    from spfengine.answers import AsyncResolver, Resolver

SCHEMA = "spfengine.snapshot/1"
MAX_DOMAINS = 1000
"""Domains of the largest snapshot."""

_END_OF_TIME = 253_402_300_800  # the year 10000
_TIME = "%Y-%m-%dT%H:%M:%SZ"


class Snapshot(Frozen):
    """What DNS said of domains at one time, and what their records meant. Made by `snapshot`, or read by `load`.

    Attributes:
        taken: when, in whole seconds since the epoch.
        recording: what DNS answered.
        policies: what the records of the domains meant, each domain once.
    """

    __slots__ = fields = ("taken", "recording", "policies")
    taken: int
    recording: Recording
    policies: tuple[Policy, ...]

    def __init__(self, taken: int, recording: Recording, policies: tuple[Policy, ...]) -> None:
        fill(self, "taken", taken)
        fill(self, "recording", recording)
        fill(self, "policies", policies)

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains."""
        return tuple([policy.domain for policy in self.policies])

    @property
    def is_incomplete(self) -> bool:
        """Whether DNS could not answer something, so that what changes there later can't be told."""
        return any(answer.is_failure for _, answer in self.recording.answers)

    def to_json(self) -> str:
        """Return the snapshot as JSON text, schema `spfengine.snapshot/1`, all in ASCII.

        Raises:
            RecordingError: an answer that a resolver made up can't be written.
        """
        document = {
            "schema": SCHEMA,
            "taken": utc(self.taken),
            "recording": self.recording.to_dict(),
            "policies": [policy.to_dict() for policy in self.policies],
        }
        return json.dumps(document, indent=1) + "\n"

    def dump(self, path: str | os.PathLike[str]) -> None:
        """Write the snapshot to a file: the whole of it, or, where that fails, nothing.

        Raises:
            RecordingError: see `to_json`.
            OSError: the file can't be written.
        """
        write_whole(path, self.to_json())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a snapshot that `dump` wrote.

        Raises:
            RecordingError: it is none, it contradicts itself, or it is larger than 64 MiB.
            OSError: the file can't be read.
        """
        with Path(path).open("rb") as file:
            return cls.from_json(file.read(MAX_OCTETS + 1))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read a snapshot that `to_json` wrote. Raises RecordingError as `load` does."""
        if len(text) > MAX_OCTETS:
            raise RecordingError(f"a snapshot has at most {MAX_OCTETS >> 20} MiB")
        try:
            data = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecordingError(f"a snapshot is JSON: {visible(str(error), 120)}") from None
        if not isinstance(data, dict) or data.get("schema") != SCHEMA:
            schema = data.get("schema") if isinstance(data, dict) else None
            shown = f"'{visible(schema, 60)}'" if isinstance(schema, str) else "something else"
            raise RecordingError(f'a snapshot is a JSON object with "schema": "{SCHEMA}", not {shown}')
        taken = _read_time(data.get("taken"))
        try:
            recording = Recording.from_dict(data.get("recording"))
        except RecordingError as error:
            raise RecordingError(f"recording: {error}") from None
        return cls(taken, recording, tuple(_read_policies(data.get("policies"), recording)))


def snapshot(
    domains: str | Iterable[str],
    *,
    resolver: "Resolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    now: float | None = None,
) -> Snapshot:
    """Return a snapshot of domains: what DNS says of them now, and what their records mean.

    Args:
        domains: one domain or several. Names that others include, such as a provider's, are domains too.
        resolver: what answers DNS questions; live DNS where it is not given.
        limits: how much a check may ask. There is no time limit.
        now: the time in seconds since the epoch; that of the clock where it is not given.

    Raises:
        ArgumentError: there is no domain, or more than 1,000, or one can't be used.
        ResolverError: `resolver` does not keep the protocol. Whatever it raises itself is passed on.
    """
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    return drive(_taking(domains, limits, now), resolver, None)


async def asnapshot(
    domains: str | Iterable[str],
    *,
    resolver: "Resolver | AsyncResolver | None" = None,
    limits: Limits = DEFAULT_LIMITS,
    now: float | None = None,
) -> Snapshot:
    """Return what `snapshot` returns, without blocking the event loop while DNS answers.

    Raises:
        ArgumentError, ResolverError: as `snapshot`.
    """
    if resolver is None:
        from spfengine.drivers import default_resolver

        resolver = default_resolver()
    return await adrive(_taking(domains, limits, now), resolver, None)


def _taking(domains: str | Iterable[str], limits: Limits, now: float | None) -> Generator[Question, Answer, Snapshot]:
    given = [domains] if isinstance(domains, str) else list(domains)
    wanted: dict[str, Inputs] = {}
    for each in given:
        inputs = Inputs(each, None, None, limits, None, 0.0)
        fault = domain_fault(inputs.domain)
        if fault is not None:
            raise ArgumentError(fault)
        wanted.setdefault(fold(inputs.domain), inputs)
    if not 0 < len(wanted) <= MAX_DOMAINS:
        raise ArgumentError(f"a snapshot is of 1 to {MAX_DOMAINS} domains, not of {len(wanted)}")
    known: Answers = {}
    policies = []
    for inputs in wanted.values():
        policy = yield from once(compiling(inputs), known)
        yield from once(budget(inputs, dict(policy.answers)), known)  # so that what it needs is recorded too
        policies.append(policy)
    return of_answers(policies, known, now)


def of_answers(policies: Iterable[Policy], known: Answers, now: float | None) -> Snapshot:
    """Return the snapshot of policies that were compiled from these answers. Raises ArgumentError for the time."""
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
        shown = f"'{visible(value, 60)}'" if isinstance(value, str) else "something else"
        raise RecordingError(f'"taken" of a snapshot is a time such as 2026-11-24T14:59:19Z, not {shown}') from None


def _read_policies(value: object, recording: Recording) -> Iterable[Policy]:
    """Yield the policies as they come out of the answers, which must be as they are written.

    Raises:
        RecordingError: they can't be understood, or are not what the answers say.
    """
    if not isinstance(value, list) or not 0 < len(value) <= MAX_DOMAINS:
        raise RecordingError(f'"policies" of a snapshot is a list of 1 to {MAX_DOMAINS} policies')
    seen: set[str] = set()
    for place, each in enumerate(value):
        where = f"policies[{place}]"
        try:
            written = Policy.from_dict(each)
            inputs = Inputs(written.domain, None, None, written.limits, None, 0.0)
        except ArgumentError as error:
            raise RecordingError(f"{where}: {error}") from None
        fault = domain_fault(inputs.domain)
        if fault is None and (inputs.domain != written.domain or fold(inputs.domain) in seen):
            fault = f"{visible_name(written.domain)} stands there twice, or not as a domain does"
        if fault is None and not (written.local_part is None and written.helo is None):
            fault = "it is for one sender or HELO name; a snapshot's are for all"
        if fault is not None:
            raise RecordingError(f"{where}: {fault}")
        seen.add(fold(inputs.domain))
        policy = drive(compiling(inputs), recording, None)
        if policy.diff(written) or policy.incomplete != written.incomplete:
            shown = visible_name(inputs.domain)
            raise RecordingError(
                f"{where}: the policy of {shown} is not what the answers say: the file was changed by hand, or comes "
                "from another version of spfengine; take a new snapshot"
            )
        yield policy
