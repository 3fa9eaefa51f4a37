"""Schedules: what happens to readers, senders, the database and Telegram, and when."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TypeVar

from hypothesis import strategies as st

from bot.model import OnUnknown

T = TypeVar("T")


class Effect(StrEnum):
    """What Telegram does with one request instead of taking it and saying so."""

    FLOOD = "429 for all"
    CHAT_FLOOD = "429 for the chat"
    BAD_GATEWAY = "502"
    ACCEPTED_BAD_GATEWAY = "accepted, then 502"
    CUT = "cut"
    ACCEPTED_CUT = "accepted, then cut"
    SILENT = "no answer"
    ACCEPTED_SILENT = "accepted, no answer"
    ACCEPTED_LATE = "no answer, accepted later"
    ACCEPTED_GARBLED = "accepted, answer garbled"
    ACCEPTED_NEWER = "accepted, answer half readable"
    UNREACHABLE = "no connection"
    BLOCKED = "403 blocked"
    MISSING = "400 chat not found"
    UNDELIVERABLE = "403 payment required"
    UNHEARD_OF = "400 something new"
    MARKUP = "400 entities refused"
    PICTURE = "400 picture refused"
    TOKEN = "401"

    def __repr__(self) -> str:
        return f"Effect.{self.name}"


@dataclass(frozen=True, slots=True)
class Fault:
    """The effect on the request of this number, counted from 1, and seconds to wait for floods."""

    request: int
    effect: Effect
    seconds: int = 1


# --- What happens -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Publish:
    """An article goes out, for so many seconds at most."""

    breaking: bool = False
    ttl: float = 86400.0
    announced: bool = True


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A broadcast is withdrawn: the newest but so many."""

    back: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """The article of a broadcast, the newest but so many, is found in another section, too."""

    back: int = 0


@dataclass(frozen=True, slots=True)
class Leave:
    """A reader unsubscribes."""

    reader: int


@dataclass(frozen=True, slots=True)
class Return:
    """A reader subscribes (again)."""

    reader: int


@dataclass(frozen=True, slots=True)
class Block:
    """A chat closes; the bot is told after so many seconds."""

    chat: int
    told: float


@dataclass(frozen=True, slots=True)
class Unblock:
    """A chat opens again; the bot is told after so many seconds."""

    chat: int
    told: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A person in this chat is answered."""

    chat: int


@dataclass(frozen=True, slots=True)
class Move:
    """A group becomes a supergroup."""

    chat: int


@dataclass(frozen=True, slots=True)
class CloseTopic:
    """The topic of a reader is deleted; nothing happens to readers without one."""

    reader: int


@dataclass(frozen=True, slots=True)
class Kill:
    """The sender dies at this moment; another starts after so many seconds."""

    restart: float


@dataclass(frozen=True, slots=True)
class KillAtWrite:
    """The sender dies in its nth transaction from now, before or after the commit."""

    nth: int
    committed: bool
    restart: float


@dataclass(frozen=True, slots=True)
class Stop:
    """The sender is asked to end; another starts so many seconds later, ready or not."""

    restart: float


@dataclass(frozen=True, slots=True)
class Freeze:
    """The sender stands still; after a while another starts, and it learns so when it wakes up."""

    successor: float
    seconds: float


@dataclass(frozen=True, slots=True)
class FailWrite:
    """The sender's nth transaction from now fails, before the commit or only seemingly."""

    nth: int
    committed: bool


