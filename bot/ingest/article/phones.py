"""Phone numbers of contacts: shown in international form, with a link that dials them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from phonenumbers import (
    SUPPORTED_REGIONS,
    Leniency,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberMatcher,
    format_number,
)

from bot.ingest.markup.inline import plain, trim
from bot.model import Contacts, Span, Spans

_LONGEST_LINE = 1000  # characters; longer ones are no contacts
_MOST_NUMBERS = 20  # in one span
_MOST_CHARS = 20_000  # of one document; a directory of hundreds of people has no more
_LONGEST_NAME = 30  # characters before a number that may say what it is
_REGION_OF_DOMAIN = {"uk": "GB", "su": "RU", "xn--p1ai": "RU", "xn--90ais": "BY", "xn--j1amh": "UA"}
_REGION_OF_LANGUAGE = {
    "ru": "RU", "be": "BY", "kk": "KZ", "uk": "UA", "hy": "AM", "az": "AZ", "ka": "GE", "ky": "KG",
    "uz": "UZ", "tg": "TJ", "de": "DE", "fr": "FR", "it": "IT", "pl": "PL", "cs": "CZ", "sk": "SK",
    "bg": "BG", "lt": "LT", "lv": "LV", "et": "EE", "fi": "FI", "sv": "SE", "nl": "NL", "tr": "TR",
    "el": "GR", "hu": "HU", "ro": "RO", "he": "IL", "ja": "JP", "ko": "KR",
}  # fmt: skip
# What the digits after these words are, if they look like a phone number or not.
_OTHER_NUMBER = re.compile(
    r"(?:инн|кпп|огрн(?:ип)?|бик|окпо|оквэд|снилс|унп|бин|иин|едрпоу|сч[её]т|р/с|к/с|vat|iban|№|\#|id)"
    r"[\s:.№-]{0,5}$",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"\s*[,;(]?\s*(?:доб(?:авочный)?|вн(?:утр)?|ext(?:ension)?|durchwahl|poste|int|x|#)[.:]?\s*"
    r"\d{1,7}\)?$",
    re.IGNORECASE,
)


def region_of(url: str, language: str | None) -> str | None:
    """The country whose local numbers a page writes: by its top-level domain, else its language."""
    domain = (urlsplit(url).hostname or "").rpartition(".")[2]
    region = _REGION_OF_DOMAIN.get(domain, domain.upper())
    if region in SUPPORTED_REGIONS:
        return region
    return _REGION_OF_LANGUAGE.get((language or "").partition("-")[0].lower())


def with_phones(spans: Spans, region: str | None) -> Spans:
    """A line of contacts with its valid numbers in international form and linked.

    What is not valid stays as it is written, and so does what stands in another link. An
    extension stays behind the number; the link has none.

    Args:
        spans: the line.
        region: the country that local numbers belong to (ISO 3166), or None: then only numbers
            with a country's code are read.
    """
    if sum(len(span.text) for span in spans) > _LONGEST_LINE:
        return spans
    return trim(part for span in spans for part in _dialled(span, region))


def all_with_phones(contacts: Iterable[Contacts], region: str | None) -> Iterator[Contacts]:
    """The contacts of one document, each line as ``with_phones`` gives it.

    Looking for numbers is slow, so that it ends after 20,000 characters of lines with digits.
    """
    left = _MOST_CHARS
    for block in contacts:
        lines = []
        for line in block.lines:
            text = plain(line)
            if any(map(str.isdigit, text)):
                left -= len(text)
                lines.append(with_phones(line, region) if left >= 0 else line)
            else:
                lines.append(line)
        yield replace(block, lines=tuple(lines))


def _dialled(span: Span, region: str | None) -> Iterator[Span]:
    if span.link is not None and not span.link.lower().startswith("tel:"):
        yield span
        return
    at = 0
    matcher = PhoneNumberMatcher(span.text, region, Leniency.VALID, max_tries=_MOST_NUMBERS)
    for match in matcher:
        if _OTHER_NUMBER.search(span.text[max(match.start - _LONGEST_NAME, 0) : match.start]):
            continue
        if match.start > at:
            yield replace(span, text=span.text[at : match.start])
        number = _bare(match.number)
        shown = format_number(number, PhoneNumberFormat.INTERNATIONAL)
        dialled = format_number(number, PhoneNumberFormat.E164)
        yield replace(span, text=shown, link=f"tel:{dialled}")
        if extension := _extension(match.raw_string, match.number):
            yield replace(span, text=extension, link=None)
        at = match.end
    if at < len(span.text):
        yield replace(span, text=span.text[at:])


def _bare(number: PhoneNumber) -> PhoneNumber:
    """The number without its extension."""
    bare = PhoneNumber()
    bare.merge_from(number)
    bare.extension = None
    return bare


def _extension(raw: str, number: PhoneNumber) -> str:
    """The extension as it is written, with what stands before it."""
    if not number.extension:
        return ""
    found = _EXTENSION.search(raw)
    return found[0] if found else f" ({number.extension})"
