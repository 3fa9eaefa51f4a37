"""Everything that exists in this Telegram: who there is, what chats hold, what awaits an answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from sandbox.telegram.changes import Changes
from sandbox.telegram.chats import Chat, ChatKind, Message, Status, User, Version
from sandbox.telegram.clock import Clock
from sandbox.telegram.errors import bad_request
from sandbox.telegram.pictures import Pictures
from sandbox.telegram.updates import Updates

Json = dict[str, Any]

QUERY_SECONDS = 15.0
"""How long a callback or inline query waits for its answer; Telegram does not document it."""

_FIRST_USER = 1001
_FIRST_SUPERGROUP = -1_001_000_000_001
_ADMIN_RIGHTS = (
    "can_be_edited",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_send_welcome_messages",
)


@dataclass(slots=True)
class Query:
    """A pressed button or an inline query, until it is answered or too old.

    Attributes:
        id: what the bot answers to.
        asked: the moment, by the clock.
        answer: the parameters of the answer, once there is one.
    """

    id: str
    asked: float
    answer: Json | None = None


@dataclass(slots=True)
class Bot:
    """What the bot set about itself, by language or by (scope, language)."""

    user: User
    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    menu_buttons: dict[int, Json] = field(default_factory=dict)


class World:
    """The state of the emulator; all ids are counted, nothing is random."""

    def __init__(self, clock: Clock, changes: Changes, bot: User) -> None:
        self.clock = clock
        self.changes = changes
        self.bot = Bot(bot)
        self.updates = Updates(changes)
        self.users: dict[int, User] = {bot.id: bot}
        self.chats: dict[int, Chat] = {}
        self.pictures = Pictures()
        self.callback_queries: dict[str, Query] = {}
        self.inline_queries: dict[str, Query] = {}
        self.notes: list[str] = []
        self.sent = 0
        self._next_user = _FIRST_USER
        self._next_group = -1
        self._next_supergroup = _FIRST_SUPERGROUP
        self._queries = 0
        self._changed = 0
        self._latest: dict[Message, None] = {}

    @property
    def last_change(self) -> int:
        """The number of the latest change to any message."""
        return self._changed

    def changed_since(self, number: int) -> list[Message]:
        """The messages that changed after the change of this number, each once, in its order.

        The last change of each message is kept in order, so this costs as much as it returns.
        """
        found = list(takewhile(lambda message: message.change > number, reversed(self._latest)))
        return found[::-1]

    # --- People and chats ----------------------------------------------------------------------

    def add_person(self, name: str, *, language: str | None, username: str | None) -> Chat:
        """A new account and its private chat with the bot, not started."""
        user = User(self._next_user, name, username, language)
        self._next_user += 1
        self.users[user.id] = user
        chat = Chat(user.id, "private", person=user)
        self.chats[chat.id] = chat
        self.changes.announce()
        return chat

    def add_chat(self, kind: ChatKind, title: str, *, forum: bool = False) -> Chat:
        """A new group, supergroup or channel without the bot."""
        if kind == "group":
            chat_id, self._next_group = self._next_group, self._next_group - 1
        else:
            chat_id, self._next_supergroup = self._next_supergroup, self._next_supergroup - 1
        chat = Chat(chat_id, kind, title, forum=forum, bot="left")
        self.chats[chat.id] = chat
        self.changes.announce()
        return chat

    def chat(self, ref: int | str) -> Chat:
        """The chat with this id or @name.

        Raises:
            ApiError: there is none.
        """
        if isinstance(ref, int):
            found = self.chats.get(ref)
        else:
            name = ref.removeprefix("@").lower()
            named = (c for c in self.chats.values() if (c.username or "").lower() == name)
            found = next(named, None)
        if found is None:
            raise bad_request("chat not found")
        return found

    def set_bot_status(self, chat: Chat, status: Status, by: User) -> None:
        """The bot was added, made an administrator, removed or blocked: it is told so."""
        old, chat.bot = chat.bot, status
        if old == status:
            return
        payload = {
            "chat": chat.json(),
            "from": by.json(),
            "date": int(self.clock.now()),
            "old_chat_member": member_json(self.bot.user, old),
            "new_chat_member": member_json(self.bot.user, status),
        }
        self.updates.add("my_chat_member", payload)
        self.changes.announce()

    # --- Messages ------------------------------------------------------------------------------

    def post(
        self,
        chat: Chat,
        sender: User | None,
        content: Json,
        *,
        markup: Json | None = None,
        thread_id: int | None = None,
        reply_to: int | None = None,
        silent: bool = False,
    ) -> Message:
        """A new message in a chat; ``sender`` is None for posts of a channel."""
        chat.last_id += 1
        now = self.clock.now()
        message = Message(
            chat.last_id,
            chat,
            int(now),
            sender,
            content,
            markup,
            thread_id,
            reply_to,
            silent,
            history=[Version(now, content, markup)],
        )
        chat.messages[message.id] = message
        self.sent += sender is self.bot.user or sender is None
        self._touch(message)
        return message

    def revise(self, message: Message, content: Json, markup: Json | None) -> None:
        """Other content or another keyboard in place of the present one.

        Raises:
            ApiError: nothing would change.
        """
        if (content, markup) == (message.content, message.markup):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are "
                "exactly the same as a current content and reply markup of the message"
            )
        now = self.clock.now()
        message.content, message.markup, message.edit_date = content, markup, int(now)
        message.history.append(Version(now, content, markup))
        self._touch(message)

    def remove(self, message: Message) -> None:
        """A message is no longer shown."""
        message.deleted = True
        self._touch(message)

    def _touch(self, message: Message) -> None:
        self._changed += 1
        message.change = self._changed
        self._latest.pop(message, None)
        self._latest[message] = None
        self.changes.announce()

    # --- Queries -------------------------------------------------------------------------------

    def ask(self, queries: dict[str, Query]) -> Query:
        """A new query that waits for its answer."""
        self._queries += 1
        query = Query(str(self._queries), self.clock.now())
        queries[query.id] = query
        return query

    def answer(self, queries: dict[str, Query], query_id: str, answer: Json) -> None:
        """The bot's answer to a query.

        Raises:
            ApiError: the query is unknown, too old or was answered before.
        """
        query = queries.get(query_id)
        if (
            query is None
            or query.answer is not None
            or self.clock.now() - query.asked > QUERY_SECONDS
        ):
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        query.answer = answer
        self.changes.announce()


def member_json(user: User, status: Status) -> Json:
    """The ChatMember object of a user with this status."""
    result: Json = {"status": status, "user": user.json()}
    if status == "kicked":
        result["until_date"] = 0
    elif status == "creator":
        result["is_anonymous"] = False
    elif status == "administrator":
        result |= dict.fromkeys(_ADMIN_RIGHTS, False) | {
            "is_anonymous": False,
            "can_manage_chat": True,
        }
    return result
