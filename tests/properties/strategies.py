"""Hypothesis strategies: what `generate` makes, and texts that are almost records, or no records at all."""

from hypothesis import strategies as st

from spfengine.resolvers.zone import Zone
from tests.properties import generate

chance = st.randoms(use_true_random=False)

zone_dicts = chance.map(generate.zone_dict)
plain_zone_dicts = chance.map(lambda random: generate.zone_dict(random, plain=True))
zones = zone_dicts.map(Zone)
calls = chance.map(generate.call)
plain_calls = chance.map(lambda random: generate.call(random, odd=False))
limits = chance.map(generate.limits)
records = chance.map(generate.record)
mechanisms = chance.map(generate.mechanism)
malformed_terms = st.sampled_from(generate.MALFORMED_TERMS)

_pieces = st.one_of(
    st.sampled_from(generate.MALFORMED_TERMS),
    chance.map(generate.directive),
    st.sampled_from(
        (
            "redirect=a.example",
            "exp=%{d}",
            "x=%{S1r-}",
            "all",
            "%{d}",
            "%{",
            "}",
            "%%",
            "%_",
            "%-",
            "/",
            "//",
            ":",
            "=",
            ".",
            "\x00",
            "\t",
            "\n",
            "ü",
            "\udcff",
            "  ",
            "v=spf1",
        )
    ),
    st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7F), max_size=12),
)
heaps = st.lists(_pieces, max_size=8).flatmap(
    lambda pieces: st.sampled_from((" ", "", ":")).map(lambda glue: "v=spf1 " + glue.join(pieces))
)
"""Texts that begin like a record and continue with anything."""

texts = st.one_of(records, heaps, st.text(max_size=60), st.text(max_size=40).map(lambda text: "v=spf1 " + text))
octets = st.one_of(
    st.binary(max_size=80),
    st.binary(max_size=80).map(lambda rest: b"v=spf1 " + rest),
    heaps.map(lambda text: text.encode("latin-1", "replace")),
)
