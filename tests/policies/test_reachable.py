"""Routes that never count, and policies inside of policies."""

from __future__ import annotations

import time

import pytest

from llmroute.errors import PolicyError
from llmroute.policies.files import loads_policy

HEAD = """\
version = 1
[hints]
x = "bool"
[models.a]
use = "openai/gpt-6.1-terra"
[models.b]
use = "openai/gpt-6-luna"
"""


NEAR = "[models.local]\nuse = 'llama-cpp/smollm2-135m-instruct'\n"


def problems(text: str) -> list[str]:
    """What is wrong with a policy: key and words."""
    try:
        loads_policy(HEAD + text)
    except PolicyError as error:
        return [f"{one.key}: {one.what}" for one in error.problems]
    return []


def after(*whens: str) -> str:
    """Make a route for each condition; the last is the one that is looked at."""
    return "".join(f"[[route]]\nwhen = {{ {when} }}\nuse = ['a']\n" for when in whens)


UNREACHABLE = [
    ("", "task = 'code'"),
    ("tokens.at_least = 100", "tokens.at_least = 200"),
    ("tokens.at_most = 100", "tokens = { at_least = 5, at_most = 100 }"),
    ("tokens.at_least = 0", ""),
    ("has_images = true", "has_images = true, task = 'qa'"),
    ("has_tools = false", "has_tools = false"),
    ("language = ['de', 'fr']", "language = 'de'"),
    ("time = '20:00-08:00'", "time = '22:00-06:00'"),
    ("time = '20:00-08:00'", "time = '22:00-06:00', days = ['sun']"),
    ("days = ['sat', 'sun']", "days = ['sun'], task = 'qa'"),
    ("days = ['sun'], zone = 'Asia/Tokyo'", "days = ['sun'], zone = 'Asia/Tokyo'"),
    ("tokens.at_most = 100", "tokens.at_least = 101", ""),
    ("tokens.at_least = 50", "tokens.at_most = 60", "task = 'qa'"),
    ("tokens.at_most = 9", "tokens = { at_least = 10, at_most = 20 }", "tokens.at_most = 15"),
    ("has_images = true", "has_images = false", "task = 'qa'"),
    ("has_tools = true", "task = 'qa'", "has_tools = false", "tags = ['x']"),
    ("language = 'de'", "language = 'fr'", "language = ['fr', 'de']"),
    ("time = '06:00-22:00'", "time = '22:00-06:00'", ""),
    ("days = ['sat', 'sun']", "days = ['mon', 'tue', 'wed', 'thu', 'fri']", "task = 'qa'"),
]
REACHABLE = [
    ("tokens.at_least = 100", "tokens.at_least = 50"),
    ("tokens.at_most = 100", "tokens.at_least = 102", ""),
    ("has_images = true", ""),
    ("has_images = true", "has_images = false"),
    ("has_images = true", "has_images = false, task = 'qa'", ""),
    ("language = 'de'", "language = ['de', 'fr']"),
    ("language = 'de'", ""),
    ("time = '22:00-06:00'", "time = '20:00-08:00'"),
    ("days = ['sun']", "days = ['sun'], zone = 'Asia/Tokyo'"),
    ("time = '22:00-06:00', days = ['fri']", "time = '00:00-06:00', days = ['fri']"),
    ("time = '06:00-22:00'", "time = '22:00-05:59'", ""),
    ("time = '06:00-22:00'", "time = '22:00-06:00', zone = 'Asia/Tokyo'", ""),
    ("hints.x = true", "hints.x = false", ""),
    ("task = 'code'", "task = 'qa'", ""),
]


@pytest.mark.parametrize("whens", UNREACHABLE, ids=str)
def test_unreachable_routes(whens: tuple[str, ...]) -> None:
    """A route is refused if earlier ones, one or several together, leave nothing to it."""
    (problem,) = problems(after(*whens))
    assert problem.startswith("route.use: the route at llmroute.toml:")
    assert "is never reached" in problem


