"""DMARC reports as strangers write them: broken XML is read on, junk costs its field, and no message is lost."""

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from spfengine.evidence.bounds import DEFAULT_BOUNDS
from spfengine.evidence.ledger import Ledger
from spfengine.evidence.reading import read_evidence
from spfengine.evidence.reports import read_report
from tests.evidence.files import GOOD, faults, gzipped, mailed, of, read_bytes, record, repairs, report, zipped

DKIM = "<dkim><domain>{}</domain><selector>s</selector><result>{}</result></dkim>"
SPF = "<spf><domain>{}</domain><result>{}</result></spf>"


def evaluated(dkim: str, spf: str, *reasons: str) -> str:
    inner = "".join([f"<reason><type>{reason}</type><comment>x</comment></reason>" for reason in reasons])
    words = f"<disposition>none</disposition><dkim>{dkim}</dkim><spf>{spf}</spf>"
    return f"<policy_evaluated>{words}{inner}</policy_evaluated>"


def about(name: str = "google.com", report_id: str = "1", domain: str = "example.com", begin: int = 1785715200) -> str:
    """The metadata and the policy of a report."""
    return (
        f"<report_metadata><org_name>{name}</org_name><email>dmarc@{name}</email><report_id>{report_id}</report_id>"
        f"<date_range><begin>{begin}</begin><end>{begin + 86399}</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain><adkim>r</adkim><aspf>s</aspf><p>reject</p><sp>none</sp>"
        f"<pct>100</pct></policy_published>"
    )


def whole(metadata: str, *records: str, head: str = '<?xml version="1.0"?>') -> bytes:
    return f"{head}<feedback>{metadata}{''.join(records)}</feedback>".encode()


# Broken XML.

REPAIRED = {
    "a bare & in the metadata": (whole(about("AT&T"), record()), "an & that begins no reference is read as text"),
    "an & of HTML": (whole(about("Caf&eacute;"), record()), "an & that begins no reference is read as text"),
    "a bare & at the end of a value": (whole(about("A &"), record()), "an & that begins no reference is read as text"),
    "one bad octet": (
        whole(about("Caf#"), record()).replace(b"#", b"\xe9"),
        "octets that are not characters were replaced",
    ),
    "a control character": (whole(about("a\x0bb"), record()), "a character that XML can't have was replaced"),
    "a reference to a control character": (
        whole(about("a&#x1b;b"), record()),
        "a character that XML can't have was replaced",
    ),
    "a schema around it": (
        b'<?xml version="1.0"?><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://dmarc.org/'
        b'dmarc-xml/0.1">' + whole(about(), record(), head="") + b"</xs:schema>",
        "a schema in the report is ignored: '<xs:schema>'",
    ),
    "a schema that never ends": (
        b'<?xml version="1.0"?><xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">'
        + whole(about(), record(), head=""),
        "a schema in the report is ignored: '<xs:schema>'",
    ),
    "a schema in it": (
        whole(
            about(),
            '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="x"/></xs:schema>',
            record(),
        ),
        "a schema in the report is ignored: '<xs:schema>'",
    ),
    "a schema in it that never ends": (
        whole(about(), '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">', record()),
        "a schema in the report is ignored: '<xs:schema>'",
    ),
    "an end of a schema": (
        whole("</xs:schema>", about(), record()),
        "the XML is broken: mismatched tag; reading went on after it",
    ),
    "a bare < in the metadata": (
        whole(about("A < B"), record()),
        "the XML is broken: not well-formed (invalid token); reading went on after it",
    ),
    "an address in angle brackets": (
        whole(about("A <dmarc@a.example>"), record()),
        "the XML is broken: not well-formed (invalid token); reading went on after it",
    ),
    "junk at its end": (whole(about(), record()) + b"<more/>", "what follows the report is ignored: '<more>'"),
    "octets at its end": (
        whole(about(), record()) + b"</feedback>--boundary",
        "the XML is broken: mismatched tag; reading went on after it",
    ),
    "an encoding that there is not": (
        whole(about(), record(), head='<?xml version="1.0" encoding="x-none"?>'),
        "the XML does not have the encoding that it declares; it is read as UTF-8: 'x-none'",
    ),
    "UTF-16 that it is not": (
        whole(about(), record(), head='<?xml version="1.0" encoding="utf-16"?>'),
        "the XML does not have the encoding that it declares; it is read as UTF-8: 'utf-16'",
    ),
}


