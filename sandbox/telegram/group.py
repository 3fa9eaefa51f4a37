"""A group, supergroup, forum or channel, and what its administrators do with the bot."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.telegram.chats import Chat, Topic, User
from sandbox.telegram.person import Person, Room
from sandbox.telegram.view import MessageView
from sandbox.telegram.world import World


class Group(Room):
    """A chat of several; the first member owns it.

    Attributes:
        members: the people in it.
    """

    def __init__(self, world: World, chat: Chat, members: Sequence[Person]) -> None:
        super().__init__(world, chat)
        self.members = list(members)
        for number, person in enumerate(members):
            chat.members[person.id] = "member" if number else "creator"

    @property
    def title(self) -> str:
        """The name of the chat."""
        return self.chat.title

    @property
    def admins(self) -> list[Person]:
        """Who has an administrator's rights, the owner included."""
        statuses = self.chat.members
        return [p for p in self.members if statuses[p.id] in {"creator", "administrator"}]

    @property
    def migrated_to(self) -> int | None:
        """The id of the supergroup that took this group's place."""
        return self.chat.migrated_to

    def promote(self, person: Person) -> None:
        """Make a member an administrator."""
        self.chat.members[person.id] = "administrator"
        self._world.changes.announce()

    def demote(self, person: Person) -> None:
        """Make an administrator a plain member."""
        self.chat.members[person.id] = "member"
        self._world.changes.announce()

    def set_mute(self, mute: bool) -> None:  # noqa: FBT001 - a switch
        """Whether only administrators may write."""
        self.chat.mute = mute
        self._world.changes.announce()

    async def add_bot(self, *, admin: bool = False) -> None:
        """Bring the bot in, or change its rights; it is told."""
        self.enter(admin=admin)

    def enter(self, *, admin: bool) -> None:
        """As ``add_bot``, for where nothing can be awaited."""
        was_in = self.chat.bot in {"member", "administrator"}
        self._world.set_bot_status(self.chat, "administrator" if admin else "member", self._owner)
        if not was_in and self.chat.kind != "channel":
            self._announce({"new_chat_members": [self._world.bot.user.json()]})

    async def kick_bot(self) -> None:
        """Remove the bot for good; it is told."""
        self._world.set_bot_status(self.chat, "kicked", self._owner)

    async def upgrade(self) -> Group:
        """Turn a basic group into a supergroup with a new id.

        Raises:
            ValueError: it is no basic group, or was upgraded before.
        """
        if self.chat.kind != "group" or self.chat.migrated_to is not None:
            raise ValueError("only a basic group can be upgraded, and only once")
        chat = self._world.add_chat("supergroup", self.chat.title)
        chat.bot, self.chat.migrated_to = self.chat.bot, chat.id
        group = Group(self._world, chat, self.members)
        chat.members = dict(self.chat.members)
        self._announce({"migrate_to_chat_id": chat.id})
        group._announce({"migrate_from_chat_id": self.id})
        return group

    async def post(self, text: str) -> MessageView:
        """A post of the channel itself.

        Raises:
            ValueError: this is no channel.
        """
        if self.chat.kind != "channel":
            raise ValueError("only channels post in their own name")
        message = self._world.post(self.chat, None, {"text": text})
        if self.chat.bot_is_admin:
            self._world.updates.add("channel_post", message.json())
        return self._see(message)

    # --- Topics of a forum -----------------------------------------------------------------------

    async def add_topic(self, name: str) -> int:
        """A new topic; its id is what ``thread_id`` and ``message_thread_id`` mean.

        Raises:
            ValueError: this is no forum.
        """
        if not self.chat.forum:
            raise ValueError("only a forum has topics")
        made = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        message = self._world.post(self.chat, self._owner, made)
        message.thread_id = message.id
        self.chat.topics[message.id] = Topic(message.id, name)
        if self.chat.bot in {"member", "administrator"}:
            self._world.updates.add("message", message.json())
        return message.id

    async def close_topic(self, topic_id: int) -> None:
        """Only administrators may write in it from now on."""
        self.chat.topics[topic_id].closed = True
        self._announce({"forum_topic_closed": {}}, topic_id)

    async def delete_topic(self, topic_id: int) -> None:
        """The topic and its messages are gone; the bot is not told."""
        del self.chat.topics[topic_id]
        for message in self.chat.messages.values():
            if message.thread_id == topic_id:
                self._world.remove(message)

    @property
    def _owner(self) -> User:
        return self.members[0].user

    def _announce(self, content: dict[str, object], thread_id: int | None = None) -> None:
        """A service message, which every bot in the chat receives."""
        message = self._world.post(self.chat, self._owner, content, thread_id=thread_id)
        if self.chat.bot in {"member", "administrator"}:
            self._world.updates.add("message", message.json())
