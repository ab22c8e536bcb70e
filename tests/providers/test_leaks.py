"""The canary: neither key nor prompt is found anywhere but on the wire."""

from __future__ import annotations

import asyncio
import logging
import pickle
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from llmroute.errors import AttemptError, RequestError
from llmroute.testing import no_network
from llmroute.types.messages import Message
from llmroute.types.requests import Request
from tests.faults.scenarios import SCENARIOS
from tests.faults.server import FaultServer
from tests.providers.calls import APIS, KEY, How, aoutcome, call_to, outcome, provider_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PROMPT = "canary prompt: the combination is 17-4-36, left twice"
REQUEST = Request((Message.system("Be terse."), Message.user(PROMPT)))
CANARIES = (KEY, KEY[3:20], PROMPT, PROMPT[15:40])
# Faults, and what is wrong with a key that was read from a file; it comes at the key's end.
CASES = [
    *((fault, "") for fault in (*SCENARIOS, "refused", "dns")),
    *(("normal", wrong) for wrong in (" ", "\n", "\u00e9")),
]


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    """One fault server for all."""
    with FaultServer() as running:
        yield running


def everything_about(error: BaseException | None) -> str:
    """All that a program may print of an error, or send elsewhere."""
    if error is None:
        return ""
    seen = [repr(error), str(error), repr(error.args), repr(vars(error))]
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    seen += list(shown.format())
    seen.append(pickle.dumps(error).decode("latin-1"))
    seen.append(repr(pickle.loads(pickle.dumps(error))))
    return "\n".join(
        [*seen, everything_about(error.__cause__), everything_about(error.__context__)]
    )


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize(("fault", "wrong"), CASES)
def test_errors_hold_no_key_and_no_prompt(
    server: FaultServer, caplog: pytest.LogCaptureFixture, fault: str, api: str, wrong: str
) -> None:
    """Errors, their chains, tracebacks with locals, pickles and logs hold no key, no prompt."""
    caplog.set_level(logging.DEBUG)
    urls = {"refused": "http://127.0.0.1:9/v1", "dns": "http://api.example.com/v1"}
    url = urls.get(fault) or server.url_for(fault)
    for stream in (False, True):
        how = How(api=api, stream=stream, time_s=0.1, key=KEY + wrong)
        provider = provider_for(api)
        with no_network(outage=fault == "dns", allow_loopback=fault != "dns"):
            results = [
                outcome(provider.events(call_to(url, how, REQUEST))),
                asyncio.run(aoutcome(provider.aevents(call_to(url, how, REQUEST)))),
            ]
        provider.close()
        for result in results:
            error = result.error
            text = everything_about(error) + caplog.text
            assert not [one for one in CANARIES if one in text]
            if error is not None:
                assert error.__context__ is None
                assert type(error.__cause__).__module__ in {"builtins", "llmroute.errors"}


def test_extras_that_are_refused_are_not_shown() -> None:
    """An extra field that cannot be sent is named; its value, the key and the prompt are not."""
    for extras in ({"extra_body": {"x": {KEY}}}, {"extra_headers": {"x": f"{KEY}\n"}}):
        request = replace(REQUEST, **extras)
        with pytest.raises(RequestError) as caught:
            outcome(provider_for().events(call_to("http://127.0.0.1:9/v1", request=request)))
        tail = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        ours = [frame for frame in tail.stack if "/llmroute/" in frame.filename]
        assert ours
        assert not [one for one in CANARIES if one in f"{caught.value!r}{[f.locals for f in ours]}"]


def test_values_on_the_way_show_sizes_only() -> None:
    """Requests, failures, calls and budgets have reprs without content."""
    from llmroute.providers import open_codec
    from llmroute.providers.budget import Budget
    from llmroute.providers.wire import HttpFailure

    call = call_to("http://127.0.0.1:9/v1", request=REQUEST)
    request = open_codec("openai-chat").encode(call)
    failure = HttpFailure(401, {}, KEY.encode())
    budget = Budget(call)
    shown = f"{request!r} {request} {failure!r} {call!r} {budget!r} {budget.call!r}"
    assert not [one for one in CANARIES if one in shown]


def test_an_attempt_error_is_fresh() -> None:
    """The traceback of an error begins at the provider: no frame below it is kept alive."""
    provider = provider_for()
    with pytest.raises(AttemptError) as caught:
        list(provider.events(call_to("http://127.0.0.1:9/v1")))
    frames = traceback.extract_tb(caught.value.__traceback__)
    assert [frame.name for frame in frames[1:]] == ["events"]