@pytest.mark.parametrize("case", REPAIRED)
@pytest.mark.parametrize("pack", [bytes, gzipped, lambda text: zipped({"a.xml": text})])
def test_broken_xml_costs_no_record(tmp_path: Path, case: str, pack: object) -> None:
    assert callable(pack)
    text, message = REPAIRED[case]
    evidence = read_bytes(tmp_path, pack(text))
    assert of(evidence) == [("192.0.2.1", "@example.com", None, 1, "pass")]
    assert evidence.unread == ()
    reasons = [
        item.reason if item.example is None else f"{item.reason}: '{item.example}'" for item in evidence.repaired
    ]
    assert reasons[0] == message
    assert len(evidence.reports) == 1


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("gb2312", "腾讯"),
        ("gbk", "網易"),
        ("Shift_JIS", "日本"),
        ("big5", "中華"),
        ("euc-kr", "한국"),
        ("windows-1251", "Яндекс"),
        ("ISO-8859-1", "Empfänger"),
        ("utf-16", "腾讯"),
        ("iso-2022-jp", "日本"),
    ],
)
def test_encodings_of_the_world(tmp_path: Path, encoding: str, name: str) -> None:
    text = whole(about(name), record(), head=f'<?xml version="1.0" encoding="{encoding}"?>').decode()
    evidence = read_bytes(tmp_path, text.encode(encoding))
    assert of(evidence) == [("192.0.2.1", "@example.com", None, 1, "pass")]
    assert evidence.reports[0].organisation == name
    assert (evidence.unread, evidence.repaired) == ((), ())


@pytest.mark.parametrize("encoding", ["rot13", "idna", "zlib", "unicode_escape", "utf-7", "undefined"])
def test_codecs_of_python_that_are_no_encodings_are_not_used(tmp_path: Path, encoding: str) -> None:
    evidence = read_bytes(tmp_path, whole(about(), record(), head=f"<?xml version='1.0' encoding='{encoding}'?>"))
    assert evidence.messages == 1
    assert "does not have the encoding" in evidence.repaired[0].reason


