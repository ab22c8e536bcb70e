"""Simulations: the real policy and the real flow, and figures that can be worked out by hand."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import Limits, PolicyError, Price, policies
from llmroute.cli import main
from llmroute.simulation import (
    Arrival,
    Behavior,
    Outage,
    Traffic,
    World,
    read_traffic,
    read_world,
    simulate,
)

if TYPE_CHECKING:
    from pathlib import Path

    from llmroute.catalog.declarations import Declaration
    from llmroute.simulation import Report

STEADY = Behavior(first_token_s=0.5, tokens_per_s=100, spread=0)
SLOW = Behavior(first_token_s=1.0, tokens_per_s=10, spread=0)
DAY = date(2026, 1, 5)


def models() -> list[Declaration]:
    """A remote model that costs, and one of this machine."""
    price = Price(Decimal(1), Decimal(10))
    url = "http://127.0.0.1:9/v1"
    return [
        llmroute.model(
            "gpt",
            use="openai-compatible",
            base_url=url,
            model="gpt",
            price=price,
            context_tokens=10**6,
        ),
        llmroute.model("local", use="llama-cpp", file="none.gguf", license="llama-2"),
    ]


def play(world: World, *arrivals: Arrival, seed: int = 0) -> Report:
    """Play requests over both models, the remote one first."""
    return simulate(
        policies.order("gpt", "local"),
        arrivals or None,
        world,
        models=models(),
        seed=seed,
        today=DAY,
    )


def asked(at_s: float, *, stream: bool = False, tokens: int = 100) -> Arrival:
    """A short question with an answer of so many tokens."""
    return Arrival(at_s, "Why is the sky blue?", tokens, stream, {})


def test_figures_can_be_worked_out() -> None:
    """A model's answer takes its first token and the rest at its speed, and costs its price."""
    report = play(World({"gpt": STEADY}), asked(0), asked(10, stream=True))
    assert (report.requests, report.answered, report.attempts) == (2, 2, 2)
    assert report.latency_s == pytest.approx((1.5, 1.5, 1.5))
    assert report.first_token_s == pytest.approx((0.5, 0.5, 0.5))
    (gpt, local) = report.models
    assert (gpt.name, gpt.answers, local.answers) == ("gpt", 2, 0)
    assert gpt.cost_usd is not None
    assert gpt.cost_usd >= Decimal(2 * 100 * 10) / 1_000_000
    assert report.duration_s == pytest.approx(11.5)
    assert report.assumed == ()


def test_an_outage_is_outlived_by_the_other_model() -> None:
    """While a model is out, the other one answers; before and after, it does not."""
    world = World(
        {"gpt": STEADY, "local": SLOW}, (Outage("network", "connect", from_s=100, until_s=200),)
    )
    report = play(world, *(asked(at) for at in (0, 50, 120, 150, 260)))
    gpt, local = report.models
    assert (report.answered, gpt.answers, local.answers) == (5, 3, 2)
    assert set(gpt.failures) == {"connect"}


@pytest.mark.parametrize("stream", [False, True])
def test_silence_costs_a_limit_and_no_more(stream: bool) -> None:
    """A model that hangs is left when its share of the deadline, or its limit, is over."""
    world = World({"local": STEADY}, (Outage("gpt", "hang", 0, 1000),))
    report = play(world, asked(0, stream=stream))
    assert report.answered == 1
    assert report.latency_s[0] == pytest.approx(16.5 if stream else 61.5)


def test_a_whole_answer_that_stalls_never_comes() -> None:
    """Nothing more behind the first words is no answer, whole or streamed."""
    world = World({"local": STEADY}, (Outage("gpt", "stall", 0, 1000),))
    report = play(world, asked(0))
    assert report.models[0].failures == {"answer_timeout": 1}
    assert report.models[1].answers == 1


def test_short_limits_between_tokens_are_kept_by_who_speaks() -> None:
    """A model that speaks all the while stalls under no limit that is longer than its pauses."""
    report = simulate(
        policies.order("gpt"),
        [asked(0, stream=True, tokens=500)],
        World({"gpt": STEADY}),
        models=models(),
        limits=Limits(between_tokens_s=0.5),
        today=DAY,
    )
    assert (report.answered, report.failed) == (1, {})


