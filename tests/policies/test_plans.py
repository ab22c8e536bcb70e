"""Plans: who may answer, in which order, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmroute import policies
from llmroute.errors import PolicyError
from llmroute.policies.branching import named_models
from llmroute.policies.files import loads_policy
from llmroute.types.models import Model, Weights
from llmroute.types.plans import Facts
from llmroute.types.prices import FREE, Price
from tests.policies.helpers import CHAT, local, names, remote, request, rules, situation

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.plans import Plan, Policy, Situation
    from llmroute.types.requests import Request

CHEAP = Price(Decimal("0.1"), Decimal("0.4"))
DEAR = Price(Decimal(30), Decimal(60))
ANY = policies.order("m")
BEST = policies.best(policies.cost_usd)

FIVE = """
version = 1

[facts]
purposes = ["improve_llm"]

[models.gpt]
use = "openai/gpt-6.1-terra"

[models.gpt-4]
use = "openai/gpt-4"

[models.llama-2]
use = "llama-cpp"
file = "llama-2-7b-chat.Q4_K_M.gguf"
license = "llama-2"

[models.small-window]
use = "openai-compatible"
base_url = "http://127.0.0.1:8000/v1"
model = "tiny"
license = "apache-2.0"
context_tokens = 512
price = { input = 0.1, output = 0.1 }

[models.smollm2]
use = "llama-cpp/smollm2-135m-instruct"

