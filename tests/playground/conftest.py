"""The page in a browser, for the tests that press, type and look."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page

from tests.playground.browsing import PATIENCE, find_chromium, open_chromium, running_playground

# Readers of one test would get, and so slow, what the next one publishes.
_NEW_READERS_LEAVE = """async () => {
    const { get } = await import("/js/store.js");
    const { act } = await import("/js/api.js");
    const stay = new Set(["Анна", "Tom", "Әлия"]);
    for (const { id, kind, title, gallery, blocked } of get("chats") ?? []) {
        if (kind === "private" && !gallery && !blocked && !stay.has(title)) {
            await act("block", { chat: id, blocked: true });
        }
    }
}"""


@pytest.fixture(scope="session")
def playground() -> Iterator[str]:
    """One playground for all tests of a worker; each test has readers and articles of its own."""
    with running_playground() as address:
        yield address


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A fresh Chromium; where there is none, the test is skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium here: install Debian's package chromium")
    async with open_chromium(path) as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser, playground: str) -> AsyncIterator[Page]:
    """The page in English on a large screen; its console must hold no complaint at the end."""
    context = await browser.new_context(locale="en-GB", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(f"{message.text} ({message.location})")

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(playground)
    yield page
    await page.evaluate(_NEW_READERS_LEAVE)
    assert complaints == []
