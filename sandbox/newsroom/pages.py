"""The site's pages as HTML, with all that surrounds an article on a real site."""

from __future__ import annotations

import json
from datetime import datetime
from html import escape

from sandbox.newsroom.articles import SECTIONS, SITE_TITLE, Article
from sandbox.newsroom.uploads import media_type

_MONTHS = (
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
)
_FEEDS: tuple[tuple[str, str], ...] = (
    ("application/rss+xml", "/feed.xml"),
    ("application/atom+xml", "/atom.xml"),
    ("application/feed+json", "/feed.json"),
)
_RELATED = 3

_STYLE = """
body{margin:0;font:18px/1.55 Georgia,serif;color:#222;background:#fff}
header,footer,main,.cookie{max-width:46rem;margin:0 auto;padding:0 1rem}
header,footer,.cookie,nav,.share,.related,.touch,.subscribe{font-family:sans-serif;font-size:15px}
header ul,.share ul,.touch ul{list-style:none;display:flex;gap:1.2rem;padding:0;flex-wrap:wrap}
img{max-width:100%;height:auto}figure{margin:1.5rem 0}
figcaption{color:#666;font:14px sans-serif}
.lead{font-size:21px}blockquote{border-left:4px solid #d60;margin:1.5rem 0;padding-left:1rem}
.note,.contacts{background:#f4f1ea;padding:.6rem 1rem;margin:1.5rem 0}
table{border-collapse:collapse}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left}
.subscribe__error,.subscribe__done,.sent form{display:none}.sent .subscribe__done{display:block}
.cookie{background:#333;color:#fff;padding:.5rem 1rem}
footer{border-top:1px solid #ccc;margin-top:2rem;color:#666}
"""

_COOKIE_NOTE = """<div class="cookie" id="cookie-note">
<p>Мы используем файлы cookie, чтобы сайт работал лучше. Оставаясь на сайте, вы соглашаетесь с
<a href="/about/privacy/">правилами обработки данных</a>.</p>
<button type="button" onclick="this.parentNode.remove()">Понятно</button>
</div>"""

_STAY_IN_TOUCH = """<section class="touch">
<h2>Оставайтесь на связи</h2>
<ul>
<li><a href="https://social.example/gorod-vmeste">Сообщество программы</a></li>
<li><a href="https://video.example/gorod-vmeste">Видеоканал</a></li>
<li><a href="mailto:hello@example.org">Написать письмо</a></li>
</ul>
</section>"""

_SUBSCRIBE = """<section class="subscribe">
<h2>Подпишитесь на новости</h2>
<form action="#" onsubmit="this.parentNode.classList.add('sent');return false">
<label>Электронная почта <input type="email" name="email" placeholder="name@example.org"></label>
<label><input type="checkbox" name="consent"> Согласен на обработку персональных данных</label>
<button type="submit">Подписаться</button>
</form>
<p class="subscribe__error">Не получилось оформить подписку. Ничего страшного: подождите немного и
попробуйте ещё раз.</p>
<p class="subscribe__done">Подписка оформлена. Спасибо, что остаётесь с нами!</p>
</section>"""

_FOOTER = """<footer>
<p>© Программа «Город вместе». При перепечатке материалов ссылка на сайт обязательна.</p>
<p>000000, г. Светлореченск, ул. Соседская, 1 · <a href="tel:+70000000000">+7 (000) 000-00-00</a> ·
<a href="mailto:press@example.org">press@example.org</a></p>
<p><a href="/about/">О программе</a> · <a href="/about/privacy/">Обработка данных</a> ·
<a href="#top">Наверх</a></p>
<p>Сайт разработан в студии «Три окна». 12+</p>
</footer>"""


def listing_page(base: str, section: str | None, articles: list[Article]) -> str:
    """The front page or, for a section's address, that section's page."""
    if section is None:
        title, path, feeds = "Новости", "/", _FEEDS
    else:
        title, path = SECTIONS[section], f"/sections/{section}/"
        feeds = (("application/rss+xml", f"{path}feed.xml"),)
    head = [
        f'<link rel="canonical" href="{escape(base + path)}">',
        f'<meta property="og:title" content="{escape(title)}">',
        f'<meta property="og:site_name" content="{SITE_TITLE}">',
    ]
    cards = "\n".join(_card(article) for article in articles)
    main = f'<h1>{escape(title)}</h1>\n<div class="cards">\n{cards}\n</div>'
    return _page(title, head, _alternates(base, title, feeds), main)


