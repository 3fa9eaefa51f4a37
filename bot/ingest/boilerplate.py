"""What on a page is not the article: told by structure first, then by a small vocabulary."""

from __future__ import annotations

import re
from collections import Counter
from enum import IntEnum
from functools import lru_cache

from bot.ingest.dom import Node, attribute, name_words, tag_of

# --- Structure ------------------------------------------------------------------------------


class Suspicion(IntEnum):
    """How much an element looks like something beside the article."""

    NONE = 0
    WEAK = 1  # its text is kept only where the text extraction kept it
    STRONG = 2  # its text is dropped, unless most of the article stands in it


# Never text of an article, whatever stands in it.
SKIPPED_TAGS = frozenset(
    "head script style template svg canvas math iframe frame frameset noframes embed object applet"
    " video audio map input select option textarea datalist progress meter link meta"
    " amp-ad amp-analytics amp-sidebar amp-social-share ins.adsbygoogle".split()
)
_STRONG_TAGS = frozenset({"nav", "footer", "form", "dialog", "menu", "fieldset"})
_STRONG_ROLES = frozenset(
    "navigation banner contentinfo search complementary dialog alertdialog alert menu menubar"
    " toolbar tablist form".split()
)
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)

_STRONG_WORDS = frozenset(
    # English
    "share shares sharing sharebar sharer social socials sociallinks addthis addtoany sharethis"
    " likes likely related relatedposts recirc recirculation recommended recommendations"
    " newsletter newsletters subscribe subscription subscriptions signup"
    " comments commentlist commentform disqus"
    " respond breadcrumb breadcrumbs crumbs cookie cookies consent gdpr advert adverts"
    " advertisement ads adsbygoogle adfox sponsored taboola outbrain sidebar pagination pager"
    " navigation nav navbar menu popup modal login rating ratings trending"
    " printfriendly toolbar skip noprint screenreader"
    # Russian, in the Latin letters of class names
    " podelitsya podelitsa podelis soc socseti pohozhie pohozie chitayte chitajte chitaite takzhe"
    " reklama podpiska podpisatsya kommentarii kommentarij kommenty kroshki tegi menyu"
    " podval poisk rekomenduem rekomendacii rassylka golosovanie oprosy".split()
)
_STRONG_PAIRS = frozenset(
    {
        ("read", "also"), ("read", "next"), ("read", "more"), ("see", "also"), ("up", "next"),
        ("most", "popular"), ("most", "read"), ("more", "news"), ("more", "stories"),
        ("other", "news"), ("last", "news"), ("latest", "news"), ("similar", "news"),
        ("related", "news"), ("tag", "list"), ("tags", "list"), ("tags", "links"),
        ("post", "tags"), ("news", "tags"), ("article", "tags"), ("entry", "tags"),
        ("cat", "links"), ("author", "bio"), ("author", "box"), ("author", "card"),
        ("about", "author"), ("post", "navigation"), ("po", "teme"), ("drugie", "novosti"),
        ("eshche", "novosti"), ("chitat", "takzhe"), ("sign", "up"), ("stay", "connected"),
        ("stay", "tuned"), ("follow", "us"), ("hlebnye", "kroshki"), ("inform", "counter"),
        ("print", "only"), ("visually", "hidden"), ("screen", "reader"), ("ya", "share2"),
        ("materialy", "temy"), ("entry", "footer"), ("next", "prev"), ("prev", "next"),
    }
)  # fmt: skip
_WEAK_WORDS = frozenset(
    "tags author authors byline avtor avtory meta counter counters views prosmotry promo"
    " teaser teasers banner banners ad adv date data time rubric rubrika category categories"
    " popular similar recommend more next previous tag tegs aside"
    " toc print source feedback poll quiz donate donation support hidden hide toggle"
    " disclaimer footer topics keywords"
    " subscribers follow app telegram".split()
)


def suspicion(node: Node) -> Suspicion:
    """How much an element looks like something beside the article, by tag, role, class and id."""
    tag = tag_of(node)
    if tag in {"html", "body"}:
        return Suspicion.NONE
    if tag in _STRONG_TAGS or is_hidden(node):
        return Suspicion.STRONG
    if attribute(node, "role").lower() in _STRONG_ROLES:
        return Suspicion.STRONG
    if attribute(node, "itemprop") == "articleBody":
        return Suspicion.NONE
    named = _named(node.get("class") or "", node.get("id") or "")
    if tag == "aside":
        return max(named, Suspicion.WEAK)
    return named


