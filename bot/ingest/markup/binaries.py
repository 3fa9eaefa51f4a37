"""What is no text at all, though an address that should lead to a page or a feed shows it."""

from __future__ import annotations

_MARKS = {
    b"%PDF-": "a PDF",
    b"PK\x03\x04": "an archive or an office document",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"Rar!": "an archive",
    b"7z\xbc\xaf": "an archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"RIFF": "a picture or a sound",
    b"ID3": "a sound",
    b"OggS": "a sound",
}
_TYPES = {"image": "a picture", "audio": "a sound", "video": "a film", "font": "a font"}
_WIDE = (b"\xff\xfe", b"\xfe\xff")  # texts of two or four bytes a letter
_HEAD = 1000  # bytes
_MOST_CONTROLS = 0.1


def binary_kind(content: bytes, content_type: str | None) -> str | None:
    """What a document is in words where it is no text; None where it may be one.

    Its first bytes count, and what the server says only where they look like no text.

    Args:
        content: the document.
        content_type: its ``Content-Type`` header, or None.
    """
    head = content[:_HEAD]
    for mark, kind in _MARKS.items():
        if head.startswith(mark):
            return kind
    if not head or head.startswith(_WIDE):
        return None
    controls = sum(byte < 0x20 and byte not in b"\t\n\r\f\x1b" for byte in head)  # noqa: PLR2004 - ASCII
    if controls <= _MOST_CONTROLS * len(head):
        return None
    said = (content_type or "").partition("/")[0].strip().lower()
    return _TYPES.get(said, "no text")
