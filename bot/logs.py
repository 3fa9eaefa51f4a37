"""Logging: one line an event, for people or machines, with the secrets taken out."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote

import structlog

_HIDDEN = "<hidden>"
_PASSWORD = re.compile(r"://[^:/@]*:(.+)@")
# What a terminal, or whoever reads lines, might obey. Colours are the renderer's own.
_CONTROL = re.compile(r"(?!\x1b\[[0-9;]*m)[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_OR_COLOUR = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_INDENT = "    "
# Each request, update and query, with all that is in it, is these libraries' news, not ours.
_QUIET = (
    "aiogram",
    "aiohttp",
    "aiosqlite",
    "alembic",
    "asyncio",
    "htmldate",
    "trafilatura",
    "urllib3",
)


class _Redacting(logging.Formatter):
    """Takes secrets out of the finished line, tracebacks and addresses included.

    What sites and people say may stand in it, so that control characters are shown instead of
    written, and only the first line of an entry begins at the margin: no text passes for an entry.
    """

    def __init__(
        self, inner: logging.Formatter, secrets: Sequence[str], *, coloured: bool = False
    ) -> None:
        super().__init__()
        self._inner = inner
        self._control = _CONTROL if coloured else _CONTROL_OR_COLOUR
        self._secrets = [form for secret in secrets if secret for form in _forms(secret)]

    def format(self, record: logging.LogRecord) -> str:
        """The line, without the secrets."""
        line = self._inner.format(record)
        for secret in self._secrets:
            line = line.replace(secret, _HIDDEN)
        return self._control.sub(_shown, line).replace("\n", f"\n{_INDENT}")


def _shown(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"  # as JSON has it, too


def _forms(secret: str) -> Iterator[str]:
    """How a secret may be written: as it is, inside an address, and its password alone."""
    yield secret
    encoded = quote(secret, safe="")
    yield from (encoded, encoded.replace("%3A", "%3a"))
    if found := _PASSWORD.search(secret):
        plain = unquote(found[1])
        # Not without its colon: a password such as the bot's own name would blot out the log.
        yield from (f":{form}@" for form in (found[1], plain, quote(plain, safe="")))


def set_up_logging(level: str, form: str, secrets: Sequence[str]) -> None:
    """Log to standard error.

    Args:
        level: the least important level that is shown.
        form: ``console`` or ``json``.
        secrets: texts that never appear, wherever they come from.
    """
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    coloured = form != "json" and sys.stderr.isatty()
    if form == "json":
        last: list[Any] = [
            structlog.processors.ExceptionRenderer(
                structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
            ),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        last = [
            structlog.dev.ConsoleRenderer(
                colors=coloured, exception_formatter=structlog.dev.plain_traceback
            )
        ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Redacting(
            structlog.stdlib.ProcessorFormatter(
                foreign_pre_chain=shared,
                processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
            ),
            secrets,
            coloured=coloured,
        )
    )
    # A line that cannot be written would be shown in Python's own words, secrets and all.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
