"""Every record in the samples is found, at its place, and nothing else is."""

import os
import shutil
from pathlib import Path

import pytest

from spfengine import ArgumentError, find_records
from spfengine.sources import Found
from tests.sources.corpus import CORPUS, SAMPLES, Expected


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The samples under their own names: the formatter and the type checker must not see those of Python."""
    path = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES.iterdir():
        shutil.copyfile(sample, path / sample.name.removesuffix(".sample"))
    return path


def described(found: Found) -> list[Expected]:
    return [
        Expected(
            each.region.line,
            each.region.column,
            each.region.end_line,
            each.region.end_column,
            each.source,
            tuple(part.text for part in each.unknown),
        )
        for each in found.records
    ]


@pytest.mark.parametrize("name", CORPUS)
def test_every_record_is_found_and_nothing_else(name: str, folder: Path) -> None:
    found = find_records(folder / name)
    assert found.unread == ()
    assert described(found) == CORPUS[name]


def test_the_corpus_has_every_sample(folder: Path) -> None:
    assert sorted(CORPUS) == sorted(path.name for path in folder.iterdir())


def test_a_folder_has_the_records_of_its_files(folder: Path) -> None:
    found = find_records(folder)
    assert found.files == len(CORPUS)
    assert [each.source for each in found.records] == [each.source for name in sorted(CORPUS) for each in CORPUS[name]]


@pytest.mark.parametrize("name", CORPUS)
def test_the_place_of_each_term_has_the_term(name: str, folder: Path) -> None:
    """In a file without escapes in its terms, what is at the place of a term is the term itself."""
    lines = (folder / name).read_text(encoding="utf-8").split("\n")
    for record in find_records(folder / name).records:
        covered = {offset for part in record.unknown for offset in range(*part.span)}
        start = 0
        for term in record.source.split(" "):
            span = start, start + len(term)
            start = span[1] + 1
            region = record.region_of(span)
            if term and not covered.intersection(range(*span)) and not (set(term) & set("%\\'\"Ã")):
                written = lines[region.line - 1][region.column - 1 : region.end_column - 1]
                assert region.line == region.end_line
                assert written in {term, term.replace("v=", "v\\u003d"), *_ESCAPED.get(term, ())}, (name, term)


_ESCAPED = {
    "ptr": [r"\x70tr"],
    "v=spf1": [r"\u0076=spf1"],
    "-all": [r"\x2dall", r"\x20mx\u0020-all"],
    "a": [r"\x61"],
    "a:a.example": [r"a:\N{LATIN SMALL LETTER A}.example"],
}


def test_unknown_parts_have_their_place(folder: Path) -> None:
    [first, *_] = find_records(folder / "main.tf").records
    [part] = first.unknown
    assert first.source[slice(*part.span)] == part.text == "${var.relay}"
    assert (part.region.line, part.region.column, part.region.end_column) == (4, 37, 49)


def test_strings_of_one_txt_record_are_known(folder: Path) -> None:
    record = find_records(folder / "powerdns.json").records[0]
    assert record.is_quoted
    assert [record.source[: record.joins[0]], record.source[record.joins[0] :]] == [
        "v=spf1 ip4:192.0.2.1 ",
        "ip4:192.0.2.2 ~all",
    ]


class TestFolders:
    def test_what_is_not_the_authors_own_is_left_out(self, tmp_path: Path) -> None:
        for name in ("a", ".git", "node_modules", ".terraform", "b/.venv"):
            (tmp_path / name).mkdir(parents=True)
            (tmp_path / name / "x.tf").write_text('x = "v=spf1 -all"\n', encoding="ascii")
        (tmp_path / "README.md").write_text('"v=spf1 -all"\n', encoding="ascii")
        assert [each.path for each in find_records(tmp_path).records] == [str(tmp_path / "a" / "x.tf")]

    def test_links_are_not_followed(self, tmp_path: Path) -> None:
        (tmp_path / "x.tf").write_text('x = "v=spf1 -all"\n', encoding="ascii")
        (tmp_path / "link.tf").symlink_to("x.tf")
        (tmp_path / "loop").symlink_to(tmp_path)
        assert len(find_records(tmp_path).records) == 1

    def test_what_is_no_text_is_skipped_with_the_reason(self, tmp_path: Path) -> None:
        (tmp_path / "video.ts").write_bytes(b"\0\1v=spf1 -all\0")
        with (tmp_path / "huge.json").open("wb") as file:
            file.truncate((16 << 20) + 1)
        found = find_records(tmp_path)
        assert (found.records, found.files) == ((), 0)
        reasons = {Path(each.path).name: each.why for each in found.unread}
        assert "16 MiB" in reasons["huge.json"]
        assert "NUL" in reasons["video.ts"]

    def test_a_folder_that_can_not_be_read_is_said(self, tmp_path: Path) -> None:
        closed = tmp_path / "closed"
        closed.mkdir(mode=0)
        try:
            found = find_records(tmp_path)
        finally:
            closed.chmod(0o700)
        if os.geteuid() != 0:
            assert [each.path for each in found.unread] == [str(closed)]

    def test_a_file_of_another_kind_is_an_error(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.md"
        path.write_text("v=spf1 -all", encoding="ascii")
        with pytest.raises(ArgumentError, match=r"expected a folder, or a file whose name ends with .*\.tf"):
            find_records(path)

    def test_a_missing_file_is_the_systems_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            find_records(tmp_path / "x.tf")


def test_columns_are_characters_and_a_byte_order_mark_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.tf"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text('ü = "\U0001f4ec" # x\ny = "ü" ; z = "v=spf1 -all"\n', encoding=encoding)
        [record] = find_records(path).records
        assert (record.region.line, record.region.column) == (2, 16)


def test_octets_that_are_no_utf8_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b'{"a": "\xff", "b": "v=spf1 a:\xfc.example -all"}')
    [record] = find_records(path).records
    assert record.source == "v=spf1 a:\xfc.example -all"
    assert record.region.column == 18


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.py", '"""v=spf1 is how a record begins."""'),
        ("x.py", 'x = "v=spf1"'),
        ("x.py", 'x.replace("v=spf1 ", "")'),
        ("x.py", "# 'v=spf1 -all'"),
        ("x.py", "x = 'no v=spf1 -all here'"),
        ("x.tf", 'description = "v=spf1 record for the mail of a domain"'),
        ("x.tf", '/* x = "v=spf1 -all" */ // "v=spf1 -all"\n# "v=spf1 -all"'),
        ("x.js", "/* 'v=spf1 -all' */ // 'v=spf1 -all'\nx = /'v=spf1 -all'/"),
        ("x.yaml", "# v=spf1 -all\nx: y # v=spf1 -all\nz: v=spf1 and all that"),
        ("x.yaml", "x: v=DKIM1; k=rsa; p=v=spf1"),
        ("x.yaml", "x: v=DMARC1; p=none"),
        ("x.yaml", "x: some v=spf1 -all"),
        ("x.json", '{"x": "spf2.0/pra -all", "v=spf1 is a key": 1}'),
        ("x.json", '["v=spf1 missing", "the v=spf1 -all"]'),
    ],
)
def test_what_is_no_record(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert find_records(tmp_path / name).records == ()


@pytest.mark.parametrize(
    "text", ["v=spf1include:x.example -all", "V=SPF1 mx -all", " v=spf1 mx -all", "v= spf1 mx -all"]
)
def test_what_was_meant_to_be_a_record_is_one(text: str, tmp_path: Path) -> None:
    """So that lint can report what is wrong with its beginning; a space before it is no part of it."""
    (tmp_path / "x.json").write_text(f'["{text}"]', encoding="ascii")
    assert [each.source for each in find_records(tmp_path).records] == [text.strip()]
