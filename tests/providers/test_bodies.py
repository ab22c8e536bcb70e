"""What every wire API's requests share."""

from __future__ import annotations

import json
from dataclasses import replace

from llmroute.providers.bodies import merged, request_to, sampling_of
from llmroute.types.messages import Message
from llmroute.types.requests import Request, Sampling
from tests.providers.calls import How, call_to

URL = "https://api.example.com/v1"
NAMES = frozenset({"temperature", "stop"})


def test_extra_fields_join_objects() -> None:
    """An extra object adds to ours of that name; any other extra value takes its place."""
    body: dict[str, object] = {"a": {"b": 1, "c": {"d": 2}}, "e": 3}
    assert merged(body, {"a": {"c": {"f": 4}}, "e": {"g": 5}, "h": None}) == {
        "a": {"b": 1, "c": {"d": 2, "f": 4}},
        "e": {"g": 5},
        "h": None,
    }
    assert body == {"a": {"b": 1, "c": {"d": 2}}, "e": 3}


def test_no_lone_surrogate_is_sent() -> None:
    """A lone surrogate is U+FFFD in every string of a request, names of fields included."""
    request = Request((Message.user("x"),), extra_body={"a\ud800": ["\udfff", "\u00e9\U0001f600"]})
    written = request_to(call_to(URL, request=request), "/path", {"m": "\ud83d"})
    assert json.loads(written.content.decode()) == {
        "m": "\ufffd",
        "a\ufffd": ["\ufffd", "\u00e9\U0001f600"],
    }


def test_only_parameters_that_are_taken_are_sent() -> None:
    """A parameter that the model does not take, or not while it reasons, is left out."""
    request = Request((Message.user("x"),), Sampling(temperature=0.5, top_p=0.5, stop=("a",)))
    call = call_to(URL, How(parameters=NAMES), request)
    assert sampling_of(call) == {"temperature": 0.5, "stop": ("a",)}
    assert call.model.endpoint is not None
    endpoint = replace(call.model.endpoint, rejects_when_reasoning=frozenset({"temperature"}))
    call = call._replace(model=replace(call.model, endpoint=endpoint))
    assert sampling_of(call, reasons=True) == {"stop": ("a",)}
    assert sampling_of(call)["temperature"] == 0.5
