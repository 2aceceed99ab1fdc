"""Hostile answers from DNS, and wrong ones from a caller's own resolver."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from spfengine import Answer, ArgumentError, Limits, Question, ResolverError, RRType, Status, acheck, check
from spfengine.addresses import V4, V6
from spfengine.names import reverse_name
from spfengine.resolvers.zone import Zone
from tests.listening import Listening

pytestmark = pytest.mark.cases

RECORD = Answer.txt("v=spf1 a mx ptr exists:x.example -all")


class Scripted:
    """A resolver with one answer for each type; NXDOMAIN for other types."""

    def __init__(self, answers: dict[RRType, Any]) -> None:
        self.answers = answers

    def resolve(self, question: Question, /) -> Any:
        answer = self.answers.get(question.type, Answer.nxdomain())
        if isinstance(answer, BaseException):
            raise answer
        return answer


class AsyncScripted(Scripted):
    """The same with `aresolve` only."""

    resolve = None  # type: ignore[assignment]  # this resolver has no `resolve`

    async def aresolve(self, question: Question, /) -> Any:
        return Scripted.resolve(self, question)


NO_ANSWERS = [
    None,
    "v=spf1 -all",
    b"v=spf1 -all",
    ["v=spf1 -all"],
    5,
    Answer,
    Answer.a("192.0.2.1"),
    Answer.mx((10, "a.example")),
    Status.NXDOMAIN,
    (Status.NOERROR, ["v=spf1 -all"]),
]


@pytest.mark.parametrize("answer", NO_ANSWERS)
def test_a_value_that_is_not_an_answer_is_a_resolver_error(answer: object) -> None:
    with pytest.raises(ResolverError, match=r"Scripted was asked for TXT of a\.example"):
        check("192.0.2.1", "u@a.example", resolver=Scripted({RRType.TXT: answer}))
    with pytest.raises(ResolverError, match=r"Scripted was asked for TXT of a\.example"):
        asyncio.run(acheck("192.0.2.1", "u@a.example", resolver=AsyncScripted({RRType.TXT: answer})))


@pytest.mark.parametrize("type", [RRType.A, RRType.MX, RRType.PTR])
def test_records_of_another_type_are_a_resolver_error(type: RRType) -> None:
    scripted = Scripted({RRType.TXT: RECORD, type: Answer.txt("v=spf1 +all")})
    with pytest.raises(ResolverError, match="must return an Answer"):
        check("192.0.2.1", "u@a.example", resolver=scripted)


@pytest.mark.parametrize("resolver", [5, "8.8.8.8", object(), Answer.nxdomain(), {}])
def test_an_object_that_is_not_a_resolver_is_a_resolver_error(resolver: Any) -> None:
    with pytest.raises(ResolverError, match="is not a resolver"):
        check("192.0.2.1", "u@a.example", resolver=resolver)
    with pytest.raises(ResolverError, match="is not a resolver"):
        asyncio.run(acheck("192.0.2.1", "u@a.example", resolver=resolver))


def test_check_with_an_asyncio_resolver_suggests_acheck() -> None:
    class Only:
        async def aresolve(self, _: Question, /) -> Answer:
            return RECORD

    with pytest.raises(ResolverError, match="use acheck"):
        check("192.0.2.1", "u@a.example", resolver=Only())  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize("error", [OSError("no network"), ValueError("x"), TimeoutError("own"), KeyboardInterrupt()])
def test_exceptions_of_a_resolver_are_passed_on(error: BaseException) -> None:
    """check() passes on whatever a resolver raises."""
    for failing in (RRType.TXT, RRType.A, RRType.PTR):
        answers = {RRType.TXT: RECORD, failing: error}
        with pytest.raises(error.__class__) as caught:
            check("192.0.2.1", "u@a.example", resolver=Scripted(answers))
        assert caught.value is error
        if isinstance(error, Exception):
            with pytest.raises(error.__class__) as caught:
                asyncio.run(acheck("192.0.2.1", "u@a.example", resolver=AsyncScripted(answers)))
            assert caught.value is error


@pytest.mark.parametrize(
    ("make", "given", "named"),
    [
        (Answer.a, "2001:db8::1", "not an IPv4 address"),
        (Answer.a, "192.0.2.01", "not an IPv4 address"),
        (Answer.a, 5, "not an IPv4 address"),
        (Answer.a, "\x1b[31m", r"\\x1b"),
        (Answer.aaaa, "192.0.2.1", "not an IPv6 address"),
        (Answer.aaaa, "fe80::1%eth0", "not an IPv6 address"),
        (Answer.aaaa, b"::1", "not an IPv6 address"),
        (Answer.mx, ("10", "a.example"), "not an MX record"),
        (Answer.mx, "a.example", "not an MX record"),
        (Answer.mx, (10, 5), "not a domain name"),
        (Answer.ptr, "\u4f8b.example", "not a domain name"),
        (Answer.ptr, b"a.example", "not a domain name"),
        (Answer.txt, "\ud800", "UTF-8"),
        (Answer.failed, Status.NXDOMAIN, "is an answer, not a failure"),
        (Answer.failed, Status.NOERROR, "is an answer, not a failure"),
    ],
)
def test_wrong_arguments_of_an_answer_are_refused(make: Callable[[Any], Answer], given: object, named: str) -> None:
    with pytest.raises(ArgumentError, match=named):
        make(given)


@pytest.mark.parametrize("client", ["192.0.2.1", "2001:db8::1"])
def test_ten_thousand_addresses(client: str) -> None:
    v4 = [f"10.{i >> 8}.{i & 255}.9" for i in range(9_999)]
    v6 = [f"2001:db9::{i:x}" for i in range(9_999)]
    for last, result in ((client, "pass"), (None, "fail")):
        zone = Zone(
            {
                "a.example": {
                    "TXT": "v=spf1 a -all",
                    "A": [*v4, last if last and "." in last else "10.255.0.1"],
                    "AAAA": [*v6, last if last and ":" in last else "2001:db9:f::1"],
                }
            }
        )
        outcome = check(client, "u@a.example", resolver=zone)
        assert outcome.result == result
        assert all(len(term.why) < 2000 for term in outcome.trace.root.terms)


@pytest.mark.parametrize("position", [0, 9, 10, 9_999])
def test_ten_thousand_ptr_names(position: int) -> None:
    """RFC 7208 §4.6.4: only the first ten names are used; the rest are ignored."""
    names = [f"h{i}.other.example" for i in range(10_000)]
    names[position] = "good.a.example"
    zone = Zone(
        {
            "a.example": {"TXT": "v=spf1 ptr -all"},
            "good.a.example": {"A": "192.0.2.1"},
            reverse_name(V4, 0xC0000201): {"PTR": names},
        }
    )
    listening = Listening(zone)
    outcome = check("192.0.2.1", "u@a.example", resolver=listening, limits=Limits(voids=100))
    assert outcome.result == ("pass" if position < 10 else "fail")
    assert len(listening.asked) <= 2 + 10
    assert "9,990 names after the first 10 were ignored" in outcome.trace.root.terms[0].why


def test_as_many_mx_records_as_fit_in_a_message() -> None:
    """RFC 7208 §4.6.4: more than ten give permerror, even if the first would match; no host is queried."""
    zone = Zone(
        {
            "a.example": {"TXT": "v=spf1 mx -all", "MX": [(i, f"h{i}.a.example") for i in range(65_535)]},
            "h0.a.example": {"A": "192.0.2.1"},
        }
    )
    listening = Listening(zone)
    outcome = check("192.0.2.1", "u@a.example", resolver=listening)
    assert outcome.problem is not None
    assert outcome.problem.code == "too-many-mx"
    assert "65535" in outcome.problem.text
    assert len(listening.asked) == 2


@pytest.mark.parametrize("octet", range(256))
def test_names_can_have_any_octet(octet: int) -> None:
    """RFC 2181 §11: a label may have any octet; it is queried unchanged, and printed as visible ASCII."""
    label = bytes([octet])
    name = b"x" + label + b"x.a.example"
    host = name.decode("latin-1")
    reverse = reverse_name(V4, 0xC0000201)
    answers: dict[Question, Answer] = {
        Question("a.example", RRType.TXT): Answer.txt("v=spf1 mx ptr -all exp=e.example"),
        Question("a.example", RRType.MX): Answer.mx((10, host)),
        Question(reverse, RRType.PTR): Answer.ptr(host),
        Question("e.example", RRType.TXT): Answer.txt("not %{p}"),
    }

    class Odd:
        def __init__(self) -> None:
            self.asked: list[str] = []

        def resolve(self, question: Question, /) -> Answer:
            self.asked.append(question.name)
            return answers.get(question, Answer.nxdomain())

    odd = Odd()
    outcome = check("192.0.2.1", "u@a.example", resolver=odd)
    assert outcome.result == "fail"
    assert (host in odd.asked) == (".." not in host)
    assert repr(outcome.to_dict()).isascii()
    assert repr(outcome.trace.to_dict()).isascii()


def test_a_name_too_long_for_dns_is_never_queried() -> None:
    for length in (62, 63, 64, 200, 253, 254, 300, 5000):
        host = "x" * length + ".a.example"
        answers = {RRType.TXT: Answer.txt("v=spf1 mx ptr -all"), RRType.MX: Answer.mx((1, host))}
        listening = Listening(Scripted({**answers, RRType.PTR: Answer.ptr(host)}))
        check("192.0.2.1", "u@a.example", resolver=listening)
        assert (host in [question.name for question in listening.questions]) == (length <= 63)


@pytest.mark.parametrize("status", [s for s in Status if s not in (Status.NOERROR, Status.NXDOMAIN, Status.UNKNOWN)])
@pytest.mark.parametrize("type", [RRType.TXT, RRType.A, RRType.MX])
def test_each_failure_is_temperror_and_named(status: Status, type: RRType) -> None:
    """RFC 7208 §2.6.6: every failure gives temperror, with a problem code of its own."""
    scripted = Scripted({RRType.TXT: RECORD, type: Answer.failed(status)})
    outcome = check("192.0.2.1", "u@a.example", resolver=scripted)
    assert outcome.result == "temperror"
    assert outcome.problem is not None
    assert outcome.problem.code.startswith("dns-")
    assert str(status).lower() in outcome.problem.code
    assert f"the {type} records" in outcome.problem.text


def test_an_ipv4_mapped_address_in_an_answer_never_matches() -> None:
    """RFC 7208 §5: a mapped client is an IPv4 client, so the query is for A, not AAAA."""
    scripted = Scripted({RRType.TXT: Answer.txt("v=spf1 a -all"), RRType.AAAA: Answer.aaaa("::ffff:192.0.2.1")})
    assert check("::ffff:192.0.2.1", "u@a.example", resolver=scripted).result == "fail"
    assert V6.bits == 128
