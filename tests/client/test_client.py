"""What a client does with what it is told: choice, warnings, waits, files, module-level chat."""

from __future__ import annotations

import inspect
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
import tenacity

import llmroute
from llmroute import Client, Limits, policies
from llmroute.testing import Fail, ScriptedProvider, VirtualClock
from tests.faults.server import FaultServer
from tests.local.tiny_gguf import tiny_gguf

if TYPE_CHECKING:
    from pathlib import Path

POLICY = """
version = 1
[hints]
private = "bool"
[models.far]
use = "openai-compatible"
base_url = "{base_url}"
model = "x"
price = {{ input = 1, output = 2 }}
[models.near]
use = "openai-compatible"
base_url = "{base_url}"
model = "y"
local = true
[[route]]
name = "private data stays home"
when = {{ hints.private = true }}
require = {{ local = true }}
[[route]]
name = "code goes far first"
when = {{ task = "code" }}
use = ["far", "near"]
"""


def test_a_policy_file_decides(tmp_path: Path) -> None:
    """A client made of a file routes by task and hint, and its plan names the file's line."""
    with FaultServer() as server:
        path = tmp_path / "llmroute.toml"
        path.write_text(POLICY.format(base_url=server.base_url), encoding="utf-8")
        with Client(path) as client:
            code = client.plan("x", task="code")
            private = client.plan("x", task="code", hints={"private": True})
            reply = client.chat("x", task="code")

    assert [one.model.name for one in code.candidates] == ["far", "near"]
    assert code.route == "code goes far first"
    assert code.policy == "llmroute.toml:19"
    assert [one.model.name for one in private.candidates] == ["near"]
    assert private.refused[0].rule == "local"
    assert reply.model.name == "far"
    assert reply.cost_usd is not None
    assert reply.cost_usd > 0


def test_named_by_variable_and_found_upward(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$LLMROUTE_POLICY goes first, then the file found upward to the repository's root."""
    (tmp_path / ".git").mkdir()
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    text = POLICY.format(base_url="http://127.0.0.1:9/v1")
    (tmp_path / "llmroute.toml").write_text(text, encoding="utf-8")
    (tmp_path / "other.toml").write_text(text.replace("near", "other"), encoding="utf-8")
    monkeypatch.chdir(below)
    monkeypatch.delenv("LLMROUTE_POLICY", raising=False)
    with Client() as client:
        assert repr(client) == "Client(models: far, near)"
    monkeypatch.setenv("LLMROUTE_POLICY", str(tmp_path / "other.toml"))
    with Client() as client:
        assert repr(client) == "Client(models: far, other)"


def test_a_found_policy_names_no_foreign_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy that nobody named may not send prompts to a host of its own choice."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LLMROUTE_POLICY", raising=False)
    text = POLICY.format(base_url="https://evil.example/v1").replace("local = true\n[", "[")
    text = text.replace("require = { local = true }", "require = { max_cost_usd = 1 }")
    (tmp_path / "llmroute.toml").write_text(text, encoding="utf-8")
    with pytest.raises(llmroute.PolicyError, match="foreign host"):
        Client()
    Client(tmp_path / "llmroute.toml").close()


def test_dropped_parameters_are_told() -> None:
    """A sampling parameter that a model does not take is dropped, and plan and reply say so."""
    with FaultServer() as server, Client(models=[_gpt(server)]) as client:
        plan = client.plan("hi", temperature=0.5, model="openai/gpt-6.1-terra", api_key="sk-x")

    warnings = plan.candidates[0].warnings
    assert any("temperature is dropped" in warning for warning in warnings)


def _gpt(server: FaultServer) -> llmroute.Declaration:
    return llmroute.model("gpt", use="openai-compatible", base_url=server.base_url, model="x")


def test_catalog_models_need_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A catalog model can be named without being declared; constraints still apply."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with Client(models=[llmroute.model("m", use="scripted", provider=ScriptedProvider("x"))]) as c:
        plan = c.plan("hi", model=["openai/gpt-4", "openai/gpt-6.1-terra", "m"])

    assert [one.rule for one in plan.refused] == ["retired", "unavailable"]
    assert plan.model is not None
    assert plan.model.name == "m"


def _four_each(failures: int) -> float:
    return 4.0 * failures


@pytest.mark.parametrize(
    ("backoff", "seconds"),
    [
        (None, (0.25, 1.5)),
        (_four_each, (6.0, 12.0)),
        (tenacity.wait_fixed(3), (3.0, 6.0)),
        (tenacity.wait_exponential(multiplier=2, min=2), (3.0, 6.0)),
    ],
)
def test_backoff_may_be_chosen(backoff: object, seconds: tuple[float, float]) -> None:
    """`backoff` takes a function or any wait of tenacity; half of each wait is jitter."""
    clock = VirtualClock()
    provider = ScriptedProvider(Fail("server_error"), Fail("server_error"), "third")
    models = [llmroute.model("m", use="scripted", provider=provider)]
    with Client(models=models, clock=clock, backoff=cast("Any", backoff)) as client:
        assert client.chat("hi").text == "third"

    assert seconds[0] <= clock.now() <= seconds[1]


def test_limits_and_facts_in_code() -> None:
    """Limits, facts and offline mode may be given in code as in a file."""
    provider = ScriptedProvider("x")
    models = [
        llmroute.model("m", use="scripted", provider=provider, license="llama-2"),
        llmroute.model("n", use="scripted", provider=provider, local=True, license="apache-2.0"),
    ]
    facts = {"purposes": ["improve_llm"]}
    with Client(
        models=models, facts=facts, limits=Limits(deadline_s=7), offline="always"
    ) as client:
        plan = client.plan("hi")
        client.chat("hi")

    assert [(one.model.name, one.rule, one.clause) for one in plan.refused] == [
        ("m", "license", "1.b.v")
    ]
    assert provider.calls[0].limits.deadline_s == 7


