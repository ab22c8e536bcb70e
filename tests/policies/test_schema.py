"""The JSON Schemas of policies and of provider files say what the readers do."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from typing import TYPE_CHECKING, cast

import pytest

from docs.schemas import policy, provider
from llmroute.errors import PolicyError
from llmroute.policies.files import loads_policy
from tests.docs.pages import PAGES, ROOT, blocks, is_policy, name_of
from tests.schemas.samples import is_valid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEL = '[models.a]\nuse = "openai/gpt-6.1-terra"\n'
HEAD = f'version = 1\n[hints]\ntier = "int"\n{MODEL}'
SERVER = 'use = "openai-compatible"\nbase_url = "http://127.0.0.1:1/v1"\nmodel = "x"'
WRONG = {
    "no version": MODEL,
    "another version": f"version = 2\n{MODEL}",
    "no model": "version = 1",
    "a section": f"{HEAD}[required]\nlocal = true",
    "a name": 'version = 1\n[models."a b"]\nuse = "openai/gpt-6.1-terra"',
    "no use": "version = 1\n[models.a]\nlocal = true",
    "no address": 'version = 1\n[models.a]\nuse = "openai-compatible"\nmodel = "x"',
    "a type of hint": f'version = 1\n[hints]\na = "text"\n{MODEL}',
    **{
        f"models.a.{wrong}": f"{HEAD}{wrong}"
        for wrong in (
            *("window = 1", "context_tokens = 0", "context_tokens = 1.5", "threads = true"),
            *('abilities = ["fly"]', 'abilities = "tools"', 'quirks = ["odd"]', 'cache = "2h"'),
            *("price = 1", "price = { input = 1 }", "price = { input = -1, output = 1 }"),
            *("price = { input = 1, output = 1, extra = 2 }", 'quality = "great"'),
            *("quality = { cooking = 'top' }", "speed = { tokens_per_s = 0 }", "speed = 1"),
            *("data = { days = 1 }", "data = { retention_days = -1 }", "service_tier = 1"),
            *("cost_per_hour_usd = 1", "utilization = 0.5", 'key_env = "lower"', "use2 = 1"),
            *('license = ""', 'region = "a.b"', "price = { input = 1, output = 1, tiers = 1 }"),
            *("limits = 1", "limits = {}", "limits = { in_flight = 0 }", "limits = { rpm = 1 }"),
            *('limits = { when_full = "wait" }', 'limits = { in_flight = 1, when_full = "stop" }'),
            "price = { input = 1, output = 1, cache_write = { soon = 1 } }",
            "price = { input = 1, output = 1 }\nprices = [{ input = 1, output = 1 }]",
            "tokens_per_second = { input = 1, output = 1 }",
        )
    },
    **{
        f"{section}.{wrong}": f"{HEAD}[{section}]\n{wrong}"
        for section, all_wrong in {
            "facts": (
                *('purposes = ["fun"]', 'licensee_domicile = "Germany"', "commercial = 1"),
                *("monthly_active_users = { later = 1 }", "granted = { llama-2 = 1 }", "users = 1"),
            ),
            "limits": (
                *("deadline_s = 0", "deadline_s = 86401", "timeout = 1", "connect_s = '1'"),
                *("attempts_per_model = 0", "body_bytes = 1", 'on_break = "stop"'),
            ),
            "offline": ('mode = "sometimes"', "mode = 1", "when = 1"),
            "tokens": ('count = "roughly"', "vocabularies = 1", "exact = true"),
            "catalog": ("files = 1", 'file = "a.toml"'),
            "require": (
                *("max_cost_usd = -1", "max_cost_usd = '1'", "no_training = false", "only = []"),
                *('min_quality = "great"', "max_latency_s = 0", 'unsupported = "warn"'),
                *('abilities = ["fly"]', "regions = 'eu'", "max_cost = 1", "never = [1]"),
            ),
            "prefer": (
                *('minimize = "quality"', 'maximize = "cost"', "minimize = {}", "within = 0.1"),
                *('minimize = "cost"\nwithin = 2\nthen = "cost"', "minimize = { price = 1 }"),
                *('minimize = "cost"\nunknown = "never"', 'then = "cost"', 'unknown = "last"'),
            ),
            "[route]": (
                *('name = "x"', "use = []", "use = ['a', 'a']", "use = 1", "split = {}"),
                *("split = { a = -1 }", "split_by = 'request'", "use = ['a']\nsplit = { a = 1 }"),
                *("use = ['a']\nwhen = { task = 'cook' }", "use = ['a']\nwhen = { tokens = {} }"),
                *("use = ['a']\nwhen = { language = 'German' }", "use = ['a']\nif = 1"),
                *(
                    "use = ['a']\nwhen = { days = ['monday'] }",
                    "use = ['a']\nwhen = { zone = 'x' }",
                ),
                *(
                    "use = ['a']\nwhen = { time = '25:00-26:00' }",
                    "use = ['a']\nwhen = { has = 1 }",
                ),
                *("use = ['a']\nwhen = { days = [] }", "split = { a = 1 }\nsplit_by = 'customer'"),
                "split = { a = 1 }\nprefer = { minimize = 'cost' }",
            ),
            "policies.inner": ("limits = { deadline_s = 1 }", "require = 1"),
        }.items()
        for wrong in all_wrong
    },
}
RIGHT = {
    "prices": f"{HEAD}prices = [{{ input = 1, output = 2, valid_until = 2026-12-31, "
    "cache_write = { 5m = 1, 1h = 2 }, tiers = { batch = 0.5 }, regional = 1.1, "
    "long_context = [{ above_tokens = 9, input = 1, output = 1 }] }]",
    "a server by the hour": f"version = 1\n[models.a]\n{SERVER}\ncost_per_hour_usd = 1.2\n"
    "tokens_per_second = { input = 800, output = 40 }\nutilization = 0.5",
    "worth": f'{HEAD}quality = {{ code = "top", any = "good" }}\nspeed = {{ tokens_per_s = 9 }}\n'
    'price = { input = 1, output = 1, tiers = { flex = 0.5 } }\nservice_tier = "flex"\n'
    'data = { trains = false, regions = ["eu"] }\nopen_weights = false',
    "detection": f"{HEAD}[detect]\ntask = true\nmin_confidence = 0.9",
    "weights": f"{HEAD}[prefer]\nminimize = {{ cost = 1, latency = 2 }}\nunknown = 'refuse'",
    "a route": f"{HEAD}[[route]]\nwhen = {{ hints.tier = 1, language = ['de'], days = ['sat'], "
    "time = '22:00 - 06:00', zone = 'Europe/Berlin', tags = ['x'] }\nuse = ['a']",
}
POLICIES = sorted([*(ROOT / "policies").glob("*.toml"), *(ROOT / "examples").rglob("*.toml")])
PROVIDERS = sorted((ROOT / "providers").glob("*.toml"))
SHOWN = [
    pytest.param(one.text, id=f"{name_of(page)}:{one.line}")
    for page in PAGES
    for one in blocks(page)
    if is_policy(one)
]


@cache
def schema_of(made: Callable[[], str]) -> dict[str, object]:
    """A schema as values."""
    return cast("dict[str, object]", json.loads(made()))


def fits(text: str, made: Callable[[], str] = policy) -> bool:
    """Whether a schema takes a file; dates are strings, as editors see them."""
    values: object = json.loads(json.dumps(tomllib.loads(text), default=str))
    return is_valid(schema_of(made), values)


@pytest.mark.parametrize("path", POLICIES, ids=name_of)
def test_shipped_policies_fit(path: Path) -> None:
    """The schema takes every policy of the package and of the examples."""
    text = path.read_text(encoding="utf-8")
    if "\nversion = 1" in f"\n{text}":
        assert fits(text)


@pytest.mark.parametrize("text", SHOWN)
def test_policies_of_the_pages_fit(text: str) -> None:
    """The schema takes every policy that a page shows."""
    assert fits(text)


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_fits(name: str) -> None:
    """What the reader takes the schema takes."""
    assert loads_policy(RIGHT[name]).models
    assert fits(RIGHT[name])


@pytest.mark.parametrize("name", WRONG)
def test_schema_and_reader_refuse_the_same(name: str) -> None:
    """What the reader refuses by key, type, word or bound the schema refuses too."""
    with pytest.raises(PolicyError):
        loads_policy(WRONG[name])
    assert not fits(WRONG[name])


@pytest.mark.parametrize("path", PROVIDERS, ids=name_of)
def test_shipped_providers_fit(path: Path) -> None:
    """The schema takes every provider's file of the package."""
    assert fits(path.read_text(encoding="utf-8"), provider)


