"""Secrets never reach the log: not in a message, an address, a traceback, or another's words."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
import structlog
from aiogram.exceptions import TelegramNetworkError

from bot.errors import StorageError
from bot.logs import _QUIET, set_up_logging
from bot.storage.database import Database
from bot.telegram.session import make_bot

TOKEN = "123456789:AAbb-Cc_dd00EEffGGhhIIjjKKllMMnnOOp"
PASSWORD = "s3cret-пароль@/"
DATABASE_URL = f"postgresql://vestnik:{quote(PASSWORD, safe='')}@db.example:5432/vestnik"
FORMS = ("console", "json")


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@contextmanager
def logging_in(form: str, *secrets: str) -> Iterator[None]:
    """Logging is set up as in the running bot, then put back: it belongs to the whole process."""
    loggers = [logging.getLogger(name) for name in ("", *_QUIET)]
    levels = [logger.level for logger in loggers]
    handlers, raises = loggers[0].handlers, logging.raiseExceptions
    before = structlog.get_config()
    set_up_logging("DEBUG", form, secrets or [TOKEN, DATABASE_URL])
    try:
        yield
    finally:
        loggers[0].handlers, logging.raiseExceptions = handlers, raises
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        structlog.configure(**before)


def log() -> Any:
    return structlog.get_logger("bot.tests")


def nothing_leaks(text: str) -> None:
    assert text
    _, _, secret = TOKEN.partition(":")
    assert secret not in text
    assert PASSWORD not in text
    assert quote(PASSWORD, safe="") not in text
    assert "<hidden>" in text


def test_a_token_in_a_message_or_a_value(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_in(form):
        log().info(f"asking with {TOKEN}", token=TOKEN, nested={"list": [TOKEN, (TOKEN,)]})
    nothing_leaks(capsys.readouterr().err)


def test_a_token_in_the_words_of_a_library(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    with logging_in(form):
        logging.getLogger("some.library").warning("GET https://api.example/bot%s/getMe", TOKEN)
        logging.getLogger("aiogram").error("token=%r", {"token": TOKEN})
    nothing_leaks(capsys.readouterr().err)


@pytest.mark.parametrize("colon", ["%3A", "%3a"])
def test_a_token_in_an_address_that_was_encoded(
    form: str, capsys: pytest.CaptureFixture[str], colon: str
) -> None:
    with logging_in(form):
        log().info("asking", url=f"https://api.example/bot{TOKEN.replace(':', colon)}/getMe")
    nothing_leaks(capsys.readouterr().err)


async def test_a_token_in_the_exception_of_the_client(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_in(form):
        async with aiohttp.ClientSession() as client:
            try:
                await client.get(f"ht!tp:///bot{TOKEN}/getMe")
            except aiohttp.InvalidURL:
                log().exception("not asked")
            try:
                await client.get(f"http://127.0.0.1:1/bot{TOKEN}/getMe")
            except aiohttp.ClientError:
                log().exception("not reached", url=f"http://127.0.0.1:1/bot{TOKEN}/getMe")
    nothing_leaks(capsys.readouterr().err)


async def test_a_token_in_a_traceback_of_the_bot(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_in(form):
        bot = make_bot(TOKEN, "http://127.0.0.1:1")
        try:
            await bot.get_me()
        except TelegramNetworkError as error:
            log().exception("not reached", bot=repr(bot), session=vars(bot), error=str(error))
            logging.getLogger("asyncio").exception("unretrieved")
        finally:
            await bot.session.close()
    nothing_leaks(capsys.readouterr().err)


def test_a_token_deep_in_a_chain_of_exceptions(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_in(form):

        def deepest(token: str) -> None:
            raise ValueError(f"https://api.example/bot{token}/getMe")

        try:
            try:
                deepest(TOKEN)
            except ValueError as error:
                raise RuntimeError({"cause": str(error)}) from error
        except RuntimeError as error:
            log().exception("failed")
            log().error(
                "failed in a group", exc_info=ExceptionGroup(TOKEN, [error, OSError(TOKEN)])
            )
    nothing_leaks(capsys.readouterr().err)


@pytest.mark.parametrize(
    "address",
    [
        DATABASE_URL,
        DATABASE_URL.replace("postgresql://", "postgresql+psycopg://"),
        DATABASE_URL.replace("/vestnik", "/other") + "?sslmode=require",
        f"postgresql://vestnik:{PASSWORD}@db.example/vestnik",
    ],
)
def test_the_password_of_the_database(
    form: str, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    with logging_in(form):
        # The library names its driver in the address: once, the password stayed in it then.
        log().info("connecting", address=address)
        log().error("not connected", exc_info=OSError(f"no route to {address}"))
    nothing_leaks(capsys.readouterr().err)


async def test_a_database_that_cannot_be_reached(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with logging_in(form):
        address = DATABASE_URL.replace("db.example:5432", "127.0.0.1:1")
        with pytest.raises(StorageError) as caught:
            async with Database.open(address):
                pass
        assert quote(PASSWORD, safe="") not in str(caught.value)
        log().error("not opened", address=address, exc_info=caught.value)
    nothing_leaks(capsys.readouterr().err)


def test_a_short_password_does_not_blot_out_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_in("console", TOKEN, "postgresql://vestnik:vestnik@db/vestnik"):
        log().info("vestnik started", database="postgresql+psycopg://vestnik:vestnik@db/vestnik")
    line = capsys.readouterr().err
    assert "vestnik started" in line
    assert "vestnik:vestnik" not in line


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with logging_in("json", TOKEN, DATABASE_URL, ""):
        logging.getLogger().setLevel("INFO")
        log().info("строка\nвторая", id=5, url=f"https://api.example/bot{TOKEN}/")
        log().debug("not shown")
        logging.getLogger("aiohttp.access").info("not shown either")
        logging.getLogger("library").warning("said %s", "so")
        log().error("failed", exc_info=ValueError(TOKEN))
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["строка\nвторая", "said so", "failed"]
    assert lines[0]["id"] == 5
    assert lines[0]["level"] == "info"
    assert lines[0]["logger"] == "bot.tests"
    assert lines[0]["timestamp"].endswith("Z")
    assert lines[2]["exception"][0]["exc_type"] == "ValueError"
    assert "locals" not in str(lines[2]["exception"])


def _refuse(said: str) -> None:
    raise ValueError(said)


FORGED = "bad\n2026-11-28T09:00:00Z [critical ] forged\r\x1b[2J\x9b2J\u2028forged\x85forged"


def test_what_others_say_passes_for_no_entry(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message of an exception once stood at the margin, line breaks, escapes and all."""
    with logging_in(form):
        with pytest.raises(ValueError, match="bad") as caught:
            _refuse(FORGED)
        log().error("not read", url="a\x1b[31mred", said=FORGED, exc_info=caught.value)
        logging.getLogger("library").warning(FORGED, exc_info=caught.value)
    shown = capsys.readouterr().err
    assert all(character.isprintable() or character == "\n" for character in shown)
    entries = [line for line in shown.splitlines() if not line.startswith(" ")]
    assert len(entries) == 2
    if form == "json":
        assert [json.loads(line)["event"] for line in entries] == ["not read", FORGED]


def test_colours_stay_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with logging_in("console"):
        log().info("started", said=FORGED, moved="\x1b[2J")
    line = capsys.readouterr().err
    assert "\x1b[0m" in line
    assert "\x1b[2J" not in line


def test_a_line_that_cannot_be_written_is_not_shown_raw(
    form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Once, Python's own complaint about it showed the values as they were.
    with logging_in(form):
        too_few = (TOKEN,)
        logging.getLogger("library").warning("asked %d times with %s", *too_few)
        log().info("and goes on", token=TOKEN)
    nothing_leaks(capsys.readouterr().err)
