"""What these tests share: a playground behind its own server, and its page in a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Page

from sandbox.playground.scene import Scene
from sandbox.playground.server import listen, serve
from tests.playground.browsing import PATIENCE, find_chromium, open_chromium, running_playground
from tests.playground.stage import Stream

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


@pytest.fixture
async def address(scene: Scene) -> AsyncIterator[str]:
    """A server in this process; whose scene it is, each module says."""
    async with serve(scene, listen(0)) as address:
        yield address


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Asks over HTTP."""
    async with aiohttp.ClientSession() as client:
        yield client


@pytest.fixture
async def stream(address: str, client: aiohttp.ClientSession) -> AsyncIterator[Stream]:
    """What a page is sent, the first event taken."""
    async with client.get(f"{address}live") as response:
        stream = Stream(response)
        await stream.event()
        yield stream


@pytest.fixture(scope="session")
def playground() -> Iterator[str]:
    """One playground for all tests of a worker; each test has readers and articles of its own."""
    with running_playground() as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of a worker; where there is none, they are skipped."""
    path = find_chromium()
    if path is None:
        pytest.skip("there is no Chromium here: install Debian's package chromium")
    async with open_chromium(path) as browser:
        yield browser


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, playground: str) -> AsyncIterator[Page]:
    """The page in English on a large screen, nothing kept from the tests before.

    Its console must hold no complaint at the end.
    """
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
    await context.close()
    assert complaints == []
