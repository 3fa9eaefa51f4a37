"""Every screen is one that Telegram takes, whatever articles and sections are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiogram.filters.callback_data import CallbackData
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.i18n import Translator, load_translators
from bot.model import (
    Article,
    ArticleCard,
    DeliveryState,
    Document,
    Form,
    Key,
    Page,
    Paragraph,
    Screen,
    Section,
    SectionChoice,
    Span,
    Text,
)
from bot.render.text import clean, is_blank
from bot.telegram.menu import menu
from bot.telegram.show import _markup
from bot.views import alerts, greeting, news, push, status, subscriptions, withdrawing
from bot.views.article import PageNumber, article_page, withdrawn
from bot.views.form import in_form
from bot.views.news import ChooseSection, NewsList, ReadArticle, Towards
from bot.views.paging import MAX_CHOICES
from sandbox.telegram.keyboards import read_markup
from tests.render.rules import assert_accepted

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BIGGEST_ID = 2**31 - 1
TRANSLATORS = load_translators("ru", "Europe/Moscow")

odd = st.sampled_from(
    [
        "",
        " ",
        "\u200b",
        "\u00ad\u2060",
        "\n\n",
        "<b>&amp;</b>",
        "👩‍👩‍👧‍👦" * 30,
        "🇷🇺" * 300,
        "Слово " * 900,
        "Слово" * 900,
        "e\u0301" * 3000,
        "עברית العربية",
        "\u202eзадом наперёд",
        "\u2066открыто",
        "{name} %s {0}",
        "*_`[",
    ]
)
words = st.one_of(odd, st.text(max_size=80))
# What reading leaves of a title: nothing or something to see. A section always has a name.
titles = words.map(clean).map(lambda title: "" if is_blank(title) else " ".join(title.split()))
names = titles.map(lambda title: title or "Рубрика")
epoch = datetime(1970, 1, 1, tzinfo=UTC)
first, last = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)


def moments_until(end: datetime) -> st.SearchStrategy[datetime]:
    microsecond = timedelta(microseconds=1)
    span = st.integers((first - epoch) // microsecond, (end - epoch) // microsecond)
    return span.map(lambda number: epoch + number * microsecond)


moments, past = moments_until(last), moments_until(NOW)
ids = st.integers(1, BIGGEST_ID)
languages = st.sampled_from(list(TRANSLATORS.by_locale.values()))
roots = st.builds(Section, id=ids, title=names)
sections = st.builds(Section, id=ids, title=names, parent=st.one_of(st.none(), roots))
keys = st.builds(Key, at=st.integers(-(10**17), 3 * 10**17), id=ids)
lists = st.builds(
    NewsList, section=st.integers(0, BIGGEST_ID), towards=st.sampled_from(Towards),
    at=st.integers(-(10**17), 3 * 10**17), id=st.integers(0, BIGGEST_ID),
)  # fmt: skip
addresses = st.sampled_from(
    [
        # a feed may give an article none
        "",
        "https://paper.example/1",
        "https://paper.example/" + "%D0%BB" * 330,
        "https://paper.example/?a=1&b=<>\"'",
        "https://газета.example/новость",
    ]
)
spans = st.tuples(st.builds(Span, words))
documents = st.builds(Document, st.lists(st.builds(Paragraph, spans), max_size=3).map(tuple))
articles = st.builds(
    Article, id=ids, section=sections, url=addresses, title=titles, lead=words,
    image=st.one_of(st.none(), addresses.filter(bool)), published=st.one_of(st.none(), moments),
    sorted_at=past, document=documents, revision=st.integers(1, 3),
    corrected_at=st.one_of(st.none(), moments), push_corrected_at=st.one_of(st.none(), moments),
)  # fmt: skip


BARE = Article(
    id=1, section=Section(1, "Очень важное " * 30), url="", title="Ледоход", lead="", image=None,
    published=None, sorted_at=NOW, document=Document(),
)  # fmt: skip


def assert_shown(screen: Screen) -> None:
    """Fails where Telegram would refuse the screen."""
    assert_accepted(screen.body)
    markup = _markup(screen.keyboard)
    if markup is not None:
        read_markup(markup.model_dump(mode="json", exclude_none=True))
    for row in screen.keyboard:
        for button in row:
            assert (button.data is None) != (button.url is None)
            assert len((button.data or "").encode()) <= 64
            assert len(button.label) <= 80


@settings(max_examples=50)
@given(articles, st.integers(-1, 10**6), lists, languages, st.sampled_from([200, 1800, 3500]))
def test_article(
    article: Article, page: int, origin: NewsList, t: Translator, page_chars: int
) -> None:
    screen, shown = article_page(article, page, origin, t, page_chars)
    assert_shown(screen)
    assert (screen.image is not None) == (shown == 0 and article.image is not None)
    assert screen.keyboard[-1][0].data == origin.pack()
    for form in Form:
        assert_shown(in_form(screen, form))
    assert_shown(withdrawn(t, origin))


@settings(max_examples=50)
@given(articles, languages)
def test_push(article: Article, t: Translator) -> None:
    assert_shown(push.push(article, t))
    assert_shown(push.plain_push(article, t))
    assert push.plain_push(article, t).body.entities == ()
    for form in Form:
        assert_shown(push.push_in(form, article, t, muted=True))
    for muted in (True, False):
        assert_shown(
            Screen(push.push(article, t).body, keyboard=push.push_keyboard(article, t, muted=muted))
        )


@settings(max_examples=50)
@given(
    st.lists(st.builds(ArticleCard, id=ids, title=titles, sorted_at=past), max_size=8),
    st.one_of(st.none(), keys), st.one_of(st.none(), keys), lists, st.lists(sections, max_size=3),
    languages,
)  # fmt: skip
def test_news(
    cards: list[ArticleCard],
    older: Key | None,
    newer: Key | None,
    here: NewsList,
    all_sections: list[Section],
    t: Translator,
) -> None:
    page = Page(tuple(cards), older, newer)
    if all_sections:
        here = here.model_copy(update={"section": all_sections[0].id})
    screen = news.news_list(page, here, all_sections, t, NOW)
    assert_shown(screen)
    opened = [ReadArticle.unpack(row[0].data or "") for row in screen.keyboard[: len(cards)]]
    assert [data.article for data in opened] == [card.id for card in cards]
    assert all(data.origin == here for data in opened)


@settings(max_examples=50)
@given(st.lists(sections, max_size=130), st.integers(-3, 10), languages)
def test_choice_of_a_section(all_sections: list[Section], page: int, t: Translator) -> None:
    assert_shown(news.section_choice(all_sections, ChooseSection(page=page), t))


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(SectionChoice, sections, subscribed=st.booleans(), inherited=st.booleans()),
        max_size=130,
    ),
    st.integers(-3, 10),
    languages,
)
def test_subscriptions(choices: list[SectionChoice], page: int, t: Translator) -> None:
    assert_shown(subscriptions.choices(choices, subscriptions.Choices(page=page), t))


@settings(max_examples=50)
@given(st.integers(0, 1000), past, languages)
def test_unsubscribed(count: int, at: datetime, t: Translator) -> None:
    screen = subscriptions.unsubscribed(count, at, t)
    assert_shown(screen)
    if count:
        data = screen.keyboard[0][0].data or ""
        assert subscriptions.Undo.unpack(data).ended_at == at


@settings(max_examples=50)
@given(names.map(lambda name: name[:64]), languages)  # as Telegram has names
def test_greetings(name: str, t: Translator) -> None:
    assert_shown(greeting.start(name, t))
    for screen in (greeting.help_text(t), greeting.unknown(t), greeting.apology(t)):
        assert_shown(screen)
    assert_shown(greeting.languages(list(TRANSLATORS.by_locale.values()), t))
    assert 0 < len(greeting.description(name, t)) <= 512
    assert 0 < len(greeting.short_description(name, t)) <= 120


@settings(max_examples=50)
@given(
    st.lists(
        st.builds(status.SourceLine, addresses, st.none() | past, st.none() | words), max_size=60
    ),
    st.dictionaries(st.sampled_from(DeliveryState), st.integers(0, 10**9)),
    st.lists(st.tuples(st.integers(-(2**52), 2**52), words), max_size=5),
    st.integers(0, 10**9), languages, st.lists(st.tuples(ids, words), max_size=30),
    st.integers(0, 10**9),
)  # fmt: skip
def test_status(
    sources: list[status.SourceLine],
    deliveries: dict[DeliveryState, int],
    errors: list[tuple[int, str]],
    put_aside: int,
    t: Translator,
    halted: list[tuple[int, str]],
    maybe_twice: int,
) -> None:
    screen = status.status(
        sources, deliveries, errors, put_aside, t, halted=halted, maybe_twice=maybe_twice
    )
    assert_shown(screen)


@settings(max_examples=50)
@given(addresses, words, ids, languages)
def test_alerts(address: str, reason: str, number: int, t: Translator) -> None:
    assert_shown(alerts.source_failing(address, reason, t))
    assert_shown(alerts.source_gone(address, t))
    assert_shown(alerts.source_moved(address, address, t))
    assert_shown(alerts.source_recovered(address, t))
    assert_shown(alerts.rendering_refused(number, reason, t))
    assert_shown(alerts.articles_held(address, [(number, reason)] * 30, t))


@settings(max_examples=50)
@given(articles, st.sampled_from(withdrawing.Deed), st.integers(0, 10**9), languages)
def test_withdrawing(
    article: Article, deed: withdrawing.Deed, messages: int, t: Translator
) -> None:
    for screen in (
        withdrawing.ask(article, deed, messages, t),
        withdrawing.done(article, deed, t),
        withdrawing.already(article, deed, t),
        withdrawing.left(article, t),
        withdrawing.usage(deed, t),
        withdrawing.not_found(t),
        withdrawn(t),
    ):
        assert_shown(screen)


@pytest.mark.parametrize("t", list(TRANSLATORS.by_locale.values()), ids=lambda t: t.locale)
def test_toasts_and_commands_fit(t: Translator) -> None:
    toasts = [
        greeting.outdated(t),
        greeting.article_gone(t),
        greeting.too_fast(t),
        greeting.only_administrators(t),
        greeting.page_of(999, 999, t),
        greeting.apology(t).body.plain,
        subscriptions.not_saved(t),
        *(subscriptions.saved(subscriptions.ToggleAll(on=on), t) for on in (True, False)),
        *(subscriptions.saved(subscriptions.Toggle(section=1, on=on), t) for on in (True, False)),
        *(push.mute_saved(BARE, t, muted=muted) for muted in (True, False)),
    ]
    assert all(0 < len(toast) <= 200 for toast in toasts)  # answerCallbackQuery takes no more
    assert len(set(toasts)) == len(toasts)
    for command in menu(t, admin=True):
        assert command.command.isascii()
        assert 0 < len(command.description) <= 256


def every_data() -> Iterator[CallbackData]:
    """The largest of each kind of callback data."""
    furthest = {"at": -62_135_596_800_000_000, "id": BIGGEST_ID}
    yield NewsList(section=BIGGEST_ID, towards=Towards.OLDER, **furthest)
    yield ChooseSection(page=9_999)
    yield ReadArticle(
        article=BIGGEST_ID, page=999, section=BIGGEST_ID, towards=Towards.OLDER, **furthest
    )
    yield PageNumber(page=9_999, pages=9_999)
    yield push.Mute(article=BIGGEST_ID, muted=True)
    yield subscriptions.Choices(page=9_999)
    yield subscriptions.Toggle(section=BIGGEST_ID, on=False, page=9_999)
    yield subscriptions.ToggleAll(on=True)
    yield subscriptions.Undo(at=253_402_300_799_999_999)
    yield greeting.ChooseLanguage(locale="zh_Hant_HK")
    yield withdrawing.Decide(article=BIGGEST_ID, deed=withdrawing.Deed.RESTORE, sure=False)


@pytest.mark.parametrize("data", list(every_data()), ids=lambda data: type(data).__name__)
def test_callback_data_fits_and_comes_back(data: CallbackData) -> None:
    packed = data.pack()
    assert len(packed.encode()) <= 64
    assert type(data).unpack(packed) == data


def test_prefixes_tell_the_kinds_apart() -> None:
    prefixes = [type(data).__prefix__ for data in every_data()]
    assert len(set(prefixes)) == len(prefixes)


def test_pages_of_choices_lead_to_each_other() -> None:
    t = TRANSLATORS["ru"]
    many = [Section(number, f"Рубрика {number}") for number in range(1, 2 * MAX_CHOICES + 2)]
    seen: list[str] = []
    here = ChooseSection()
    for _ in range(3):
        *rows, turns = news.section_choice(many, here, t).keyboard
        seen += [row[0].label for row in rows[1:]]
        here = ChooseSection.unpack(turns[-1].data or "")
    assert seen == [section.title for section in many]


NEWS = Section(1, "Новости")
MEMBERS = Section(2, "Новости участников", NEWS)


def test_sections_below_another_follow_it_and_say_so() -> None:
    t = TRANSLATORS["ru"]
    rows = news.section_choice([NEWS, MEMBERS], ChooseSection(), t).keyboard
    assert [row[0].label for row in rows] == ["Все новости", "Новости", "↳ Новости участников"]
    chosen = news.news_list(Page((), None, None), NewsList(section=2), [NEWS, MEMBERS], t, NOW)
    assert chosen.body.plain.startswith("Новости · Новости · Новости участников")


@pytest.mark.parametrize(
    ("parent", "own", "inherited", "labels"),
    [
        (False, False, False, ["▫️ Новости", "↳ ▫️ Новости участников"]),
        (False, True, False, ["▫️ Новости", "↳ ✅ Новости участников"]),
        (True, True, True, ["✅ Новости", "↳ ☑️ Новости участников"]),
        (True, True, False, ["✅ Новости", "↳ ✅ Новости участников"]),
        (True, False, False, ["✅ Новости", "↳ ▫️ Новости участников"]),
    ],
)
def test_a_section_shows_whether_it_comes_with_another(
    labels: list[str], *, parent: bool, own: bool, inherited: bool
) -> None:
    choices = [SectionChoice(NEWS, parent), SectionChoice(MEMBERS, own, inherited)]
    shown = subscriptions.choices(choices, subscriptions.Choices(), TRANSLATORS["ru"])
    assert [row[0].label for row in shown.keyboard[:2]] == labels
    assert ("☑️ — приходит вместе" in shown.body.plain) is inherited
    buttons = [subscriptions.Toggle.unpack(row[0].data or "") for row in shown.keyboard[:2]]
    assert [(each.section, each.on) for each in buttons] == [(1, not parent), (2, not own)]


def test_an_article_and_its_push_show_the_path_of_its_section() -> None:
    t = TRANSLATORS["ru"]
    article = replace(BARE, section=MEMBERS)
    path = "Новости · Новости участников"
    assert push.push(article, t).body.plain.splitlines()[0] == path
    screen, _ = article_page(article, 0, NewsList(), t, 1800)
    assert screen.body.plain.splitlines()[0] == path
    assert push.push(article, t).keyboard[-1][0].label == "🔕 Не присылать «Новости участников»"


def test_many_new_sections_are_one_message() -> None:
    t = TRANSLATORS["ru"]
    one = alerts.new_sections([MEMBERS], t).body.plain
    assert one.startswith("🆕 1 новый раздел.")
    assert "\n\nНовости · Новости участников\n\n" in one
    many = alerts.new_sections([Section(n, f"Рубрика {n}") for n in range(1, 41)], t)
    assert_shown(many)
    assert many.body.plain.startswith("🆕 40 новых разделов.")
    assert "Рубрика 30\n…" in many.body.plain


def test_dates_on_the_list_are_short() -> None:
    t = TRANSLATORS["ru"]
    ages = [timedelta(hours=1), timedelta(days=3), timedelta(days=400)]
    cards = tuple(ArticleCard(n, "Ледоход", NOW - age) for n, age in enumerate(ages, 1))
    rows = news.news_list(Page(cards, None, None), NewsList(), [], t, NOW).keyboard
    labels = [row[0].label for row in rows]
    assert labels == ["11:00 · Ледоход", "20 нояб. · Ледоход", "19.10.2025 · Ледоход"]


def test_a_push_without_an_address_has_no_links() -> None:
    # Telegram refuses a button without an address.
    t = TRANSLATORS["ru"]
    full, plain = push.push(BARE, t), push.plain_push(BARE, t)
    for screen in (full, plain):
        assert [len(row) for row in screen.keyboard] == [1, 1]
        assert all(row[0].data for row in screen.keyboard)
    assert plain.body.plain == full.body.plain


def test_the_status_counts_every_delivery_once() -> None:
    # Once, two lines told administrators of «being sent», each in the words of the code.
    counts = {state: 10**number for number, state in enumerate(DeliveryState)}
    screen = status.status([], counts, [], 0, TRANSLATORS["en"], halted=[], maybe_twice=3)
    lines = screen.body.plain.splitlines()
    *numbers, of_those = [int(line.split(": ")[1]) for line in lines if ": " in line]
    assert of_those == 3
    assert lines[-1] == "Of those sent, may have arrived twice: 3"
    assert sum(numbers) == sum(counts.values())
    assert f"being sent: {counts[DeliveryState.LEASED] + counts[DeliveryState.SENDING]}" in lines


def test_the_status_says_first_what_waits_for_a_decision() -> None:
    halted = [(7, "Ледоход"), *((number, "") for number in range(20, 34))]
    screen = status.status([], {}, [], 0, TRANSLATORS["ru"], halted=halted, maybe_twice=0)
    first, shown, *_ = screen.body.plain.split("\n\n")
    assert first == "🛑 Остановлено, решать вам: 15"
    lines = shown.splitlines()
    assert lines[:2] == ["7 · Ледоход", "20 · Без заголовка"]
    assert (len(lines), lines[-1]) == (11, "…")
    nothing = status.status([], {}, [], 0, TRANSLATORS["ru"], halted=[], maybe_twice=0)
    assert "Остановлено" not in nothing.body.plain


def test_a_broadcast_that_stopped_for_an_unknown_reason_has_no_gap() -> None:
    for reason, parts in (("Forbidden", 3), ("", 2)):
        body = alerts.halted(1, 2, reason, TRANSLATORS["ru"]).body.plain
        assert len(body.split("\n\n")) == parts
        assert "\n\n\n" not in body


THEN = NOW + timedelta(hours=3)
CORRECTED = replace(BARE, revision=2, corrected_at=THEN, push_corrected_at=THEN)


@pytest.mark.parametrize(
    ("locale", "same_day", "later"),
    [
        ("ru", "✏️ Исправлено в 15:00", "✏️ Исправлено 25 ноября 2026 г. в 12:00"),
        ("en", "✏️ Corrected at 3:00 PM", "✏️ Corrected on November 25, 2026 at 12:00 PM"),
    ],
)
def test_a_corrected_push_says_when(locale: str, same_day: str, later: str) -> None:
    t = TRANSLATORS[locale]

    def mark(article: Article) -> str:
        return " ".join(push.push(article, t).body.plain.splitlines()[-1].split())

    assert mark(CORRECTED) == same_day
    assert mark(replace(CORRECTED, push_corrected_at=NOW + timedelta(days=2))) == later
    assert same_day in " ".join(push.plain_push(CORRECTED, t).body.plain.split())


def test_a_push_whose_text_alone_was_corrected_says_nothing() -> None:
    t = TRANSLATORS["ru"]
    only_text = replace(CORRECTED, revision=3, push_corrected_at=None)
    assert push.push(only_text, t).body == push.push(BARE, t).body
    page, _ = article_page(only_text, 0, NewsList(), t, 1800)
    assert "23 ноября 2026 г. · Исправлено в 15:00" in " ".join(page.body.plain.split())


def test_a_withdrawn_article_is_not_named() -> None:
    screen = withdrawn(TRANSLATORS["ru"])
    assert screen == Screen(Text("🗑 Эта статья снята с публикации издателем."))