@dataclass(frozen=True, slots=True)
class DatabaseAway:
    """No transaction can be begun for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Outage:
    """Every request has this effect for so long."""

    effect: Effect
    seconds: float


Event = (
    Publish
    | Withdraw
    | Place
    | Leave
    | Return
    | Block
    | Unblock
    | Reply
    | Move
    | CloseTopic
    | Kill
    | KillAtWrite
    | Stop
    | Freeze
    | FailWrite
    | DatabaseAway
    | Outage
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """One run.

    Attributes:
        privates: how many readers are people.
        groups: how many are groups.
        topics: how many topics each forum has; the forum itself is a reader, too.
        rate: messages per second.
        policy: what becomes of doubtful sends.
        paid: whether breaking news leave with Telegram's paid option.
        answers: seconds that requests take to be answered, in turns.
        commits: seconds that the sender's transactions take, in turns.
        resumed: whether a halted broadcast goes on; else it is given up.
        faults: what befalls single requests.
        events: what happens, each so many seconds after the one before.
    """

    privates: int = 10
    groups: int = 0
    topics: tuple[int, ...] = ()
    rate: float = 25.0
    policy: OnUnknown = OnUnknown.RESEND
    paid: bool = False
    answers: tuple[float, ...] = (0.1,)
    commits: tuple[float, ...] = (0.0,)
    resumed: bool = True
    faults: tuple[Fault, ...] = ()
    events: tuple[tuple[float, Event], ...] = ()

    def __repr__(self) -> str:
        """As it can be pasted into a test."""
        lines = []
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name in {"faults", "events"} and value:
                inner = "".join(f"        {item!r},\n" for item in value)
                lines.append(f"    {each.name}=(\n{inner}    ),\n")
            else:
                text = f"OnUnknown.{value.name}" if isinstance(value, OnUnknown) else repr(value)
                lines.append(f"    {each.name}={text},\n")
        return f"Schedule(\n{''.join(lines)})"


# --- How they are drawn -----------------------------------------------------------------------

_MOMENTS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 1.0, 3.0)
_SPANS = (0.0, 0.05, 0.5, 2.0, 5.0, 20.0)
_OUTAGES = (
    Effect.BAD_GATEWAY,
    Effect.ACCEPTED_BAD_GATEWAY,
    Effect.CUT,
    Effect.SILENT,
    Effect.UNREACHABLE,
    Effect.BLOCKED,
)


def _one(*values: T) -> st.SearchStrategy[T]:
    return st.sampled_from(values)


def _events(readers: int, chats: int) -> st.SearchStrategy[tuple[float, Event]]:
    reader, chat = st.integers(0, readers - 1), st.integers(0, chats - 1)
    moment, span, few, yes = _one(*_MOMENTS), _one(*_SPANS), st.integers(1, 12), st.booleans()
    happening = st.one_of(
        st.builds(Publish, yes, _one(86400.0, 86400.0, 86400.0, 0.5, 2.0, 20.0), yes),
        st.builds(Place, st.integers(0, 2)),
        st.builds(Leave, reader),
        st.builds(Block, chat, moment),
        st.builds(KillAtWrite, few, yes, span),
        st.builds(Kill, span),
        st.builds(Outage, _one(*_OUTAGES), span),
        st.builds(Return, reader),
        st.builds(Unblock, chat, moment),
        st.builds(Publish, yes),
        st.builds(Stop, span),
        st.builds(Freeze, span, span),
        st.builds(FailWrite, few, yes),
        st.builds(DatabaseAway, span),
        st.builds(Move, chat),
        st.builds(CloseTopic, reader),
        st.builds(Reply, chat),
        st.builds(Withdraw, st.integers(0, 2)),
    )
    return st.tuples(moment, happening)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    """Any schedule; each has an article to send."""
    privates, groups = draw(st.integers(1, 30)), draw(st.integers(0, 3))
    topics = tuple(draw(st.lists(st.integers(1, 3), max_size=2)))
    chats = privates + groups + len(topics)
    seconds = _one(1, 3, 5, 20)
    faults = st.builds(Fault, st.integers(1, 60), st.sampled_from(Effect), seconds)
    first = draw(st.builds(Publish, st.booleans()))
    more = draw(st.lists(_events(chats + sum(topics), chats), max_size=14))
    delays = st.lists(_one(0.0, 0.01, 0.05, 0.2, 1.0), min_size=1, max_size=6)
    return Schedule(
        privates,
        groups,
        topics,
        rate=draw(_one(3.0, 10.0, 25.0, 100.0)),
        policy=draw(_one(OnUnknown.RESEND, OnUnknown.RESEND, OnUnknown.DROP)),
        paid=draw(st.booleans()),
        answers=tuple(draw(delays)),
        commits=tuple(draw(st.lists(_one(0.0, 0.0, 0.01, 0.3), min_size=1, max_size=5))),
        resumed=draw(st.booleans()),
        faults=tuple(draw(st.lists(faults, max_size=10, unique_by=lambda each: each.request))),
        events=((0.0, first), *more),
    )
