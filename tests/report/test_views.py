"""What reports say: the answer, what changes, where limits are spent, and whose addresses pass."""

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

import spfengine
from spfengine import Status
from spfengine.addresses import V4, prefixes_of
from spfengine.policy.include_tree import include_tree
from spfengine.record.parser import parse
from spfengine.report import page as report, space
from spfengine.report.html import page_html
from spfengine.report.meters import count_meter, size_meter
from spfengine.report.nodes import tree_block
from spfengine.report.owners import owner_of
from spfengine.report.page import Block, Column, Node, Paragraph, Prose, table, text
from spfengine.report.records import excerpt_of
from spfengine.report.sentence import sentence_blocks
from tests.report.dom import Page
from tests.report.samples import BAKERY, DRAFT, KINDS, MESSAGE, NOW, SEED


def seed() -> spfengine.Zone:
    return spfengine.Zone.from_file(SEED)


def sentence(record: str) -> str:
    [block] = sentence_blocks(parse(record), "x.example")
    assert isinstance(block, Prose)
    return "".join([span.text for span in block.paragraphs[0].spans])


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 -all", "fail for everybody."),
        ("v=spf1", "neutral, since the record ends without all."),
        ("v=spf1 redirect=y.example", "the record of y.example decides."),
        ("v=spf1 a ~all", "pass if the address is one of x.example; or else softfail."),
        (
            "v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 include:y.example include:z.example -all",
            (
                "pass if the address is 192.0.2.1 or in 2001:db8::/32 or one that the record of y.example or z.example"
                " lets pass; or else fail."
            ),
        ),
        (
            "v=spf1 -ip4:192.0.2.1 mx/24 ?all",
            (
                "fail if the address is 192.0.2.1; else pass if the address is one of a mail server of x.example or in"
                " the same network (/24, IPv6 /128); or else neutral."
            ),
        ),
        (
            "v=spf1 exists:%{i}.y.example ptr redirect=z.example",
            (
                "pass if the address is one for which the name %{i}.y.example exists or one whose own name is under"
                " x.example; or else the record of z.example decides."
            ),
        ),
        (
            "v=spf1 " + " ".join([f"ip4:192.0.2.{n}" for n in range(9)]) + " -all",
            "pass if the address is in one of 9 networks that it lists; or else fail.",
        ),
    ],
)
def test_a_record_as_a_sentence(record: str, expected: str) -> None:
    assert sentence(record) == expected


def test_the_answer_says_what_gets_worse() -> None:
    page = Page(spfengine.simulate("seed.example", DRAFT, resolver=seed()).render_html(now=NOW))
    main = page.text[page.text.index("Something gets worse") :]
    assert main.startswith("Something gets worse: pass → softfail for 1 IPv4 address")


def test_the_record_to_publish_is_in_every_form() -> None:
    text = Page(KINDS["suggest"]()).text
    record = "v=spf1 +a +mx +ip4:150.95.55.137 include:relay.mailchannels.net ~all"
    assert f'seed.example. 3600 IN TXT "{record}"' in text
    assert '"Action": "UPSERT"' in text
    assert f"value: '{record}'" in text
    assert "MailChannels is shared" in text


def test_senders_are_grouped_with_what_reports_say() -> None:
    text = Page(KINDS["simulate"]()).text
    assert "newly passing" in text
    assert "passed DMARC by SPF alone" in text


def test_a_finding_has_carets_under_its_term() -> None:
    excerpt = excerpt_of("v=spf1 ipv4:192.0.2.1 -all", (7, 21))
    assert excerpt is not None
    assert (excerpt.before, excerpt.at, excerpt.after) == ("v=spf1 ", "ipv4:192.0.2.1", " -all")
    assert excerpt.carets == "^" * 14
    html = spfengine.render_html(spfengine.lint(None, record="v=spf1 ipv4:192.0.2.1 -all"), now=NOW)
    assert '<mark>ipv4:192.0.2.1</mark><span class="carets" aria-hidden="true">^^^^^^^^^^^^^^</span>' in html


def nodes(node: Node) -> list[Node]:
    return [node, *[each for child in node.below for each in nodes(child)]]


def bakery_tree() -> list[Node]:
    tree = include_tree("bakery.example", resolver=spfengine.Zone.from_file(BAKERY))
    return nodes(tree_block(tree).root)


def test_the_tree_says_what_each_term_costs_and_where_the_limit_is_spent() -> None:
    by_term = {node.term: node for node in bakery_tree()}
    assert by_term["include:_spf.google.com"].cost == "4 lookups, 3 to 6"
    assert not by_term["include:_spf.google.com"].over
    assert by_term["include:_relay.webhost.example"].cost == "lookup 11, over the limit"
    assert by_term["include:_relay.webhost.example"].over
    spent = [node.term for node in bakery_tree() for span in node.about if "spent here" in span.text]
    assert spent == ["include:_spf.webhost.example"]


