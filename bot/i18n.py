"""Speaking the reader's language: messages, plurals and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from gettext import GNUTranslations
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

DOMAIN = "vestnik"


class Translator:
    """One language, in one time zone.

    Messages are looked up by their English text; ``{name}`` in them is filled from the keywords.
    """

    def __init__(self, locale: str, messages: GNUTranslations, zone: ZoneInfo) -> None:
        self.locale = locale
        self._locale = Locale.parse(locale)
        self._messages = messages
        self._zone = zone

    def __call__(self, message: str, /, **values: object) -> str:
        """The message in this language."""
        return self._messages.gettext(message).format(**values)

    def plural(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The form of the message that goes with the number, which it may show as ``{number}``."""
        return self._messages.ngettext(one, many, number).format(number=number, **values)

    @property
    def language(self) -> str:
        """This language's own name, such as ``Русский``."""
        name = self._locale.get_display_name(self._locale) or self.locale
        return name[:1].upper() + name[1:]

    def date(self, moment: datetime) -> str:
        """A day in words, such as ``23 ноября 2026 г.``."""
        return format_date(moment.astimezone(self._zone), format="long", locale=self._locale)

    def time(self, moment: datetime) -> str:
        """The time of day: ``14:05``."""
        local = moment.astimezone(self._zone)
        return format_time(local, format="short", locale=self._locale, tzinfo=self._zone)

    def same_day(self, one: datetime, other: datetime) -> bool:
        """Whether two moments are of one day here."""
        return one.astimezone(self._zone).date() == other.astimezone(self._zone).date()

    def moment(self, moment: datetime) -> str:
        """A day and the time, short: ``23 нояб. 2026 г., 14:05``."""
        local = moment.astimezone(self._zone)
        return format_datetime(local, format="medium", locale=self._locale, tzinfo=self._zone)

    def short_date(self, moment: datetime, now: datetime) -> str:
        """As little as tells the day: the time today, the day this year, else the whole date."""
        if self.same_day(moment, now):
            return self.time(moment)
        local, today = moment.astimezone(self._zone), now.astimezone(self._zone)
        skeleton = "MMMd" if local.year == today.year else "yMd"
        return format_skeleton(skeleton, local, tzinfo=self._zone, locale=self._locale)


@dataclass(frozen=True, slots=True)
class Translators:
    """All the languages that the bot speaks.

    Attributes:
        by_locale: a translator for each folder under ``locales/``.
        default: the locale for readers whose own is not among them.
    """

    by_locale: Mapping[str, Translator]
    default: str

    def __getitem__(self, locale: str) -> Translator:
        """The translator for a locale; the default one where that language is gone."""
        return self.by_locale.get(locale) or self.by_locale[self.default]

    def match(self, language_code: str | None) -> str:
        """Our locale for a language as Telegram names it (an IETF tag such as ``pt-br``)."""
        language = (language_code or "").replace("_", "-").split("-")[0].lower()
        return language if language in self.by_locale else self.default


def locales_folder() -> Path:
    """Where the catalogues are: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).parent
    packaged = here / "locales"
    return packaged if packaged.is_dir() else here.parent / "locales"


def load_translators(default: str, timezone: str, folder: Path | None = None) -> Translators:
    """Every catalogue under ``locales/``, read as it is edited: no step compiles it.

    Raises:
        LookupError: there is no catalogue for the default locale.
    """
    zone = ZoneInfo(timezone)
    by_locale = {}
    for path in sorted((folder or locales_folder()).glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        locale = path.parts[-3]
        by_locale[locale] = Translator(locale, _read(path, locale), zone)
    if default not in by_locale:
        raise LookupError(f"no catalogue for {default!r} among {', '.join(by_locale) or 'none'}")
    return Translators(by_locale, default)


def _read(path: Path, locale: str) -> GNUTranslations:
    with path.open("rb") as file:
        catalog = read_po(file, locale=locale)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
