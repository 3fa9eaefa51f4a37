"""Users, chats, topics and messages as the emulator keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.telegram.rich_plain import lines

Json = dict[str, Any]

ChatKind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "left", "kicked"]


@dataclass(slots=True, eq=False)
class User:
    """A person or a bot.

    Attributes:
        deactivated: the account was deleted.
    """

    id: int
    first_name: str
    username: str | None = None
    language: str | None = None
    is_bot: bool = False
    deactivated: bool = False

    def json(self) -> Json:
        """The User object."""
        result: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            result["username"] = self.username
        if self.language:
            result["language_code"] = self.language
        return result


@dataclass(slots=True)
class Topic:
    """A topic of a forum; its id is that of the message that made it."""

    id: int
    name: str
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """What a message held from a moment on."""

    at: float
    content: Json
    markup: Json | None


@dataclass(slots=True, eq=False)
class Message:
    """A message in a chat.

    Attributes:
        id: counted per chat.
        date: whole seconds since 1970 UTC.
        sender: None for posts of a channel.
        content: text, entities, photo, caption and the like, named as in the Message object.
        markup: the reply markup.
        silent: sent without a sound.
        change: grows with every change in any chat; orders what a person sees.
        history: every version, the first included.
    """

    id: int
    chat: Chat
    date: int
    sender: User | None
    content: Json
    markup: Json | None = None
    thread_id: int | None = None
    reply_to: int | None = None
    silent: bool = False
    edit_date: int | None = None
    deleted: bool = False
    change: int = 0
    history: list[Version] = field(default_factory=list)

    def json(self) -> Json:
        """The Message object."""
        result: Json = {"message_id": self.id, "date": self.date, "chat": self.chat.json()}
        if self.sender is None:
            result["sender_chat"] = self.chat.json()
        else:
            result["from"] = self.sender.json()
        if self.thread_id is not None:
            result |= {"message_thread_id": self.thread_id, "is_topic_message": True}
        if self.edit_date is not None:
            result["edit_date"] = self.edit_date
        original = self.chat.messages.get(self.reply_to or 0)
        if original is not None and not original.deleted:
            replied = original.json()
            replied.pop("reply_to_message", None)
            result["reply_to_message"] = replied
        result |= self.content
        if self.markup and "inline_keyboard" in self.markup:
            result["reply_markup"] = self.markup
        return result

    @property
    def text(self) -> str:
        """What it says now: the text, the caption of a picture, the lines of a rich message."""
        return _text(self.content)

    @property
    def first_text(self) -> str:
        """What it said when it was sent."""
        return _text(self.history[0].content)


def _text(content: Json) -> str:
    text: str = content.get("text") or content.get("caption") or ""
    return text or "\n".join(lines(content.get("rich_message", {}).get("blocks", [])))


@dataclass(slots=True, eq=False)
class Chat:
    """A chat that the bot may know.

    Attributes:
        person: whose private chat this is.
        started: for private chats, whether the person ever wrote to the bot.
        bot: what the bot is here; in private chats ``kicked`` means blocked.
        members: the status of each person, by user id.
        mute: whether members that are not administrators may not write.
        migrated_to: the id of the supergroup that took this group's place.
        topics: of a forum, by id.
        messages: by id; deleted ones stay, marked.
        mark: the number of the last change that the people here take as known.
    """

    id: int
    kind: ChatKind
    title: str = ""
    username: str | None = None
    person: User | None = None
    started: bool = False
    bot: Status = "member"
    members: dict[int, Status] = field(default_factory=dict)
    mute: bool = False
    forum: bool = False
    migrated_to: int | None = None
    topics: dict[int, Topic] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    last_id: int = 0
    mark: int = 0

    def json(self) -> Json:
        """The Chat object."""
        result: Json = {"id": self.id, "type": self.kind}
        if self.person is not None:
            result["first_name"] = self.person.first_name
        else:
            result["title"] = self.title
        if username := self.person.username if self.person else self.username:
            result["username"] = username
        if self.forum:
            result["is_forum"] = True
        return result

    @property
    def bot_is_admin(self) -> bool:
        """Whether the bot has an administrator's rights."""
        return self.bot in {"creator", "administrator"}
