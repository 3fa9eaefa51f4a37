"""The settings: read from the environment and ``.env``, checked, and described for people."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256
from io import StringIO
from ipaddress import ip_address
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dotenv.parser import parse_stream
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import SettingsError
from bot.model import OnUnknown, Role, SourceSpec
from bot.sourcing import (
    check_address,
    merged,
    parse_section_aliases,
    parse_sources,
    read_sources_file,
)

_ENV_FILE = ".env"
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
# https://core.telegram.org/bots/api#setwebhook allows 1 to 256; a short one could be guessed.
_WEBHOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,256}")

# Part of a header, within parentheses.
_CONTACT = re.compile(
    r"https?://[!#-'*-?A-\[\]-~]+|[!#-'*-?A-\[\]-~]+@[!#-'*-?A-\[\]-~]+\.[A-Za-z0-9-]+"
)


def _field(default: Any, what: str, form: str, **constraints: Any) -> Any:
    """A setting with what it means and, for the error message, what its value looks like."""
    return Field(default, description=what, json_schema_extra={"form": form}, **constraints)


@dataclass(frozen=True, slots=True)
class WebhookPlace:
    """Where Telegram posts updates to: the public address, the path below it, what it sends along.

    The path is as secret as the secret that it is derived from.
    """

    url: str
    path: str = field(repr=False)
    secret: str = field(repr=False)


class Settings(BaseSettings):
    """Everything that can be set. Each name is an environment variable in capitals."""

    model_config = SettingsConfigDict(
        env_file=_ENV_FILE,
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    bot_token: SecretStr = _field(
        ...,
        "The bot's token. It never appears in a log.",
        "the token that @BotFather gave you, such as 123456789:AAExampleExampleExample",
    )
    sources: Annotated[tuple[SourceSpec, ...], NoDecode] = _field(
        (),
        "What to read: feeds (RSS, Atom, JSON Feed), pages that name a feed, sitemaps of news, or "
        "pages that list news, one per line or separated by commas, each an address or `Section "
        "title=address`. Without a title each article goes into the section that it names itself, "
        "else into one with the feed's title. Required, unless SOURCES_FILE is set.",
        "addresses that begin with http:// or https://, one per line or separated by commas, each "
        "optionally as Section title=address",
    )
    sources_file: Path | None = _field(
        None,
        "A file of more sources, in TOML, for what one line cannot say: selectors and headers. It "
        "may hold secrets: let nobody but the bot read it.",
        "the path of a TOML file with a [[source]] table for each source",
    )
    section_aliases: Annotated[tuple[tuple[str, str], ...], NoDecode] = _field(
        (),
        "What sections that sites name are to be called: `Old title=New title` merges or renames, "
        "`Ads=-` hides, so that such articles go where they would without that name. Several on "
        "lines of their own or separated by commas. A title may be a path, such as `News: "
        "Members' news`. Titles given in SOURCES stay as they are.",
        "pairs such as Old title=New title or Ads=-, one per line, or separated by commas where no "
        "title holds one",
    )
    default_locale: str = _field(
        "ru",
        "The language for readers whose own language the bot does not speak.",
        "a language that has a folder under locales/, such as ru or en",
        pattern=r"^[a-z]{2,3}(_[A-Z]{2})?$",
    )
    timezone: str = _field(
        "UTC",
        "The time zone in which dates are shown, and of dates on pages that name none.",
        "a time zone's name, such as Europe/Moscow or Asia/Krasnoyarsk",
    )
    admin_ids: Annotated[tuple[int, ...], NoDecode] = _field(
        (),
        "Telegram ids of the administrators, separated by commas: they may use /status, /withdraw "
        "and /restore, and are told what needs a person.",
        "whole numbers separated by commas, such as 111111111,222222222",
    )
    poll_seconds: int = _field(
        300,
        "How often each source is looked at, in seconds.",
        "a whole number of seconds from 1 to 86400",
        ge=1,
        le=86_400,
    )
    page_pause: float = _field(
        1,
        "How many seconds pass between two pages that are read of one site, at least; its "
        "robots.txt may ask for up to 10.",
        "a number of seconds from 0 to 60",
        ge=0,
        le=60,
    )
    contact: str | None = _field(
        None,
        "Where those who run a site that is read can reach you: the bot tells each of them. "
        "Without it they learn the bot's name only.",
        "an e-mail address or the address of a page, such as press@example.org",
        max_length=200,
    )
    page_chars: int = _field(
        1800,
        "The size aimed at for a page of an article, in characters.",
        "a whole number from 200 to 3500",
        ge=200,
        le=3500,
    )
    send_rate: float = _field(
        25,
        "How many pushes leave per second at most; Telegram tolerates about 30.",
        "a number above 0, at most 1000",
        gt=0,
        le=1000,
    )
    delivery_ttl: float = _field(
        24,
        "How many hours after its publication an article is still sent to those whom it has not "
        "reached.",
        "a number of hours above 0, at most 720",
        gt=0,
        le=720,
    )
    on_unknown: OnUnknown = _field(
        OnUnknown.RESEND,
        "What becomes of a push whose answer from Telegram never came, so that it may have "
        "arrived: resend it without a sound, once unless nothing else gets through either, or drop "
        "it.",
        "resend or drop",
    )
    retention_days: int = _field(
        30,
        "How long it is kept what was sent to whom; so long a correction or a withdrawal reaches "
        "pushes.",
        "a whole number of days from 3 to 3650",
        ge=3,
        le=3650,
    )
    breaking_words: Annotated[tuple[str, ...], NoDecode] = _field(
        ("срочно", "молния", "breaking"),
        "Words at the start of a title that make an article breaking news, which goes before all "
        "others, separated by commas; none: -.",
        "words separated by commas, or -",
    )
    paid_broadcast: bool = _field(
        False,
        "Whether breaking news leave at up to 1000 messages a second for Stars from the bot's "
        "balance. Turn it on in @BotFather first.",
        "true or false",
    )
    data_dir: Path = _field(
        Path("data"),
        "The folder for the database file.",
        "the path of a folder that the bot may write to",
    )
    database_url: SecretStr | None = _field(
        None,
        "The database; by default the file vestnik.db in DATA_DIR. PostgreSQL: "
        "postgresql://user:password@host/name.",
        "sqlite:///path/to/file.db or postgresql://user:password@host/name",
    )
    roles: Annotated[tuple[Role, ...], NoDecode] = _field(
        tuple(Role),
        "What this process does, where several share a PostgreSQL database: read (sources), send "
        "(pushes, and answers to people), web (what Telegram posts, where WEBHOOK_URL is set). Of "
        "all that may read, one does, and of all that may send; another takes over when it ends.",
        "read, send and web, or some of them, separated by commas",
        min_length=1,
    )
    bot_api_url: str = _field(
        "https://api.telegram.org",
        "The Bot API server, without the token.",
        "an address such as https://api.telegram.org",
    )
    allow_private_addresses: bool = _field(
        False,
        "Whether sources and pictures may be on private or loopback addresses.",
        "true or false",
    )
    web_host: str = _field(
        "127.0.0.1",
        "The address that the health check and the webhook listen on, where WEB_PORT is set.",
        "an address of this machine, such as 127.0.0.1 or 0.0.0.0",
    )
    web_port: int | None = _field(
        None,
        "The port of the health check (GET /healthz) and of the webhook; not served where empty.",
        "a whole number from 1 to 65535",
        ge=1,
        le=65_535,
    )
    webhook_url: str | None = _field(
        None,
        "The public address that leads to WEB_PORT, by way of a server that speaks https: Telegram "
        "posts updates to a secret path below it, and WebSub hubs tell of news. Where empty, the "
        "bot asks Telegram for updates, and needs no address.",
        "an address that begins with https://, such as https://bot.example.org (http:// only for "
        "this machine itself)",
    )
    webhook_secret: SecretStr | None = _field(
        None,
        "What Telegram sends along with each update, so that nobody else can; required with "
        "WEBHOOK_URL, unused without it. It never appears in a log.",
        "16 to 256 random letters, digits, _ or -, such as `openssl rand -hex 32` prints",
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = _field(
        "INFO", "How much is logged.", "DEBUG, INFO, WARNING or ERROR"
    )
    log_format: Literal["console", "json"] = _field(
        "console", "For people or for machines.", "console or json"
    )

    @field_validator("bot_token")
    @classmethod
    def _token(cls, value: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(value.get_secret_value().strip()):
            raise ValueError("not a token")
        return SecretStr(value.get_secret_value().strip())

    @field_validator("sources", mode="before")
    @classmethod
    def _sources(cls, value: Any) -> Any:
        return parse_sources(value) if isinstance(value, str) else value

    @field_validator("sources_file")
    @classmethod
    def _sources_file(cls, value: Path | None) -> Path | None:
        return value.expanduser() if value is not None else None

    @field_validator("section_aliases", mode="before")
    @classmethod
    def _section_aliases(cls, value: Any) -> Any:
        return parse_section_aliases(value) if isinstance(value, str) else value

    @field_validator("admin_ids", mode="before")
    @classmethod
    def _admin_ids(cls, value: Any) -> Any:
        return re.split(r"[\s,]+", value.strip(" ,\n")) if isinstance(value, str) else value

    @field_validator("roles", mode="before")
    @classmethod
    def _roles(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        named = {Role(word) for word in re.split(r"[\s,]+", value.strip(" ,\n").lower()) if word}
        return tuple(role for role in Role if role in named)

    @field_validator("breaking_words", mode="before")
    @classmethod
    def _breaking_words(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(word.strip() for word in value.split(",") if word.strip(" -"))

    @field_validator("log_level", mode="before")
    @classmethod
    def _log_level(cls, value: Any) -> Any:
        return value.strip().upper() if isinstance(value, str) else value

    @field_validator("contact")
    @classmethod
    def _contact(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = value.strip()
        if not _CONTACT.fullmatch(value):
            raise ValueError("no contact")
        if "://" in value:
            check_address(value)
        return value

    @field_validator("bot_api_url")
    @classmethod
    def _bot_api_url(cls, value: str) -> str:
        check_address(value)
        return value.rstrip("/")

    @field_validator("webhook_url")
    @classmethod
    def _webhook_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        value = value.strip()
        check_address(value)
        parts = urlsplit(value)
        if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
            raise ValueError("not https")
        if "@" in parts.netloc or "?" in value or "#" in value:
            raise ValueError("more than an address")
        return value.rstrip("/")

    @field_validator("webhook_secret")
    @classmethod
    def _webhook_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        secret = value.get_secret_value().strip()
        if not _WEBHOOK_SECRET.fullmatch(secret):
            raise ValueError("no such secret")
        return SecretStr(secret)

    @field_validator("timezone")
    @classmethod
    def _timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError) as error:  # its own error is a KeyError
            raise ValueError("no such zone") from error
        return value

    @field_validator("database_url")
    @classmethod
    def _database_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not re.match(
            r"(sqlite|postgres|postgresql)(\+\w+)?://", value.get_secret_value()
        ):
            raise ValueError("no database that we know")
        return value

    @field_validator("data_dir")
    @classmethod
    def _data_dir(cls, value: Path) -> Path:
        value = value.expanduser()
        if value.exists() and not value.is_dir():
            raise ValueError("not a folder")
        return value

    @property
    def database(self) -> str:
        """The address of the database, its password included."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir / 'vestnik.db'}"

    @property
    def webhook(self) -> WebhookPlace | None:
        """Where Telegram is to post updates; None where it is to be asked for them."""
        if self.webhook_url is None or self.webhook_secret is None:
            return None
        secret = self.webhook_secret.get_secret_value()
        # Whoever knows the token cannot guess the path, and the path tells neither.
        digest = hmac.new(secret.encode(), b"the path of the webhook", sha256).hexdigest()
        return WebhookPlace(self.webhook_url, f"/webhook/{digest}", secret)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def load_settings(*, only_to_read: bool = False, **overrides: Any) -> Settings:
    """The settings from the environment and ``.env``.

    Args:
        only_to_read: do without a token and without sources.
        overrides: settings that are what is given here.

    Raises:
        SettingsError: something is missing or malformed; a sentence a line, one per variable.
    """
    _check_env_file(Path(_ENV_FILE))
    if only_to_read:
        overrides = {"bot_token": "0:none", **overrides}
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        wrong = {str(e["loc"][0]).lower(): e for e in error.errors()}
        raise SettingsError("\n".join(_complaint(*item) for item in wrong.items())) from None
    if not only_to_read:
        _check_webhook(settings)
    return _with_sources_file(settings, needed=not only_to_read)


