"""Draws `logo.png`: one object, followed through frames, gone in one of them and found again."""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

from PIL import Image, ImageDraw

__all__ = ["LOGO", "draw_logo"]

LOGO: Final = Path(__file__).with_name("logo.png")
_SIZE: Final = 400
_SCALE: Final = 4
"""Drawn larger and scaled down, for smooth edges."""

Colour: TypeAlias = tuple[int, int, int]

_NIGHT: Final = (17, 24, 39)
_FRAME: Final = (148, 163, 184)
_OBJECT: Final = (16, 185, 129)
_OUTLINE: Final = (236, 253, 245)
_HIDDEN: Final = (71, 85, 105)


def draw_logo() -> Image.Image:
    """The logo as an RGB image."""
    image = Image.new("RGB", (_SIZE * _SCALE, _SIZE * _SCALE), _NIGHT)
    canvas = ImageDraw.Draw(image)
    for position, (x, y) in enumerate([(44, 92), (122, 60), (96, 76), (60, 48)]):
        left, top = 26 + 180 * (position % 2), 56 + 148 * (position // 2)
        _box(canvas, left, top, 168, 136, _NIGHT, _FRAME, 5)
        fill, line = (_NIGHT, _HIDDEN) if position == 2 else (_OBJECT, _OUTLINE)
        _disk(canvas, left + x, top + y, 26, fill, line, 5)
    return image.resize((_SIZE, _SIZE), Image.Resampling.LANCZOS)


def _box(
    canvas: ImageDraw.ImageDraw,
    left: int,
    top: int,
    width: int,
    height: int,
    fill: tuple[int, ...],
    line: tuple[int, ...],
    pen: int,
) -> None:
    corners = [value * _SCALE for value in (left, top, left + width, top + height)]
    canvas.rounded_rectangle(corners, 14 * _SCALE, fill=fill, outline=line, width=pen * _SCALE)


def _disk(canvas: ImageDraw.ImageDraw, x: int, y: int, radius: int, fill: Colour, line: Colour, pen: int) -> None:
    corners = [value * _SCALE for value in (x - radius, y - radius, x + radius, y + radius)]
    canvas.ellipse(corners, fill=fill, outline=line, width=pen * _SCALE)


if __name__ == "__main__":
    draw_logo().save(LOGO, optimize=True)
