"""What holds for every document, however odd."""

import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model import (
    Aside,
    Contacts,
    Divider,
    Document,
    EntityKind,
    Heading,
    Image,
    List,
    ListItem,
    Paragraph,
    Preformatted,
    Quote,
    Span,
    Style,
    Table,
    Text,
)
from bot.render.boundaries import boundary
from bot.render.document import Labels, render
from bot.render.pages import pages
from bot.render.text import concat, cut, is_blank, link, plain_text, strip, styled
from tests.render.rules import assert_accepted, clusters, decorated

PIECES = st.sampled_from(
    [
        *[
            "мост ",
            "Мост открыт. ",
            "и ",
            "А. С. Петров ",
            "«Да!» — ",
            "3.5 ",
            "\n",
            " ",
            ": ",
            "— ",
        ],
        *[
            "👨‍👩‍👧",
            "🇷🇺",
            "🇰🇿🇧🇾 ",
            "👍🏽",
            "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
            "1️⃣",
            "e\u0301",
            "e\u0301\u0302\u0323 ",
            "й",
            "각",
            "क्षि",
        ],
        *["שלום", "مرحبا ", "\u202eabc", "\u2067x\u2069", "\u200f\u200f", "\u0301", "\u200d", "🏽"],
        *["\x00", "\ud800", "\t", "\r\n", "\u00a0", "\u2003", "日本語。", "слово" * 60, "x" * 250],
    ],
)
TEXTS = st.builds(
    lambda parts, times: "".join(parts) * times,
    st.lists(PIECES | st.text(max_size=8), max_size=10),
    st.sampled_from([1, 1, 1, 3, 20]),
)
LINKS = st.sampled_from(
    [
        *[None, None, None, "https://news.example/a", "http://b.example/" + "ц" * 400],
        *[
            "mailto:a@example.org",
            "tel:+70000000000",
            "javascript:x",
            "https://a b",
            "https://\ud800",
        ],
    ],
)
SPANS = st.lists(
    st.builds(Span, TEXTS, st.frozensets(st.sampled_from(Style), max_size=3), LINKS),
    max_size=4,
).map(tuple)
MANY = st.lists(SPANS, max_size=4).map(tuple)
BLOCKS = st.one_of(
    st.builds(Paragraph, SPANS),
    st.builds(Heading, SPANS, st.integers(1, 7)),
    st.builds(Quote, MANY, SPANS),
    st.builds(
        List,
        st.lists(st.builds(ListItem, SPANS, st.integers(-1, 5)), max_size=4).map(tuple),
        st.booleans(),
        st.integers(-2, 99),
    ),
    st.builds(Image, st.sampled_from(["https://p.example/1.jpg", "x"]), SPANS, TEXTS),
    st.builds(Table, st.lists(MANY, max_size=4).map(tuple), st.booleans(), SPANS),
    st.builds(Preformatted, TEXTS),
    st.builds(Divider),
    st.builds(Aside, TEXTS, MANY),
    st.builds(Contacts, TEXTS, MANY),
)
DOCUMENTS = st.builds(Document, st.lists(BLOCKS, max_size=8).map(tuple))
LABELS = Labels(picture="Picture")


def cluster_starts(text: str) -> set[int]:
    return {match.start() for match in regex.finditer(r"\X", text)} | {len(text)}


def without(page: Text, header: Text) -> Text:
    """The body of a page: Telegram never sees it alone, but the document is told by it."""
    if not header.plain:
        return page
    runs = page.plain.removeprefix(header.plain + "\n\n")
    assert len(runs) < len(page.plain)
    moved = len(header.plain) + 2
    return Text(
        runs,
        tuple(
            type(e)(e.kind, e.offset - moved, e.length, e.url)
            for e in page.entities
            if e.offset >= moved
        ),
    )


@settings(deadline=None, max_examples=80)
@given(DOCUMENTS, st.integers(200, 3500), st.sampled_from(["", "Мост"]))
def test_pages_hold_the_document(document: Document, size: int, title: str) -> None:
    header = styled(title, EntityKind.BOLD)
    body = render(document, LABELS)
    found = pages(body, size=size, header=header, running=header)
    assert found == pages(body, size=size, header=header, running=header)
    for page in found:
        assert_accepted(page)
    if not body.plain:
        return
    bodies = [without(page, header) for page in found]
    whole = body.text()
    together = [pair for page in bodies for pair in decorated(page)]
    assert together == list(decorated(whole))
    # Every page begins and ends where a cluster does.
    starts = cluster_starts(whole.plain)
    position = 0
    for page in bodies:
        while whole.plain[position] != page.plain[0]:
            assert whole.plain[position] in " \n"
            position += 1
        assert whole.plain.startswith(page.plain, position)
        assert {position, position + len(page.plain)} <= starts
        position += len(page.plain)


@settings(deadline=None)
@given(
    st.text(st.sampled_from("aя 🇷👍🏽\u200d👩e\u0301각ᄀ\u1161क\u094dष\u0600\n\u0e33"), max_size=60)
)
def test_boundary_is_that_of_whole_segmentation(text: str) -> None:
    starts = cluster_starts(text) | {0}
    for at in range(len(text) + 1):
        assert boundary(text, at) == max(start for start in starts if start <= at)


DECORATED = st.recursive(
    TEXTS.map(concat),
    lambda inner: (
        st.builds(
            styled, inner, st.sampled_from([k for k in EntityKind if k is not EntityKind.LINK])
        )
        | st.builds(link, inner, st.just("https://news.example/b"))
        | st.builds(concat, inner, inner)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(DECORATED, st.integers(1, 300))
def test_composed_texts_are_accepted_after_a_cut(text: Text, limit: int) -> None:
    short = cut(text, limit)
    assert len(short.plain) <= limit
    if not is_blank(short.plain) and len(short.entities) <= 100:
        assert_accepted(short)
    if short != strip(text):
        kept = clusters(short.plain.removesuffix("…"))
        assert kept == clusters(text.plain)[: len(kept)]
    assert not plain_text(text).entities
