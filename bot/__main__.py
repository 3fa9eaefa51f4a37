"""The command line: ``python -m bot`` runs the bot; others read, check, describe and forget."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress

from bot import __version__
from bot.errors import SettingsError, VestnikError
from bot.settings import Settings, describe_settings, load_settings

_BAD_SETTINGS = 2
_INTERRUPTED = 130
_HEALTH_SECONDS = 5
_SHORTEST_SECRET = 8  # characters of a header's value; a "1" would blot out the log


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; its exit code: 0 well, 1 a failure, 2 a setting that is wrong."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    command = parsed.command
    if command == "read" and parsed.base_url:
        for address in parsed.addresses:
            if "://" in address:
                parser.error(f"--base-url says where files came from, and {address} is no file")
    if command == "settings":
        print(describe_settings(), end="")
        return 0
    try:
        return _COMMANDS[command](load_settings(only_to_read=command == "read"), parsed)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return _BAD_SETTINGS
    except VestnikError as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, BrokenPipeError):
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Vestnik, a publisher's news bot for Telegram. Without a command it runs.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="command")
    commands.add_parser("run", help="run the bot until it is told to stop (the default)")
    commands.add_parser("check", help="check settings, database and sources; show what is read")
    read = commands.add_parser("read", help="show what would be kept of addresses and files")
    read.add_argument("addresses", nargs="+", metavar="ADDRESS", help="an address or a saved file")
    read.add_argument("--json", action="store_true", help="an article a line, as a JSON object")
    read.add_argument("--full", action="store_true", help="of a source, each article's text too")
    read.add_argument("--limit", type=_count, default=10, help="articles of a source; 0: all")
    read.add_argument(
        "--base-url",
        type=_address,
        default="",
        metavar="URL",
        help="the address that the files came from",
    )
    commands.add_parser("health", help="ask the running bot whether it is well")
    forget = commands.add_parser("forget", help="delete all that is kept of a chat")
    forget.add_argument("chat_id", type=_chat_id, metavar="CHAT_ID", help="a group's is negative")
    commands.add_parser("settings", help="print every setting, as a .env file")
    parser.set_defaults(command="run")
    return parser


def _run(settings: Settings, _: argparse.Namespace) -> int:
    from bot.app import run  # noqa: PLC0415 - the other commands do without all that it imports

    _set_up_logging(settings)
    _forget_secrets()
    try:
        asyncio.run(run(settings))
    except VestnikError:
        raise
    except Exception:  # Python would print it itself, and the token with it where it is part of it
        logging.getLogger(__name__).critical("the bot failed", exc_info=True)
        return 1
    return 0


def _check(settings: Settings, _: argparse.Namespace) -> int:
    from bot.check import check  # noqa: PLC0415 - as above

    # What fails is told in a line of its own; the log would only stand in between.
    _set_up_logging(settings.model_copy(update={"log_level": "ERROR"}))
    _forget_secrets()
    return 0 if asyncio.run(check(settings, print)) else 1


def _read(settings: Settings, arguments: argparse.Namespace) -> int:
    from rich.console import Console  # noqa: PLC0415 - as above

    from bot.read.command import Wish, read  # noqa: PLC0415 - as above

    # As above.
    _set_up_logging(settings.model_copy(update={"log_level": "ERROR"}))
    _forget_secrets()
    wish = Wish(
        arguments.addresses,
        base_url=arguments.base_url,
        limit=arguments.limit or None,
        as_json=arguments.json,
        full=arguments.full,
    )
    return 0 if asyncio.run(read(wish, settings, Console(), Console(stderr=True))) else 1


def _health(settings: Settings, _: argparse.Namespace) -> int:
    if settings.web_port is None:
        raise SettingsError("WEB_PORT is not set: it should be the port of the health check.")
    host = "127.0.0.1" if settings.web_host == "0.0.0.0" else settings.web_host  # noqa: S104 - compared, not bound
    address = f"http://{host}:{settings.web_port}/healthz"
    try:
        with urllib.request.urlopen(address, timeout=_HEALTH_SECONDS) as answer:
            print(json.dumps(json.load(answer)))
    except (OSError, ValueError) as error:
        body = error.read().decode() if isinstance(error, urllib.error.HTTPError) else ""
        print(body or f"The bot does not answer at {address}: {error}", file=sys.stderr)
        return 1
    return 0


def _forget(settings: Settings, arguments: argparse.Namespace) -> int:
    chat_id: int = arguments.chat_id
    forgotten = asyncio.run(_forget_chat(settings.database, chat_id))
    if forgotten is None:
        print(f"Nobody with the id {chat_id} is known.", file=sys.stderr)
        return 1
    print(f"Chat {chat_id} is forgotten: {forgotten}.")
    return 0


async def _forget_chat(address: str, chat_id: int) -> str | None:
    """What was deleted of a chat, in words; None where nothing is known of it."""
    from bot.storage.database import Database  # noqa: PLC0415 - as above
    from bot.storage.lock import lock_database  # noqa: PLC0415 - as above
    from bot.storage.readers import forget_chat  # noqa: PLC0415 - as above

    with lock_database(address):  # a bot that runs has readers in hand by their numbers
        async with Database.open(address) as database, database.write() as connection:
            gone = await forget_chat(connection, chat_id)
    if not (gone.readers or gone.updates):
        return None
    return (
        f"readers {gone.readers}, subscriptions {gone.subscriptions}, bookmarks {gone.bookmarks}, "
        f"opened messages {gone.opened}, deliveries {gone.deliveries}, updates {gone.updates}"
    )


def _chat_id(text: str) -> int:
    """A chat's number; 0 is none, and longer ones no database holds."""
    with suppress(ValueError):
        number = int(text)
        if 0 < abs(number) < 2**63:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no chat's number, such as 7 or -1001234567890")


def _address(text: str) -> str:
    from bot.sourcing import check_address  # noqa: PLC0415 - as above

    with suppress(ValueError):
        if text:
            check_address(text)
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no address, such as https://example.org/news")


def _count(text: str) -> int:
    with suppress(ValueError):
        number = int(text)
        if number >= 0:
            return number
    raise argparse.ArgumentTypeError(f"{text!r} is no number of articles, such as 10, or 0 for all")


def _forget_secrets() -> None:
    """The processes that parse what strangers wrote inherit our environment: without secrets."""
    for name in ("BOT_TOKEN", "DATABASE_URL", "SOURCES", "WEBHOOK_SECRET"):
        os.environ.pop(name, None)


def _set_up_logging(settings: Settings) -> None:
    from bot.logs import set_up_logging  # noqa: PLC0415 - as above

    secrets = [settings.bot_token.get_secret_value()]
    if settings.database_url is not None:
        secrets.append(settings.database_url.get_secret_value())
    if settings.webhook_secret is not None:
        secrets.append(settings.webhook_secret.get_secret_value())
    if settings.webhook is not None:
        secrets.append(settings.webhook.path)
    values = (value for spec in settings.sources for _, value in spec.headers)
    secrets += [value for value in values if len(value) >= _SHORTEST_SECRET]
    set_up_logging(settings.log_level, settings.log_format, secrets)


_COMMANDS = {"run": _run, "check": _check, "read": _read, "health": _health, "forget": _forget}


if __name__ == "__main__":
    sys.exit(main())
