"""The texts to publish: those written for the site, and as many as wanted made from templates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from html import escape
from importlib.resources import files
from itertools import count

from sandbox.newsroom.articles import Draft

# Towns that do not exist: "in the town", "of the town".
_TOWNS = (
    ("Светлореченске", "Светлореченска"),
    ("Озёрном Плёсе", "Озёрного Плёса"),
    ("Нижних Ключах", "Нижних Ключей"),
    ("Каменном Бору", "Каменного Бора"),
    ("Верхнелесье", "Верхнелесья"),
    ("Старой Слободе", "Старой Слободы"),
    ("Рябиновске", "Рябиновска"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A text of the site and how long before now it was published."""

    age: timedelta
    draft: Draft


def samples() -> list[Sample]:
    """The texts in ``texts/``, oldest first."""
    return sorted(_folder("texts"), key=lambda sample: sample.age, reverse=True)


def templated(start: int) -> Iterator[Draft]:
    """Endless short texts, each unlike the others; ``start`` is the first one's number."""
    templates = [sample.draft for sample in _folder("templates")]
    for number in count(start):
        template = templates[number % len(templates)]
        where, of = _TOWNS[number % len(_TOWNS)]
        names = {"where": where, "of": of, "number": number}
        yield replace(
            template,
            title=template.title.format(**names),
            body_html=template.body_html.format(**names),
        )


def paragraphs_html(paragraphs: Sequence[str]) -> str:
    """Plain text as HTML, a paragraph each."""
    return "\n".join(f"<p>{escape(text)}</p>" for text in paragraphs)


def _folder(name: str) -> list[Sample]:
    folder = files("sandbox.newsroom") / name
    paths = sorted(folder.iterdir(), key=lambda path: path.name)
    return [_read(path.read_text("utf-8")) for path in paths]


def _read(text: str) -> Sample:
    """A file: lines ``name: value``, an empty line, the body as HTML.

    The names are those of ``Draft``, and ``age`` in minutes.
    """
    head, _, body = text.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    draft = Draft(
        title=fields["title"],
        lead=fields["lead"],
        body_html=body.strip(),
        section=fields["section"],
        image={"yes": True, "no": False}.get(fields["image"], fields["image"]),
        language=fields["language"],
    )
    return Sample(timedelta(minutes=int(fields.get("age", "0"))), draft)
