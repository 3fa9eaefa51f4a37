"""What becomes of a message whose article has changed, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery.amending import Deed, Done, Instead, Later, Next, Past, deed, follows
from bot.model import Chat, ChatKind, Form, Reader, Section
from bot.storage.amendments import Amendment
from bot.telegram.outcome import (
    Doubtful,
    Failed,
    Gone,
    Missing,
    Moved,
    Outcome,
    PictureRefused,
    Refused,
    RetryLater,
    Sent,
    Stop,
    TopicGone,
    Unchanged,
    Undeliverable,
    Uneditable,
    Unsent,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ARTICLE, OTHER = 7, 8


def message(age: timedelta = HOUR, *, shows: int | None = 0) -> Amendment:
    """A push of this age; what its reader opened in it, 0 where nobody pressed it."""
    reader = Reader(1, Chat(5, ChatKind.PRIVATE), "ru", active=True)
    return Amendment(
        reader, 9, NOW - age, opened=shows != 0, opened_article=shows or None, page=0,
        section=Section(1, "Город"), muted=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "withdrawn", "expected"),
    [
        (message(), False, Deed.SHOW_PUSH),
        (message(1000 * HOUR), False, Deed.SHOW_PUSH),
        (message(shows=ARTICLE), False, Deed.SHOW_PAGE),
        (message(shows=OTHER), False, Deed.LEAVE),
        (message(shows=None), False, Deed.LEAVE),
        (message(), True, Deed.DELETE),
        (message(47 * HOUR), True, Deed.DELETE),
        (message(48 * HOUR), True, Deed.SAY_WITHDRAWN),
        (message(shows=ARTICLE), True, Deed.DELETE),
        (message(49 * HOUR, shows=ARTICLE), True, Deed.SAY_WITHDRAWN),
        (message(shows=OTHER), True, Deed.LEAVE),
        (message(shows=None), True, Deed.LEAVE),
    ],
)
def test_what_is_done_with_a_message(given: Amendment, *, withdrawn: bool, expected: Deed) -> None:
    assert deed(given, ARTICLE, NOW, withdrawn=withdrawn) is expected


def test_what_telegram_does_not_delete_says_that_it_is_withdrawn() -> None:
    found = deed(message(), ARTICLE, NOW, withdrawn=True, deletable=False)
    assert found is Deed.SAY_WITHDRAWN


EDIT, DELETE = Deed.SHOW_PUSH, Deed.DELETE


@pytest.mark.parametrize(
    ("became", "done", "form", "expected"),
    [
        (Sent(9), EDIT, Form.FULL, Done()),
        (Unchanged(), DELETE, Form.FULL, Done()),
        (Uneditable("old"), DELETE, Form.FULL, Instead(Deed.SAY_WITHDRAWN, Form.FULL, True)),
        (Uneditable("gone"), EDIT, Form.FULL, Done(reason="gone")),
        (Uneditable("gone"), Deed.SAY_WITHDRAWN, Form.FULL, Done(reason="gone")),
        (RetryLater(7), EDIT, Form.FULL, Later(7, flood=True)),
        (Gone("blocked"), EDIT, Form.FULL, Done(reason="blocked")),
        (Moved(-8), EDIT, Form.FULL, Done(moved_to=-8)),
        (PictureRefused("p"), EDIT, Form.FULL, Instead(EDIT, Form.BARE)),
        (PictureRefused("p", True), EDIT, Form.FULL, Instead(EDIT, Form.BARE, True)),
        (PictureRefused("p"), EDIT, Form.BARE, Instead(EDIT, Form.PLAIN, tell="p")),
        (Refused("r"), EDIT, Form.FULL, Instead(EDIT, Form.PLAIN, tell="r")),
        (Refused("r"), EDIT, Form.PLAIN, Done(reason="r")),
        (Unsent("no"), EDIT, Form.FULL, Later(5, pause=True)),
        (Stop("401"), EDIT, Form.FULL, Later(60, pause=True)),
        (TopicGone("t"), EDIT, Form.FULL, Done(reason="t")),
        (Undeliverable("u"), EDIT, Form.FULL, Done(reason="u")),
        (Failed("f"), EDIT, Form.FULL, Done(reason="f")),
    ],
)
def test_what_follows(became: Outcome, done: Deed, form: Form, expected: Next) -> None:
    assert follows(became, done, form, Past(7, 4), 1) == expected


@pytest.mark.parametrize(
    ("became", "past", "setbacks", "expected"),
    [
        # Others get through: it is this message.
        (Doubtful("?"), Past(), 0, Later(1, Past(1, 1))),
        (Doubtful("?"), Past(3, 3), 0, Later(8, Past(4, 4))),
        (Doubtful("?"), Past(4, 4), 0, Done(reason="?")),
        # None gets through: all wait, and it is tried on.
        (Doubtful("?"), Past(4, 4), 1, Later(16, Past(5, 4), rest=2)),
        (Doubtful("?"), Past(90, 1), 90, Later(600, Past(91, 1), rest=60)),
        (Doubtful("?"), Past(149, 1), 149, Done(reason="?")),
        # Telegram may find the chat again.
        (Missing("m"), Past(), 0, Later(60, Past(1, 1))),
        (Missing("m"), Past(90, 3), 0, Later(3840, Past(91, 4))),
        (Missing("m"), Past(4, 4), 0, Done(reason="m")),
    ],
)
def test_what_follows_when_it_was_in_vain(
    became: Outcome, past: Past, setbacks: int, expected: Next
) -> None:
    assert follows(became, EDIT, Form.FULL, past, setbacks) == expected
