"""Who wrote an article: the names that pages and feeds give, without what stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.ingest.markup.dom import Node, attribute, class_words, tag_of, text_of, words
from bot.ingest.markup.inline import clean

MAX_AUTHORS = 10
MAX_CHARS = 100  # of one name
_LONGEST_LINE = 300  # characters; longer lines are no bylines
_MOST_BYLINES = 5  # elements that are looked at
_MOST_WORDS = 6  # of one name, an organisation's among them

_META = frozenset(
    {
        *("author", "article:author", "og:article:author", "dc.creator", "dcterms.creator"),
        *("parsely-author", "sailthru.author", "byl", "citation_author", "creator", "authors"),
    }
)
_BYLINE_WORDS = frozenset({"byline", "author", "authors", "avtor", "avtory"})
_BESIDE_WORDS = frozenset(
    {
        *("comment", "comments", "bio", "avatar", "image", "img", "photo", "social", "related"),
        *("description", "about", "quote", "share", "follow", "count", "widget", "sidebar", "meta"),
        "text",
    }
)
_OTHERS_WORDS = frozenset({"comment", "comments", "commentlist", "related", "sidebar", "widget"})
_NO_AUTHORS = frozenset(
    {
        *(
            "admin",
            "administrator",
            "administrador",
            "editor",
            "root",
            "user",
            "webmaster",
            "guest",
        ),
        *("author", "authors", "unknown", "anonymous", "redaktion", "redaktor", "redakcja"),
        *("редакция", "админ", "администратор", "редактор", "автор", "гость", "пользователь"),
        *("null", "none", "undefined", "n a", "super user", "superuser", "rédaction", "redacción"),
    }
)
# "By", "Written by", "Автор текста:" and the like before the names.
_ROLE = re.compile(
    r"""(?:
    (?:(?:written|posted|published|reported|story|words|text|article|report)\ )?by\b
    | (?:authors?|text|words|reporting|autor(?:en|es|a|in)?|auteurs?|texte?)\s*:
    | (?:von|par|por|di|door|af|av)\ (?=\w)
    | (?:авторы?|текст|автор(?:ы)?\ (?:текста|статьи|материала|публикации)|материал
      |источник|корреспондент)\s*:
    | (?:подготовил[аи]?|написал[аи]?|беседовал[аи]?|записал[аи]?|рассказал[аи]?)\b\s*:?
    | автор\b(?=\s+\w) | текст\b(?=\s+[А-ЯЁ])
    )\s*""",
    re.IGNORECASE | re.VERBOSE,
)
_CREDIT = re.compile(
    r"(?:фото(?:граф\w*)?|видео|инфографика|иллюстраци\w+|перевод\w*|photos?|photograph\w*|video"
    r"|illustrations?|images?|bilder|fotos?|edited|translated)\b",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*[,;|/•·\n]\s*|\s+(?:and|und|et|y|и|та|&|with|mit)\s+")
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>")  # some write markup into meta tags
_MAIL = re.compile(r"[^\s@()<>]{1,64}@[^\s@()<>]{1,255}")
_AFTER = re.compile(
    r"\s*(?:\(.*|(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?\ )?\d.*"
    r"|\s[-–—]\s.*|@.*)$",
    re.DOTALL | re.IGNORECASE,
)
_NAME_WORD = re.compile(r"[^\W\d_][\w'’.\-]*")
_JOB = re.compile(
    r"\b(?:editor|reporter|correspondent|journalist|writer|staff|contributor|columnist|producer"
    r"|critic|chief|senior|redakteur\w*|periodista|журналист\w*|корреспондент\w*|редактор\w*"
    r"|обозреватель|собкор\w*|директор\w*|professor|dr|phd|minutes?|updated|published)\b",
    re.IGNORECASE,
)


def authors(*sources: Iterable[str], site: str = "") -> tuple[str, ...]:
    """The names that the first telling source gives; at most 10 of at most 100 characters.

    Args:
        sources: lines such as "By Ann Lee and Bo Ray", the most trusted kind first.
        site: the name of the site, which is no author of its own.
    """
    for lines in sources:
        found: dict[str, str] = {}
        for line in lines:
            for name in _names(line):
                if words(name) != words(site):
                    found.setdefault(" ".join(words(name)), name)
        if found:
            return tuple(found.values())[:MAX_AUTHORS]
    return ()


def meta_authors(root: Node) -> Iterator[str]:
    """What the page's meta tags say; those that may come several times are all read."""
    for node in root.iter("meta"):
        for name in ("name", "property", "itemprop"):
            if attribute(node, name).lower() in _META:
                yield attribute(node, "content")


def shown_authors(root: Node) -> Iterator[str]:
    """The bylines of a page, those marked for machines first; comments have authors too."""
    marked: list[Node] = []
    named: list[Node] = []
    for node in root.iter("a", "span", "div", "p", "address", "li", "h3", "h4", "strong", "em"):
        rel, prop = node.get("rel"), node.get("itemprop")
        if (rel and "author" in rel.lower().split()) or (prop and "author" in prop.split()):
            marked.append(node)
        elif not (found := class_words(node)).isdisjoint(_BYLINE_WORDS) and (
            found.isdisjoint(_BESIDE_WORDS)
        ):
            named.append(node)
    for node in (*marked[:_MOST_BYLINES], *named[:_MOST_BYLINES]):
        if not any(class_words(around) & _OTHERS_WORDS for around in _near(node)):
            inner = next((n for n in node.iter() if attribute(n, "itemprop") == "name"), node)
            yield attribute(inner, "content") or text_of(inner, _LONGEST_LINE + 1)


def _near(node: Node) -> Iterator[Node]:
    """A few elements around a node, up to the body."""
    around = node.getparent()
    for _ in range(4):
        if around is None or tag_of(around) in {"body", "article", "main"}:
            return
        yield around
        around = around.getparent()


def _names(line: str) -> Iterator[str]:
    line = clean(_TAG.sub(" ", line[: _LONGEST_LINE + 1]))
    if not line or len(line) > _LONGEST_LINE or line.lower().startswith(("http:", "https:", "//")):
        return
    mail = _MAIL.search(line)
    if mail is not None:  # "desk@site.example (Ann Lee)", "Ann Lee <desk@site.example>"
        line = clean(_MAIL.sub(" ", line)).strip("()<>[] ,;")
    credited = False
    for at, part in enumerate(_BETWEEN.split(line)):
        role = _ROLE.match(part)
        if _CREDIT.match(part):
            credited = True  # and so are the names that follow, until it is the text's turn again
        elif role is not None:
            credited = False
        name = _AFTER.sub("", part[role.end() if role else 0 :]).strip(' .:;,-–—"«»“”')
        if not credited and _is_name(name, first=at == 0):
            yield name


def _is_name(name: str, *, first: bool) -> bool:
    """Whether it may be a name; after the first of a line only what is written like one."""
    parts = name.split()
    if not parts or len(name) > MAX_CHARS or len(parts) > _MOST_WORDS:
        return False
    if " ".join(words(name)) in _NO_AUTHORS or len(name) < 2:  # noqa: PLR2004 - a letter is none
        return False
    if first:
        return any(letter.isalpha() for letter in name)
    capitals = sum(1 for part in parts if part[0].isupper())
    return (
        len(parts) > 1
        and capitals >= len(parts) - 1
        and _JOB.search(name) is None
        and all(_NAME_WORD.match(part) for part in parts)
    )
