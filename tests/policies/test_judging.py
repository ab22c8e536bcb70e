"""How policies judge and order: latency, quality, data, licenses, weights and nearness."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from llmroute import policies
from llmroute.errors import PolicyError
from llmroute.policies.files import loads_policy
from llmroute.policies.qualities import BANDS, quality_of
from llmroute.types.models import DataHandling, Score, Speed
from llmroute.types.observed import Observed
from llmroute.types.prices import Price
from tests.policies.helpers import local, remote, request, situation

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.plans import Plan, Situation

KEPT = DataHandling(trains=False, retention_days=30, regions=("us",))
CLEAN = DataHandling(trains=False, retention_days=0, regions=("eu",))
CHEAP, DEAR = Price(Decimal(1), Decimal(1)), Price(Decimal(10), Decimal(10))


def scored(name: str, benchmark: str, value: float, harness: str = "one") -> Model:
    """Make a remote model with one score."""
    score = Score(benchmark, value, harness, "test", shots=5)
    return replace(remote(name, CHEAP), scores=(score,))


def names(plan: Plan) -> list[str]:
    """Name the candidates in their order."""
    return [one.model.name for one in plan.candidates]


def refusals(plan: Plan) -> dict[str, tuple[str, str]]:
    """Rule and reason of each refused model."""
    return {one.model.name: (one.rule, one.reason) for one in plan.refused}


def test_latency_is_what_was_observed_else_what_is_said() -> None:
    """Latency is first token + tokens x time per token: observed, else the model's speed."""
    said = replace(remote("said"), speed=Speed(0.5, tokens_per_s=100, input_tokens_per_s=1000))
    asked = situation(request(max_tokens=50), tokens=100)
    assert policies.latency_s(asked, said) == pytest.approx(0.5 + 0.1 + 50 / 100)
    seen = asked._replace(observed={"said": Observed(2.0, 0.1, (), 3)})
    assert policies.latency_s(seen, said) == pytest.approx(2.0 + 50 * 0.1)
    assert policies.latency_s(asked, remote()) is None


def test_a_length_is_learned_per_task() -> None:
    """An answer is expected as long as those of its task were, and never over max_tokens."""
    seen = {"far": Observed(0.0, 0.01, (("", 100.0), ("code", 400.0)), 9)}
    asked = replace(request(), task="code")
    model = remote()
    assert policies.latency_s(situation(asked)._replace(observed=seen), model) == pytest.approx(4)
    assert policies.latency_s(situation()._replace(observed=seen), model) == pytest.approx(1)
    short = situation(request(max_tokens=10))._replace(observed=seen)
    assert policies.latency_s(short, model) == pytest.approx(0.1)


def test_of_none_anything_is_known() -> None:
    """What no candidate has decides nothing, and the plan does not say that it did."""
    dark = [remote("b", CHEAP), remote("a", CHEAP)]
    fastest = policies.best(policies.latency_s)(situation(), dark)
    assert (names(fastest), fastest.because) == (["a", "b"], "by name, as no latency is known")
    near = policies.within(0, of=policies.quality, then=policies.cost_usd)
    assert policies.best(near)(situation(), dark).because == "by name, as no quality is known"
    both = policies.weighted({policies.cost_usd: 1, policies.latency_s: 1})
    said = "best of 50% cheapest, 50% fastest (no latency is known)"
    assert policies.best(both)(situation(), dark).because == said


def test_half_a_speed_is_told() -> None:
    """A refusal says what a declared speed lacks."""
    half = replace(remote("half"), speed=Speed(None, 100))
    plan = policies.order("half", require=[policies.max_latency_s(2)])(situation(), [half])
    assert "speed needs first_token_s and tokens_per_s" in refusals(plan)["half"][1]


def test_max_latency_refuses_what_is_slow_or_unknown() -> None:
    """The limit of latency refuses a slower model, and one of which nothing is known."""
    slow = replace(remote("slow"), speed=Speed(3, 100))
    fast = replace(remote("fast"), speed=Speed(0.1, 1000))
    policy = policies.order("slow", "fast", "dark", require=[policies.max_latency_s(2)])
    plan = policy(situation(), [slow, fast, remote("dark")])
    assert names(plan) == ["fast"]
    assert refusals(plan)["slow"] == ("latency", "predicted to take 5.56 s of 2 s")
    assert "not known" in refusals(plan)["dark"][1]
    asked = situation(replace(request(), max_latency_s=2.0))
    assert names(policies.order("slow", "fast")(asked, [slow, fast])) == ["fast"]


