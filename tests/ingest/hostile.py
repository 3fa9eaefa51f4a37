"""Pages and feeds made to stop, slow, swell or crash their reader; made anew, never stored."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

TEXT = "Через реку Тихую открыли новый мост, и первыми по нему прошли школьники с оркестром. "
STORY = f"<h1>Мост</h1><p>{TEXT * 3}</p><p>{TEXT * 3}</p>"
UNSEEN = "\u202e\u200b\u200e\u200f\ufeff"  # right to left, and without width
MARK = "\u0308"
HEAD = "<head><title>Мост открыли</title><meta name='description' content='Строили два года.'>"


@dataclass(frozen=True, slots=True)
class Case:
    """A hostile document: its name, how it is made, and what it is called when it is sent."""

    name: str
    make: Callable[[], bytes]
    content_type: str | None = None


def _page(body: str, head: str = "") -> bytes:
    return f"<html>{HEAD}{head}</head><body>{body}</body></html>".encode()


def _feed(items: str, head: str = "") -> bytes:
    return f"{head}<rss version='2.0'><channel><title>T</title>{items}</channel></rss>".encode()


def _around(tag: str, count: int) -> bytes:
    return _page(f"<{tag}>" * count + STORY + f"</{tag}>" * count)


def _unclosed(tag: str) -> bytes:
    return _page(STORY + f"<{tag} class=a>{TEXT}" * 5_000)


def _line(text: str) -> bytes:
    """A paragraph, a heading, a caption, a contact, a time and an author of the same text."""
    return _page(
        f"{STORY}<p>{text}</p><h2>{text}</h2><span class='byline'>{text}</span>"
        f"<figure><img src='/a.jpg' alt='{text}' srcset='{text}'><figcaption>{text}</figcaption>"
        f"</figure><time datetime='{text}'>{text}</time><h3>Контакты</h3><p>{text}</p>",
        f"<meta name='author' content='{text}'><meta property='og:title' content='{text}'>"
        f"<meta name='date' content='{text}'><meta property='og:image' content='{text}'>"
        f"<meta property='og:locale' content='{text}'><link rel='canonical' href='{text}'>",
    )


def _linked_data(data: str) -> bytes:
    return _page(STORY, f"<script type='application/ld+json'>{data}</script>")


_LAUGHS = (
    '<!DOCTYPE rss [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1 if n else str()};" * 10}">' for n in range(12))
    + "]>"
)
_BLOW_UP = f'<!DOCTYPE rss [<!ENTITY a "{"a" * 50_000}">]>'
_OUTSIDE = '<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]>'

# Texts on which a regular expression that backtracks takes quadratic time or worse.
TRAPS = {
    "spaces": " " * 50_000 + "x",
    "separators": " | - " * 20_000,
    "colons": "по теме: " * 10_000,
    "digits": "1" * 100_000,
    "dates": "12.05.2024 " * 10_000,
    "phones": "+7 (495) 123-45-67 " * 5_000,
    "phone digits": "8 495 " * 20_000,
    "at signs": "a@" * 50_000,
    "dots and at": "a." * 50_000 + "@",
    "brackets": "(" * 100_000,
    "less than": "&lt;" * 100_000,
    "ampersands": "&amp;" * 50_000,
    "braces": "{" * 100_000,
    "commas": "a 1w, " * 20_000,
    "dashes": "— " * 50_000,
    "dashes in a word": "-" * 100_000,
    "slashes": "/" * 100_000,
    "read also": "читайте также " * 10_000,
    "by and by": "by and " * 20_000,
    "author": "Автор: " * 20_000,
    "capitals": "Ab" * 50_000,
    "a post that appeared": "the post " + "a " * 50_000,
    "camel and digits": "aB1" * 30_000,
    "months": "1 янв " * 20_000,
}
# And what is made of ids, titles and leads once more, after the workers.
_LONG = 20_000
_SHORT_TRAPS = (
    *("-", "— ", ".", " . ", "… ", "[", "»", ".amp", "?amp;", "amp;", "/", "../", "%D1", "m."),
    *("view ", "1 ", "просмотров 1 ", "обновлено 1 ", "статья ", "Статья а-", "А. ", "г. "),
)


def pages() -> Iterator[Case]:
    """Hostile pages."""
    yield Case("200,000 small paragraphs", lambda: _page("<p>a b c</p>" * 200_000))
    yield Case("12,000 small paragraphs", lambda: _page("<p>а б в г д</p>" * 12_000))
    yield Case("50,000 links", lambda: _page(STORY + "<a href=/x>a b</a> " * 50_000))
    yield Case("15,000 links", lambda: _page(STORY + "<a href=/x>a b</a> " * 15_000))
    for tag in ("div", "ul><li", "table><tr><td", "blockquote", "span", "b", "font", "figure"):
        for count in (90, 20_000, 50_000):
            yield Case(f"{count:,} times <{tag}> inside itself", partial(_around, tag, count))
    for tag in ("p", "div", "a href=/x", "b", "li", "td", "blockquote", "h2", "figure", "pre"):
        yield Case(f"5,000 unclosed <{tag}>", partial(_unclosed, tag))
    for tag in ("script", "style", "textarea", "title", "!--", "select", "svg", "iframe"):
        yield Case(f"<{tag}> that never ends", partial(_around, tag, 1))
    yield Case(
        "an attribute of 1 MB", lambda: _page(f"<p class='{'a ' * 500_000}'>{TEXT}</p>{STORY}")
    )
    yield Case(
        "20,000 attributes",
        lambda: _page(f"<p {' '.join(f'a{n}=1' for n in range(20_000))}>{TEXT}</p>{STORY}"),
    )
    yield Case("2.9 MB of entities", lambda: _page("<p>" + "&amp;" * 580_000))
    yield Case("2.9 MB of numeric entities", lambda: _page("<p>" + "&#x1F600;" * 320_000))
    yield Case(
        "a title of 1 MB", lambda: _page(STORY, f"</title><title>{'Мост ' * 100_000}</title>")
    )
    yield Case("a word of 1,000,000 letters", lambda: _page(f"{STORY}<p>{'а' * 1_000_000}</p>"))
    yield Case("one line of 2.8 MB", lambda: _page(f"{STORY}<p>{'ab ' * 900_000}</p>"))
    yield Case("26 MB", lambda: _page("<p>" + "a" * 26_000_000))
    yield Case(
        "right-to-left and zero-width floods",
        lambda: _page(f"{STORY}<p>{UNSEEN * 100_000}</p>"),
    )
    yield Case("combining marks", lambda: _page(f"{STORY}<p>a{MARK * 300_000}</p>"))
    yield Case(
        "NUL and control characters", lambda: _page(STORY + "<p>" + "\0\x01\x1f\x0b" * 50_000)
    )
    yield Case(
        "spans of a table",
        lambda: _page(STORY + "<table>" + "<tr><td colspan=9999 rowspan=9999>a" * 3_000),
    )
    yield Case(
        "a table of 20,000 cells",
        lambda: _page(STORY + "<table>" + ("<tr>" + "<td>a b" * 40) * 500),
    )
    yield Case("a page of 5,000 pictures", lambda: _page(STORY + "<img src=/a.jpg>" * 5_000))
    yield Case(
        "5,000 figures",
        lambda: _page(STORY + "<figure><img src=/a.jpg><figcaption>a b c</figure>" * 5_000),
    )
    yield Case(
        "base and other addresses",
        lambda: _page(
            "<base href='javascript:alert(1)//'><base href='http://[::'><a href='javascript:x'>"
            + STORY
            + "</a><a href='http://a@b@c:99999999/'>x</a><img src='data:image/png;base64,A'>"
            "<a href='//'>y</a>"
        ),
    )
    yield Case(
        "JSON-LD of 1 MB",
        lambda: _linked_data('{"@type": "NewsArticle", "a": [' + "1, " * 330_000 + "1]}"),
    )
    yield Case("JSON-LD 100,000 deep", lambda: _linked_data("[" * 100_000 + "]" * 100_000))
    yield Case(
        "JSON-LD 20,000 objects",
        lambda: _linked_data(
            "[" + ",".join(['{"@type": "Article", "author": ["a"]}'] * 20_000) + "]"
        ),
    )
    yield Case("JSON-LD of comments", lambda: _linked_data("/*" * 200_000))
    yield Case("JSON-LD of commas", lambda: _linked_data("[1" + ", " * 200_000))
    yield Case("JSON-LD of spaces", lambda: _linked_data("[1," + " " * 400_000 + "x"))
    yield Case(
        "JSON-LD of a number",
        lambda: _linked_data('{"@type": "Article", "headline": ' + "9" * 500_000 + "}"),
    )
    yield Case(
        "2,000 JSON-LD scripts",
        lambda: _page(
            STORY, '<script type=\'application/ld+json\'>{"@type": "Article"}</script>' * 2_000
        ),
    )
    yield Case(
        "3,000 classes of suspects",
        lambda: _page(
            STORY
            + "".join(f"<div class='share{n} related-x{n}'>{TEXT}</div>" for n in range(3_000))
        ),
    )
    yield Case("UTF-16", lambda: _page(STORY).decode().encode("utf-16"))
    yield Case("UTF-32", lambda: _page(STORY).decode().encode("utf-32"))
    yield Case(
        "windows-1251 called UTF-8",
        lambda: _page(STORY).decode().encode("cp1251"),
        "text/html; charset=utf-8",
    )
    yield Case(
        "UTF-8 called an unknown charset", lambda: _page(STORY), "text/html; charset=klingon"
    )
    yield Case("truncated gzip", lambda: gzip.compress(_page(STORY * 100))[:200])
    yield Case("zeros", lambda: bytes(1_000_000))
    yield Case("nothing", lambda: b"")
    for name, trap in TRAPS.items():
        yield Case(f"trap: {name}", partial(_line, trap))
        yield Case(f"trap in short lines: {name}", partial(_line, trap[:280]))


def feeds() -> Iterator[Case]:
    """Hostile feeds."""
    item = "<item><title>a</title><guid>{n}</guid><link>https://a.example/{n}</link></item>"
    yield Case("100,000 items", lambda: _feed("".join(item.format(n=n) for n in range(100_000))))
    yield Case("10,000 items", lambda: _feed("".join(item.format(n=n) for n in range(10_000))))
    yield Case(
        "4.9 MB in one item",
        lambda: _feed(
            f"<item><title>a</title><description>{'a &amp; b ' * 490_000}</description></item>"
        ),
    )
    yield Case("billion laughs", lambda: _feed("<item><title>&a11;</title></item>", _LAUGHS))
    yield Case(
        "quadratic blow-up",
        lambda: _feed(f"<item><title>{'&a;' * 50_000}</title></item>", _BLOW_UP),
    )
    yield Case("an external entity", lambda: _feed("<item><title>&a;</title></item>", _OUTSIDE))
    yield Case(
        "an author of 32 KB",
        lambda: _feed(f"<item><title>a</title><author>{'a' * 32_000}</author></item>"),
    )
    yield Case(
        "10,000 authors",
        lambda: _feed(f"<item><title>a</title>{'<author>A B</author>' * 10_000}</item>"),
    )
    yield Case("CDATA that never ends", lambda: _feed("<item><title><![CDATA[" + "a" * 1_000_000))
    yield Case("100,000 starts of CDATA", lambda: _feed("<item><title>" + "<![CDATA[" * 100_000))
    yield Case("1,000,000 ampersands", lambda: _feed("<item><title>" + "&" * 1_000_000))
    yield Case("20,000 nested elements", lambda: _feed("<item><description>" + "<x>" * 20_000))
    yield Case("20,000 nested items", lambda: _feed("<item>" * 20_000))
    yield Case(
        "an attribute of 1 MB",
        lambda: _feed(f"<item a='{'a' * 1_000_000}'><title>a</title></item>"),
    )
    yield Case(
        "20,000 namespaces",
        lambda: _feed(
            "<item>" + "".join(f"<a{n}:b xmlns:a{n}='u{n}'/>" for n in range(20_000)) + "</item>"
        ),
    )
    yield Case(
        "NUL and control characters",
        lambda: _feed("<item><title>a" + "\0\x01\x1f" * 100_000 + "</title></item>"),
    )
    yield Case(
        "surrogates by number",
        lambda: _feed("<item><title>" + "&#xD83D;&#0;&#99999999999;" * 50_000 + "</title></item>"),
    )
    yield Case("comments that never end", lambda: _feed("<!-- " * 200_000))
    yield Case(
        "UTF-32", lambda: _feed("<item><title>Мост</title></item>").decode().encode("utf-32")
    )
    yield Case("truncated gzip", lambda: gzip.compress(_feed("<item/>" * 1_000))[:60])
    yield Case("JSON 100,000 deep", lambda: b"[" * 100_000)
    yield Case(
        "JSON Feed of 50,000 items",
        lambda: (
            b'{"version": "https://jsonfeed.org/version/1.1", "items": ['
            + b",".join([b'{"id": "1", "title": "a"}'] * 50_000)
            + b"]}"
        ),
    )
    yield Case("JSON with a number of 1 MB", lambda: b'{"items": [' + b"9" * 1_000_000 + b"]}")
    for name, trap in TRAPS.items():
        yield Case(
            f"trap: {name}",
            partial(
                _feed,
                f"<item><title>{trap}</title><pubDate>{trap}</pubDate><link>{trap}</link>"
                f"<author>{trap}</author><description>{trap}</description></item>",
            ),
        )


def stories() -> Iterator[tuple[str, str, str]]:
    """Entries that a worker reads in time, and that are hostile to what is done with them then.

    Yields:
        The path of the page, the entry, which every second time links to it, and what the page
        says, which is the same.
    """
    traps = [trap[:_LONG] for trap in TRAPS.values()]
    traps += [trap * (_LONG // len(trap)) + "x" for trap in _SHORT_TRAPS]
    for number, trap in enumerate(traps):
        path, text = f"/{number}", f"{TEXT}{trap}"
        fields = "".join(
            f"<{name}>{said}</{name}>"
            for name, said in (
                ("guid", f"https://news.example/{number}{trap}"),
                ("title", f"{number} {trap}"),
                ("link", "" if number % 2 else path),
                ("description", trap if number % 2 else text[:900]),
                ("category", trap[:180]),
                ("category", "Мост: " + trap[:180]),
                ("pubDate", trap[:400]),
                ("author", trap),
            )
        )
        picture = f"<enclosure type='image/png' url='https://news.example/{trap[:1500]}'/>"
        page = f"<p>{text}</p><p>{trap}</p>" + f"<p>{TEXT}</p>" * 3
        head = f"<title>{number} {trap}</title><meta name='description' content='{trap}'>"
        yield path, f"<item>{fields}{picture}</item>", f"<html><head>{head}</head><body>{page}"


def contents() -> Iterator[Case]:
    """Hostile content of feeds' entries."""
    for count in (90, 50_000):
        yield Case(f"{count:,} times <div> inside itself", partial(_around, "div", count))
    yield Case("200,000 small paragraphs", ("<p>a b c</p>" * 200_000).encode)
    yield Case("1,000,000 words without tags", lambda: b"word\n\n" * 500_000)
    yield Case("1 MB of less-than", lambda: b"<" * 1_000_000)
