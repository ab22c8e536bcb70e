"""JSON as models write it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.schemas.reading import parse, unfenced
from tests.schemas.samples import VALUES

if TYPE_CHECKING:
    from tests.schemas.samples import Json


@given(value=VALUES, fence=st.sampled_from(["{}", " \n{}\t", "```json\n{}\n```", "```\n{} ```"]))
def test_a_fence_and_white_space_are_taken_off(value: Json, fence: str) -> None:
    """JSON is read with a Markdown fence or white space around it."""
    assert parse(unfenced(fence.replace("{}", json.dumps(value)))) == value


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "it is empty, not JSON"),
        ('{"a": 1', "it is no JSON at its end"),
        ('{"a": secret}', "it is no JSON at line 1, column 7"),
        ('Sure! {"a": 1}', "it is no JSON at line 1, column 1"),
        ('{"a": 1}\nHope it helps', "it is no JSON at line 2, column 1"),
        ("{'a': 1}", "it is no JSON at line 1, column 2"),
        ('{"a": NaN}', "it holds a number that JSON cannot have"),
        ('{"a": 1e400}', "it holds a number that JSON cannot have"),
        ("[-Infinity]", "it holds a number that JSON cannot have"),
        ("9" * 5000, "it holds a number that JSON cannot have"),
        ("[" * 101 + "]" * 101, "it is nested more than 100 levels deep"),
        ("[" * 100_000, "it is nested more than 100 levels deep"),
        ('{"a":' * 200 + "1" + "}" * 200, "it is nested more than 100 levels deep"),
    ],
)
def test_everything_else_is_refused_without_being_quoted(text: str, sentence: str) -> None:
    """What is no strict JSON is refused with its place, and without a word of it."""
    with pytest.raises(ValueError, match="it ") as caught:
        parse(text)

    assert str(caught.value) == sentence
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("```json\n{}\n```", "{}"),
        ("```json{}```", "{}"),
        ("``````", ""),
        ("```", "```"),
        ("`````", "`````"),
        ("```json", "```json"),
        ("```" + "json" * 1_000_000, "```" + "json" * 1_000_000),
        ("```" + "json" * 1_000_000 + "```", "json" * 1_000_000),
    ],
)
def test_only_a_whole_fence_is_taken_off(text: str, inside: str) -> None:
    """A fence has two ends, and one short word at most; megabytes that have not are left alone."""
    assert unfenced(text) == inside


@settings(max_examples=300)
@given(text=st.text(alphabet='{}[]",:0123456789.eE+-trufalsn \n`\\u', max_size=40))
def test_reading_agrees_with_json(text: str) -> None:
    """Whatever is written, either it is what json reads, or a ValueError without a cause."""
    try:
        assert parse(text) == json.loads(text)
    except ValueError as error:
        assert error.__context__ is None  # noqa: PT017 - both are right


def test_many_brackets_that_are_not_deep_are_fine() -> None:
    """A long list of lists is not a deep one."""
    assert parse("[" + ",".join(["[]"] * 1000) + "]") == [[]] * 1000
    assert parse(json.dumps("[" * 500)) == "[" * 500
