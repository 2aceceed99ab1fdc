"""Tables: `ip,sender,helo,count,label`, as programs write them, and as people do."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Sender
from spfengine.evidence.bounds import DEFAULT_BOUNDS
from spfengine.evidence.ledger import BrokenFileError, Ledger
from spfengine.evidence.streams import lines
from spfengine.evidence.tables import read_table
from tests.evidence.files import faults, read_bytes
from tests.evidence.test_reports import address, domain, local_part

ONE = ("192.0.2.1", "a@example.com", "mx.example.com", 3, "shop")

FORMS = {
    "no names": "192.0.2.1,a@example.com,mx.example.com,3,shop\n",
    "names": "ip,sender,helo,count,label\n192.0.2.1,a@example.com,mx.example.com,3,shop\n",
    "names in another order": "Label,Count,HELO,Sender,IP\nshop,3,mx.example.com,a@example.com,192.0.2.1\n",
    "semicolons": "ip;sender;helo;count;label\n192.0.2.1;a@example.com;mx.example.com;3;shop\n",
    "tabs": "192.0.2.1\ta@example.com\tmx.example.com\t3\tshop\n",
    "a mark of UTF-8, line ends of Windows, spaces and quotes": (
        '\ufeff"ip", "sender", "helo", "count", "label"\r\n192.0.2.1, "<a@EXAMPLE.com.>",MX.example.com ,"3", shop\r\n'
    ),
    "comments and empty lines": "# of last week\n\nip,sender,helo,count,label\n# x\n,,,,\n"
    "192.0.2.1,a@example.com,mx.example.com,3,shop\n",
    "a column that nobody knows": "when,ip,sender,helo,count,label\n1,192.0.2.1,a@example.com,mx.example.com,3,shop\n",
    "several rows that are one": "192.0.2.1,a@example.com,mx.example.com,1,shop\n"
    "192.0.2.1,a@example.com,mx.example.com,2,shop\n",
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_tables(tmp_path: Path, form: str) -> None:
    evidence = read_bytes(tmp_path, FORMS[form].encode())
    assert [(item.ip, item.sender, item.helo, item.count, item.label) for item in evidence.senders] == [ONE]
    assert evidence.unread == ()


def test_columns_that_are_not_read_are_counted(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, FORMS["a column that nobody knows"].encode())
    assert evidence.aside == (("columns of tables that are not read", 1),)


def test_what_a_row_leaves_out_is_not_known(tmp_path: Path) -> None:
    [sender] = read_bytes(tmp_path, b"192.0.2.1,example.com\n").senders
    assert sender == Sender("192.0.2.1", "@example.com")


REFUSED = {
    "192.0.2.300,a@example.com": "not an IP address: '192.0.2.300'",
    ",a@example.com": "not an IP address: ''",
    "192.0.2.1": "the row names no sender (write <> for the null sender): '192.0.2.1'",
    "192.0.2.1,<>": "the sender is null, and the HELO name, which replaces it, is not known",
    "192.0.2.1,a@example.com,,many": "the count is not a number: 'many'",
    "192.0.2.1,a@example.com,,1,x,y": "the row has more than 5 cells: '192.0.2.1,a@example.com,,1,x,y'",
    '192.0.2.1,a@example.com,,1,"x': "the quotation marks of the row do not match: '192.0.2.1,a@example.com,,1,\"x'",
    '192.0.2.1,a@b.example,,1,"x"y': "the quotation marks of the row do not match: '192.0.2.1,a@b.example,,1,\"x\"y'",
    "192.0.2.1,a@example.com,,1,\x1b[2Jx": "the label has unprintable characters: '\\x1b[2Jx'",
    "192.0.2.1,a@example.com,,1," + "x" * 201: "the label is longer than 200 characters: '" + "x" * 80 + "…'",
    "192.0.2.1,a\0@example.com": "the sender has unprintable characters: 'a\\x00@example.com'",
    "192.0.2.1,a b@example.com": "the sender is neither a mail address nor a domain: 'a b@example.com'",
    "x" * 70000: "the line is longer than 65,536 octets",
}


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[:30].encode("unicode_escape").decode())
def test_an_unusable_row_is_reported_and_the_next_one_read(tmp_path: Path, row: str) -> None:
    text = f"192.0.2.1,a@example.com\n{row}\n192.0.2.1,a@example.com\n"
    evidence = read_bytes(tmp_path, text.encode())
    assert faults(evidence) == [f"FILE, line 2: {REFUSED[row]}"]
    assert evidence.messages == 2


def test_a_table_that_is_none(tmp_path: Path) -> None:
    ledger = Ledger()
    with pytest.raises(BrokenFileError, match="neither begins with an IP address nor names the column ip"):
        list(read_table([(1, b"hello, world")], ledger, DEFAULT_BOUNDS))


def test_rows_of_a_table_with_names(tmp_path: Path) -> None:
    evidence = read_bytes(
        tmp_path, b"label,reported,sender,ip\nx,perhaps,a@example.com,192.0.2.1\nshort,pass,b@example.com\n"
    )
    assert faults(evidence) == [
        "FILE, line 2: reported is not an SPF result: 'perhaps'",
        "FILE, line 3: not an IP address: ''",
    ]


def test_what_begins_as_a_comment_does_is_a_row_where_a_row_may_begin_so(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, b"# ours\nlabel,sender,ip\n#1 newsletter,a@example.com,192.0.2.1\n")
    assert [(sender.label, sender.ip) for sender in evidence.senders] == [("#1 newsletter", "192.0.2.1")]
    commented = read_bytes(tmp_path, b"ip,sender\n# a@example.com is gone\n192.0.2.2,b@example.com\n")
    assert ([sender.ip for sender in commented.senders], faults(commented)) == (["192.0.2.2"], [])


def test_a_table_with_a_column_twice(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, b"ip,sender,ip\n192.0.2.1,a@example.com,192.0.2.2\n")
    assert faults(evidence) == ["FILE, line 1: a column occurs twice: 'ip'"]


printable = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), max_size=20)
table_sender = st.builds(
    Sender,
    ip=address,
    sender=st.builds("{}@{}".format, st.just("") | local_part, domain),
    helo=st.none() | domain,
    count=st.integers(1, 10**12 - 1),
    label=st.none() | printable.map(lambda text: text or None),
    reported=st.none() | st.sampled_from(list(map(str, spfengine.Result))),
    header_from=st.none() | domain,
)


@given(st.lists(table_sender, max_size=5), st.permutations(Sender.fields), st.sampled_from(",;\t"))
def test_what_is_written_into_a_table_is_read_back(senders: list[Sender], names: list[str], delimiter: str) -> None:
    file = io.StringIO()
    writer = csv.DictWriter(file, names, delimiter=delimiter)
    writer.writeheader()
    writer.writerows({name: getattr(item, name) for name in names} for item in senders)
    ledger = Ledger()
    rows = lines([file.getvalue().encode()], DEFAULT_BOUNDS.line)
    assert list(read_table(rows, ledger, DEFAULT_BOUNDS)) == senders
    assert ledger.skipped == 0
