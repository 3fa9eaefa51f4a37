"""Speaking the reader's language: plurals, dates around midnight, and catalogues that lack."""

from __future__ import annotations

import copy
import importlib.util
import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from babel.messages.catalog import Catalog

from bot.i18n import DOMAIN, Translator, Translators, load_translators, locales_folder

ROOT = Path(__file__).parent.parent
ONE = "Thank you for your interest. Your subscription is active: {number} section."
MANY = "Thank you for your interest. Your subscription is active: {number} sections."
LAST_FORM = "Спасибо за интерес к нашим материалам. Ваша подписка активирована: {number} разделов."


@pytest.fixture(scope="module")
def translators() -> Translators:
    return load_translators("ru", "Europe/Moscow")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the catalogues, to be spoilt."""
    shutil.copytree(locales_folder(), tmp_path / "locales")
    return tmp_path / "locales"


@pytest.fixture(scope="module")
def locales() -> ModuleType:
    """``scripts/locales.py``."""
    spec = importlib.util.spec_from_file_location("locales", ROOT / "scripts/locales.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def code(locales: ModuleType) -> tuple[Catalog, list[str]]:
    """What the script reads out of this code, which takes it a second or two."""
    return locales.extracted(), list(locales.hidden())


@pytest.fixture
def script(
    locales: ModuleType,
    code: tuple[Catalog, list[str]],
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> ModuleType:
    """The script on this code, which it has read already, and the copied catalogues."""
    said, hidden = code
    monkeypatch.setattr(locales, "extracted", lambda: copy.deepcopy(said))
    monkeypatch.setattr(locales, "hidden", lambda: iter(hidden))
    monkeypatch.setattr(locales, "ROOT", folder.parent)
    return locales


def catalogue(folder: Path, locale: str) -> Path:
    return folder / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("number", "form"),
    [
        (1, "1 раздел."),
        (2, "2 раздела."),
        (4, "4 раздела."),
        (5, "5 разделов."),
        (11, "11 разделов."),
        (12, "12 разделов."),
        (21, "21 раздел."),
        (22, "22 раздела."),
        (111, "111 разделов."),
        (0, "0 разделов."),
    ],
)
def test_plurals_in_russian(translators: Translators, number: int, form: str) -> None:
    assert translators["ru"].plural(ONE, MANY, number).endswith(form)


@pytest.mark.parametrize(
    ("number", "form"), [(1, "1 section."), (2, "2 sections."), (21, "21 sections.")]
)
def test_plurals_in_english(translators: Translators, number: int, form: str) -> None:
    assert translators["en"].plural(ONE, MANY, number).endswith(form)


def in_zone(locale: str, zone: str) -> Translator:
    return load_translators("ru", zone)[locale]


@pytest.mark.parametrize(
    ("locale", "zone", "date", "moment"),
    [
        ("ru", "Europe/Moscow", "1 января 2027 г.", "1 янв. 2027 г., 00:30:00"),
        ("ru", "UTC", "31 декабря 2026 г.", "31 дек. 2026 г., 21:30:00"),
        ("en", "Europe/Moscow", "January 1, 2027", "Jan 1, 2027, 12:30:00 AM"),
        ("en", "America/New_York", "December 31, 2026", "Dec 31, 2026, 4:30:00 PM"),
        ("ru", "Asia/Kamchatka", "1 января 2027 г.", "1 янв. 2027 г., 09:30:00"),
    ],
)
def test_dates_around_midnight(locale: str, zone: str, date: str, moment: str) -> None:
    at = datetime(2026, 12, 31, 21, 30, tzinfo=UTC)
    t = in_zone(locale, zone)
    assert usual_spaces(t.date(at)) == date
    assert usual_spaces(t.moment(at)) == moment


def usual_spaces(text: str) -> str:
    """``text`` with the narrow and unbreakable spaces of the language's rules made plain."""
    return text.replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("locale", "zone", "at", "now", "shown"),
    [
        # 23:59 and 00:01 of Moscow: the same day only there
        ("ru", "Europe/Moscow", "2026-11-22T21:01", "2026-11-23T20:59", "00:01"),
        ("ru", "UTC", "2026-11-22T21:01", "2026-11-23T20:59", "22 нояб."),
        ("ru", "Europe/Moscow", "2026-11-22T20:59", "2026-11-22T21:01", "22 нояб."),
        # the year turns at midnight too
        ("ru", "Europe/Moscow", "2026-12-31T20:59", "2026-12-31T21:01", "31.12.2026"),
        ("ru", "UTC", "2026-12-31T20:59", "2026-12-31T21:01", "20:59"),
        ("en", "UTC", "2026-12-31T20:59", "2027-01-02T00:00", "12/31/2026"),
        ("en", "UTC", "2026-03-01T00:00", "2026-12-31T21:01", "Mar 1"),
        ("en", "UTC", "2026-12-31T15:05", "2026-12-31T21:01", "3:05 PM"),
    ],
)
def test_short_dates_around_midnight(locale: str, zone: str, at: str, now: str, shown: str) -> None:
    moments = (datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (at, now))
    assert usual_spaces(in_zone(locale, zone).short_date(*moments)) == shown


@pytest.mark.parametrize(
    ("code", "locale"),
    [
        ("ru", "ru"),
        ("en", "en"),
        ("en-GB", "en"),
        ("en_US", "en"),
        ("RU", "ru"),
        ("de", "ru"),
        ("pt-br", "ru"),
        ("", "ru"),
        (None, "ru"),
    ],
)
def test_the_language_of_telegram_finds_ours(
    translators: Translators, code: str | None, locale: str
) -> None:
    assert translators.match(code) == locale


