"""Several keys, regions or servers of one model: which is asked, and what becomes of the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AllFailedError, Client, Message, PolicyError
from llmroute.policies.files import loads_policy
from llmroute.policies.records import Record
from llmroute.testing import Delay, Fail, ScriptedProvider, VirtualClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from llmroute.types.calls import Call

HERE = {name: {"base_url": f"http://127.0.0.1:800{n}/v1"} for n, name in enumerate("abc")}


SAME: dict[str, dict[str, object]] = {"one": {}, "two": {}}


def client_of(provider: ScriptedProvider, **options: object) -> Client:
    """A client over one model with three servers, all played by one provider."""
    declared = llmroute.model(
        "llama",
        use="openai-compatible",
        model="llama",
        replicas=HERE,
        **options,  # type: ignore[arg-type]
    )
    return Client(models=[declared], providers={"llama": provider}, clock=VirtualClock())


def counts(provider: ScriptedProvider) -> Mapping[str, int]:
    """How often each replica was asked."""
    names = [call.model.name for call in provider.calls]
    return {name: names.count(name) for name in sorted(set(names))}


def test_calls_are_spread_over_replicas() -> None:
    """Equal servers are asked about equally often; the plan names them in their order."""
    provider = ScriptedProvider("hi")
    with client_of(provider) as client:
        plan = client.plan("hi")
        names = sorted(one.model.name for one in plan.candidates)
        assert names == ["llama.a", "llama.b", "llama.c"]
        for _ in range(60):
            assert not client.chat("hi").fell_back
    assert all(10 <= count <= 30 for count in counts(provider).values())
    assert len(counts(provider)) == 3


def test_a_slow_replica_is_asked_less() -> None:
    """Of the two that are drawn the one that answers sooner is asked."""

    def play(call: Call) -> list[Delay | str]:
        return [Delay(5.0 if call.model.name == "llama.b" else 0.1), "hi"]

    provider = ScriptedProvider(play)
    with client_of(provider) as client:
        for _ in range(60):
            client.chat("hi")
    asked = counts(provider)
    assert asked["llama.b"] < min(asked["llama.a"], asked["llama.c"]) / 3


def test_another_replica_answers_for_a_sick_one() -> None:
    """A replica that fails is followed by the next, and rests apart from the others."""

    def play(call: Call) -> Fail | str:
        return Fail("server_error") if call.model.name == "llama.a" else "hi"

    provider = ScriptedProvider(play)
    with client_of(provider) as client:
        for _ in range(40):
            assert client.chat("hi").text == "hi"
    assert counts(provider)["llama.a"] <= 8


def test_a_conversation_sticks_to_a_replica() -> None:
    """With sticky = true all turns of a conversation go to one replica, others to others."""
    provider = ScriptedProvider("hi")
    with client_of(provider, sticky=True) as client:
        asked: set[str] = set()
        for number in range(12):
            history = [Message.user(f"Question {number}")]
            first = client.chat(history, system="Be terse.")
            history += [first.message, Message.user("And then?")]
            second = client.chat(history, system="Be terse.")
            assert first.model.name == second.model.name
            asked.add(first.model.name)
    assert len(asked) == 3


def test_a_replica_without_its_key_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that can answer do; only when none can, the model is refused, and each is told."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-one")
    monkeypatch.delenv("SECOND_KEY", raising=False)
    declared = llmroute.model(
        "gpt",
        use="openai/gpt-4o-mini",
        replicas={"one": {}, "two": {"key_env": "SECOND_KEY"}},
    )
    with Client(models=[declared]) as client:
        plan = client.plan("hi")
        assert [one.model.name for one in plan.candidates] == ["gpt.one"]
        monkeypatch.delenv("OPENAI_API_KEY")
        (refusal,) = client.plan("hi").refused
    assert refusal.model.name == "gpt"
    assert "gpt.one: OPENAI_API_KEY is not set; gpt.two: SECOND_KEY is not set" in refusal.reason


def test_a_record_replays_the_same_order(tmp_path: Path) -> None:
    """What chance there was stands in the record."""
    file = tmp_path / "replicas.toml"
    servers = "".join(
        f'[models.llama.replicas.{name}]\nbase_url = "http://127.0.0.1:800{n}/v1"\n'
        for n, name in enumerate("abc")
    )
    file.write_text(
        f'version = 1\n[models.llama]\nuse = "openai-compatible"\nmodel = "m"\n{servers}'
    )
    with Client(file) as client:
        for _ in range(5):
            record = client.record("hi")
            record.save(tmp_path / "record.json")
            again = Record.load(tmp_path / "record.json")
            assert again.replay() == record.plan


WRONG = """version = 1
[models.vllm]
use = "openai-compatible"
model = "m"
contxt = 3
[models.vllm.replicas.a]
base_url = "http://127.0.0.1:8000/v1"
replicas = {}
[models.vllm.replicas.b]
base_url = "http://10.0.0.1:8000/v1"
[models.gpt]
use = "openai/gpt-4o-mini"
[models.gpt.replicas.one]
key_env = "ANTHROPIC_API_KEY"
"""


def test_wrong_replicas_are_told_each_once() -> None:
    """What all share is told once at its place, and what a replica adds at its own."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(WRONG)
    told = [(one.line, one.key.rpartition(".")[2]) for one in caught.value.problems]
    assert told == [
        (5, "contxt"),
        (8, "replicas"),
        (10, "base_url"),
        (13, "replicas"),
        (14, "key_env"),
    ]


