"""A reader in the browser: reads, subscribes, hears of news, and what the bot's texts look like."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.playground.screen import Chat, article, bot_runs, publish

pytestmark = pytest.mark.asyncio(loop_scope="session")  # that of the browser

LONG = "Пять вопросов человеку"


async def test_a_new_reader_starts_the_bot_and_reads_an_article_page_by_page(page: Page) -> None:
    chat = await Chat.of_new_reader(page)
    await expect(page.locator("#telegram")).to_contain_text("What can this bot do?")
    await chat.start()
    await chat.press("News")
    await chat.sees("Tap a headline to read.")
    while not await chat.key(LONG).count():
        before = await chat.last.inner_text()
        await chat.press("Older ›")
        await expect(chat.last).not_to_have_text(before, use_inner_text=True)
    await chat.press(LONG)
    await chat.sees(LONG)
    messages = await chat.messages.count()
    first = await chat.last.locator(".text").inner_text()
    await chat.last.get_by_role("button", name="›", exact=True).click()
    await expect(chat.last.locator(".text")).not_to_have_text(first, use_inner_text=True)
    await expect(chat.key("2/")).to_be_visible()
    await chat.last.get_by_role("button", name="‹", exact=True).click()
    await expect(chat.last.locator(".text")).to_have_text(first, use_inner_text=True)
    await chat.press("« Back to the list")
    await chat.sees("Tap a headline to read.")
    assert await chat.messages.count() == messages  # all of it in one message, edited in place


async def test_a_push_arrives_with_its_picture_is_read_and_its_article_corrected_and_withdrawn(
    page: Page,
) -> None:
    chat = await Chat.of_new_reader(page)
    await chat.start()
    await chat.subscribe_to_all()
    title = "Pedestrians take over Garden Street"
    await publish(
        page, title, text="Cars stood here in spring.\n\n> We stopped waiting.", cover=True
    )
    await chat.sees(title)
    picture = chat.last.get_by_role("img").first
    await expect(picture).to_be_visible()
    assert await picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 600
    await chat.press("Read")
    await chat.sees("Cars stood here in spring.")
    await expect(chat.last.locator("blockquote")).to_contain_text("We stopped waiting.")

    newsroom = page.locator("#newsroom")
    await article(page, title).get_by_role("button", name="Correct").click()
    await newsroom.get_by_label("Title").fill(f"{title} for good")
    await newsroom.get_by_role("button", name="Save", exact=True).click()
    corrected = article(page, f"{title} for good")
    await expect(corrected).to_contain_text("corrected")
    # The article is open in the place of its push, and goes on being read there.
    await chat.sees(f"{title} for good")
    await chat.sees("Corrected at")
    await chat.sees("Cars stood here in spring.")
    messages = await chat.messages.count()
    await corrected.get_by_role("button", name="Withdraw").click()
    await page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    await expect(corrected).to_have_count(0)
    await expect(chat.messages).to_have_count(messages - 1)
    await expect(chat.log).not_to_contain_text(title)


async def test_a_headline_is_corrected_in_the_push_itself(page: Page) -> None:
    chat = await Chat.of_new_reader(page)
    await chat.start()
    await chat.subscribe_to_all()
    title = "The bridge opens on Mondey"
    await publish(page, title)
    await chat.sees(title)
    messages = await chat.messages.count()
    await article(page, title).get_by_role("button", name="Correct").click()
    newsroom = page.locator("#newsroom")
    await newsroom.get_by_label("Title").fill("The bridge opens on Monday")
    await newsroom.get_by_role("button", name="Save", exact=True).click()
    await chat.sees("The bridge opens on Monday")
    await chat.sees("✏️ Corrected at")
    await expect(chat.messages).to_have_count(messages)


async def test_ten_articles_at_once_all_arrive(page: Page) -> None:
    chat = await Chat.of_new_reader(page)
    await chat.start()
    await chat.subscribe_to_all()
    before = await chat.messages.count()
    await page.get_by_role("button", name="Publish ten at once").click()
    await expect(chat.messages).to_have_count(before + 10)
    await bot_runs(page)
    await expect(chat.messages).to_have_count(before + 10)


async def test_commands_are_offered_and_completed_and_a_press_is_answered_by_a_toast(
    page: Page,
) -> None:
    chat = await Chat.of_new_reader(page)
    await chat.start()
    await page.get_by_role("button", name="Menu of commands").click()
    offered = page.get_by_role("listbox")
    await expect(offered).to_contain_text("Subscribe to news")
    await page.keyboard.press("Escape")
    await chat.writing.press_sequentially("/su")
    await expect(offered.get_by_role("option")).to_have_count(1)
    await chat.writing.press("Enter")
    await chat.sees("Stay in touch")
    await chat.press("События")
    await expect(page.get_by_text("You are subscribed.", exact=True)).to_be_visible()
    await expect(chat.key("События")).to_contain_text("✅")


async def test_samples_show_every_kind_of_formatting(page: Page) -> None:
    await bot_runs(page)
    await page.locator("#telegram .chats .apart button").click()
    log = page.get_by_role("log")
    await expect(log.locator("table").first).to_be_visible()
    for kind in ("strong", "em", "code", "pre", "blockquote", "ul", "ol", "details"):
        assert await log.locator(kind).count(), kind
    assert await log.get_by_role("heading").count()
    spoiler = log.get_by_role("button", name=re.compile("Hidden text")).first
    await spoiler.press("Enter")
    await expect(spoiler).to_have_count(1)
    quote = log.get_by_role("button", name="Show the whole quote").first
    folded = await quote.locator("xpath=ancestor::blockquote").bounding_box()
    await quote.click()
    await expect(log.get_by_role("button", name="Fold the quote").first).to_be_visible()
    opened = await log.locator("blockquote:has(button)").first.bounding_box()
    assert folded
    assert opened
    assert opened["height"] > folded["height"]
    details = log.locator("details:not([open]) > summary").first
    await details.click()
    await expect(log.get_by_text("without sound").first).to_be_attached()
    assert await log.locator(".key.danger, .key.primary, .key.success").count()
    inside = log.get_by_role("button", name="Приду на субботник")
    await inside.click()
    alert = page.get_by_role("dialog")
    await expect(alert).to_contain_text("Эта кнопка устарела.")
    await alert.get_by_role("button", name="OK").click()
    await expect(alert).to_have_count(0)
    photo = log.locator("button.photo").first
    await photo.scroll_into_view_if_needed()
    shape = "e => [e, e.firstChild].map(x => (x.naturalWidth || x.offsetWidth) /"
    shape += " (x.naturalHeight || x.offsetHeight))"
    await photo.locator("img").evaluate("image => image.decode()")
    drawn, own = await photo.evaluate(shape)
    assert abs(drawn - own) < 0.02  # nothing of it is cut off
