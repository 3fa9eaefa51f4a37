"""The file of sources: what it may say, and what is said where it says something else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.model import Selectors, SourceSpec
from bot.settings import Settings, load_settings
from bot.sourcing import read_sources_file

WHOLE = """
[[source]]
url = "https://gorod.example/news/"
section = "Новости программы"
headers = { X-Key = "hunter2-hunter2" }
[source.selectors]
item = ".news > li"
link = "a.title"
article = "#text"
drop = ".share, .tags"

[[source]]
url = "https://gorod.example/feed.xml"
"""
FILE = (
    SourceSpec(
        "https://gorod.example/news/",
        "Новости программы",
        Selectors(item=".news > li", link="a.title", article="#text", drop=".share, .tags"),
        (("X-Key", "hunter2-hunter2"),),
    ),
    SourceSpec("https://gorod.example/feed.xml"),
)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("BOT_TOKEN", "123456789:AAExampleExampleExample_-0")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "sources.toml"


def test_a_file_names_sources_with_all_that_belongs_to_them(path: Path) -> None:
    path.write_text(WHOLE, encoding="utf-8")
    assert read_sources_file(path) == FILE


def test_the_sources_of_the_file_follow_those_of_the_setting(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text(WHOLE, encoding="utf-8")
    monkeypatch.setenv("SOURCES_FILE", "sources.toml")
    assert load_settings().sources == FILE
    monkeypatch.setenv("SOURCES", "https://other.example/feed.xml")
    assert load_settings().sources == (SourceSpec("https://other.example/feed.xml"), *FILE)
    monkeypatch.setenv("SOURCES", "https://gorod.example/feed.xml")
    with pytest.raises(SettingsError, match=r"feed\.xml stands in SOURCES too; take it out of one"):
        load_settings()


def test_the_values_of_headers_are_shown_nowhere(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text(WHOLE, encoding="utf-8")
    monkeypatch.setenv("SOURCES_FILE", str(path))
    settings = load_settings()
    assert "hunter2" not in f"{settings} {settings!r} {settings.sources}"


URL = 'url = "https://a.example/news"\n'


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "sources.toml: no source is named; each begins with [[source]]."),
        ("sources = 1", "“sources” is unknown; each source begins with [[source]]."),
        ("source = 1", "no source is named"),
        ("source = [1]", "source 1: a source begins with [[source]]."),
        ("[[source]\n", "this is no TOML"),
        ("[[source]]", "source 1: url is missing"),
        ("[[source]]\nurl = 5", "source 1: url should be a text in quotes."),
        ('[[source]]\nurl = "a.example"', "source 1: url should be an address that begins with"),
        (f"[[source]]\n{URL}[[source]]\n{URL}", "source 2: https://a.example/news is named twice"),
        (
            f"[[source]]\n{URL}title = 'x'",
            "(https://a.example/news): “title” is unknown; known are",
        ),
        (f"[[source]]\n{URL}section = 5", "section should be a text in quotes."),
        (f"[[source]]\n{URL}headers = 'x'", "headers should be like {"),
        (f"[[source]]\n{URL}headers = {{'a b' = 'hunter2'}}", "'a b' is no name of a header"),
        (f'[[source]]\n{URL}headers = {{A = "hunter2\\nB: c"}}', "the value of the header A"),
        (f"[[source]]\n{URL}headers = {{Host = 'x'}}", "the header Host cannot be set"),
        (f"[[source]]\n{URL}headers = {{A = 5}}", "the value of A should be in quotes"),
        (f"[[source]]\n{URL}selectors = 'x'", "selectors should be a table [source.selectors]."),
        (f"[[source]]\n{URL}[source.selectors]\nitems = 'x'", "selectors: “items” is unknown"),
        (f"[[source]]\n{URL}[source.selectors]\nitem = 'a['", "item = “a[” is no CSS selector"),
        (f"[[source]]\n{URL}[source.selectors]\nitem = 'a::text'", "is no CSS selector"),
        (f"[[source]]\n{URL}[source.selectors]\nlink = 'a'", "selectors: link needs item"),
        (f"[[source]]\n{URL}[source.selectors]", "selectors names nothing"),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(path: Path, content: str, says: str) -> None:
    path.write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_sources_file(path)
    sentence = str(caught.value)
    assert says in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "hunter2" not in sentence


def test_a_password_in_an_address_is_not_told(path: Path) -> None:
    path.write_text("[[source]]\nurl = 'https://u:hunter2@a.example/'\nx = 1", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"\(a\.example/\)") as caught:
        read_sources_file(path)
    assert "hunter2" not in str(caught.value)


def test_a_file_in_another_encoding_is_refused(path: Path) -> None:
    path.write_text(WHOLE, encoding="cp1251")
    with pytest.raises(SettingsError, match="UTF-8"):
        read_sources_file(path)


def test_a_file_that_is_not_there_is_said_to_be_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"there is no file .*none\.toml"):
        read_sources_file(tmp_path / "none.toml")
