"""Compressed answers: whole at every cut, within their room."""

from __future__ import annotations

import zlib

import pytest

from llmroute.errors import AttemptError
from llmroute.providers.inflate import inflater

MIB = 1024 * 1024


def packed(data: bytes, wbits: int = 31) -> bytes:
    """Compress as gzip, or with 15 as zlib."""
    packer = zlib.compressobj(9, wbits=wbits)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("size", [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB])
@pytest.mark.parametrize("wbits", [15, 31])
def test_large_answers_come_out_whole(size: int, wbits: int) -> None:
    """An answer of zeros, the most that a byte can stand for, is whole in one piece or in many."""
    data = packed(b"0" * size, wbits)
    assert inflater("gzip", size).feed(data) == b"0" * size
    engine = inflater("gzip", size)
    pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
    assert b"".join(map(engine.feed, pieces)) == b"0" * size


def test_several_files_are_one_answer() -> None:
    """Compressed files may follow one another, however they are cut."""
    data = packed(b"one") + packed(b"") + packed(b"two" * MIB)
    for at in range(0, 60, 3):
        engine = inflater("gzip", 4 * MIB)
        assert engine.feed(data[:at]) + engine.feed(data[at:]) == b"one" + b"two" * MIB


def test_no_more_than_the_room_is_expanded() -> None:
    """What exceeds the room is refused before it is expanded, broken data as such."""
    with pytest.raises(AttemptError, match="too_long"):
        inflater("gzip", 2 * MIB - 1).feed(packed(b"0" * 2 * MIB))
    with pytest.raises(AttemptError, match="bad_response"):
        inflater("gzip", MIB).feed(packed(b"one") + b"no gzip")