def test_a_tree_before_and_after_marks_what_changes() -> None:
    simulation = spfengine.simulate("seed.example", DRAFT, resolver=seed())
    html = simulation.render_html(now=NOW)
    tree = html[html.index('<ul class="tree">') :]
    assert tree.count('class="removed"') == 2
    assert tree.count('class="added"') == 1
    assert "frees" not in tree  # networks cost no lookup


def test_removed_terms_cost_nothing() -> None:
    zone = spfengine.Zone({
        "x.example": {"TXT": "v=spf1 include:y.example -all"},
        "y.example": {"TXT": "v=spf1 a:a.example a:b.example -all"},
    })  # fmt: skip
    draft = {"y.example": "v=spf1 a:a.example -all"}
    html = spfengine.simulate("x.example", draft, resolver=zone).render_html(now=NOW)
    tree = Page(html[html.index('<ul class="tree">') : html.index('<section id="space"')]).text
    assert "include:y.example 2 lookups, 1 to 2" in tree
    assert "frees 1 lookup" in tree


def test_a_large_tree_is_folded() -> None:
    includes = [f"include:i{n}.example" for n in range(60)]
    names = {f"i{n}.example": {"TXT": "v=spf1 a:x.example a:y.example a:z.example -all"} for n in range(60)}
    zone = spfengine.Zone({"big.example": {"TXT": "v=spf1 " + " ".join(includes) + " -all"}, **names})
    root = tree_block(include_tree("big.example", resolver=zone)).root
    folded = [node for node in root.below if node.below and not node.is_open]
    assert len(nodes(root)) > 240
    assert len([node for node in root.below if node.over]) > 50
    assert len(folded) >= 2  # those within the limit: what is over it is shown
    html = include_tree("big.example", resolver=zone).render_html(now=NOW)
    assert len(html) < 200_000


WIDE = {f"i{n}.example": {"TXT": "v=spf1 ip4:192.0.2.1 -all"} for n in range(11)}
INCLUDES = " ".join(f"include:i{n}.example" for n in range(11))


@pytest.mark.parametrize(
    ("record", "answer"),
    [
        ("v=spf1 ip4:192.0.2.1 -all", "Within the limits: 0 of 10 lookups used"),
        (
            "v=spf1 include:none.example -all",
            (
                "include:none.example leads to no record: none.example does not exist; "
                "checks that need it end in permerror"
            ),
        ),
        ("v=spf1 ip4:192.0.2.256 -all", "The record is broken: every check gives permerror"),
        ("v=spf1 redirect=x.example", "The records form a loop, so that no number of lookups is enough"),
        (f"v=spf1 {INCLUDES} -all", "Over a limit: some clients get permerror; 11 of 10 lookups used"),
        ("v=spf1 include:silent.example -all", "No limit is known to be exceeded, but not everything is known"),
        ("v=spf1 a mx -all", "Within the limits, but not for every receiver: 2 of 10 lookups used"),
    ],
)
def test_the_report_of_a_tree_answers_whether_it_is_within_the_limits(record: str, answer: str) -> None:
    addresses = {"A": ["192.0.2.1"], "MX": [(1, f"m{n}.example") for n in range(3)]}
    hosts = {f"m{n}.example": {"A": ["192.0.2.1"]} for n in range(3)}
    silent = {"silent.example": {"*": Status.TIMEOUT}}
    zone = spfengine.Zone({"x.example": {"TXT": record, **addresses}, **WIDE, **hosts, **silent})
    assert answer in Page(include_tree("x.example", resolver=zone).render_html(now=NOW)).text


def test_the_report_of_what_changed_answers_for_several_domains() -> None:
    """The worst of what happened to one of them, and which ones did not change."""

    def zone(a: str, b: str) -> spfengine.Zone:
        return spfengine.Zone({"a.example": {"TXT": a}, "b.example": {"TXT": b}})

    before = zone("v=spf1 ip4:192.0.2.1 ~all", "v=spf1 -all")
    snapshot = spfengine.snapshot(["a.example", "b.example"], resolver=before)
    for after, answer, unchanged in (
        (before, "No result changed", "a.example: nothing changed"),
        (zone("v=spf1 ~all", "v=spf1 -all"), "Something got worse for 1 domain", "b.example: nothing changed"),
        (zone("v=spf1 ip4:192.0.2.0/31 ~all", "v=spf1 -all"), "Results changed for 1 domain",
         "b.example: nothing changed"),
        (spfengine.Zone({"b.example": {"TXT": "v=spf1 -all"}, "a.example": {"*": Status.TIMEOUT}}),
         "No result is known to have changed", "b.example: nothing changed"),
    ):  # fmt: skip
        shown = Page(spfengine.drift(snapshot, resolver=after).render_html(now=NOW)).text
        assert answer in shown
        assert unchanged in shown


