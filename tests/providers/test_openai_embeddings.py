"""The codec of embeddings: requests written, answers read."""

from __future__ import annotations

import json
from array import array
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute.errors import AttemptError, RequestError
from llmroute.providers import open_codec
from llmroute.providers.wire import HttpFailure
from llmroute.types.events import End, UsageReport, Vectors
from llmroute.types.requests import Request
from llmroute.types.usage import Usage
from tests.providers.calls import QUESTION, How, call_to
from tests.providers.openapi import problems, validator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.events import ProviderEvent

URL = "https://api.example.com/v1"
CODEC = open_codec("openai-embeddings")
PLAIN = How("openai-embeddings", stream=False, model="vectors-1", parameters=frozenset())
FULL = PLAIN._replace(parameters=frozenset({"dimensions", "encoding_format"}))
TEXTS = Request((), texts=("one", "two"))
ONE, TWO = (0.5, -0.25, 1.0), (0.0, 2.0, -8.0)


def body_of(how: How, request: Request) -> dict[str, object]:
    """The JSON that is sent."""
    written: dict[str, object] = json.loads(CODEC.encode(call_to(URL, how, request)).content)
    return written


def base64(numbers: tuple[float, ...]) -> str:
    """Write numbers as OpenAI does when asked for base64."""
    return b64encode(array("f", numbers).tobytes()).decode()


def item(embedding: object, index: object = None) -> dict[str, object]:
    """Write one vector of an answer."""
    place = {} if index is None else {"index": index}
    return {"object": "embedding", **place, "embedding": embedding}


def answer(*items: object, **rest: object) -> list[ProviderEvent]:
    """Decode a whole answer."""
    return decode({"object": "list", "data": list(items), "model": "vectors-1", **rest})


def decode(value: object) -> list[ProviderEvent]:
    """Decode JSON, in two pieces as a network might cut it."""
    data = json.dumps(value).encode()
    decoder = CODEC.decoder(call_to(URL, PLAIN, TEXTS), stream=False)
    return [*decoder.feed(data[:7]), *decoder.feed(data[7:]), *decoder.finish()]


def kind_of(value: object) -> str:
    """The kind of fault that an answer is."""
    with pytest.raises(AttemptError) as caught:
        decode(value)
    return caught.value.fault.kind


def test_model_and_texts_are_sent() -> None:
    """A plain server is sent model and texts and nothing else, also for a single text."""
    request = CODEC.encode(call_to(URL, PLAIN, TEXTS))
    assert request.url == f"{URL}/embeddings"
    assert json.loads(request.content) == {"model": "vectors-1", "input": ["one", "two"]}
    assert body_of(PLAIN, Request((), texts=("one",)))["input"] == ["one"]


def test_base64_and_length_are_asked_for_where_the_server_takes_them() -> None:
    """Vectors are asked for in base64 where the API is known to write it; a length on request."""
    assert body_of(FULL, TEXTS)["encoding_format"] == "base64"
    assert "dimensions" not in body_of(FULL, TEXTS)
    request = Request((), texts=("one",), dimensions=256)
    assert body_of(FULL, request)["dimensions"] == 256


@pytest.mark.parametrize("how", [PLAIN, FULL], ids=["plain", "full"])
def test_requests_are_valid_by_openais_description(how: How) -> None:
    """What is sent is valid by OpenAI's own published description of its API."""
    check = validator("CreateEmbeddingRequest")
    requests = (TEXTS, Request((), texts=("one",), dimensions=256))
    assert [problems(check, body_of(how, one)) for one in requests] == [[], []]


def test_extra_fields_are_added_and_ours_refused() -> None:
    """A caller's own fields go along; the texts cannot be replaced by them."""
    extra = Request((), texts=("one",), extra_body={"user": "u1"})
    assert body_of(PLAIN, extra)["user"] == "u1"
    wrong = Request((), texts=("one",), extra_body={"input": ["other"]})
    with pytest.raises(RequestError, match="input"):
        CODEC.encode(call_to(URL, PLAIN, wrong))


def test_lone_surrogates_are_replaced() -> None:
    """Half of a character, which no encoding has, is sent as U+FFFD."""
    assert body_of(PLAIN, Request((), texts=("a\ud800b",)))["input"] == ["a\ufffdb"]


def test_a_request_without_texts_is_none_of_this_api() -> None:
    """A chat that strays here is a typed fault, not a request with nothing in it."""
    with pytest.raises(AttemptError, match="only embeds"):
        CODEC.encode(call_to(URL, PLAIN, QUESTION))


