"""What pictures cost: the published formulas, and sizes off headers."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.tokens import estimate_for, estimate_request
from llmroute.tokens.counting import count_request
from llmroute.tokens.images import image_tokens, patches, size_of, tiles
from llmroute.types.messages import Image, Message
from llmroute.types.models import ImageTokens, Model
from llmroute.types.plans import own_key
from llmroute.types.requests import Request

TILE = ImageTokens("tile", base=85, per_tile=170)
PATCH = ImageTokens("patch", most=1536, factor=1.62)


def png(width: int, height: int) -> bytes:
    """The head of a PNG."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height)


def jpeg(width: int, height: int) -> bytes:
    """The head of a JPEG with something before the frame."""
    frame = b"\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width)
    return b"\xff\xd8\xff\xe0" + struct.pack(">H", 6) + b"JFIF" + frame + b"\x03"


def webp(kind: bytes, width: int, height: int) -> bytes:
    """The head of a WebP of one of its three kinds."""
    wide, high = (struct.pack("<I", one - 1)[:3] for one in (width, height))
    body = {
        b"VP8X": bytes(4) + wide + high,
        b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
        b"VP8 ": bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height),
    }[kind]
    return b"RIFF" + bytes(4) + b"WEBP" + kind + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "data",
    [
        png(640, 480),
        jpeg(640, 480),
        b"GIF89a" + struct.pack("<HH", 640, 480),
        *(webp(kind, 640, 480) for kind in (b"VP8X", b"VP8L", b"VP8 ")),
    ],
)
def test_sizes_are_read_off_headers(data: bytes) -> None:
    """PNG, JPEG, GIF and WebP tell their size."""
    assert size_of(data) == (640, 480)


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"RIFF0000WEBPVP8 "])
)
def test_no_header_is_too_broken(data: bytes, head: bytes) -> None:
    """What is no picture has no size, and nothing is raised."""
    width, height = size_of(head + data)
    assert (width > 0) == (height > 0)


# The examples of OpenAI's guide.
@pytest.mark.parametrize(
    ("size", "tokens"), [((1024, 1024), 765), ((2048, 4096), 1105), ((512, 512), 255)]
)
def test_tiles_cost_what_the_guide_says(size: tuple[int, int], tokens: int) -> None:
    """A picture costs a base and each tile of 512 pixels, after it was scaled down."""
    assert 85 + 170 * tiles(*size) == tokens
    found = image_tokens(Image(data=png(*size)), TILE)
    assert (found.value, found.is_exact) == (tokens, True)


@pytest.mark.parametrize(
    ("size", "count"), [((1024, 1024), 1024), ((1800, 2400), 1452), ((32, 33), 2)]
)
def test_patches_cost_what_the_guide_says(size: tuple[int, int], count: int) -> None:
    """A picture costs its patches of 32 pixels, scaled down to at most 1,536."""
    assert patches(*size, 1536) == count


def test_what_is_not_known_is_an_interval() -> None:
    """A URL has no size, a low detail costs the base alone, and no formula is the widest."""
    assert image_tokens(Image(data=png(4000, 4000), detail="low"), TILE) == (85, 85, 85)
    assert image_tokens(Image(url="https://example.com/a.png"), TILE) == (765, 85, 1445)
    seen = image_tokens(Image(url="https://example.com/a.png"), PATCH)
    assert seen == (1245, 2, 2489)
    assert image_tokens(Image(data=png(64, 64)), None) == (765, 64, 3000)


class Letters:
    """An engine whose tokens are characters."""

    def encode_ordinary(self, text: str, /) -> list[int]:
        """One token each."""
        return list(map(ord, text))


def test_a_picture_of_known_size_is_counted_exactly() -> None:
    """Text and pictures by a published formula are exact; without a size they are not."""
    model = Model("eye", "openai", "gpt-4o", "openai-chat", tokenizer="o200k", images=TILE)
    known = Request((Message.user("abc", Image(data=png(1024, 1024))),))
    found = count_request(known, model, Letters())
    assert (found.method, found.value) == ("exact", 3 + 6 + 765)
    open_one = Request((Message.user("abc", Image(url="https://example.com/a.png")),))
    found = count_request(open_one, model, Letters())
    assert (found.method, found.low, found.high) == ("estimate", 9 + 85, 9 + 1445)


def test_each_model_counts_pictures_its_own_way() -> None:
    """A plan's counts go by each model's formula, and by the model's name."""
    eye = Model("eye", "openai", "a", "openai-chat", tokenizer="o200k", images=TILE)
    other = Model("other", "openai", "b", "openai-chat", tokenizer="o200k")
    request = Request((Message.user("abc", Image(data=png(1024, 1024), detail="low")),))
    whole, counts = estimate_for(request, [eye, other])
    assert counts[own_key(eye)] == estimate_request(request, eye)
    assert counts["o200k"] == estimate_request(request, other)
    assert counts[own_key(eye)].value < counts["o200k"].value == whole.value