def test_quality_comes_from_scores_or_a_declaration() -> None:
    """A tier is declared, else the band of the task's benchmark; its basis says what it is from."""
    gpt_4 = scored("gpt-4", "HumanEval", 67.0)
    llama = scored("llama", "HumanEval", 29.9)
    assert quality_of(gpt_4, "code") == ("strong", 67.0, "HumanEval 67, 5-shot, one")
    found = quality_of(llama, "code")
    assert found is not None
    assert found.tier == "basic"
    assert quality_of(llama, "summarize") is None
    declared = replace(llama, qualities=(("code", "top"), ("any", "good")))
    assert quality_of(declared, "code") == ("top", None, "declared")
    assert quality_of(declared, "math") == ("good", None, "declared")
    assert all(list(bands) == sorted(bands) for bands in BANDS.values())


def test_min_quality_fails_rather_than_falls() -> None:
    """A minimum of quality refuses weaker models and unknown ones, also from the request."""
    tiny, big = scored("tiny", "MMLU", 30.0), scored("big", "MMLU", 86.4)
    policy = policies.best(policies.cost_usd, require=[policies.min_quality("strong")])
    plan = policy(situation(), [tiny, big, remote("dark")])
    assert names(plan) == ["big"]
    assert refusals(plan)["tiny"][0] == "quality"
    assert '"poor" in general (MMLU 30' in refusals(plan)["tiny"][1]
    assert "not known" in refusals(plan)["dark"][1]
    assert names(policy(situation(), [tiny])) == []
    asked = situation(replace(request(), min_quality="good"))
    assert names(policies.best(policies.cost_usd)(asked, [tiny, big])) == ["big"]


def test_scores_are_compared_only_if_measured_alike() -> None:
    """Scores of one harness order by value; those of different ones by tier, then by name."""
    best = policies.best(policies.quality)
    alike = [scored("a", "MMLU", 70.0), scored("b", "MMLU", 72.0)]
    plan = best(situation(), alike)
    assert (names(plan), plan.because) == (["b", "a"], "best")
    coders = [scored("a", "HumanEval", 70.0), scored("b", "HumanEval", 72.0)]
    plan = best(situation(replace(request(), task="code")), coders)
    assert (names(plan), plan.because) == (["b", "a"], "best")
    apart = [scored("b", "MMLU", 72.0, "two"), scored("a", "MMLU", 70.0)]
    plan = best(situation(), apart)
    assert (names(plan), plan.because) == (["a", "b"], "best by tier")


def test_data_handling() -> None:
    """Training, retention and regions refuse what does not comply and what is not known."""
    kept = replace(remote("kept"), handling=KEPT)
    clean = replace(remote("clean"), handling=CLEAN)
    models = [kept, clean, remote("dark"), local("near")]
    for constraint, passing in [
        (policies.no_training, ["kept", "clean", "near"]),
        (policies.zero_retention, ["clean", "near"]),
        (policies.regions("eu"), ["clean", "near"]),
        (policies.regions("eu", "us"), ["kept", "clean", "near"]),
    ]:
        policy = policies.Ranking((constraint,)).plan
        plan = policy(situation(), models)
        assert names(plan) == passing
        assert {rule for rule, _ in refusals(plan).values()} <= {"data", "region"}


def test_weights_licenses_and_names() -> None:
    """Open weights, an approved license, and lists of names refuse what is outside of them."""
    free = replace(remote("free"), open_weights=True)
    shut = replace(remote("shut"), open_weights=False, license="openai")
    models = [free, shut]
    for constraint in (
        policies.open_weights,
        policies.osi_approved,
        policies.only("free"),
        policies.never("test/shut"),
    ):
        assert names(policies.Ranking((constraint,)).plan(situation(), models)) == ["free"]
    assert names(policies.Ranking((policies.never("test"),)).plan(situation(), models)) == []


def test_weights_and_nearness() -> None:
    """Weights sum normalized objectives; within takes the best by another among the near ones."""
    slow = replace(remote("slow", CHEAP), speed=Speed(2, 100))
    fast = replace(remote("fast", DEAR), speed=Speed(0.1, 1000))
    models = [slow, fast]
    thrifty = policies.weighted({policies.cost_usd: 0.7, policies.latency_s: 0.3})
    hasty = policies.weighted({policies.cost_usd: 0.3, policies.latency_s: 0.7})
    assert names(policies.best(thrifty)(situation(), models)) == ["slow", "fast"]
    assert names(policies.best(hasty)(situation(), models)) == ["fast", "slow"]
    scores = [scored("a", "MMLU", 80.0), scored("b", "MMLU", 79.0), scored("c", "MMLU", 50.0)]
    priced = [replace(scores[0], price=DEAR), *scores[1:]]
    near = policies.within(0.05, of=policies.quality, then=policies.cost_usd)
    plan = policies.best(near)(situation(), priced)
    assert (names(plan), plan.because) == (["b", "a", "c"], "cheapest within 5% of the best")


