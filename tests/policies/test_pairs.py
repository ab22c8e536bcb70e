"""Pairs: what a policy file says and what code says give equal plans."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from llmroute import policies
from llmroute.policies import order, route, routes, split, when
from llmroute.policies.files import loads_policy
from llmroute.types.messages import Image, Message
from llmroute.types.tools import Tool
from tests.policies.helpers import request, situation

if TYPE_CHECKING:
    from llmroute.types.plans import Plan, Policy, Situation

HEAD = """\
version = 1

[hints]
private = "bool"
customer = "str"
depth = "int"

[models.gpt]
use = "openai/gpt-6.1-terra"

[models.small]
use = "openai/gpt-6-luna"

[models.near]
use = "llama-cpp/smollm2-135m-instruct"

[models.own]
use = "openai-compatible"
base_url = "http://127.0.0.1:8000/v1"
model = "own"
license = "apache-2.0"
context_tokens = 8192
price = { input = 0.2, output = 0.2 }
abilities = ["tools", "vision"]
open_weights = true
quality = "good"
speed = { first_token_s = 0.2, tokens_per_s = 20 }

"""
CHEAPEST = policies.best(policies.cost_usd)
CHEAP = "minimize = 'cost'"
USE = 'use = ["small", "near"]'


def on(condition: policies.When, *, use: tuple[str, ...] = ("small", "near")) -> Policy:
    """Make a policy of one route on a condition."""
    return routes([route(condition, use=use)])


PAIRS: dict[str, tuple[str, Policy]] = {
    "nothing": ("", order("gpt", "small", "near", "own")),
    "cheapest": (f"[prefer]\n{CHEAP}", CHEAPEST),
    "local": (
        "[require]\nlocal = true",
        order("gpt", "small", "near", "own", require=[policies.local]),
    ),
    "a limit": (
        f"[require]\nmax_cost_usd = 0.001\n[prefer]\n{CHEAP}",
        policies.best(policies.cost_usd, require=[policies.max_cost_usd("0.001")]),
    ),
    "abilities": (
        f'[require]\nabilities = ["tools"]\n[prefer]\n{CHEAP}',
        policies.best(policies.cost_usd, require=[policies.abilities("tools")]),
    ),
    "task": (f'[[route]]\nwhen = {{ task = "code" }}\n{USE}', on(when(task="code"))),
    "hint": (
        f"[[route]]\nwhen = {{ hints.private = true }}\n{USE}",
        on(when(hints={"private": True})),
    ),
    "hint with a number": (
        f"[[route]]\nwhen = {{ hints.depth = 3 }}\n{USE}",
        on(when(hints={"depth": 3})),
    ),
    "tags": (f'[[route]]\nwhen = {{ tags = ["a", "b"] }}\n{USE}', on(when(tags=["a", "b"]))),
    "long": (
        f"[[route]]\nwhen = {{ tokens = {{ at_least = 1000 }} }}\n{USE}",
        on(when(tokens={"at_least": 1000})),
    ),
    "short": (
        f"[[route]]\nwhen = {{ tokens = {{ at_most = 10 }} }}\n{USE}",
        on(when(tokens={"at_most": 10})),
    ),
    "between": (
        f"[[route]]\nwhen = {{ tokens = {{ at_least = 10, at_most = 99 }} }}\n{USE}",
        on(when(tokens={"at_least": 10, "at_most": 99})),
    ),
    "images": (f"[[route]]\nwhen = {{ has_images = true }}\n{USE}", on(when(has_images=True))),
    "no images": (
        f"[[route]]\nwhen = {{ has_images = false }}\n{USE}",
        on(when(has_images=False)),
    ),
    "tools": (f"[[route]]\nwhen = {{ has_tools = true }}\n{USE}", on(when(has_tools=True))),
    "German": (f'[[route]]\nwhen = {{ language = "de" }}\n{USE}', on(when(language="de"))),
    "languages": (
        f'[[route]]\nwhen = {{ language = ["ja", "fr"] }}\n{USE}',
        on(when(language=["ja", "fr"])),
    ),
    "night": (
        f'[[route]]\nwhen = {{ time = "22:00-06:00" }}\n{USE}',
        on(when(time="22:00-06:00")),
    ),
    "weekend": (
        f'[[route]]\nwhen = {{ days = ["sat", "sun"] }}\n{USE}',
        on(when(days=["sat", "sun"])),
    ),
    "night in Berlin": (
        f"""[[route]]
        when = {{ time = "22:00-06:00", days = ["fri"], zone = "Europe/Berlin" }}
        {USE}""",
        on(when(time="22:00-06:00", days=["fri"], zone="Europe/Berlin")),
    ),
    "all of it": (
        f"""[[route]]
        name = "everything"
        when = {{ task = "code", tags = ["a"], tokens = {{ at_most = 50 }}, has_images = false }}
        {USE}""",
        routes(
            [
                route(
                    when(task="code", tags=["a"], tokens={"at_most": 50}, has_images=False),
                    name="everything",
                    use=["small", "near"],
                )
            ]
        ),
    ),
    "requirements of all matches": (
        f"""[require]
        max_cost_usd = 0.01
        [prefer]
        {CHEAP}
        [[route]]
        name = "private"
        when = {{ hints.private = true }}
        require = {{ local = true }}
        [[route]]
        name = "code"
        when = {{ task = "code" }}
        require = {{ local = false }}
        use = ["gpt", "near"]""",
        routes(
            [
                route(when(hints={"private": True}), name="private", require=[policies.local]),
                route(
                    when(task="code"),
                    name="code",
                    require=[policies.remote],
                    use=["gpt", "near"],
                ),
            ],
            otherwise=CHEAPEST,
            require=[policies.max_cost_usd("0.01")],
        ),
    ),
    "prefer of a route": (
        f'[[route]]\nwhen = {{ tags = ["a"] }}\nprefer = {{ {CHEAP} }}',
        routes([route(when(tags=["a"]), prefer=policies.cost_usd)]),
    ),
    "use and prefer": (
        f"[[route]]\n{USE}\nprefer = {{ {CHEAP} }}",
        routes([route(use=["small", "near"], prefer=policies.cost_usd)]),
    ),
    "a split of requests": (
        "[[route]]\nsplit = { gpt = 60, small = 40 }",
        routes([route(policy=split({"gpt": 60, "small": 40}))]),
    ),
    "a split of customers": (
        """[[route]]
        name = "canary"
        split = { gpt = 2.5, small = 1, near = 0 }
        split_by = "hints.customer"
        split_seed = "s" """,
        routes(
            [
                route(
                    name="canary",
                    policy=split(
                        {"gpt": 2.5, "small": 1, "near": 0}, by="hints.customer", seed="s"
                    ),
                )
            ]
        ),
    ),
    "a policy inside": (
        f"""[require]
        max_cost_usd = 0.02
        [[route]]
        name = "at night"
        when = {{ time = "22:00-06:00" }}
        require = {{ local = false }}
        policy = "night"
        [policies.night]
        prefer = {{ {CHEAP} }}
        [[policies.night.route]]
        name = "code"
        when = {{ task = "code" }}
        {USE}""",
        routes(
            [
                route(
                    when(time="22:00-06:00"),
                    name="at night",
                    require=[policies.remote],
                    policy=routes(
                        [route(when(task="code"), name="code", use=["small", "near"])],
                        otherwise=CHEAPEST,
                    ),
                )
            ],
            require=[policies.max_cost_usd("0.02")],
        ),
    ),
    "an order inside": (
        """[[route]]
        when = { task = "code" }
        policy = "inner"
        [policies.inner]
        require = { local = false }
        prefer = { minimize = "cost" }""",
        routes(
            [
                route(
                    when(task="code"),
                    policy=policies.best(policies.cost_usd, require=[policies.remote]),
                )
            ]
        ),
    ),
    "weights": (
        "[prefer]\nminimize = { cost = 0.7, latency = 0.3 }",
        policies.best(policies.weighted({policies.cost_usd: 0.7, policies.latency_s: 0.3})),
    ),
    "the cheapest of the best": (
        "[prefer]\nmaximize = 'quality'\nwithin = 0.05\nthen = 'cost'",
        policies.best(policies.within(0.05, of=policies.quality, then=policies.cost_usd)),
    ),
    "the fastest of known speed": (
        "[prefer]\nminimize = 'latency'\nunknown = 'refuse'",
        policies.best(policies.lowest(policies.latency_s, unknown="refuse")),
    ),
    "the unknown first": (
        "[prefer]\nmaximize = 'quality'\nunknown = 'first'",
        policies.best(policies.lowest(policies.quality, unknown="first")),
    ),
    "weights of what is known": (
        f"""[[route]]
        when = {{ task = 'code' }}
        {USE}
        prefer = {{ minimize = {{ cost = 1, latency = 1 }}, unknown = 'refuse' }}""",
        routes(
            [
                route(
                    when(task="code"),
                    use=["small", "near"],
                    prefer=policies.weighted(
                        {policies.cost_usd: 1, policies.latency_s: 1}, unknown="refuse"
                    ),
                )
            ]
        ),
    ),
    "near the best, if known": (
        "[prefer]\nmaximize = 'quality'\nwithin = 0.1\nthen = 'latency'\nunknown = 'refuse'",
        policies.best(
            policies.within(0.1, of=policies.quality, then=policies.latency_s, unknown="refuse")
        ),
    ),
    "near the best, or unknown": (
        "[prefer]\nmaximize = 'quality'\nwithin = 0.1\nthen = 'latency'\nunknown = 'first'",
        policies.best(
            policies.within(0.1, of=policies.quality, then=policies.latency_s, unknown="first")
        ),
    ),
    "fast, good, named": (
        f"""[require]
        max_latency_s = 30
        min_quality = "good"
        never = ["own"]
        only = ["openai", "own"]
        unsupported = "refuse"
        [prefer]
        {CHEAP}""",
        policies.best(
            policies.cost_usd,
            require=[
                policies.only("openai", "own"),
                policies.never("own"),
                policies.every_parameter,
                policies.min_quality("good"),
                policies.max_latency_s(30),
            ],
        ),
    ),
    "data stays in the EU": (
        f"""[[route]]
        when = {{ language = "de" }}
        require = {{ regions = ["eu"], no_training = true, zero_retention = true }}
        prefer = {{ {CHEAP} }}""",
        routes(
            [
                route(
                    when(language="de"),
                    require=[policies.no_training, policies.zero_retention, policies.regions("eu")],
                    prefer=policies.cost_usd,
                )
            ]
        ),
    ),
    "open": (
        "[require]\nopen_weights = true\nosi_approved = true",
        order(
            "gpt",
            "small",
            "near",
            "own",
            require=[policies.open_weights, policies.osi_approved],
        ),
    ),
    "the instruction repeated": (
        "[[route]]\nwhen = { task = 'code' }\nrepeat_instruction = true",
        routes([route(when(task="code"), repeat_instruction=True)]),
    ),
}

PICTURE = Message.user("What is it?", Image(data=b"\x89PNG", media_type="image/png"))
SATURDAY_NIGHT = datetime(2026, 11, 28, 1, 30, tzinfo=UTC)


def situations() -> dict[str, Situation]:
    """Situations that tell the pairs' routes apart."""
    plain = request("hi")
    instructed = (Message.system("Be brief."), Message.user("a"), Message.assistant("b"))
    conversation = (*instructed, Message.user("And now?"))
    asked = {
        "plain": plain,
        "code": replace(plain, task="code"),
        "code, tagged": replace(plain, task="code", tags=("a", "b")),
        "private": replace(plain, hints={"private": True, "depth": 3}),
        "private code": replace(plain, task="code", hints={"private": True}),
        "a customer": replace(plain, hints={"customer": "acme"}),
        "another": replace(plain, hints={"customer": "zenith"}),
        "German": request("Was ist das, und warum ist es so groß?"),
        "said to be German": replace(plain, language="de"),
        "Japanese": request("今日は天気がいいですね"),
        "a picture": replace(plain, messages=(PICTURE,)),
        "tools": replace(plain, tools=(Tool("weather"),)),
        "a conversation": replace(plain, messages=conversation, task="code"),
        "for little": replace(plain, max_cost_usd=Decimal("0.0004")),
    }
    made = {name: situation(one) for name, one in asked.items()}
    made["long"] = situation(plain, tokens=5000)
    made["medium"] = situation(plain, tokens=70)
    made["at night"] = situation(plain)._replace(now=SATURDAY_NIGHT)
    made["code at night"] = situation(asked["code"])._replace(now=SATURDAY_NIGHT)
    made["by day"] = situation(plain)._replace(now=SATURDAY_NIGHT.replace(hour=12))
    made["without a key"] = situation(plain, unavailable={"gpt": "OPENAI_API_KEY is not set"})
    return made


SITUATIONS = situations()


def without_place(plan: Plan) -> Plan:
    """Leave out where the policy stands: a line of a file, or code."""
    return replace(plan, policy="")


@pytest.mark.parametrize("name", PAIRS)
def test_a_file_and_code_give_equal_plans(name: str) -> None:
    """In every situation the plan of the file is that of the code, but for its place."""
    toml, code = PAIRS[name]
    found = loads_policy(HEAD + toml)
    for told, given in SITUATIONS.items():
        of_file, of_code = found.policy(given, found.models), code(given, found.models)
        assert without_place(of_file) == without_place(of_code), told
        assert of_file.policy.startswith("llmroute.toml")


def test_the_situations_tell_the_pairs_apart() -> None:
    """There are 25 pairs at least, and no route is the same in every situation for want of one."""
    assert len(PAIRS) >= 25
    for name, (toml, code) in PAIRS.items():
        if "when" not in toml:
            continue
        models = loads_policy(HEAD + toml).models
        decided = {code(given, models).route for given in SITUATIONS.values()}
        assert len(decided) > 1, name
