"""What the marker `spf_zone` of the pytest plugin stands for."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spfengine.answers import Resolver
from spfengine.errors import ArgumentError
from spfengine.resolvers.asking import resolve_of
from spfengine.resolvers.zone import Zone


def zone_of(arguments: tuple[Any, ...], options: Mapping[str, Any], folder: Path) -> Resolver:
    """Return the resolver that a marker's arguments stand for; without any, an empty zone.

    Args:
        arguments, options: the marker's.
        folder: where a relative path begins.

    Raises:
        ArgumentError: it is not exactly one mapping, file or resolver.
        ZoneError, RecordingError: the mapping or the file can't be understood.
        OSError: the file can't be read.
    """
    if options or len(arguments) > 1:
        raise ArgumentError("the marker spf_zone takes one argument: a mapping, a file or a resolver")
    if not arguments:
        return Zone({})
    given: Any = arguments[0]
    if isinstance(given, str | os.PathLike):
        from spfengine.resolvers.zone_files.files import read_zone

        return read_zone(folder / given)
    if isinstance(given, Mapping):
        return Zone(given)
    resolve_of(given)
    resolver: Resolver = given
    return resolver
