"""What the editor asks to read: ``SOURCES``, and the file that ``SOURCES_FILE`` names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cssselect

from bot.errors import SettingsError
from bot.ingest.fetching.headers import check_headers
from bot.model import Selectors, SourceSpec, section_key

_SOURCE_KEYS = ("url", "section", "headers", "selectors")
_SELECTOR_KEYS = tuple(each.name for each in fields(Selectors))
_SELECTED = frozenset({"link", "title", "lead", "date", "image"})  # inside of item


def check_address(value: str) -> None:
    """Refuse what is no full http(s) address.

    Raises:
        ValueError: it is none.
    """
    parts = urlsplit(value)
    _ = parts.port  # raises ValueError where it is no number
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError("not an address")


def parse_sources(text: str) -> tuple[SourceSpec, ...]:
    """What ``SOURCES`` says.

    A comma separates sources, yet both titles and addresses may hold commas: a part without an
    address belongs to the title that follows it where white space precedes it or nothing was
    named before it, else to the address it follows.

    Raises:
        ValueError: a part has no http(s) address, or an address is named twice, or none at all.
    """
    specs: dict[str, SourceSpec] = {}
    for line in text.splitlines():
        for item in _items(line):
            title, address = _split(item)
            try:
                check_address(address)
            except ValueError:
                raise ValueError(f"{_shown_source(address)} is no such address") from None
            if address in specs:
                raise ValueError(f"{_shown_source(address)} is named twice")
            specs[address] = SourceSpec(address, title or None)
    if not specs:
        raise ValueError("no address is named")
    return tuple(specs.values())


def _items(line: str) -> list[str]:
    items: list[str] = []
    title = ""
    for part in line.split(","):
        if not part.strip():
            continue
        if "://" in part:
            items.append(title + part)
            title = ""
        elif items and not title and not part[0].isspace():
            items[-1] += "," + part
        else:
            title += part + ","
    if title:
        raise ValueError(f"{title.strip(' ,')[:80]} has no address")
    return [item.strip() for item in items]


def _split(item: str) -> tuple[str, str]:
    title, separator, address = item.partition("=")
    if not separator or "://" in title:
        return "", item
    return title.strip(), address.strip()


def _shown_source(address: str) -> str:
    """An address for an error message, without what may be a password or a key."""
    return address.rpartition("@")[2].partition("?")[0][:80]


def merged(
    listed: Iterable[SourceSpec], in_file: Iterable[SourceSpec], path: Path
) -> tuple[SourceSpec, ...]:
    """The sources of ``SOURCES`` and those of the file.

    Raises:
        SettingsError: an address stands in both.
    """
    specs = {spec.url: spec for spec in listed}
    for spec in in_file:
        if spec.url in specs:
            raise SettingsError(
                f"{path}: {_shown_source(spec.url)} stands in SOURCES too; take it out of one."
            )
        specs[spec.url] = spec
    return tuple(specs.values())


def parse_section_aliases(text: str) -> tuple[tuple[str, str], ...]:
    """What ``SECTION_ALIASES`` says: old titles with their new ones.

    On a line with one pair, commas belong to its titles.

    Raises:
        ValueError: a part is no pair, or a title is named twice.
    """
    pairs: dict[str, tuple[str, str]] = {}
    for line in text.splitlines():
        parts = line.split(",") if line.count("=") > 1 else [line]
        for part in filter(None, (each.strip(" ,") for each in parts)):
            old, _, new = (side.strip() for side in part.partition("="))
            if not old or not new:
                raise ValueError(f"{part[:80]} is no pair of titles")
            if section_key([old]) in pairs:
                raise ValueError(f"{old[:80]} is named twice")
            pairs[section_key([old])] = old, new
    return tuple(pairs.values())


def read_sources_file(path: Path) -> tuple[SourceSpec, ...]:
    """The sources that a TOML file lists, a ``[[source]]`` table each.

    Raises:
        SettingsError: it cannot be read, or says something that no source says; the sentence names
            the file, the source, the key, and what to do. No header's value is in it.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: this is no TOML: {_without_values(error)}.") from None
    except FileNotFoundError:
        raise SettingsError(f"SOURCES_FILE: there is no file {path}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"SOURCES_FILE: {path} cannot be read: it should be a text file in UTF-8 "
            f"({type(error).__name__})."
        ) from None
    tables = content.pop("source", None)
    if content:
        raise SettingsError(
            f"{path}: “{next(iter(content))}” is unknown; each source begins with [[source]]."
        )
    if not isinstance(tables, list) or not tables:
        raise SettingsError(f"{path}: no source is named; each begins with [[source]].")
    specs: dict[str, SourceSpec] = {}
    for number, table in enumerate(tables, start=1):
        spec = _spec(table, f"{path}, source {number}")
        if spec.url in specs:
            raise SettingsError(
                f"{path}, source {number}: {_shown_source(spec.url)} is named twice; take one out."
            )
        specs[spec.url] = spec
    return tuple(specs.values())


