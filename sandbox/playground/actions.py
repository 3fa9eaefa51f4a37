"""What the page may do: each action with what it takes, what it gives, and how it is refused."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from sandbox.newsroom import Article
from sandbox.newsroom.markup import to_html
from sandbox.newsroom.uploads import PICTURE_BYTES
from sandbox.playground.crowd import MOST_READERS
from sandbox.playground.scene import Scene
from sandbox.telegram import Group, MessageView, Person

Json = dict[str, Any]

TEN = 10

_TEXT_LIMIT = 4096
_ANSWER_SECONDS = 10.0
_TITLE_CHARS, _LEAD_CHARS, _BODY_CHARS = 500, 2000, 100_000
_DATA_URL = re.compile(r"data:[\w.+/-]*;base64,")
_FAULTS: dict[str, Literal[500, "garbage", "hang", "reset"]] = {
    "500": 500,
    "garbage": "garbage",
    "hang": "hang",
    "reset": "reset",
}


class RefusedError(Exception):
    """An action is refused.

    Attributes:
        code: for the page.
        status: of HTTP.
    """

    def __init__(self, code: str, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


def _well_formed(text: str) -> str:
    """A text in which no half of a surrogate pair stands alone, as JSON from a browser may."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Text = Annotated[str, AfterValidator(_well_formed)]
Title = Annotated[Text, Field(max_length=_TITLE_CHARS)]
Lead = Annotated[Text, Field(max_length=_LEAD_CHARS)]
Body = Annotated[Text, Field(max_length=_BODY_CHARS)]


