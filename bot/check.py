"""``python -m bot check``: settings, database, token and sources, and what would be read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

from aiogram.exceptions import AiogramError

from bot.app import translators_for
from bot.errors import ExtractError, FetchError, VestnikError
from bot.i18n import Translator
from bot.ingest import decide
from bot.ingest.fetching.fetch import Fetcher, get_whole
from bot.ingest.fetching.headers import user_agent
from bot.ingest.looking import Looked, look
from bot.ingest.pages import PAGE_BYTES
from bot.ingest.rubrics import Aliases, Rubrics, rubrics_of
from bot.ingest.workers import ParsePool
from bot.model import Document, NewArticle, Selectors, Source, SourceSpec, shown_url
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
    translators = translators_for(settings)
    say(f"Settings: well. {len(settings.sources)} source(s), every {settings.poll_seconds} s.")
    well = await _database(settings, say)
    well &= await _telegram(settings, say)
    async with AsyncExitStack() as stack:
        fetcher = await stack.enter_async_context(
            Fetcher(
                allow_private=settings.allow_private_addresses,
                user_agent=user_agent(settings.contact),
                page_pause=settings.page_pause,
                sources=settings.sources,
            )
        )
        pool = await stack.enter_async_context(ParsePool(zone=ZoneInfo(settings.timezone)))
        t = translators["en"]
        for spec in settings.sources:
            well &= await _source(spec, fetcher, pool, settings, t, say)
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


async def _source(
    spec: SourceSpec,
    fetcher: Fetcher,
    pool: ParsePool,
    settings: Settings,
    t: Translator,
    say: Say,
) -> bool:
    say(f"Source {shown_url(spec.url)}")
    source = Source(0, spec.url, spec.section, None, None, failures=0, primed=False)
    try:
        looked = await look(fetcher, pool, source, spec.selectors)
        if not isinstance(looked, Looked):
            raise FetchError("the site said that nothing has changed, though nobody asked")
    except VestnikError as error:
        say(f"  cannot be read: {error}")
        return False
    if looked.reads_url is not None:
        say(f"  is read at {shown_url(looked.reads_url)}")
    rubrics = rubrics_of(source, looked.feed, Aliases(settings.section_aliases))
    named = decide.candidates(looked.feed)
    section = _name(rubrics.own or rubrics.otherwise)
    where = "" if rubrics.own else "the sections that they name, else "
    say(f"  {len(named)} article(s) for {where}the section {section}, the newest being:")
    for candidate in reversed(named[-_SHOWN:]):
        entry = candidate.entry
        moment = entry.published or entry.date_hint
        name = entry.title or shown_url(entry.url or "untitled")
        say(f"  - {t.moment(moment) if moment else 'no date'}: {name}")
    if named:
        newest = named[-1]
        say(await _whole(newest, rubrics, fetcher, pool, settings, spec.selectors))
    return True


async def _whole(
    candidate: decide.Candidate,
    rubrics: Rubrics,
    fetcher: Fetcher,
    pool: ParsePool,
    settings: Settings,
    selectors: Selectors | None,
) -> str:
    """How much of the newest article would be kept."""
    page, fault = None, ""
    try:
        if candidate.entry.url:
            answer = await get_whole(fetcher, candidate.entry.url, limit=PAGE_BYTES, page=True)
            page = await pool.article(answer.content, answer.content_type, answer.url, selectors)
            fault = f" Its page cannot be read whole: {page.reason}" if page.reason else ""
    except (FetchError, ExtractError) as error:
        fault = f" Its page cannot be read: {error}"
    content = Document()
    try:
        if candidate.entry.content:
            content = await pool.fragment(candidate.entry.content, candidate.entry.url or "")
    except ExtractError as error:
        fault += f" What the feed says of it cannot be read: {error}"
    article: NewArticle = decide.compose(
        candidate,
        page,
        content,
        section=rubrics.section(candidate.entry, page),
        language=None,
        allow_private=settings.allow_private_addresses,
    )
    return (
        f"  The newest is for the section {_name(article.section)}. It has "
        f"{len(article.document.plain_text())} characters in {len(article.document.blocks)} "
        f"blocks, {'a' if article.image else 'no'} picture.{fault}"
    )


def _name(path: tuple[str, ...]) -> str:
    return f"“{' · '.join(path)}”"