def article_page(base: str, article: Article, others: list[Article]) -> str:
    """An article's page; ``others`` are what else there is to read, newest first."""
    section = SECTIONS[article.section]
    share = f"https://share.example/?url={escape(article.url)}"
    cover = ""
    if article.image is not None:
        cover = (
            f'<div class="article__thumb"><img src="{escape(article.image)}" width="1200" '
            'height="630" alt="Миниатюра"></div>'
        )
    main = f"""<nav class="breadcrumbs" aria-label="Вы здесь"><a href="/">Новости</a>:
<a href="/sections/{article.section}/">{escape(section)}</a></nav>
<article lang="{escape(article.language)}">
<h1 class="article__title">{escape(article.title)}</h1>
<p class="article__date">{_time(article.published)}</p>
{cover}
<div class="article__body">
{f'<p class="lead">{escape(article.lead)}</p>' if article.lead else ""}
{article.body_html}
</div>
</article>
<div class="share"><h4>Поделиться</h4><ul>
<li><a href="{share}&amp;to=messenger">Отправить в мессенджер</a></li>
<li><a href="{share}&amp;to=mail">Отправить по почте</a></li>
<li><a href="#" onclick="window.print();return false">Распечатать</a></li>
</ul></div>
{_related(article, others)}"""
    alternates = _alternates(base, "Новости", _FEEDS)
    return _page(article.title, _head(article), alternates, main, article.language)


def message_page(title: str, text: str) -> str:
    """A page that says something instead of showing an article."""
    main = f'<h1>{escape(title)}</h1>\n<p>{escape(text)}</p>\n<p><a href="/">К новостям</a></p>'
    return _page(title, ['<meta name="robots" content="noindex">'], "", main)


def _page(title: str, head: list[str], alternates: str, main: str, language: str = "ru") -> str:
    menu = "\n".join(
        f'<li><a href="/sections/{slug}/">{escape(name)}</a></li>'
        for slug, name in SECTIONS.items()
    )
    meta = "\n".join(head)
    return f"""<!DOCTYPE html>
<html lang="{escape(language)}" id="top">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} — {SITE_TITLE}</title>
{meta}
{alternates}
<style>{_STYLE}</style>
</head>
<body>
{_COOKIE_NOTE}
<header>
<a class="logo" href="/"><strong>{SITE_TITLE}</strong></a>
<nav aria-label="Разделы"><ul>
<li><a href="/">Все новости</a></li>
{menu}
<li><a href="/about/">О программе</a></li>
</ul></nav>
<form class="search" action="/search/" role="search"><input type="search" name="q"
placeholder="Поиск по сайту"><button type="submit">Найти</button></form>
</header>
<main>
{main}
{_STAY_IN_TOUCH}
{_SUBSCRIBE}
</main>
{_FOOTER}
</body>
</html>
"""


def _head(article: Article) -> list[str]:
    named = {"description": article.lead}
    properties = {
        "og:type": "article",
        "og:title": article.title,
        "og:description": article.lead,
        "og:url": article.url,
        "og:site_name": SITE_TITLE,
        "og:locale": "en_GB" if article.language == "en" else "ru_RU",
        "article:section": SECTIONS[article.section],
    }
    if article.image is not None:
        properties |= {"og:image": article.image, "og:image:type": media_type(article.image)}
    if article.published is not None:
        properties["article:published_time"] = article.published.isoformat()
    return [
        f'<link rel="canonical" href="{escape(article.url)}">',
        *(f'<meta name="{key}" content="{escape(value)}">' for key, value in named.items()),
        *(
            f'<meta property="{key}" content="{escape(value)}">'
            for key, value in properties.items()
        ),
        f'<script type="application/ld+json">{_structured(article)}</script>',
    ]


def _structured(article: Article) -> str:
    """The article for machines: https://schema.org/NewsArticle."""
    publisher = {"@type": "Organization", "name": SITE_TITLE}
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": article.title,
        "description": article.lead,
        "articleSection": SECTIONS[article.section],
        "inLanguage": article.language,
        "mainEntityOfPage": article.url,
        "author": publisher,
        "publisher": publisher,
    }
    if article.image is not None:
        data["image"] = [article.image]
    if article.published is not None:
        changed = article.corrected or article.published
        data["datePublished"] = article.published.isoformat()
        data["dateModified"] = changed.isoformat()
    # A text may hold "</script>"; as an escape it cannot end the element.
    return json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")


def _alternates(base: str, title: str, feeds: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(
        f'<link rel="alternate" type="{kind}" title="{escape(title)}" href="{escape(base + path)}">'
        for kind, path in feeds
    )


def _card(article: Article) -> str:
    picture = ""
    if article.image is not None:
        picture = f'<img src="{escape(article.image)}" alt="" loading="lazy" width="240">'
    return f"""<div class="card">{picture}
<h3><a href="{escape(article.url)}">{escape(article.title)}</a></h3>
<p>{_time(article.published)} · {escape(SECTIONS[article.section])}</p>
<p>{escape(article.lead)}</p></div>"""


def _related(article: Article, others: list[Article]) -> str:
    alike = sorted(others, key=lambda other: other.section != article.section)
    items = "\n".join(
        f'<li><a href="{escape(other.url)}">{escape(other.title)}</a></li>'
        for other in alike[:_RELATED]
    )
    return f'<section class="related">\n<h2>Материалы по теме</h2>\n<ul>{items}</ul>\n</section>'


def _time(moment: datetime | None) -> str:
    if moment is None:
        return ""
    words = f"{moment.day} {_MONTHS[moment.month - 1]} {moment:%Y, %H:%M}"
    return f'<time datetime="{moment.isoformat()}">{words}</time>'
