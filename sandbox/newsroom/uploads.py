"""Pictures that the editor brings: which kinds the site takes, told by their first bytes."""

from __future__ import annotations

PICTURE_BYTES = 5 * 1024 * 1024

MEDIA_TYPES = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
}


def suffix_of(content: bytes) -> str | None:
    """The ending of a picture's name, a key of ``MEDIA_TYPES``; None for what is no picture.

    The signatures: https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern.
    """
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if content[:4] == b"RIFF" and content[8:14] == b"WEBPVP":
        return "webp"
    return None


def media_type(address: str) -> str:
    """The media type of one of the site's pictures, by its name or address."""
    return MEDIA_TYPES[address.rpartition(".")[2]]
