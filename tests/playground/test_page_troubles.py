"""What may go wrong, ordered with the page's own switches: the news arrives all the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.playground.screen import Chat, bot_runs, figure, open_panel, publish, turn

pytestmark = pytest.mark.asyncio(loop_scope="session")  # that of the browser


@pytest_asyncio.fixture(loop_scope="session")
async def chat(page: Page) -> AsyncIterator[Chat]:
    """A subscriber's chat; every switch is off again at the end."""
    chat = await Chat.of_new_reader(page)
    await chat.start()
    await chat.subscribe_to_all()
    yield chat
    panel = await open_panel(page)
    for switch in await panel.locator(
        '[data-knob]:not([data-knob^="block-"])[aria-checked="true"]'
    ).all():
        await switch.click()
    await bot_runs(page)


async def test_a_flood_is_waited_out(page: Page, chat: Chat) -> None:
    waits = int(await figure(page, "waits").inner_text())
    await turn(page, "floods", on=True)
    for number in (1, 2, 3):
        await publish(page, f"News in a flood, part {number}")
    await expect(chat.log.get_by_text("News in a flood, part")).to_have_count(3)
    await turn(page, "floods", on=False)
    assert int(await figure(page, "waits").inner_text()) > waits


async def test_a_slow_telegram_shows_a_pressed_button_until_it_answers(
    page: Page, chat: Chat
) -> None:
    await turn(page, "slow", on=True)
    await chat.say("/subscribe")
    await chat.sees("Stay in touch")
    busy = page.wait_for_selector('.key[aria-busy="true"]')
    await asyncio.gather(busy, chat.key("События").click())
    await expect(page.locator('.key[aria-busy="true"]')).to_have_count(0)
    await expect(chat.key("События")).to_contain_text("✅")
    await turn(page, "slow", on=False)


async def test_news_waits_while_telegram_is_down(page: Page, chat: Chat) -> None:
    await turn(page, "down", on=True)
    await publish(page, "News for the time after")
    await expect(figure(page, "queued")).not_to_have_text("0")
    await turn(page, "down", on=False)
    await chat.sees("News for the time after")


async def test_a_lost_answer_repeats_the_push_once_and_silently(page: Page, chat: Chat) -> None:
    await turn(page, "cut", on=True)
    await publish(page, "News whose answer is lost")
    twice = chat.log.locator("[data-message]", has_text="News whose answer is lost")
    await expect(twice).to_have_count(2)
    await turn(page, "cut", on=False)
    await bot_runs(page)
    await expect(twice).to_have_count(2)
    await expect(twice.first).not_to_contain_text("without sound")
    await expect(twice.last).to_contain_text("without sound")


async def test_a_reader_who_blocks_the_bot_is_left_alone(page: Page, chat: Chat) -> None:
    panel = await open_panel(page)
    switch = panel.get_by_role("switch", name=chat.name, exact=True)
    await switch.click()
    await expect(page.get_by_role("button", name="Unblock the bot")).to_be_visible()
    before = await chat.messages.count()
    await publish(page, "News that nobody pushes here")
    await bot_runs(page)
    await expect(chat.messages).to_have_count(before)
    await page.get_by_role("button", name="Unblock the bot").click()
    await expect(switch).to_have_attribute("aria-checked", "false")


async def test_a_broken_feed_is_read_again_once_it_is_mended(page: Page, chat: Chat) -> None:
    feed = page.get_by_role("group", name="The site’s feed")
    await feed.get_by_role("radio", name="Error 500").press("Space")
    await expect(figure(page, "error")).not_to_be_empty()
    await publish(page, "News of a broken feed")
    await feed.get_by_role("radio", name="Works").press("Space")
    await chat.sees("News of a broken feed")


async def test_a_killed_bot_catches_up_and_a_crowd_gets_every_article_once(
    page: Page, chat: Chat
) -> None:
    panel = await open_panel(page)
    crowd = panel.locator(".trouble", has_text="A crowd")
    await crowd.get_by_role("spinbutton").fill("20")
    await crowd.get_by_role("button", name="Bring subscribers").click()
    await expect(crowd).to_contain_text("All have subscribed.")
    await panel.get_by_role("button", name="Kill").click()
    await expect(figure(page, "bot")).to_contain_text("Stopped")
    await publish(page, "News while nobody was there")
    await panel.get_by_role("button", name="Start", exact=True).click()
    await chat.sees("News while nobody was there")
    await expect(crowd.locator('[data-figure="arrived"]')).to_have_text("20")
    await bot_runs(page)
    await expect(crowd).to_contain_text("20 of 20 arrived, 0 twice")