def test_ties_break_by_name() -> None:
    """Where an objective says the same of two models, their names decide, not their order."""
    models = [remote("b", CHEAP), remote("a", CHEAP), remote("c")]
    plan = policies.best(policies.cost_usd)(situation(), models)
    assert names(plan) == ["a", "b", "c"]


def test_closed_weights_have_no_license_to_approve() -> None:
    """Of a model that is known to be closed its weights are told, not a doubt about a license."""
    closed = replace(remote("closed"), license=None, open_weights=False)
    plan = policies.best(policies.cost_usd, require=[policies.osi_approved])(situation(), [closed])
    assert plan.refused[0].reason == "its weights are closed, under no license to approve"


@pytest.mark.parametrize(
    ("word", "meant"), [("Europe", "eu"), ("EU", "eu"), ("usa", "us"), ("United States", "us")]
)
def test_a_region_by_another_word(word: str, meant: str) -> None:
    """A region by a word that no model uses would refuse all of them: it is an error."""
    hint = f"'{word}' is no region. Did you mean '{meant}'?"
    with pytest.raises(PolicyError) as caught:
        policies.regions(word)
    assert hint in str(caught.value)
    models = '[models.x]\nuse = "openai/gpt-4"\n'
    for text, place in (
        (f'{models}[require]\nregions = ["{word}"]', ":5: require.regions:"),
        (f'{models}data = {{ regions = ["{word}"] }}', ":4: models.x.data.regions:"),
    ):
        with pytest.raises(PolicyError) as caught:
            loads_policy(f"version = 1\n{text}\n")
        assert place in str(caught.value)
        assert hint in str(caught.value)


def test_unknown_values_have_a_declared_place() -> None:
    """What is unknown comes last, or first if the policy says so."""
    text = 'version = 1\n[models.x]\nuse = "llama-cpp"\nfile = "x.gguf"\n[prefer]\n'
    models = [remote("known", CHEAP), remote("dark")]
    last = loads_policy(text + 'minimize = "cost"').policy
    first = loads_policy(text + 'minimize = "cost"\nunknown = "first"').policy
    assert names(last(situation(), models)) == ["known", "dark"]
    plan = first(situation(), models)
    assert names(plan) == ["dark", "known"]
    assert plan.because == "unknown price first, then cheapest"
    assert first(situation(), models[:1]).because == "cheapest"
    best = policies.best(policies.lowest(policies.quality, unknown="first"))
    rated = [replace(remote("good"), qualities=(("any", "good"),)), remote("dark")]
    assert best(situation(), rated).because == "unknown quality first, then best by tier"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: policies.max_latency_s(0),
        lambda: policies.max_latency_s(float("nan")),
        lambda: policies.min_quality("superb"),
        policies.only,
        lambda: policies.weighted({policies.cost_usd: -1}),
        lambda: policies.weighted({}),
        lambda: policies.within(5, policies.quality, policies.cost_usd),
    ],
)
def test_wrong_arguments(wrong: object) -> None:
    """What is no limit, tier, name, weight or share is a typed error."""
    assert callable(wrong)
    with pytest.raises(PolicyError):
        wrong()


PAIRS = [
    ('require.min_quality = "good"', [policies.min_quality("good")]),
    ("require.max_latency_s = 2", [policies.max_latency_s(2)]),
    ('require.regions = ["eu"]', [policies.regions("eu")]),
    ("require.no_training = true", [policies.no_training]),
    ("require.zero_retention = true", [policies.zero_retention]),
    ("require.open_weights = true", [policies.open_weights]),
    ("require.osi_approved = true", [policies.osi_approved]),
    ('require.only = ["a"]', [policies.only("a")]),
    ('require.never = ["b"]', [policies.never("b")]),
    ('require.unsupported = "refuse"', [policies.every_parameter]),
]
PREFERENCES = [
    ('minimize = "latency"', policies.latency_s),
    ('maximize = "quality"', policies.quality),
    (
        "minimize = { cost = 0.7, latency = 0.3 }",
        policies.weighted({policies.cost_usd: 0.7, policies.latency_s: 0.3}),
    ),
    (
        'maximize = "quality"\nwithin = 0.05\nthen = "cost"',
        policies.within(0.05, policies.quality, policies.cost_usd),
    ),
]
HEAD = """\
version = 1
{}
[models.a]
use = "llama-cpp"
file = "x.gguf"
license = "apache-2.0"
open_weights = true
[models.b]
use = "openai/gpt-6.1-terra"
[prefer]
{}
"""
MODELS = [
    replace(scored("a", "MMLU", 70.0), speed=Speed(1, 50), open_weights=True),
    replace(scored("b", "MMLU", 71.0), speed=Speed(0.2, 20), price=DEAR),
    replace(
        remote("c", CHEAP),
        handling=CLEAN,
    ),
    local("d"),
]


