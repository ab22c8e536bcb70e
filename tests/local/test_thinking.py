"""Thoughts: what stands between <think> and </think> is reasoning, the rest is the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from llmroute.providers.llama_cpp.calls_in_text import CallFinder
from llmroute.providers.llama_cpp.thinking import Thoughts
from llmroute.types.events import Reasoning, Text
from llmroute.types.requests import Sampling
from tests.local.support import asked, call, fold, model
from tests.local.tiny_gguf import CHATML, tiny_gguf

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from llmroute.providers.llama_cpp import LlamaCppProvider

THINKING_JINJA = (  # the shape of DeepSeek-R1's and Qwen3's
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n"
    "{% if enable_thinking is not defined or enable_thinking %}<think>\n{% endif %}"
)


def split(pieces: Iterable[str], *, inside: bool | None) -> tuple[str, str]:
    """The thoughts and the answer."""
    thoughts = Thoughts(CallFinder(frozenset()), inside=inside)
    events = [event for piece in pieces for event in thoughts.feed(piece)]
    events += thoughts.finish()
    return (
        "".join(one.text for one in events if isinstance(one, Reasoning)),
        "".join(one.text for one in events if isinstance(one, Text)),
    )


CASES: list[tuple[str, bool | None, tuple[str, str]]] = [
    ("<think>\nhm</think>\n\nYes", None, ("\nhm", "Yes")),
    ("hm </b></think>Yes </think>", True, ("hm </b>", "Yes </think>")),
    ("No <think>hm</think>", None, ("", "No <think>hm</think>")),
    ("<think>hm</think>", False, ("", "<think>hm</think>")),
    ("<thin", None, ("", "<thin")),
    ("never ends </thi", True, ("never ends </thi", "")),
    ("", None, ("", "")),
]


@pytest.mark.parametrize(("answer", "inside", "expected"), CASES)
def test_thoughts_are_told_from_the_answer(
    answer: str, inside: bool | None, expected: tuple[str, str]
) -> None:
    """Whole, letter by letter or cut anywhere, thoughts and answer come out the same."""
    assert split([answer], inside=inside) == expected
    assert split(answer, inside=inside) == expected
    for at in range(len(answer)):
        assert split([answer[:at], answer[at:]], inside=inside) == expected


@pytest.mark.native
def test_a_template_may_open_the_thoughts(provider: LlamaCppProvider, tmp_path: Path) -> None:
    """A prompt that ends with <think> begins in thoughts; the effort "none" leaves them out."""
    path = tiny_gguf(tmp_path / "think.gguf", template=THINKING_JINJA, user_defined=CHATML)
    asking = call(model(path), "hello", sampling=Sampling(temperature=0.0, max_tokens=20))
    thought = fold(provider.events(asking))
    assert thought.thoughts
    assert not thought.text
    assert thought.usage.reasoning_tokens == thought.usage.output_tokens == 20
    said = fold(provider.events(asked(asking, reasoning="none")))
    assert said.text
    assert not said.thoughts
    assert said.usage.reasoning_tokens == 0
