"""Logging: one line an event, for people or machines, with the secrets taken out."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

import structlog

_HIDDEN = "<hidden>"
# Each request and each update is these libraries' news, not ours.
_QUIET = ("aiogram", "aiohttp", "alembic", "asyncio", "htmldate", "trafilatura", "urllib3")


class _Redacting(logging.Formatter):
    """Takes secrets out of the finished line, tracebacks and addresses included."""

    def __init__(self, inner: logging.Formatter, secrets: Sequence[str]) -> None:
        super().__init__()
        self._inner = inner
        # A token may also stand in an address, where its colon is written otherwise.
        self._secrets = [
            form for secret in secrets if secret for form in (secret, secret.replace(":", "%3A"))
        ]

    def format(self, record: logging.LogRecord) -> str:
        """The line, without the secrets."""
        line = self._inner.format(record)
        for secret in self._secrets:
            line = line.replace(secret, _HIDDEN)
        return line


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
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
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
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.getLevelName(level), logging.WARNING))
