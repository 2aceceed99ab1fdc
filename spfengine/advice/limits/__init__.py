"""The way back within the limits of RFC 7208 §4.6.4: what to take out and what to flatten, with the proof."""

from spfengine.advice.limits.plan import LimitPlan, Need, PlanStep, StepKind

__all__ = ["LimitPlan", "Need", "PlanStep", "StepKind"]
