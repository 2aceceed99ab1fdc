"""A record in any form that a program or file can have it in is found, with the place of each of its octets."""

import json
from collections.abc import Callable
from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from spfengine.sources import FoundRecord, Region
from spfengine.sources.finder import records_in

TERMS = st.one_of(
    st.sampled_from(
        ["mx", "a", "ptr", "?mx", "a:mail.example.com/24", "exists:%{ir}.x.example.com", "exp=why.example"]
    ),
    st.builds("ip4:192.0.2.{}".format, st.integers(0, 255)),
    st.builds("include:{}.example".format, st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)),
    st.builds("a:{}.example".format, st.text("aü€\U0001f4ec'", min_size=1, max_size=4)),
)
RECORDS = st.lists(TERMS, min_size=1, max_size=6).map(lambda terms: " ".join(["v=spf1", *terms, "-all"]))


class Piece(NamedTuple):
    """A part of a file: how it is written, and the characters of the record that it is, if any."""

    written: str
    meant: str = ""


class Written:
    """A file that has one record: its text, and the offsets at which each character of the record is written."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.text = ""
        self.record = ""
        self.places: list[tuple[int, int]] = []
        for piece in pieces:
            start = len(self.text)
            self.text += piece.written
            self.record += piece.meant
            self.places += [(start, len(self.text))] * len(piece.meant)

    def region(self, first: int, last: int) -> Region:
        """Return where the characters from `first` to `last` are, counted line by line."""
        start, end = self.places[first][0], self.places[last][1] - 1
        before, up_to = self.text[:start].split("\n"), self.text[:end].split("\n")
        return Region(len(before), len(before[-1]) + 1, len(up_to), len(up_to[-1]) + 2)


Escape = Callable[[str, bool], str]  # (character, whether to escape it though it need not be) → how it is written
Draw = st.DataObject


def escaped_json(char: str, anyway: bool) -> str:
    if not anyway:
        return json.dumps(char, ensure_ascii=False)[1:-1]
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


def escaped_python(char: str, anyway: bool) -> str:
    return f"\\U{ord(char):08x}" if anyway else char.replace("'", "\\'")


def escaped_javascript(char: str, anyway: bool) -> str:
    return f"\\u{{{ord(char):x}}}" if anyway else char.replace("'", "\\'")


def escaped_terraform(char: str, anyway: bool) -> str:
    return f"\\U{ord(char):08X}" if anyway else char


def escaped_yaml(char: str, anyway: bool) -> str:
    return f"\\U{ord(char):08x}" if anyway else char


def doubled_quotes(char: str, anyway: bool) -> str:
    return char.replace("'", "''")


def as_it_is(char: str, anyway: bool) -> str:
    return char


def characters(text: str, escape: Escape, data: Draw) -> list[Piece]:
    """Return a piece for each character, some of them escaped; those that make out the version are not."""
    marked = data.draw(st.sets(st.integers(6, len(text)), max_size=3), label="escaped")
    pieces = []
    for index, char in enumerate(text):
        written = escape(char, index in marked and char not in "%{")
        follows = text[index : index + 2] == "%{" and escape is escaped_terraform
        pieces.append(Piece("%" + written if follows else written, char))
    return pieces


def with_breaks(pieces: list[Piece], gap: str, data: Draw, most: int = 3) -> list[Piece]:
    """Return the pieces with a gap at some places, after the version.

    None is before a space, which YAML would drop, or before a brace, since Terraform escapes %{ as a whole.
    """
    places = data.draw(st.sets(st.integers(7, max(7, len(pieces) - 1)), max_size=most), label="breaks")
    found = []
    for index, piece in enumerate(pieces):
        if index in places and piece.meant not in {" ", "{"}:
            found.append(Piece(gap))
        found.append(piece)
    return found


def folded(record: str, indent: str, data: Draw) -> list[Piece]:
    """Return the record with some spaces as line ends; what indents a line is no part of the record."""
    pieces = []
    for char in record:
        if char == " " and data.draw(st.booleans(), label="line end"):
            pieces += [Piece("\n" + indent, " ")]
        else:
            pieces.append(Piece(char, char))
    return pieces


FORMS: dict[str, Callable[[str, Draw], tuple[str, list[Piece], str]]] = {
    "JSON": lambda record, data: ('{"a": ["x", "', characters(record, escaped_json, data), '", "y"]}'),
    "JSON, strings in quotes": lambda record, data: (
        '{"Value": "\\"',
        with_breaks(characters(record, escaped_json, data), '\\" \\"', data),
        '\\""}',
    ),
    "Terraform": lambda record, data: ('x = ["', characters(record, escaped_terraform, data), '"] # y\n'),
    "Terraform, strings in quotes": lambda record, data: (
        'x = "\\"',
        with_breaks(characters(record, escaped_terraform, data), '\\"\\"', data),
        '\\""\n',
    ),
    "Terraform, heredoc": lambda record, data: (
        "x = <<-EOT\n    ",
        [
            Piece("%%" if record[at : at + 2] == "%{" else piece.written, piece.meant)
            for at, piece in enumerate(folded(record, "    ", data))
        ],
        "\n  EOT\n",
    ),
    "Python": lambda record, data: (
        "x = '",
        with_breaks(characters(record, escaped_python, data), "' \\\n  '", data),
        "'\n",
    ),
    "Python, in brackets": lambda record, data: (
        "x = (\n    '",
        with_breaks(characters(record, escaped_python, data), "'  # it's\n    '", data),
        "'\n)\n",
    ),
    "Python, three quotes": lambda record, data: ('x = """\n  ', folded(record, "    ", data), '\n  """\n'),
    "JavaScript": lambda record, data: (
        "x('",
        with_breaks(characters(record, escaped_javascript, data), "' + // it's\n  '", data),
        "');",
    ),
    "JavaScript, template": lambda record, data: ("x = `", characters(record, as_it_is, data), "`"),
    "JavaScript, list": lambda record, data: (
        "SPF_BUILDER({parts: ['",
        [
            Piece("', // x\n '", " ") if piece.meant == " " else piece
            for piece in characters(record, escaped_javascript, data)
        ],
        "'], label: '@'})",
    ),
    "YAML, plain": lambda record, data: ("a:\n  - ", folded(record, "      ", data), "  # x\nb: c\n"),
    "YAML, plain, value": lambda record, data: ("a:\n  b: ", folded(record, "    ", data), "\nb: c\n"),
    "YAML, single quotes": lambda record, data: ("a: '", characters(record, doubled_quotes, data), "'\n"),
    "YAML, double quotes": lambda record, data: (
        'a: ["',
        with_breaks(characters(record, escaped_yaml, data), "\\\n    ", data),
        '"]\n',
    ),
    "YAML, folded": lambda record, data: ("a:\n  b: >-\n    ", folded(record, "    ", data), "\nc: d\n"),
    "YAML, literal": lambda record, data: ("- a: |\n    ", folded(record, "    ", data), "\n- b\n"),
    "YAML, strings in quotes": lambda record, data: (
        "a: '\"",
        with_breaks(characters(record, doubled_quotes, data), '" "', data),
        "\"'\n",
    ),
}
ENDINGS = {"JSON": ".json", "Terraform": ".tf", "Python": ".py", "JavaScript": ".js", "YAML": ".yaml"}
BEFORE = {
    ".json": "",
    ".tf": '# "v=spf1 -all"\ny = "é"\n',
    ".py": "# é's\n",
    ".js": "// é's\n",
    ".yaml": "# é's\ny: z\n",
}


@pytest.mark.parametrize("form", FORMS)
@given(RECORDS, st.data())
def test_a_record_in_any_form_is_found_with_the_place_of_each_term(form: str, record: str, data: Draw) -> None:
    """Each finding has the file, line and column of the term inside the string."""
    ending = ENDINGS[form.partition(",")[0]]
    before, pieces, after = FORMS[form](record, data)
    file = Written([Piece(BEFORE[ending]), Piece(before), *pieces, Piece(after)])
    assert file.record == record
    [found] = records_in(f"x{ending}", file.text)
    assert found.source.encode("latin-1").decode("utf-8") == record
    assert found.unknown == ()
    start = 0
    for term in record.split(" "):
        last = start + len(term) - 1
        assert found.region_of(octets_of(found, record, start, last)) == file.region(start, last), term
        start = last + 2


def octets_of(found: FoundRecord, record: str, first: int, last: int) -> tuple[int, int]:
    """Return the span in `source`, which has octets, of these characters."""
    return len(record[:first].encode()), len(record[: last + 1].encode())


UNKNOWN = {
    ".tf": ["${var.x}", '${join(" ", var.x["a"])}', "%{ if x }", "%s"],
    ".json": ["${Address}", "{{ x }}"],
    ".yaml": ["{{ x | default(1) }}", "{% if x %}", "${x}", "%s"],
    ".js": ["${x}", "${`${x}`}", "${{a: 1}.a}"],
    ".py": ["{x!r:>{y}}", "{x['a']}"],
}
QUOTES = {
    ".tf": ('x = "', '"'),
    ".json": ('["', '"]'),
    ".yaml": ('x: "', '"'),
    ".js": ("x = `", "`"),
    ".py": ('f"', '"'),
}


@pytest.mark.parametrize("ending", UNKNOWN)
@given(RECORDS, st.data())
def test_an_interpolation_is_an_unknown_part_of_the_record(ending: str, record: str, data: Draw) -> None:
    """Interpolations are seen and reported as unknown parts."""
    quotes = {
        ".tf": ('x = "', '"'),
        ".json": ('["', '"]'),
        ".yaml": ('x: "', '"'),
        ".js": ("x = `", "`"),
        ".py": ('f"', '"'),
    }
    opening, closing = quotes[ending]
    record = record.replace("%", "").replace("{", "").replace("}", "")
    at = data.draw(st.integers(7, len(record)))
    hole = data.draw(st.sampled_from(UNKNOWN[ending]))
    [found] = records_in(f"x{ending}", f"{opening}{record[:at]}{hole}{record[at:]}{closing}")
    [part] = found.unknown
    assert part.text == hole
    known = found.source[: part.span[0]] + found.source[part.span[1] :]
    assert known.encode("latin-1").decode("utf-8") == record
    column = len(opening) + at + 1
    assert part.region == Region(1, column, 1, column + len(hole))


WRITTEN = {
    "a join after +, Python": (
        ".py",
        """x = "v=spf1 mx " + " ".join(f"ip4:{i}" for i in ips) + " -all"\n""",
        ['v=spf1 mx " ".join(f"ip4:{i}" for i in ips) -all'],
    ),
    "Output.concat of Pulumi, Python": (
        ".py",
        'x = pulumi.Output.concat("v=spf1 ip4:", eip.ip, " ptr -all")\n',
        ["v=spf1 ip4:eip.ip ptr -all"],
    ),
    "concat of Pulumi": (".ts", 'x = pulumi.concat("v=spf1 ip4:", ip, " -all")', ["v=spf1 ip4:ip -all"]),
    "concat of a compiler": (".js", 'x = "".concat("v=spf1 ip4:", ip, " -all")', ["v=spf1 ip4:ip -all"]),
    "concat of a string": (".js", 'x = "v=spf1 mx ".concat(rest)', ["v=spf1 mx .concat(rest)"]),
    "concat of a list, with whole records": (".js", 'x = all.concat("v=spf1 mx -all", "y=z")', ["v=spf1 mx -all"]),
    "a list that is added to, Terraform": (
        ".tf",
        'x = join(" ", concat(["v=spf1"], var.terms, ["-all"]))\n',
        ["v=spf1 var.terms -all"],
    ),
    "a list that is added to, Python": (
        ".py",
        'x = " ".join(["v=spf1"] + terms + ["-all"])\n',
        ["v=spf1 terms -all"],
    ),
    "a list that is compared with": (".ts", 'assertEqual(["v=spf1"], words); expect(words[0], ["v=spf1"])', []),
    "a record that is compared with": (".js", "if (a === 'v=spf1 -all' || b != 'v=spf1 mx -all') {}", []),
    "quotes of a shell": (
        ".yml",
        '- shell: nsupdate <<< "update add a.example. 60 TXT \\"v=spf1 mx -all\\""\n',
        ["v=spf1 mx -all"],
    ),
    "comments in lines of a zone": (
        ".yaml",
        'z: |\n  ; @ TXT "v=spf1 ptr -all"\n  @ TXT "v=spf1 mx -all" ; "v=spf1 a -all"\n  # @ TXT "v=spf1 a -all"\n',
        ["v=spf1 mx -all"],
    ),
    "a pattern for a line of a zone": (".yml", """- regexp: '^@ IN TXT "v=spf1'\n""", []),
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_record_is_read_as_far_as_the_file_shows_it(form: str) -> None:
    """What the file does not show is an unknown part, and what is no record is not found."""
    ending, text, sources = WRITTEN[form]
    assert [found.source for found in records_in(f"x{ending}", text)] == sources
