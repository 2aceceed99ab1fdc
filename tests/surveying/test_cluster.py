"""The recipe for Dask of docs/how-to/survey-many-domains.md, on a real cluster of two processes."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import spfengine
from bench.population import Population
from spfengine.surveying import Summary
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks
from tests.optional import need
from tests.replaying.test_cluster import cluster, kill_one_at_work

PAGE = "docs/how-to/survey-many-domains.md"
_PATIENCE = 300.0


def of_the_page() -> Callable[..., Summary]:
    """Return the function on the page."""
    text = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    [block] = [item for item in blocks(PAGE, text) if "def survey_on_dask(" in item.text]
    assert block.is_run
    # What the page has imported before; a function of __main__ is sent to the workers as it is
    namespace: dict[str, Any] = {"__name__": "__main__", "asyncio": asyncio, "spfengine": spfengine, "Summary": Summary}
    exec(compile(block.text, PAGE, "exec", dont_inherit=True), namespace)
    returned: Callable[..., Summary] = namespace["survey_on_dask"]
    return returned


@pytest.mark.full
def test_a_cluster_counts_what_is_known_of_a_population_even_if_a_worker_is_killed(tmp_path: Path) -> None:
    need("distributed")
    survey_on_dask = of_the_page()
    population = Population(20_000)
    domains = list(population.domains)
    parts = [domains[start : start + 500] for start in range(0, len(domains), 500)]
    settings = {"resolver": population}
    with cluster(tmp_path / "dask") as client:
        pids = client.run(os.getpid)
        with ThreadPoolExecutor(1) as pool:
            returned = pool.submit(survey_on_dask, client, parts, settings)
            killed = kill_one_at_work(client, pids)
            assert returned.result(_PATIENCE) == population.truth(lint=True)
        client.wait_for_workers(2, timeout=_PATIENCE)
        assert killed not in client.run(os.getpid).values()