@pytest.mark.parametrize(("line", "require"), PAIRS)
@pytest.mark.parametrize(("prefer", "objective"), PREFERENCES)
def test_a_file_and_code_choose_alike(
    line: str, require: list[object], prefer: str, objective: object
) -> None:
    """The same requirement and preference in a file and in code give the same plan."""
    in_file = loads_policy(HEAD.format(line, prefer)).policy
    in_code = policies.best(objective, require=require)  # type: ignore[arg-type]
    for asked in (request(), request("long " * 50, 1000)):
        there = in_file(situation(asked), MODELS)
        here = in_code(situation(asked), MODELS)
        assert replace(there, policy="", route=None) == replace(here, policy="", route=None)


def test_a_free_local_model_is_cheaper_than_a_paid_one() -> None:
    """Where cost is minimized, a local model whose machine is paid for comes before a paid one."""
    plan = policies.best(policies.cost_usd)(situation(), [remote("a", CHEAP), local("z")])
    assert names(plan) == ["z", "a"]
    assert plan.candidates[0].cost_usd == 0


def test_the_cost_is_that_of_this_request_not_of_a_mean_price() -> None:
    """A at $1/$10 is cheaper than B at $5/$5 per million for 10,000 tokens in and 10 out."""
    a = remote("a", Price(Decimal(1), Decimal(10)))
    b = remote("b", Price(Decimal(5), Decimal(5)))
    asked = situation(request(max_tokens=10), tokens=10_000)
    plan = policies.best(policies.cost_usd)(asked, [b, a])
    assert names(plan) == ["a", "b"]
    assert [one.cost_usd for one in plan.candidates] == [Decimal("0.0101"), Decimal("0.05005")]
    short = situation(request(max_tokens=200), tokens=10)
    assert names(policies.best(policies.cost_usd)(short, [a, b])) == ["b", "a"]


def test_what_is_unknown_is_refused_where_a_policy_says_so() -> None:
    """With unknown = "refuse" each model of unknown value is refused, and told why in words."""
    known = replace(remote("known", CHEAP), speed=Speed(0.5, 100), qualities=(("any", "good"),))
    models = [known, remote("dark")]
    for objective, reason in [
        (policies.cost_usd, "its price is not known"),
        (policies.latency_s, "its latency is not known, nothing was observed and no speed is"),
        (policies.quality, "its quality is not known, nothing was measured for the task and none"),
    ]:
        refusing = policies.best(policies.lowest(objective, unknown="refuse"))
        plan = refusing(situation(), models)
        assert names(plan) == ["known"]
        assert refusals(plan)["dark"][0] == "unknown"
        assert refusals(plan)["dark"][1].startswith(reason)
        assert "unknown" in str(plan)
        assert reason in plan.why
        asked = situation(replace(request(), models=("dark", "known")))
        assert names(refusing(asked, models)) == ["known"]
        assert names(policies.best(policies.lowest(objective))(situation(), models)) == [
            "known",
            "dark",
        ]


def test_an_objective_of_ones_own_refuses_by_its_name() -> None:
    """A function that returns None, or no finite number, is refused by the function's name."""

    def carbon_g(_: Situation, model: Model) -> float | None:
        """Prefer the model with the least grams of CO2."""
        return {"a": 2.0, "b": float("nan")}.get(model.name)

    models = [remote("a"), remote("b"), remote("c")]
    plan = policies.best(policies.lowest(carbon_g, unknown="refuse"))(situation(), models)
    assert names(plan) == ["a"]
    reason = ("unknown", "its carbon_g is not known")
    assert refusals(plan) == {"b": reason, "c": reason}


def test_the_words_for_the_unknown_are_checked() -> None:
    """Another word than last, first and refuse is an error, in code as in a file."""
    with pytest.raises(PolicyError, match=r"lowest\.unknown"):
        policies.lowest(policies.cost_usd, unknown="never")
    with pytest.raises(PolicyError, match=r"weighted\.unknown"):
        policies.weighted({policies.cost_usd: 1}, unknown="never")
    with pytest.raises(PolicyError, match=r"within\.unknown"):
        policies.within(0.1, policies.cost_usd, policies.latency_s, unknown="never")
