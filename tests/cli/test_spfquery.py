"""`spfengine spfquery` replaces Mail::SPF's and libspf2's command."""

import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest

from spfengine import parse_received_spf
from tests.cli.conftest import SEED, Call, Ended, command, environment

Suite = Callable[[dict[str, Any]], str]

IP, SENDER, HELO = "23.83.218.24", "alice@seed.example", "mx.client.example"
RECORDS: list[tuple[object, str, int, int]] = [
    ({"TXT": "v=spf1 +all"}, "pass", 0, 2),
    ({"TXT": "v=spf1 -all"}, "fail", 1, 3),
    ({"TXT": "v=spf1 ~all"}, "softfail", 2, 4),
    ({"TXT": "v=spf1 ?all"}, "neutral", 3, 1),
    ({"TXT": "v=spf1 al"}, "permerror", 4, 7),
    ("TIMEOUT", "temperror", 5, 6),
    ({"TXT": "no SPF"}, "none", 6, 5),
]


@pytest.mark.parametrize(("record", "result", "mail_spf", "libspf2"), RECORDS)
def test_the_exit_code_is_that_of_the_program_it_stands_for(
    call: Call, suite: Suite, record: object, result: str, mail_spf: int, libspf2: int
) -> None:
    zone = suite({"x.example": [record]})
    for flags, code in ([], mail_spf), (["--libspf2"], libspf2):
        ended = call("spfquery", *flags, "--ip", "192.0.2.1", "--sender", "a@x.example", "--zone", zone)
        assert (ended.code, ended.err) == (code, "")
        lines = ended.out.split("\n")
        assert lines[0] == result
        assert len(lines) == 5
        assert bool(lines[1]) == (result in {"fail", "permerror", "temperror"})
        field = parse_received_spf(lines[3])
        assert (field.result, field.comment) == (result, lines[2])
        assert field.keys["envelope-from"] == "a@x.example"


SPELLINGS = [
    ["--scope", "mfrom", "--identity", SENDER, "--ip-address", IP, "--helo-identity", HELO],
    ["-s", "mfrom", "--id", SENDER, "--ip", IP, "--helo-id", HELO],
    ["--id=alice@seed.example", "--ip=23.83.218.24", "--helo-identity=mx.client.example"],
    ["--versions", "1", "--iden", SENDER, "--ip-a", IP, "--helo-i", HELO],
    ["--mfrom", SENDER, "--ip", IP, "--helo", HELO],
    ["--mail-from", SENDER, "--ip", IP, "--helo", HELO],
    ["-m", SENDER, "-i", IP, "--helo", HELO, "--no-sanitize", "--debug"],
    ["--sender", SENDER, "--ipv4", IP, "--helo", HELO],
    ["--libspf2", f"-ip={IP}", f"-sender={SENDER}", f"-helo={HELO}"],
    ["--libspf2", "-ip", IP, "-sender", SENDER, "-helo", HELO, "-debug", "2", "-c", "0"],
    ["--libspf2", "--ip", IP, "--sender", SENDER, "--helo", HELO, "-t", "0"],
    ["--libspf2", f"-i{IP}", f"-s={SENDER}", "-h", HELO, "-debug=1"],
]


@pytest.mark.parametrize("words", SPELLINGS, ids=" ".join)
def test_every_spelling_asks_the_same(call: Call, words: list[str]) -> None:
    ended = call("spfquery", *words, "--name", "mx.example.net", "--zone", SEED)
    assert (ended.code, ended.err) == (4 if "--libspf2" in words else 2, "")
    assert ended.out.split("\n")[3] == (
        "Received-SPF: softfail (mx.example.net: seed.example holds that 23.83.218.24 is probably not a permitted "
        "sender) receiver=mx.example.net; identity=mailfrom; client-ip=23.83.218.24; "
        'envelope-from="alice@seed.example"; helo=mx.client.example; mechanism=~all'
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--scope", "helo", "--identity", "seed.example"],
        ["--helo", "seed.example"],
        ["--libspf2", "-h", "seed.example"],
    ],
)
def test_helo_is_checked_where_it_is_the_identity(call: Call, words: list[str]) -> None:
    ended = call("spfquery", *words, "--ip", IP, "--zone", SEED)
    assert "identity=helo; client-ip=23.83.218.24; helo=seed.example;" in ended.out


def test_the_null_sender_stands_for_the_helo_name(call: Call) -> None:
    ended = call("spfquery", "--sender", "", "--helo", "seed.example", "--ip", IP, "--zone", SEED)
    assert 'envelope-from="postmaster@seed.example"' in ended.out
    assert ended.code == 2


