"""``python -m bot check``: settings, database, token and sources, and what would be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from zoneinfo import ZoneInfo

from aiogram.exceptions import AiogramError

from bot.errors import VestnikError
from bot.ingest.fetching.headers import user_agent
from bot.model import NewArticle, SourceSpec, shown_url
from bot.read.examine import Examiner, examiner
from bot.read.lines import moment, section_name
from bot.settings import Settings
from bot.storage.database import Database
from bot.telegram.outcome import Stop, outcome
from bot.telegram.session import make_bot

_SHOWN = 5
_TELEGRAM_SECONDS = 10.0

Say = Callable[[str], None]


async def check(settings: Settings, say: Say) -> bool:
    """Check everything that a start needs and say, a line each, how it stands.

    Nothing is sent, stored or marked as seen; the database is created where there is none.

    Returns:
        Whether the bot would work.
    """
    say(f"Settings: well. {len(settings.sources)} source(s), every {settings.poll_seconds} s.")
    well = await _database(settings, say)
    well &= await _telegram(settings, say)
    name = user_agent(settings.contact)
    wanting = "" if settings.contact else "; set CONTACT, so that they know whom to ask"
    say(f"Sites see the bot as {name}{wanting}.")
    async with examiner(settings) as examining:
        for spec in settings.sources:
            well &= await _source(spec, examining, ZoneInfo(settings.timezone), say)
    return well


async def _database(settings: Settings, say: Say) -> bool:
    try:
        async with Database.open(settings.database):
            say("Database: well.")
    except VestnikError as error:
        say(f"Database: {error}")
        return False
    return True


async def _telegram(settings: Settings, say: Say) -> bool:
    """Only a refused token counts as a fault: the bot itself waits for a Telegram out of reach."""
    bot = make_bot(settings.bot_token.get_secret_value(), settings.bot_api_url)
    try:
        async with asyncio.timeout(_TELEGRAM_SECONDS):
            me = await bot.me()
        say(f"Telegram: well. The bot is @{me.username}, {me.full_name}.")
    except (AiogramError, TimeoutError) as error:
        if isinstance(error, AiogramError) and isinstance(outcome(error), Stop):
            say("Telegram: BOT_TOKEN is refused; copy it anew from @BotFather.")
            return False
        say(f"Telegram: cannot be reached at {settings.bot_api_url}; the bot would wait for it.")
    finally:
        await bot.session.close()
    return True


async def _source(spec: SourceSpec, examining: Examiner, zone: ZoneInfo, say: Say) -> bool:
    say(f"Source {shown_url(spec.url)}")
    try:
        found = await examining.listed(spec)
    except VestnikError as error:
        say(f"  cannot be read: {error}")
        return False
    if found.reads_url is not None:
        say(f"  is read at {shown_url(found.reads_url)}")
    own = found.rubrics.own
    section = f"the section “{section_name(own or found.rubrics.otherwise)}”"
    where = section if own else f"the sections that they name, else {section}"
    say(f"  {len(found.newest)} article(s) for {where}; the newest, moments in {zone.key}:")
    for candidate in found.newest[:_SHOWN]:
        entry = candidate.entry
        when = entry.published or entry.date_hint
        name = entry.title or shown_url(entry.url or "untitled")
        say(f"  - {moment(when, zone) if when else '—'} {name}")
    if found.newest and (newest := await found.maker.article(found.newest[0])):
        say(f"  {_whole(newest)}")
    return True


def _whole(article: NewArticle) -> str:
    """How much of an article would be kept."""
    fault = f" Its page cannot be read whole: {article.fault}" if article.fault else ""
    return (
        f"The newest is for the section “{section_name(article.section)}”. It has "
        f"{len(article.document.plain_text())} characters in {len(article.document.blocks)} "
        f"blocks, {'a' if article.image else 'no'} picture.{fault}"
    )