def test_languages_call_themselves_by_their_own_names(translators: Translators) -> None:
    assert {t.language for t in translators.by_locale.values()} == {"Русский", "English"}


def test_a_message_that_is_not_in_the_catalogue_is_said_in_english(
    translators: Translators,
) -> None:
    assert translators["ru"]("Not in any catalogue: {name}", name="x") == (
        "Not in any catalogue: x"
    )


def test_values_are_shown_as_they_are(translators: Translators) -> None:
    t = translators["ru"]
    assert t("Hello! This is {name}.", name="{braces} %s") == "Здравствуйте! Это {braces} %s."


def test_a_reader_whose_catalogue_is_gone_gets_the_default(folder: Path) -> None:
    shutil.rmtree(folder / "en")
    translators = load_translators("ru", "UTC", folder)
    assert translators["en"].locale == "ru"
    assert translators.match("en") == "ru"


def test_the_default_must_have_a_catalogue(folder: Path) -> None:
    with pytest.raises(LookupError, match="no catalogue for 'de' among en, ru"):
        load_translators("de", "UTC", folder)
    shutil.rmtree(folder)
    with pytest.raises(LookupError, match="among none"):
        load_translators("ru", "UTC", folder)


def test_the_catalogues_are_complete(
    script: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.check() == 0, capsys.readouterr().out


def test_another_language_needs_only_a_catalogue(folder: Path, script: ModuleType) -> None:
    (folder / "uk" / "LC_MESSAGES").mkdir(parents=True)
    catalogue(folder, "uk").write_text('msgid ""\nmsgstr ""\n', encoding="utf-8")
    script.update()
    text = catalogue(folder, "uk").read_text(encoding="utf-8")
    assert 'msgid "Recent news"\nmsgstr ""' in text
    assert script.check() > 0
    assert load_translators("uk", "UTC", folder)["uk"].language == "Українська"


FAULTS = {
    "a message that is missing": (
        'msgid "Recent news"\nmsgstr "Свежие новости"\n', "", "lacks 'Recent news'",
    ),
    "a message that the code no longer says": (
        'msgid "Recent news"', 'msgid "Recently"', "has 'Recently', which the code no longer says",
    ),
    "an empty translation": (
        'msgstr "Свежие новости"', 'msgstr ""', "'Recent news' is not translated",
    ),
    "a fuzzy translation": (
        'msgid "Recent news"', '#, fuzzy\nmsgid "Recent news"', "'Recent news' is marked fuzzy",
    ),
    "another value": (
        "Страница {page} из {pages}", "Страница {page} из {page}", "names other values",
    ),
    "a value that is left out": (
        "Здравствуйте! Это {name}.", "Здравствуйте!", "names other values",
    ),
    "a brace that is not closed": ("Страница {page} из {pages}", "Страница {page", "names other"),
    "a brace that is not opened": ("Страница {page} из {pages}", "Страница page}", "names other"),
    "a plural form that is empty": (
        f'msgstr[2] "{LAST_FORM}"', 'msgstr[2] ""', "not translated in all its forms",
    ),
    "a plural form with another value": (
        "активирована: {number} раздела.", "активирована: {count} раздела.", "names other values",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_in_a_catalogue_is_found(
    folder: Path,
    script: ModuleType,
    capsys: pytest.CaptureFixture[str],
    old: str,
    new: str,
    fault: str,
) -> None:
    spoil(catalogue(folder, "ru"), old, new)
    assert script.check() > 0
    printed = capsys.readouterr().out
    assert fault in printed
    assert "locales/ru" in printed
    assert "locales/en" not in printed


def test_a_message_inside_an_f_string_is_found(
    tmp_path: Path, locales: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python 3.11 hides it from Babel, 3.12 does not: the catalogues once depended on it."""
    monkeypatch.setattr(locales, "ROOT", tmp_path)
    bot = tmp_path / "bot"
    bot.mkdir()
    said = (
        "def f(t: T) -> str:\n    return f\"{t('Untitled')} {t.plural('a', 'b', 1)} {len('c')}\"\n"
    )
    (bot / "views.py").write_text(said, encoding="utf-8")
    assert list(locales.hidden()) == [
        "bot/views.py:2: a message inside an f-string; say it before",
        "bot/views.py:2: a message inside an f-string; say it before",
    ]


def test_update_brings_in_what_is_new_and_drops_what_is_old(
    folder: Path, script: ModuleType
) -> None:
    for locale in ("ru", "en"):
        spoil(catalogue(folder, locale), 'msgid "Recent news"', 'msgid "Recently"')
    script.update()
    # Once, the Russian catalogue got the English text of what was new, and so seemed complete.
    russian = catalogue(folder, "ru").read_text(encoding="utf-8")
    assert "Recently" not in russian
    assert 'msgid "Recent news"\nmsgstr ""' in russian
    english = catalogue(folder, "en").read_text(encoding="utf-8")
    assert 'msgid "Recent news"\nmsgstr "Recent news"' in english


def test_update_leaves_complete_catalogues_as_they_are(folder: Path, script: ModuleType) -> None:
    before = [catalogue(folder, locale).read_text(encoding="utf-8") for locale in ("ru", "en")]
    script.update()
    after = [catalogue(folder, locale).read_text(encoding="utf-8") for locale in ("ru", "en")]
    assert [without_dates(text) for text in after] == [without_dates(text) for text in before]


def without_dates(text: str) -> list[str]:
    return [line for line in text.splitlines() if "-Date: " not in line]
