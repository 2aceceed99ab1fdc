"""Files that are written as a whole or not at all."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex


def write_whole(path: str | os.PathLike[str], text: str, encoding: str = "ascii") -> None:
    """Write text to a file completely, or leave the file as it was. Raises OSError.

    The text goes to a new file next to it, which then takes its name and has its permissions. A symbolic link stays
    one: the file that it leads to is written. A pipe or device, such as /dev/stdout, is written to directly.
    """
    write_pieces(path, [text], encoding)


def write_pieces(path: str | os.PathLike[str], pieces: Iterable[str], encoding: str = "ascii") -> None:
    """Write text that comes in pieces, as `write_whole` does. Raises OSError, and what the pieces raise."""
    named = Path(path)
    if named.exists() and not named.is_file():
        with named.open("w", encoding=encoding, newline="\n") as device:
            device.writelines(pieces)
        return
    with draft_of(path) as draft, draft.open("x", encoding=encoding, newline="\n") as file:
        file.writelines(pieces)


@contextmanager
def draft_of(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give the name of a new file, which takes the name of `path` at the end. Raises OSError.

    If anything is raised before that, the new file is removed, and the other one stays as it was.
    """
    target = Path(os.path.realpath(path))
    draft = target.with_name(f"{target.name}.{token_hex(6)}.tmp")
    try:
        yield draft
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    except BaseException:  # an interrupt, too, must not leave the draft
        draft.unlink(missing_ok=True)
        raise