def test_first_tokens_are_those_that_were_shown() -> None:
    """A hedge that lost says nothing of how long a caller waited for the first token."""
    report = simulate(
        policies.order("gpt", "local"),
        [asked(0, stream=True)],
        World({"gpt": STEADY._replace(first_token_s=3), "local": SLOW._replace(first_token_s=9)}),
        models=models(),
        limits=Limits(hedge_after_s=1),
        today=DAY,
    )
    assert report.first_token_s == pytest.approx((3, 3, 3))


def test_what_is_said_of_a_model_is_said_of_its_replicas() -> None:
    """A replica behaves as its model does, and is out with it, unless more is said of it."""
    urls = {
        name: {"base_url": f"http://127.0.0.1:{port}/v1"} for name, port in (("a", 1), ("b", 2))
    }
    model = llmroute.model("gpt", use="openai-compatible", model="x", replicas=urls)
    report = simulate(
        policies.order("gpt"),
        [asked(at) for at in (0, 100, 200, 300)],
        World(
            {"gpt": STEADY, "gpt.b": SLOW},
            (Outage("gpt", "bad_request", 0, 50), Outage("gpt.b", "overloaded", 150, 400)),
        ),
        models=[model],
        today=DAY,
    )
    found = {one.name: one for one in report.models}
    assert set(found) == {"gpt.a", "gpt.b"}
    assert report.failed == {"AllFailedError": 1}
    assert set(found["gpt.b"].failures) <= {"bad_request", "overloaded"}
    assert set(found["gpt.a"].failures) <= {"bad_request"}
    assert report.answered == 3


def test_a_world_that_names_no_model_of_the_policy_is_refused() -> None:
    """A name that is misspelled would change nothing; the nearest right one is told."""
    with pytest.raises(PolicyError) as caught:
        play(World({"gtp": STEADY}, (Outage("netwrok", "dns", 0, 1),)), asked(0))
    assert len(caught.value.problems) == 2
    assert "Did you mean 'gpt'" in str(caught.value)
    assert "Did you mean 'network'" in str(caught.value)


def test_a_stream_that_stalls_is_a_failed_call() -> None:
    """What was shown and then broke is counted by its error; nobody answered."""
    report = play(World({}, (Outage("gpt", "stall", 0, 1000),)), asked(0, stream=True))
    assert (report.answered, report.failed) == (0, {"StreamBrokenError": 1})


def test_a_hosts_own_limit_is_kept_to() -> None:
    """Above its requests per minute a host answers 429, and the other model answers."""
    world = World({"gpt": STEADY._replace(requests_per_minute=2), "local": STEADY})
    report = play(world, *(asked(at) for at in (0, 1, 2, 3)))
    gpt, local = report.models
    assert (gpt.answers, local.answers) == (2, 2)
    assert set(gpt.failures) == {"rate_limit"}


def test_calls_that_no_model_may_answer_are_counted_by_rule() -> None:
    """A refusal of the policy is no failure: the rules that refused are counted."""
    arrival = asked(0)._replace(options={"max_cost_usd": "0.0000001", "local": False})
    report = play(World(), arrival)
    assert (report.answered, report.refused) == (0, {"local, price": 1})


def test_equal_seeds_give_equal_reports() -> None:
    """Chance comes from the seed alone."""
    traffic = Traffic(requests=300, per_s=5, tasks=(("code", 1), ("chat", 3)))
    world = World({"gpt": Behavior(failure_share=0.2)}, (), traffic)
    one, same, other = play(world), play(world), play(world, seed=1)
    assert one.to_dict() == same.to_dict()
    assert one.to_dict() != other.to_dict()
    assert one.requests == 300
    assert one.answered == 300
    assert one.models[0].failures["server_error"] > 20


