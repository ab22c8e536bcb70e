"""Keys and prompts: wherever a program could print, log or store them, they are not."""

from __future__ import annotations

import json
import logging
import pickle
import traceback
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import Client, Limits, policies
from tests.faults.scenarios import SCENARIOS
from tests.faults.server import FaultServer

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "sk-CANARYKEY-0123456789abcdef"
PROMPT = "CANARYPROMPT please tell nobody"
LIMITS = Limits(deadline_s=1.2, first_token_s=0.2, between_tokens_s=0.2, attempts_per_model=1)


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    """One fault server for all."""
    with FaultServer() as one:
        yield one


def traces(error: BaseException) -> str:
    """Everything a crash reporter would see of an error: the chain, with the locals of ours."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    lines: list[str] = []
    one: traceback.TracebackException | None = found
    while one is not None:
        lines.append(str(one))
        lines += [
            f"{frame.filename}:{frame.lineno} {frame.locals}"
            for frame in one.stack
            if "llmroute" in frame.filename and "tests" not in frame.filename
        ]
        one = one.__cause__ or one.__context__
    return "\n".join(lines)


@pytest.mark.parametrize("fault", sorted(SCENARIOS))
@pytest.mark.parametrize("stream", [False, True])
def test_no_canary_anywhere(
    server: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    *,
    stream: bool,
) -> None:
    """Through every fault, no key and no prompt is in reprs, errors, locals, logs or pickles."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("CANARY_KEY", f" {KEY}\n")
    models = [
        llmroute.model(
            "m",
            use="openai-compatible",
            base_url=server.url_for(fault),
            model="x",
            key_env="CANARY_KEY",
        )
    ]
    seen: list[object] = []
    with Client(policies.order("m"), models=models, limits=LIMITS) as client:
        plan = client.plan(PROMPT)
        seen += [client, plan, str(plan), json.dumps(plan.to_dict())]
        seen.append({name: repr(value) for name, value in vars(client).items()})
        try:
            if stream:
                with client.stream(PROMPT) as events:
                    seen.append(events)
                    for _ in events:
                        pass
                    seen.append(events.reply)
            else:
                seen.append(client.chat(PROMPT))
        except llmroute.LLMRouteError as error:
            seen += [error, str(error), traces(error), pickle.dumps(error), vars(error)]
    seen += [caplog.text, repr(server.requests[-1].path)]

    text = "\n".join(repr(one) for one in seen)
    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    assert "CANARYKEY" not in text
    assert "CANARYPROMPT" not in text


SYSTEM = {
    "system": "CANARYSYSTEM",
    "extra_headers": {"x-canary": "CANARYHEADER"},
    "extra_body": {"user": "CANARYBODY"},
}


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("auth_401", SYSTEM),
        ("reset_at_once", SYSTEM),
        ("normal", SYSTEM | {"max_cost_usd": 0}),
        ("normal", SYSTEM | {"max_tokens": -1}),
        ("normal", SYSTEM | {"model": "nope"}),
    ],
)
@pytest.mark.parametrize("verb", ["chat", "stream", "plan"])
def test_no_option_is_kept_in_locals(
    server: FaultServer, fault: str, options: dict[str, object], verb: str
) -> None:
    """Whatever fails, from the call itself to the upstream, our frames hold none of its content."""
    models = [
        llmroute.model("m", use="openai-compatible", base_url=server.url_for(fault), model="x")
    ]
    with Client(models=models, limits=LIMITS) as client:
        try:
            for _ in [getattr(client, verb)(PROMPT, **options)]:
                pass
        except llmroute.LLMRouteError as error:
            assert "CANARY" not in traces(error)  # noqa: PT017 - some of these do not fail


def test_key_of_a_call_is_not_kept_in_locals(server: FaultServer) -> None:
    """A key passed to one call is masked before anything can fail."""
    models = [
        llmroute.model("m", use="openai-compatible", base_url=server.url_for("auth_401"), model="x")
    ]
    with Client(models=models) as client, pytest.raises(llmroute.AllFailedError) as caught:
        client.chat(PROMPT, api_key=KEY)

    assert server.requests[-1].headers["authorization"] == f"Bearer {KEY}"
    assert "CANARYKEY" not in traces(caught.value)
    with Client(models=models) as client, pytest.raises(llmroute.RequestError) as wrong:
        client.chat(PROMPT, api_key=KEY + "\n x")
    assert "CANARYKEY" not in traces(wrong.value)


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("", "is not set"),
        ("  \n", "is not set"),
        ("sk-CANARYKEY\nx", "holds a line break"),
        ("sk CANARYKEY", "holds a space"),
        ("sk-CANARYKEY-é", "holds characters that are not ASCII"),
    ],
)
def test_unfit_keys_are_named_by_their_variable(
    server: FaultServer, monkeypatch: pytest.MonkeyPatch, key: str, word: str
) -> None:
    """A key that cannot be sent makes its model unavailable; the reason names the variable."""
    monkeypatch.setenv("CANARY_KEY", key)
    models = [
        llmroute.model(
            "m",
            use="openai-compatible",
            base_url=server.base_url,
            model="x",
            key_env="CANARY_KEY",
        )
    ]
    before = len(server.requests)
    with Client(models=models) as client, pytest.raises(llmroute.NoCandidateError) as caught:
        client.chat("hi")

    assert len(server.requests) == before
    assert f"CANARY_KEY {word}" in str(caught.value)
    assert "CANARYKEY" not in traces(caught.value)


def test_key_functions(server: FaultServer) -> None:
    """A key may come from a function, called for each attempt; its bug is a typed failure."""
    keys = iter(["sk-one", "sk-two"])

    def fails() -> str:
        raise OSError("CANARYKEY")

    base_url = server.base_url
    models = [
        llmroute.model(
            "m", use="openai-compatible", base_url=base_url, model="x", key=lambda: next(keys)
        ),
        llmroute.model("n", use="openai-compatible", base_url=base_url, model="x", key=fails),
    ]
    with Client(models=models) as client:
        for key in ("sk-one", "sk-two"):
            client.chat("hi", model="m")
            assert server.requests[-1].headers["authorization"] == f"Bearer {key}"
        with pytest.raises(llmroute.AllFailedError, match="raised OSError") as caught:
            client.chat("hi", model="n")

    assert "CANARYKEY" not in str(caught.value)


def test_nothing_is_printed_unless_somebody_listens(
    server: FaultServer, capfd: pytest.CaptureFixture[str]
) -> None:
    """A failure is logged under "llmroute" and printed nowhere, whatever the root logger does."""
    models = [
        llmroute.model(
            "sick", use="openai-compatible", base_url=server.url_for("html_200"), model="x"
        ),
        llmroute.model("well", use="openai-compatible", base_url=server.base_url, model="x"),
    ]
    with Client(models=models) as client:
        client.chat("hi")

    handlers = logging.getLogger("llmroute").handlers
    assert any(isinstance(one, logging.NullHandler) for one in handlers)
    assert capfd.readouterr() == ("", "")


def test_openai_base_url_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment cannot send a provider's key to another host."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Client(models=[llmroute.model("gpt", use="openai/gpt-6.1-terra")]) as client:
        model = client.plan("hi").model

    assert model is not None
    assert model.upstream.origin == "https://api.openai.com"
