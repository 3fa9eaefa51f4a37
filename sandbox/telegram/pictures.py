"""Pictures that the bot sent: what to draw them from, and the ids by which they are sent again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.telegram import links
from sandbox.telegram.errors import bad_request
from sandbox.telegram.schema import Upload

Json = dict[str, Any]

PHOTO_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that Telegram keeps.

    Attributes:
        content: its bytes, where it was uploaded.
        media_type: of those bytes, such as ``image/png``.
        url: where it is, where it was sent by its address.
    """

    content: bytes | None = None
    media_type: str | None = None
    url: str | None = None


class Pictures:
    """Every picture by its file_id; the ids are counted."""

    def __init__(self) -> None:
        self._kept: dict[str, Picture] = {}
        self._by_url: dict[str, str] = {}

    def get(self, file_id: str) -> Picture | None:
        """The picture with this id, or None."""
        return self._kept.get(file_id)

    def take(self, photo: Upload | str) -> Json:
        """A photo as a request names it: an upload, an address or a file_id.

        Telegram fetches an address once and remembers it, so it has one id however often it comes.

        Returns:
            The PhotoSize object.

        Raises:
            ApiError: it is no picture, too large, or has no address that Telegram would open.
        """
        if isinstance(photo, Upload):
            return self._size(self._add(_uploaded(photo.content)))
        if photo in self._kept:
            return self._size(photo)
        if not photo.lower().startswith(("http://", "https://")):
            raise bad_request("wrong file identifier/HTTP URL specified")
        if links.fault_of(photo):
            raise bad_request("wrong HTTP URL specified")
        if photo not in self._by_url:
            self._by_url[photo] = self._add(Picture(url=photo))
        return self._size(self._by_url[photo])

    def _add(self, picture: Picture) -> str:
        file_id = f"photo-{len(self._kept) + 1}"
        self._kept[file_id] = picture
        return file_id

    def _size(self, file_id: str) -> Json:
        return {
            "file_id": file_id,
            "file_unique_id": f"unique-{file_id}",
            "width": 1280,
            "height": 720,
            "file_size": len(self._kept[file_id].content or b""),
        }


def _uploaded(content: bytes) -> Picture:
    if len(content) > PHOTO_BYTES:
        raise bad_request("file is too big", breach="content")
    if (media_type := _media_type(content)) is None:
        raise bad_request("IMAGE_PROCESS_FAILED", breach="content")
    return Picture(content, media_type)


def _media_type(content: bytes) -> str | None:
    """What kind of picture this is by its first bytes, or None."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    signs = {b"\xff\xd8\xff": "jpeg", b"\x89PNG\r\n\x1a\n": "png", b"GIF8": "gif"}
    return next((f"image/{kind}" for sign, kind in signs.items() if content.startswith(sign)), None)
