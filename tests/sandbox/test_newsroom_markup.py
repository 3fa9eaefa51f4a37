"""The editor's plain markup: to HTML and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml.html import fragment_fromstring

from sandbox.newsroom.markup import to_html, to_markup


@pytest.mark.parametrize(
    ("markup", "html"),
    [
        ("", ""),
        (" \n\n \r\n", ""),
        ("Раз.\n\nДва.", "<p>Раз.</p>\n<p>Два.</p>"),
        ("Раз,\r\nдва.", "<p>Раз,<br>два.</p>"),
        ("  много   пробелов \t тут ", "<p>много пробелов тут</p>"),
        ("10\xa0дворов", "<p>10\xa0дворов</p>"),
        ("## Итоги\nТекст", "<h2>Итоги</h2>\n<p>Текст</p>"),
        ("## А\n## Б", "<h2>А</h2>\n<h2>Б</h2>"),
        ("- липы\n- клёны", "<ul><li>липы</li><li>клёны</li></ul>"),
        ("- раз\n\n- два", "<ul><li>раз</li></ul>\n<ul><li>два</li></ul>"),
        ("Список:\n- раз", "<p>Список:</p>\n<ul><li>раз</li></ul>"),
        ("> Раз\n> два\n>\n> Три", "<blockquote><p>Раз<br>два</p><p>Три</p></blockquote>"),
        (">\n>", ""),
        ("-без пробела\n#хэш\n>>", "<p>-без пробела<br>#хэш<br>&gt;&gt;</p>"),
        ("### x", "<p>### x</p>"),
        ('<b>a</b> & "c"', '<p>&lt;b&gt;a&lt;/b&gt; &amp; "c"</p>'),
        ("a\x00b\ud800c\x85d", "<p>a b c d</p>"),
    ],
)  # fmt: skip
def test_markup_as_html(markup: str, html: str) -> None:
    assert to_html(markup) == html


@pytest.mark.parametrize(
    ("html", "markup"),
    [
        ("", ""),
        ("<p>Раз&nbsp;&amp; два.</p>\n\n<p>Три</p>", "Раз\xa0& два.\n\nТри"),
        ("<h2>Итоги</h2><ul>\n <li>раз</li>\n <li>два</li>\n</ul>", "## Итоги\n\n- раз\n- два"),
        ("<blockquote>Слово</blockquote>", "> Слово"),
        ("<blockquote><p>А</p><p>Б<br>В</p></blockquote>", "> А\n>\n> Б\n> В"),
        ("Просто текст", "Просто текст"),
    ],
)
def test_html_as_markup(html: str, markup: str) -> None:
    assert to_markup(html) == markup


@pytest.mark.parametrize(
    "html",
    [
        "<p>Со <strong>словом</strong></p>",
        '<p><a href="https://example.org/">ссылка</a></p>',
        "<h3>Другой заголовок</h3>",
        "<p class='note'>С пометкой</p>",
        "<table><tr><td>1</td></tr></table>",
        "<ul><li>раз<ul><li>глубже</li></ul></li></ul>",
        "<ol><li>раз</li></ol>",
        "<p>Текст</p> и хвост",
        "<blockquote><p>А</p><footer>— Автор</footer></blockquote>",
        "<!-- пометка -->",
        "<p>- как список</p>",
        "<p>## как заголовок</p>",
        "<p>a<br><br>b</p>",
        "<p></p>",
        "<ul></ul>",
        "<h2>раз<br>два</h2>",
    ],
)
def test_what_the_markup_cannot_say_is_not_said(html: str) -> None:
    assert to_markup(html) is None


LINES = st.one_of(
    st.text(),
    st.sampled_from(["## ", "- ", "> ", ">", "-", "", " ", "<p>", "&amp;", "\xa0", "а", "\r"]),
)


@given(st.lists(LINES).map("\n".join) | st.lists(LINES).map("".join))
def test_what_the_editor_typed_comes_back_and_means_the_same(markup: str) -> None:
    html = to_html(markup)
    again = to_markup(html)
    assert again is not None
    assert to_html(again) == html
    assert to_markup(to_html(again)) == again


@given(st.text())
def test_nothing_that_the_editor_types_becomes_an_element_of_its_own(text: str) -> None:
    tags = {e.tag for e in fragment_fromstring(to_html(text), create_parent="div").iter()}
    assert tags <= {"div", "p", "br", "h2", "ul", "li", "blockquote"}
