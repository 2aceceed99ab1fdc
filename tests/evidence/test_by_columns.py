"""Large tables are replayed by columns, and their totals are those of a replay row by row."""

import gc
import gzip
import sys
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from spfengine import Sender, replay, replay_files
from spfengine.evidence import large_tables
from spfengine.evidence.bounds import Bounds
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reading import iterate_other_senders, iterate_senders
from spfengine.replaying import Totals
from tests.examples import examples
from tests.optional import need
from tests.properties import strategies
from tests.replaying.test_replay import PAIRS

if TYPE_CHECKING:
    from spfengine.evidence.plain_rows import PlainRows

need_numpy = pytest.fixture(autouse=True)(lambda: need("numpy"))

CELLS: dict[str, list[str]] = {
    "ip": [
        "192.0.2.1", "192.0.2.5", "198.51.100.9", "203.0.113.7", "203.0.113.250", "2001:db8::1", "2001:DB8::1",
        "::ffff:192.0.2.1", "::ffff:c000:205", "192.0.2.256", "192.0.2", "192.0.02.1", "192.0.2.1.5", "1.2.3.4:25",
        "::", "[192.0.2.1]", "", " 192.0.2.1 ", "192.0.2.+1", "0.0.0.0", "255.255.255.255", "....", ":", "9" * 70,
        "1..2.3",
    ],
    "sender": [
        "a@x.example", "b@x.example", "A@X.Example", "x.example", "@x.example", "a@x.example.", "<a@x.example>", "<>",
        "a@other.example", "a@gone.example", "a@none.example", "a@b@x.example", "a@", "@", "", "a@-..", "a b@x.example",
        '"a,b"@x.example', "a@\u00fc.example", "\u00fc@x.example", "x" * 70 + "@x.example", "x" * 600 + "@x.example",
        f"a@{'x' * 70}.example", f"a@{'x' * 260}.example", "a@[192.0.2.1]", "a\x1b@x.example", "192.0.2.7",
        "a\\b@x.example",
    ],
    "helo": ["", "", "h.example", "H.example", "h.example.", "h h", "<h>", "h" * 256, "h" * 100, "\u00fc"],
    "count": ["", "1", "2", "5", "007", "0", "-1", "1.5", "1,000", "999999999", "1000000000", "9" * 30, "x", " 3 "],
    "label": ["", "our server", "server", "l" * 201, "x,y", '"q"', "'"],
    "reported": ["", "pass", "fail", "Pass", "hardfail", "passed"],
    "header_from": ["", "x.example", "X.example", "a@x.example", "..", "y" * 70],
    "dmarc_spf": ["", "pass", "fail", "FAIL", "maybe"],
}  # fmt: skip
LINES = [
    "", "# a comment", "#192.0.2.1,a@x.example", ",,,", '"192.0.2.1","a@x.example"', '"', "\ufeff192.0.2.1,a@x.example",
    "192.0.2.1", "192.0.2.1,192.0.2.2", "192.0.2.1,the old server", "ip,sender", "\0", "x" * 300, "\r", "a\rb",
]  # fmt: skip
HEADINGS = {
    "source_ip": "ip", "envelope_from": "sender", "helo name": "helo", "message count": "count", "other": "label",
    "spf result": "reported", "from": "sender", "source": "ip", "event-id": "label", "spf_scopes": "label",
}  # fmt: skip


def row(random: Random, columns: list[str], odd: float) -> list[str]:
    """The cells of a row, of which one or two may be anything that its column can have."""
    cells = [CELLS[column][0] for column in columns]
    if random.random() < odd:
        for _ in range(random.choice([1, 1, 1, 2])):
            at = random.randrange(len(columns))
            cells[at] = random.choice(CELLS[columns[at]])
        if random.random() < 0.1:
            cells = cells[: random.randrange(len(cells) + 1)] + ["more"] * random.randrange(3)
    return cells


@st.composite
def tables(draw: st.DrawFn) -> bytes:
    """A table, whose rows are plain, or of every kind that is not."""
    random = draw(strategies.chance)
    delimiter = random.choice(",,,;\t|")
    heading = random.choice(["own", "own", "other", None])
    if heading == "own":
        names = ["ip", "sender", *random.sample(list(CELLS)[2:], random.randrange(7))]
        random.shuffle(names)
        columns = names
    elif heading == "other":
        names = ["source_ip", "envelope_from", *random.sample(list(HEADINGS)[2:], random.randrange(4))]
        columns = [HEADINGS[name] for name in names]
    else:
        names, columns = [], list(CELLS)[: random.randint(2, 5)]
    lines = [delimiter.join(names)] if names else []
    odd = random.choice([0, 0.1, 0.5, 1])
    for _ in range(random.randrange(40)):
        is_line = random.random() < odd / 8
        lines.append(random.choice(LINES) if is_line else delimiter.join(row(random, columns, odd)))
    text = random.choice(["\n", "\n", "\r\n"]).join(lines) + random.choice(["", "\n", "\r"])
    octets = text.encode("utf-8")
    return octets if random.random() > odd / 4 else octets.replace(b"example", b"ex\xffmple", 1)