def _with_sources_file(settings: Settings, *, needed: bool) -> Settings:
    """The settings with the sources of the file among the others."""
    path = settings.sources_file
    if path is not None:
        sources = merged(settings.sources, read_sources_file(path), path)
        return settings.model_copy(update={"sources": sources})
    if needed and not settings.sources:
        form = _form(Settings.model_fields["sources"])
        raise SettingsError(f"SOURCES is not set: it should be {form}; or set SOURCES_FILE.")
    return settings


def _check_webhook(settings: Settings) -> None:
    """What WEBHOOK_URL needs beside itself."""
    if settings.webhook_url is None:
        return
    needed = ["web_port", "webhook_secret"] if Role.WEB in settings.roles else ["webhook_secret"]
    missing = [
        f"{name.upper()} is not set: with WEBHOOK_URL it should be "
        f"{_form(Settings.model_fields[name])}."
        for name in needed
        if getattr(settings, name) is None
    ]
    if missing:
        raise SettingsError("\n".join(missing))


def _check_env_file(path: Path) -> None:
    """Find the lines that would be passed over without a word, a second source among them."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path} cannot be read: it should be a text file in UTF-8 ({type(error).__name__})."
        ) from None
    for binding in parse_stream(StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            raise SettingsError(
                f"{path}, line {binding.original.line}: each line should be NAME=value; a value "
                "of several lines stands in quotes, and each quote is closed."
            )


def _complaint(name: str, error: ErrorDetails) -> str:
    form = _form(Settings.model_fields[name])
    if error["type"] == "missing":
        return f"{name.upper()} is not set: it should be {form}."
    cause = error.get("ctx", {}).get("error")
    hinted = name in {"sources", "section_aliases"}
    hint = f" ({cause})" if hinted and cause is not None else ""
    return f"{name.upper()} is malformed: it should be {form}{hint}."


def _form(info: FieldInfo) -> str:
    return str(cast(dict[str, object], info.json_schema_extra)["form"])


def describe_settings() -> str:
    """Every setting with its meaning, form and default, as the text of a ``.env`` file."""
    lines = ["# Copy to .env and fill in. Only BOT_TOKEN and SOURCES are required."]
    for name, info in Settings.model_fields.items():
        lines.append("")
        lines += [f"# {line}" for line in wrap(info.description or "", 97)]
        lines += [f"# {line}" for line in wrap(f"Form: {_form(info)}.", 97)]
        if info.is_required() or name == "sources":
            lines.append(f"{name.upper()}=")
        else:
            lines.append(f"#{name.upper()}={_shown(info.default)}")
    return "\n".join(lines) + "\n"


def _shown(default: Any) -> str:
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)
