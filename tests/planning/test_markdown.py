"""The plan as Markdown: nothing that files have is markup, and a comment is never too long."""

import re

import pytest
from hypothesis import given, strategies as st

from spfengine.planning.plan import Plan
from spfengine.text.lines import plain
from spfengine.text.plan import plan_lines
from spfengine.text.plan_markdown import MARKER, MOST_OCTETS, code, fenced, plan_markdown
from tests.planning.trees import planned, zone

HOSTILE = [
    "```", "````\n# x", "`", "``x`", "|", "<script>alert(1)</script>", "<!-- x", "-->", "@octocat", "@everyone",
    "https://evil.example/", "www.evil.example", "[x](https://evil.example)", "![x](https://evil.example/x.png)",
    "#1", "GH-1", "octocat/hello#1", "~~x~~", "**x**", "::error::x", "\u202e", "\x1b[31m", "\r\n\r\n# x", "&lt;",
    "<details>", "</details>", "$x$", ":smile:", "\\", "- [ ] x",
]  # fmt: skip


def outside_code(markdown: str) -> str:
    """Return the text that is in no fenced block and no code span, as CommonMark takes them."""
    rest: list[str] = []
    fence = ""
    for row in markdown.split("\n"):
        opening = re.fullmatch(r"(`{3,})[a-z]*", row)
        if fence:
            if re.fullmatch(r"`+ *", row.strip(" ")) and len(row.strip()) >= len(fence):
                fence = ""
        elif opening is not None:
            fence = opening[1]
        else:
            rest.append(row)
    assert fence == "", "every block is closed"
    text = "\n".join(rest)
    return re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", text)


def hostile_plan(text: str) -> Plan:
    """Return a plan that has a text wherever files have text: names, terms, paths, reasons, unknown parts."""
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("\r", "\\r").replace("\n", "\\n")
    quoted = quoted.replace("\x1b", "\\u001b")
    js = 'D("example.com", TXT("@", "v=spf1 RECORD -all"), TXT("x" + ({0}), "v=spf1 mx" + {0} + " -all"));'
    before = {
        f"dns/{text}.js".replace("\0", ""): js.replace("{0}", f'"{quoted}"').replace("RECORD", "ip4:192.0.2.0/24"),
        f"{text}.zone": zone('@ TXT "v=spf1'),
        "x.json": f'{{"name": "a.example", "type": "TXT", "content": "v=spf1 a:{quoted} -all"}}',
    }
    after = {path: f"{each}\n".replace("ip4:192.0.2.0/24", quoted.replace(" ", "")) for path, each in before.items()}
    after["x.json"] = after["x.json"].replace("-all", "~all")
    return planned(before, after)


FIXED = re.compile(
    rf"|{re.escape(MARKER)}|### SPF: [a-z0-9 ,;']+| → : [0-9a-z ,]+\.|#### [^\x00-\x7f] : [a-z ]+"
    r"|Not read, or not known:|The record changes, and no result does: (, )*\."
)


@pytest.mark.parametrize("text", ["harmless", *HOSTILE])
def test_nothing_that_files_have_is_markup(text: str) -> None:
    """What is in no code has only words that are always the same."""
    markdown = plan_markdown(hostile_plan(text))
    shown = " ".join(text.split())
    assert shown[:6] in markdown or "\\x" in markdown or "\\u" in markdown
    for row in outside_code(markdown).split("\n"):
        assert FIXED.fullmatch(row), row


@given(st.text(st.sampled_from("`~|<>@#[]()*_\\!&$: \n\r\tab"), max_size=30))
def test_code_and_blocks_hold_any_text(text: str) -> None:
    assert outside_code(f"a {code(text)} b").strip() == "a  b"
    block = fenced("text", text.split("\n"), 1000)
    assert outside_code(f"a\n{block}\nb") == "a\nb"


@given(st.lists(st.sampled_from(["```", "````", "`` `", "# x", "   ```", "x"]), max_size=6))
def test_no_line_ends_its_block(lines: list[str]) -> None:
    block = fenced("text", lines, 1000)
    assert outside_code(f"a\n{block}\nb") == "a\nb"


def test_nothing_unprintable_is_written() -> None:
    found = hostile_plan("\x1b[31m\u202e\x07")
    for text in (plan_markdown(found), plain(plan_lines(found, 80), 80)):
        assert all(char.isprintable() or char == "\n" for char in text)


def test_a_plan_of_many_names_fits_in_a_comment() -> None:
    names = [f"n{number}" for number in range(400)]
    before = zone("\n".join(f'{name} TXT "v=spf1 ip4:192.0.2.0/24 -all"' for name in names))
    found = planned({"x.zone": before}, {"x.zone": before.replace("/24", "/25")})
    text = plan_markdown(found)
    assert len(text.encode()) <= MOST_OCTETS
    assert "400 names" in text.splitlines()[2]
    more = re.search(r"\*\*([0-9]+) more change;\*\*", text)
    assert more is not None
    assert text.count("####") + int(more[1]) == 400
    assert outside_code(text)


def test_a_name_with_many_changes_fits_in_a_comment() -> None:
    terms = " ".join(f"ip4:10.{number % 256}.{number // 256 * 2}.0/24" for number in range(900))
    before = zone('@ TXT "v=spf1 -all"')
    strings = " ".join(f'"{terms[at : at + 200]}"' for at in range(0, len(terms), 200))
    found = planned({"x.zone": before}, {"x.zone": zone(f'@ TXT "v=spf1 " {strings} " ~all"')})
    text = plan_markdown(found)
    assert len(text.encode()) <= 20_000
    assert "more lines" in text


def test_the_answer_is_first() -> None:
    found = planned({"x.zone": zone('@ TXT "v=spf1 ip4:192.0.2.0/24 ~all"')}, {"x.zone": zone('@ TXT "v=spf1 ~all"')})
    assert plan_markdown(found) == (
        f"{MARKER}\n"
        "\n"
        "### SPF: something gets worse for 1 name\n"
        "\n"
        "`before` → `after`: 1 name changes, 0 names do not.\n"
        "\n"
        "#### \U0001f534 `example.com`: something gets worse\n"
        "\n"
        "```diff\n"
        "- ip4:192.0.2.0/24\n"
        "```\n"
        "\n"
        "```text\n"
        "example.com: something gets worse\n"
        "  gets worse\n"
        "    pass → softfail  1 network, 256 IPv4 addresses\n"
        "        192.0.2.0/24  ip4:192.0.2.0/24 is removed, and no other term matches: by ~all\n"
        "\n"
        "  everything else keeps its result\n"
        "```\n"
    )