[prefer]
minimize = "cost"
"""


def test_the_plan_over_five_models() -> None:
    """Five models: no key, retired, license clause, window; the small local one is chosen."""
    file = loads_policy(FIVE)
    unset = {"gpt": "OPENAI_API_KEY is not set"}
    models = tuple(
        replace(one, weights=replace(one.weights, missing=None)) if one.weights else one
        for one in file.models
    )
    asked = situation(request(max_tokens=200), tokens=700, facts=file.facts, unavailable=unset)
    plan = file.policy(asked, models)
    assert [(one.model.name, one.rule, one.reason, one.clause) for one in plan.refused] == [
        ("gpt", "unavailable", "OPENAI_API_KEY is not set", None),
        ("gpt-4", "retired", "retired 2026-10-23; successor gpt-5.6-sol", None),
        (
            "llama-2",
            "license",
            (
                "license llama-2: its materials and output may not improve any other large "
                "language model (purpose improve_llm)"
            ),
            "1.b.v",
        ),
        ("small-window", "context", "needs 900 tokens, the window is 512", None),
    ]
    assert names(plan) == ["smollm2"]
    assert plan.candidates[0].cost_usd == 0
    assert "$0 marginal" in str(plan)
    assert plan.because == "cheapest"
    assert plan.policy == "llmroute.toml:29"
    assert max(map(len, str(plan).splitlines())) <= 100


def _situations() -> list[tuple[str, Model, Situation, str, str]]:
    """List per rule: a model, a situation, and what the refusal says."""
    near_file = Weights("x.gguf", missing="it is not installed")
    asks = request()
    return [
        ("retired", remote("m", retires_on=date(2026, 11, 23)), situation(), "2026-11-23", ""),
        (
            "license",
            remote("m", license="llama-2"),
            situation(replace(asks, purposes=("distill",))),
            "may not improve",
            "1.b.v",
        ),
        (
            "license",
            remote("m", license=None),
            situation(facts=Facts(purposes=("improve_llm",))),
            "not known to allow improve_llm",
            "",
        ),
        ("ability", remote("m", abilities=frozenset({"embed"})), situation(), "write text", ""),
        (
            "context",
            remote("m", context_tokens=100),
            situation(request(max_tokens=50), tokens=51),
            "needs 101 tokens, the window is 100",
            "",
        ),
        ("context", remote("m", context_tokens=100), situation(tokens=100), "needs 101", ""),
        (
            "context",
            remote("m", max_output_tokens=10),
            situation(request(max_tokens=11)),
            "at most 10",
            "",
        ),
        ("local", remote("m"), situation(replace(asks, local=True)), "remote", ""),
        ("local", local("m"), situation(replace(asks, local=False)), "local=False", ""),
        ("offline", remote("m"), situation(offline=(True, "auto")), "network is gone", ""),
        ("offline", remote("m"), situation(offline=(False, "always")), "always", ""),
        (
            "offline",
            remote("m", origin="http://127.0.0.1:8000"),
            situation(offline=(False, "always")),
            "always",
            "",
        ),
        ("unavailable", remote("m"), situation(unavailable={"m": "no key"}), "no key", ""),
        ("unavailable", local("m", weights=near_file), situation(), "not installed", ""),
        (
            "price",
            remote("m", DEAR),
            situation(replace(asks, max_cost_usd=Decimal("0.01"))),
            "expected to cost $0.015660, at most $0.01",
            "",
        ),
        (
            "price",
            remote("m"),
            situation(replace(asks, max_cost_usd=Decimal(100))),
            "no price is known",
            "",
        ),
    ]


@pytest.mark.parametrize(("rule", "model", "asked", "says", "clause"), _situations())
def test_rules(rule: str, model: Model, asked: Situation, says: str, clause: str) -> None:
    """Each rule refuses with its name and a reason in words and numbers."""
    plan = ANY(asked, [model])
    assert rules(plan) == {"m": rule}
    assert says in plan.refused[0].reason
    assert (plan.refused[0].clause or "") == clause


ALLOWED = [
    (remote("m", retires_on=date(2026, 11, 24)), situation()),
    (remote("m", context_tokens=100), situation(request(max_tokens=50), tokens=50)),
    (remote("m"), situation(offline=(True, "never"))),
    (remote("m", origin="http://127.0.0.1:8000"), situation(offline=(True, "auto"))),
    (local("m"), situation(offline=(True, "always"))),
    (remote("m", license="llama-2"), situation(facts=Facts())),
    (remote("m", license=None), situation()),
    (local("m"), situation(replace(request(), max_cost_usd=Decimal(0), local=True))),
    (remote("m", CHEAP), situation(replace(request(), max_cost_usd=Decimal("0.0001034")))),
]


@pytest.mark.parametrize(("model", "asked"), ALLOWED)
def test_borders_of_the_rules(model: Model, asked: Situation) -> None:
    """What just fits is allowed, and a missing fact alone refuses nobody."""
    assert names(ANY(asked, [model])) == ["m"]


def test_warnings_on_candidates() -> None:
    """A retirement within 30 days and an open license clause warn, and refuse nobody."""
    soon = remote("m", retires_on=date(2026, 12, 23), replaced_by="next")
    later = remote("m", retires_on=date(2026, 12, 24))
    llama = remote("m", license="llama-2")
    (warning,) = ANY(situation(), [soon]).candidates[0].warnings
    assert warning == "test/m retires on 2026-12-23; successor next"
    assert ANY(situation(), [later]).candidates[0].warnings == ()
    (open_clause,) = ANY(situation(), [llama]).candidates[0].warnings
    assert "[facts]" in open_clause


def test_the_cheapest_comes_first() -> None:
    """Cost orders; unknown prices come last; ties keep the order of declaration."""
    models = [remote("a"), remote("b", DEAR), remote("c", CHEAP), local("d"), local("e")]
    plan = BEST(situation(), models)
    assert names(plan) == ["d", "e", "c", "b", "a"]
    assert plan.because == "cheapest"
    assert plan.candidates[-1].cost_usd is None


def test_expected_cost() -> None:
    """The expected cost is counted input plus min(max_tokens, 256) output tokens, exactly."""
    model = remote("m", DEAR)
    (one,) = ANY(situation(request(max_tokens=9), tokens=7), [model]).candidates
    assert one.cost_usd == Decimal(7 * 30 + 9 * 60) / 1_000_000
    (two,) = ANY(situation(request(max_tokens=5000), tokens=7), [model]).candidates
    assert two.cost_usd == Decimal(7 * 30 + 256 * 60) / 1_000_000


def test_another_objective() -> None:
    """Any function of situation and model may order; its name says how."""

    def latency_s(_: Situation, model: Model) -> float | None:
        return {"a": 2.0, "b": 1.0}.get(model.name)

    plan = policies.best(latency_s)(situation(), [remote("c"), remote("a"), remote("b")])
    assert names(plan) == ["b", "a", "c"]
    assert plan.because == "lowest latency_s"


def test_an_order_leaves_the_others_out() -> None:
    """Models that an order does not name are refused for that, which the one line leaves out."""
    models = [remote("a"), remote("b"), remote("c")]
    plan = policies.order("c", "a")(situation(), models)
    assert names(plan) == ["c", "a"]
    assert plan.because == "first in the given order"
    assert [(one.model.name, one.rule) for one in plan.refused] == [("b", "route")]
    assert "refused" not in plan.why
    assert names(policies.best(policies.cost_usd, use=["b"])(situation(), models)) == ["b"]


def test_models_named_by_the_caller() -> None:
    """A request that names models gets those, in its order; constraints still apply."""
    models = [local("a"), remote("b", DEAR), remote("c", retires_on=date(2026, 1, 1))]
    plan = BEST(situation(replace(request(), models=("c", "b", "a"))), models)
    assert names(plan) == ["b", "a"]
    assert rules(plan) == {"c": "retired"}
    assert plan.because == "named by the caller"


def test_require() -> None:
    """Constraints of the policy refuse with the same rule names."""
    models = [remote("a", CHEAP), remote("b", DEAR), local("c")]
    strict = policies.best(policies.cost_usd, require=[policies.max_cost_usd("0.001")])
    assert rules(strict(situation(), models)) == {"b": "price"}
    home = policies.best(policies.cost_usd, require=[policies.local])
    assert rules(home(situation(), models)) == {"a": "local", "b": "local"}
    away = policies.best(policies.cost_usd, require=[policies.remote])
    assert rules(away(situation(), models)) == {"c": "local"}
    seeing = policies.best(policies.cost_usd, require=[policies.abilities("vision")])
    assert set(rules(seeing(situation(), models)).values()) == {"ability"}


def test_wrong_policies_in_code() -> None:
    """An unknown task, a limit that is no money and an undeclared model are typed errors."""
    with pytest.raises(PolicyError, match="Did you mean 'code'"):
        policies.by_task({"cod": ANY}, otherwise=ANY)
    for limit in ("much", "-1", "NaN"):
        with pytest.raises(PolicyError, match="amount in USD"):
            policies.max_cost_usd(limit)
    with pytest.raises(PolicyError, match="Did you mean 'gpt'"):
        policies.order("gtp")(situation(), [remote("gpt")])


LOOSE = cast("Any", policies)  # arguments that a type checker would refuse
WRONG: list[tuple[Callable[[], object], str, str]] = [
    (policies.order, "order", 'policies.order("gpt", "local")'),
    (
        lambda: LOOSE.order(["a", "b"]),
        "order",
        'not an array. Write policies.order("gpt", "local")',
    ),
    (lambda: LOOSE.order("a", require=policies.local), "order.require", "not a function. Write"),
    (lambda: LOOSE.order("a", require="local"), "order.require", "not a string. Write require=["),
    (lambda: LOOSE.order("a", require=["local"]), "order.require", "functions, not a string"),
    (lambda: LOOSE.order("a", require=[policies.abilities]), "order.require", "must be called"),
    (lambda: LOOSE.best("cost"), "best", "policies.best(policies.cost_usd)"),
    (lambda: LOOSE.best(policies.cost_usd, use="gpt"), "best.use", 'Write use=["gpt", "local"]'),
    (lambda: LOOSE.best(policies.cost_usd, use=[1]), "best.use", "a string, not an integer"),
    (lambda: policies.best(policies.cost_usd, use=[]), "best.use", "at least one model"),
    (lambda: LOOSE.by_task([ANY], ANY), "by_task", "a mapping of tasks to policies, not an array"),
    (lambda: LOOSE.by_task({"code": "gpt"}, ANY), "by_task.code", "a policy, not a string"),
    (lambda: LOOSE.by_task({}, "gpt"), "by_task.otherwise", "a policy, not a string"),
    (lambda: LOOSE.abilities(["vision"]), "abilities", "is not an ability"),
    (lambda: policies.abilities("visoin"), "abilities", "Did you mean 'vision'?"),
]


@pytest.mark.parametrize(("make", "key", "says"), WRONG)
def test_wrong_arguments(make: Callable[[], object], key: str, says: str) -> None:
    """What cannot be meant is refused at the call, with what to write instead."""
    with pytest.raises(PolicyError) as caught:
        make()
    assert caught.value.key == key
    assert says in str(caught.value)


SAME = """
version = 1
[models.gpt]
use = "openai/gpt-6.1-terra"
[models.cheap]
use = "openai/gpt-6-luna"
[models.local]
use = "llama-cpp"
file = "x.gguf"
license = "apache-2.0"
[require]
max_cost_usd = 0.001
[prefer]
minimize = "cost"
[[route]]
when = { task = "code" }
use = ["gpt", "local"]
"""
LIMIT = [policies.max_cost_usd("0.001")]
IN_CODE = policies.by_task(
    {"code": policies.order("gpt", "local", require=LIMIT)},
    otherwise=policies.best(policies.cost_usd, require=LIMIT),
)


@pytest.mark.parametrize("task", ["code", "qa", None])
@pytest.mark.parametrize("tokens", [10, 900])
def test_a_file_and_code_give_equal_plans(task: str | None, tokens: int) -> None:
    """What a file says can be said in Python: equal plans but for the place that decided."""
    file = loads_policy(SAME)
    asked = situation(replace(request(), task=task), tokens=tokens)
    from_file = file.policy(asked, file.models)
    assert from_file.policy.startswith("llmroute.toml:")
    assert replace(from_file, policy="python") == IN_CODE(asked, file.models)


ROUTED = """
version = 1
[hints]
private = "bool"
[models.a]
use = "openai/gpt-6.1-terra"
[models.b]
use = "llama-cpp"
file = "x.gguf"
license = "apache-2.0"
[prefer]
minimize = "cost"
[[route]]
name = "private data stays home"
when = { hints.private = true }
require = { local = true }
[[route]]
name = "code goes to the strong model"
when = { task = "code" }
use = ["a", "b"]
[[route]]
when = { tags = ["nightly"] }
prefer = { minimize = "cost" }
"""


def routed(asked: Request) -> Plan:
    """Plan by the routes above."""
    file = loads_policy(ROUTED)
    return file.policy(situation(asked), file.models)


def test_routes() -> None:
    """Every matching route requires; the first that decides decides; the plan names it."""
    plain = routed(request())
    assert (names(plain), plain.route, plain.policy) == (["b", "a"], None, "llmroute.toml:11")
    code = routed(replace(request(), task="code"))
    assert (names(code), code.policy) == (["a", "b"], "llmroute.toml:17")
    assert code.route == "code goes to the strong model"
    private = routed(replace(request(), hints={"private": True}))
    assert (names(private), rules(private)) == (["b"], {"a": "local"})
    assert (private.route, private.policy) == ("private data stays home", "llmroute.toml:13")
    both = routed(replace(request(), hints={"private": True}, task="code"))
    assert (names(both), rules(both)) == (["b"], {"a": "local"})
    assert both.route == "code goes to the strong model"
    nightly = routed(replace(request(), tags=("nightly",)))
    assert (nightly.route, nightly.because) == ("tag nightly", "cheapest")


def test_hints_compare_as_callers_write_them() -> None:
    """A hint of 0.1 in a file equals 0.1 in Python."""
    text = ROUTED.replace('private = "bool"', 'private = "float"').replace("true }", "0.1 }", 1)
    file = loads_policy(text)
    plan = file.policy(situation(replace(request(), hints={"private": 0.1})), file.models)
    assert plan.route == "private data stays home"


MODELS = st.lists(
    st.builds(
        Model,
        name=st.sampled_from("abcdefgh"),
        provider=st.just("test"),
        upstream_id=st.just("x"),
        api=st.just("custom"),
        local=st.booleans(),
        context_tokens=st.none() | st.integers(1, 2000),
        price=st.none() | st.just(FREE) | st.just(DEAR) | st.just(CHEAP),
        license=st.sampled_from([None, "llama-2", "apache-2.0", "openai"]),
        retires_on=st.none() | st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    ),
    max_size=8,
    unique_by=lambda model: model.name,
)
SITUATIONS = st.builds(
    situation,
    st.builds(
        replace,
        st.just(request()),
        purposes=st.sampled_from([(), ("improve_llm",), ("compete",), ("chat",)]),
        max_cost_usd=st.none() | st.just(Decimal("0.001")),
        local=st.none() | st.booleans(),
    ),
    tokens=st.integers(0, 3000),
    facts=st.sampled_from([Facts(), CHAT, Facts(monthly_active_users=(("2023-06", 10**9),))]),
)
POLICIES = st.sampled_from([BEST, policies.best(policies.cost_usd, [policies.local])])


@given(MODELS, SITUATIONS, POLICIES)
def test_every_plan_keeps_the_rules(models: list[Model], asked: Situation, policy: Policy) -> None:
    """Each model is a candidate or refused; what is denied or retired is never a candidate."""
    plan = policy(asked, models)
    assert sorted([*names(plan), *rules(plan)]) == sorted(model.name for model in models)
    purposes = {*asked.facts.purposes, *asked.request.purposes}
    users = dict(asked.facts.monthly_active_users).get("2023-06", 0)
    for candidate in plan.candidates:
        model = candidate.model
        assert model.retires_on is None or model.retires_on > asked.today
        if model.license == "llama-2":
            assert "improve_llm" not in purposes
            assert users <= 700_000_000
        assert not (model.license == "openai" and "compete" in purposes)
        assert not (model.license is None and "improve_llm" in purposes)
        assert asked.request.local in {None, model.local}
        assert asked.request.max_cost_usd is None or candidate.cost_usd is not None
    costs = [one.cost_usd for one in plan.candidates]
    known = [cost for cost in costs if cost is not None]
    assert costs == [*sorted(known), *[None] * (len(costs) - len(known))]


@given(MODELS, SITUATIONS)
def test_equal_situations_give_equal_plans(models: list[Model], asked: Situation) -> None:
    """A policy is pure."""
    assert BEST(asked, models) == BEST(asked._replace(), list(models))


def test_the_names_that_a_policy_uses() -> None:
    """The models that a policy names can be listed before it is asked; a function names none."""
    inner = policies.best(policies.cost_usd, use=["c"])
    by_task = policies.by_task({"code": policies.order("a", "b")}, otherwise=inner)
    assert named_models(by_task) == {"a", "b", "c"}
    assert named_models(policies.best(policies.cost_usd)) == frozenset()
    assert named_models(lambda situation, models: inner(situation, models[1:])) == frozenset()
    file = loads_policy(
        'version = 1\n[models.a]\nuse = "openai/gpt-4"\n[models.b]\nuse = "openai/gpt-4"\n'
        '[[route]]\nwhen.task = "code"\nuse = ["b"]\n'
    )
    assert named_models(file.policy) == {"b"}


def test_what_a_model_of_this_process_does_not_get_is_told() -> None:
    """Fields and headers are for servers; the plan warns when a local model would not get them."""
    asked = replace(request(), extra_body={"mirostat": 2}, extra_headers={"x-a": "1"})
    near = local(weights=Weights("x.gguf"))
    plan = ANY(situation(asked), [replace(near, name="m")])
    assert plan.candidates[0].warnings == (
        "extra_body is dropped: m runs in this process",
        "extra_headers is dropped: m runs in this process",
    )


def test_a_marked_prompt_costs_what_writing_it_costs() -> None:
    """A prompt that is marked for the cache is expected at the price of writing it there."""
    price = Price(Decimal(4), Decimal(0), cached_input=Decimal("0.4"), cache_write=Decimal(8))
    models = [remote("plain", price), replace(remote("marked", price), cache="1h")]
    plan = policies.order("plain", "marked")(situation(request()), models)
    costs = [one.cost_usd for one in plan.candidates]
    assert costs[0] is not None
    assert costs[1] == 2 * costs[0]


def test_a_cache_that_is_written_for_nothing_costs_nothing() -> None:
    """A rate of 0 that was declared is 0, not unknown."""
    price = Price(Decimal(4), Decimal(0), cache_write=Decimal(0))
    plan = policies.order("m")(situation(request()), [replace(remote("m", price), cache="1h")])
    assert plan.candidates[0].cost_usd == 0


def test_a_host_that_writes_unasked_is_expected_to() -> None:
    """Where writing has a price, OpenAI writes prompts of 1,024 tokens or more."""
    price = Price(Decimal(4), Decimal(0), cache_write=Decimal(5))
    model = remote("m", price, api="openai-chat")
    for tokens, rate in ((1023, 4), (1024, 5)):
        plan = policies.order("m")(situation(request(), tokens=tokens), [model])
        assert plan.candidates[0].cost_usd == Decimal(tokens * rate) / 10**6
    asks = replace(model, api="anthropic-messages")
    plan = policies.order("m")(situation(request(), tokens=1024), [asks])
    assert plan.candidates[0].cost_usd == Decimal(1024 * 4) / 10**6
