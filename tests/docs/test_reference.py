"""The reference has every name, code, option and JSON key, and every link in the docs leads to a file."""

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

import spfengine
from scripts import build_reference, published_records
from spfengine.cli import exits
from spfengine.surveying import Summary
from tests.conftest import REPOSITORY

REFERENCE = REPOSITORY / "docs" / "reference"
TOP_PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
PAGES = sorted(path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "docs").rglob("*.md"))


def text_of(page: str) -> str:
    return (REFERENCE / page).read_text(encoding="utf-8")


def rows_of(page: str) -> dict[str, list[str]]:
    """Return the table rows of a page that begin with a code or key, as {name: other cells}."""
    rows: dict[str, list[str]] = {}
    for line in text_of(page).split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        found = re.fullmatch(r"`([^`]+)`", cells[0])
        if line.startswith("| ") and found is not None:
            assert found[1] not in rows, f"{page} has {found[1]} twice"
            rows[found[1]] = cells[1:]
    return rows


def test_the_page_of_names_agrees_with_the_docstrings() -> None:
    made = build_reference.page()
    assert text_of("python.md") == made, "run: python3 -m scripts.build_reference"


def test_the_page_of_published_records_is_up_to_date(shared: Path | None) -> None:
    """Without the collection of records, only the form of the figures can be checked."""
    text = (REPOSITORY / "docs" / "explanation" / "published-records.md").read_text(encoding="utf-8")
    row = r"^\| [^|]+ \| `[^`]+` \| [\d,]+ \| [\d,]+(?: \+)? \| \d+ \| \d+ \| (?:yes|no) \|$"
    assert len(re.findall(row, text, re.MULTILINE)) > 10
    if shared is not None and (shared / "data").is_dir():
        made = published_records.page(shared / "data")
        assert text == made, "run: python3 -m scripts.published_records FOLDER"


def test_every_code_says_what_it_means_and_what_to_do() -> None:
    rows = rows_of("problems.md")
    assert rows.keys() == set(spfengine.ProblemCode)
    assert [code for code, cells in rows.items() if len(cells) != 2 or not all(len(cell) > 10 for cell in cells)] == []


def test_every_lint_code_is_listed_with_its_severity() -> None:
    from spfengine.linting.codes import ABOUT

    rows = rows_of("lint.md")
    assert {code: cells[0] for code, cells in rows.items()} == {str(c): str(a.severity) for c, a in ABOUT.items()}
    assert [
        code for code, cells in rows.items() if len(cells) != 3 or not all(len(cell) > 8 for cell in cells[1:])
    ] == []


def test_every_key_of_a_finding_is_documented() -> None:
    text = text_of("json.md").split("## `spfengine.lint/1`")[1].split("\n## ")[0]
    [finding] = spfengine.lint(None, record="v=spf1 ?all")
    assert sorted(key for key in finding.to_dict() if f"\n| `{key}` |" not in text) == []


def test_every_option_of_every_command_is_documented() -> None:
    """And no option is documented that does not exist."""
    click = pytest.importorskip("click", reason="needs click, from the extra cli")
    from spfengine.cli.commands import COMMANDS, application

    text = text_of("command-line.md")
    context = click.Context(application, info_name="spfengine")
    for name in COMMANDS:
        assert f"## spfengine {name}\n" in text, f"spfengine {name} has no chapter"
        chapter = text.split(f"## spfengine {name}\n")[1].split("\n## ")[0]
        command = application.get_command(context, name)
        assert command is not None
        options = {option for parameter in command.params for option in parameter.opts if option.startswith("--")}
        assert set(re.findall(r"^\| `(--[a-z0-9-]+)", chapter, re.MULTILINE)) == options - {"--help"}


def test_every_exit_code_is_documented() -> None:
    codes = {value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}
    codes |= set(exits.OF_RESULT.values())
    documented = re.findall(r"^\| (\d+) \| ", text_of("command-line.md"), re.MULTILINE)
    assert set(map(int, documented)) == codes