BAD_ROWS = {
    "a tag that is not closed": record("192.0.2.7", 5).replace("</row>", ""),
    "a bare < in a comment": record(
        "192.0.2.7", 5, row="<policy_evaluated><reason><comment>a <b@c> d</comment></reason></policy_evaluated>"
    ),
    "a bad octet in a tag": record("192.0.2.7", 5).replace("identifiers>", "identi#fiers>", 1),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_record_that_is_broken_costs_itself_alone(tmp_path: Path, case: str) -> None:
    rows = [record("192.0.2.1", 2), f"\n{BAD_ROWS[case]}", "\n\n", record("192.0.2.300", 7), record("192.0.2.2", 3)]
    evidence = read_bytes(tmp_path, whole(about(), *rows).replace(b"#", b"\xff"))
    assert [(item.ip, item.count) for item in evidence.senders] == [("192.0.2.2", 3), ("192.0.2.1", 2)]
    broken, refused = list(evidence.unread)
    assert broken.reason.startswith("the XML is broken: ")
    assert (broken.place, broken.count, broken.messages) == ("line 2", 1, 5)
    assert refused.place is not None
    assert refused.place.endswith("line 4")
    assert (evidence.skipped, evidence.skipped_messages) == (2, 12)


def test_reports_one_after_the_other_in_one_file(tmp_path: Path) -> None:
    text = b"\n".join([whole(about("google.com", str(number)), record(count=number)) for number in (1, 2, 4)])
    evidence = read_bytes(tmp_path, text)
    assert (evidence.messages, evidence.unread) == (7, ())
    assert [item.report_id for item in evidence.reports] == ["1", "2", "4"]


def test_namespaces_of_others_are_ignored(tmp_path: Path) -> None:
    """RFC 9990 §5: extensions are in a namespace of their own."""
    decoy = "<ext:source_ip>198.51.100.1</ext:source_ip><ext:count>9</ext:count>"
    inner = '<count xmlns="urn:x">9</count><row xmlns="urn:x"><count>9</count></row>'
    for root in (
        'feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0" xmlns:ext="urn:x"',
        'feedback xmlns="http://dmarc.org/dmarc-xml/0.1" xmlns:ext="urn:x"',
        'feedback xmlns:ext="urn:x"',
        "feedback",
    ):
        row = record("192.0.2.1", 3, row=decoy + inner).replace("</record>", f"<ext:row>{decoy}</ext:row></record>")
        text = f"<{root}>{about()}<extension>{decoy}</extension>{row}{record('192.0.2.2')}</feedback>"
        evidence = read_bytes(tmp_path, text.encode())
        assert [(item.ip, item.count) for item in evidence.senders] == [("192.0.2.1", 3), ("192.0.2.2", 1)]
        assert (evidence.unread, evidence.repaired) == ((), ())


def test_a_root_with_a_namespace_whose_children_have_none(tmp_path: Path) -> None:
    """As the schema of RFC 7489 App. C has it, since it does not qualify local elements."""
    text = f'<d:feedback xmlns:d="http://dmarc.org/dmarc-xml/0.1">{about()}{record()}</d:feedback>'.encode()
    assert read_bytes(tmp_path, text).messages == 1


# Fields that can't be used.

LOST = {
    "two domains in From": (
        record(identifiers="<header_from>a.example, b.example</header_from>"),
        "header_from is left out: not a domain name: 'a.example, b.example'",
    ),
    "From twice": (
        record(identifiers="<header_from>a.example</header_from><header_from>b.example</header_from>"),
        "header_from is left out: it occurs twice: 'b.example'",
    ),
    "elements in From": (
        record(identifiers="<header_from>a.example<b/></header_from>"),
        "header_from is left out: it has elements in it: 'b'",
    ),
    "a huge From": (
        record(identifiers=f"<header_from>{'a' * 2000}</header_from>"),
        f"header_from is left out: it has more than 1,024 characters: '{'a' * 80}…'",
    ),
    "a control character in From": (
        record(identifiers="<header_from>a\x85b.example</header_from>"),
        "header_from is left out: a domain has unprintable characters: 'a\\x85b.example'",
    ),
    "a bad HELO name": (
        record(
            spf="<spf><domain>a b</domain><scope>helo</scope><result>none</result></spf>"
            + SPF.format("example.com", "pass")
        ),
        "a HELO name is left out: the HELO name has spaces, angle brackets or unprintable characters: 'a b'",
    ),
    "a bad envelope": (
        record(identifiers="<envelope_from>a b@c</envelope_from>"),
        "envelope_from is left out: the sender is neither a mail address nor a domain: 'a b@c'",
    ),
    "one bad domain of SPF of two": (
        record(spf=SPF.format("a b", "fail") + SPF.format("example.com", "pass")),
        "the sender is neither a mail address nor a domain: 'a b'",
    ),
    "many results of SPF": (
        record(spf=SPF.format("example.com", "pass") * 30),
        "only the first 20 results of SPF are used: 'example.com' (and 9 more)",
    ),
}


@pytest.mark.parametrize("case", LOST)
def test_a_field_that_is_not_needed_costs_only_itself(tmp_path: Path, case: str) -> None:
    row, message = LOST[case]
    evidence = read_bytes(tmp_path, report(row))
    assert of(evidence) == [("192.0.2.1", "@example.com", None, 1, "pass")]
    assert evidence.unread == ()
    assert repairs(evidence) == [f"FILE, record 1, line 1: {message}"]
    if "From" in case:
        assert evidence.senders[0].header_from is None


# What a report says about DMARC.

AUTHENTICATED = {
    "spf-and-dkim": (evaluated("pass", "pass"), DKIM.format("example.com", "pass") + SPF.format("example.com", "pass")),
    "dkim-alone": (evaluated("pass", "fail"), DKIM.format("example.com", "pass") + SPF.format("lists.example", "pass")),
    "spf-alone": (evaluated("fail", "pass"), DKIM.format("example.com", "fail") + SPF.format("example.com", "pass")),
    "forwarded": (evaluated("fail", "fail", "other", "mailing_list"), SPF.format("example.com", "fail")),
    "unauthenticated": (evaluated("fail", "fail", "sampled_out"), SPF.format("lists.example", "pass")),
}


@pytest.mark.parametrize("name", AUTHENTICATED)
def test_how_mail_fares_with_dmarc(tmp_path: Path, name: str) -> None:
    row, results = AUTHENTICATED[name]
    [sender] = read_bytes(tmp_path, report(record(row=row, spf=results))).senders
    assert sender.authentication == name


@pytest.mark.parametrize("reason", ["forwarded", "mailing_list", "trusted_forwarder", "local_policy"])
def test_reasons_by_which_a_receiver_says_that_mail_was_sent_on(tmp_path: Path, reason: str) -> None:
    row = record(row=evaluated("fail", "fail", reason), spf=SPF.format("example.com", "fail"))
    [sender] = read_bytes(tmp_path, report(row)).senders
    assert (sender.authentication, sender.override, sender.is_sent_on) == ("forwarded", reason, True)


WITHOUT_EVALUATION = {
    "the same domain": (DKIM.format("Example.com.", "pass") + SPF.format("example.com", "fail"), ("fail", "pass")),
    "another domain, which may be aligned": (DKIM.format("m.example.com", "pass"), (None, None)),
    "nothing": ("", (None, None)),
    "neither passes": (DKIM.format("example.com", "fail") + SPF.format("example.com", "none"), ("fail", "fail")),
}


@pytest.mark.parametrize("case", WITHOUT_EVALUATION)
def test_without_policy_evaluated_only_what_follows_is_said(tmp_path: Path, case: str) -> None:
    results, expected = WITHOUT_EVALUATION[case]
    identifiers = "<header_from>example.com</header_from><envelope_from>example.com</envelope_from>"
    [sender] = read_bytes(tmp_path, report(record(spf=results, identifiers=identifiers))).senders
    assert (sender.dmarc_spf, sender.dmarc_dkim) == expected


def test_a_pass_that_no_result_has_is_not_believed(tmp_path: Path) -> None:
    results = DKIM.format("example.com", "fail") + SPF.format("example.com", "softfail")
    [sender] = read_bytes(tmp_path, report(record(row=evaluated("pass", "pass"), spf=results))).senders
    assert (sender.dmarc_spf, sender.dmarc_dkim, sender.authentication) == (None, None, None)


def test_who_reported_what_and_when(tmp_path: Path) -> None:
    evidence = read_bytes(tmp_path, whole(about(), record(count=4), record("192.0.2.300", 2)))
    [given] = evidence.reports
    assert given.to_dict() == {
        "organisation": "google.com", "email": "dmarc@google.com", "report_id": "1", "begin": 1785715200,
        "end": 1785801599, "domain": "example.com", "duplicate": False, "messages": 6,
        "policy": {"p": "reject", "sp": "none", "adkim": "r", "aspf": "s", "pct": "100"},
    }  # fmt: skip


# Duplicates.


def test_a_report_counts_once_however_it_is_packed(tmp_path: Path) -> None:
    """RFC 9990 §3.1.4, §3.5.4: the Report-ID is the same whenever a report is sent."""
    text = whole(about(), record(count=3), record("192.0.2.300", 2))
    packed = [
        text,
        gzipped(text),
        zipped({"a.xml": text}),
        mailed(gzipped(text)),
        text.replace(b"<feedback>", b"<feedback >"),
    ]
    folder = tmp_path / "all"
    folder.mkdir()
    for number, content in enumerate(packed):
        (folder / f"{number}").write_bytes(content)
    evidence = read_evidence(folder)
    assert [(item.ip, item.count) for item in evidence.senders] == [("192.0.2.1", 3)]
    assert (evidence.duplicates, evidence.duplicate_messages) == (4, 20)
    assert (evidence.skipped, evidence.skipped_messages) == (1, 2)
    assert [item.is_duplicate for item in evidence.reports] == [False, True, True, True, True]


@pytest.mark.parametrize(
    "other",
    [about("Yahoo"), about(report_id="2"), about(domain="example.net"), about(begin=1785801600), about(report_id="")],
)
def test_other_reports_are_no_duplicates(tmp_path: Path, other: str) -> None:
    first = about(report_id="") if "<report_id></report_id>" in other else about()
    evidence = read_bytes(tmp_path, whole(first, record()) + whole(other, record(), head=""))
    assert (evidence.messages, evidence.duplicates) == (2, 0)


def test_a_report_whose_metadata_comes_last_is_known_again(tmp_path: Path) -> None:
    text = f"<feedback>{record(count=3)}{record('192.0.2.300', 2)}{about()}</feedback>".encode()
    evidence = read_bytes(tmp_path, text + text)
    assert (evidence.messages, evidence.duplicates, evidence.skipped_messages) == (3, 1, 2)
    assert evidence.reports[0].domain == "example.com"


# The law of totals.

counts = st.integers(1, 10**6)
junk_in_row = st.sampled_from([
    "", "<ext:count>9</ext:count>", '<count xmlns="urn:x">9</count>', "<!-- AT&T -->", "<x>a & b</x>", "<x>&nbsp;</x>",
    "<x>\x01</x>", "<x>#</x>", "<x>&#0;</x>", "<x><![CDATA[a & <count>5</count>]]></x>", evaluated("pass", "fail"),
    evaluated("maybe", "", "what"), "<source_ip>192.0.2.77</source_ip>",
])  # fmt: skip
junk_in_identifiers = st.sampled_from([
    "", "<header_from>a, b</header_from>", "<header_from/>", "<envelope_from>&lt;&gt;</envelope_from>",
    "<envelope_from>a b</envelope_from>", "<header_from>a<count>4</count></header_from>",
])  # fmt: skip
results = st.sampled_from([
    "", SPF.format("example.com", "pass"), SPF.format("a b", "pass"), SPF.format("x", "maybe") * 25,
    DKIM.format("a&b", "pass"), "<spf><domain>bad name</domain><scope>helo</scope><result>none</result></spf>",
    SPF.format("example.com", "pass") * 2 + DKIM.format("example.com", "fail") * 120,
])  # fmt: skip
addresses = st.sampled_from(["192.0.2.1", "2001:db8::1", "192.0.2.300", "", "&amp;", "a & b", "#"])
# Tags that writers forget; most forget none.
forgotten = st.sampled_from([*["</none>"] * 9, "</record>", "</row>", "</identifiers>", "</auth_results>"])
rows = st.builds(
    lambda missing, ip, count, row, identifiers, spf, after: (
        count,
        record(ip, count, spf, identifiers, row).replace(missing, "") + after,
    ),
    forgotten,
    addresses,
    counts,
    junk_in_row,
    junk_in_identifiers,
    results,
    st.sampled_from(
        ["", "\n", "<extension><ext:count>7</ext:count></extension>", "& ", "\x02", "<records>8</records>"]
    ),
)
metadata = st.sampled_from(["", "<report_metadata/>", about(), about("AT&T"), about("#"), about("A <b@c.example>")])


@given(metadata, st.lists(rows, max_size=12), st.integers(1, 4000))
def test_every_message_is_read_or_skipped_for_a_reason(start: str, given: list[tuple[int, str]], size: int) -> None:
    """Messages read, and messages skipped with their reason, are the messages in the XML."""
    text = whole(start, *[row for _, row in given]).replace(b"#", b"\xff")
    ledger = Ledger()
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    read = sum([sender.count for sender in read_report(pieces, ledger, DEFAULT_BOUNDS)])
    assert read + ledger.skipped_messages == sum([count for count, _ in given])
    assert sum([item.messages for item in ledger.unread]) == ledger.skipped_messages


def test_what_is_left_of_a_report_that_ends_in_the_middle(tmp_path: Path) -> None:
    text = whole(about(), record(count=2), record("192.0.2.2", 3))
    evidence = read_bytes(tmp_path, text[: text.rindex(b"<identifiers>")])
    assert (evidence.messages, evidence.skipped_messages) == (2, 3)
    assert faults(evidence) == ["FILE, line 1: the XML ends in the middle"]
    assert evidence.reports[0].messages == 5


def test_a_report_that_is_broken_everywhere_is_given_up(tmp_path: Path) -> None:
    evidence = read_bytes(
        tmp_path, whole(about(), record(count=2), *["<record><row></record>"] * 50, record("192.0.2.9"))
    )
    assert evidence.messages == 2
    assert evidence.unread[-1].reason == "the XML is broken: mismatched tag, and in 20 places before"


@pytest.mark.parametrize("before", ["\ufeff\ufeff", "\n \ufeff", "\u00a0", "\u200b\n"])
def test_what_is_not_seen_before_the_xml_is_no_part_of_it(tmp_path: Path, before: str) -> None:
    evidence = read_bytes(tmp_path, before.encode() + GOOD)
    assert (evidence.messages, evidence.unread) == (6, ())


def test_a_record_without_its_end_costs_itself_alone(tmp_path: Path) -> None:
    open_ended = record("192.0.2.2", 5).removesuffix("</record>")
    text = whole(about(), record(), "\n", open_ended, "\n", record("192.0.2.3", 7), record("192.0.2.4", 9))
    evidence = read_bytes(tmp_path, text)
    assert [(sender.ip, sender.count) for sender in evidence.senders] == [
        ("192.0.2.4", 9),
        ("192.0.2.3", 7),
        ("192.0.2.1", 1),
    ]
    assert (evidence.skipped_messages, faults(evidence)) == (
        5, ["FILE, line 3: the XML is broken: an element is not closed"]
    )  # fmt: skip
    assert evidence.reports[0].messages == 22


def test_a_report_without_its_end_costs_no_other(tmp_path: Path) -> None:
    first = whole(about("A"), record(count=2)).removesuffix(b"</feedback>")
    evidence = read_bytes(tmp_path, first + whole(about("B"), record("192.0.2.2", 3)))
    assert [(report.organisation, report.messages) for report in evidence.reports] == [("A", 2), ("B", 3)]
    assert (evidence.messages, evidence.skipped) == (5, 0)


def test_the_pieces_of_a_file_make_no_difference() -> None:
    text = whole(
        about("AT&T &amp; &#65; A <b@c.example>"), record(), '<xs:schema xmlns:xs="x">', record("192.0.2.2", 5)
    )
    text = (
        GOOD[:-11]
        + text.removesuffix(b"</record></feedback>")
        + record("192.0.2.3", 7).encode()
        + "</feedback>é".encode()
    )
    found = set()
    for size in range(1, len(text)):
        senders = read_report([text[at : at + size] for at in range(0, len(text), size)], Ledger(), DEFAULT_BOUNDS)
        found.add(tuple([(sender.ip, sender.count) for sender in senders]))
    assert len(found) == 1


@pytest.mark.parametrize(
    "before",
    [
        "This XML file does not appear to have any style information associated with it. The tree is shown below.\n",
        "This XML file does not appear to have any style information associated with it.\n\u25bc",
        "Diese XML-Datei hat keine Formatierung.\n\n",
        "- ",
        "google.com!example.com!1785715200!1785801599.xml\n\n",
        'Report of Monday:\n<?xml version="1.0" encoding="UTF-8"?>\n',
    ],
)  # fmt: skip
def test_a_report_copied_from_a_browser_is_a_report(tmp_path: Path, before: str) -> None:
    """A browser shows a sentence before the XML, and marks with which an element is folded."""
    rows = whole(about(), record(count=2), record("192.0.2.2", 3)).decode()
    pasted = rows[rows.index("<feedback") :].replace("<record>", "\n- <record>")
    evidence = read_bytes(tmp_path, f"{before}{pasted}".encode())
    assert {sender.ip: sender.count for sender in evidence.senders} == {"192.0.2.1": 2, "192.0.2.2": 3}
    assert [(report.organisation, report.messages) for report in evidence.reports] == [("google.com", 5)]
    assert evidence.unread == ()


def test_of_several_names_that_can_not_be_used_the_last_is_named(tmp_path: Path) -> None:
    """Some reporters write names of other methods first."""
    evidence = read_bytes(tmp_path, report(record(spf=SPF.format("a b", "pass") + SPF.format("c d", "pass"))))
    [fault] = faults(evidence)
    assert "c d" in fault
    assert "a b" not in fault
