"""Updates delivered by webhook: in order per chat, again until the bot takes them."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp

from sandbox.telegram.errors import bad_request
from sandbox.telegram.world import World

Json = dict[str, Any]

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 1.0
"""Telegram's own pauses grow to a minute or two; tests have less patience."""


class Webhook:
    """Where updates go, if anywhere.

    Plain http is taken as well as https, as by a local Bot API server. An answer's body is not
    looked at: methods called in it are refused by a note.
    """

    def __init__(self, world: World) -> None:
        self.url = ""
        self._world = world
        self._secret = ""
        self._connections = 40
        self._last_error: tuple[int, str] | None = None
        self._worker: asyncio.Task[None] | None = None

    def set(self, params: Json) -> bool:
        """``setWebhook``: https://core.telegram.org/bots/api#setwebhook."""
        url, secret = params["url"], params.get("secret_token", "")
        if not url:
            return self.delete(params)
        if not re.match(r"https?://[^/]", url):
            raise bad_request("invalid webhook URL specified", breach="contract")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
            raise bad_request("secret token contains unallowed characters", breach="contract")
        self._world.updates.allow(params.get("allowed_updates"))
        self._world.updates.supersede("terminated by setWebhook request")
        self.delete(params)
        self.url, self._secret = url, secret
        self._connections = params.get("max_connections", 40)
        self._worker = asyncio.create_task(self._deliver(), name="webhook")
        return True

    def delete(self, params: Json) -> bool:
        """``deleteWebhook``: https://core.telegram.org/bots/api#deletewebhook."""
        self.url = ""
        if self._worker is not None:
            self._worker.cancel()
            self._worker = None
        if params.get("drop_pending_updates"):
            self._world.updates.drop()
        return True

    def info(self) -> Json:
        """``getWebhookInfo``: https://core.telegram.org/bots/api#getwebhookinfo."""
        result: Json = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._world.updates.pending),
        }
        if self.url:
            result["max_connections"] = self._connections
        if self._last_error is not None:
            result["last_error_date"], result["last_error_message"] = self._last_error
        return result

    async def close(self) -> None:
        """Deliver no more."""
        worker = self._worker
        self.delete({})
        if worker is not None:
            await asyncio.gather(worker, return_exceptions=True)

    async def _deliver(self) -> None:
        """Take updates in order; start each as soon as the one before it in its chat is done."""
        updates, running = self._world.updates, dict[str, asyncio.Task[None]]()
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            while True:
                started = {int(task.get_name()) for task in running.values() if not task.done()}
                for update in list(updates.pending):
                    queue = queue_of(update)
                    busy = queue in running and not running[queue].done()
                    if busy or update["update_id"] in started or len(started) >= self._connections:
                        continue
                    name = str(update["update_id"])
                    running[queue] = group.create_task(self._post(session, update), name=name)
                    started.add(update["update_id"])
                await self._world.changes.next()

    async def _post(self, session: aiohttp.ClientSession, update: Json) -> None:
        pause = FIRST_PAUSE
        headers = {SECRET_HEADER: self._secret} if self._secret else {}
        while error := await self._attempt(session, update, headers):
            self._last_error = (int(self._world.clock.now()), error)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)
        self._world.updates.confirm(update["update_id"])

    async def _attempt(
        self, session: aiohttp.ClientSession, update: Json, headers: dict[str, str]
    ) -> str | None:
        try:
            async with session.post(self.url, json=update, headers=headers) as response:
                body = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"Connection failed: {type(error).__name__}"
        if not response.ok:
            return f"Wrong response from the webhook: {response.status} {response.reason}"
        if '"method"' in body:
            self._world.notes.append("a method called in the answer to a webhook is not emulated")
        return None


def queue_of(update: Json) -> str:
    """What an update must be kept in order with: its chat, or else its sender."""
    payload = next(value for name, value in update.items() if name != "update_id")
    chat = payload.get("chat") or payload.get("message", {}).get("chat") or payload.get("from")
    return str((chat or {}).get("id"))