@pytest.mark.parametrize(
    "wrong",
    [
        *("", "[provider]\nurl = 'x'", "[provider]\nlocal = 1", "[provider]\nquirks = ['odd']"),
        *("[provider]\nkey_env = 'sk-x'", "[provider]\n[models.x]\ncontext = 1"),
        *("[provider]\n[models.x]\nscores = 1", "[provider]\n[sources.x]\ntitle = 'x'"),
    ],
)
def test_wrong_providers_do_not_fit(wrong: str) -> None:
    """Unknown keys, wrong types and a source without a day are refused in a provider's file."""
    assert not fits(wrong, provider)


def test_schema_and_reader_know_the_same_sections() -> None:
    """Each section that the reader takes is in the schema, with a sentence, and no other is."""
    with pytest.raises(PolicyError) as caught:
        loads_policy(f"{HEAD}[no-such-section]\n")
    known = str(caught.value).partition("Known: ")[2].split(", ")
    sections = json.loads(policy())["properties"]
    assert sorted(sections) == sorted(known)
    assert all(len(one["description"]) > 5 for one in sections.values())


def test_every_key_of_a_policy_is_described() -> None:
    """An editor shows a sentence for each key of a model, of a route, and of what they hold."""
    definitions = json.loads(policy())["$defs"]
    for table in ("model", "require", "prefer", "route"):
        for key, schema in definitions[table]["properties"].items():
            assert len(schema["description"]) > 10, (table, key)
