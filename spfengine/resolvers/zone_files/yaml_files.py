"""YAML, read so that no file can do harm, and values of text stay as they are written.

Aliases are followed, but the document that they make must be small and end: they let a small file make an endless one.
"""

from collections.abc import Callable
from typing import Any

from spfengine.errors import MissingExtraError, ZoneError
from spfengine.visible import visible

Node = Any
"""A node of pyyaml, which has types for it only as a stub: scalar, sequence or mapping, by its `id`; or None."""

_MAX_DEPTH = 20  # of a suite: document, zonedata, name, entries, entry, value, strings
_MAX_NODES = 1 << 22
_TAG = "tag:yaml.org,2002:"
_STR = f"{_TAG}str"
_NULL = f"{_TAG}null"
_NOT_TEXT = frozenset({f"{_TAG}{name}" for name in ("int", "float", "bool", "timestamp")})


def load_yaml(data: bytes | str, prepare: Callable[[Node], object] | None = None) -> list[Any]:
    """Return the documents of a YAML file.

    Args:
        data: the file's content.
        prepare: called with the root of each document before its values are made.

    Raises:
        ZoneError: it is not YAML, is nested too deep, has a tag that is not YAML's own (`!include`), or has aliases
            that make it endless or too large.
        MissingExtraError: pyyaml is not installed.
    """
    try:
        import yaml
    except ImportError:
        message = "YAML needs pyyaml: pip install pyyaml (it is in the extras spfengine[cli] and spfengine[testing])"
        raise MissingExtraError(message) from None

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(data, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                raise _too_deep(event)
            _refuse_other_tags(event)
        return _documents(loader(data), prepare)
    except ZoneError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ZoneError(f"this is not YAML: {visible(' '.join(str(error).split()), 200)}") from None
    except (ArithmeticError, AttributeError, LookupError, TypeError):  # pyyaml's, for `!!int ""` or `!!bool x`
        raise ZoneError("this is not YAML: a value does not fit its tag, such as !!int or !!timestamp") from None


def line_of(node: Any) -> int:
    """Return the line of a node or event, from 1 on; 0 if it is not known."""
    return 0 if node.start_mark is None else node.start_mark.line + 1


def pairs(node: Node) -> list[tuple[Node, Node]]:
    """Return keys and values of a mapping; nothing of any other node."""
    return list(node.value) if node is not None and node.id == "mapping" else []


def value_of(node: Node, key: str) -> Node:
    """Return the value of a key of a mapping, the last one as YAML readers do; None if it has no such key."""
    return next((value for name, value in reversed(pairs(node)) if name.value == key), None)


def keep_text(node: Node) -> None:
    """Take the scalars of a node for text as it is written: without it, `1:2:3:4:5:6:7:8` and `no` are no text."""
    pending = [] if node is None else [node]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.id == "scalar" and node.tag in _NOT_TEXT:
            node.tag = _STR
        elif node.id == "sequence":
            pending += node.value
        else:
            pending += [each for pair in pairs(node) for each in pair]


def rename_repeated(mapping: Node) -> list[tuple[int, str, str]]:
    """Give a key of a mapping that occurs again another name; return the line, the old and the new name of each.

    Without it, the YAML reader silently keeps the last.
    """
    taken = {str(key.value) for key, _ in pairs(mapping)}
    numbers: dict[str, int] = {}
    seen: set[str] = set()
    renamed = []
    for key, _ in pairs(mapping):
        name = str(key.value)
        if name in seen and key.id == "scalar":
            key.value = free_name(name, taken, numbers)
            renamed.append((line_of(key), name, key.value))
        seen.add(str(key.value))
        taken.add(str(key.value))
    return renamed


def free_name(name: str, taken: set[str] | dict[str, Any], numbers: dict[str, int]) -> str:
    """Return a name like this one that is not taken: `name-2`, or the next number that is free.

    Args:
        name: the name that is taken.
        taken: all names that are.
        numbers: the last number that was given to each name, so that none is tried again.
    """
    number = numbers.get(name, 1) + 1
    while f"{name}-{number}" in taken:
        number += 1
    numbers[name] = number
    return f"{name}-{number}"


def repeated(root: Node) -> list[tuple[int, str]]:
    """Return the line and the text of each key that occurs twice in one mapping.

    Raises:
        ZoneError: a key is a mapping or a list.
    """
    found = []
    pending = [root]
    visited: set[int] = set()
    while pending:
        node = pending.pop()
        if id(node) in visited or node.id == "scalar":
            continue
        visited.add(id(node))
        if node.id == "sequence":
            pending += node.value
            continue
        seen: set[str] = set()
        for key, value in pairs(node):
            if key.id != "scalar":
                raise ZoneError(f"line {line_of(key)}: a key is a mapping or a list; expected text")
            if key.value in seen:
                found.append((line_of(key), str(key.value)))
            seen.add(key.value)
            pending.append(value)
    return sorted(found)


def _documents(loader: Any, prepare: Callable[[Node], object] | None) -> list[Any]:
    documents = []
    try:
        while loader.check_node():
            node = loader.get_node()
            _measure(node, {})
            if prepare is not None and node.tag != _NULL:
                prepare(node)
            documents.append(loader.construct_document(node))
    finally:
        loader.dispose()
    return documents


def _measure(node: Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """Return how many nodes a node has when its aliases are written out, and how deep it is then.

    An alias comes after its anchor, so that this is known by then. Raises ZoneError if it is too much.
    """
    if node.id == "scalar":
        return 1, 0
    if id(node) in known:
        measured = known[id(node)]
        if measured is None:
            raise ZoneError(f"line {line_of(node)}: an alias leads back to what it is part of; write it out")
        return measured
    known[id(node)] = None
    below = node.value if node.id == "sequence" else [each for pair in pairs(node) for each in pair]
    sizes = [_measure(each, known) for each in below]
    size, depth = 1 + sum(size for size, _ in sizes), 1 + max((depth for _, depth in sizes), default=0)
    if size > _MAX_NODES:
        raise ZoneError(f"line {line_of(node)}: its aliases make this too large; write out what is needed")
    if depth > _MAX_DEPTH:
        raise _too_deep(node)
    known[id(node)] = size, depth
    return size, depth


def _too_deep(node: Any) -> ZoneError:
    return ZoneError(f"line {line_of(node)}: this is nested too deep")


def _refuse_other_tags(event: Any) -> None:
    """Raise ZoneError if a value has a tag that is not YAML's own."""
    tag = getattr(event, "tag", None)
    if tag is None or tag == "!" or tag.startswith(_TAG):
        return
    what = f"line {line_of(event)}: {visible(tag, 40)} is not read"
    if tag.startswith("!include"):
        raise ZoneError(
            f"{what}, since a file should not depend on others; write the records out "
            "(octodns-dump writes a zone without it)"
        )
    raise ZoneError(f"{what}; expected values without tags of your own")
