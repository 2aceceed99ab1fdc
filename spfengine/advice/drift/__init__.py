"""Drift: what changed since a snapshot, as the exact difference of what the records mean."""

from spfengine.advice.drift.drift import AnswerChange, AnswerChangeKind, DomainDrift, Drift
from spfengine.advice.drift.snapshot import Snapshot

__all__ = ["AnswerChange", "AnswerChangeKind", "DomainDrift", "Drift", "Snapshot"]