def test_files_of_worlds_and_traffic(tmp_path: Path) -> None:
    """A world and recorded traffic are read whole, and played by the command line."""
    policy = tmp_path / "two.toml"
    policy.write_text(
        'version = 1\n[models.gpt]\nuse = "openai/gpt-4o-mini"\n'
        '[models.local]\nuse = "llama-cpp"\nfile = "none.gguf"\nlicense = "llama-2"\n'
        '[[route]]\nname = "an order"\nuse = ["gpt", "local"]\n'
    )
    world = tmp_path / "world.toml"
    world.write_text(
        "[traffic]\nrequests = 50\nper_s = 2\nstream = 0.5\ntasks = { code = 1 }\n"
        "[models.gpt]\nfirst_token_s = 0.4\ntokens_per_s = 80\nfailure_share = 0.1\n"
        '[[outage]]\nmodel = "network"\nkind = "dns"\nfrom_s = 5\nuntil_s = 15\n'
    )
    found = read_world(world)
    assert found.traffic.tasks == (("code", 1.0),)
    assert found.outages == (Outage("network", "dns", 5, 15),)
    traffic = tmp_path / "traffic.jsonl"
    lines = [
        {"at_s": 0, "prompt": "Hello", "output_tokens": 5, "task": "chat"},
        {"at_s": 1.5, "input_tokens": 1000, "stream": True, "max_tokens": 10},
    ]
    traffic.write_text("\n".join(map(json.dumps, lines)) + "\n")
    first, second = read_traffic(traffic)
    assert (first.prompt, first.options, second.stream) == ("Hello", {"task": "chat"}, True)

    plot = tmp_path / "plot.svg"
    words = ["simulate", str(policy), "--world", str(world), "--plot", str(plot)]
    assert main(words) == 0
    root = ET.fromstring(plot.read_text())  # noqa: S314 - our own drawing
    assert root.tag.endswith("svg")
    assert main(["simulate", str(policy), str(traffic), "--json"]) == 0


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("[1]", "traffic.jsonl:2: it is no JSON object"),
        ('{"at_s": -1, "prompt": "x"}', "traffic.jsonl:2: at_s: it must be a number, 0 or more"),
        ('{"prompt": "x"}', "traffic.jsonl:2: at_s: it is missing"),
        ('{"at_s": 9}', "prompt: it is missing. Write prompt, messages or input_tokens"),
        ('{"at_s": 9, "prompt": "x", "stream": "no"}', "stream: it must be true or false"),
        ('{"at_s": 9, "promt": "x"}', "Did you mean 'prompt'"),
        ('{"at_s": 1, "prompt": "x"}', "traffic.jsonl:2: at_s: it is earlier than the one before"),
    ],
)
def test_wrong_traffic(tmp_path: Path, line: str, says: str) -> None:
    """A line that is wrong is named with its number, and what to write instead."""
    traffic = tmp_path / "traffic.jsonl"
    traffic.write_text('{"at_s": 5, "prompt": "x"}\n' + line + "\n")
    with pytest.raises(PolicyError) as caught:
        list(read_traffic(traffic))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"at_s": 1, "prompt": 3}', "traffic.jsonl:2: prompt: must be a string"),
        ('{"at_s": 1, "prompt": "x", "model": "gtp"}', "traffic.jsonl:2: model: the policy has no"),
        ('{"at_s": 1, "prompt": "x", "task": "cod"}', "traffic.jsonl:2: task: there is no task"),
    ],
)
def test_a_request_that_cannot_be_made_is_told_with_its_line(
    tmp_path: Path, line: str, says: str
) -> None:
    """What only the policy can judge of a line of traffic is told with file and line, too."""
    traffic = tmp_path / "traffic.jsonl"
    traffic.write_text('{"at_s": 0, "prompt": "x"}\n' + line + "\n")
    with pytest.raises(PolicyError) as caught:
        simulate(policies.order("gpt", "local"), read_traffic(traffic), models=models())
    assert says in str(caught.value)


def test_a_count_of_requests_is_one_or_more(capsys: pytest.CaptureFixture[str]) -> None:
    """No request, fewer or endlessly many cannot be played: that is wrong usage."""
    for count in ("0", "-3", "many", "100000000000"):
        assert main(["simulate", "default", "--requests", count]) == 2
        assert "--requests: it must lie between 1 and 100,000,000" in capsys.readouterr().err


def test_wrong_worlds_tell_every_problem(tmp_path: Path) -> None:
    """All problems of a world are told at once, each with its line."""
    world = tmp_path / "world.toml"
    world.write_text(
        '[models.gpt]\nfirst_token = 1\nfailure = "sever_error"\n'
        '[[outage]]\nmodel = "gpt"\nfrom_s = 9\nuntil_s = 5\n'
    )
    with pytest.raises(PolicyError) as caught:
        read_world(world)
    assert [problem.line for problem in caught.value.problems] == [2, 3, 7]
    assert "Did you mean 'server_error'" in str(caught.value)


