"""Draws the site's pictures: a sky, a sun and a row of houses, in colours that the name decides."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import lru_cache
from hashlib import shake_256

WIDTH, HEIGHT = 1200, 630
GROUND = 540  # the first row below the houses
SIGNATURE = b"\x89PNG\r\n\x1a\n"

Colour = tuple[int, int, int]

# Sky above, sky below, sun, houses, ground.
_PALETTES: tuple[tuple[Colour, Colour, Colour, Colour, Colour], ...] = (
    ((38, 84, 140), (246, 196, 140), (255, 241, 201), (47, 60, 92), (33, 43, 66)),
    ((96, 170, 214), (226, 243, 247), (255, 222, 120), (84, 118, 140), (104, 160, 98)),
    ((64, 40, 92), (236, 120, 110), (255, 214, 150), (52, 30, 70), (36, 20, 50)),
    ((18, 32, 66), (70, 110, 150), (238, 240, 230), (24, 40, 70), (220, 230, 240)),
    ((120, 190, 160), (250, 240, 200), (250, 170, 90), (70, 120, 110), (60, 96, 70)),
    ((200, 110, 70), (250, 220, 160), (255, 250, 220), (110, 60, 50), (80, 52, 44)),
    ((140, 150, 200), (250, 220, 230), (255, 245, 235), (100, 90, 140), (150, 120, 150)),
)
_WINDOW: Colour = (255, 226, 150)


@dataclass(frozen=True, slots=True)
class _House:
    """A house: pixel columns, the row of its roof, and which of its windows are lit."""

    left: int
    right: int
    top: int
    lit: int


@lru_cache(maxsize=128)
def cover(name: str) -> bytes:
    """A PNG of 1200 x 630 pixels (8-bit RGB); the same name always gives the same bytes."""
    seed = shake_256(name.encode()).digest(64)
    above, below, sun, walls, ground = _PALETTES[seed[0] % len(_PALETTES)]
    houses = _street(seed)
    sun_x, sun_y, radius = 150 + seed[1] * 900 // 255, 120 + seed[2], 50 + seed[3] % 60
    raw = bytearray()
    for y in range(HEIGHT):
        if y < GROUND:
            row = bytearray(bytes(_mix(above, below, y / GROUND)) * WIDTH)
            if (chord := radius**2 - (y - sun_y) ** 2) > 0:
                half = int(chord**0.5)
                _fill(row, sun_x - half, sun_x + half, sun)
            for house in houses:
                _paint_house(row, house, y, walls)
        else:
            shade = _mix(ground, (0, 0, 0), 0.35 * (y - GROUND) / (HEIGHT - GROUND))
            row = bytearray(bytes(shade) * WIDTH)
        raw.append(0)  # PNG filter type "none" for this row
        raw += row
    return _png(WIDTH, HEIGHT, bytes(raw))


def _street(seed: bytes) -> list[_House]:
    houses: list[_House] = []
    left = -20
    for index in range(16):
        width, height, lit = seed[4 + index], seed[20 + index], seed[36 + index]
        right = left + 90 + width % 70
        houses.append(_House(left, right, GROUND - 90 - height * 200 // 255, lit | 0b100))
        left = right + lit % 24
    return houses


def _paint_house(row: bytearray, house: _House, y: int, walls: Colour) -> None:
    if y < house.top:
        return
    _fill(row, house.left, house.right, walls)
    storey, within = divmod(y - house.top - 18, 44)
    below = GROUND - (y - within + 22)  # rows between this storey's windows and the ground
    if storey < 0 or within > 22 or below < 16:
        return
    for index, x in enumerate(range(house.left + 16, house.right - 28, 34)):
        if house.lit >> ((index + storey * 3) % 8) & 1:
            _fill(row, x, x + 16, _WINDOW)


def _fill(row: bytearray, left: int, right: int, colour: Colour) -> None:
    left, right = max(left, 0), min(right, WIDTH)
    if left < right:
        row[left * 3 : right * 3] = bytes(colour) * (right - left)


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _png(width: int, height: int, raw: bytes) -> bytes:
    """The file around the rows: https://www.w3.org/TR/png-3/#5Chunk-layout."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        SIGNATURE
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(raw, 6))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
