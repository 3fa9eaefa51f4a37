"""What becomes of a message whose article has changed, row by row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery.amending import Deed, Done, Instead, Later, Next, deed, follows
from bot.model import Chat, ChatKind, Form, Reader
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
        reader, 9, NOW - age, opened=shows != 0, opened_article=shows or None, page=0, muted=False
    )


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


EDIT, DELETE = Deed.SHOW_PUSH, Deed.DELETE


@pytest.mark.parametrize(
    ("became", "done", "form", "tries", "expected"),
    [
        (Sent(9), EDIT, Form.FULL, 0, Done()),
        (Unchanged(), DELETE, Form.FULL, 0, Done()),
        (Uneditable("old"), DELETE, Form.FULL, 0, Instead(Deed.SAY_WITHDRAWN, Form.FULL, True)),
        (Uneditable("gone"), EDIT, Form.FULL, 0, Done(reason="gone")),
        (Uneditable("gone"), Deed.SAY_WITHDRAWN, Form.FULL, 0, Done(reason="gone")),
        (RetryLater(7), EDIT, Form.FULL, 3, Later(7, flood=True)),
        (Gone("blocked"), EDIT, Form.FULL, 0, Done(closed=True, reason="blocked")),
        (Moved(-8), EDIT, Form.FULL, 0, Done(moved_to=-8)),
        (PictureRefused("p"), EDIT, Form.FULL, 0, Instead(EDIT, Form.BARE)),
        (PictureRefused("p", True), EDIT, Form.FULL, 0, Instead(EDIT, Form.BARE, True)),
        (PictureRefused("p"), EDIT, Form.BARE, 0, Instead(EDIT, Form.PLAIN, tell="p")),
        (Refused("r"), EDIT, Form.FULL, 0, Instead(EDIT, Form.PLAIN, tell="r")),
        (Refused("r"), EDIT, Form.PLAIN, 0, Done(reason="r")),
        (Unsent("no"), EDIT, Form.FULL, 4, Later(5, pause=True)),
        (Stop("401"), EDIT, Form.FULL, 4, Later(60, pause=True)),
        (Doubtful("?"), EDIT, Form.FULL, 0, Later(1, counts=True)),
        (Doubtful("?"), EDIT, Form.FULL, 3, Later(8, counts=True)),
        (Doubtful("?"), EDIT, Form.FULL, 4, Done(reason="?")),
        (Missing("m"), EDIT, Form.FULL, 0, Done(reason="m")),
        (TopicGone("t"), EDIT, Form.FULL, 0, Done(reason="t")),
        (Undeliverable("u"), EDIT, Form.FULL, 0, Done(reason="u")),
        (Failed("f"), EDIT, Form.FULL, 0, Done(reason="f")),
    ],
)
def test_what_follows(became: Outcome, done: Deed, form: Form, tries: int, expected: Next) -> None:
    assert follows(became, done, form, tries) == expected
