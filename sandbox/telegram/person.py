"""A person with a Telegram account: says, presses, blocks, and sees what the bot shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.telegram.chats import Chat, Message, User
from sandbox.telegram.text import TEXT_LIMIT, detect
from sandbox.telegram.view import MessageView, see
from sandbox.telegram.world import Query, World

Json = dict[str, Any]

PATIENCE = 5.0
"""Real seconds that a person waits for the bot."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person gets for pressing a button.

    Attributes:
        text: the notification; empty when the bot answered without one.
        alert: shown as a dialogue that must be closed, not as a passing toast.
        url: what a link button, or the bot's answer, opens.
        query: what a sharing button would put after the bot's name.
    """

    text: str = ""
    alert: bool = False
    url: str | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """The bot's answer to an inline query."""

    results: tuple[Json, ...]
    next_offset: str
    personal: bool
    cache_time: int


class Room:
    """A chat, seen by somebody in it.

    ``sees`` looks at what came or changed since the mark, which every act of a person here sets.

    Attributes:
        chat: as the emulator keeps it.
    """

    def __init__(self, world: World, chat: Chat) -> None:
        self._world = world
        self.chat = chat

    @property
    def id(self) -> int:
        """The chat's id."""
        return self.chat.id

    @property
    def messages(self) -> list[MessageView]:
        """What the chat shows now, oldest first; deleted messages are gone."""
        return [self._see(m) for m in self.chat.messages.values() if not m.deleted]

    def message(self, message_id: int) -> MessageView:
        """A message as it stands now, deleted or not."""
        return self._see(self.chat.messages[message_id])

    def mark(self) -> None:
        """Take what is shown now as known, so that ``sees`` waits for what is newer."""
        self.chat.mark = self._world.last_change

    async def sees(
        self,
        what: str | Callable[[MessageView], bool] = "",
        *,
        timeout: float = PATIENCE,  # noqa: ASYNC109 - the public form
    ) -> MessageView:
        """Wait for a message of the bot, new or edited since the mark.

        Args:
            what: a part of its text, or a test of it; by default any message.
            timeout: real seconds.

        Returns:
            The latest that fits, as it stands.

        Raises:
            TimeoutError: none came; the chat is printed in the error.
        """
        try:
            return await self._world.changes.wait_for(lambda: self._find(what), timeout=timeout)
        except TimeoutError:
            raise TimeoutError(f"not seen: {what!r}. The chat:\n{self.transcript()}") from None

    def transcript(self) -> str:
        """The chat as lines of plain text."""
        return "\n".join(view.render() for view in self.messages)

    def _find(self, what: str | Callable[[MessageView], bool]) -> MessageView | None:
        fresh = [
            m for m in self.chat.messages.values() if m.change > self.chat.mark and not m.deleted
        ]
        for message in sorted(fresh, key=lambda m: m.change, reverse=True):
            view = self._see(message)
            fits = what in view.text if isinstance(what, str) else what(view)
            if view.own and fits:
                return view
        return None

    def _see(self, message: Message) -> MessageView:
        return see(message, self._world.bot.user.id)