def is_hidden(node: Node) -> bool:
    """Whether the element says itself that nobody sees it."""
    if node.get("hidden") is not None or attribute(node, "aria-hidden").lower() == "true":
        return True
    style = node.get("style")
    return style is not None and _HIDDEN_STYLE.search(style) is not None


@lru_cache(maxsize=8192)
def _named(classes: str, identity: str) -> Suspicion:
    """What the names of an element say of it."""
    strongest = Suspicion.NONE
    for name in (*classes.split()[:20], identity):
        found = name_words(name)
        if not found:
            continue
        if _STRONG_WORDS.intersection(found) or not _STRONG_PAIRS.isdisjoint(
            zip(found, found[1:], strict=False)
        ):
            return Suspicion.STRONG
        if _WEAK_WORDS.intersection(found):
            strongest = Suspicion.WEAK
    return strongest


def certain(root: Node, most: float) -> set[Node]:
    """The elements that are boilerplate whatever the extraction kept: all too short to be else.

    Args:
        root: the page.
        most: characters; strongly suspect elements of one class that hold more of them together
            may be where the article stands.
    """
    sizes: Counter[Node | str] = Counter()
    found: list[tuple[Node, Node | str]] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if tag_of(node) in SKIPPED_TAGS:
            continue
        if suspicion(node) is Suspicion.STRONG:
            name = suspect_name(node)
            sizes[name] += sum(len(str(text)) for text in node.itertext())
            found.append((node, name))
        else:
            waiting.extend(node)
    return {node for node, name in found if sizes[name] < most}


def suspect_name(node: Node) -> Node | str:
    """What suspects have in common: there are sites that put a suspicious class on each paragraph."""
    return node.get("class") or node


# --- Words ----------------------------------------------------------------------------------

_LONGEST_LINE = 300  # characters; longer text is never judged by how it begins

