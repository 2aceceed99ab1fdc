"""What MkDocs calls while it builds the site (https://www.mkdocs.org/user-guide/plugins/#events)."""

import re
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

REPOSITORY = Path(__file__).resolve().parent.parent.parent
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

# MkDocs loads this file by its path, so the checkout has to be on the path first.
from scripts.docs_site import codes, index, links, playground  # noqa: E402 - the checkout is on the path only now

_WITH_CODES = ("reference/lint.md", "reference/problems.md", "reference/lint-examples.md")
_WITH_STORY = ("index.md", "tutorial/gmail-says-softfail.md", "tutorial/gmail-says-softfail.ja.md")
_STORY = {"zone": "examples/seed.zone", "message": "examples/seed-message.eml"}
_FOR_THE_TESTS = re.compile(r"^ *<!-- (?:not run|live DNS): .*?-->\n", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Set the navigation: that of the index, the pages of codes, and those at the top of the checkout."""
    nav = index.navigation((REPOSITORY / "docs" / "index.md").read_text(encoding="utf-8"))
    for chapter in nav:
        chapter.get("Reference", []).append({"All codes": "codes/index.md"})
    config.nav = [*nav, {"Project": [{Path(source).stem.capitalize(): page} for source, page in links.PROJECT.items()]}]
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add what is made from other files: a page for each code, the pages at the top, and files that pages link to."""
    made = codes.pages(with_playground=bool(config.extra.get("playground")))
    for path, text in made.items():
        files.append(File.generated(config, path, content=text))
    outside: set[str] = set()
    for source, page in links.PROJECT.items():
        text = (REPOSITORY / source).read_text(encoding="utf-8")
        outside |= set(links.outside(text, source))
        files.append(File.generated(config, page, content=links.on_the_site(text, source, page)))
    for file in files.documentation_pages():
        if file.generated_by is None:
            outside |= set(links.outside(file.content_string, f"docs/{file.src_uri}"))
    for path in sorted(outside):
        if (REPOSITORY / path).is_dir():
            text, inside = links.listed(path)
            files.append(File.generated(config, links.copy_of(path), content=text))
            outside |= set(inside)
    for path in sorted(path for path in outside if (REPOSITORY / path).is_file()):
        files.append(File.generated(config, links.copy_of(path), abs_src_path=str(REPOSITORY / path)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the text of a page without the comments for the tests, and with links that work on the site."""
    del files
    path = page.file.src_uri
    text = _FOR_THE_TESTS.sub("", markdown)
    if page.file.generated_by is not None:
        return text
    if path in _WITH_CODES:
        text = codes.with_links(text)
    if path in _WITH_STORY and config.extra.get("playground"):
        story = {field: (REPOSITORY / file).read_text(encoding="utf-8") for field, file in _STORY.items()}
        button = "\n".join(playground.Example(**story).button("" if path == "index.md" else "../../"))
        text = text.replace("\n## ", f"\n{button}\n## ", 1)
    return links.on_the_site(text, f"docs/{path}", path)


def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return the content of a page for screen readers: its language, and no empty corner of a table as a header."""
    del config, files
    text = html.replace("<th></th>", "<td></td>")
    return f'<div lang="ja">{text}</div>' if page.file.src_uri.endswith(".ja.md") else text


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Return the HTML of a page in which the dialog for searching has a name, which Material does not give it."""
    del page, config
    return output.replace('role="dialog"', 'role="dialog" aria-label="Search"')
