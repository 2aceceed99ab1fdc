"""The recipe of docs/how-to/replay-on-a-cluster.md, on a real cluster of two processes: the totals of one process."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import spfengine
from spfengine import Overlay, Policy, Zone, replay_files
from spfengine.replaying import Totals
from spfengine.simulation import Effect
from tests.conftest import REPOSITORY
from tests.docs.pages import blocks
from tests.optional import need

if TYPE_CHECKING:
    from dask.distributed import Client

PAGE = "docs/how-to/replay-on-a-cluster.md"
ROWS, FILES, BAD = 200_000, 16, 50
_PATIENCE = 60.0

RECORDS = {
    "x.example": "v=spf1 ip4:10.0.0.0/8 ip6:2001:db8::/32 -ip4:203.128.0.0/9 include:relay.example -all",
    "y.example": "v=spf1 ip4:172.16.0.0/12 exists:%{i}.list.example ~all",
    "relay.example": "v=spf1 ip4:192.168.0.0/16 -all",
}
DRAFTS = {
    "x.example": "v=spf1 ip4:10.0.0.0/9 ip6:2001:db8::/32 ip4:203.0.0.0/16 -ip4:203.128.0.0/9 ip4:192.168.0.0/16 ~all",
    "y.example": "v=spf1 ip4:172.16.0.0/12 ip4:10.128.0.0/9 exists:%{i}.list.example ~all",
}


def policies() -> list[tuple[Policy, Policy]]:
    before = Zone({name: {"TXT": record} for name, record in RECORDS.items()})
    after = Overlay(before, {name: {"TXT": record} for name, record in DRAFTS.items()})
    return [
        (
            Policy.compile(domain, resolver=before).without_answers(),
            Policy.compile(domain, resolver=after).without_answers(),
        )
        for domain in DRAFTS
    ]


def table(folder: Path, rows: int, files: int) -> list[str]:
    """Write a table of so many senders into so many files, no sender twice; some rows of each are none."""
    random = Random(7208)
    returned = []
    for part in range(files):
        lines = ["ip,sender,helo,count"]
        for number in range(rows // files):
            first = random.choice(["10", "172.16", "192.168", "203"])
            ip = ".".join([first, *[str(random.randrange(256)) for _ in range(3 - first.count("."))]])
            if number % 10 == 0:
                ip = f"2001:db{random.randrange(8, 10)}::{number:x}"
            domain = random.choice(["x.example", "x.example", "y.example", "z.example"])
            lines.append(f"{ip},u{part}-{number}@{domain},h{number % 40}.example,{random.randrange(1, 1000)}")
        for _ in range(BAD):
            lines.insert(
                random.randrange(1, len(lines)), random.choice(["x", "10.0.0.256,x.example", '"', "\x1b[2J,x"])
            )
        returned.append(str(folder / f"part-{part}.csv"))
        Path(returned[-1]).write_text("\n".join(lines), "utf-8")
    return returned


def tells_all(totals: Totals) -> bool:
    """Whether there is something of every kind in these totals; otherwise it would show little if others are equal."""
    sure = [Effect.NEWLY_FAILING, Effect.NEWLY_PASSING, Effect.CHANGED]
    return (
        totals.rows + totals.other_rows == ROWS
        and totals.other_rows > 0
        and totals.skipped == FILES * BAD
        and {item.effect for item in totals.totals} == {*sure, Effect.UNCHANGED, Effect.STILL_FAILING, None}
        and any(item.before is None and item.effect is Effect.UNCHANGED for item in totals.totals)
        and Counter(item.effect for item in totals.listed) == Counter(dict.fromkeys((*sure, None), 20))
    )


@contextmanager
def cluster(folder: Path) -> Iterator["Client"]:
    """Two workers, each a process of its own, reached from this machine only; nothing of them is left afterwards."""
    import dask
    from dask.distributed import Client, LocalCluster

    with (
        dask.config.set({"temporary-directory": str(folder)}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
        ) as local,
        Client(local) as client,
    ):
        client.wait_for_workers(2, timeout=_PATIENCE)
        yield client
        pids = list(client.run(os.getpid).values())
    assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == [], "workers are left over"


def of_the_page() -> Callable[..., Totals]:
    """Return the function on the page."""
    text = (REPOSITORY / PAGE).read_text(encoding="utf-8")
    [block] = [item for item in blocks(PAGE, text) if "def replay_on_dask(" in item.text]
    assert block.is_run
    namespace: dict[str, Any] = {"spfengine": spfengine, "Totals": Totals}  # what the page has imported before
    exec(compile(block.text, PAGE, "exec", dont_inherit=True), namespace)
    returned: Callable[..., Totals] = namespace["replay_on_dask"]
    return returned


@pytest.mark.full
def test_a_cluster_gives_the_totals_of_one_process_whatever_happens_to_its_workers(tmp_path: Path) -> None:
    need("distributed")
    replay_on_dask = of_the_page()
    paths = table(tmp_path, ROWS, FILES)
    one_process = replay_files(paths, policies())
    assert tells_all(one_process)
    with cluster(tmp_path / "dask") as client:
        assert replay_on_dask(client, paths, policies()) == one_process
        pids = client.run(os.getpid)
        with ThreadPoolExecutor(1) as pool:
            returned = pool.submit(replay_on_dask, client, paths, policies())
            killed = kill_one_at_work(client, pids)
            assert returned.result(_PATIENCE) == one_process
        client.wait_for_workers(2, timeout=_PATIENCE)
        assert killed not in client.run(os.getpid).values()


def kill_one_at_work(client: "Client", pids: dict[str, int]) -> int:
    """Kill a worker that is in the midst of its files, once some of them are done; return its process id."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        done = client.has_what()
        for worker, tasks in client.processing().items():
            if tasks and done.get(worker):
                os.kill(pids[worker], signal.SIGKILL)
                return pids[worker]
        time.sleep(0.01)
    raise AssertionError("no worker was seen at work")


def test_one_process_says_what_the_command_says(tmp_path: Path) -> None:
    """`spfengine simulate --senders`, of the rows that depend only on their addresses."""
    pytest.importorskip("click", reason="without the extra cli there is no command")
    from spfengine.cli.app import main

    [path] = table(tmp_path, 5000, 1)
    zone = tmp_path / "x.zone"
    zone.write_text("".join([f'{name}. 300 IN TXT "{record}"\n' for name, record in RECORDS.items()]), "utf-8")
    printed = StringIO()
    arguments = ["--zone", str(zone), "--draft", DRAFTS["x.example"], "--senders", path, "--json"]
    with redirect_stdout(printed):
        main(["simulate", "x.example", *arguments])
    document = json.loads(printed.getvalue())
    message: dict[tuple[str, str, str], list[int]] = {}
    for item in document["senders"]:
        counts = message.setdefault((item["before"], item["after"], item["effect"]), [0, 0])
        counts[0] += 1
        counts[1] += item["count"]
    totals = replay_files(path, policies()[:1])
    assert {(str(t.before), str(t.after), str(t.effect)): [t.rows, t.messages] for t in totals.totals} == message
    assert totals.skipped == document["evidence"]["skipped"]
    assert Effect.NEWLY_FAILING in {item.effect for item in totals.totals}
