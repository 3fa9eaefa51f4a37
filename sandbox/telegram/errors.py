"""Telegram's refusals, with its codes and its wording."""

from __future__ import annotations

from typing import Any, Literal

Breach = Literal["contract", "content", "flood"]
"""What a correct bot never does: misuse a method, send what cannot be shown, ignore a wait."""


class ApiError(Exception):
    """An answer with ``ok: false``.

    Attributes:
        code: the HTTP status and the ``error_code``.
        description: in Telegram's words, with its prefix.
        parameters: ``retry_after`` or ``migrate_to_chat_id``, or empty.
        breach: set where the request itself was wrong, whatever the state of the chat.
    """

    def __init__(
        self,
        code: int,
        description: str,
        *,
        parameters: dict[str, Any] | None = None,
        breach: Breach | None = None,
    ) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters or {}
        self.breach = breach


def bad_request(text: str, *, breach: Breach | None = None, **parameters: Any) -> ApiError:
    """400 with Telegram's prefix."""
    return ApiError(400, f"Bad Request: {text}", parameters=parameters, breach=breach)


def rich_refused(reason: str) -> ApiError:
    """A rich message that Telegram would not show.

    Telegram says no more of these than that its descriptions begin with ``RICH_``; the reason
    is ours.
    """
    return bad_request(f"RICH_MESSAGE_INVALID: {reason}", breach="content")


def forbidden(text: str) -> ApiError:
    """403 with Telegram's prefix."""
    return ApiError(403, f"Forbidden: {text}")


def conflict(text: str) -> ApiError:
    """409 with Telegram's prefix."""
    return ApiError(409, f"Conflict: {text}")


def too_many_requests(seconds: int, *, breach: Breach | None = None) -> ApiError:
    """429 that asks to wait for whole seconds."""
    return ApiError(
        429,
        f"Too Many Requests: retry after {seconds}",
        parameters={"retry_after": seconds},
        breach=breach,
    )