@pytest.mark.parametrize(
    ("world", "says"),
    [
        (World({"gpt": Behavior(tokens_per_s=0)}), "behaviors.gpt.tokens_per_s: it must be more"),
        (World(outages=(Outage("gpt", "dnss", 1, 2),)), "outages.0.kind: .* mean 'dns'"),
        (World(outages=(Outage("gpt", "dns", 5, 2),)), "outages.0.until_s: it ends before it"),
        (World(traffic=Traffic(requests=0)), "traffic.requests: it must lie between 1 and"),
        (World(traffic=Traffic(tasks=(("cod", 1),))), "traffic.tasks.cod: .* mean 'code'"),
    ],
)
def test_a_world_in_code_is_checked_as_a_file_is(world: World, says: str) -> None:
    """What a file may not say is refused in code as well, before anything is played."""
    with pytest.raises(PolicyError, match=says):
        play(world)


def test_a_hundred_thousand_requests() -> None:
    """Much traffic is played to its end: nothing is lost, whatever fails."""
    world = World(
        {"gpt": Behavior(failure_share=0.05)},
        (Outage("gpt", "server_error", 1000, 2000), Outage("network", "hang", 4000, 4300, 0.5)),
        Traffic(requests=100_000, per_s=12),
    )
    report = play(world)
    assert report.requests == 100_000
    assert report.answered + sum(report.failed.values()) == 100_000
    assert set(report.failed) <= {"DeadlineExceededError"}
    assert sum(one.answers for one in report.models) == report.answered


def hedged(
    world: World, *arrivals: Arrival, limits: Limits, requests: int = 4000
) -> tuple[int, Report]:
    """Play two remote models; returns how many more attempts than requests there were."""
    given = [
        llmroute.model(name, use="openai-compatible", base_url="http://127.0.0.1:9/v1", model=name)
        for name in ("first", "second")
    ]
    made = Traffic(requests, per_s=10, output_tokens=100, spread=0.5)
    report = simulate(
        policies.order("first", "second"),
        arrivals or None,
        world._replace(traffic=made),
        models=given,
        limits=limits,
        today=DAY,
    )
    assert report.answered == report.requests
    return report.attempts - report.requests, report


def test_a_learned_hedge_costs_a_twentieth_and_cuts_the_tail() -> None:
    """At the 95th percentile about 5 % more requests go out, and the slowest answers are quicker.

    Dean and Barroso, The Tail at Scale, Communications of the ACM 56 (2013).
    """
    world = World({"first": Behavior(0.5, 100, 0.9), "second": Behavior(0.7, 80, 0.3)})
    _, plain = hedged(world, limits=Limits())
    more, quick = hedged(world, limits=Limits(hedge_percentile=95))
    assert 0.04 < more / quick.requests < 0.06
    assert quick.first_token_s[-1] < 0.75 * plain.first_token_s[-1]
    assert quick.latency_s[-1] < 0.9 * plain.latency_s[-1]


def test_the_winner_of_a_race_tells_the_first_token() -> None:
    """A stream that was raced in vain begins with the first content of the one that answered."""
    world = World({"first": STEADY._replace(first_token_s=2.0), "second": SLOW})
    arrival = asked(0, stream=True)
    more, report = hedged(world, arrival, limits=Limits(hedge_after_s=1.5))
    assert (more, report.first_token_s[0]) == (1, 2.0)


@pytest.mark.parametrize("limits", [Limits(hedge_after_s=3), Limits(hedge_percentile=95)])
def test_hedges_end_when_a_model_is_slow_for_everybody(limits: Limits) -> None:
    """A model that becomes slow for all is raced for a fifth of its requests at most."""
    world = World({"first": Behavior(0.5, 10, 0.1), "second": Behavior(0.5, 1000, 0)})
    arrivals = [asked(at / 10, tokens=10 if at < 500 else 300) for at in range(2000)]
    more, report = hedged(world, *arrivals, limits=limits)
    assert 0.05 * report.requests < more <= 0.2 * report.requests + 3
