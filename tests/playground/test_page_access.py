"""The page for everybody: by keyboard, on a phone, in either language, without barriers."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.playground.browsing import PATIENCE
from tests.playground.screen import Chat, article, bot_runs, open_panel, publish

pytestmark = pytest.mark.asyncio(loop_scope="session")  # that of the browser

PHONE = ViewportSize(width=390, height=844)


async def barriers(page: Page) -> list[str]:
    """What axe-core finds that is serious or worse: in light colours all, in dark ones contrast."""
    await in_colours(page, "light")
    everything: dict[str, Any] = (await Axe().run(page)).response
    await in_colours(page, "dark")
    contrast = {"runOnly": ["color-contrast"]}
    dark: dict[str, Any] = (await Axe().run(page, options=contrast)).response
    return [
        f"{rule['id']}: {node['html'][:200]}"
        for rule in (*everything["violations"], *dark["violations"])
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]


async def in_colours(page: Page, theme: Literal["light", "dark"]) -> None:
    """Set the system's colours, and wait until the page has them."""
    await page.emulate_media(color_scheme=theme)
    await expect(page.locator(f'html[data-theme="{theme}"]')).to_be_attached()


async def test_the_main_job_by_keyboard_alone(page: Page) -> None:
    await bot_runs(page)
    await focus_by_tab(page, "New reader")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menu")).to_be_visible()
    await page.keyboard.press("ArrowDown")  # from Russian to English
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Start", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("log")).to_contain_text("Hello! This is")
    await expect(page.get_by_role("textbox", name="Message")).to_be_focused()
    await page.keyboard.type("/subs")
    await page.keyboard.press("Enter")
    chat = Chat(page, "")
    await chat.sees("Stay in touch")
    await focus_by_tab(page, "Subscribe to all", back=True)
    await page.keyboard.press("Enter")
    await expect(chat.last).to_contain_text("Unsubscribe from all")

    await focus_by_tab(page, "Write an article")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Title")).to_be_focused()
    await page.keyboard.type("Written without a mouse")
    await page.keyboard.press("Control+Enter")
    await chat.sees("Written without a mouse")
    await focus_by_tab(page, "Break something", back=True)
    await page.keyboard.press("Enter")
    await expect(page.locator("#panel")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#panel")).to_be_hidden()
    await expect(page.get_by_role("button", name="Break something")).to_be_focused()


async def focus_by_tab(page: Page, name: str, *, back: bool = False) -> None:
    """Press Tab until the focus is on something with this name."""
    told = "document.activeElement.ariaLabel || document.activeElement.innerText || ''"
    for _ in range(150):
        await page.keyboard.press("Shift+Tab" if back else "Tab")
        if name in await page.evaluate(told):
            return
    pytest.fail(f"the Tab key does not lead to {name!r}")


async def test_on_a_phone_one_side_is_shown_at_a_time(page: Page) -> None:
    await page.set_viewport_size(PHONE)
    await page.reload()
    telegram, newsroom = page.locator("#telegram"), page.locator("#newsroom")
    await expect(telegram).to_be_visible()
    await expect(newsroom).to_be_hidden()
    await page.get_by_role("button", name="New reader").click()
    await page.get_by_role("menuitem", name="English").click()
    chat = Chat(page, "")
    await chat.start()
    await chat.subscribe_to_all()
    assert not await overflows(page)
    tabs = page.locator("#tabs")
    await tabs.get_by_role("button", name="Newsroom").click()
    await expect(telegram).to_be_hidden()
    await publish(page, "Written on a phone")
    assert not await overflows(page)
    await tabs.get_by_role("button", name="Trouble").click()
    await expect(page.get_by_role("switch").first).to_be_visible()
    assert not await overflows(page)
    await tabs.get_by_role("button", name="Telegram").click()
    await chat.sees("Written on a phone")
    await page.get_by_role("button", name="Back to the chats").click()
    await expect(page.get_by_role("button", name="New reader")).to_be_visible()


async def overflows(page: Page) -> bool:
    """Whether the page is wider than the screen."""
    root = "document.documentElement"
    wide: bool = await page.evaluate(f"{root}.scrollWidth > {root}.clientWidth")
    return wide


async def test_there_are_no_barriers(page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")  # colours do not fade into each other
    chat = await Chat.of_new_reader(page)
    assert await barriers(page) == []
    await chat.start()
    await chat.subscribe_to_all()
    await publish(page, "An article without barriers", cover=True)
    await chat.sees("An article without barriers")
    await open_panel(page)
    assert await barriers(page) == []
    await page.locator("#telegram .chats .apart button").click()
    await expect(page.get_by_role("log").locator("table").first).to_be_visible()
    await page.locator("#newsroom").get_by_role("button", name="Write an article").click()
    assert await barriers(page) == []
    await page.set_viewport_size(PHONE)
    assert await barriers(page) == []


async def test_in_the_narrow_list_the_language_and_what_is_unread_leave_the_initials_free(
    page: Page,
) -> None:
    """They lay in a heap on the avatar where the panel leaves the chats no more than that."""
    chat = await Chat.of_new_reader(page)
    await chat.start()
    await chat.say("/help")
    await expect(chat.messages).to_have_count(4)
    await page.set_viewport_size({"width": 1290, "height": 800})
    await open_panel(page)
    button = page.locator(".chat", has_text=chat.name)
    await page.locator("#telegram .chats .apart button").click()
    await page.evaluate(
        """async (id) => {
            const { get } = await import("/js/store.js");
            const { act } = await import("/js/api.js");
            await act("say", { chat: id, person: id, text: "/help" });
        }""",
        int(str(await button.get_attribute("data-chat"))),
    )
    await expect(button.locator(".badge")).to_be_visible()
    await expect(button.locator(".chat-title")).to_have_css("position", "absolute")
    tag = await button.locator(".lang-tag").bounding_box()
    badge = await button.locator(".badge").bounding_box()
    avatar = await button.locator(".avatar").bounding_box()
    assert tag
    assert badge
    assert avatar
    assert tag["y"] + tag["height"] <= avatar["y"] + avatar["height"] / 3
    assert avatar["y"] + avatar["height"] / 2 <= badge["y"]


async def test_wrong_fields_are_named_and_a_draft_survives_a_reload(page: Page) -> None:
    await bot_runs(page)
    newsroom = page.locator("#newsroom")
    await newsroom.get_by_role("button", name="Write an article").click()
    await newsroom.get_by_role("button", name="Publish", exact=True).click()
    title = newsroom.get_by_label("Title")
    await expect(title).to_be_focused()
    await expect(title).to_have_attribute("aria-invalid", "true")
    await expect(newsroom).to_contain_text("An article needs a title.")
    await title.fill("Half of an idea")
    await page.reload()
    await expect(title).to_have_value("Half of an idea")
    await newsroom.get_by_role("button", name="Publish", exact=True).click()
    await expect(article(page, "Half of an idea")).to_be_visible()


async def test_the_page_speaks_russian_to_a_russian_browser(
    browser: Browser, playground: str
) -> None:
    context = await browser.new_context(locale="ru-RU")
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(playground)
    await expect(page.get_by_role("button", name="Что-нибудь сломать")).to_be_visible()
    words: dict[str, dict[str, object]] = await page.evaluate(
        """async () => {
            const areas = ["core", "telegram", "newsroom", "panel"];
            const files = await Promise.all(areas.map((name) => import(`/js/strings/${name}.js`)));
            const all = (code) => Object.assign({}, ...files.map((file) => file.default[code]));
            return { en: all("en"), ru: all("ru") };
        }"""
    )
    assert words["en"].keys() == words["ru"].keys()
    await page.get_by_role("button", name="English").click()
    await expect(page.get_by_role("button", name="Break something")).to_be_visible()


async def test_the_page_says_when_the_sandbox_is_gone(browser: Browser, playground: str) -> None:
    context = await browser.new_context(locale="en-GB")
    page = await context.new_page()
    # A stream that ends at once, and asks to be opened again soon.
    ended = {"body": "retry: 200\n\n", "content_type": "text/event-stream"}
    await page.route("**/live", lambda route: route.fulfill(**ended))
    await page.goto(playground)
    await expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    await page.unroute("**/live")
    await expect(page.get_by_role("alert")).to_have_count(0)
