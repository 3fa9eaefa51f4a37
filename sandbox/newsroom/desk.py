"""The editor's side of the site: what is published, corrected and withdrawn, and in what order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from itertools import islice

from sandbox.newsroom.articles import SECTIONS, Article, Draft, slugify
from sandbox.newsroom.samples import paragraphs_html, samples, templated
from sandbox.newsroom.uploads import PICTURE_BYTES, suffix_of

_FIRST_TEMPLATED = 7  # so that "seven trees were planted" and not "one trees"


class Desk:
    """All that the site has published, newest first.

    Attributes:
        url: the site's base address, without a trailing slash.
        sections: address -> title.
        pictures: what the editor brought, by name.
    """

    def __init__(
        self,
        *,
        now: Callable[[], datetime],
        zone: tzinfo,
        feed_size: int,
        feed_limit: int,
        on_change: Callable[[], None] | None,
    ) -> None:
        self.url = ""
        self.sections = dict(SECTIONS)
        self.pictures: dict[str, bytes] = {}
        self._now = now
        self._zone = zone
        self._feed_size = feed_size
        self._feed_limit = feed_limit
        self._on_change = on_change
        self._articles: dict[str, Article] = {}
        self._told: dict[str, Article] = {}  # what the feeds say, where it is not what pages say
        self._withdrawn: set[str] = set()
        self._published = 0
        self._templated = templated(_FIRST_TEMPLATED)
        self._modified: datetime | None = None
        self._changed = True

    def publish(
        self,
        *,
        title: str,
        lead: str = "",
        paragraphs: Sequence[str] = (),
        body_html: str | None = None,
        section: str = "programma",
        image: bool | str = True,
        published: datetime | None = None,
        dated: bool = True,
        guid: str | None = None,
        language: str = "ru",
    ) -> Article:
        """Put an article on the site; it stands first in its feeds, whatever its date.

        Args:
            title: plain text.
            lead: plain text, a sentence or two.
            paragraphs: the body as plain text; unused where ``body_html`` is given.
            body_html: the body as trusted HTML.
            section: a key of ``sections``.
            image: True for a cover of its own, False for none, or a picture's name: one that
                ``add_picture`` gave, or any of Latin lower case, digits and hyphens, which is
                drawn, so that articles may share one.
            published: an aware moment; now where left out.
            dated: False keeps the date out of the page and the feeds.
            guid: the entry's name in the feeds; one is made where left out.
            language: of the text, ``ru`` or ``en``.

        Raises:
            ValueError: there is no such section, or ``published`` is naive.
        """
        if section not in self.sections:
            raise ValueError(f"no section {section!r}; there are {', '.join(self.sections)}")
        if published is not None and published.tzinfo is None:
            raise ValueError("published needs an offset from UTC")
        self._published += 1
        slug = slugify(title)
        if slug in self._articles or slug in self._withdrawn:
            slug = f"{slug}-{self._published}"
        picture = slug if image is True else image
        if isinstance(picture, str) and picture not in self.pictures:
            picture = f"{picture}.png"
        article = Article(
            number=self._published,
            slug=slug,
            url=f"{self.url}/news/{slug}/",
            guid=guid or f"tag:gorod-vmeste.example,2020:news/{self._published}",
            section=section,
            title=title,
            lead=lead,
            body_html=paragraphs_html(paragraphs) if body_html is None else body_html,
            image=f"{self.url}/media/{picture}" if picture else None,
            language=language,
            published=self._local(published or self._now()) if dated else None,
        )
        self._articles[slug] = article
        self._note_change()
        return article

    def publish_many(self, count: int) -> list[Article]:
        """Publish that many short texts at once; the feeds grow to show them all, up to a limit."""
        self._feed_size = max(self._feed_size, min(count, self._feed_limit))
        return [self._publish_draft(draft) for draft in islice(self._templated, count)]

    def publish_samples(self) -> list[Article]:
        """Publish the texts written for the site; the newest is a few minutes old."""
        now = self._now()
        return [self._publish_draft(sample.draft, now - sample.age) for sample in samples()]

    def correct(
        self,
        article: Article,
        *,
        title: str | None = None,
        lead: str | None = None,
        body_html: str | None = None,
        published: datetime | None = None,
        silently: bool = False,
    ) -> Article:
        """Change a published article in place; its address and guid stay. Returns it anew.

        Args:
            article: what was published.
            title: what it is now; whatever is left out stays, here and below.
            lead: likewise.
            body_html: likewise.
            published: the date to name instead, as some sites do when they edit.
            silently: whether the feeds go on saying what they said before.
        """
        current = self._articles[article.slug]
        corrected = replace(
            current,
            title=current.title if title is None else title,
            lead=current.lead if lead is None else lead,
            body_html=current.body_html if body_html is None else body_html,
            published=current.published if published is None else self._local(published),
            corrected=self._local(self._now()),
        )
        self._articles[article.slug] = corrected
        if silently:
            self._told.setdefault(article.slug, current)
            return corrected
        self._told.pop(article.slug, None)
        self._note_change()
        return corrected

    def withdraw(self, article: Article) -> None:
        """Take an article off the site: out of the feeds at once, its page is gone (410)."""
        del self._articles[article.slug]
        self._withdrawn.add(article.slug)
        self._note_change()

    def add_picture(self, content: bytes) -> str:
        """Keep a picture of the editor's; its name, which ``publish`` takes.

        Raises:
            ValueError: it is no PNG, JPEG, GIF or WebP, or larger than ``PICTURE_BYTES``.
        """
        suffix = suffix_of(content)
        if suffix is None:
            raise ValueError("a picture is a PNG, JPEG, GIF or WebP file")
        if len(content) > PICTURE_BYTES:
            raise ValueError(f"a picture has at most {PICTURE_BYTES} bytes, not {len(content)}")
        name = f"upload-{len(self.pictures) + 1}.{suffix}"
        self.pictures[name] = content
        return name

    def articles(self, section: str | None = None) -> list[Article]:
        """What the site shows, newest first."""
        newest = reversed(self._articles.values())
        return [article for article in newest if section in (None, article.section)]

    def shown(self, section: str | None = None) -> list[Article]:
        """What fits into a feed or a listing, newest first."""
        return self.articles(section)[: self._feed_size]

    def told(self, section: str | None = None) -> list[Article]:
        """The same as the feeds have it."""
        return [self._told.get(article.slug, article) for article in self.shown(section)]

    def article(self, slug: str) -> Article | None:
        """The article at this address, or None."""
        return self._articles.get(slug)

    def is_withdrawn(self, slug: str) -> bool:
        """Whether an article stood at this address and was taken off the site."""
        return slug in self._withdrawn

    def last_modified(self) -> datetime:
        """The moment of the last change, in whole seconds, as HTTP counts.

        Asking settles it. A change after that moves it on by a second at least, so a reader who
        knows nothing but this moment cannot miss what was published within the same second.
        """
        if self._changed:
            now = self._now().replace(microsecond=0)
            step = timedelta(seconds=1)
            self._modified = now if self._modified is None else max(now, self._modified + step)
            self._changed = False
        return self._modified or self._now()

    def _note_change(self) -> None:
        self._changed = True
        if self._on_change is not None:
            self._on_change()

    def _publish_draft(self, draft: Draft, published: datetime | None = None) -> Article:
        return self.publish(
            title=draft.title,
            lead=draft.lead,
            body_html=draft.body_html,
            section=draft.section,
            image=draft.image,
            published=published,
            language=draft.language,
        )

    def _local(self, moment: datetime) -> datetime:
        """A moment as the site writes it: in its own zone, to the second."""
        return moment.astimezone(self._zone).replace(microsecond=0)