def test_a_run_of_networks_is_one_node() -> None:
    record = "v=spf1 " + " ".join([f"ip4:192.0.2.{n}" for n in range(20)]) + " -all"
    zone = spfengine.Zone({"x.example": {"TXT": record}})
    [run, last] = tree_block(include_tree("x.example", resolver=zone)).root.below
    assert (run.term, len(run.folded), last.term) == ("ip4:192.0.2.0 … ip4:192.0.2.19", 20, "-all")


@given(st.lists(st.integers(0, (1 << 32) - 1), min_size=1, max_size=40, unique=True))
def test_a_label_of_the_map_covers_no_mark_and_no_other_label(addresses: list[int]) -> None:
    marks = {tuple(map(space._middle, space._point(address))): str(address >> 24) for address in addresses}
    labels = list(space._labels([sorted([(address, address) for address in addresses])]))
    boxes = [(int(x), int(y) - 9, int(x) + space._DIGIT * len(text), int(y)) for x, y, text in labels]
    assert labels or len(marks) > 1
    for number, box in enumerate(boxes):
        assert not any(space._overlap(box, other) for other in boxes[number + 1 :])
        over = [(x, y) for x, y in marks if space._overlap(box, (x - 7, y - 7, x + 7, y + 7))]
        assert over == []


def test_what_is_no_domain_has_no_lookups_in_the_report_of_a_survey() -> None:
    surveyed = spfengine.survey(["seed.example", "no domain"], resolver=seed())
    html = spfengine.render_html(list(surveyed), now=NOW)
    assert len(Page(html).of("td")) == 4
    assert html.count('<td class="number">') == 2
    assert '<td class="number"><span></span></td>' in html


def test_the_curve_keeps_neighbours_together() -> None:
    points = [space._point(address) for address in range(5000)]
    assert len(set(points)) == 5000
    assert all(abs(x - u) + abs(y - v) == 1 for (x, y), (u, v) in pairwise(points))


@pytest.mark.parametrize("prefix", range(13))
def test_every_large_network_has_its_own_part_of_the_picture(prefix: int) -> None:
    areas = [space._area(first, length) for first, length in _networks(prefix)]
    for x, y, width, height in areas:
        assert width * height == 65536 >> prefix
        assert 0 <= x <= 256 - width
        assert 0 <= y <= 256 - height
    assert len({(x, y) for x, y, _, _ in areas}) == 1 << prefix


def _networks(prefix: int) -> list[tuple[int, int]]:
    size = 1 << (32 - prefix)
    return [pair for n in range(1 << prefix) for pair in prefixes_of(V4, n * size, n * size + size - 1)]


def test_the_picture_shows_what_passes_before_and_after() -> None:
    simulation = spfengine.simulate("seed.example", DRAFT, resolver=seed())
    block = space.space_block(simulation.before, simulation.after)
    before, after = block.maps
    assert "1 IPv4 address pass only before (150.95.55.137/32)" in before.description
    assert "4,358 IPv4 addresses pass only after" in after.description
    counts = {entry.style: entry.count for entry in block.legend}
    assert counts == {"new": "4,358 IPv4 addresses", "gone": "1 IPv4 address", "kept": "3 IPv4 addresses"}


def test_what_is_not_known_is_not_shown_as_gone() -> None:
    nobody = spfengine.Recording(())
    known = spfengine.Overlay(nobody, {"x.example": {"TXT": "v=spf1 ip4:192.0.2.0/24 -all"}})
    draft = "v=spf1 include:nobody.asked.example ip4:192.0.2.0/24 -all"
    simulation = spfengine.simulate("x.example", draft, resolver=known)
    html = simulation.render_html(now=NOW)
    assert "pass only before" not in html
    assert "at least 0" in html
    block = space.space_block(simulation.before, simulation.after)
    assert {entry.style for entry in block.legend} == {"kept", "unsure"}


def test_ipv6_is_shown_by_prefix() -> None:
    zone = spfengine.Zone({"x.example": {"TXT": "v=spf1 ip6:2001:db8::/32 ip6:2001:db9::1 -all"}})
    policy = spfengine.Policy.compile("x.example", resolver=zone)
    prefixes = space.space_block(None, policy).prefixes
    assert [each.network for each in prefixes] == ["2001:db8::/32", "2001:db9::1/128"]
    assert prefixes[0].size == "2^96 IPv6 addresses"


