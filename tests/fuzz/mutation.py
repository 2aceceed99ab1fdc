"""Inputs made from seeds by chance, but the same ones each time."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.targets import Target


def inputs(target: Target, count: int, seed: int) -> Iterator[bytes]:
    """Yield inputs for a target: the seeds as they are, then changed in a few places."""
    yield b""
    yield from target.seeds
    chance = Random(seed)
    for _ in range(count):
        data = bytearray(chance.choice(target.seeds))
        for _ in range(chance.choice((1, 1, 2, 4, 8))):
            _change(data, target, chance)
        yield bytes(data)


def _change(data: bytearray, target: Target, chance: Random) -> None:
    """Change one place: other octets, a word of the format, a part left out, repeated, or from another seed."""
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((0, 1, 2, 8, 40)))
    kind = chance.randrange(6)
    if kind == 0:
        data[start:end] = chance.randbytes(chance.choice((1, 1, 2, 8)))
    elif kind == 1 and target.tokens:
        data[start:end] = chance.choice(target.tokens)
    elif kind == 2:
        del data[start:end]
    elif kind == 3:
        data[start:start] = data[start:end] * chance.choice((1, 2, 30))
    elif kind == 4:
        other = chance.choice(target.seeds)
        begin = chance.randrange(len(other) + 1)
        data[start:end] = other[begin : begin + chance.choice((4, 40, 400))]
    elif data:
        at = chance.randrange(len(data))
        data[at] ^= 1 << chance.randrange(8)
