"""Who wrote an article, in the many ways in which pages and feeds say it."""

import pytest

from bot.ingest.about.authors import MAX_AUTHORS, MAX_CHARS, authors, meta_authors, shown_authors
from bot.ingest.about.metadata import read_metadata
from bot.ingest.feeds.parse import parse_feed
from bot.ingest.markup.dom import parse_page

URL = "https://news.example/story"


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("By Ada Fenn and Jo Pike", ("Ada Fenn", "Jo Pike")),
        ("Written by Ada Fenn, Senior Editor", ("Ada Fenn",)),
        ("By Ada Fenn June 5, 2031", ("Ada Fenn",)),
        ("Автор: Анна Полевая", ("Анна Полевая",)),
        ("Авторы: Анна Полевая и Иван Речной", ("Анна Полевая", "Иван Речной")),
        ("Текст: Анна Полевая, фото: Иван Речной", ("Анна Полевая",)),
        ("Фото: Иван Речной, текст: Анна Полевая", ("Анна Полевая",)),
        ("Подготовила Анна Полевая", ("Анна Полевая",)),
        ("Von Ada Fenn", ("Ada Fenn",)),
        ("desk@news.example (Ada Fenn)", ("Ada Fenn",)),
        ("Ada Fenn <desk@news.example>", ("Ada Fenn",)),
        ("<a href='/ada'>Ada Fenn</a>, <i>Jo Pike</i>", ("Ada Fenn", "Jo Pike")),
        ("desk@news.example", ()),
        ("Ada Fenn | The Quillmouth Gazette", ("Ada Fenn", "The Quillmouth Gazette")),
        ("admin", ()),
        ("Редакция", ()),
        ("https://news.example/authors/ada", ()),
        ("Harbour Gazette", ()),
        ("12 May 2031", ()),
        ("x" * 500, ()),
        ("", ()),
    ],
)
def test_a_line_gives_its_names(line: str, names: tuple[str, ...]) -> None:
    assert authors([line], site="Harbour gazette") == names


def test_the_first_source_that_names_anybody_counts_and_nobody_is_named_twice() -> None:
    assert authors([], ["admin"], ["Ada Fenn", "ADA FENN"], ["Jo Pike"]) == ("Ada Fenn",)


def test_there_are_not_too_many_of_them() -> None:
    names = [f"Ada {chr(ord('A') + n)}{'a' * n}" for n in range(26)]
    found = authors(names)
    assert found == tuple(names[:MAX_AUTHORS])
    assert authors([f"Ada {'n' * MAX_CHARS}"]) == ()


def test_bylines_are_found_and_those_of_comments_are_not() -> None:
    root = parse_page(
        "<body><ol class='comments'><li><span class='author'>Troll</span></li></ol>"
        "<div class='article-byline'>By <b>Ada Fenn</b></div>"
        "<div class='author-bio'>Ada Fenn likes ships.</div></body>"
    )
    assert authors(shown_authors(root)) == ("Ada Fenn",)


def test_marked_names_come_before_bylines() -> None:
    root = parse_page(
        "<body><p class='byline'>Jo Pike</p><div itemprop='author'><span>by</span>"
        "<span itemprop='name'>Ada Fenn</span></div></body>"
    )
    assert authors(shown_authors(root)) == ("Ada Fenn", "Jo Pike")


def test_meta_tags_may_come_several_times_and_addresses_of_people_are_no_names() -> None:
    root = parse_page(
        "<head><meta property='article:author' content='https://social.example/ada'>"
        "<meta name='author' content='Ada Fenn'><meta name='author' content='Jo Pike'></head>"
    )
    assert authors(meta_authors(root)) == ("Ada Fenn", "Jo Pike")


@pytest.mark.parametrize(
    ("author", "names"),
    [
        ('{"@type": "Person", "name": "Ada Fenn"}', ("Ada Fenn",)),
        (
            '[{"name": "Ada Fenn"}, {"name": "Harbour News Agency"}]',
            ("Ada Fenn", "Harbour News Agency"),
        ),
        ('"Ada Fenn"', ("Ada Fenn",)),
        ('{"name": ["Ada Fenn", "Jo Pike"]}', ("Ada Fenn", "Jo Pike")),
        ('{"@type": "Organization", "name": "The Gazette"}', ("Byline Person",)),
        ("null", ("Byline Person",)),
    ],
)
def test_json_ld_comes_first(author: str, names: tuple[str, ...]) -> None:
    data = f'{{"@type": "NewsArticle", "publisher": {{"name": "The Gazette"}}, "author": {author}}}'
    root = parse_page(
        f"<head><script type='application/ld+json'>\n<![CDATA[\n{data}\n]]>\n</script></head>"
        "<body><a rel='author' href='/p'>Byline Person</a></body>"
    )
    assert read_metadata(root, URL).authors == names


@pytest.mark.parametrize(
    ("feed", "names"),
    [
        (
            (
                "<rss xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><item><title>T</title>"
                "<dc:creator>Ada Fenn</dc:creator><dc:creator>Jo Pike</dc:creator></item>"
                "</channel></rss>"
            ),
            ("Ada Fenn", "Jo Pike"),
        ),
        (
            (
                "<rss><channel><item><title>T</title><author>desk@news.example (Ada Fenn)</author>"
                "</item></channel></rss>"
            ),
            ("Ada Fenn",),
        ),
        (
            (
                "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>T</title>"
                "<author><name>Ada Fenn</name><email>a@news.example</email></author>"
                "<author><name>Jo Pike</name></author></entry></feed>"
            ),
            ("Ada Fenn", "Jo Pike"),
        ),
        (
            (
                '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1",'
                ' "authors": [{"name": "Ada Fenn"}, {"url": "https://x.example"}, 7]}]}'
            ),
            ("Ada Fenn",),
        ),
        (
            (
                '{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1",'
                ' "author": {"name": "Ada Fenn"}}]}'
            ),
            ("Ada Fenn",),
        ),
    ],
)
def test_feeds_name_authors(feed: str, names: tuple[str, ...]) -> None:
    (entry,) = parse_feed(feed.encode(), None, URL).entries
    assert entry.authors == names
