"""A strict Telegram Bot API on a real loopback socket, with people who talk to the bot.

It imitates what https://core.telegram.org/bots/api says and what the open Bot API server does,
keeps the state of chats, refuses what Telegram refuses in its own words, and is stricter where
Telegram is lax: unknown methods and parameters are refused and recorded as violations. What it
does not model it refuses; it never answers "ok" to what it does not know.
"""

from sandbox.telegram.chats import Message
from sandbox.telegram.clock import Clock, ManualClock, RealClock
from sandbox.telegram.emulator import Telegram
from sandbox.telegram.faults import (
    Fault,
    Faults,
    Flood,
    Garbled,
    Hold,
    HtmlError,
    Refusal,
    Reset,
    Silence,
)
from sandbox.telegram.floods import FloodRules
from sandbox.telegram.group import Group
from sandbox.telegram.ledger import Ledger, Request, Violation
from sandbox.telegram.person import Answer, Found, Person, Room
from sandbox.telegram.pictures import Picture
from sandbox.telegram.text import detect, drawn_entities
from sandbox.telegram.view import Button, MessageView
from sandbox.telegram.world import Query

__all__ = [
    "Answer",
    "Button",
    "Clock",
    "Fault",
    "Faults",
    "Flood",
    "FloodRules",
    "Found",
    "Garbled",
    "Group",
    "Hold",
    "HtmlError",
    "Ledger",
    "ManualClock",
    "Message",
    "MessageView",
    "Person",
    "Picture",
    "Query",
    "RealClock",
    "Refusal",
    "Request",
    "Reset",
    "Room",
    "Silence",
    "Telegram",
    "Violation",
    "detect",
    "drawn_entities",
]
