"""The types that travel through the house: frozen values, one per phase, nothing half-filled."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field, TypeAdapter

T = TypeVar("T")

_USER = re.compile(r"(?<=//)[^/?#]*@")


# --- The body of an article: blocks over inline spans ---------------------------------------------


class Style(StrEnum):
    """How a span is set apart from the text around it."""

    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    STRIKE = "strike"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text in one style.

    Attributes:
        text: may hold a newline for a forced line break; white space is otherwise collapsed.
        styles: what applies to the whole run.
        link: an absolute ``http(s)``, ``mailto:`` or ``tel:`` address, or None.
    """

    text: str
    styles: frozenset[Style] = frozenset()
    link: str | None = None


Spans = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    spans: Spans
    kind: Literal["paragraph"] = "paragraph"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading inside the article; ``level`` is 2 to 6 (1 is the article's own title)."""

    spans: Spans
    level: int = 2
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody's words, a paragraph each, and who said them (empty where the page does not say)."""

    paragraphs: tuple[Spans, ...]
    attribution: Spans = ()
    kind: Literal["quote"] = "quote"


@dataclass(frozen=True, slots=True)
class ListItem:
    """One item and how deep it is nested (0 is the outermost level)."""

    spans: Spans
    depth: int = 0


@dataclass(frozen=True, slots=True)
class List:
    """A bulleted or (``ordered``) numbered list; numbering starts at ``start`` on each level."""

    items: tuple[ListItem, ...]
    ordered: bool = False
    start: int = 1
    kind: Literal["list"] = "list"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in the body: an absolute http(s) address, its caption and its alternative text."""

    url: str
    caption: Spans = ()
    alt: str = ""
    kind: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; ``header`` says that the first row names the columns."""

    rows: tuple[tuple[Spans, ...], ...]
    header: bool = False
    caption: Spans = ()
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Preformatted:
    """Text whose line breaks and spaces matter."""

    text: str
    kind: Literal["preformatted"] = "preformatted"


@dataclass(frozen=True, slots=True)
class Divider:
    """A pause between two parts."""

    kind: Literal["divider"] = "divider"


@dataclass(frozen=True, slots=True)
class Aside:
    """A note beside the story, such as "for reference"; ``title`` may be empty."""

    title: str
    paragraphs: tuple[Spans, ...]
    kind: Literal["aside"] = "aside"


@dataclass(frozen=True, slots=True)
class Contacts:
    """Whom to ask: one line (name, phone, e-mail, site) per entry; ``title`` may be empty."""

    title: str
    lines: tuple[Spans, ...]
    kind: Literal["contacts"] = "contacts"


Block = Annotated[
    Paragraph | Heading | Quote | List | Image | Table | Preformatted | Divider | Aside | Contacts,
    Field(discriminator="kind"),
]


@dataclass(frozen=True, slots=True)
class Document:
    """The body of an article, in reading order. No HTML travels further than ``ingest/``."""

    blocks: tuple[Block, ...] = ()

    def spans(self) -> Iterator[Spans]:
        """The runs of text in reading order, a paragraph (item, cell, line) at a time."""
        for block in self.blocks:
            match block:
                case Paragraph() | Heading():
                    yield block.spans
                case Quote():
                    yield from block.paragraphs
                    yield block.attribution
                case List():
                    yield from (item.spans for item in block.items)
                case Image():
                    yield block.caption
                case Table():
                    yield block.caption
                    for row in block.rows:
                        yield from row
                case Preformatted():
                    yield (Span(block.text),)
                case Aside():
                    yield (Span(block.title),)
                    yield from block.paragraphs
                case Contacts():
                    yield (Span(block.title),)
                    yield from block.lines
                case Divider():
                    pass

    def plain_text(self) -> str:
        """All text without styles, a paragraph a line; what search and checks look at."""
        lines = ("".join(span.text for span in spans).strip() for spans in self.spans())
        return "\n".join(line for line in lines if line)


_DOCUMENT: TypeAdapter[Document] = TypeAdapter(Document)


def dump_document(document: Document) -> str:
    """A document as JSON text, the form in which it is stored."""
    return _DOCUMENT.dump_json(document).decode()


def load_document(text: str) -> Document:
    """A stored document.

    Raises:
        ValueError: the text is not what ``dump_document`` wrote.
    """
    return _DOCUMENT.validate_json(text)


# --- What is read -----------------------------------------------------------------------------


def shown_url(url: str) -> str:
    """An address as people and logs may see it: without user name and password."""
    return _USER.sub("", url, count=1)


@dataclass(frozen=True, slots=True)
class Selectors:
    """CSS selectors by which an editor points at what is not found unasked; empty: none.

    Attributes:
        item: an article in the list; the others but ``article`` and ``drop`` are looked for inside.
        link, title, lead, date, image: of an article in the list.
        article: the article on its own page.
        drop: what is no part of it there.
    """

    item: str = ""
    link: str = ""
    title: str = ""
    lead: str = ""
    date: str = ""
    image: str = ""
    article: str = ""
    drop: str = ""


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """What the editor asked to read: an address and, where given, the section it belongs to.

    Attributes:
        selectors: where on its pages to look, or None to find it unasked.
        headers: names and values that are sent along, so that the site lets us through.
    """

    url: str
    section: str | None = None
    selectors: Selectors | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # may be secret


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a feed asks to be read.

    Attributes:
        pause: seconds between two reads, 0 where it does not say.
        skip_hours: hours of the day (0 to 23, UTC) at which it need not be read.
        skip_days: days of the week (Monday is 0, UTC) likewise.
    """

    pause: float = 0.0
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a source is read, and where it says that it has moved.

    Attributes:
        reads_url: where it is read instead of at its own address, or None.
        moved_to: where it permanently redirects to, not adopted yet, or None.
        moved_since: since when it does.
        untold: whether it has just moved for good to another host, so that somebody must be told.
    """

    reads_url: str | None = None
    moved_to: str | None = None
    moved_since: datetime | None = None
    untold: bool = False


GONE_FOR_GOOD = 2
"""Answers in a row that a source is gone, after which that is believed."""


@dataclass(frozen=True, slots=True)
class Source:
    """An address that we poll, with what we know of it from the last reads.

    Attributes:
        section: the title that the editor gave, or None: then each article names its own.
        reads_url: where it is read instead: the feed that its page names, or where it has moved to
            for good; None where it is read at ``url``.
        etag, last_modified: the validators of the last complete read, to be sent back verbatim.
        failures: reads that failed in a row.
        primed: whether a first read was completed; before it nothing is pushed.
        body_hash: of what the last complete read showed, or None.
        rhythm: what its feed asks for.
        moved_to, moved_since: where it permanently redirects to, and since when, or None.
        gone: answers in a row that it is gone for good.
        read_at: the last read that succeeded, or None.
        pinged_at: when its hub last said that there is news, where no read has answered that yet.
    """

    id: int
    url: str
    section: str | None
    etag: str | None
    last_modified: str | None
    failures: int
    primed: bool
    reads_url: str | None = None
    body_hash: str | None = None
    rhythm: Rhythm = Rhythm()
    moved_to: str | None = None
    moved_since: datetime | None = None
    gone: int = 0
    read_at: datetime | None = None
    pinged_at: datetime | None = None

    @property
    def whereabouts(self) -> Whereabouts:
        """Where it is read as things stand."""
        return Whereabouts(self.reads_url, self.moved_to, self.moved_since)


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed says about one article, as parsed.

    Attributes:
        guid: the entry's own identifier, or None.
        url: the absolute address of the article's page, or None.
        title, lead: plain text; either may be empty.
        published, updated: aware moments, or None where missing or senseless.
        image: the absolute address of a picture, or None.
        content: HTML of the article where the feed carries it, else of the summary, else empty.
        date_hint: when it was published as far as a list tells that names no time zone, read as
            UTC; what the article's page says goes before it.
        categories: what the feed files it under, in the feed's order; sections and tags alike.
        authors: names of people or organisations, at most 10.
    """

    guid: str | None
    url: str | None
    title: str
    lead: str
    published: datetime | None
    updated: datetime | None
    image: str | None
    content: str
    date_hint: datetime | None = None
    categories: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as parsed: its title (may be empty), its language, its entries in the feed's order.

    Attributes:
        rhythm: how often it asks to be read.
        hub: the absolute address of the first WebSub hub that it names, or None.
        own_url: the absolute address that it calls its own (``rel="self"``), or None.
    """

    title: str
    language: str | None
    entries: tuple[Entry, ...]
    rhythm: Rhythm = Rhythm()
    hub: str | None = None
    own_url: str | None = None


@dataclass(frozen=True, slots=True)
class Extracted:
    """What an article's page says. Everything but the document may be missing.

    Attributes:
        url: the canonical address that the page names, or None.
        lead: one or two sentences of plain text, or empty.
        sections: the path to the section that the page names, outermost first; may be empty.
        published, updated: aware moments, or None.
        guessed: the day on which it may have been published, where it does not say so; or None.
        reason: why the page was read in a cheaper way, or not beyond its head; else empty.
        declared: whether the page says itself that it is an article.
        body_hash: of the document (see ``page_state``) where it was taken already, else empty.
    """

    url: str | None
    title: str
    lead: str
    sections: tuple[str, ...]
    image: str | None
    language: str | None
    published: datetime | None
    updated: datetime | None
    document: Document
    authors: tuple[str, ...] = ()
    reason: str = ""
    declared: bool = False
    body_hash: str = ""
    guessed: datetime | None = None


class AliasKind(StrEnum):
    """By which of its names an article is known again."""

    GUID = "guid"
    URL = "url"
    CANONICAL = "canonical"
    TAIL = "tail"
    SHARED = "shared"
    SHARED_URL = "shared_url"


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of an article: its entry's id (within its source) or an address (anywhere).

    A canonical address is what the article's page calls itself. Sites get it wrong, naming one
    address on many pages, so that only an entry without an id is known by it.

    A tail is an id that is an address, without scheme and host: it stays when a site moves. It
    counts where the title or the date agrees. A shared name is an id, or an address, that the
    source gave to several articles: it names none of them, then and later.
    """

    kind: AliasKind
    key: str


@dataclass(frozen=True, slots=True)
class PageState:
    """An article's page as it was read last, by which the next look tells whether it was edited.

    Attributes:
        etag, last_modified: its validators, to be sent back verbatim.
        said: hashes of the title, the lead and the picture that it named.
        body_hash: the hash of its text.
    """

    etag: str | None
    last_modified: str | None
    said: str
    body_hash: str

    def says_the_same(self, other: PageState) -> bool:
        """Whether nothing was edited between the two."""
        return (self.said, self.body_hash) == (other.said, other.body_hash)


@dataclass(frozen=True, slots=True)
class NewArticle:
    """An article ready to be stored; whoever stores it gives it its number and its moment.

    Attributes:
        aliases: its own names; where one is known, so is the article.
        section: the path to its section: a title, or its parent's title and its own.
        extra: names that others may know it by, as far as they are free.
        seen: the fingerprint of what its entry says; a correction changes it.
        has_page: whether its page could be read.
        page: what was read there, or None.
        spoke_at: the newest moment that its entry names, of publication or of an update.
        sketch: what stands for its text where it is compared with others.
        updated: the moment of the last correction that the site names.
        fault: why its page could not be read, or not whole, so that something else serves as its
            text; else empty.
        again: whether that may pass, so that its page is to be asked again.
        guessed: whether nothing says that it was published when ``published`` has it.
    """

    aliases: tuple[Alias, ...]
    section: tuple[str, ...]
    url: str
    title: str
    lead: str
    image: str | None
    language: str | None
    published: datetime | None
    document: Document
    extra: tuple[Alias, ...] = ()
    seen: str | None = None
    has_page: bool = False
    page: PageState | None = None
    spoke_at: datetime | None = None
    sketch: bytes = b""
    authors: tuple[str, ...] = ()
    updated: datetime | None = None
    fault: str = ""
    again: bool = False
    guessed: bool = False


class Change(StrEnum):
    """What kind of edit the site made."""

    TYPO = "typo"  # letters within words, marks, looks: followed without a word
    MATERIAL = "material"
    HEADLINE = "headline"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Correction:
    """An edit of an article, by what it touches; None stays as it is.

    Attributes:
        push: of what a push shows: title, lead and picture.
        text: of the text behind it.
    """

    push: Change | None
    text: Change | None

    @property
    def kind(self) -> Change | None:
        """The weightier of the two."""
        weights = list(Change)
        kinds = [kind for kind in (self.push, self.text) if kind is not None]
        return max(kinds, key=weights.index, default=None)


# --- What is kept and shown -------------------------------------------------------------------


def section_key(path: Sequence[str]) -> str:
    """What a section is known by: its path without regard to case, to ё and to white space."""
    return "\n".join(" ".join(title.casefold().replace("ё", "е").split()) for title in path)


@dataclass(frozen=True, slots=True)
class Section:
    """The rubric a reader subscribes to; one that has a parent belongs to that as well."""

    id: int
    title: str
    parent: Section | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """The titles that lead to it, outermost first."""
        return (self.title,) if self.parent is None else (*self.parent.path, self.title)

    @property
    def name(self) -> str:
        """Its path as people read it."""
        return " · ".join(self.path)


@dataclass(frozen=True, slots=True)
class Article:
    """A stored article in full.

    Attributes:
        published: the moment the publisher names, or None.
        sorted_at: the moment that orders lists: the earlier of publication and first sight.
        image: the cover, or None.
        revision: rises when that changes which a push shows: a correction of title, lead or
            picture, a withdrawal, its end.
        corrected_at: the moment of the last correction, of the text too, or None.
        push_corrected_at: of the last one of what a push shows (title, lead, picture), or None.
        withdrawn_at: since when it is withdrawn, or None.
        fault: why its page could not be read, or not whole, so that something else serves as its
            text; else empty.
    """

    id: int
    section: Section
    url: str
    title: str
    lead: str
    image: str | None
    published: datetime | None
    sorted_at: datetime
    document: Document
    revision: int = 1
    corrected_at: datetime | None = None
    push_corrected_at: datetime | None = None
    withdrawn_at: datetime | None = None
    authors: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class ArticleCard:
    """An article as lists show it; the body stays in the database."""

    id: int
    title: str
    sorted_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A place in the list of articles: ``(sorted_at in microseconds since 1970 UTC, id)``."""

    at: int
    id: int


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items of a list, newest first, and the keys that lead on.

    Attributes:
        older: ask for items after this key, or None at the end.
        newer: ask for items before this key, or None at the start.
    """

    items: tuple[T, ...]
    older: Key | None
    newer: Key | None


@dataclass(frozen=True, slots=True, order=True)
class Rank:
    """A place among what a search has found: ``(score, sorted_at as in a Key, id)``."""

    score: int
    at: int
    id: int


@dataclass(frozen=True, slots=True)
class Found:
    """Some of the articles that a search has found, best first, and the places that lead on.

    Attributes:
        worse: ask for articles after this place, or None at the end.
        better: ask for articles before this place, or None at the start.
    """

    items: tuple[ArticleCard, ...]
    worse: Rank | None
    better: Rank | None


# --- Who reads --------------------------------------------------------------------------------


class ChatKind(StrEnum):
    """What kind of chat a reader is, in Telegram's words."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Chat:
    """Where in Telegram a reader is: ``thread_id`` is a forum topic, 0 for the chat itself."""

    id: int
    kind: ChatKind
    thread_id: int = 0


@dataclass(frozen=True, slots=True)
class Reader:
    """A Telegram chat known to the bot; it need not subscribe.

    Attributes:
        locale: the language to speak, one that has a catalogue.
        active: False from the moment that Telegram says we may not write there.
    """

    id: int
    chat: Chat
    locale: str
    active: bool


@dataclass(frozen=True, slots=True)
class SectionChoice:
    """A section and whether this reader gets its articles.

    Attributes:
        inherited: whether they come because the reader subscribes to its parent.
    """

    section: Section
    subscribed: bool
    inherited: bool = False


# --- What goes out ----------------------------------------------------------------------------


class Priority(IntEnum):
    """Which broadcasts go first; the smaller number."""

    BREAKING = 0
    NEWS = 1


class BroadcastState(IntEnum):
    """Where a broadcast stands; deliveries of an OPEN one, and of no other, are sent."""

    OPEN = 0
    HALTED = 1  # too many refusals: a person decides
    DONE = 2
    EXPIRED = 3
    WITHDRAWN = 4
    HELD = 5  # almost all of a feed was new at once: a person decides whether it goes out


class Form(IntEnum):
    """How much of an article's looks Telegram takes; each refusal leads to the next."""

    FULL = 0
    BARE = 1  # without its picture
    PLAIN = 2  # text alone


class DeliveryState(IntEnum):
    """Where a delivery stands; ``docs/architecture.md`` draws the arrows."""

    QUEUED = 0
    LEASED = 1
    SENDING = 2
    SENT = 3
    FAILED = 4
    UNKNOWN = 5
    CANCELLED = 6
    EXPIRED = 7


class OnUnknown(StrEnum):
    """What becomes of a send whose answer never came."""

    RESEND = "resend"
    DROP = "drop"


DeliveryKey = tuple[int, int]
"""What a delivery is known by: its broadcast's number and its reader's; they sort by age."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One broadcast to one reader, as claimed by a sender.

    Attributes:
        attempt: how often it was claimed, this time included.
        doubts: how many earlier sends ended without an answer, so that it may have arrived.
        lease: the term under which it was claimed; its holder, and nobody else, may move it on.
        missing_since: when Telegram first did not find the chat, or None where it knows it.
        section_id: of the further section of the article that brings it; None: its own does.
    """

    broadcast_id: int
    article_id: int
    reader: Reader
    priority: Priority
    attempt: int
    doubts: int
    lease: int
    missing_since: datetime | None = None
    section_id: int | None = None

    @property
    def key(self) -> DeliveryKey:
        """Its broadcast's number and its reader's."""
        return self.broadcast_id, self.reader.id


@dataclass(frozen=True, slots=True)
class Begun:
    """What is to be sent now, as the transaction that allowed it saw it.

    Attributes:
        form: how much of the article's looks Telegram takes.
        revision: of the article; who shows it names it in the record.
        forced: whether a person had this broadcast go on in spite of refusals.
    """

    delivery: Delivery
    form: Form
    revision: int
    forced: bool = False


# --- The processes that share a database ------------------------------------------------------


class Role(StrEnum):
    """What a process may do; of all that share a database, one at a time reads and one sends."""

    READ = "read"  # sources
    SEND = "send"  # all that leaves for Telegram, and so what comes from there
    WEB = "web"  # what Telegram posts


# --- What Telegram is to show -----------------------------------------------------------------


class EntityKind(StrEnum):
    """The entities that we use, by Telegram's own names."""

    BOLD = "bold"
    ITALIC = "italic"
    UNDERLINE = "underline"
    STRIKE = "strikethrough"
    CODE = "code"
    PRE = "pre"
    LINK = "text_link"
    QUOTE = "blockquote"
    EXPANDABLE_QUOTE = "expandable_blockquote"


@dataclass(frozen=True, slots=True)
class Entity:
    """Formatting of a part of a text; offset and length count UTF-16 code units.

    https://core.telegram.org/bots/api#messageentity
    """

    kind: EntityKind
    offset: int
    length: int
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Text as Telegram takes it: plain characters and entities, so it cannot fail to parse."""

    plain: str
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button: exactly one of callback ``data`` (1 to 64 bytes) and ``url`` is set."""

    label: str
    data: str | None = None
    url: str | None = None


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """What a person sees: a body, a picture shown large above it, and rows of buttons."""

    body: Text
    image: str | None = None
    keyboard: Keyboard = field(default=())
