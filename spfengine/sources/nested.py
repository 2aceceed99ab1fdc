"""Records in strings that are not records themselves: lines of zones, JSON and scripts, and strings in templates.

A record in quotes inside a string is one if it is the value of a key, an assignment, an option or a call, or if it is
in a template. In quotes after a word (`use "v=spf1 -all"`) it is a part of a sentence.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import zip_longest

from spfengine.sources.atoms import Atom, text_of, without_text
from spfengine.sources.usage import is_matching, is_prose_key, is_saying
from spfengine.sources.values import Value
from spfengine.sources.variables import REPLACING, SUBSTITUTING

_BEFORE = 300  # characters before a record that may have its name, or show how it is used
_LONGEST = 1 << 16
_MOST_DELIMITERS = 100  # different ways to open a string that nothing closes

_IN_ZONE = re.compile(r"(?<![^\s\"'])(?:TXT|SPF)[ \t]{1,40}(?:\([ \t\r\n]{0,40})?(?=\\?\"v=spf1)", re.IGNORECASE)
_ORIGIN = re.compile(r"^[ \t]*\$ORIGIN[ \t]+\S{1,255}[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_ZONE_COMMENT = re.compile(r"[ \t]*[;#]")  # of a master file, or of a shell script
_COMMENT = re.compile(r"[ \t]*(?:#|//|;)")

_MORE = r"[\"']?\s*[,\])][^\n{}]{0,400}"
_PIPED = rf"{_MORE}\|\s*(?:join|union)\b"  # of Ansible: ['v=spf1', …] | join(' ')
_JOINED = rf"(?:{_PIPED}|{_MORE}\]\s*\))"  # of Terraform: join(" ", ["v=spf1", …])
_VERSION = re.compile(
    rf"v=spf1(?=[^\"'\\]{{2}}| ?[\"']\s*[+~])|(?:(?<=\[[\"'])|(?<=\[ [\"']))v=spf1(?P<part> ?)(?={_JOINED})",
    re.IGNORECASE,
)
_IS_PIPED = re.compile(_PIPED)
_QUOTES = re.compile(r"(\\*[\"'`])(?:\\*[\"'])?\Z")
_COMPARED_BEFORE = re.compile(
    r"[=!]=\s*\Z"
    r"|(?:\{\{-?|[|(])\s*(?:(?:if|else if|with|and|or|not)\s+)?"  # of Helm
    r"(?:eq|ne|contains|hasPrefix|hasSuffix|has|regexMatch|mustRegexMatch|replace|regexReplaceAll)\b[^|()]*\Z"
)
_COMPARED_AFTER = re.compile(r"\s*(?:[=!]=|(?:not\s+)?in\b)")
_KEY = re.compile(r"(?:([\"'])([^\"'\n]{0,80})\\*\1|(?:\A|[\n{,])[ \t]*(?:-[ \t]+)?([\w.\-/]{1,80}))\s*:\s*\Z")
_ASSIGNED = re.compile(
    r"(?:([\w.\-]{1,80})|(?<![=!<>\s]))=\Z"
    r"|(?:\A|\n)[ \t]*(?:export[ \t]+|(?:const|let|var)[ \t]+)?([\w.\-]{1,80})\s*=\s*\Z"
)
_OPTION = re.compile(r"(?:\A|[\s\"'`])-{1,2}[A-Za-z][\w\-]{0,60}[ \t=]+\Z")
_ITEM = re.compile(r"(?:\A|\n)[ \t]*-[ \t]+\Z|\[\s*\Z")
_CALL = re.compile(r"([A-Za-z_][\w.]{0,80})\(\s*\Z")
_LINE_VALUE = re.compile(r"(?:\A|\n)[ \t]*(?:-[ \t]+)?(?:([\w.\-/]{1,80}):[ \t]+|(?:export[ \t]+)?\w{1,80}=|-[ \t]+)\Z")
_COMMAND = re.compile(r"(?:\A|[\n|;&]|\$\()[ \t]*(\S+)[^\n|;&]*\Z")
_LOOKING = frozenset(
    {"[", "[[", "awk", "echo", "egrep", "fgrep", "grep", "if", "logger", "printf", "rg", "sed", "test"}
)
_TAGS = (("{{", "}}"), ("{%", "%}"), ("${", "}"))
_AFTER_TAG = re.compile(r"[}%]\}[ \t]?\Z")
_NEXT_TAG = re.compile(r"\{[{%]-?\s*(?:else|elif|elseif|endif|end|endset|endblock|endmacro)\b|\n")
_GOES_ON = re.compile(r"[\"']?\$|\w|\s*[~+][^=]|\s*\.\s*(?:concat|append)\b")
_GOES_ON_IN_LIST = re.compile(_JOINED)
_CHANGED = re.compile(r"\s*(?:\||\.)\s*(?:regex_?)?(?:replace|sub|format)")
_QUOTE_AFTER_BACKSLASHES = re.compile(r"\\+(?=[\"'])")
_CHANGING = REPLACING | SUBSTITUTING | {"substr", "substring", "format"}


def nested_in(atoms: list[Atom]) -> Iterator[tuple[Value, list[Atom]]]:
    """Yield the records inside a string, and what is before each that is in a line of a master file.

    That is its line, after the last $ORIGIN before it.
    """
    text = text_of(atoms)
    lines = list(_IN_ZONE.finditer(text))
    origins = list(_ORIGIN.finditer(text))
    for found, following in zip_longest(lines, lines[1:]):
        end = len(atoms) if following is None else following.start()
        record = atoms[found.end() : end]
        if record[0].char == "\\":  # of a shell
            record = _unescaped(record)
        is_comment = _ZONE_COMMENT.match(text, _line_start(text, found.start())) is not None
        if not is_comment and any(atom.char == '"' for atom in record[1:]):  # a pattern has no quote at its end
            start = max(found.start() - _BEFORE, _line_start(text, found.start()))
            at = bisect_left(origins, start, key=lambda origin: origin.start()) - 1
            origin = atoms[origins[at].start() : origins[at].end()] if at >= 0 else []
            yield Value(record), [*origin, *atoms[start : found.start()]]
    in_lines = {text.find("v", found.end()) for found in lines} | {text.find("V", found.end()) for found in lines}
    yield from ((value, []) for value in _values(atoms, text, in_lines))


def _unescaped(atoms: list[Atom]) -> list[Atom]:
    """Return the atoms with each backslash and what follows it as one."""
    found: list[Atom] = []
    for atom in atoms:
        is_after = bool(found) and found[-1].char == "\\" and found[-1].end == atom.start and atom.char is not None
        found.append(Atom(atom.char, found.pop().start, atom.end) if is_after else atom)
    return found


def _line_start(text: str, pos: int) -> int:
    return text.rfind("\n", 0, pos) + 1


def _values(atoms: list[Atom], text: str, in_lines: set[int]) -> Iterator[Value]:
    """Yield the records that are not in lines of a master file."""
    unclosed: set[str] = set()
    after = 0
    for version in _VERSION.finditer(text):
        start = version.start()
        before = text[max(start - _BEFORE, 0) : start]
        if start < after or start in in_lines or _is_in_comment(text, start):
            continue
        if version["part"] is not None and "join(" not in before and not _IS_PIPED.match(text, version.end()):
            continue  # a list that is compared with
        quotes = _QUOTES.search(before)
        place = _quoted(text, before, quotes, start, unclosed) if quotes else _unquoted(text, before, start)
        if place is None:
            continue
        first, end, after = place
        record = _without_backslashes(atoms[first:end])
        if quotes is not None:
            record = _as_used(record, text, before[: quotes.start()], after)
        if record:
            yield Value(record)


def _is_in_comment(text: str, pos: int) -> bool:
    start = text.rfind("\n", max(pos - _BEFORE, 0), pos) + 1
    return (start > 0 or pos <= _BEFORE) and _COMMENT.match(text, start) is not None


_Place = tuple[int, int, int]  # where a record begins and ends, and the place after it


def _unquoted(text: str, before: str, start: int) -> _Place | None:
    """Return the place of a record that is the rest of a line, or is between two tags of a template."""
    if _AFTER_TAG.search(before):
        tag = _NEXT_TAG.search(text, start, start + _LONGEST)
        end = min(start + _LONGEST, len(text)) if tag is None else tag.start()
        while text[end - 1].isspace():
            end -= 1
        return start, end, end
    value = _LINE_VALUE.search(before)
    if value is None or "\n" not in text or is_prose_key(value[1] or ""):
        return None
    end = text.find("\n", start)
    end = min(len(text) if end < 0 else end, start + _LONGEST)
    return start, end, end


def _quoted(text: str, before: str, quotes: re.Match[str], start: int, unclosed: set[str]) -> _Place | None:
    """Return the place of a record in quotes, if it is used as one."""
    delimiter = quotes[1]
    if delimiter in unclosed or len(unclosed) > _MOST_DELIMITERS:
        return None
    close = re.compile(rf"(?<!\\){re.escape(delimiter)}").search(text, start, start + _LONGEST)
    if close is None:
        unclosed.add(delimiter)
        return None
    if not _is_used(before[: quotes.start()], is_line="\n" in text) or _COMPARED_AFTER.match(text, close.end()):
        return None
    return start - len(quotes[0]) + len(delimiter), close.start(), close.end()


def _is_used(before: str, *, is_line: bool) -> bool:
    """Whether what follows is a value, and not a part of a sentence, a comparison or a pattern.

    Args:
        before: what is before it.
        is_line: whether it is in one of several lines.
    """
    if _COMPARED_BEFORE.search(before):
        return False
    call = _call(before)
    if call is not None:
        name = call[1].rpartition(".")[2]
        is_first = call.end() == len(before)
        if is_saying(name) or (is_first and is_matching(name)):
            return False
        if name in REPLACING | SUBSTITUTING and (not is_first or "." in call[1] or _is_filter(before, call)):
            return False
    if _is_in_template(before) or (call is not None and call.end() == len(before)):
        return True
    value = before.rstrip()
    last = value[-1:]
    if last == ":":
        key = _KEY.search(before)
        if key is None or is_prose_key(key[2] or key[3] or ""):
            return False
        is_first = key.start() == 0 and is_line
        return key[2] is not None or is_first or before[key.start()] == "\n" or before.rfind("{") > before.rfind("}")
    if last == "=" and (assigned := _ASSIGNED.search(before)) is not None:
        return not is_prose_key(assigned[1] or assigned[2] or "")
    if last in {"[", "-"}:
        return _ITEM.search(before) is not None
    if last == ",":
        return value.endswith(('",', "',")) and value.rfind("[") > value.rfind("]")  # ["x", …
    if _OPTION.search(before) is None:
        return False
    command = _COMMAND.search(before)
    return command is None or command[1].rpartition("/")[2] not in _LOOKING


def _is_filter(before: str, call: re.Match[str]) -> bool:
    return before[: call.start()].rstrip().endswith("|")


def _call(before: str) -> re.Match[str] | None:
    """Return the function whose arguments are not closed yet, as a match that ends after its bracket."""
    depth = 0
    for at in range(len(before) - 1, -1, -1):
        if before[at] == ")":
            depth += 1
        elif before[at] == "(":
            if depth == 0:
                return _CALL.search(before, 0, len(before) if not before[at + 1 :].strip() else at + 1)
            depth -= 1
        elif before[at] == "\n":
            return None
    return None


def _is_in_template(before: str) -> bool:
    return any(before.rfind(opening) > before.rfind(closing) for opening, closing in _TAGS)


def _as_used(record: list[Atom], text: str, before: str, after: int) -> list[Atom]:
    """Return what is known of a record after what is done with it."""
    call = _call(before)
    name = call[1].rpartition(".")[2] if call is not None and call.end() == len(before) else ""
    if not record:
        return record
    if name in _CHANGING or _CHANGED.match(text, after):
        return without_text(record, "")
    end = record[-1].end
    if name == "concat" or _GOES_ON.match(text, after):
        return [*record, Atom(None, end, end)]
    if _is_in_template(before) and _GOES_ON_IN_LIST.match(text, after):
        return [*record, Atom(" ", end, end), Atom(None, end, end)]
    return record


def _without_backslashes(atoms: list[Atom]) -> list[Atom]:
    """Return the atoms without backslashes before quotes, however many."""
    found: list[Atom] = []
    last = 0
    for match in _QUOTE_AFTER_BACKSLASHES.finditer(text_of(atoms)):
        quote = atoms[match.end()]
        found += [*atoms[last : match.start()], Atom(quote.char, atoms[match.start()].start, quote.end)]
        last = match.end() + 1
    return found + atoms[last:]
