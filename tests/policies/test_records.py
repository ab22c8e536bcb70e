"""Records: a decision is kept whole, made again exactly, and never trusted when it is read."""

from __future__ import annotations

import copy
import json
import stat
import traceback
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmroute import Client, Image, Message, Tool, policies
from llmroute.errors import PolicyError
from llmroute.policies.plain import plain, restored
from llmroute.policies.records import (
    Difference,
    Record,
    model_data,
    model_of,
    plan_of,
    situation_data,
    situation_of,
)
from llmroute.types.messages import Document, ReasoningBlock
from llmroute.types.models import Model
from llmroute.types.observed import Observed, Predicted
from llmroute.types.plans import Facts, Plan, Situation
from llmroute.types.prices import Price
from llmroute.types.usage import TokenCount
from tests.policies.any_values import JSON, made
from tests.policies.helpers import local, names, remote, request, situation

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "CANARYPROMPT please tell nobody"
KEY = "sk-CANARYKEY-0123456789abcdef"
POLICY = """
version = 1
[hints]
private = "bool"
[models.gpt]
use = "openai/gpt-6.1-terra"
[models.claude]
use = "anthropic/claude-sonnet-4-5"
[models.near]
use = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
model = "m"
price = { input = 0.1, output = 0.2 }
[require]
max_cost_usd = 0.05
[prefer]
minimize = "cost"
[[route]]
name = "private data stays here"
when = { hints.private = true }
use = ["near"]
"""
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def recorded(folder: Path) -> Record:
    """Record a decision by a policy file."""
    file = folder / "llmroute.toml"
    file.write_text(POLICY, encoding="utf-8")
    with Client(file) as client:
        return client.record([Message.user(CANARY)], task="qa", extra_headers={"x-team": KEY})


def over_json(values: object) -> dict[str, object]:
    """What a file gives back."""
    return cast("dict[str, object]", json.loads(json.dumps(values, allow_nan=False)))


@pytest.mark.parametrize("kind", [Situation, Model, Facts, Price, Observed])
def test_every_field_comes_back(kind: type[object]) -> None:
    """Whatever a value holds, it is the same after JSON; no field is forgotten."""

    @given(made(kind))
    @settings(UNHURRIED, max_examples=60)
    def check(value: object) -> None:
        written = over_json(plain(value))
        assert restored(kind, written) == value
        assert plain(restored(kind, written)) == written

    check()


def test_a_situation_with_everything() -> None:
    """Messages with all their parts, tools, hints, facts, times and observations come back."""
    say = Message.assistant("ok", ReasoningBlock("hm", "d", "x"))
    asked = replace(
        request(),
        messages=(
            Message.user("hi", Image(data=b"\x89PNG", media_type="image/png")),
            say,
            Message.user(Document(url="https://a.example/b.pdf")),
        ),
        hints={"a": 1, "b": True, "c": "1", "d": 1.0},
        max_cost_usd=Decimal("0.020"),
        tools=(Tool("t", "does", {"type": "object"}, check=lambda _: None),),
    )
    whole = situation(asked)._replace(
        now=datetime(2026, 11, 23, 22, 30, tzinfo=UTC),
        counts={"o200k": TokenCount(9, "exact", 9, 9)},
        observed={
            "m": Observed(
                0.1, 0.02, (("code", 120.5),), 4, 1, 2, 1, 0.2, Predicted(1.0, 2.0, 1.0, 1.5, 4)
            )
        },
        held={"m": 7},
        unavailable={"m": "no key"},
    )
    found = situation_of(over_json(situation_data(whole)))
    assert found._replace(request=asked) == whole
    assert found.request == replace(asked, tools=(replace(asked.tools[0], check=None),))
    assert {name: type(one) for name, one in found.request.hints.items()} == {
        "a": int,
        "b": bool,
        "c": str,
        "d": float,
    }
    assert str(found.request.max_cost_usd) == "0.020"


