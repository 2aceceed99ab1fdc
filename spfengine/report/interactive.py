"""Interactive reports: a page with the engine and Python inside, which shows what edits of a draft change.

The reader's browser runs it: Pyodide in a worker, made of parts of the page. The page asks nobody for anything, and its
content security policy allows nothing but what is in it. Python for browsers is a package of its own (`spfengine_live`,
the extra `live`), which `scripts/build_live_runtime.py` builds.
"""

import gzip
from base64 import b64encode
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from spfengine.errors import MissingExtraError
from spfengine.report.edits.responding import situation_json
from spfengine.report.edits.situation import Situation
from spfengine.report.html import Script, page_html
from spfengine.report.page import Page
from spfengine.visible import visible_name

RUNTIME = "spfengine_live"
PARTS = ("pyodide.js", "pyodide.asm.js", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
"""The parts of Pyodide, each packed by gzip, with `.gz` after its name."""
NEEDED = "an interactive report needs Python for browsers; run: pip install 'spfengine[live]'"
PACKAGES = ("spfengine", "jinja2", "markupsafe", "idna")
"""The engine, and what it needs without DNS. All of it is Python, or works without the part that is not."""
_LEFT_OUT = {
    "cli", "compat", "evidence", "integrations", "planning", "policyd", "receiver", "replaying", "sources", "surveying",
    "testing", "web",
}  # fmt: skip
_PACKED = (".py", ".toml", ".html", ".css")
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the time of all files in the archive, so that the same files give the same archive


def interactive_html(page: Page, situation: Situation, now: float | None = None) -> str:
    """Return a page as an HTML document in which the reader edits the drafts of a situation.

    Args:
        page: what it shows first.
        now: the time that it names, in seconds since the epoch; the clock's by default.

    Raises:
        MissingExtraError: Jinja2 or Python for browsers is not installed.
        RecordingError: an answer of the situation can't be written.
    """
    drafts = tuple([(visible_name(draft.name), draft.record) for draft in situation.drafts])
    script = Script(
        situation.title,
        drafts,
        situation.entries,
        situation.takes_senders,
        situation_json(situation),
        _parts(situation.needs),
    )
    return page_html(page, now, script)


def require_runtime() -> None:
    """Raise MissingExtraError if Python for browsers is not installed."""
    _runtime()


def _runtime() -> Traversable:
    try:
        return files(RUNTIME)
    except ModuleNotFoundError:
        raise MissingExtraError(NEEDED) from None


@cache
def _parts(more: tuple[str, ...] = ()) -> tuple[tuple[str, str], ...]:
    """Return the names of all parts, and their octets, packed by gzip, in base64.

    Args:
        more: packages that the engine needs besides `PACKAGES`.
    """
    runtime = _runtime()
    parts = {name: runtime.joinpath(f"{name}.gz").read_bytes() for name in PARTS}
    parts["engine.zip"] = gzip.compress(engine_archive((*PACKAGES, *more), _LEFT_OUT), mtime=0)
    return tuple([(name, b64encode(octets).decode("ascii")) for name, octets in parts.items()])


def engine_archive(packages: Iterable[str], left_out: Collection[str]) -> bytes:
    """Return the engine and what it needs as an archive that is not compressed, the same for the same files.

    Args:
        packages: what is packed.
        left_out: folders of the engine that are not.
    """
    octets = BytesIO()
    with ZipFile(octets, "w") as archive:
        for package in packages:
            for path, content in _contents(files(package), package, left_out):
                archive.writestr(ZipInfo(path, _EARLIEST), content, ZIP_STORED)
    return octets.getvalue()


def _contents(folder: Traversable, path: str, left_out: Collection[str]) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda each: each.name):
        inner = f"{path}/{entry.name}"
        if entry.is_dir() and not (path == "spfengine" and entry.name in left_out):
            yield from _contents(entry, inner, left_out)
        elif entry.is_file() and entry.name.endswith(_PACKED):
            yield inner, entry.read_bytes()
