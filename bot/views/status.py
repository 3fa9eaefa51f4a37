"""What an administrator sees: sources, the outbox, and what needs a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.i18n import Translator
from bot.model import DeliveryState, EntityKind, Screen, Text
from bot.render.text import cut, join, styled
from bot.views.titles import titles

_ERROR_CHARS = 200
_TITLES = 10
_SCREEN_CHARS = 4000


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One source: its address, when it was last read, and its last fault."""

    url: str
    read_at: datetime | None
    error: str | None


def status(
    sources: Sequence[SourceLine],
    deliveries: Mapping[DeliveryState, int],
    errors: Sequence[tuple[int, str]],
    put_aside: int,
    t: Translator,
    *,
    halted: Sequence[tuple[int, str]],
    maybe_twice: int,
) -> Screen:
    """How things stand.

    Args:
        sources: every source that is polled.
        deliveries: how many deliveries are in each state.
        errors: the last deliveries that failed or stayed unknown (chat's id, error).
        put_aside: updates that could not be handled.
        t: the administrator's language.
        halted: the articles whose broadcasts wait for a decision (number, title).
        maybe_twice: how many of the deliveries that were sent may have arrived before.
    """
    parts = [
        *_halted(halted, t),
        styled(t("Sources"), EntityKind.BOLD),
        *(_source(source, t) for source in sources),
        styled(t("Deliveries of the last 7 days"), EntityKind.BOLD),
        join("\n", _counts(deliveries, maybe_twice, t)),
    ]
    if errors:
        parts.append(styled(t("Last errors"), EntityKind.BOLD))
        parts += [cut(f"{chat}: {error}", _ERROR_CHARS) for chat, error in errors]
    if put_aside:
        parts.append(join("", [t("Updates set aside: {count}", count=put_aside)]))
    return Screen(cut(join("\n\n", parts), _SCREEN_CHARS))


def _halted(articles: Sequence[tuple[int, str]], t: Translator) -> list[Text]:
    """Before all else: it waits for whoever reads this."""
    if not articles:
        return []
    heading = t("🛑 Stopped, you decide: {count}", count=len(articles))
    return [styled(heading, EntityKind.BOLD), titles(articles, _TITLES, t)]


def _source(source: SourceLine, t: Translator) -> Text:
    read = t("read {when}", when=t.moment(source.read_at)) if source.read_at else t("not read yet")
    fault = f"⚠️ {cut(source.error, _ERROR_CHARS).plain}" if source.error else ""
    return join("\n", [source.url, read, fault])


def _counts(deliveries: Mapping[DeliveryState, int], maybe_twice: int, t: Translator) -> list[str]:
    lines = [
        (t("queued"), {DeliveryState.QUEUED}),
        (t("being sent"), {DeliveryState.LEASED, DeliveryState.SENDING}),
        (t("sent"), {DeliveryState.SENT}),
        (t("failed"), {DeliveryState.FAILED}),
        (t("without an answer"), {DeliveryState.UNKNOWN}),
        (t("cancelled"), {DeliveryState.CANCELLED}),
        (t("too late"), {DeliveryState.EXPIRED}),
    ]
    counts = [f"{name}: {sum(deliveries.get(s, 0) for s in states)}" for name, states in lines]
    return [*counts, t("Of those sent, may have arrived twice: {count}", count=maybe_twice)]
