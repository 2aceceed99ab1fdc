"""Files that are written as a whole or not at all."""

import os
import shutil
from pathlib import Path
from secrets import token_hex


def write_whole(path: str | os.PathLike[str], text: str, encoding: str = "ascii") -> None:
    """Write text to a file completely, or leave the file as it was. Raises OSError.

    The text goes to a new file next to it, which then takes its name and has its permissions. A symbolic link stays
    one: the file that it leads to is written. A pipe or device, such as /dev/stdout, is written to directly.
    """
    named = Path(path)
    if named.exists() and not named.is_file():
        with named.open("w", encoding=encoding, newline="\n") as device:
            device.write(text)
        return
    target = Path(os.path.realpath(path))
    draft = target.with_name(f"{target.name}.{token_hex(6)}.tmp")
    try:
        with draft.open("x", encoding=encoding, newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    except BaseException:  # an interrupt, too, must not leave the draft
        draft.unlink(missing_ok=True)
        raise