class _Asked(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Nothing(_Asked):
    """An action that takes nothing."""


class Say(_Asked):
    """A person writes in a chat."""

    chat: int
    person: int
    text: Text


class Press(_Asked):
    """A person presses a button of a message, by its place."""

    chat: int
    message: int
    person: int
    row: int = Field(ge=0)
    column: int = Field(ge=0)


class Reader(_Asked):
    """Somebody comes."""

    language: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")


class Block(_Asked):
    """A reader blocks the bot, or a group removes it; or takes that back."""

    chat: int
    blocked: bool


class Cover(_Asked):
    """One of the site's own pictures."""

    cover: str = Field(pattern=r"^[a-z0-9-]{1,60}$")


class Upload(_Asked):
    """A picture of the editor's, as a data: address."""

    upload: str


class Publish(_Asked):
    """A new article; the text is in the editor's markup."""

    title: Title
    lead: Lead
    text: Body
    section: str
    picture: Cover | Upload | None


class Correct(_Asked):
    """An article in its new words; without a text its body stays."""

    slug: str
    title: Title
    lead: Lead
    text: Body | None


class Withdraw(_Asked):
    """An article is taken off the site."""

    slug: str


class Feed(_Asked):
    """The feeds break, or are mended."""

    fault: Literal["500", "garbage", "hang", "reset"] | None


class Knob(_Asked):
    """A switch is turned."""

    name: Literal["slow", "floods", "down", "cut"]
    on: bool


class BotAction(_Asked):
    """The bot is killed, stopped or started."""

    action: Literal["kill", "stop", "start"]


class CrowdAction(_Asked):
    """Many readers come."""

    count: int = Field(ge=1, le=MOST_READERS)


class Actions:
    """The actions by name, done to a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: dict[str, tuple[type[_Asked], Callable[[Any], Awaitable[Json]]]] = {
            "say": (Say, self._say),
            "press": (Press, self._press),
            "reader": (Reader, self._reader),
            "block": (Block, self._block),
            "publish": (Publish, self._publish),
            "correct": (Correct, self._correct),
            "withdraw": (Withdraw, self._withdraw),
            "ten": (Nothing, self._ten),
            "feed": (Feed, self._feed),
            "knob": (Knob, self._knob),
            "bot": (BotAction, self._bot),
            "crowd": (CrowdAction, self._crowd),
        }

    async def do(self, name: str, body: object) -> Json:
        """Do an action with the decoded JSON of its request; what the page gets.

        Raises:
            RefusedError: there is no such action, it is misused, or it cannot be done.
        """
        if name not in self._known:
            raise RefusedError("no_action", f"There is no action {name!r}.", 404)
        form, act = self._known[name]
        try:
            asked = form.model_validate(body)
        except ValidationError as error:
            raise RefusedError("bad_request", _complaint(error), 400) from None
        return await act(asked)

    # --- Telegram --------------------------------------------------------------------------------

    async def _say(self, asked: Say) -> Json:
        text = asked.text.strip()
        if not text:
            raise RefusedError("empty", "Write something first.")
        if len(text) > _TEXT_LIMIT:
            raise RefusedError("too_long", f"A message has at most {_TEXT_LIMIT} characters.")
        person = self._person(asked.chat, asked.person)
        if asked.chat == self._scene.gallery:
            raise RefusedError("not_here", "Nobody speaks among the samples.", 409)
        await person.say(text, chat=self._scene.rooms[asked.chat])
        return {}

    async def _press(self, asked: Press) -> Json:
        person = self._person(asked.chat, asked.person)
        message = self._message(asked)
        try:
            button = message.buttons[asked.row][asked.column]
        except IndexError:
            raise RefusedError("gone", "This button is not there any more.", 410) from None
        if button.data is None:
            return {"text": "", "alert": False, "url": button.url}
        query = person.send_callback(message, button.data)
        try:
            answer = await self._scene.telegram.changes.wait_for(
                lambda: query.answer, timeout=_ANSWER_SECONDS
            )
        except TimeoutError:
            raise RefusedError("no_answer", "The bot does not answer.", 504) from None
        return {
            "text": answer.get("text", ""),
            "alert": answer.get("show_alert", False),
            "url": answer.get("url"),
        }

    async def _reader(self, asked: Reader) -> Json:
        return {"chat": self._scene.new_reader(asked.language).id}

    async def _block(self, asked: Block) -> Json:
        room = self._scene.rooms.get(asked.chat)
        match room, asked.blocked:
            case None, _:
                raise RefusedError("gone", "There is no such chat.", 410)
            case Person(), True:
                await room.block()
            case Person(), False:
                await room.unblock()
            case Group(), True if room.chat.bot != "kicked":
                await room.kick_bot()
                left = {"left_chat_member": self._scene.telegram.bot.user.json()}
                await room.members[0].say_raw(left, chat=room)
            case Group(), False if room.chat.bot == "kicked":
                await room.add_bot()
        return {}

    def _person(self, chat: int, number: int) -> Person:
        room = self._scene.rooms.get(chat)
        here = room.members if isinstance(room, Group) else [room]
        for person in here:
            if person is not None and person.id == number:
                return person
        raise RefusedError("not_here", "This person is not in this chat.", 409)

    def _message(self, asked: Press) -> MessageView:
        room = self._scene.rooms[asked.chat]
        if asked.message in room.chat.messages:
            message = room.message(asked.message)
            if not message.deleted:
                return message
        raise RefusedError("gone", "This message is not there any more.", 410)

    # --- The newsroom ----------------------------------------------------------------------------

    async def _publish(self, asked: Publish) -> Json:
        site = self._scene.site
        title, lead = _title(asked.title), " ".join(asked.lead.split())
        if asked.section not in site.sections:
            raise RefusedError("no_section", "Choose one of the sections.")
        body = to_html(asked.text)
        article = site.publish(
            title=title,
            lead=lead,
            body_html=body,
            section=asked.section,
            image=self._image(asked.picture),
            language="ru" if re.search("[а-яё]", title + lead, re.IGNORECASE) else "en",
        )
        return {"slug": article.slug}

    async def _correct(self, asked: Correct) -> Json:
        article = self._scene.site.correct(
            self._article(asked.slug),
            title=_title(asked.title),
            lead=" ".join(asked.lead.split()),
            body_html=None if asked.text is None else to_html(asked.text),
        )
        return {"slug": article.slug}

    async def _withdraw(self, asked: Withdraw) -> Json:
        self._scene.site.withdraw(self._article(asked.slug))
        return {}

    async def _ten(self, _asked: Nothing) -> Json:
        return {"count": len(self._scene.site.publish_many(TEN))}

    async def _feed(self, asked: Feed) -> Json:
        if asked.fault is None:
            self._scene.site.mend_feed()
        else:
            self._scene.site.break_feed(_FAULTS[asked.fault])
        return {}

    def _article(self, slug: str) -> Article:
        article = self._scene.site.article(slug)
        if article is None:
            raise RefusedError("gone", "This article is not on the site any more.", 410)
        return article

    def _image(self, picture: Cover | Upload | None) -> str | bool:
        match picture:
            case None:
                return False
            case Cover(cover=name):
                return name
            case Upload(upload=address):
                content = _decoded(address)
        if len(content) > PICTURE_BYTES:
            raise RefusedError("big_picture", "The picture is larger than 5 MB.", 413)
        try:
            return self._scene.site.add_picture(content)
        except ValueError:
            raise _bad_picture() from None

    # --- The house -------------------------------------------------------------------------------

    async def _knob(self, asked: Knob) -> Json:
        self._scene.knobs.turn(asked.name, on=asked.on)
        return {}

    async def _bot(self, asked: BotAction) -> Json:
        bot = self._scene.bot
        await {"kill": bot.kill, "stop": bot.stop, "start": bot.start}[asked.action]()
        return {}

    async def _crowd(self, asked: CrowdAction) -> Json:
        crowd = self._scene.crowd
        if crowd.readers + asked.count > MOST_READERS:
            raise RefusedError(
                "crowd_full", f"There is room for {MOST_READERS} readers of the crowd in all.", 409
            )
        crowd.invite(asked.count)
        return {"readers": crowd.readers}


def _title(text: str) -> str:
    title = " ".join(text.split())
    if not title:
        raise RefusedError("no_title", "An article needs a title.")
    return title


def _decoded(address: str) -> bytes:
    found = _DATA_URL.match(address)
    if found is None:
        raise _bad_picture()
    try:
        return base64.b64decode(address[found.end() :], validate=True)
    except binascii.Error:
        raise _bad_picture() from None


def _bad_picture() -> RefusedError:
    return RefusedError("bad_picture", "A picture is a PNG, JPEG, WebP or GIF file.")


def _complaint(error: ValidationError) -> str:
    """The first fault of a request, as a sentence."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "The request"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}."
