"""The live stream: what has changed, to each page that is open, at that page's own pace."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web

from sandbox.playground import parts
from sandbox.playground.scene import Scene

Json = dict[str, Any]

_GATHER_SECONDS = 0.05
_QUIET_SECONDS = 15.0


def state(scene: Scene) -> Json:
    """Every part but the messages, as it is now."""
    return {
        "session": parts.session(scene.run, scene.telegram, scene.site),
        "chats": [
            parts.chat(scene.telegram, room, gallery=room.id == scene.gallery)
            for room in scene.rooms.values()
        ],
        **parts.articles(scene.site),
        "feed": parts.feed(scene.site),
        "knobs": scene.knobs.part(),
        "pulse": scene.pulse.part(),
    }


class Watch:
    """What one page has been sent, and so what it lacks."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._known: Json = {}
        self._change = 0

    def news(self) -> Json:
        """The parts that this page lacks, empty where it has everything; it has them then."""
        now = state(self._scene)
        news = {name: part for name, part in now.items() if self._known.get(name) != part}
        telegram = self._scene.telegram
        changed = telegram.changed_since(self._change)
        messages = parts.messages(changed, self._scene.rooms, self._scene.site)
        if messages or not self._known:
            news["messages"] = messages
        self._known, self._change = now, telegram.last_change
        return news


class Live:
    """The streams that are open."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._closing = False

    def close(self) -> None:
        """End every stream."""
        self._closing = True
        self._scene.telegram.changes.announce()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send until the page goes: https://html.spec.whatwg.org/multipage/server-sent-events.html."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self._scene.pulse.viewers += 1
        try:
            await self._send(response)
        except ConnectionError:
            pass  # the page was closed
        finally:
            self._scene.pulse.viewers -= 1
        return response

    async def _send(self, response: web.StreamResponse) -> None:
        changes = self._scene.telegram.changes
        changes.announce()  # somebody looks
        watch = Watch(self._scene)
        await response.write(b"retry: 1000\n\n")
        while not self._closing:
            seen = changes.number
            if news := watch.news():
                await response.write(_event(news))
            try:
                async with asyncio.timeout(_QUIET_SECONDS):
                    await changes.next(seen)
            except TimeoutError:
                await response.write(b":\n\n")
            if not self._closing:
                await asyncio.sleep(_GATHER_SECONDS)


def _event(news: Json) -> bytes:
    text = json.dumps(news, ensure_ascii=False, separators=(",", ":"))
    return f"data: {text}\n\n".encode(errors="replace")