def keys_of(value: object) -> Iterator[str]:
    """Yield every key of a JSON value, however deep."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for each in value:
            yield from keys_of(each)


ZONE = spfengine.Zone(
    {
        "example.com": {"TXT": "v=spf1 include:%{d2}.example exists:%{i}.example.com mx -all"},
        "example.com.example": {"TXT": "v=spf1 ?all"},
    }
)


def _result() -> object:
    return spfengine.check("192.0.2.1", "alice@example.com", resolver=ZONE).to_dict()


def _trace() -> object:
    return spfengine.check("192.0.2.1", "alice@example.com", resolver=ZONE).trace.to_dict()


def _recording() -> object:
    recorder = spfengine.Recorder(ZONE)
    spfengine.check("192.0.2.1", "alice@example.com", resolver=recorder)
    return json.loads(recorder.recording.to_json())


def _simulation() -> object:
    senders = [spfengine.Sender("192.0.2.1", "@example.com", header_from="example.com")]
    draft = "v=spf1 exists:%{i}.example.com a:nowhere.example ip4:192.0.2.0/24 ?all"
    document = spfengine.simulate("example.com", draft, resolver=ZONE, senders=senders).to_dict()
    assert all(document[key] for key in ("changes", "senders", "records")), "an empty list has no keys to check"
    return document


def _replay() -> object:
    rows: list[object] = [("192.0.2.1", "alice@example.com"), None]
    before, after = [spfengine.Policy.compile("example.com", resolver=each) for each in (ZONE, spfengine.Zone({}))]
    document = spfengine.replay(rows, [(before, after)]).to_dict()
    assert all(document[key] for key in ("totals", "listed", "unread")), "an empty list has no keys to check"
    return document


def _evidence() -> object:
    samples = REPOSITORY / "tests" / "evidence" / "samples"
    document = spfengine.read_evidence([samples / "postfix.log", samples / "exim.eml"]).to_dict()
    assert all(document[key] for key in ("senders", "sources", "unread", "aside", "receivers"))
    return document


def _suggestion() -> object:
    zone = spfengine.Zone.from_file(REPOSITORY / "examples" / "seed.zone")
    senders = [
        spfengine.Sender("23.83.218.24", "@seed.example", reported="pass"),
        spfengine.Sender("192.0.2.1", "@x.y"),
    ]
    document = spfengine.suggest("seed.example", senders, resolver=zone).to_dict()
    document |= {"shortfalls": [{"limit": "size", "needed": 2, "allowed": 1}]}
    assert all(document[key] for key in ("terms", "senders", "rejected", "caveats", "alternative", "forms"))
    return document


def _policy() -> object:
    zone = spfengine.Zone({"example.com": {"TXT": "v=spf1 exists:%{i}.example.com -all"}})
    return spfengine.Policy.compile("example.com", resolver=zone).to_dict()


def _command(*arguments: str) -> object:
    pytest.importorskip("click", reason="needs click, from the extra cli")
    from spfengine.cli.app import main

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main([*arguments, "--zone", str(REPOSITORY / "examples" / "seed.zone"), "--json"])
    return json.loads(printed.getvalue())


def _both() -> object:
    return _command("check", "192.0.2.1", "alice@seed.example", "--helo", "seed.example", "--identity", "both")


def _networks() -> object:
    return _command("networks", "seed.example")


def _diff() -> object:
    return _command("diff", "seed.example", "v=spf1 a -all")


def _tree() -> object:
    return _command("tree", "seed.example")


def _flatten() -> object:
    draft = "v=spf1 include:relay.mailchannels.net include:asks.example ~all"
    document = _command("flatten", "seed.example", "--draft", draft, "--draft", "asks.example=v=spf1 ptr -all")
    assert isinstance(document, dict)
    assert all(document[key] for key in ("replaced", "kept", "records")), "an empty list has no keys to check"
    return document


def _snapshot() -> object:
    return json.loads(spfengine.snapshot("example.com", resolver=ZONE).to_json())


def _drift() -> object:
    return _command("drift", str(REPOSITORY / "examples" / "relay-then.json"))


def _survey() -> object:
    [found] = spfengine.survey(["example.com"], resolver=ZONE)
    return found.to_dict()


def _plan() -> object:
    folder = REPOSITORY / "examples" / "plan"
    return _command("plan", str(folder / "before"), str(folder / "after"))


def _survey_summary() -> object:
    record = {"a.example": {"TXT": "v=spf1 include:b.example -all"}}
    return Summary.of(spfengine.survey(record, resolver=spfengine.Zone(record))).to_dict()


@pytest.mark.parametrize(
    "make",
    [
        _result, _trace, _recording, _simulation, _replay, _evidence, _suggestion, _policy, _both, _networks, _diff,
        _tree, _flatten, _snapshot, _drift, _survey, _survey_summary, _plan,
    ],
)  # fmt: skip
def test_every_key_of_json_is_documented(make: Callable[[], object]) -> None:
    text = text_of("json.md")
    keys = set(keys_of(make()))
    assert len(keys) > 3
    assert sorted(key for key in keys if f"`{key}`" not in text) == []


@pytest.mark.parametrize("name", [*TOP_PAGES, *PAGES])
def test_links_lead_to_files(name: str) -> None:
    page: Path = REPOSITORY / name
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing, f"{name} leads to {missing}"


@pytest.mark.parametrize("name", [*TOP_PAGES, *PAGES])
def test_tests_that_pages_name_exist(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    for path, _, test in re.findall(r"`(tests/[a-z0-9_/]+\.py)(::(\w+))?`", text):
        assert f"def {test}" in (REPOSITORY / path).read_text(encoding="utf-8"), f"{path}::{test}"


def test_every_page_is_linked_from_the_index() -> None:
    """Readers find only pages that the index links to."""
    index = (REPOSITORY / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {path.relative_to(REPOSITORY / "docs").as_posix() for path in (REPOSITORY / "docs").rglob("*.md")}
    assert sorted(page for page in pages - {"index.md"} if f"]({page})" not in index) == []
