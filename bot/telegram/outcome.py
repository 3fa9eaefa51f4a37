"""What became of a request to Telegram: a pure reading of its error, in `wording`'s words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import Any

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError

from bot.telegram import wording

_TOKEN = re.compile(r"/bot[0-9]+(?::|%3A)[\w-]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted; ``message_id`` is None where the answer could not be read that far."""

    message_id: int | None


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Not sent: Telegram asks to wait this many seconds."""

    seconds: int


@dataclass(frozen=True, slots=True)
class Gone:
    """Not sent: we may not write to this chat (any more)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Missing:
    """Not sent: Telegram does not find the chat.

    It says so of nearly any failure to look a chat up, so this may pass: the chat is to be given
    up only when it is missing again, a day or more later.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """Not sent: this reader does not let it through (for free); the chat is well."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Not sent: the group has become a supergroup with this id."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class TopicGone:
    """Not sent: the forum topic is closed or deleted; the chat itself may be well."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not sent: Telegram refuses our text, its entities or buttons, and would for every reader."""

    reason: str


@dataclass(frozen=True, slots=True)
class PictureRefused:
    """Not sent: Telegram refuses the picture; without it the same may be sent.

    Attributes:
        reason: in Telegram's words.
        here_only: whether it is this chat that takes no pictures; else no chat gets this one.
    """

    reason: str
    here_only: bool = False


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Of an edit or a deletion: things are as it wants them already."""


@dataclass(frozen=True, slots=True)
class Uneditable:
    """Of an edit or a deletion: this message is gone, or cannot be changed so (any more)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """Certainly not sent: no connection came about. May be tried again freely."""

    reason: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Perhaps sent: the request went out and no answer that tells came back."""

    reason: str


class StopCause(Enum):
    """Why Telegram serves this bot no more."""

    TOKEN = auto()  # refused, logged out, or its account is frozen
    CONFLICT = auto()  # another process asks for updates with it
    WEBHOOK = auto()  # a webhook is set, or was set meanwhile, and gets all updates


@dataclass(frozen=True, slots=True)
class Stop:
    """Not sent, and nothing will be, whoever the reader is."""

    reason: str
    cause: StopCause = StopCause.TOKEN


@dataclass(frozen=True, slots=True)
class Failed:
    """Not sent, for a reason that we do not know: kept for a person to see."""

    reason: str


Outcome = (
    Sent
    | RetryLater
    | Gone
    | Missing
    | Undeliverable
    | Moved
    | TopicGone
    | Refused
    | PictureRefused
    | Unchanged
    | Uneditable
    | Unsent
    | Doubtful
    | Stop
    | Failed
)

# The first that fits counts. Two rows of Telegram's have no kind of their own, since nothing here
# would do anything about them, and end as Failed: "message to be replied not found" (we send no
# replies) and "query is too old" (a press that cannot be answered any more is let go).
_BY_WORDS: tuple[tuple[re.Pattern[str], Callable[[str], Outcome]], ...] = (
    (wording.REFUSED, Refused),
    (wording.STOP, Stop),
    (wording.GONE, Gone),
    (wording.MISSING, Missing),
    (wording.UNDELIVERABLE, Undeliverable),
    (wording.TOPIC_GONE, TopicGone),
    (wording.PICTURE, PictureRefused),
    (wording.PICTURE_HERE, partial(PictureRefused, here_only=True)),
    (wording.UNCHANGED, lambda _: Unchanged()),
    (wording.UNEDITABLE, Uneditable),
)


def outcome(error: Exception) -> Outcome:  # noqa: PLR0911 - a table, a return per row
    """What an exception of aiogram's says about the request that raised it."""
    match error:
        case TelegramRetryAfter():
            return RetryLater(error.retry_after)
        case TelegramMigrateToChat():
            return Moved(error.migrate_to_chat_id)
        case TelegramUnauthorizedError() | TelegramNotFound():  # it is the token that is not found
            return Stop(_words(error))
        case TelegramConflictError():
            return _conflict(_words(error))
        case TelegramEntityTooLarge():  # for aiogram an error of the network
            return PictureRefused(_words(error))
        case TelegramServerError():
            return Doubtful(_words(error))
        case TelegramNetworkError() if isinstance(error.__cause__, ClientConnectorError):
            return Unsent(_without_token(error.message))
        case TelegramNetworkError():
            return Doubtful(_without_token(error.message))
        case ClientDecodeError():
            return _by_undecoded(error.data)
        case TelegramAPIError():
            return _by_description(_words(error))
        case _:
            return Doubtful(_without_token(f"{type(error).__name__}: {error}"))


def _without_token(text: str) -> str:
    """What went wrong on the way may quote the address, which holds the token."""
    return _TOKEN.sub("/bot<token>", text)


def _words(error: TelegramAPIError) -> str:
    return error.message or ""  # an answer may lack its description, whatever aiogram's types say


def _conflict(description: str) -> Stop:
    webhook = wording.WEBHOOK.search(description)
    return Stop(description, StopCause.WEBHOOK if webhook else StopCause.CONFLICT)


def _by_description(description: str) -> Outcome:
    if (seconds := wording.wait_asked(description)) is not None:
        return RetryLater(seconds)  # a 429 whose parameters are missing
    for words, kind in _BY_WORDS:
        if words.search(description):
            return kind(description)
    return Failed(description)


def _by_undecoded(data: Any) -> Outcome:
    """HTTP 200 that aiogram cannot read may still say that the message was accepted."""
    if isinstance(data, dict) and data.get("ok") is True:
        result = data.get("result")
        number = result.get("message_id") if isinstance(result, dict) else None
        return Sent(number if isinstance(number, int) else None)
    return Doubtful("the answer could not be read")
