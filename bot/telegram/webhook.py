"""The webhook: telling Telegram where updates go to, and hearing what it says of the way there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import WebhookInfo

from bot.telegram.outcome import RetryLater, Stop, outcome
from bot.telegram.updates import confirm_refusal
from bot.waiting import rest, unless

_log = structlog.get_logger(__name__)

_CONNECTIONS = 40  # that Telegram may post by at once; chats wait for nothing else
_LOOK_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_ERROR_CHARS = 300  # an answer that is no JSON is quoted whole in its error
_TOLD_EVERY = timedelta(minutes=10)


class WebhookKeeper:
    """Sets the webhook, and sees to it that it stays set.

    Several processes may do so side by side, as long as they set the same.

    Args:
        bot: the connection to Telegram.
        address: the whole address, with the path that nobody else may know. It is never logged.
        secret: what Telegram is to send along, in ``X-Telegram-Bot-Api-Secret-Token``.
        allowed: the kinds of updates that are wanted.
        heard: called whenever Telegram has answered.
    """

    def __init__(
        self,
        bot: Bot,
        *,
        address: str,
        secret: str,
        allowed: Sequence[str],
        heard: Callable[[], None],
    ) -> None:
        self._bot = bot
        self._address = address
        self._secret = secret
        self._allowed = allowed
        self._heard = heard
        self._complaints = _Complaints()

    async def run(self, stop: asyncio.Event) -> None:
        """Set the webhook, then look after it once a minute until ``stop``; it stays set.

        Raises:
            TokenRefusedError: Telegram refuses the token.
        """
        is_set = False
        pause = _FIRST_PAUSE
        while not stop.is_set():
            try:
                is_set = await (self._look(stop) if is_set else self._set(stop))
            except AiogramError as error:
                wait = await self._pause_after(error, pause)
                _log.warning(
                    "webhook not looked at" if is_set else "webhook not set",
                    error=str(error)[:_ERROR_CHARS],
                    retry_in=wait,
                )
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                self._heard()
                pause = _FIRST_PAUSE
                wait = _LOOK_SECONDS if is_set else 0.0
            await rest(stop, wait)

    async def _set(self, stop: asyncio.Event) -> bool:
        # https://core.telegram.org/bots/api#setwebhook; what is pending is never dropped.
        done = await unless(
            stop,
            self._bot.set_webhook(
                self._address,
                secret_token=self._secret,
                allowed_updates=list(self._allowed),
                max_connections=_CONNECTIONS,
            ),
        )
        if done:
            _log.info("webhook set")
        return bool(done)

    async def _look(self, stop: asyncio.Event) -> bool:
        info = await unless(stop, self._bot.get_webhook_info())
        if info is None:
            return True
        if info.url != self._address:
            _log.warning("the webhook was taken away: another process uses this token otherwise")
            return False
        self._complaints.tell(info, datetime.now(UTC))
        return True

    async def _pause_after(self, error: AiogramError, pause: float) -> float:
        match outcome(error):
            case RetryLater(seconds=seconds):
                return seconds
            case Stop():
                await confirm_refusal(self._bot)
            case _:
                pass
        return pause


@dataclass(slots=True)
class _Complaints:
    """What Telegram says is wrong with the webhook goes to the log, once in a while."""

    _last: datetime | None = None  # of the last one that was told
    _told_at: datetime | None = field(default=None)

    def tell(self, info: WebhookInfo, now: datetime) -> None:
        """Log the last error where it is new, not old, and not one of many."""
        happened = info.last_error_date
        if not isinstance(happened, datetime) or happened == self._last:
            return
        if now - happened > _TOLD_EVERY:
            return
        if self._told_at is not None and now - self._told_at < _TOLD_EVERY:
            return
        self._last, self._told_at = happened, now
        _log.warning(
            "Telegram does not get through to the webhook",
            said=(info.last_error_message or "")[:_ERROR_CHARS],
            waiting=info.pending_update_count,
        )
