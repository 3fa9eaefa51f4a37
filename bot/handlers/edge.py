"""Between Telegram and the handlers: who is speaking, what is shown, and what when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import structlog
from aiogram import BaseMiddleware, Bot
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, Message, TelegramObject, User

from bot.handlers.answer import Answer
from bot.handlers.aside import Aside
from bot.handlers.throttle import Throttle
from bot.i18n import Translator, Translators
from bot.model import Chat, ChatKind, Form, Reader, Screen
from bot.render.text import cut, plain
from bot.storage.database import Database
from bot.storage.readers import deactivate_chat, find_reader, meet_reader, move_chat
from bot.telegram import show
from bot.telegram.outcome import (
    Doubtful,
    Gone,
    Moved,
    Outcome,
    PictureRefused,
    Refused,
    RetryLater,
    Sent,
    Unsent,
    outcome,
)
from bot.views import greeting
from bot.views.form import in_form
from bot.waiting import rest

# https://core.telegram.org/bots/api#answercallbackquery
_TOAST_CHARS = 200
_PAUSES = (1.0, 2.0, 4.0)  # seconds before an answer that did not come through is shown again
_PATIENCE = 31.0  # seconds after which it is not tried again
_MARGIN = 0.3  # what Telegram asks us to wait is in whole seconds

_log = structlog.get_logger(__name__)

_Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class StoppedError(Exception):
    """We were asked to stop before the answer could be shown: the update is for the next start."""


class Edge(BaseMiddleware):
    """Wraps every handler of messages and button presses.

    A handler gets ``reader`` and ``t`` and returns an Answer (or None); whatever it raises is
    logged and answered with an apology, and every press is answered.

    With ``stop`` among the data of an update, that event cuts pauses short.
    """

    def __init__(self, database: Database, translators: Translators, throttle: Throttle) -> None:
        self._database = database
        self._translators = translators
        self._throttle = throttle
        self._aside = Aside()

    async def __call__(self, handler: _Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        """Handle one message or press.

        Raises:
            StoppedError: the answer was not shown yet.
        """
        if not isinstance(event, Message | CallbackQuery):
            return
        bot: Bot = data["bot"]
        stop: asyncio.Event = data.get("stop") or asyncio.Event()
        person = event.from_user
        t = self._translators[self._translators.match(_language(person))]
        chat = chat_of(event)
        if chat is None:  # a press on what was sent by way of us, or on what is too old to be told
            if isinstance(event, CallbackQuery):
                await answer_press(bot, event.id, greeting.outdated(t), alert=True)
            return
        speaker = _speaker(event)
        if speaker is not None and not self._throttle.allows(speaker):
            await self._slow_down(bot, chat, event, speaker, t, stop)
            return
        try:
            reader = await self._meet(chat, person)
            t = self._translators[reader.locale]
            answer = await handler(event, {**data, "reader": reader, "t": t})
        except Exception:  # noqa: BLE001 - whatever breaks, this person gets an answer
            number = data["event_update"].update_id
            _log.exception("update failed", update_id=number, update=_describe(event))
            answer = _apology(event, t)
        if isinstance(answer, Answer | None):
            await self._show(bot, chat, event, answer or Answer(), t, stop)

    async def _meet(self, chat: Chat, person: User | None) -> Reader:
        async with self._database.read() as connection:
            found = await find_reader(connection, chat)
        locale = self._translators.match(_language(person))
        if found is not None:
            reader, chosen = found
            # A group keeps the language in which it was met: its members differ.
            if chosen or chat.kind is not ChatKind.PRIVATE:
                locale = reader.locale
            if reader.active and reader.locale == locale and reader.chat.kind == chat.kind:
                return reader
        async with self._database.write() as connection:
            return await meet_reader(connection, chat, locale, datetime.now(UTC))

    async def _show(
        self,
        bot: Bot,
        chat: Chat,
        event: Message | CallbackQuery,
        answer: Answer,
        t: Translator,
        stop: asyncio.Event,
    ) -> None:
        """Put an answer on the person's screen, if need be after a pause or two."""
        if isinstance(event, CallbackQuery):
            await answer_press(bot, event.id, answer.toast, alert=answer.alert)
        now = asyncio.get_running_loop().time
        patience_ends = now() + _PATIENCE
        for pause in (*_PAUSES, None):
            try:
                return await _place(bot, chat, event, answer)
            except AiogramError as error:
                became = outcome(error)
            wait = None if pause is None else _wait(became, pause)
            if wait is None or now() + wait > patience_ends:
                break
            await rest(stop, wait)
            if stop.is_set():
                raise StoppedError
        try:
            await self._not_shown(bot, chat, event, answer, became, t)
        except AiogramError as error:
            _log.warning("answer not shown", outcome=str(outcome(error)), update=_describe(event))

    async def _not_shown(
        self,
        bot: Bot,
        chat: Chat,
        event: Message | CallbackQuery,
        answer: Answer,
        became: Outcome,
        t: Translator,
    ) -> None:
        """What is left to do; a chat that is closed to us is remembered."""
        match became:
            case Sent():
                pass
            case Gone():
                async with self._database.write() as connection:
                    await deactivate_chat(connection, chat.id, datetime.now(UTC))
            case Moved(chat_id=new):
                async with self._database.write() as connection:
                    await move_chat(connection, chat.id, new)
                screen = answer.screen or (Screen(plain(answer.toast)) if answer.toast else None)
                if screen is not None:
                    await show.send(bot, Chat(new, ChatKind.SUPERGROUP), screen)
            case Refused(reason=reason):
                _log.error("rendering refused", reason=reason, update=_describe(event))
                screen = answer.screen or greeting.apology(t)
                await show.send(bot, chat, in_form(screen, Form.PLAIN))
            case PictureRefused(reason=reason) if answer.screen and answer.screen.image:
                _log.warning("picture refused", reason=reason, update=_describe(event))
                bare = replace(answer, toast=None, screen=replace(answer.screen, image=None))
                try:
                    await _place(bot, chat, event, bare)
                except AiogramError as error:
                    await self._not_shown(bot, chat, event, bare, outcome(error), t)
            case other:  # Missing and Undeliverable too: here is no more to do about them
                _log.warning("answer not shown", outcome=str(other), update=_describe(event))

    async def _slow_down(
        self,
        bot: Bot,
        chat: Chat,
        event: Message | CallbackQuery,
        speaker: int,
        t: Translator,
        stop: asyncio.Event,
    ) -> None:
        """Tell a person who is too fast, in a way that keeps none of the chat's updates waiting."""
        toast = greeting.too_fast(t)
        if isinstance(event, CallbackQuery):
            self._aside.begin(lambda: answer_press(bot, event.id, toast), stop)
        elif self._throttle.may_notice(speaker):
            await self._show(bot, chat, event, Answer(toast=toast), t, stop)