@pytest.mark.parametrize("whens", REACHABLE, ids=str)
def test_reachable_routes(whens: tuple[str, ...]) -> None:
    """A route that may count for some request is no problem."""
    assert problems(after(*whens)) == []


NESTED = [
    (
        "[[route]]\npolicy = 'a'\n[policies.a]\n[[policies.a.route]]\npolicy = 'a'",
        "policies.a.route.policy: the policy uses itself: a > a",
    ),
    (
        (
            "[[route]]\npolicy = 'a'\n[[policies.a.route]]\npolicy = 'b'\n"
            "[[policies.b.route]]\npolicy = 'a'"
        ),
        "policies.b.route.policy: the policy uses itself: a > b > a",
    ),
    (
        "[policies.c.prefer]\nminimize = 'cost'",
        "policies.c: no route says policy = 'c', so it is never used",
    ),
    ("[[route]]\npolicy = 'a'\n[policies.a]", "policies.a: the policy says nothing"),
    ("[[route]]\npolicy = 'nigth'\n", "route.policy: there is no [policies.nigth]"),
    (
        (
            "[[route]]\nwhen.task = 'qa'\npolicy = 'a'\n"
            "[[policies.a.route]]\nwhen.task = 'code'\nuse = ['a']"
        ),
        (
            "policies.a.route.when: the route at llmroute.toml:11 is never reached: "
            "its policy is used for other requests: task qa"
        ),
    ),
    (
        (
            "[[route]]\nwhen.tokens.at_most = 9\npolicy = 'a'\n"
            "[[policies.a.route]]\nwhen.tokens.at_least = 10\nuse = ['a']"
        ),
        "policies.a.route.when: the route",
    ),
    (
        (
            "[[route]]\nwhen.time = '06:00-20:00'\npolicy = 'a'\n"
            "[[policies.a.route]]\nwhen.time = '22:00-05:00'\nuse = ['a']"
        ),
        "policies.a.route.when: the route",
    ),
    (
        (
            "[[route]]\npolicy = 'a'\n[[policies.a.route]]\nuse = ['a']\n"
            "[[policies.a.route]]\nuse = ['b']"
        ),
        "policies.a.route.use: the route",
    ),
    ("[[route]]\npolicy = 'a'\n[policies.a]\nmodels = 1", "policies.a.models: there is no such"),
    ("[[route]]\npolicy = 'a'\nuse = ['a']\n[policies.a.prefer]\nminimize = 'cost'", "route.p"),
    ("[policies]\na = 1", "policies.a: it must be a table"),
]


@pytest.mark.parametrize(("text", "says"), NESTED, ids=lambda one: one[:40])
def test_wrong_policies_inside(text: str, says: str) -> None:
    """Circles, policies without use, and routes that no request reaches from outside are told."""
    found = problems(text)
    assert found, text
    assert found[0].startswith(says), found


def test_a_policy_may_be_used_twice() -> None:
    """A policy inside is read once, and may be used from many places."""
    text = (
        "[[route]]\nwhen.task = 'qa'\npolicy = 'a'\n[[route]]\nwhen.task = 'code'\npolicy = 'a'\n"
        "[[policies.a.route]]\nwhen.task = 'code'\nuse = ['a']\n"
        "[[policies.a.route]]\npolicy = 'b'\n[policies.b.prefer]\nminimize = 'cost'"
    )
    assert problems(text) == []


def test_many_routes_and_policies() -> None:
    """A file has at most 256 routes and 32 policies, and takes a moment at most."""
    start = time.process_time()
    routes = "".join(f"[[route]]\nwhen.tags=['{n}']\nuse=['a']\n" for n in range(1500))
    assert problems(routes) == ["route: a file has at most 256 routes"]
    windows = "".join(
        f"[[route]]\nwhen.time='{n // 60:02}:{n % 60:02}-23:59'\nuse=['a']\n"
        for n in range(256, 0, -1)
    )
    assert problems(windows) == []
    chain = "".join(f"[[policies.p{n}.route]]\npolicy='p{n + 1}'\n" for n in range(33))
    assert problems(f"[[route]]\npolicy='p0'\n{chain}")[0].startswith("policies: a file has")
    assert time.process_time() - start < 20


