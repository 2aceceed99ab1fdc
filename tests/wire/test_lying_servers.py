"""Replies that lie: records of other names, types and classes, and additional data, change no answer and no check."""

import dns.flags
import dns.message
import dns.opcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given, strategies as st

from spfengine import check
from spfengine.answers import Answer, Question, RRType
from spfengine.resolvers.servers import Server
from spfengine.resolvers.stub import Attempt, Stub

TRUTH = {
    ("d.example.", "TXT"): ['"v=spf1 mx exists:%{i}.e.d.example include:alias.example -all"'],
    ("d.example.", "MX"): ["10 mail.d.example.", "20 m.other.example."],
    ("mail.d.example.", "A"): ["198.51.100.1"],
    ("m.other.example.", "A"): ["198.51.100.2"],
    ("alias.example.", "CNAME"): ["target.example."],
    ("target.example.", "TXT"): ['"v=spf1 ip4:198.51.100.3 -all"', '"no record of SPF"'],
}
"""What is true; other names do not exist."""
QUESTIONS = [
    Question("d.example", RRType.TXT),
    Question("d.example", RRType.MX),
    Question("mail.d.example", RRType.A),
    Question("mail.d.example", RRType.AAAA),
    Question("alias.example", RRType.TXT),
    Question("192.0.2.66.e.d.example", RRType.A),
    Question("66.2.0.192.in-addr.arpa", RRType.PTR),
]
LIES = {
    "A": "192.0.2.66",
    "AAAA": "2001:db8::66",
    "TXT": '"v=spf1 +all"',
    "MX": "0 evil.example.",
    "PTR": "d.example.",
    "CNAME": "evil.example.",
}
"""Each would let 192.0.2.66 pass if it were believed."""
NAMES = ["d.example.", "mail.d.example.", "target.example.", "192.0.2.66.e.d.example.", "66.2.0.192.in-addr.arpa."]
OTHER_NAMES = [*NAMES, "evil.example.", "example.", "D.EXAMPLE.", ".", "\\000.d.example.", "d.example.evil.example."]


def lie(name: str, rrtype: str, rrclass: str) -> dns.rrset.RRset:
    return dns.rrset.from_text(name, 300, rrclass, rrtype, LIES[rrtype] if rrclass == "IN" else '"v=spf1 +all"')


def lies(names: list[str], rrclass: str = "IN") -> st.SearchStrategy[list[dns.rrset.RRset]]:
    types = sorted(LIES) if rrclass == "IN" else ["TXT"]
    one = st.builds(lie, st.sampled_from(names), st.sampled_from(types), st.just(rrclass))
    return st.lists(one, max_size=4)


IN_ANSWERS = st.builds(list.__add__, lies(OTHER_NAMES), lies(NAMES, "CH"))
ELSEWHERE = st.builds(list.__add__, lies(OTHER_NAMES), lies(NAMES, "CH"))


def reply(
    attempt: Attempt, in_answer: list[dns.rrset.RRset], elsewhere: list[dns.rrset.RRset], *, first: bool
) -> bytes:
    """Return the truth, with lies around it."""
    message = dns.message.make_response(dns.message.from_wire(attempt.query.wire))
    message.flags |= dns.flags.RA
    name, rrtype = str(message.question[0].name), dns.rdatatype.to_text(message.question[0].rdtype)
    true = []
    for alias in TRUTH.get((name, "CNAME"), []):
        true.append(dns.rrset.from_text(name, 300, "IN", "CNAME", alias))
        name = alias
    true += [dns.rrset.from_text(name, 300, "IN", rrtype, *TRUTH[name, rrtype])] if (name, rrtype) in TRUTH else []
    owners = {str(each.name).lower() for each in true} | {name.lower()}
    false = [  # a lie about the name itself is a record like others
        each
        for each in in_answer
        if str(each.name).lower() not in owners
        or each.rdclass != 1
        or dns.rdatatype.to_text(each.rdtype) not in (rrtype, "CNAME")
    ]
    message.answer = [*false, *true] if first else [*true, *false]
    message.authority = [each for each in elsewhere if dns.rdatatype.to_text(each.rdtype) != "CNAME"]
    message.additional = list(elsewhere)
    return message.to_wire()


class Lying:
    """A resolver over the stub, whose server lies."""

    def __init__(self, in_answer: list[dns.rrset.RRset], elsewhere: list[dns.rrset.RRset], *, first: bool) -> None:
        self.lies = in_answer, elsewhere
        self.first = first

    def resolve(self, question: Question, seconds: float | None = None) -> Answer:
        asking = Stub([Server(2, ("192.0.2.53", 53))], timeout=1, retries=0, lifetime=5).ask(question)
        attempt = next(asking)
        try:
            while True:
                attempt = asking.send(attempt.accept(reply(attempt, *self.lies, first=self.first)))
        except StopIteration as stop:
            answer: Answer = stop.value
            return answer


@given(IN_ANSWERS, ELSEWHERE, st.booleans())
def test_no_answer_has_a_lie_in_it(
    in_answer: list[dns.rrset.RRset], elsewhere: list[dns.rrset.RRset], first: bool
) -> None:
    honest, lying = Lying([], [], first=True), Lying(in_answer, elsewhere, first=first)
    for question in QUESTIONS:
        expected, found = honest.resolve(question), lying.resolve(question)
        assert (found.status, found.chain) == (expected.status, expected.chain)
        assert sorted(found.records) == sorted(expected.records)  # dnspython writes them in any order


@given(IN_ANSWERS, ELSEWHERE, st.booleans())
def test_no_check_passes_by_a_lie(
    in_answer: list[dns.rrset.RRset], elsewhere: list[dns.rrset.RRset], first: bool
) -> None:
    lying = Lying(in_answer, elsewhere, first=first)
    results = [check(client, "u@d.example", resolver=lying).result for client in ("192.0.2.66", "2001:db8::66")]
    assert results == ["fail", "fail"]
    clients = ("198.51.100.1", "198.51.100.2", "198.51.100.3")
    assert [check(client, "u@d.example", resolver=lying).result for client in clients] == ["pass"] * 3


@pytest.mark.parametrize("change", ["name", "type", "class", "opcode", "query", "two", "id"])
def test_a_reply_to_another_question_is_none(change: str) -> None:
    stub = Stub([Server(2, ("192.0.2.53", 53))], timeout=1, retries=0, lifetime=5)
    attempt = next(stub.ask(Question("d.example", RRType.TXT)))
    query = dns.message.from_wire(attempt.query.wire)
    message = dns.message.make_response(query)
    asked = message.question[0]
    message.answer = [lie("d.example.", "TXT", "IN")]
    assert attempt.accept(message.to_wire()) is not None
    if change == "name":
        message.question = [dns.rrset.from_text("e.example.", 0, "IN", "TXT")]
    elif change == "type":
        message.question = [dns.rrset.from_text("d.example.", 0, "IN", "A")]
    elif change == "class":
        message.question = [dns.rrset.from_text("d.example.", 0, "CH", "TXT")]
    elif change == "opcode":
        message.set_opcode(dns.opcode.Opcode.STATUS)
    elif change == "query":
        message.flags ^= dns.flags.QR
    elif change == "two":
        message.question = [asked, dns.rrset.from_text("e.example.", 0, "IN", "TXT")]
    else:
        message.id ^= 1
    assert attempt.accept(message.to_wire()) is None