def test_a_found_policy_may_not_choose_a_providers_key(tmp_path: Path) -> None:
    """A policy that nobody named sends no other variable to a provider than its own."""
    from llmroute.policies.files import load_policy

    file = tmp_path / "llmroute.toml"
    file.write_text(
        'version = 1\n[models.gpt]\nuse = "openai/gpt-4o-mini"\n'
        '[models.gpt.replicas.one]\n[models.gpt.replicas.two]\nkey_env = "AWS_SECRET"\n'
    )
    assert load_policy(file).models[0].replicas[1].endpoint is not None
    with pytest.raises(PolicyError, match="may not choose a provider's key"):
        load_policy(file, found=True)


def test_a_replica_and_a_model_cannot_have_one_name() -> None:
    """What is remembered goes by name, so that a name means one upstream, in files and in code."""
    text = (
        'version = 1\n[models.gpt]\nuse = "openai/gpt-4o-mini"\n[models.gpt.replicas.a]\n'
        '[models.gpt.replicas.b]\nkey_env = "B_KEY"\n'
        '[models."gpt.a"]\nuse = "openai/gpt-4o-mini"\n'
    )
    with pytest.raises(PolicyError, match=r":7: .*a replica of gpt has this name already"):
        loads_policy(text)
    declared = [
        llmroute.model("llama", use="openai-compatible", model="llama", replicas=HERE),
        llmroute.model("llama.a", use="ollama/llama3.2"),
    ]
    with pytest.raises(PolicyError, match=r"same name. The names are llama, llama\.a, "):
        Client(models=declared)


def test_a_provider_stands_in_for_all_replicas_by_the_client() -> None:
    """A declaration with replicas takes no provider of its own, and says where to pass it."""
    with pytest.raises(PolicyError, match=r"provider: a model that has .*providers={'llama': "):
        llmroute.model("llama", use="own", provider=ScriptedProvider("hi"), replicas=HERE)


def test_forgetting_a_model_forgets_its_replicas() -> None:
    """The name that callers use forgets every replica; that of a replica forgets this one alone."""
    with client_of(ScriptedProvider(Fail("payment_required", status=402))) as client:
        with pytest.raises(AllFailedError):
            client.chat("hi")
        assert {"llama.a", "llama.b"} <= client.health.standing().keys()
        client.health.forget("llama.a")
        assert "llama.b" in client.health.standing()
        assert "llama.a" not in client.health.standing()
        client.health.forget("llama")
        assert client.health.standing() == {}


def test_replicas_that_are_one_upstream_are_refused() -> None:
    """Two of the same address and key would fail together, and share every limit."""
    with pytest.raises(PolicyError, match="another replica has the same address and key"):
        Client(models=[llmroute.model("gpt", use="openai/gpt-4o-mini", replicas=SAME)])
    both = llmroute.model(
        "gpt", use="openai/gpt-4o-mini", replicas={"one": {"key": "sk-1"}, "two": {"key": "sk-2"}}
    )
    with Client(models=[both]) as client:
        assert len(client.plan("hi").candidates) == 2