def _without_values(error: tomllib.TOMLDecodeError) -> str:
    """What is wrong and where; the library quotes no more than a character or a key."""
    return re.sub(r"'[^']{12,}'", "'…'", str(error)).rstrip(".")


def _spec(table: Any, where: str) -> SourceSpec:
    if not isinstance(table, dict):
        raise SettingsError(f"{where}: a source begins with [[source]].")
    url = _string(table, "url", where).strip()
    if "url" not in table:
        raise SettingsError(f"{where}: url is missing; it should be the address to read.")
    try:
        check_address(url)
    except ValueError:
        raise SettingsError(
            f"{where}: url should be an address that begins with http:// or https://."
        ) from None
    where = f"{where} ({_shown_source(url)})"
    _check_keys(table, _SOURCE_KEYS, where)
    return SourceSpec(
        url,
        _string(table, "section", where).strip() or None,
        _selectors(table["selectors"], where) if "selectors" in table else None,
        _headers(table.get("headers", {}), where),
    )


def _check_keys(table: dict[str, Any], known: Iterable[str], where: str) -> None:
    known = tuple(known)
    for key in table:
        if key not in known:
            raise SettingsError(f"{where}: “{key}” is unknown; known are {', '.join(known)}.")


def _string(table: dict[str, Any], key: str, where: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise SettingsError(f"{where}: {key} should be a text in quotes.")
    return value


def _headers(table: Any, where: str) -> tuple[tuple[str, str], ...]:
    if not isinstance(table, dict):
        raise SettingsError(f'{where}: headers should be like {{ X-Key = "value" }}.')
    for name, value in table.items():
        if not isinstance(value, str):
            raise SettingsError(f"{where}: headers: the value of {name} should be in quotes.")
    try:
        return check_headers(table.items())
    except ValueError as error:
        raise SettingsError(f"{where}: headers: {error}.") from None


def _selectors(table: Any, where: str) -> Selectors:
    where = f"{where}: selectors"
    if not isinstance(table, dict):
        raise SettingsError(f"{where} should be a table [source.selectors].")
    _check_keys(table, _SELECTOR_KEYS, where)
    selectors = Selectors(**{key: _string(table, key, where).strip() for key in table})
    for key in _SELECTOR_KEYS:
        value: str = getattr(selectors, key)
        try:
            if value:
                cssselect.HTMLTranslator().css_to_xpath(value)
        except cssselect.SelectorError as error:
            raise SettingsError(
                f"{where}: {key} = “{value}” is no CSS selector ({error})."
            ) from None
        if value and key in _SELECTED and not selectors.item:
            raise SettingsError(f"{where}: {key} needs item, the element of each article.")
    if not any(getattr(selectors, key) for key in _SELECTOR_KEYS):
        raise SettingsError(f"{where} names nothing; known are {', '.join(_SELECTOR_KEYS)}.")
    return selectors