def test_everybody_passes_in_the_whole_picture() -> None:
    zone = spfengine.Zone({"x.example": {"TXT": "v=spf1 +all"}})
    block = space.space_block(None, spfengine.Policy.compile("x.example", resolver=zone))
    assert block.maps[0].paths == (("area kept", "M0 0h256v256h-256z"),)


def test_an_owner_is_one_that_lets_addresses_pass() -> None:
    policy = spfengine.simulate("seed.example", DRAFT, resolver=seed()).after
    assert owner_of(policy.check("23.83.218.24")) == "MailChannels"
    assert owner_of(policy.check("203.0.113.80")) == ""
    bakery = spfengine.Policy.compile("bakery.example", resolver=spfengine.Zone.from_file(BAKERY))
    assert owner_of(bakery.check("8.8.8.8")) == ""  # permerror, after Google's record


@pytest.mark.parametrize(
    ("value", "verdict", "style"),
    [
        (3, "within the limit: 7 left", "pass"),
        (10, "at the limit: none is left", "softfail"),
        (11, "over the limit: some clients get permerror", "fail"),
        (5000, "over the limit: some clients get permerror", "fail"),
    ],
)
def test_a_meter(value: int, verdict: str, style: str) -> None:
    meter = count_meter("DNS lookups", [1, value], 10)
    assert (meter.verdict.text, meter.verdict.style) == (verdict, style)
    assert [bar.label for bar in meter.bars] == ["before", "after"]
    assert len("".join([path for _, path in meter.bars[1].paths])) < 1000


def test_the_meter_of_octets() -> None:
    assert size_meter(None, 500).verdict.style == "pass"
    assert size_meter(None, 600).verdict.style == "softfail"
    assert size_meter(600, 1300).verdict.style == "fail"


def test_a_long_table_is_folded() -> None:
    rows = [() for _ in range(1300)]
    block = table(text("x"), [Column("x")], rows, 10)
    assert [len(block.rows), *[len(fold.rows) for fold in block.folds]] == [10, 500, 500, 290]
    assert [fold.summary for fold in block.folds][-1] == "1,011 to 1,300 of 1,300"
    assert not table(text("x"), [Column("x")], rows[:13], 10).folds


def test_a_record_of_many_terms_is_folded() -> None:
    record = "v=spf1 " + " ".join([f"ip4:192.0.2.{n}" for n in range(200)]) + " -all"
    zone = spfengine.Zone({"x.example": {"TXT": record}})
    html = spfengine.simulate("x.example", "v=spf1 a -all", resolver=zone).render_html(now=NOW)
    record_section = html[html.index('<section id="record"') : html.index('<section id="limits"')]
    assert record_section.count('<li class="removed">') == 200
    assert "more of 202 terms" in record_section
    assert Page(record_section).outside.count("ip4:192.0.2.") < 60


def test_every_block_has_a_template() -> None:
    from spfengine.report.html import _environment

    environment = _environment()
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, "blocks.html")
    for kind in Block.__subclasses__():
        assert f"{{% macro {kind.template}(" in source
        assert kind.template == "group" or f'"{kind.template}"' in source


def test_what_is_no_result_is_refused() -> None:
    for wrong in ("text", 1, [1], {"schema": "x"}, [spfengine.Result.PASS]):
        with pytest.raises(spfengine.ArgumentError, match="results is what check, lint"):
            spfengine.render_html(wrong)


def test_both_identities_are_one_report() -> None:
    both = spfengine.check_both("203.0.113.80", "alice@seed.example", "www.seed.example", resolver=seed())
    text = Page(spfengine.render_html(list(both), now=NOW)).text
    assert "(HELO)" in text
    assert "(MAIL FROM)" in text


def test_no_finding_is_a_report_too() -> None:
    assert "Nothing found" in Page(spfengine.render_html([], now=NOW)).text


def test_it_is_the_same_each_time() -> None:
    senders = spfengine.read_evidence([MESSAGE]).senders
    suggestion = spfengine.suggest("seed.example", senders, resolver=seed())
    assert suggestion.render_html(now=NOW) == spfengine.render_html(suggestion, now=NOW)


def test_what_a_view_forgot_is_made_visible_too() -> None:
    page = report.Page("kind\x1b", "\u202ename", text("answer\x00"), "pass", (Prose((Paragraph(text("\u2066more")),)),))
    html = page_html(page, now=NOW)
    assert all(each in html for each in ("kind\\x1b", "\\u202ename", "answer\\x00", "\\u2066more"))