_OTHER_PART = re.compile(
    r"""(?:
    (?:материалы|новости|статьи|публикации|ещ[её]|читайте|сюжеты|видео|фото)?\ ?по\ (?:этой\ )?теме
    | (?:читайте|читать|смотрите|смотреть|слушайте|узнайте)\ (?:также|ещ[её]|далее|дальше|по\ теме)
    | (?:похожие|другие|последние|главные|свежие|актуальные|популярные|важные|связанные|новые)
      \ (?:новости|материалы|статьи|записи|публикации|события)(?:\ .{,40})?
    | ещ[её]\ (?:новости|материалы|статьи|в\ рубрике\ .{,60})
    | рекомендуем(?:\ (?:также|почитать|прочитать|посмотреть))? | рекомендации
    | (?:вам|вас)\ (?:также\ )?(?:может|могут)\ (?:быть\ )?(?:интересн\w+|понравит\w+|заинтересовать)
    | (?:самое\ )?(?:популярное|читаемое|обсуждаемое) | выбор\ редакции | сейчас\ читают
    | (?:новости|материалы)\ (?:партн[её]ров|сми2?|раздела|рубрики) | лента\ новостей | все\ новости
    | оставайтесь\ на\ связи | подпишитесь(?:\ .{,80})? | подписывайтесь(?:\ .{,80})?
    | подписка(?:\ на\ .{,60})? | мы\ в\ (?:соцсетях|социальных\ сетях)
    | поделиться(?:\ .{,40})? | поделитесь(?:\ .{,60})? | расскажите\ друзьям
    | комментарии(?:\ к\ .{,60}|\ ?\(?\d+\)?)? | (?:оставить|добавить|написать)\ комментари\w+
    | обсуждение | теги | метки | ключевые\ слова | реклама
    | read\ (?:also|more|next|on)(?:\ .{,40})? | also\ read | see\ more(?:\ .{,40})? | up\ next | what's\ next
    | related(?:\ (?:articles?|stories|posts?|news|content|topics|links|coverage|reading|items))?
    | more\ (?:on\ this\ (?:story|topic)|stories|news|like\ this|(?:from|in)\ .{,60})
    | (?:you\ (?:may|might)\ (?:also\ )?(?:like|be\ interested\ in)|recommended(?:\ .{,40})?)
    | (?:most\ (?:read|popular|viewed)|trending(?:\ now)?|latest\ (?:news|stories)|editor'?s?'?\ picks?)
    | share(?:\ (?:this|on|via)(?:\ .{,40})?)? | comments?\ ?(?:\(?\d+\)?)? | \d+\ comments?
    | leave\ a\ (?:reply|comment) | join\ the\ (?:conversation|discussion) | tags | keywords | topics
    | (?:sign\ up|subscribe)(?:\ .{,80})? | newsletters? | stay\ (?:connected|in\ touch|tuned)
    | follow\ us(?:\ .{,40})? | advertisement | sponsored(?:\ content)?
    )\s*[:.…!→»>]*""",
    re.IGNORECASE | re.VERBOSE,
)
_SERVICE_LINE = re.compile(
    r"""(?:
    спасибо\ за\ (?:интерес|подписку|обращение|ваш)\b
    | к\ сожалению,\ во\ время\ (?:регистрации|оформления|отправки)
    | ваша\ подписка\b | вы\ успешно\ подпис
    | подпи(?:шитесь|сывайтесь)\ на\b | подпи(?:шитесь|сывайтесь|саться)$
    | (?:если\ вы\ )?(?:нашли|заметили|увидели)\ (?:ошибку|опечатку|неточность)
    | выделите\ (?:е[её]|ошибку|фрагмент|текст) | сообщить\ об\ (?:ошибке|опечатке)
    | версия\ для\ (?:печати|слабовидящих) | распечатать | скопировать\ ссылку | вернуться\ к\ списку
    | (?:теги|метки|ключевые\ слова|рубрики?|категори[ия]|просмотр(?:ов|ы)|количество\ просмотров)\s*:
    | просмотров\ \d | (?:дата\ публикации|опубликовано)\s*:?\s*\d
    | реклама(?:$|[.:]) | на\ правах\ рекламы | поделиться(?:$|:|\ в\b) | поделитесь\b
    | (?:мы|наш\ канал)\ в\ (?:telegram|телеграм|vk|вконтакте|дзен|max)
    | сообщение\ .{,200}\ появил(?:ись|ось|ась)\ сначала\ на\b
    | (?:назад|наверх|вверх|к\ списку|все\ новости)$
    | the\ post\ .{,200}\ (?:appeared\ first\ on|first\ appeared\ on)\b
    | thank\ you\ for\ (?:subscribing|signing\ up|your\ interest) | (?:sign\ up|subscribe)\ (?:to|for)\b
    | (?:advertisement|sponsored)$ | share\ (?:this|on)\b | click\ (?:here\ )?to\ (?:share|print|email)
    | (?:tags|filed\ under|posted\ in|views|categories)\s*: | follow\ us\b | \d+\ (?:views|просмотр\w*)$
    | (?:print|email|save|copy\ link|back\ to\ (?:top|list)|skip\ advertisement)$
    | we\ use\ cookies | мы\ используем\ (?:файлы\ )?cookie
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_POINTER = re.compile(
    r"(?:читайте|читать|смотрите|смотреть|узнайте)\s+(?:также|ещ[её]|по\s+теме|подробнее)"
    r"|(?:материалы|новости|ещ[её])?\s*по\s+теме\s*:|ранее\s*:|подробнее\s*:"
    r"|(?:read|see)\s+(?:also|more|next)|also\s+read|related\s*:|more\s*:|recommended\s*:",
    re.IGNORECASE,
)
_DATE_LINE = re.compile(
    r"(?:опубликовано|дата|posted(?:\ on)?|published(?:\ on)?|updated(?:\ on)?|обновлено)?[:\s]*"
    r"(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2}"
    r"|\d{1,2}\s+[а-яa-z]{3,9}\.?,?\s+\d{4}(?:\s*(?:г\.|года))?|[a-z]{3,9}\.?\s+\d{1,2},\s+\d{4})"
    r"[,\s|/·•–—-]*(?:в\s+|at\s+)?(?:\d{1,2}:\d{2}(?::\d{2})?)?\s*(?:мск|msk|[ap]\.?m\.?|[a-z]{2,4})?",
    re.IGNORECASE,
)


def opens_other_part(text: str) -> bool:
    """Whether a line is the heading of links, forms or comments that follow an article."""
    return len(text) <= _LONGEST_LINE and _OTHER_PART.fullmatch(text) is not None


def is_service_line(text: str, linked: float) -> bool:
    """Whether a paragraph serves the site rather than the story.

    Args:
        text: the paragraph on one line.
        linked: the share of its characters that are links, 0 to 1.
    """
    if len(text) > _LONGEST_LINE:
        return False
    if _SERVICE_LINE.match(text) or _DATE_LINE.fullmatch(text):
        return True
    return linked > 0.3 and _POINTER.match(text) is not None  # noqa: PLR2004 - a third is a link