def test_policies_in_code_name_what_is_missing() -> None:
    """A policy in code without models, or with two of one name, is refused with a remedy."""
    one = llmroute.model("m", use="scripted", provider=ScriptedProvider("x"))
    with pytest.raises(llmroute.PolicyError, match="needs models"):
        Client(policies.order("m"))
    with pytest.raises(llmroute.PolicyError, match="same name"):
        Client(models=[one, one])
    with pytest.raises(llmroute.PolicyError, match="policy in code"):
        Client("llmroute.toml", models=[one])


def test_unknown_price_never_passes_a_cap() -> None:
    """With max_cost_usd a reply always has a cost: a model without a price is refused."""
    priced = ScriptedProvider("x", usage=llmroute.Usage(1000, 100))
    models = [
        llmroute.model("free", use="scripted", provider=ScriptedProvider("y")),
        llmroute.model("paid", use="scripted", provider=priced, price={"input": 1, "output": 10}),
    ]
    with Client(policies.best(policies.cost_usd), models=models) as client:
        assert client.plan("hi").candidates[0].model.name == "paid"
        reply = client.chat("hi", max_cost_usd="0.02")

    assert reply.cost_usd == Decimal("0.002")
    assert [one.rule for one in reply.plan.refused] == ["price"]


def test_module_level_chat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`llmroute.chat` uses the policy found from here."""
    with FaultServer() as server:
        path = tmp_path / "policy.toml"
        path.write_text(POLICY.format(base_url=server.base_url), encoding="utf-8")
        monkeypatch.setenv("LLMROUTE_POLICY", str(path))

        assert llmroute.chat("hi").text == "The answer is forty-two."
        with pytest.raises(llmroute.RequestError, match="Messages are the first argument"):
            cast("Any", llmroute.chat)(messages=["hi"])


def test_public_names() -> None:
    """Every public name is listed, sorted, importable and documented."""
    assert list(llmroute.__all__) == sorted(llmroute.__all__)
    assert set(llmroute.__all__) <= set(dir(llmroute))
    for name in llmroute.__all__:
        value = getattr(llmroute, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert inspect.getdoc(value), name
    with pytest.raises(AttributeError, match="no attribute 'Clint'"):
        _ = cast("Any", llmroute).Clint


def test_plans_of_code_and_file_are_equal(tmp_path: Path) -> None:
    """What a file says can be said in Python, and both give the same candidates and refusals."""
    text = POLICY.format(base_url="http://127.0.0.1:9/v1")
    path = tmp_path / "llmroute.toml"
    path.write_text(text, encoding="utf-8")
    url = "http://127.0.0.1:9/v1"
    models = [
        llmroute.model(
            "far",
            use="openai-compatible",
            base_url=url,
            model="x",
            price={"input": 1, "output": 2},
        ),
        llmroute.model("near", use="openai-compatible", base_url=url, model="y", local=True),
    ]
    in_order = policies.order("far", "near")
    policy = policies.by_task({"code": in_order}, otherwise=in_order)
    with Client(path) as filed, Client(policy, models=models) as coded:
        for task in ("code", "qa"):
            one, two = filed.plan("hi", task=task), coded.plan("hi", task=task)
            assert one.candidates == two.candidates
            assert one.refused == two.refused


def test_an_application_that_misuses_extra_headers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers that carry keys or frame the message cannot be set from outside."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with FaultServer() as server, Client(models=[_gpt(server)]) as client:
        client.chat("hi", extra_headers={"x-trace": "7"}, extra_body={"user": "u1"})
        assert server.requests[-1].headers["x-trace"] == "7"
        assert server.requests[-1].json()["user"] == "u1"
        with pytest.raises(llmroute.LLMRouteError, match=r"(?i)authorization"):
            client.chat("hi", extra_headers={"Authorization": "Bearer x"})


def test_stand_ins_answer_for_the_models_of_a_file(tmp_path: Path) -> None:
    """A program with a policy file is tested with its own policy: objects answer for its models."""
    path = tmp_path / "llmroute.toml"
    text = POLICY.format(base_url="http://127.0.0.1:9/v1")
    path.write_text(text.replace('model = "x"', 'model = "x"\nkey_env = "UNSET_KEY"'), "utf-8")
    far = ScriptedProvider(Fail("overloaded"))
    near = ScriptedProvider("from near")
    with Client(path, providers={"far": far, "near": near}, clock=VirtualClock()) as client:
        reply = client.chat("hi", task="code")

    assert reply.text == "from near"
    assert reply.plan.policy == "llmroute.toml:20"
    assert [one.model.name for one in reply.attempts] == ["far", "near"]
    assert far.calls[0].key is None


@pytest.mark.native
def test_the_window_of_a_file_is_known_before_it_is_loaded(tmp_path: Path) -> None:
    """A local model's window comes from its file's header: a plan refuses what cannot fit."""
    file = tiny_gguf(tmp_path / "tiny.gguf", context_tokens=256)
    models = [llmroute.model("tiny", use="llama-cpp", file=str(file))]
    with Client(models=models) as client:
        short, long = client.plan("hi"), client.plan("word " * 2000)

    assert short.model is not None
    assert short.model.context_tokens == 256
    assert long.refused[0].rule == "context"
    assert "the window is 256" in long.refused[0].reason
