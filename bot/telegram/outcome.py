"""What became of a request to Telegram: a pure reading of its error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramConflictError,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiohttp import ClientConnectorError


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
class Moved:
    """Not sent: the group has become a supergroup with this id."""

    chat_id: int


@dataclass(frozen=True, slots=True)
class TopicGone:
    """Not sent: the forum topic is closed or deleted; the chat itself may be well."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Not sent: Telegram refuses what we rendered, and would refuse it for every reader."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unsent:
    """Certainly not sent: no connection came about. May be tried again freely."""

    reason: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Perhaps sent: the request went out and no answer that tells came back."""

    reason: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Not sent, and nothing will be: the token is refused or somebody else uses it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """Not sent, for a reason that we do not know: kept for a person to see."""

    reason: str


Outcome = Sent | RetryLater | Gone | Moved | TopicGone | Refused | Unsent | Doubtful | Stop | Failed

# Descriptions as Telegram words them, in lower case; matched as parts, since codes and prefixes
# have shifted over the years. https://github.com/tdlib/telegram-bot-api (Client.cpp),
# https://github.com/tdlib/td
_GONE = (
    "bot was blocked by the user",
    "user is deactivated",
    "bot can't initiate conversation with a user",
    "can't send messages to bots",
    "can't send messages to the bot",
    "bot was kicked from the",
    "bot is not a member of the",
    "the group chat was deleted",
    "chat_write_forbidden",
    "channel_private",
    "chat_restricted",
    "have no write access",
    "not enough rights to send text messages",
    "need administrator rights",
    "allow_payment_required",
    "privacy_premium_required",
)
_TOPIC_GONE = ("message thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")
_STOP = ("frozen_method_invalid", "logged out")
_REFUSED = (
    "can't parse entities",
    "message is too long",
    "message caption is too long",
    "text is too long",
    "message text is empty",
    "text must be non-empty",
    "text must be encoded in utf-8",
    "entities_too_long",
    "entity_",
    "reply markup is too long",
    "button_data_invalid",
    "button_url_invalid",
    "inline keyboard button",
    "strings must be encoded in utf-8",
    "webpage_",
    "media_empty",
    "url host is empty",
    "link preview options",
    "buttons are unallowed",
    "wrong http url",
    "failed to get http url content",
    "wrong type of the web page content",
    "rich_",
)


def outcome(error: Exception) -> Outcome:  # noqa: PLR0911 - a table, a return per row
    """What an exception of aiogram's says about the request that raised it."""
    match error:
        case TelegramRetryAfter():
            return RetryLater(error.retry_after)
        case TelegramMigrateToChat():
            return Moved(error.migrate_to_chat_id)
        case TelegramUnauthorizedError() | TelegramNotFound() | TelegramConflictError():
            return Stop(error.message)
        case TelegramForbiddenError() | TelegramBadRequest():
            return _by_description(error.message)
        case TelegramEntityTooLarge():
            return Refused(error.message)
        case TelegramServerError():
            return Doubtful(error.message)
        case TelegramNetworkError() if isinstance(error.__cause__, ClientConnectorError):
            return Unsent(error.message)
        case TelegramNetworkError():
            return Doubtful(error.message)
        case ClientDecodeError():
            return _by_undecoded(error.data)
        case TelegramAPIError():
            return _by_description(error.message)
        case _:
            return Doubtful(f"{type(error).__name__}: {error}")


def _by_description(description: str) -> Outcome:
    words = description.lower()
    if "too many requests" in words:
        return RetryLater(1)  # a 429 whose parameters are missing
    for parts, kind in (
        (_STOP, Stop),
        (_GONE, Gone),
        (_TOPIC_GONE, TopicGone),
        (_REFUSED, Refused),
    ):
        if any(part in words for part in parts):
            return kind(description)
    return Failed(description)


def _by_undecoded(data: Any) -> Outcome:
    """HTTP 200 that aiogram cannot read may still say that the message was accepted."""
    if isinstance(data, dict) and data.get("ok") is True:
        result = data.get("result")
        number = result.get("message_id") if isinstance(result, dict) else None
        return Sent(number if isinstance(number, int) else None)
    return Doubtful("the answer could not be read")
