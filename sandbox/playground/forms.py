"""What each action of the page takes, checked before anything is done."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sandbox.playground.crowd import MOST_READERS

_TITLE_CHARS, _LEAD_CHARS, _BODY_CHARS = 500, 2000, 100_000


def _well_formed(text: str) -> str:
    """A text in which no half of a surrogate pair stands alone, as JSON from a browser may."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Text = Annotated[str, AfterValidator(_well_formed)]
Title = Annotated[Text, Field(max_length=_TITLE_CHARS)]
Lead = Annotated[Text, Field(max_length=_LEAD_CHARS)]
Body = Annotated[Text, Field(max_length=_BODY_CHARS)]


class Asked(BaseModel):
    """What every action's request is: of exactly its fields, of exactly their types."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Nothing(Asked):
    """An action that takes nothing."""


class Say(Asked):
    """A person writes in a chat."""

    chat: int
    person: int
    text: Text


class Pressed(Asked):
    """Who presses, and in which message."""

    chat: int
    message: int
    person: int


class Press(Pressed):
    """A button under a message is pressed, by its place."""

    row: int = Field(ge=0)
    column: int = Field(ge=0)


class PressInside(Pressed):
    """A button inside a rich message that calls the bot is pressed, by its data."""

    data: str


class Reader(Asked):
    """Somebody comes."""

    language: str = Field(pattern=r"^[a-z]{2,3}(-[A-Za-z]{2,8})?$")


class Block(Asked):
    """A reader blocks the bot, or a group removes it; or takes that back."""

    chat: int
    blocked: bool


class Cover(Asked):
    """One of the site's own pictures."""

    cover: str = Field(pattern=r"^[a-z0-9-]{1,60}$")


class Upload(Asked):
    """A picture of the editor's, as a data: address."""

    upload: str


class Publish(Asked):
    """A new article; the text is in the editor's markup."""

    title: Title
    lead: Lead
    text: Body
    section: str
    picture: Cover | Upload | None


class Correct(Asked):
    """An article in its new words; without a text its body stays."""

    slug: str
    title: Title
    lead: Lead
    text: Body | None


class Withdraw(Asked):
    """An article is taken off the site."""

    slug: str


class Feed(Asked):
    """The feeds break, or are mended."""

    fault: Literal["500", "garbage", "hang", "reset"] | None


class Knob(Asked):
    """A switch is turned."""

    name: Literal["slow", "floods", "down", "cut"]
    on: bool


class BotAction(Asked):
    """The bot is killed, stopped or started."""

    action: Literal["kill", "stop", "start"]


class CrowdAction(Asked):
    """Many readers come."""

    count: int = Field(ge=1, le=MOST_READERS)
