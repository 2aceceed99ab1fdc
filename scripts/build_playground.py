"""Build the playground: a folder that any host can serve, and that asks no other host for anything.

    python3 -m scripts.build_playground [--pyodide FOLDER] [--output FOLDER]

It needs Node.js, and Jinja2, dnspython, idna and PyYAML, which need nothing but Python and become part of it. FOLDER is
npm's package `pyodide`, unpacked; without it npm fetches the package. Its files must have the hashes of
`pyodide_package`.
"""

import argparse
import gzip
import json
import shutil
import tempfile
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from scripts.pyodide_package import fetched, run, verified
from spfengine.report.interactive import PACKAGES, engine_archive

REPOSITORY = Path(__file__).resolve().parent.parent
PARTS = REPOSITORY / "scripts" / "playground"
TEMPLATES = REPOSITORY / "spfengine" / "report" / "templates"
STATIC = REPOSITORY / "spfengine" / "web" / "static"
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; "
    "connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'"
)
_META = '<meta http-equiv="Content-Security-Policy" content="{policy}">'
RESOLVERS = {"Cloudflare": "https://cloudflare-dns.com/dns-query", "Google": "https://dns.google/dns-query"}
"""Resolvers that people may choose, each with its URL for DNS over HTTPS. Both allow web pages to ask them (CORS)."""
LEFT_OUT = ("cli", "compat", "integrations", "policyd", "testing")
"""Packages of the engine that a page has no use for."""


def build(pyodide: Path | None, output: Path, resolvers: Mapping[str, str] = RESOLVERS) -> None:
    """Build the playground in a folder, which is replaced.

    Args:
        pyodide: npm's package, unpacked; None: npm fetches it.
        resolvers: the resolvers that people may choose, by name.

    Raises:
        SystemExit: a file of Pyodide is another than expected, or a program that is needed fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "made")
        (made / "pyodide").mkdir(parents=True)
        for name, content in verified(pyodide or fetched(Path(folder))):
            if name != "pyodide.js":  # which is for pages that are opened as files
                (made / "pyodide" / name).write_bytes(content)
        for path in STATIC.iterdir():
            if path.name not in ("index.html", "engine-server.js"):
                shutil.copyfile(path, made / path.name)
        shutil.copyfile(TEMPLATES / "worker.js", made / "worker.js")
        shutil.copyfile(TEMPLATES / "style.css", made / "report.css")
        _write_pages(made, resolvers)
        archive = engine_archive((*PACKAGES, "dns", "yaml"), LEFT_OUT)
        (made / "engine.zip.gz").write_bytes(gzip.compress(archive, mtime=0))
        snapshot = Path(folder, "snapshot")
        engine = Path(folder, "engine")
        with ZipFile(BytesIO(archive)) as packed:
            packed.extractall(engine)
        run("node", PARTS / "snapshot.mjs", made / "pyodide", engine, snapshot)
        (made / "snapshot.gz").write_bytes(gzip.compress(snapshot.read_bytes(), mtime=0))
        _keep_offline(made)
        if output.exists():
            shutil.rmtree(output)
        shutil.copytree(made, output)


def _write_pages(folder: Path, resolvers: Mapping[str, str]) -> None:
    """Write the page that asks nobody, one for each resolver that may be asked, and the list of them."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    (folder / "index.html").write_text(page.replace("<!-- policy -->", _META.format(policy=POLICY)), encoding="utf-8")
    pages = {}
    for name, url in resolvers.items():
        origin = "/".join(url.split("/")[:3])
        policy = POLICY.replace("connect-src 'self'", f"connect-src 'self' {origin}")
        head = f'{_META.format(policy=policy)}\n<meta name="dns" content="{url}">'
        file = f"{name.lower()}.html"
        (folder / file).write_text(page.replace("<!-- policy -->", head), encoding="utf-8")
        pages[name] = {"page": file, "url": url}
    engine = (PARTS / "engine.js").read_text(encoding="utf-8")
    (folder / "engine.js").write_text(engine.replace("{{pages}}", json.dumps(pages)), encoding="utf-8")


def _keep_offline(folder: Path) -> None:
    """Write the service worker, which knows all files and a version of them all together."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    digest = sha256()
    for path in paths:
        digest.update(path.read_bytes())
    files = ["./", *[path.relative_to(folder).as_posix() for path in paths if path.name != "index.html"]]
    text = (PARTS / "offline.js").read_text(encoding="utf-8")
    text = text.replace("{{version}}", f"spfengine-{digest.hexdigest()[:16]}").replace("{{files}}", json.dumps(files))
    (folder / "offline.js").write_text(text, encoding="utf-8")


def main() -> None:
    """Parse the command line and build the folder."""
    parser = argparse.ArgumentParser(description="Build the playground as a folder.")
    parser.add_argument("--pyodide", type=Path, help="npm's package pyodide, unpacked; without it npm fetches it")
    parser.add_argument("--output", type=Path, default=REPOSITORY / "dist" / "try", help="the folder to write")
    arguments = parser.parse_args()
    build(arguments.pyodide, arguments.output)
    size = sum(path.stat().st_size for path in arguments.output.rglob("*") if path.is_file())
    print(f"{arguments.output}: {size / 1_000_000:.1f} MB")


if __name__ == "__main__":
    main()
