"""Hostile files: the work grows with the size of the file and no faster, and nothing is raised."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from spfengine import find_records
from spfengine.sources import record
from spfengine.sources.finder import ENDINGS, UnreadFile, records_in
from tests.counting import count_steps, cpu_seconds_at_most
from tests.examples import mostly_full

# Each makes a file from a number that its size is about proportional to.
SHAPES: dict[str, tuple[str, Callable[[int], str]]] = {
    "one long record": (".tf", lambda n: 'x = "v=spf1 ' + "mx " * n + '-all"'),
    "many records on a line": (".json", lambda n: "[" + '"v=spf1 mx -all", ' * (n // 4) + "1]"),
    "deep JSON": (".json", lambda n: "[" * n + '"v=spf1 -all"' + "]" * n),
    "deep JSON that is not closed": (".json", lambda n: '{"a":[' * n + '"v=spf1 -all"'),
    "deep brackets": (".py", lambda n: "(" * n + '"v=spf1 -all"' + ")" * n),
    "deep interpolations": (".js", lambda n: "`v=spf1 ${" * n + "}`" * n),
    "deep interpolations that are not closed": (".js", lambda n: "`v=spf1 ${" * n),
    "interpolations of Terraform that are not closed": (".tf", lambda n: 'x = "v=spf1 ${' * n),
    "f-strings that are not closed": (".py", lambda n: "f'v=spf1 {" * n),
    "quotes that are not closed": (".tf", lambda n: 'x = "v=spf1 -all\n' * n),
    "three quotes that are not closed": (".py", lambda n: "\"\"\"v=spf1 -all\n'''" * n + "'"),
    "heredocs that are not closed": (".tf", lambda n: "".join(f"x = <<E{i}\nv=spf1 -all\n" for i in range(n // 4))),
    "heredocs with one end": (".tf", lambda n: "x = <<E\n" * n + "v=spf1 -all\nE\n"),
    "lines of a heredoc": (".tf", lambda n: "x = <<E\n" + "v=spf1 mx\n" * n + "E\n"),
    "regular expressions": (".js", lambda n: "x = 'v=spf1 -all';" + "(/[" * n),
    "more regular expressions": (".js", lambda n: "x = 'v=spf1 -all';" + "=/a" * n),
    "comments that are not closed": (".js", lambda n: "x = 'v=spf1 -all';" + "/*" * n),
    "backslashes": (".json", lambda n: '["v=spf1 ' + "\\" * (2 * n) + '"]'),
    "backslashes and quotes": (".py", lambda n: "x = '\"v=spf1 " + "\\\\\\'" * n + "'"),
    "gaps between strings": (".json", lambda n: '["\\"v=spf1 ' + '\\" \\"' * n + '\\""]'),
    "quotes and spaces": (".json", lambda n: '["v=spf1 ' + '\\" ' * n + '"]'),
    "braces": (".yaml", lambda n: "x: v=spf1 " + "{{" * n),
    "percent signs": (".yaml", lambda n: "x: v=spf1 " + "%(" * n),
    "spaces": (".yaml", lambda n: "x: v=spf1" + " " * (4 * n) + "-all"),
    "spaces without a colon": (".yaml", lambda n: "v=spf1" + " " * (4 * n) + "-all"),
    "lines of a plain scalar": (".yaml", lambda n: "x: v=spf1\n" + "  mx\n" * n),
    "lines of a block": (".yaml", lambda n: "x: |\n" + "  v=spf1 mx\n" * n),
    "sequences": (".yaml", lambda n: "- " * n + "v=spf1 -all"),
    "deep sequences": (".yaml", lambda n: "".join(" " * i + "- v=spf1 -all\n" for i in range(n // 20))),
    "quotes in YAML": (".yaml", lambda n: "x: v=spf1\n" + "- 'a\n" * n + "-\n" + '- "a\n' * n),
    "brackets in YAML": (".yaml", lambda n: "x: v=spf1\n" + "y: [{\n" * n),
    "quotes in templates": (".yaml", lambda n: 'x: "v=spf1 ' + '{{ a "b }} ' * n + '"'),
    "quotes in templates that are not closed": (".yaml", lambda n: 'x: "v=spf1 ' + '{{ a "b' * n + '"'),
    "keys": (".yaml", lambda n: "v=spf1 " + ":a" * n + ": b"),
    "sums": (".js", lambda n: "x = 'v=spf1 mx'" + " + y" * n),
    "sums of calls": (".js", lambda n: "x = 'v=spf1 mx' + " + "f(" * n + ")" * n + " + ' -all'"),
    "calls that are not closed": (".js", lambda n: "x = " + "f('v=spf1 mx', " * n),
    "concatenations in each other": (".js", lambda n: "x = " + "concat('v=spf1 mx', " * n + ")" * n),
    "joins of a string": (".py", lambda n: "x = 'v=spf1 mx'" + " + ' '.join(y)" * n),
    "joins in each other": (".py", lambda n: "x = 'v=spf1 mx'" + " + ' '.join('v=spf1'" * n),
    "quotes of a shell in lines of a zone": (".yaml", lambda n: "x: |\n" + '  a TXT \\"v=spf1 -all\\"\n' * (n // 4)),
    "strings in strings": (".json", lambda n: '["' + 'a=\\"v=spf1 -all\\" ' * (n // 8) + '"]'),
    "strings in strings that are not closed": (".json", lambda n: '["' + "a='v=spf1 \\\"" * (n // 8) + '"]'),
    "strings in strings with ever more backslashes": (
        ".js",
        lambda n: "x = `" + "".join("a:" + "\\" * (i % 60) + "'v=spf1 -all" for i in range(n // 8)) + "`",
    ),
    "strings in sentences": (".py", lambda n: 'x = "it is ' + "or 'v=spf1 -all' " * (n // 8) + '"'),
    "calls in strings": (".py", lambda n: 'x = "' + "f((('v=spf1 -all', " * (n // 8) + '"'),
    "keys in strings": (".yaml", lambda n: "x: |\n" + '  \'a\': {"b": "v=spf1 mx"\n' * (n // 8)),
    "tags before records": (".yaml", lambda n: "x: '" + "{% if x %}v=spf1 mx" * (n // 8) + "'"),
    "records with templates in templates": (".yaml", lambda n: "x: '" + '{{ "v=spf1 {{ mx }}" ' * (n // 8) + "'"),
    "comments of templates that are not closed": (".yaml", lambda n: "x: v=spf1\n" + "{{/* v=spf1\n{# v=spf1\n" * n),
    "options in strings": (".tf", lambda n: "x = <<E\n" + 'cmd --a --b "v=spf1 mx"' * (n // 8) + "\nE\n"),
    "replaced texts": (".py", lambda n: "x = 'v=spf1 mx'" + ".replace('m', 'x')" * n),
    "replaced variables": (
        ".py",
        lambda n: "x = 'v=spf1 mx'\n" + "".join(f"x.replace('a{i}', y)\n" for i in range(n // 8)),
    ),
    "calls around a record": (".tf", lambda n: "x = " + "replace(format(" * n + '"v=spf1 mx"' + "))" * n),
    "brackets around sums": (".py", lambda n: "x = " + "(" * n + "'v=spf1 mx'" + " + y)" * n),
    "dots before brackets": (".py", lambda n: "raise " + "a." * n + "b('v=spf1 -all')" + "x.y." * n),
    "interpolations in JSON": (".tf.json", lambda n: '["v=spf1 ' + '${a[\\"b\\"]} ' * n + '"]'),
    "interpolations in JSON that are not closed": (".tf.json", lambda n: '["v=spf1 ' + '${{\\"' * n + '"]'),
    "semicolons of octoDNS": (".yaml", lambda n: "'':\n  type: TXT\n  value: v=spf1 " + "\\;" * n),
    "lists in lists": (".py", lambda n: "['v=spf1', " * n + "]" * n),
    "lists of lists": (".py", lambda n: "x = ['v=spf1', " + "['mx'], " * n + "]"),
    "lists added to each other": (".py", lambda n: "x = " + "['v=spf1 mx'] + " * n + "y"),
    "a long operand after a list": (".py", lambda n: "x = " + "['v=spf1 mx'] + " * 9 + "y " * n),
    "lists in concat": (".tf", lambda n: 'x = join(" ", concat(' + '["v=spf1 mx"], ' * n + "))"),
    "lists in concat in each other": (".tf", lambda n: 'x = concat(["v=spf1 mx"], ' * n + ")" * n),
    "methods after a list": (".js", lambda n: "x = ['v=spf1 mx']" + ".concat(y).filter(z)" * n),
    "lists in a template": (".yaml", lambda n: 'x: "{{ ' + "['v=spf1'] | " * n + "join(' ') }}\""),
    "formats in formats": (".tf", lambda n: "x = " + 'format("%s %s", ' * n + '"v=spf1 mx"' + ")" * n),
    "lines with $ORIGIN": (".yaml", lambda n: "x: |\n" + '  $ORIGIN a.\n  @ TXT "v=spf1 -all"\n' * (n // 4)),
    "brackets before a record": (".py", lambda n: "x = " + "(" * n + "'v=spf1 mx'" + ")" * n + ".format(1)"),
    "lines of a zone": (".yaml", lambda n: "x: |\n" + '  a IN TXT "v=spf1 -all"\n' * (n // 4)),
    "names that grow": (".py", lambda n: "".join(f"a{i} = 'v=spf1 mx'\na{i} += ' a'\n" for i in range(n // 8))),
    "NULs and control characters": (".tf", lambda n: 'x = "v=spf1 ' + "\0\x1b\x7f" * n + '"'),
    "lone surrogates": (".json", lambda n: '["v=spf1 ' + "\\ud800\udc80" * n + '"]'),
}


@pytest.fixture
def _without_coverage() -> Iterator[None]:
    tracing = sys.gettrace()
    sys.settrace(None)
    yield
    sys.settrace(tracing)


@pytest.mark.parametrize("shape", mostly_full(SHAPES, 15))
def test_work_grows_no_faster_than_the_file(shape: str) -> None:
    ending, make = SHAPES[shape]
    small, large = make(30), make(180)
    records_in(f"x{ending}", make(10))
    ratio = len(large) / len(small)
    assert count_steps(lambda: records_in(f"x{ending}", large)) <= 1.6 * ratio * count_steps(
        lambda: records_in(f"x{ending}", small)
    )


@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.parametrize("end", mostly_full(["\\u00e9", "", "\\n", "-all"]))
@pytest.mark.parametrize(
    "part",
    mostly_full([" ", "%(", "\t", "a", "a ", "a:", "\\n ", "\\n", "{", "{{", "%", "${", "<%", '\\" \\"', "\\\\"]),
)
def test_a_record_as_long_as_one_can_be_is_read(part: str, end: str) -> None:
    """Regular expressions do not count as steps, so this has a limit on the time, far above what is needed."""
    text = f'["v=spf1 {part * (60_000 // len(part))}{end}"]'
    with cpu_seconds_at_most(30):
        records_in("x.json", text)
        records_in("x.py", text)


@pytest.mark.full
@pytest.mark.usefixtures("_without_coverage")
@pytest.mark.parametrize(
    ("shape", "octets"),
    [*[(shape, 200_000) for shape in SHAPES], ("deep JSON", 1_000_000), ("one long record", 10_000_000)],
)
def test_large_files_are_read(shape: str, octets: int, tmp_path: Path) -> None:
    """Regular expressions do not count as steps, so this also has a limit on the time, far above what is needed.

    Work that grows faster than the file is what `test_work_grows_no_faster_than_the_file` finds, so that most shapes
    need not have a whole megabyte.
    """
    ending, make = SHAPES[shape]
    text = make(octets // max(len(make(400)) // 400, 1))
    path = tmp_path / f"x{ending}"
    path.write_text(text[: 15 << 20], encoding="utf-8", errors="surrogateescape")
    with cpu_seconds_at_most(240):
        find_records(path)


def test_what_was_not_read_is_said(tmp_path: Path) -> None:
    unread: list[UnreadFile] = []
    assert records_in("x.js", "x = 'v=spf1 -all';" + "`${" * 50, unread) != []
    assert [each.why for each in unread] == ["it was not read to its end: too many strings in it are not closed"]


def test_a_record_longer_than_any_txt_record_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "MOST_OCTETS", 100)
    assert len(records_in("x.tf", 'x = "v=spf1 ' + "mx " * 29 + '-all"')) == 1
    assert records_in("x.tf", 'x = "v=spf1 ' + "mx " * 30 + '-all"') == []


def test_what_is_not_closed_does_not_hide_what_comes_after() -> None:
    assert len(records_in("x.tf", 'a = "oops\nb = "v=spf1 -all"\n')) == 1
    assert len(records_in("x.js", "a = don't;\nb = 'v=spf1 -all';\nc = `oops\nd = 'v=spf1 mx -all'\n")) == 2
    assert len(records_in("x.py", 'a = """oops\nb = "v=spf1 -all"\n')) == 1
    assert len(records_in("x.tf", 'a = <<OOPS\nb = "v=spf1 -all"\n')) == 1
    assert len(records_in("x.yaml", 'a: "oops\nb: v=spf1 -all\n')) == 1
    assert len(records_in("x.json", '{"a": "oops\n, "b": ["v=spf1 -all"')) == 1


WORDS = (
    r"""" ' ` \""" \ ${ {{ }} } { [ ] ( ) , + % %{ v=spf1 mx -all - : a: | >- # // /* */ / <<E E f' .format( join( ."""
)
SPACED = [
    "= ",
    " += ",
    "\n",
    " ",
    "v=spf1 ",
    "- ",
    ": ",
    "|\n",
    "\0",
    "\x1b[31m",
    "\udc80",
    "\ud800",
    "\u2028",
    "\r\n",
    "TXT ",
]
FRAGMENTS = st.sampled_from([*WORDS.split(), *SPACED])


@given(st.lists(FRAGMENTS, max_size=60).map("".join), st.sampled_from(ENDINGS))
def test_no_text_raises_and_all_places_are_in_it(text: str, ending: str) -> None:
    lines = text.split("\n")
    for found in records_in(f"x{ending}", text):
        for span in [None, *[(at, at + 1) for at in range(len(found.source))]]:
            region = found.region_of(span)
            assert 1 <= region.line <= region.end_line <= len(lines)
            assert 1 <= region.column <= len(lines[region.line - 1]) + 1
            assert 1 <= region.end_column <= len(lines[region.end_line - 1]) + 2
            assert (region.line, region.column) <= (region.end_line, region.end_column)