CONTRADICTIONS = [
    (
        "[require]\nabilities = ['embed']",
        "require: the policy leaves no model that may ever answer",
    ),
    ("[require]\nlocal = true", "a: remote, but local = true is required; b: remote"),
    ("[require]\nmax_cost_usd = 0", "at most $0 may be spent"),
    ("[[route]]\nwhen.task = 'code'\nrequire.abilities = ['embed']", "route.require: the route at"),
    ("[[route]]\nrequire.local = true\nuse = ['a']", "route.use: the route at"),
    ("[[route]]\nrequire.local = true\nsplit.a = 1", "route.split: the route at"),
    (
        NEAR + "[require]\nlocal = true\n[[route]]\nwhen.task = 'qa'\nrequire.local = false",
        "local: local, but local = false is required",
    ),
    (
        NEAR + "[[route]]\nrequire.local = true\n[[route]]\nwhen.task = 'qa'\nuse = ['a', 'b']",
        "route.use: the route at llmroute.toml:",
    ),
    (
        NEAR + "[[route]]\nrequire.local = true\npolicy = 'p'\n[policies.p]\nrequire.local = false",
        "route.policy: the route at",
    ),
    (
        NEAR + "[[route]]\npolicy = 'p'\n[policies.p]\nrequire = { local = true }\n"
        "[[policies.p.route]]\nuse = ['a']",
        "policies.p.route.use: the route at",
    ),
]
CONTRADICTIONS.extend(
    [
        ("[require]\nonly = ['a']\nnever = ['openai']", "require: the policy leaves no model"),
        (
            "[require]\nnever = ['openai/gpt-6.1-terra', 'b']",
            "a: openai/gpt-6.1-terra may never answer",
        ),
        ("[[route]]\nrequire.only = ['b']\nuse = ['a']", "route.use: the route"),
        ("[require]\nregions = ['eu']", "where it works is not known, not eu"),
        ("[require]\nopen_weights = true", "a: "),
        ("[require]\nzero_retention = true", "require: the policy leaves no model"),
        ("[require]\nonly = ['x', 'a']", "no model and no provider is called 'x'"),
        ("[require]\nnever = ['opneai']", "no provider is called 'opneai'"),
        (
            "[[route]]\nrequire.never = ['openai/gpt-9']\nuse = ['a']",
            "route.require.never: no model",
        ),
    ]
)
CONSISTENT = [
    "[require]\nonly = ['a', 'anthropic', 'openai/gpt-4']\nnever = ['gemini']",
    "[[route]]\nwhen.hints.x = true\nrequire.local = true",
    "[require]\nmax_cost_usd = 0.000001",
    NEAR + "[require]\nmax_cost_usd = 0",
    NEAR + "[require]\nlocal = true",
    NEAR + "[[route]]\nwhen.task = 'qa'\nrequire.local = true\n"
    "[[route]]\nwhen.tags = ['x']\nrequire.local = false",
]


@pytest.mark.parametrize(("text", "says"), CONTRADICTIONS, ids=lambda one: one[-40:])
def test_requirements_that_leave_no_model(text: str, says: str) -> None:
    """What can never have a model, whatever is asked, is told once, with a reason per model."""
    (problem,) = problems(text)
    assert says in problem


@pytest.mark.parametrize("text", CONSISTENT, ids=lambda one: one[-40:])
def test_requirements_that_leave_a_model(text: str) -> None:
    """What may have a model for some request is no problem."""
    assert problems(text) == []
