"""Bad calls: a typed error that says what, where and how to mend it, before anything is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest

import llmroute
from llmroute import AsyncClient, Client, Limits, Message, RequestError, policies
from llmroute.testing import Fail, ScriptedProvider, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Iterator

PROVIDER = ScriptedProvider("yes")


@pytest.fixture
def client() -> Iterator[Client]:
    """A client over one scripted model, with one hint declared."""
    models = [llmroute.model("gpt", use="scripted", provider=PROVIDER)]
    with Client(models=models, hints={"private": "bool", "tier": "str"}) as one:
        yield one


# what is passed as messages, where the error points, a word of it
MESSAGES: list[tuple[object, str, str]] = [
    ([], "prompt", "no message"),
    ("", "prompt", "empty"),
    ("   ", "prompt", "empty"),
    (b"hi", "prompt", "bytes"),
    (7, "prompt", "int"),
    ({"role": "user", "content": "hi"}, "prompt", "Put it into a list"),
    (None, "prompt", "first argument"),
    ([Message.system("be brief")], "prompt", "no message to answer"),
    ([Message.user("hi"), Message.assistant("ho")], "prompt", "model's own"),
    ([{"role": "usr", "content": "hi"}], "prompt[0]", "Did you mean 'user'?"),
    ([{"content": "hi"}], "prompt[0]", "no role"),
    ([{"role": 5, "content": "hi"}], "prompt[0]", "no role"),
    ([{"role": "user"}], "prompt[0].content", "content is missing"),
    ([{"role": "user", "content": None}], "prompt[0].content", "content is missing"),
    (
        [{"role": "user", "content": [{"type": "text", "txet": "q"}]}],
        "prompt[0].content[0]",
        'the part holds no text. Write {"type": "text", "text": "..."}',
    ),
    ([{"role": "user", "content": 5}], "prompt[0].content", "not text"),
    (
        [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}],
        "prompt[0].content[0].image_url",
        "no url",
    ),
    ([{"role": "user", "content": "hi", "tool_calls": [{}]}], "prompt[0]", "tool_calls"),
    (["hi"], "prompt[0]", 'Use Message.user("...")'),
    ([Message(cast("Any", "boss"), ("hi",))], "prompt[0]", "unknown role 'boss'"),
    ([Message("user", cast("Any", (5,)))], "prompt[0].parts[0]", "int"),
]


@pytest.mark.parametrize(("messages", "where", "word"), MESSAGES)
def test_bad_messages(client: Client, messages: object, where: str, word: str) -> None:
    """Messages that cannot be answered are refused, with the place and a remedy."""
    with pytest.raises(RequestError) as caught:
        client.chat(cast("Any", messages))

    assert caught.value.where == where
    assert word in str(caught.value)


# option, value, a word of the error
OPTIONS: list[tuple[str, object, str]] = [
    ("max_tokens", -1, "from 1 to"),
    ("max_tokens", 0, "from 1 to"),
    ("max_tokens", 10**12, "from 1 to"),
    ("max_tokens", 10**5000, "too many digits"),
    ("deadline_s", 10**400, "from 0 to 86400"),
    ("temperature", 10**5000, "too many digits"),
    ("max_cost_usd", 10**5000, "too long"),
    ("max_cost_usd", "1 cent", "got '1 cent'"),
    ("model", llmroute.model("d", use="scripted", provider=PROVIDER), "got Declaration"),
    ("hints", {1: 2}, "names must be strings"),
    ("max_tokens", 1.5, "whole number"),
    ("max_tokens", True, "whole number"),
    ("temperature", 9, "from 0 to 2"),
    ("temperature", float("nan"), "from 0 to 2"),
    ("temperature", "hot", "a number, got str"),
    ("top_p", -0.1, "from 0 to 1"),
    ("stop", "", "empty stop string"),
    ("stop", [1], "a string, got"),
    ("seed", -1, "from 0"),
    ("deadline_s", 0, "more than 0"),
    ("deadline_s", float("inf"), "from 0 to 86400"),
    ("max_cost_usd", -1, "0 or more"),
    ("max_cost_usd", "cheap", "amount of USD"),
    ("local", "yes", "True or False"),
    ("task", "codee", "Did you mean 'code'?"),
    ("purposes", ["improve_lm"], "Did you mean 'improve_llm'?"),
    ("on_break", "retry", '"continue", "continue_or_restart"'),
    ("model", "gtp", "Did you mean 'gpt'?"),
    ("model", "openai/gpt-44", "Did you mean 'gpt-4'?"),
    ("model", "opnai/gpt-4", "Did you mean 'openai/gpt-4'?"),
    ("model", [], "names nothing"),
    ("model", "gpt-6.1-terra", "Did you mean 'openai/gpt-6.1-terra'?"),
    ("hints", {"privat": True}, "Did you mean 'private'?"),
    ("hints", {"private": "yes"}, "must be bool, got str"),
    ("hints", 5, "a mapping"),
    ("extra_headers", {"x-a": "b\r\nc: d"}, "cannot be sent"),
    ("extra_headers", {"Authorization": "Bearer x"}, "uthorization"),
    ("extra_body", {"model": "dearer"}, "model"),
    ("timeout", 5, "deadline_s"),
    ("max_completion_tokens", 5, "max_tokens"),
    ("temprature", 1, "Did you mean 'temperature'?"),
    ("nonsense_xyz", 1, "Known:"),
    ("store", True, "Nothing is kept at a provider"),
    ("previous_response_id", "x", "Nothing is kept at a provider"),
    ("images", [], "Image(path=...)"),
    ("input", "x", "first argument"),
    ("instructions", "x", "Use system"),
    ("api_base", "x", "base_url=..."),
    ("base_url", "x", "openai-compatible"),
    ("max_retries", 1, "attempts_per_model"),
    ("num_retries", 1, "attempts_per_model"),
    ("connect_s", 2, "Client(limits={'connect_s': ...})"),
    ("accept", bool, "Client(accept=...)"),
    ("fallbacks", [], "model=[...]"),
    ("text_format", int, "Use output"),
    ("response_model", int, "Use output"),
    ("n", 2, "Ask several times"),
    ("user", "x", "extra_body={'user': ...}"),
    ("metadata", {}, "Use tags"),
    ("parallel_tool_calls", True, "extra_body={'parallel_tool_calls': ...}"),
    ("logprobs", True, "is not read"),
    ("tool_choice", {"function": {"name": "weather"}}, 'Write tool_choice="weather"'),
    ("tool_choice", {"type": "tool", "name": "weather"}, 'Write tool_choice="weather"'),
    ("tool_choice", {"type": "any"}, 'Write tool_choice="required"'),
    ("api_key", 5, "must be a string"),
    ("api_key", "sk canary", "a space"),
    ("api_key", "sk-\nx", "a line break"),
    ("api_key", "sk-é", "not ASCII"),
]


@pytest.mark.parametrize(
    ("option", "value", "word"), OPTIONS, ids=[f"{row[0]}-{at}" for at, row in enumerate(OPTIONS)]
)
def test_bad_options(client: Client, option: str, value: object, word: str) -> None:
    """An option that is unknown or makes no sense is refused, with the nearest right word."""
    with pytest.raises(RequestError) as caught:
        client.chat("hi", **cast("Any", {option: value}))

    assert word in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("method", "option", "hint"),
    [
        *((name, "messages", "Messages are the first") for name in ("chat", "stream", "plan")),
        *((name, "input", "It is the first argument") for name in ("chat", "embed", "plan_embed")),
        *((name, None, "It is the first argument") for name in ("chat", "stream", "plan")),
        *((name, None, "They are the first argument") for name in ("embed", "plan_embed")),
    ],
)
def test_a_call_without_a_prompt(
    client: Client, method: str, option: str | None, hint: str
) -> None:
    """A prompt under a name of other packages, or none at all, is a typed error with the remedy."""
    options = {} if option is None else {option: ["hi"]}
    with pytest.raises(RequestError, match=hint):
        getattr(client, method)(**options)


def test_with_options_checks_at_once(client: Client) -> None:
    """A refinement with a bad option fails where it is made, not where it is used."""
    with pytest.raises(RequestError):
        client.with_options(**cast("Any", {"timeout": 3}))


def test_key_needs_one_model() -> None:
    """A key for one call is not sent to whichever model the policy chooses."""
    models = [llmroute.model(name, use="scripted", provider=PROVIDER) for name in "ab"]
    with Client(models=models) as client, pytest.raises(RequestError, match="exactly one model"):
        client.chat("hi", api_key="sk-one")


def test_prompt_longer_than_every_window() -> None:
    """A prompt that fits no model is refused before it is sent, in numbers."""
    models = [llmroute.model("tiny", use="scripted", provider=PROVIDER, context_tokens=64)]
    with (
        Client(models=models) as small,
        pytest.raises(llmroute.NoCandidateError, match="window is 64") as caught,
    ):
        small.chat("word " * 500)

    assert caught.value.plan.refused[0].rule == "context"


def test_model_names_are_said_not_content(client: Client) -> None:
    """No error about a call quotes the prompt."""
    with pytest.raises(RequestError) as caught:
        client.chat("canary prompt", **cast("Any", {"task": "nope"}))

    assert "canary" not in str(caught.value)


class Closed:
    """What is no HTTP client."""


# option of the client, value, a word of the error
CLIENT_OPTIONS: list[tuple[str, object, str]] = [
    ("model", [], "models=[...]"),
    ("timeout", 3, "deadline_s"),
    ("local", True, "client.with_options(local=...)"),
    ("max_cost_usd", 1, "client.with_options(max_cost_usd=...)"),
    ("models", "gpt", "a list of declarations, got str"),
    ("models", ["gpt"], "must hold declarations, got str"),
    ("models", llmroute.model("m", use="scripted", provider=PROVIDER), "got Declaration"),
    ("offline", "alwyas", "Did you mean 'always'?"),
    ("offline", True, "'auto', 'always', 'never'"),
    ("limits", Limits(deadline_s=-1), "limits.deadline_s"),
    ("limits", Limits(deadline_s=float("nan")), "limits.deadline_s"),
    ("limits", Limits(attempts_per_model=0), "limits.attempts_per_model"),
    ("limits", Limits(on_break=cast("Any", "restrat")), "limits.on_break"),
    ("base_url", "x", 'use="openai-compatible"'),
    ("api_base", "x", 'use="openai-compatible"'),
    ("max_retries", 1, "attempts_per_model"),
    ("organization", "x", "OpenAI-Organization"),
    ("default_headers", {}, "extra_headers"),
    ("facts", {"comercial": True}, "Client: facts.comercial"),
    ("limits", {"deadline": 3}, "Did you mean 'deadline_s'?"),
    ("limits", 5, "a mapping"),
    ("hints", ["private"], "a mapping"),
    ("hints", {"private": "boolean"}, "no type of a hint"),
    ("facts", ["commercial"], "a mapping"),
    ("facts", {"comercial": True}, "Did you mean 'commercial'?"),
    ("backoff", 1, "callable"),
    ("clock", 3, "has no now()"),
    ("clock", VirtualClock, "it is a class"),
    ("providers", {"gpt": ScriptedProvider}, "the class ScriptedProvider"),
    ("hints", {"tier": ["gold"]}, "no type of a hint"),
    ("bogus", None, "no such option"),
    ("timeout", None, "deadline_s"),
    ("api_key", "sk-CANARY", "llmroute.model(..., key=...)"),
    ("http_client", Closed(), "http_client"),
    ("providers", {"gtp": PROVIDER}, "Did you mean 'gpt'?"),
    ("providers", {"gpt": "hello"}, "events and aevents"),
]


@pytest.mark.parametrize(("option", "value", "word"), CLIENT_OPTIONS)
def test_bad_client_options(option: str, value: object, word: str) -> None:
    """What a client is made with is checked when it is made: no option is ignored."""
    models = [llmroute.model("gpt", use="scripted", provider=PROVIDER)]
    with pytest.raises(llmroute.PolicyError) as caught:
        Client(**cast("Any", {"models": models, option: value}))

    assert word in str(caught.value)


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        (b"x", "got bytes"),
        (policies.Ranking(), 'got Ranking. Pass policies.order("gpt", "local")'),
        (policies.Ranking, "got the class Ranking"),
        (policies.lowest(policies.cost_usd), "got the preference Lowest. Pass policies.best(...)"),
        (policies.cost_usd, "got the objective cost_usd. Pass policies.best(policies.cost_usd)"),
        (policies.local, "require=[policies.local]"),
        (policies.max_cost_usd("0.02"), "got a constraint"),
        (policies.order, "Call it: policies.order(...)"),
        ([llmroute.model("gpt", use="scripted", provider=PROVIDER)], "Models go in models"),
        ('version = 1\n[models.x]\nuse = "y"', "the text of a policy"),
        ("a\0b", "the text of a policy"),
        ("nofile.toml", "nofile.toml"),
        ("", "it is empty"),
        ("~nosuchuser/x.toml", "nosuchuser"),
        ("a\ud800.toml", "the text of a policy"),
    ],
)
def test_bad_policies(policy: object, word: str) -> None:
    """What is neither a policy nor a policy file is refused with what to pass instead."""
    with pytest.raises(llmroute.PolicyError) as caught:
        Client(cast("Any", policy))

    assert word in str(caught.value)


@pytest.mark.parametrize("given", [None, 7, b"sk-CANARY", ""])
def test_key_functions_return_strings(given: object) -> None:
    """A key function that returns anything but a key sends nothing."""
    models = [
        llmroute.model(
            "m",
            use="openai-compatible",
            base_url="http://127.0.0.1:9/v1",
            model="x",
            key=lambda: cast("Any", given),
        )
    ]
    with Client(models=models) as client, pytest.raises(llmroute.AllFailedError) as caught:
        client.chat("hi")

    fault = caught.value.attempts[0].fault
    assert fault is not None
    assert fault.kind == "bad_key_format"
    assert "[read the reason; mend the key, or the function that returns it]" in str(caught.value)
    assert "CANARY" not in str(caught.value)


def test_policies_name_declared_models() -> None:
    """A policy in code that names a model which is not declared fails where the client is made."""
    models = [llmroute.model("gpt", use="scripted", provider=PROVIDER)]
    with pytest.raises(llmroute.PolicyError, match="Did you mean 'gpt'"):
        Client(policies.order("gtp"), models=models)


def test_a_client_that_was_not_made_has_a_repr() -> None:
    """A crash report on the making of a client can show the client."""
    assert repr(Client.__new__(Client)) == "Client(not made)"


def test_a_stream_has_a_repr_without_content(client: Client) -> None:
    """A stream shows who may answer, in order, and nothing that is said."""
    assert repr(client.stream("canary")) == "Stream('gpt')"


def test_async_things_are_entered_by_async_with() -> None:
    """A plain `with`, and a stream that is awaited, say what to write."""
    ours = AsyncClient(models=[llmroute.model("gpt", use="scripted", provider=PROVIDER)])
    entered = cast("Any", ours)
    with pytest.raises(RequestError, match="AsyncClient: is entered by async with"), entered:
        pass
    with pytest.raises(RequestError, match=r"async with client\.stream\(\.\.\.\) as stream"):
        cast("Any", ours.stream("hi")).__await__()


def test_a_policy_returns_a_plan() -> None:
    """A policy of the application that returns anything but a plan is named."""
    models = [llmroute.model("gpt", use="scripted", provider=PROVIDER)]

    def junk(_: object, __: object) -> None:
        return None

    with (
        Client(cast("Any", junk), models=models) as client,
        pytest.raises(llmroute.PolicyError, match="returned NoneType, not a Plan"),
    ):
        client.chat("hi")


@pytest.mark.parametrize("seconds", ["x", -1, float("nan"), 10**400, None], ids=range(5))
def test_a_backoff_returns_seconds(seconds: object) -> None:
    """A back-off that returns no time is named, and nothing waits."""
    models = [llmroute.model("m", use="scripted", provider=ScriptedProvider(Fail("overloaded")))]
    with (
        Client(models=models, backoff=lambda _: cast("Any", seconds)) as client,
        pytest.raises(llmroute.PolicyError, match="must return seconds"),
    ):
        client.chat("hi")


def test_numbers_of_other_kinds_are_taken() -> None:
    """Whole and real numbers of other libraries are numbers; sets are lists where order is none."""
    provider = ScriptedProvider("x")
    models = (one for one in [llmroute.model("m", use="scripted", provider=provider)])
    with Client(models=cast("Any", models)) as client:
        client.chat(
            [{"role": "user", "content": "hi", "refusal": None}],
            **cast(
                "Any",
                {
                    "max_tokens": np.int64(4),
                    "seed": np.uint32(4),
                    "temperature": np.float32(0.5),
                    "deadline_s": Decimal(4),
                    "tags": {"a"},
                },
            ),
        )

    request = provider.calls[0].request
    assert (request.sampling.max_tokens, request.sampling.temperature) == (4, 0.5)
    assert request.tags == ("a",)