@pytest.mark.parametrize(
    "items",
    [
        (item(list(ONE), 0), item(list(TWO), 1)),
        (item(list(TWO), 1), item(list(ONE), 0)),
        (item(base64(ONE), 0), item(base64(TWO), 1)),
        (item(list(ONE)), item(base64(TWO))),
    ],
    ids=["decimals", "out of order", "base64", "without indexes"],
)
def test_vectors_come_in_the_order_of_the_texts(items: tuple[object, ...]) -> None:
    """Vectors are sorted by their index, whether they are decimals or base64."""
    usage = {"prompt_tokens": 4, "total_tokens": 4}
    report = UsageReport(Usage(input_tokens=4))
    assert answer(*items, usage=usage) == [Vectors((ONE, TWO)), report, End("stop")]


def test_whole_numbers_become_floats() -> None:
    """A number that a server wrote without a point is a float like the others."""
    vectors = answer(item([1, 0, -1]))[0]
    assert isinstance(vectors, Vectors)
    assert [type(number) for number in vectors.vectors[0]] == [float] * 3


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"total_tokens": 9}, [UsageReport(Usage(input_tokens=9))]),
        ({}, []),
        ("nonsense", []),
        ({"prompt_tokens": -1}, []),
        (None, []),
    ],
)
def test_usage_is_read_where_it_stands(usage: object, expected: list[ProviderEvent]) -> None:
    """A total alone counts as input; what is no usage costs the count, not the vectors."""
    assert answer(item([1.0]), usage=usage)[1:-1] == expected


@pytest.mark.parametrize(
    "value",
    [
        {"object": "list"},
        {"data": {"embedding": [1.0]}},
        {"data": [[1.0]]},
        {"data": [{"index": 0}]},
        {"data": [item([[1.0, 2.0]], 0)]},
        {"data": [item(["1.0"], 0)]},
        {"data": [item([None], 0)]},
        {"data": [item([10**400], 0)]},
        {"data": [item("###", 0)]},
        {"data": [item("AAA=", 0)]},
        {"data": [item([1.0], 0), item([1.0], 0)]},
        {"data": [item([1.0], 0), item([1.0], 2)]},
        {"data": [item([1.0], -1)]},
        {"data": [item([1.0], "0")]},
    ],
    ids=[
        *("no data", "an object", "bare lists", "no vector", "nested", "strings", "null"),
        *("too large", "no base64", "half a float", "twice", "a gap", "negative", "a string"),
    ],
)
def test_wrong_shapes_are_bad_responses(value: Mapping[str, object]) -> None:
    """An answer that is not what the API promises is a typed fault, never a crash."""
    assert kind_of(value) == "bad_response"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
ITEMS = st.fixed_dictionaries({}, optional={"index": JSON, "embedding": JSON})
ANSWERS = st.fixed_dictionaries(
    {}, optional={"data": JSON | st.lists(ITEMS, max_size=3), "usage": JSON, "error": JSON}
)


@given(ANSWERS | JSON)
def test_any_answer_is_vectors_or_a_fault(value: object) -> None:
    """Whatever JSON a server sends, what comes of it is floats or a typed fault."""
    try:
        events = decode(value)
    except AttemptError:
        return
    vectors = events[0]
    assert isinstance(vectors, Vectors)
    assert all(type(number) is float for one in vectors.vectors for number in one)
    assert events[-1] == End("stop")


def test_an_error_inside_a_good_status_is_an_error() -> None:
    """A server that reports its failure with status 200 has failed."""
    assert kind_of({"error": {"message": "out of memory"}}) == "server_error"
    assert kind_of({"object": "error", "message": "no", "code": 429}) == "rate_limit"


def test_failures_never_quote_the_texts() -> None:
    """What a server says of its failure is told, unless it repeats a text."""
    call = call_to(URL, PLAIN, Request((), texts=("x", "the secret recipe of the house")))
    said = {"error": {"message": "cannot embed: the secret recipe of the house"}}
    failure = CODEC.failure(call, HttpFailure(400, {}, json.dumps(said).encode()))
    assert failure.fault.kind == "bad_request"
    assert "secret" not in str(failure)
    plain = {"error": {"message": "this server does not support embeddings"}}
    other = CODEC.failure(call, HttpFailure(501, {}, json.dumps(plain).encode()))
    assert "does not support embeddings" in str(other)
