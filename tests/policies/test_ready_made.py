"""The ready-made policies: each is asked, and chooses and refuses as its comments say."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import pytest

import llmroute
from llmroute import Client, NoCandidateError, PolicyError
from llmroute.catalog.data import names as data_names
from llmroute.catalog.data import read_text
from llmroute.policies.files import loads_policy
from llmroute.testing import Fail, ScriptedProvider, VirtualClock, no_network

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from llmroute.types.plans import Plan
    from llmroute.types.requests import ChatOptions

MONDAY = date(2026, 11, 23)
NAMES = data_names("policies")
LONG = "word " * 40_000


NONE: ChatOptions = {}


class Asked(NamedTuple):
    """What is asked of a policy, and which model must come first."""

    policy: str
    first: str | None
    options: ChatOptions = NONE
    prompt: str = "Why is the sky blue?"
    hour: int = 12
    route: str | None = None


NEW = "split: arm new"
PRIVATE: ChatOptions = {"hints": {"private": True}}
HOME = "private data stays home"
COUNTED = {"monthly_active_users": {"2024-11": 250_000}}
ASKED = [
    Asked("default", "gpt"),
    Asked("default", "local", {"local": True}),
    Asked("cheapest", "local"),
    Asked("cheapest", "haiku", {"local": False}),
    Asked("local-first", "local"),
    Asked("local-first", "gpt", {"task": "code"}, route="code goes to the strong model"),
    Asked("private", "ollama"),
    Asked("private", "ollama", {"task": "code"}),
    Asked("private", None, {"local": False}),
    Asked("private", None, {"model": "openai/gpt-6.1-terra"}),
    Asked("private-data", "gpt"),
    Asked("private-data", "local", PRIVATE, route=HOME),
    Asked("private-data", None, {**PRIVATE, "model": "gpt"}, route=HOME),
    Asked("balanced", "luna"),
    Asked("balanced", "terra", {"task": "code"}, route="code is hard"),
    Asked("balanced", "terra", {"task": "math"}, route="math is hard"),
    Asked("balanced", "haiku", prompt=LONG, route="long prompts go where they are cheap"),
    Asked("fastest", "flash"),  # of none anything is known: by name
    Asked("best-quality", "opus"),
    Asked("best-quality", "sonnet", {"task": "code"}),
    Asked("best-quality", "terra", {"task": "math"}),
    Asked("critical", "terra"),
    Asked("critical", None, {"local": True}),
    Asked("critical", None, {"model": "llama-cpp/smollm2-135m-instruct"}),
    Asked("code-and-chat", "chat", route="chat"),
    Asked("code-and-chat", "code", {"task": "code"}, route="code"),
    Asked("canary", "old", {"hints": {"customer": "acme"}}, route="canary"),
    Asked("license-strict", "gpt"),
    Asked("license-strict", "small", {"local": True}),
    Asked("license-strict", "small", {"purposes": ["compete"]}),
    Asked("license-strict", None, {"model": "llama"}),
    Asked("license-strict", "llama", {"model": "llama", "facts": COUNTED}),
    Asked("license-strict", None, {"model": "groq/llama-3.1-8b-instant"}),
    Asked("night", "terra"),
    Asked("night", "haiku", hour=22, route="at night"),
]


@pytest.fixture(autouse=True)
def _nothing_is_sent() -> Iterator[None]:
    """No test of this file opens a socket."""
    with no_network():
        yield


def client(policy: str, hour: int = 12, **answers: ScriptedProvider) -> Client:
    """A client of a ready-made policy, for all of whose models something stands in."""
    clock = VirtualClock(MONDAY)
    clock.advance(3600 * hour)
    models = loads_policy(read_text(f"policies/{policy}.toml") or "").models
    providers = {model.name: ScriptedProvider(f"I am {model.name}") for model in models}
    return Client(policy, providers={**providers, **answers}, clock=clock)


def plan_of(asked: Asked) -> Plan:
    """Plan what is asked."""
    with client(asked.policy, asked.hour) as made:
        return made.plan(asked.prompt, **asked.options)


@pytest.mark.parametrize("asked", ASKED, ids=lambda one: f"{one.policy} {one.options}"[:60])
def test_what_a_ready_made_policy_chooses(asked: Asked) -> None:
    """The model that the comments promise comes first, by the route that they name."""
    plan = plan_of(asked)
    assert (plan.model.name if plan.model else None) == asked.first, plan
    assert plan.route == asked.route
    assert plan.policy.startswith(("policies/", "built-in default"))


@pytest.mark.parametrize("name", NAMES)
def test_every_ready_made_policy_is_asked_and_explained(name: str) -> None:
    """Each begins with what it is for, is in the tests above, and answers without a warning."""
    text = read_text(f"policies/{name}.toml") or ""
    assert text.startswith("# ")
    assert name in {asked.policy for asked in ASKED}
    with client(name) as made:
        reply = made.chat("hi")
        assert reply.text == f"I am {reply.model.name}"
        assert reply.model == made.plan("hi").model
        told = {warning for one in reply.plan.candidates for warning in one.warnings}
        assert told <= {"no license is declared"}  # a host whose terms have no card


def test_private_never_leaves_the_machine() -> None:
    """Whatever is asked, and whatever fails, every model of `private` is on this machine."""
    down = ScriptedProvider(Fail("connect"))
    with client("private", ollama=down) as made:
        assert made.chat("hi").model.name == "small"
        for model in made.plan("hi").candidates:
            assert model.model.local
    with client("private", ollama=down, small=ScriptedProvider(Fail("engine"))) as made:
        with pytest.raises(llmroute.AllFailedError) as caught:
            made.chat("hi")
        assert {attempt.model.name for attempt in caught.value.attempts} == {"ollama", "small"}
        with pytest.raises(NoCandidateError, match="local = true is required"):
            made.chat("hi", model="openai/gpt-6.1-terra")


def test_license_strict_never_falls_to_what_is_not_known_to_be_allowed() -> None:
    """Whatever fails, the model whose license asks for a missing fact is not asked."""
    down = ScriptedProvider(Fail("connect"))
    with client("license-strict", gpt=down, small=ScriptedProvider(Fail("engine"))) as made:
        with pytest.raises(llmroute.AllFailedError) as caught:
            made.chat("hi")
        assert {attempt.model.name for attempt in caught.value.attempts} == {"gpt", "small"}
        plan = made.plan("hi")
        refused = {one.model.name: one.reason for one in plan.refused}
        assert "not known to be allowed" in refused["llama"]
        assert '"2024-11" not stated' in refused["llama"]
        assert made.plan("hi", facts=COUNTED).refused == ()
        other = made.plan("hi", model="together/nobody-knows")
        assert "no license is declared" in other.refused[0].reason


def test_critical_fails_rather_than_falling_to_a_tiny_model() -> None:
    """If the strong models of both vendors fail, the call fails, and nobody else was asked."""
    down = ScriptedProvider(Fail("connect"))
    with client("critical", terra=down) as made:
        assert made.chat("hi").model.name == "sonnet"
    with client("critical", terra=down, sonnet=down, opus=down) as made:
        with pytest.raises(llmroute.AllFailedError) as caught:
            made.chat("hi")
        asked = {attempt.model.name for attempt in caught.value.attempts}
        assert asked == {"terra", "sonnet", "opus"}


def test_the_canary_keeps_a_customer_and_both_arms() -> None:
    """About 5 of 100 customers get the new model, each always the same, and the other stands by."""
    with client("canary") as made:
        customers = {
            number: made.plan("hi", hints={"customer": f"customer {number}"})
            for number in range(400)
        }
        new = [at for at, plan in customers.items() if plan.because.startswith(NEW)]
        assert 8 <= len(new) <= 35
        for plan in customers.values():
            assert len(plan.candidates) == 2
        again = made.plan("another question", hints={"customer": f"customer {new[0]}"})
        assert again.model == customers[new[0]].model


def test_a_name_is_a_ready_made_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bare name means the policy of the package, unless a file of that name makes it unclear."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLMROUTE_POLICY", "cheapest")
    with Client() as made:
        assert made.plan("hi").policy.startswith("policies/cheapest.toml")
    with pytest.raises(PolicyError, match="no ready-made policy of this name"):
        Client("privat")
    (tmp_path / "private").mkdir()
    Client("private").close()
    (tmp_path / "critical").write_text("version = 1\n[models.a]\nuse = 'openai/gpt-4'\n")
    with pytest.raises(PolicyError, match=r"and a file\. Write \./critical for the file"):
        Client("critical")
    with Client("./critical") as made:
        assert made.plan("hi").policy == "critical"
    with pytest.raises(PolicyError, match=r"no such file\. Check"):
        Client("privat.toml")