def test_a_value_is_never_taken_for_an_option(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 +all"}]})
    for words in ["--sender", "--libspf2@x.example"], ["--sender=--help@x.example"], ["--mfrom", "-s@x.example"]:
        ended = call("spfquery", *words, "--ip", "192.0.2.1", "--zone", zone)
        assert (ended.code, ended.out.split("\n")[0]) == (0, "pass")


def test_what_a_client_sent_never_changes_how_options_are_read(call: Call) -> None:
    ended = call("spfquery", "-m", "--libspf2", "-i", "192.0.2.1", "--zone", SEED)
    assert (ended.code, ended.err, ended.out.split("\n")[0]) == (6, "", "none")


def test_the_explanation_is_the_domains_or_the_given_or_ours(call: Call, suite: Suite) -> None:
    zone = suite(
        {
            "x.example": [{"TXT": "v=spf1 -all exp=e.x.example"}],
            "e.x.example": [{"TXT": "%{i} is not ours"}],
            "y.example": [{"TXT": "v=spf1 -all"}],
        }
    )

    def second_line(domain: str, *more: str) -> str:
        return call("spfquery", "--ip", "192.0.2.1", "--id", domain, "--zone", zone, *more).out.split("\n")[1]

    assert second_line("x.example", "--def-exp", "Go away") == "192.0.2.1 is not ours"
    assert second_line("y.example", "--def-exp", "Go away") == "Go away"
    assert second_line("y.example", "--def-exp", "%{i} %{s} %{h} %{p}%%") == "192.0.2.1 postmaster@y.example  unknown%"
    assert second_line("y.example") == "SPF MAIL FROM check failed: y.example does not permit 192.0.2.1 to send for it."


def test_what_strangers_wrote_can_not_break_the_lines(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 \x1b[31m\n -all"}]})
    ended = call("spfquery", "--ip", "192.0.2.1", "--sender", "a\r\nb\x1b@x.example", "--helo", "\x07", "--zone", zone)
    assert ended.out.count("\n") == 4
    assert all(character.isprintable() for character in ended.out.replace("\n", ""))


def test_limits_can_be_set(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 a a mx +all"}, {"A": "192.0.2.9"}, {"MX": [0, "x.example"]}]})
    words = ["spfquery", "--ip", "192.0.2.1", "--id", "x.example", "--zone", zone]
    assert call(*words).code == 0
    assert call(*words, "--max-dns-interactive-terms", "2").code == 4
    assert call(*words, "--max-lookup", "2").code == 4
    assert call(*words, "--max-name-lookups-per-term", "0").code == 4


def test_what_mail_spf_does_nothing_with_is_taken(call: Call) -> None:
    words = ["--authorize-mxes-for", "b@x.example", "--tfwl", "-r", "c@x.example", "--rcpt-to=d@x.example"]
    for sender in ["--id", SENDER], ["-s", SENDER]:
        assert call("spfquery", *words, "--ip", IP, *sender, "--zone", SEED).code == 2


def test_helo_has_its_default_explanation(call: Call, suite: Suite) -> None:
    zone = suite({"x.example": [{"TXT": "v=spf1 -all"}]})
    ended = call("spfquery", "--helo", "x.example", "--ip", IP, "--def-exp", "%{s}|%{h}|%{d}", "--zone", zone)
    assert ended.out.split("\n")[1] == "postmaster@x.example|x.example|x.example"


def stdin_of(octets: bytes, *arguments: str) -> Ended:
    done = subprocess.run(
        command("spfquery", *arguments), input=octets, capture_output=True, env=environment(), timeout=300, check=False
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_file_has_a_query_a_line(call: Call, tmp_path: Any) -> None:
    path = tmp_path / "queries"
    path.write_bytes(f"# who\n{IP} {SENDER}\n\n163.44.239.12  {SENDER} {HELO}\n".encode())
    ended = call("spfquery", "--file", str(path), "--zone", SEED)
    assert ended.code == 2, "that of the first line that is not pass"
    assert call("spfquery", "--libspf2", "-file", str(path), "--zone", SEED).code == 2, "that of the last line: pass"
    assert ended.out.split("\n")[::4] == ["softfail", "pass", ""]
    assert f"helo={HELO}" in ended.out
    kept = call("spfquery", "-f", str(path), "--keep-comments", "--zone", SEED)
    assert kept.out == f"# who\n{ended.out}"
    helo = call("spfquery", "-s", "helo", "-f", str(path), "--zone", SEED)
    assert "identity=helo" in helo.out


def test_queries_on_stdin_are_answered_one_by_one() -> None:
    buffered = {name: value for name, value in environment().items() if name != "PYTHONUNBUFFERED"}
    running = subprocess.Popen(
        command("spfquery", "--file", "-", "--zone", SEED),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=buffered,
    )  # fmt: skip
    assert running.stdin is not None
    assert running.stdout is not None
    too_late = threading.Timer(30, running.kill)
    too_late.start()
    for ip, result in (IP, b"softfail"), ("163.44.239.12", b"pass"):
        running.stdin.write(f"{ip} {SENDER}\n".encode())
        running.stdin.flush()
        answer = [running.stdout.readline() for _ in range(4)]
        assert answer[0].strip() == result
    running.communicate(timeout=300)
    too_late.cancel()
    assert running.returncode == 2


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"192.0.2.1", 'line 2: expected "IP IDENTITY [HELO]", found 1 words'),
        (b"192.0.2.1 a b c", "found 4 words"),
        (b"192.0.2.300 a", "line 2: not an IP address: '192.0.2.300'"),
        (b"x" * 10_000, "line 2: the line is longer than 8192 octets"),
    ],
)
def test_a_line_that_can_not_be_read_is_reported_with_its_place(line: bytes, expected: str) -> None:
    ended = stdin_of(b"192.0.2.1 seed.example\n" + line + b"\n", "--file", "-", "--zone", SEED)
    assert (ended.code, ended.out.split("\n")[0]) == (65, "softfail")
    assert expected in ended.err
    assert ended.err.count("\n") == 1


def test_octets_that_are_no_utf8_are_read() -> None:
    ended = stdin_of(b"192.0.2.1 \xff\xfe@seed.example\n", "--file", "-", "--zone", SEED)
    assert (ended.code, ended.err) == (2, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "expected --ip with"),
        (["--ip", IP], "nothing to check"),
        (["--sender", SENDER], "--ip is missing"),
        (["--ip", "192.0.2.300", "--sender", SENDER], "not an IP address"),
        (["--ip", IP, "--id", SENDER, "--helo", HELO], "--identity can't be used with"),
        (["--ip", IP, "--id", SENDER, "--file", "-"], "expected --ip with"),
        (["--file", "-", "--draft", "v=spf1 -all"], "needs a name"),
        (["--scope", "pra", "--ip", IP, "--id", SENDER], "Sender ID"),
        (["--pra", SENDER, "--ip", IP], "Sender ID"),
        (["--def-exp", "%{x}", "--ip", IP, "--id", SENDER], "--default-explanation: "),
        (["--def-exp", "Go\x1b[1m away", "--ip", IP, "--id", SENDER], "--default-explanation: "),
        (["-helo=h.example", "--ip", IP, "--id", SENDER], "no such option: -helo"),
        (["--versions", "2", "--ip", IP, "--id", SENDER], "--versions must include 1"),
        (["--guess", "a mx", "--ip", IP, "--id", SENDER], "--guess is not supported"),
        (["--override", "x=v=spf1", "--ip", IP, "--id", SENDER], "--draft NAME=RECORD"),
        (["--libspf2", "-t", "1", "-i", IP, "-s", SENDER], "-t is not supported"),
        (["--libspf2", "-rcpt-to", "b@x.example", "-i", IP, "-s", SENDER], "-rcpt-to is not supported"),
        (["--he", HELO], "could be each of helo, helo-id, helo-identity, help"),
        (["--ip", IP, "--nonsense"], "no such option: --nonsense"),
        (["--ip"], "--ip needs a value"),
        (["--ip", IP, "--id", SENDER, "stray"], "stray"),
        (["--ip", IP, "--libspf2"], "--libspf2 must come first"),
        (["--libspf2", "-q"], "no such option: -q"),
    ],
)
def test_what_can_not_be_understood_is_reported_on_one_line(call: Call, words: list[str], expected: str) -> None:
    ended = call("spfquery", *words)
    assert (ended.code, ended.out) == (64, "")
    assert expected in ended.err
    assert ended.err.startswith("spfengine spfquery: ")
    assert ended.err.count("\n") == 1


def test_version_and_help_end_well(call: Call) -> None:
    assert call("spfquery", "--version").out.startswith("spfengine spfquery, version ")
    assert call("spfquery", "--libspf2", "-v").code == 0
    assert "--libspf2" in call("spfquery", "-h").out
    missing = call("spfquery", "--file", "/no/such/file", "--zone", SEED)
    assert (missing.code, missing.err) == (
        66,
        "spfengine spfquery: /no/such/file can't be read: No such file or directory\n",
    )