def test_a_model_comes_back() -> None:
    """A model of the policy is the same, with price, endpoint and abilities."""
    model = remote("m", Price(Decimal("0.10"), Decimal(2)), abilities=frozenset({"text", "json"}))
    assert model_of(over_json(model_data(model))) == model
    assert "speed" not in model_data(model)


def test_a_record_makes_the_same_plan_again(tmp_path: Path) -> None:
    """Saved and loaded, a record plans the same without the policy file, and says so."""
    record = recorded(tmp_path)
    record.save(tmp_path / "r.json")
    (tmp_path / "llmroute.toml").unlink()
    found = Record.load(tmp_path / "r.json")
    assert found.plan == record.plan
    assert found.models == record.models
    assert found.replay() == record.plan
    assert found.differences(found.replay()) == ()
    assert found.plan.policy.startswith("llmroute.toml:")


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The mode is 0600, also where others could read the file before; headers are left out."""
    file = tmp_path / "r.json"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o644)
    recorded(tmp_path).save(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text(encoding="utf-8")
    assert CANARY in text
    assert KEY not in text
    assert "x-team" in text


def test_a_change_is_told_by_model_and_field(tmp_path: Path) -> None:
    """Where a model of the record costs more, the plan differs in its cost and order."""
    record = recorded(tmp_path)
    dear = tuple(
        replace(one, price=Price(Decimal(4000), Decimal(4000))) if one.name == "near" else one
        for one in record.models
    )
    found = record.differences(record._replace(models=dear).replay())
    assert Difference("near", "rule", None, "price") in found
    assert any((one.model, one.field) == ("near", "place") for one in found)
    assert Difference("", "model", "near", None) in found


def test_routes_of_the_record_decide(tmp_path: Path) -> None:
    """The recorded policy is read with its hints and routes, and without a catalog."""
    file = tmp_path / "llmroute.toml"
    file.write_text(POLICY, encoding="utf-8")
    with Client(file) as client:
        record = client.record("hi", hints={"private": True})
    assert record.replay().route == "private data stays here"
    assert names(record.replay()) == ["near"]


def test_a_policy_in_code_is_passed_again() -> None:
    """A record does not hold a policy made in code: without it replaying is an error."""
    policy = policies.best(policies.cost_usd)
    models = (local(), remote())
    seen = situation()
    record = Record(seen, models, policy(seen, models), None, "0")
    again = Record.from_dict(over_json(record.to_dict()))
    with pytest.raises(PolicyError, match="made in code"):
        again.replay()
    assert again.replay(policy) == record.plan
    assert names(again.replay(policies.order("far"))) == ["far"]


def test_a_plan_comes_back(tmp_path: Path) -> None:
    """Of what `to_dict` says, and the models, the plan is made again."""
    record = recorded(tmp_path)
    found = plan_of(over_json(record.plan.to_dict()), record.models)
    assert found == record.plan
    with pytest.raises(PolicyError, match="a model that is not there"):
        plan_of(record.plan.to_dict(), record.models[:1])
    with pytest.raises(PolicyError, match="version"):
        plan_of({**record.plan.to_dict(), "version": 2}, record.models)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it holds no object in JSON"),
        ("[]", "it holds no object in JSON"),
        ('{"version": NaN}', "it holds no object in JSON"),
        ("[" * 100_000, "it holds no object in JSON"),
        ('{"version": ' + "9" * 10_000 + "}", "it holds no object in JSON"),
        ('{"version": 2}', "version: this version of llmroute reads records of version 1"),
        ('{"version": true}', "version: this version"),
        ('{"version": 1}', "llmroute: it is missing"),
        ('{"version": 1, "__class__": "os.system"}', "__class__: there is no such key"),
    ],
)
def test_what_is_no_record(tmp_path: Path, text: str, said: str) -> None:
    """What is no record is an error that names the file and says why."""
    file = tmp_path / "r.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError) as caught:
        Record.load(file)
    assert str(caught.value).startswith(f"{file}: {said}")


def _changed(
    values: dict[str, object], path: tuple[str | int, ...], value: object
) -> dict[str, object]:
    """A copy with another value at a path."""
    copied = copy.deepcopy(values)
    place: object = copied
    for key in path[:-1]:
        place = cast("dict[str | int, object]", place)[key]
    cast("dict[str | int, object]", place)[path[-1]] = value
    return copied


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        (("situation", "today"), "soon", "situation.today"),
        (("situation", "now"), "2026-11-23T10:00:00", "situation.now"),
        (("situation", "tokens", "value"), 1.5, "situation.tokens.value"),
        (("situation", "tokens", "value"), 10**30, "situation.tokens.value"),
        (("situation", "tokens", "method"), "guess", "situation.tokens.method"),
        (
            ("situation", "request", "messages", 0, "parts"),
            CANARY,
            "situation.request.messages.0.parts",
        ),
        (("situation", "request", "max_cost_usd"), "1E+999999", "situation.request.max_cost_usd"),
        (("situation", "request", "max_cost_usd"), "9" * 300, "situation.request.max_cost_usd"),
        (("situation", "request", "max_cost_usd"), 0.1, "situation.request.max_cost_usd"),
        (("situation", "request", "hints"), {"a": [CANARY]}, "situation.request.hints.a"),
        (("situation", "request", "messages", 0, "parts", 0), {"type": "Popen"}, "parts.0.type"),
        (("models", 0, "endpoint", "headers"), [["a"]], "models.0.endpoint.headers.0"),
        (("models", 0, "price", "input"), "NaN", "models.0.price.input"),
        (("models",), [], "plan"),
        (("plan",), {"strange": CANARY}, "plan.strange"),
        (("plan", "input_tokens"), None, "plan.input_tokens"),
    ],
)
def test_hostile_records(
    tmp_path: Path, path: tuple[str | int, ...], value: object, key: str
) -> None:
    """A wrong value is told by its place, and never quoted, not even in a crash report."""
    values = recorded(tmp_path).to_dict()
    with pytest.raises(PolicyError) as caught:
        Record.from_dict(_changed(values, path, value))
    assert key in str(caught.value.key)
    found = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    ours = [one for one in found.stack if "/src/llmroute/" in one.filename]
    assert CANARY not in str(ours + [one.locals for one in ours])


def _paths(values: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a plain value."""
    found = [path] if path else []
    if isinstance(values, dict):
        inner: list[tuple[str | int, object]] = list(cast("dict[str, object]", values).items())
    else:
        inner = list(enumerate(cast("list[object]", values))) if isinstance(values, list) else []
    for key, one in inner:
        found += _paths(one, (*path, key))
    return found


EDGES: list[object] = [
    -1,
    0,
    2**62,
    -(2**62),
    1e308,
    "",
    "0",
    "-1",
    "1E+39",
    "0001-01-01",
    "9999-12-31",
    [],
    {},
    "top",
]
STRANGE: st.SearchStrategy[object] = JSON | st.sampled_from(EDGES)


def test_whatever_a_record_says_nothing_breaks(tmp_path: Path) -> None:
    """Any value anywhere in a record gives a plan, or a PolicyError."""
    whole = over_json(recorded(tmp_path).to_dict())
    places = _paths(whole)

    @given(st.lists(st.tuples(st.sampled_from(places), STRANGE), min_size=1, max_size=3))
    @settings(UNHURRIED, max_examples=300)
    def check(changes: list[tuple[tuple[str | int, ...], object]]) -> None:
        values = whole
        for path, value in changes:
            try:
                values = _changed(values, path, value)
            except (KeyError, TypeError, IndexError):  # the place is gone
                continue
        try:
            found = Record.from_dict(values).replay()
        except PolicyError:
            return
        assert isinstance(found, Plan)
        assert str(found)

    check()
