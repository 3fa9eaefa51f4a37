"""Takes the README's pictures anew, from the page as it is: ``python -m scripts.screenshots``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from tests.playground.browsing import PATIENCE, find_chromium, open_chromium, running_playground
from tests.playground.screen import open_panel

FOLDER = Path(__file__).parent.parent / "docs" / "images"
DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
LONG = "Пять вопросов человеку"
_SETTLED_SECONDS = 5  # toasts are gone by then, and pictures drawn


async def main() -> None:
    """Play what the pictures show, and take them."""
    path = find_chromium()
    if path is None:
        sys.exit("There is no Chromium here: install Debian's package chromium.")
    FOLDER.mkdir(exist_ok=True)
    with running_playground() as address:
        async with open_chromium(path) as browser:
            await phone(await opened(browser, address, PHONE, "dark"))
            await desktop(await opened(browser, address, DESKTOP, "light"))


async def opened(browser: Browser, address: str, size: ViewportSize, theme: str) -> Page:
    """The page in Russian, as the first user has it, once the bot has read its sources."""
    context = await browser.new_context(
        locale="ru-RU", viewport=size, color_scheme="dark" if theme == "dark" else "light"
    )
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(address)
    await expect(page.locator('[data-figure="sources"]')).to_contain_text("3")
    return page


async def desktop(page: Page) -> None:
    """A push beside the newsroom that has just published it; then the switches."""
    await page.locator(".big-button").click()
    await command(page, "/subscribe")
    await page.locator(".key", has_text="Подписаться на всё").last.click()
    await page.locator('[data-do="write"]').click()
    await page.locator('[data-do="example"]').click()
    await page.locator(".side-foot .primary").click()
    await expect(last(page)).to_contain_text("Читать")
    await take(page, "playground")
    panel = await open_panel(page)
    await panel.locator('input[type="number"]').fill("60")
    await panel.locator(".crowd-form .button").click()
    await expect(panel.locator('.proof[data-stage="waiting"]')).to_be_visible()
    await panel.locator('[data-knob="floods"]').click()
    await page.locator('[data-do="ten"]').click()
    await expect(page.locator('[data-figure="waits"]')).not_to_have_text("0")
    await panel.locator(".proof").scroll_into_view_if_needed()
    await take(page, "playground-troubles")
    await panel.locator('[data-knob="floods"]').click()


async def phone(page: Page) -> None:
    """An article in pages."""
    await page.locator(".new-reader").click()
    await page.get_by_role("menuitem", name="Русский").click()
    await page.locator(".big-button").click()
    await command(page, "/news")
    while not await last(page).locator(".key", has_text=LONG).count():
        await last(page).locator(".key", has_text="Раньше").click()
        await page.wait_for_timeout(500)
    await last(page).locator(".key", has_text=LONG).click()
    await expect(last(page)).to_contain_text("На сайте")
    await take(page, "playground-phone")


async def command(page: Page, text: str) -> None:
    """Write a command, and wait for the bot's answer."""
    messages = page.locator("[data-message]")
    await expect(messages.last).to_contain_text("Здравствуйте")
    count = await messages.count()
    await page.locator(".writing").fill(text)
    await page.locator(".writing").press("Enter")
    await expect(messages).to_have_count(count + 2)


def last(page: Page) -> Locator:
    """The last message."""
    return page.locator("[data-message]").last


async def take(page: Page, name: str) -> None:
    """One picture."""
    await page.wait_for_timeout(_SETTLED_SECONDS * 1000)
    await page.screenshot(path=FOLDER / f"{name}.png")
    print(f"docs/images/{name}.png")


if __name__ == "__main__":
    asyncio.run(main())
