"""What pictures cost, by the formulas that OpenAI publishes, and how large a picture is.

Formulas: https://developers.openai.com/api/docs/guides/images-vision ("Calculating costs"). Sizes
are read off the header of PNG, JPEG, GIF and WebP; nothing is decoded and nothing fetched.
"""

from __future__ import annotations

from math import ceil, floor, sqrt
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from llmroute.types.messages import Image
    from llmroute.types.models import ImageTokens

SQUARE, SHORT_SIDE, TILE, PATCH = 2048, 768, 512, 32
MOST_TILES = 8
"""No picture has more, once it fits into the square and its short side is 768 pixels."""
NO_SIZE = (0, 0)


class Extra(NamedTuple):
    """Tokens expected, and the interval."""

    value: int
    low: int
    high: int

    @property
    def is_exact(self) -> bool:
        """Whether the formula leaves nothing open."""
        return self.low == self.high


UNKNOWN_IMAGE = Extra(765, 64, 3000)
"""Where no formula is known: from a small picture, or one looked at from afar, to a large one."""


def image_tokens(image: Image, formula: ImageTokens | None) -> Extra:
    """What a picture costs; an interval where its size, the formula or its detail is not known."""
    if formula is None:
        return UNKNOWN_IMAGE
    size = NO_SIZE if image.data is None else size_of(image.data)
    if formula.kind == "tile":
        return _by_tiles(image, formula, size)
    return _by_patches(image, formula, size)


def _by_tiles(image: Image, formula: ImageTokens, size: tuple[int, int]) -> Extra:
    low = formula.base
    if image.detail == "low":
        return Extra(low, low, low)
    high = low + MOST_TILES * formula.per_tile
    if size == NO_SIZE:
        return Extra(low + MOST_TILES // 2 * formula.per_tile, low, high)
    exact = low + tiles(*size) * formula.per_tile
    return Extra(exact, exact, exact)


def _by_patches(image: Image, formula: ImageTokens, size: tuple[int, int]) -> Extra:
    most = ceil(formula.most * formula.factor)
    least = ceil(formula.factor)
    if size == NO_SIZE:
        return Extra(ceil(most / 2), least, most)
    exact = ceil(patches(*size, formula.most) * formula.factor)
    if image.detail == "low":  # the guide does not say how far it is scaled down
        return Extra(exact, least, exact)
    return Extra(exact, exact, exact)


def tiles(width: int, height: int) -> int:
    """Tiles of 512 pixels, of a picture scaled into 2048 square, its short side then to 768."""
    scale = min(1.0, SQUARE / max(width, height))
    scale = min(scale, SHORT_SIDE / min(width, height))
    return ceil(round(width * scale) / TILE) * ceil(round(height * scale) / TILE)


def patches(width: int, height: int, most: int) -> int:
    """Patches of 32 pixels; a picture of more than `most` is scaled down until it has no more."""
    count = ceil(width / PATCH) * ceil(height / PATCH)
    if not most or count <= most:
        return count
    scale = sqrt(PATCH * PATCH * most / (width * height))
    across, down = width * scale / PATCH, height * scale / PATCH
    scale *= min(floor(across) / across, floor(down) / down) or 1.0
    across, down = width * scale / PATCH, height * scale / PATCH
    return min(most, ceil(round(across, 6)) * ceil(round(down, 6)))


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels; (0, 0) when the header does not tell."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _checked(_big(data[16:20]), _big(data[20:24]))
    if data.startswith((b"GIF87a", b"GIF89a")):
        return _checked(_little(data[6:8]), _little(data[8:10]))
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    return NO_SIZE


def _jpeg(data: bytes) -> tuple[int, int]:
    """Walk from marker to marker until one begins a frame."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - what markers begin with
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004 - frames
            return _checked(_big(data[at + 7 : at + 9]), _big(data[at + 5 : at + 7]))
        at += 1 if marker == 0xFF else 2 + _big(data[at + 2 : at + 4])  # noqa: PLR2004 - filling
    return NO_SIZE


def _webp(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        return _checked(1 + _little(data[24:27]), 1 + _little(data[27:30]))
    if kind == b"VP8L":
        bits = _little(data[21:25])
        return _checked(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if kind == b"VP8 ":
        return _checked(_little(data[26:28]) & 0x3FFF, _little(data[28:30]) & 0x3FFF)
    return NO_SIZE


def _checked(width: int, height: int) -> tuple[int, int]:
    return (width, height) if width > 0 and height > 0 else NO_SIZE


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _little(data: bytes) -> int:
    return int.from_bytes(data, "little")