def by_columns(patch: pytest.MonkeyPatch, first: int = 1, block: int = 200) -> None:
    """Read tables by columns from the first row on, in small parts."""
    patch.setattr(large_tables, "CHUNK", first)
    patch.setattr(large_tables, "_BLOCK", block)


def by_rows(patch: pytest.MonkeyPatch) -> None:
    """Read tables as without NumPy."""
    patch.setattr(large_tables, "find_spec", lambda name: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables")


def read(path: Path, bounds: Bounds) -> tuple[list[Sender], Ledger, int]:
    """What is read of a table: all senders, what else was counted, and how many rows were plain."""
    ledger = Ledger()
    plain: list[Sender] = []

    def take(rows: "PlainRows") -> None:
        for at, domain in enumerate(rows.domain.tolist()):
            sender = rows.sender_at(at)
            octets = rows.ip4[at].tobytes()[::-1] if rows.is_ip4[at] else rows.ip6[at].tobytes()
            address = ip_address(int.from_bytes(octets) if len(octets) == 4 else octets)
            assert str(getattr(address, "ipv4_mapped", None) or address) == sender.ip
            assert sender.sender.rpartition("@")[2] == rows.domains[domain]
            assert rows.messages[at] == sender.count
            plain.append(sender)

    senders = list(iterate_other_senders(path, ledger, take, bounds=bounds))
    return [*senders, *plain], ledger, len(plain)


@given(tables(), st.integers(1, 300))
@settings(max_examples=examples(100))
def test_by_columns_each_row_has_the_same_sender_or_the_same_fault(folder: Path, table: bytes, block: int) -> None:
    path = folder / "table.csv"
    path.write_bytes(table)
    bounds = Bounds(line=250)
    with pytest.MonkeyPatch.context() as patch:
        by_columns(patch, block=block)
        senders, ledger, _ = read(path, bounds)
        totals = replay_files(path, PAIRS, bounds=bounds, listed_at_most=2)
        by_rows(patch)
        expected, other, plain = read(path, bounds)
        assert plain == 0
        assert Counter(senders) == Counter(expected)
        for name in ("skipped", "unread", "kinds", "asides"):
            assert getattr(ledger, name) == getattr(other, name)
        assert totals == replay_files(path, PAIRS, bounds=bounds, listed_at_most=2)


COUNTS = ["", *["5"] * 20, *["6"] * 10, *map(str, range(7, 40))]


def rows_of(random: Random) -> Iterator[str]:
    """Rows of which many are alike, so that their order decides which are listed, and some have more messages."""
    for _ in range(300):
        ip = random.choice(["203.0.113.7", "203.0.113.7", "192.0.2.9", "2001:db8::7", "2001:DB8::7", "192.0.2.10"])
        name = random.choice("ab") * random.choice([1, 1, 7, 8, 9, 70])
        sender = random.choice([f"{name}@x.example", f"{name}@X.example", f"{name}@other.example", "x.example"])
        helo = random.choice(["", "h.example", "h.example", "H.example", "i" * 70])
        yield f"{ip},{sender},{helo},{random.choice(COUNTS)}"


@given(strategies.chance, st.integers(0, 12))
@settings(max_examples=examples(20))
def test_the_same_rows_are_listed(folder: Path, random: Random, listed: int) -> None:
    path = folder / "alike.csv"
    path.write_text("\n".join(["ip,sender,helo,count", *rows_of(random)]), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        by_columns(patch, block=3000)
        totals = replay_files(path, PAIRS, listed_at_most=listed)
        by_rows(patch)
        assert totals == replay_files(path, PAIRS, listed_at_most=listed)


def test_usual_rows_are_plain(folder: Path) -> None:
    """Or a replay by columns would be no faster."""
    path = folder / "usual.csv"
    lines = [f"192.0.2.{n},User{n}@X.example,Mail.x.example,{n}" for n in range(1, 200)]
    lines += [f"2001:db8::{n},x.example,," for n in range(1, 9)]
    for heading in ("ip,sender,helo,count", "Source IP,Envelope From,HELO,Messages"):
        path.write_text("\r\n".join([heading, *lines, ""]), "ascii")
        with pytest.MonkeyPatch.context() as patch:
            by_columns(patch)
            assert read(path, Bounds())[2] == len(lines)


def test_a_packed_table_that_ends_early_counts_up_to_there(folder: Path) -> None:
    path = folder / "table.csv.gz"
    text = "ip,sender\n" + "".join(f"192.0.2.{n % 256},u{n * 7919}@x.example\n" for n in range(5000))
    path.write_bytes(gzip.compress(text.encode("ascii"))[:-500])
    with pytest.MonkeyPatch.context() as patch:
        by_columns(patch, block=5000)
        totals = replay_files(path, PAIRS)
        by_rows(patch)
        assert totals == replay_files(path, PAIRS)
    assert totals.rows > 4000
    assert [item.reason for item in totals.unread] == ["the gzip data ends in the middle"]


def test_small_tables_do_not_load_numpy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_tables, "find_spec", lambda name: pytest.fail("it was looked for"))
    path = folder / "small.csv"
    path.write_text("ip,sender\n192.0.2.1,a@x.example\n", "ascii")
    assert replay_files(path, PAIRS).rows == 1


def test_a_table_without_senders_is_refused_row_by_row(folder: Path) -> None:
    path = folder / "addresses.csv"
    path.write_text("ip,count\n" + "192.0.2.1,5\n" * 3, "ascii")
    with pytest.MonkeyPatch.context() as patch:
        by_columns(patch)
        assert replay_files(path, PAIRS).skipped == 3
        path.write_bytes(b"")
        assert replay_files(path, PAIRS) != Totals()


VALUES: dict[str, list[object]] = {
    "ip": [*CELLS["ip"], None],
    "sender": [*CELLS["sender"], None],
    "helo": [*CELLS["helo"], None],
    "count": ["1", "5", None, "x", 5, 0, -3, 10**9, 10**12, 2.0, 2.5, float("nan"), True, "1,000"],
    "label": ["", None, "a label", 5],
    "reported": [*CELLS["reported"], None],
}


@st.composite
def columns(draw: st.DrawFn) -> dict[str, list[object]]:
    """A table as columns, each of one type."""
    random = draw(strategies.chance)
    length = random.randrange(30)
    names = ["ip", "sender", *random.sample(list(VALUES)[2:], random.randrange(5))]
    odd = random.choice([0, 0.2, 1])
    table: dict[str, list[object]] = {}
    for name in names:
        usual = [random.choice(VALUES[name][:4]) for _ in range(length)]
        values = [random.choice(VALUES[name]) if random.random() < odd / 4 else cell for cell in usual]
        kind = type(random.choice(values)) if name in ("count", "label") and values else str
        table[name] = [value if type(value) in (kind, type(None)) else None if kind is not str else str(value)
                       for value in values]  # fmt: skip
    if random.random() < 0.2:
        table = {{"ip": "Source IP", "sender": "Envelope From"}.get(name, name): table[name] for name in table}
    return table


@pytest.mark.full
def test_parts_are_not_kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "In bounded memory", and without waiting for Python to look for circles of objects."""
    by_columns(monkeypatch, block=1 << 16)
    path = folder / "long.csv"
    path.write_text("ip,sender\n" + "".join(f"192.0.{n >> 8 & 255}.{n & 255},u{n}@x.example\n" for n in range(60_000)))
    replay_files(path, PAIRS)
    gc.disable()
    tracemalloc.start()
    try:
        assert replay_files(path, PAIRS).rows == 60_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        gc.enable()
    assert peak < 4 << 20, "all parts together take three times as much"


def only_fault(path: Path) -> str:
    """The fault of a file that is not read."""
    totals = replay_files(path, PAIRS)
    assert totals.rows == totals.other_rows == 0
    [fault] = totals.unread
    assert str(fault).isprintable()
    return f"{fault.reason} / {fault.example}"


def write_parquet(path: Path, table: dict[str, list[object]], **options: object) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(table), path, **options)


@given(columns(), strategies.chance)
@settings(max_examples=examples(60))
def test_a_parquet_file_has_the_totals_of_its_rows(
    folder: Path, table: dict[str, list[object]], random: Random
) -> None:
    need("pyarrow")
    path = folder / "table.parquet"
    write_parquet(path, table, use_dictionary=random.random() < 0.5, row_group_size=random.choice([1, 7, 100]))
    totals = replay_files(path, PAIRS, listed_at_most=2)
    senders, ledger, _ = read(path, Bounds())
    other = Ledger()
    assert Counter(senders) == Counter(iterate_senders(path, other))
    assert (ledger.unread, ledger.kinds) == (other.unread, other.kinds)
    assert (totals.rows + totals.other_rows, totals.skipped) == (len(senders), ledger.skipped)
    if "ip" in table:
        rows = [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]
        assert totals == replay(rows, PAIRS, source=str(path), listed_at_most=2)


def test_usual_rows_of_parquet_are_plain(folder: Path) -> None:
    need("pyarrow")
    path = folder / "usual.parquet"
    senders: list[object] = [f"User{n}@X.example" for n in range(200)]
    usual: dict[str, list[object]] = {
        "ip": ["192.0.2.1", "2001:db8::1"] * 100, "sender": senders, "helo": [None, "h.example"] * 100,
        "count": [*range(1, 200), None], "other": [[1]] * 200,
    }  # fmt: skip
    write_parquet(path, usual, use_dictionary=False)
    assert read(path, Bounds())[2] == 200


def test_a_parquet_file_may_not_have_far_more_rows_than_octets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need("pyarrow")
    from spfengine.evidence import parquet_parts

    path = folder / "bomb.parquet"
    write_parquet(path, {"ip": ["192.0.2.1"] * 100_000, "sender": ["a@x.example"] * 100_000})
    assert replay_files(path, PAIRS).rows == 100_000
    monkeypatch.setattr(parquet_parts, "_FREE", 0)
    assert "unpacks to more than 400 times its size: a bomb" in only_fault(path)
    write_parquet(path, {"ip": ["192.0.2.1"] * 1000, "sender": ["a@x.example"] * 1000})
    assert replay_files(path, PAIRS).rows == 1000


def test_what_is_no_parquet_file_of_senders_is_refused(folder: Path) -> None:
    need("pyarrow")
    path = folder / "hostile.parquet"
    path.write_bytes(b"PAR1" + b"\x1b[2J" * 20)
    assert only_fault(path).startswith("it is not a Parquet file that can be read / ")
    write_parquet(path, {"\x1b[2J": ["192.0.2.1"], "sender": ["a@x.example"]})
    assert "has no column of addresses: expected the columns ip,sender" in only_fault(path)
    write_parquet(path, {"ip": ["192.0.2.1"], "sender": ["a@x.example"]})
    assert "unpacks to more than" in str(replay_files(path, PAIRS, bounds=Bounds(unpacked=50)).unread[0])
    write_parquet(path, {"ip": ["192.0.2.1"] * 3, "sender": ["x" * 9000, "a@x.example", "y" * 9000]})
    assert replay_files(path, PAIRS).rows == 1
    write_parquet(path, {"ip": ["192.0.2.1"] * 2, "sender": ["a@x.example"] * 2, "helo": [["h.example"]] * 2})
    assert only_fault(path) == "a cell is neither text, nor a whole number, nor an address / a list or an object"
    write_parquet(path, {"ip": ["192.0.2.1"] * 2, "sender": ["x" * 70_000] * 2})
    assert only_fault(path) == "a cell is longer than 65,536 octets / None"
    write_parquet(path, {"ip": ["192.0.2.1"], "sender": ["a@x.example"]})
    whole = path.read_bytes()
    for cut in range(4, len(whole) - 1, 97):
        path.write_bytes(whole[:cut])
        assert only_fault(path).startswith("it is not a Parquet file")


@given(strategies.chance)
@settings(max_examples=examples(40))
def test_octets_of_a_parquet_file_may_be_any(folder: Path, random: Random) -> None:
    """Rows or a fault, and nothing else."""
    need("pyarrow")
    path = folder / "changed.parquet"
    write_parquet(path, {"ip": ["192.0.2.1", None] * 9, "sender": ["a@x.example"] * 18, "count": list(range(18))})
    octets = bytearray(path.read_bytes())
    for _ in range(random.choice([1, 2, 9])):
        octets[random.randrange(4, len(octets))] = random.choice([0, 1, 127, 255, random.randrange(256)])
    path.write_bytes(octets)
    totals = replay_files(path, PAIRS)
    assert totals.rows + totals.other_rows + totals.skipped


def test_without_pyarrow_the_fault_says_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.delitem(sys.modules, "spfengine.evidence.parquet_parts", raising=False)
    path = folder / "table.parquet"
    path.write_bytes(b"PAR1")
    assert "pip install pyarrow numpy (the extra spfengine[parquet])" in only_fault(path)
