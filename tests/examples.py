"""How many examples hypothesis tries for expensive properties."""

from hypothesis import settings


def examples(full: int) -> int:
    """Return `full`, the number of examples in a full run; everyday, a quarter of it, and at least five."""
    return max(5, min(full, full * settings().max_examples // 100))