class Person(Room):
    """Somebody with a private chat with the bot, and a member of groups.

    Attributes:
        user: the account.
    """

    def __init__(self, world: World, chat: Chat, user: User) -> None:
        super().__init__(world, chat)
        self.user = user

    @property
    def name(self) -> str:
        """The first name."""
        return self.user.first_name

    async def say(
        self,
        text: str,
        *,
        chat: Room | None = None,
        thread_id: int | None = None,
        reply_to: MessageView | None = None,
    ) -> MessageView:
        """Write a message; commands, links, addresses, mentions and hashtags get their entities.

        Writing to a bot that one has blocked unblocks it, as in Telegram's own apps.

        Raises:
            ValueError: Telegram's apps would not send this text.
        """
        text = text.strip()
        if not 0 < len(text) <= TEXT_LIMIT:
            raise ValueError(f"a message has 1 to {TEXT_LIMIT} characters, not {len(text)}")
        return await self.say_raw(
            _content(text),
            chat=chat,
            thread_id=thread_id,
            reply_to=reply_to.id if reply_to else None,
        )

    async def say_raw(
        self,
        content: Json,
        *,
        chat: Room | None = None,
        thread_id: int | None = None,
        reply_to: int | None = None,
    ) -> MessageView:
        """Send a message with any fields of the Message object, as hostile as they may be."""
        room = chat or self
        room.mark()
        where = room.chat
        if where is self.chat:
            await self.unblock()
            where.started = True
        message = self._world.post(
            where, self.user, content, thread_id=thread_id, reply_to=reply_to
        )
        if self._reaches_bot(message):
            self._world.updates.add("message", message.json())
        return self._see(message)

    async def edit(self, message: MessageView, text: str) -> MessageView:
        """Change the text of one's own message."""
        kept = self._world.chats[message.chat_id].messages[message.id]
        self._world.revise(kept, _content(text), None)
        if self._reaches_bot(kept):
            self._world.updates.add("edited_message", kept.json())
        return self._see(kept)

    def _reaches_bot(self, message: Message) -> bool:
        """In groups a bot that is no administrator only hears what is meant for it."""
        chat, bot = message.chat, self._world.bot.user
        if chat.kind == "private" or chat.bot_is_admin:
            return True
        if chat.bot != "member":
            return False
        original = chat.messages.get(message.reply_to or 0)
        if original is not None and original.sender is bot:
            return True
        text = message.text
        command = re.match(r"/\w+(?:@(\w+))?", text)
        if command and (command[1] or bot.username or "").lower() == (bot.username or "").lower():
            return True
        return f"@{bot.username}".lower() in text.lower()

    # --- Pressing --------------------------------------------------------------------------------

    async def press(
        self,
        message: MessageView,
        button: str,
        *,
        timeout: float = PATIENCE,  # noqa: ASYNC109 - the public form
    ) -> Answer:
        """Press a button of a message as it was seen, even if it has changed meanwhile.

        Args:
            message: where the button is.
            button: its label, its callback data, or a part of its label.
            timeout: real seconds to wait for the bot's answer to a callback button.

        Raises:
            LookupError: there is no such button.
            TimeoutError: the bot never answered the callback query.
        """
        chosen = message.button(button)
        if chosen.url is not None:
            return Answer(url=chosen.url)
        for name in ("switch_inline_query", "switch_inline_query_current_chat"):
            if name in chosen.fields:
                return Answer(query=chosen.fields[name])
        if "switch_inline_query_chosen_chat" in chosen.fields:
            return Answer(query=chosen.fields["switch_inline_query_chosen_chat"].get("query", ""))
        query = self.tap(message, button)
        try:
            given = await self._world.changes.wait_for(lambda: query.answer, timeout=timeout)
        except TimeoutError:
            raise TimeoutError(
                f"the bot never answered the press of {chosen.label!r}. The chat:\n"
                f"{self.transcript()}"
            ) from None
        return Answer(given.get("text", ""), given.get("show_alert", False), given.get("url"))

    def tap(self, message: MessageView, button: str) -> Query:
        """Press a callback button without waiting; ``answer`` of the query is None until answered.

        Raises:
            LookupError: there is no such button.
        """
        data = message.button(button).data
        if data is None:
            raise LookupError(f"{button!r} is no callback button")
        return self.send_callback(message, data)

    def send_callback(self, message: MessageView, data: str) -> Query:
        """Send a callback query with any data, as an old or a forged button would."""
        chat = self._world.chats[message.chat_id]
        kept = chat.messages[message.id]
        chat.mark = self._world.last_change
        query = self._world.ask(self._world.callback_queries)
        shown = (
            {"chat": chat.json(), "message_id": kept.id, "date": 0} if kept.deleted else kept.json()
        )
        payload = {
            "id": query.id,
            "from": self.user.json(),
            "message": shown,
            "chat_instance": f"instance-{chat.id}",
            "data": data,
        }
        self._world.updates.add("callback_query", payload)
        return query

    async def looks_up(
        self,
        query: str,
        *,
        offset: str = "",
        timeout: float = PATIENCE,  # noqa: ASYNC109 - the public form
    ) -> Found:
        """Ask the bot inline, from any chat, and wait for its results.

        Raises:
            TimeoutError: the bot never answered.
        """
        asked = self._world.ask(self._world.inline_queries)
        payload = {"id": asked.id, "from": self.user.json(), "query": query, "offset": offset}
        self._world.updates.add("inline_query", payload)
        given = await self._world.changes.wait_for(lambda: asked.answer, timeout=timeout)
        return Found(
            tuple(given["results"]),
            given.get("next_offset", ""),
            given.get("is_personal", False),
            given.get("cache_time", 300),
        )

    # --- Coming and going ------------------------------------------------------------------------

    async def block(self) -> None:
        """Block the bot; it is told."""
        self._world.set_bot_status(self.chat, "kicked", self.user)

    async def unblock(self) -> None:
        """Unblock the bot; it is told, if it was blocked."""
        self._world.set_bot_status(self.chat, "member", self.user)

    async def delete_account(self) -> None:
        """The account is deactivated; the bot is not told."""
        self.user.deactivated = True
        self._world.changes.announce()


def _content(text: str) -> Json:
    entities = detect(text)
    return {"text": text, "entities": entities} if entities else {"text": text}
