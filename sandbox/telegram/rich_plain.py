"""A rich message as lines of plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def plain(text: Any) -> str:
    """The characters of a RichText, whatever its formatting."""
    if isinstance(text, str):
        return text
    if isinstance(text, list):
        return "".join(map(plain, text))
    if not isinstance(text, dict):
        return ""
    if "button" in text:
        return f"[{plain(text['button'].get('text'))}]"
    return plain(text.get("text"))


def lines(blocks: list[Json]) -> Iterator[str]:
    """The blocks of a RichMessage, one below the other; what is unknown is passed over."""
    for block in blocks:
        yield from _block(block)


def _block(block: Json) -> Iterator[str]:
    match block.get("type"):
        case "divider":
            yield "———"
        case "list":
            for item in block.get("items", []):
                yield from _item(item)
        case "blockquote":
            yield from _under("> ", lines(block.get("blocks", [])))
        case "expandable_blockquote" | "pullquote":
            yield from _under("> ", _said(block.get("text")))
        case "details":
            yield f"{'▾' if block.get('is_open') else '▸'} {plain(block.get('summary'))}"
            yield from _under("  ", lines(block.get("blocks", [])))
        case "table":
            for row in block.get("cells", []):
                yield " | ".join(plain(cell.get("text")) for cell in row)
        case "photo":
            yield from (f"[▣ {size['file_id']}]" for size in block.get("photo", [])[-1:])
        case "buttons":
            yield " ".join(f"[{plain(button.get('text'))}]" for button in block.get("buttons", []))
        case _:
            yield from _said(block.get("text"))
    yield from _below(block)


def _below(block: Json) -> Iterator[str]:
    """The caption and the credit of a block."""
    caption = block.get("caption")
    if isinstance(caption, dict) and "type" not in caption:
        yield from _said(caption.get("text"))
        block = caption
    else:
        yield from _said(caption)
    if credit := plain(block.get("credit")):
        yield f"— {credit}"


def _item(item: Json) -> Iterator[str]:
    mark = item.get("label", "•")
    if item.get("has_checkbox"):
        mark = "☑" if item.get("is_checked") else "☐"
    first = f"{mark} "
    for number, line in enumerate(lines(item.get("blocks", []))):
        yield f"{' ' * len(first) if number else first}{line}"


def _under(mark: str, inside: Iterator[str]) -> Iterator[str]:
    return (mark + line for line in inside)


def _said(text: Any) -> Iterator[str]:
    said = plain(text)
    yield from said.split("\n") if said else ()
