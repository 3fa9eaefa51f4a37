"""What the page may do: each action with what it gives, and how it is refused."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Literal

from pydantic import ValidationError

from sandbox.newsroom import Article
from sandbox.newsroom.markup import to_html
from sandbox.newsroom.uploads import PICTURE_BYTES
from sandbox.playground import forms
from sandbox.playground.crowd import MOST_READERS
from sandbox.playground.scene import Scene
from sandbox.telegram import Group, MessageView, Person

Json = dict[str, Any]

TEN = 10

_TEXT_LIMIT = 4096
_ANSWER_SECONDS = 10.0
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


class Actions:
    """The actions by name, done to a scene."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: dict[str, tuple[type[forms.Asked], Callable[[Any], Awaitable[Json]]]] = {
            "say": (forms.Say, self._say),
            "press": (forms.Press, self._press),
            "press_inside": (forms.PressInside, self._press_inside),
            "reader": (forms.Reader, self._reader),
            "block": (forms.Block, self._block),
            "publish": (forms.Publish, self._publish),
            "correct": (forms.Correct, self._correct),
            "withdraw": (forms.Withdraw, self._withdraw),
            "ten": (forms.Nothing, self._ten),
            "feed": (forms.Feed, self._feed),
            "knob": (forms.Knob, self._knob),
            "bot": (forms.BotAction, self._bot),
            "crowd": (forms.CrowdAction, self._crowd),
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

    async def _say(self, asked: forms.Say) -> Json:
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

    async def _press(self, asked: forms.Press) -> Json:
        person = self._person(asked.chat, asked.person)
        message = self._message(asked)
        try:
            button = message.buttons[asked.row][asked.column]
        except IndexError:
            raise RefusedError("gone", "This button is not there any more.", 410) from None
        if button.data is None:
            return {"text": "", "alert": False, "url": button.url}
        return await self._called(person, message, button.data)

    async def _press_inside(self, asked: forms.PressInside) -> Json:
        person = self._person(asked.chat, asked.person)
        message = self._message(asked)
        if asked.data not in _calls(message.content.get("rich_message")):
            raise RefusedError("gone", "This button is not there any more.", 410)
        return await self._called(person, message, asked.data)

    async def _called(self, person: Person, message: MessageView, data: str) -> Json:
        """What the bot answers to a button that calls it."""
        query = person.send_callback(message, data)
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

    async def _reader(self, asked: forms.Reader) -> Json:
        return {"chat": self._scene.new_reader(asked.language).id}

    async def _block(self, asked: forms.Block) -> Json:
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

    def _message(self, asked: forms.Pressed) -> MessageView:
        room = self._scene.rooms[asked.chat]
        if asked.message in room.chat.messages:
            message = room.message(asked.message)
            if not message.deleted:
                return message
        raise RefusedError("gone", "This message is not there any more.", 410)

    # --- The newsroom ----------------------------------------------------------------------------

    async def _publish(self, asked: forms.Publish) -> Json:
        site = self._scene.site
        title, lead = _title(asked.title), " ".join(asked.lead.split())
        if asked.section not in site.sections:
            raise RefusedError("no_section", "Choose one of the sections.")
        body, image = to_html(asked.text), self._image(asked.picture)
        await self._scene.primed()  # what is wrong is refused before
        article = site.publish(
            title=title,
            lead=lead,
            body_html=body,
            section=asked.section,
            image=image,
            language="ru" if re.search("[а-яё]", title + lead, re.IGNORECASE) else "en",
        )
        return {"slug": article.slug}

    async def _correct(self, asked: forms.Correct) -> Json:
        article = self._scene.site.correct(
            self._article(asked.slug),
            title=_title(asked.title),
            lead=" ".join(asked.lead.split()),
            body_html=None if asked.text is None else to_html(asked.text),
        )
        return {"slug": article.slug}

    async def _withdraw(self, asked: forms.Withdraw) -> Json:
        self._scene.site.withdraw(self._article(asked.slug))
        return {}

    async def _ten(self, _asked: forms.Nothing) -> Json:
        await self._scene.primed()
        return {"count": len(self._scene.site.publish_many(TEN))}

    async def _feed(self, asked: forms.Feed) -> Json:
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

    def _image(self, picture: forms.Cover | forms.Upload | None) -> str | bool:
        match picture:
            case None:
                return False
            case forms.Cover(cover=name):
                return name
            case forms.Upload(upload=address):
                content = _decoded(address)
        if len(content) > PICTURE_BYTES:
            raise RefusedError("big_picture", "The picture is larger than 5 MB.", 413)
        try:
            return self._scene.site.add_picture(content)
        except ValueError:
            raise _bad_picture() from None

    # --- The house -------------------------------------------------------------------------------

    async def _knob(self, asked: forms.Knob) -> Json:
        self._scene.knobs.turn(asked.name, on=asked.on)
        return {}

    async def _bot(self, asked: forms.BotAction) -> Json:
        bot = self._scene.bot
        await {"kill": bot.kill, "stop": bot.stop, "start": bot.start}[asked.action]()
        return {}

    async def _crowd(self, asked: forms.CrowdAction) -> Json:
        crowd = self._scene.crowd
        if crowd.readers + asked.count > MOST_READERS:
            raise RefusedError(
                "crowd_full", f"There is room for {MOST_READERS} readers of the crowd in all.", 409
            )
        crowd.invite(asked.count)
        return {"readers": crowd.readers}


def _calls(part: Any) -> Iterator[str]:
    """The data of the buttons within a part of a rich message."""
    if isinstance(part, dict):
        if "callback_data" in part:
            yield part["callback_data"]
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from _calls(inner)


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
    except ValueError:  # also what is not even ASCII
        raise _bad_picture() from None


def _bad_picture() -> RefusedError:
    return RefusedError("bad_picture", "A picture is a PNG, JPEG, WebP or GIF file.")


def _complaint(error: ValidationError) -> str:
    """The first fault of a request, as a sentence."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"])) or "The request"
    return f"{where}: {first['msg'][:1].lower()}{first['msg'][1:]}."
