"""Stop strings and UTF-8 across the borders of tokens."""

from __future__ import annotations

import pytest

from llmroute.providers.llama_cpp.answer import AnswerText


def feed(text: AnswerText, parts: list[bytes]) -> str:
    """Feed all parts and finish."""
    return "".join([*map(text.feed, parts), text.finish()])


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    ("stops", "expected"),
    [
        ((), "one STOP two ENDE"),
        (("STOP",), "one "),
        (("STOP", "one"), ""),
        (("END",), "one STOP two "),
        (("ENDED",), "one STOP two ENDE"),
        (("two E", "o E"), "one STOP "),
        (("",), "one STOP two ENDE"),
    ],
)
def test_stop_strings_end_the_answer_wherever_tokens_break(
    stops: tuple[str, ...], expected: str, size: int
) -> None:
    """The answer ends before the earliest stop string, however it is cut into tokens."""
    data = b"one STOP two ENDE"
    parts = [data[at : at + size] for at in range(0, len(data), size)]
    assert feed(AnswerText(stops), parts) == expected


def test_only_what_may_begin_a_stop_string_is_held_back() -> None:
    """Text is shown at once but for the longest end that a stop string could begin with."""
    text = AnswerText(("\n\nUser:",))
    assert text.feed(b"Hello\n") == "Hello"
    assert text.feed(b"\n") == ""
    assert text.feed(b"World") == "\n\nWorld"
    assert text.feed(b"\n\nUser") == ""
    assert text.feed(b":") == ""
    assert text.stopped
    assert text.finish() == ""


@pytest.mark.parametrize("size", [1, 2, 3])
def test_characters_are_whole(size: int) -> None:
    """Characters of several bytes come whole, however the bytes are cut."""
    data = "naïve 日本 🦙!".encode()
    text = AnswerText()
    shown = [text.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert "�" not in "".join(shown)
    assert "".join(shown) + text.finish() == "naïve 日本 🦙!"


def test_half_a_character_at_the_end_is_replaced() -> None:
    """Bytes that never become a character are replaced at the end, not dropped."""
    text = AnswerText()
    assert text.feed("🦙".encode()[:3]) == ""
    assert text.finish() == "�"
