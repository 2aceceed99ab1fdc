"""`spfengine spfquery` and the commands that it replaces: the same words, the same zone, the same answers."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from spfengine.problems import Result
from tests.cli.conftest import REPOSITORY, Call, command, environment, process
from tests.debian import program

pytestmark = pytest.mark.debian

ZONEDATA: dict[str, list[object]] = {
    "pass.example": [{"TXT": "v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all"}],
    "soft.example": [{"TXT": "v=spf1 ~all"}],
    "neutral.example": [{"TXT": "v=spf1 ?all"}],
    "default.example": [{"TXT": "v=spf1 ip4:203.0.113.1"}],
    "exp.example": [{"TXT": "v=spf1 -all exp=e.exp.example"}],
    "e.exp.example": [{"TXT": "%{i}_is_not_%{d},_%{s}_%{h}"}],
    "broken.example": [{"TXT": "v=spf1 ipv4:192.0.2.1 -all"}],
    "dead.example": ["SERVFAIL"],
    "many.example": [{"TXT": "v=spf1 a:one.many.example a:one.many.example a:one.many.example -all"}],
    "one.many.example": [{"A": "203.0.113.9"}],
    "helo.example": [{"TXT": "v=spf1 ip4:192.0.2.1 ~all"}],
}
BATCH = "# who\n192.0.2.1 alice@pass.example h.example\n\n192.0.2.9 alice@soft.example h.example\n"


class Asked(NamedTuple):
    """Words for a spfquery, and why ours may answer another way than the real one; "" where it must not."""

    words: str
    stdin: str = ""
    why: str = ""


_ERRORS = "Theirs ends with 255 where the command line is wrong; ours with 64, as all our commands do."
_REFUSED = "The result would not be that of SPF: ours refuses it."

MAIL_SPF = [
    Asked("--ip 192.0.2.1 --id alice@pass.example"),
    Asked("--ip-address 192.0.2.1 --identity alice@soft.example --helo-identity h.example"),
    Asked("--ip=192.0.2.1 --identity=alice@neutral.example"),
    Asked("--ip 192.0.2.1 --id alice@default.example"),
    Asked("--ip 192.0.2.1 --id alice@exp.example --helo-id h.example"),
    Asked("--ip 192.0.2.1 --id alice@broken.example"),
    Asked("--ip 192.0.2.1 --id alice@dead.example"),
    Asked("--ip 192.0.2.1 --id alice@none.example"),
    Asked("--ip 2001:db8::1 --id alice@pass.example"),
    Asked("--ip 192.0.2.9 --id alice@pass.example --default-explanation 'Not %{i}, %{s}!'"),
    Asked("--ip 192.0.2.9 --id alice@exp.example --helo-id h --def-exp 'Not shown'"),
    Asked("--ip 192.0.2.1 --scope helo --id helo.example"),
    Asked("-s helo --id helo.example --ip 192.0.2.9"),
    Asked("--ip 192.0.2.1 --helo helo.example"),
    Asked("--ip 192.0.2.1 --mfrom soft.example"),
    Asked("--ip 192.0.2.1 --mfrom alice@soft.example --helo-id helo.example"),
    Asked("--ip 192.0.2.1 --mfrom '' --helo helo.example"),
    Asked("-v 1 -s mfrom --id alice@soft.example --ip 192.0.2.1 --hostname mx.test --no-sanitize --debug"),
    Asked("-i 192.0.2.1 -m alice@soft.example"),
    Asked("-i 192.0.2.1 -s alice@soft.example"),
    Asked("--ipv4=192.0.2.1 --sender=alice@soft.example"),
    Asked("--ip 192.0.2.1 --id alice@soft.example --authorize-mxes-for bob@pass.example"),
    Asked("--ip 192.0.2.1 --id alice@soft.example --rcpt-to bob@pass.example --tfwl"),
    Asked("--ip 192.0.2.1 --ip-address 192.0.2.9 --id alice@pass.example --def-exp No"),
    Asked("-f -", BATCH),
    Asked("--file - --scope helo", "192.0.2.9 helo.example\n192.0.2.1 helo.example\n"),
    Asked("--file -", "192.0.2.1 alice@pass.example\n192.0.2.1 alice@none.example\n192.0.2.1 alice@soft.example\n"),
    Asked("--version"),
    Asked("--help"),
    Asked("--ip 192.0.2.1 --mfrom alice@soft.example --helo helo.example", why="With both, theirs checks HELO."),
    Asked("--ip 192.0.2.1 --id alice@many.example --max-lookup 2", why="Theirs refuses it as black magic."),
    Asked("--ip 192.0.2.1 --id alice@many.example --max-name-lookups 1", why="Theirs refuses it as black magic."),
    Asked("--ip 192.0.2.1 --scope pra --id alice@soft.example", why="Sender ID (RFC 4406) is historic."),
    Asked("--ip 192.0.2.1 --versions 2 --id alice@soft.example", why="Sender ID (RFC 4406) is historic."),
    Asked("--ip 192.0.2.1 --id alice@none.example --guess 'a ip4:192.0.2.1'", why=_ERRORS),
    Asked("--ip 192.0.2.1 --id alice@none.example --local ip4:192.0.2.1", why=_ERRORS),
    Asked("--ip 192.0.2.1 --id alice@none.example --override none.example=v=spf1", why=_ERRORS),
    Asked("--ip 192.0.2.1 --id alice@none.example --fallback none.example=v=spf1", why=_ERRORS),
    Asked("--ip 192.0.2.1", why=_ERRORS),
    Asked("--id alice@pass.example", why=_ERRORS),
    Asked("--ip bogus --id alice@pass.example", why=_ERRORS),
    Asked("-ip=192.0.2.1 -sender=alice@soft.example -helo=h.example", why=_ERRORS),
    Asked("--nonsense", why=_ERRORS),
    Asked("-f /no/such/file", why="Theirs ends with 2, which is softfail; ours with 66."),
    Asked("-f -", "192.0.2.1\n", why="Theirs ends with 255; ours with 65, and says in which line."),
]  # fmt: skip
LIBSPF2 = [
    Asked("-ip 192.0.2.1 -sender alice@pass.example -helo h.example"),
    Asked("-ip=192.0.2.1 -sender=alice@soft.example -helo=h.example"),
    Asked("--ip 192.0.2.1 --sender alice@neutral.example --helo h.example"),
    Asked("-i 192.0.2.1 -s alice@default.example -h h.example"),
    Asked("-ip 192.0.2.1 -sender alice@exp.example -helo h.example -name mx.test"),
    Asked("-ip 192.0.2.1 -sender alice@none.example -helo h.example"),
    Asked("-ip 2001:db8::1 -sender alice@pass.example -helo h.example"),
    Asked("-ip 192.0.2.9 -sender alice@pass.example -helo h.example -default-explanation Not_%{i}!"),
    Asked("-ip 192.0.2.1 -sender alice@soft.example"),
    Asked("-ip 192.0.2.1 -sender soft.example -helo h.example"),
    Asked("-ip 192.0.2.1 -sender '' -helo helo.example"),
    Asked("-ip 192.0.2.1 -sender alice@many.example -helo h.example -max-lookup 2"),
    Asked("-ip 192.0.2.1 -sender alice@pass.example -helo h.example -debug=0 -sanitize 0 -trusted 0"),
    Asked("-f -", BATCH),
    Asked("-file -", "192.0.2.1 alice@pass.example\n"),
    Asked("-file -", "192.0.2.9 a@soft.example h\n192.0.2.1 a@none.example h\n192.0.2.1 a@pass.example h\n"),
    Asked("-help", why="Theirs ends with 255."),
    Asked("-ip 192.0.2.1 -sender alice@broken.example -helo h.example", why="libspf2 has no result for a bad record."),
    Asked("-ip 192.0.2.1 -sender alice@dead.example -helo h.example", why="libspf2 has no result where DNS fails."),
    Asked("-ip 192.0.2.1 -helo helo.example", why="libspf2 aborts; ours checks HELO, as its help says."),
    Asked("-ip 192.0.2.1 -sender a@soft.example -helo h -rcpt-to bob@pass.example", why=_REFUSED),
    Asked("-ip 192.0.2.1 -sender a@none.example -helo h -guess 'v=spf1 a'", why=_REFUSED),
    Asked("-ip 192.0.2.1 -sender a@soft.example -helo h -local ip4:192.0.2.1", why=_REFUSED),
    Asked("-ip 192.0.2.1 -sender a@none.example -helo h -override none.example=v=spf1", why=_REFUSED),
    Asked("-ip 192.0.2.1 -sender a@none.example -helo h -fallback none.example=v=spf1", why=_REFUSED),
    Asked("-ip bogus -sender alice@pass.example -helo h.example", why="Theirs checks no address, and says permerror."),
    Asked("-ip 192.0.2.1", why=_ERRORS),
    Asked("-sender alice@pass.example", why=_ERRORS),
    Asked("-nonsense", why=_ERRORS),
    Asked("-f /no/such/file", why="Theirs ends with 255; ours with 66."),
    Asked("-version", why="Theirs ends with 255."),
]  # fmt: skip
THEIRS = {"spfquery.mail-spf-perl": MAIL_SPF, "spfquery.libspf2": LIBSPF2}


class Answer(NamedTuple):
    """What is compared: the exit code, each result, and each explanation of a fail."""

    code: int
    results: list[str]
    explanations: list[str]


def answer_of(code: int, output: str) -> Answer:
    lines = output.splitlines()
    results = [number for number, line in enumerate(lines) if line in set(Result)]
    # libspf2 adds why: "TEXT : Reason: mechanism"
    explained = [lines[number + 1].partition(" : Reason: ")[0] for number in results if lines[number] == Result.FAIL]
    return Answer(code, [lines[number] for number in results], explained)


def run_all(zone: Path, commands: list[tuple[list[str], str]]) -> list[Answer]:
    """The answers of commands whose only DNS server has the zone."""
    done = subprocess.run(
        command("run-with", str(zone), "--", sys.executable, str(Path(__file__).with_name("each.py"))),
        input=json.dumps(commands), capture_output=True, text=True, timeout=300, check=False, cwd=REPOSITORY,
        env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [answer_of(code, output) for code, output in json.loads(done.stdout)]


@pytest.mark.parametrize("theirs", THEIRS)
def test_the_real_one_says_the_same(theirs: str, call: Call, tmp_path: Path) -> None:
    """The command can replace theirs. The table above has what differs, with its reason."""
    path = program(theirs)
    if os.environ.get("SPFENGINE_NO_NAMESPACES") == "1":
        pytest.skip("needs namespaces; SPFENGINE_NO_NAMESPACES=1 leaves it out")
    zone = tmp_path / "zone.json"
    zone.write_text(json.dumps({"zonedata": ZONEDATA}), "ascii")
    table = THEIRS[theirs]
    words = [shlex.split(asked.words) for asked in table]
    dialect = ["--libspf2"] if theirs == "spfquery.libspf2" else []
    real = run_all(zone, [([path, *each], asked.stdin) for each, asked in zip(words, table, strict=True)])
    ours = []
    for each, asked in zip(words, table, strict=True):
        arguments = ["spfquery", *dialect, *each, "--zone", str(zone)]
        ended = process(*arguments, stdin=asked.stdin.encode()) if asked.stdin else call(*arguments)
        ours.append(answer_of(ended.code, ended.out))
    wrong = []
    for asked, wanted, got in zip(table, real, ours, strict=True):
        if (wanted == got) == bool(asked.why):
            wrong.append(f"{asked.words}\n  theirs: {wanted}\n  ours:   {got}\n  {asked.why or 'no reason is known'}")
    assert not wrong, "\n".join(wrong)
