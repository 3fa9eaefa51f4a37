"""The page as a person uses it: chats, the newsroom, the switches."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from tests.playground.browsing import PATIENCE

expect.set_options(timeout=PATIENCE)


class Chat:
    """The open chat of a reader who speaks English and has just come."""

    def __init__(self, page: Page, name: str) -> None:
        self.page = page
        self.name = name
        self.log = page.get_by_role("log")
        self.messages = self.log.locator("[data-message]:not([inert])")
        self.last = self.messages.last
        self.writing = page.get_by_role("textbox", name="Message")

    @classmethod
    async def of_new_reader(cls, page: Page) -> Chat:
        """A new reader's chat; the bot talks by the time that it opens."""
        await bot_runs(page)
        chats = page.locator("[data-chat]")
        known = await chats.count()
        await page.get_by_role("button", name="New reader").click()
        await page.get_by_role("menu").get_by_role("menuitem", name="English").click()
        await expect(chats).to_have_count(known + 1)
        name = await chats.first.locator(".chat-title").inner_text()
        await expect(page.locator(".head-owner")).to_have_text(name)
        return cls(page, name)

    async def start(self) -> None:
        """Press Start, and be greeted."""
        await self.page.get_by_role("button", name="Start", exact=True).click()
        await expect(self.last).to_contain_text("Hello! This is")

    async def say(self, text: str) -> None:
        """Write a message."""
        await self.writing.fill(text)
        await self.writing.press("Enter")

    async def press(self, label: str) -> None:
        """Press a button under the last message."""
        await self.key(label).click()

    def key(self, label: str) -> Locator:
        """The button under the last message that has this in its label."""
        return self.last.locator(".key", has_text=label)

    async def sees(self, text: str) -> None:
        """Wait until the last message says so."""
        await expect(self.last.locator(".text")).to_contain_text(text)

    async def subscribe_to_all(self) -> None:
        """Subscribe to every section."""
        await self.say("/subscribe")
        await self.sees("Stay in touch")
        await self.press("Subscribe to all")
        await expect(self.page.locator("#toasts, .notes")).to_contain_text("You are subscribed")


async def bot_runs(page: Page) -> None:
    """Wait until the bot talks, has read its sources and has sent all that waited."""
    await expect(figure(page, "sources")).to_contain_text("3/3", timeout=3 * PATIENCE)
    await expect(figure(page, "queued")).to_contain_text("0")


def figure(page: Page, name: str) -> Locator:
    """A figure of the strip or of the crowd."""
    return page.locator(f'[data-figure="{name}"]').first


async def publish(
    page: Page, title: str, *, text: str = "One.\n\nTwo.", cover: bool = False
) -> None:
    """Write an article in the newsroom and publish it."""
    newsroom = page.locator("#newsroom")
    await newsroom.get_by_role("button", name="Write an article").click()
    await newsroom.get_by_label("Title").fill(title)
    await newsroom.get_by_label("Lead").fill("Neighbours did it by themselves.")
    await newsroom.get_by_label("Text", exact=True).fill(text)
    if cover:
        await newsroom.get_by_role("radio", name="Cover 2").press("Space")
    await newsroom.get_by_role("button", name="Publish", exact=True).click()
    await expect(article(page, title)).to_be_visible()


def article(page: Page, title: str) -> Locator:
    """An article in the newsroom's list."""
    return page.locator("#newsroom [data-article]", has_text=title)


async def open_panel(page: Page) -> Locator:
    """The panel of troubles, open."""
    panel = page.locator("#panel")
    if not await panel.is_visible():
        await page.locator("#panel-toggle").click()
    return panel


async def turn(page: Page, knob: str, *, on: bool) -> None:
    """Turn a switch of the panel."""
    panel = await open_panel(page)
    switch = panel.locator(f'[data-knob="{knob}"]')
    await expect(switch).to_have_attribute("aria-checked", str(not on).lower())
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", str(on).lower())
