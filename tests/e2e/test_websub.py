"""The real process and a hub: told of news, killed, and told again."""

from __future__ import annotations

from sandbox.process import FIRST_READ
from sandbox.telegram import Telegram
from tests.e2e.conftest import Start
from tests.hub import Hub, Site


async def test_news_reach_a_reader_by_way_of_the_hub_before_and_after_a_kill(
    start: Start, telegram: Telegram, unused_tcp_port: int
) -> None:
    anna = telegram.person("Анна")
    async with Hub() as hub, Site(f"{hub.url}/") as site:
        settings = {
            "SOURCES": f"{site.url}/feed",
            "POLL_SECONDS": "3600",  # so that nothing but the hub can have told
            "WEBHOOK_URL": f"http://127.0.0.1:{unused_tcp_port}",
            "WEBHOOK_SECRET": "a-secret-of-many-letters",
            "WEB_PORT": str(unused_tcp_port),
            "LOG_LEVEL": "DEBUG",
        }
        texts = []
        async with start(**settings) as bot:
            await bot.logs(FIRST_READ)
            await hub.wait_for(lambda: hub.confirmed)
            await anna.say("/subscribe")
            choices = await anna.sees("Оставайтесь на связи", timeout=45)
            await anna.press(choices, "Подписаться на всё")
            await anna.sees("активирована")
            site.titles.append("Вторая")
            assert await hub.distribute(site.topic, site.body()) == [200]
            await anna.sees("Вторая", timeout=30)
            await bot.kill()
        texts.append(bot.text)
        async with start(**settings) as bot:
            await site.wait_for(lambda: len(site.reads) == 3)
            site.titles.append("Третья")
            await bot.logs("talking")
            assert await hub.distribute(site.topic, site.body(), method="sha1") == [200]
            await anna.sees("Третья", timeout=30)
            assert await bot.stop() == 0
        texts.append(bot.text)
        (asked,) = hub.requests  # what was confirmed before the kill still is
        assert hub.violations == []
        token = asked["hub.callback"].rpartition("/")[2]
        hidden = token, asked["hub.secret"]
        lines = [line for text in texts for line in text.splitlines()]
        assert [line for line in lines if any(part in line for part in hidden)] == []
    # What was sent right before the kill may be sent once more.
    assert telegram.ledger.copies("Третья") == {anna.id: 1}