async def answer_press(
    bot: Bot, query_id: str, toast: str | None = None, *, alert: bool = False
) -> None:
    """Tell Telegram that a press was noticed; where it cannot be told, its screen still can."""
    text = cut(toast, _TOAST_CHARS).plain if toast else None
    try:
        await bot.answer_callback_query(query_id, text=text, show_alert=alert or None)
    except AiogramError as error:
        _log.debug("press not answered", reason=str(error))


def _wait(became: Outcome, pause: float) -> float | None:
    """Seconds until an answer may be tried again; None where that is of no use."""
    match became:
        case Unsent() | Doubtful():
            return pause  # an answer that comes twice harms nobody
        case RetryLater(seconds=seconds):
            return seconds + _MARGIN
        case _:
            return None


def chat_of(event: TelegramObject) -> Chat | None:
    """Where an event takes place, its forum topic included."""
    message = event.message if isinstance(event, CallbackQuery) else event
    if message is None or not hasattr(message, "chat"):
        return None
    topic = getattr(message, "is_topic_message", None) and getattr(message, "message_thread_id", 0)
    return Chat(message.chat.id, ChatKind(message.chat.type), topic or 0)


async def _place(bot: Bot, chat: Chat, event: Message | CallbackQuery, answer: Answer) -> None:
    pressed = event.message if isinstance(event, CallbackQuery) else None
    if pressed is None and answer.toast is not None:
        await show.send(bot, chat, Screen(plain(answer.toast)))
    if answer.screen is not None:
        if pressed is None:
            await show.send(bot, chat, answer.screen)
        else:
            await show.edit(bot, chat, pressed.message_id, answer.screen)
    elif answer.keyboard is not None and pressed is not None:
        await show.edit_keyboard(bot, chat, pressed.message_id, answer.keyboard)


def _apology(event: Message | CallbackQuery, t: Translator) -> Answer:
    screen = greeting.apology(t)
    if isinstance(event, CallbackQuery):
        return Answer(toast=screen.body.plain, alert=True)
    return Answer(screen=screen)


def _speaker(event: Message | CallbackQuery) -> int | None:
    """Who is to be slowed down: all who speak as a group or a channel share one user."""
    if isinstance(event, Message) and event.sender_chat is not None:
        return event.sender_chat.id
    return event.from_user.id if event.from_user else None


def _language(person: User | None) -> str | None:
    return person.language_code if person else None


def _describe(event: TelegramObject) -> dict[str, Any]:
    """An update for the log: what kind, which chat, what was pressed; never what people wrote."""
    chat = chat_of(event)
    described: dict[str, Any] = {"kind": type(event).__name__, "chat": chat.id if chat else None}
    if isinstance(event, CallbackQuery):
        described["data"] = event.data
    elif isinstance(event, Message):
        described["command"] = (event.text or "").split()[:1] if _is_command(event) else None
    return described


def _is_command(message: Message) -> bool:
    return (message.text or "").startswith("/")
