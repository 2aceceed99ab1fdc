"""How many examples hypothesis tries for expensive properties."""

from hypothesis import settings


def examples(full: int) -> int:
    """Return `full`, the number of examples in a full run; everyday, a tenth of it, and at least three."""
    return max(3, min(full, full * settings().max_examples // 100))
