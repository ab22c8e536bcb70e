"""What holds for every policy, every request and every catalog of models."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from llmroute import Client, policies
from llmroute.errors import AllFailedError, NoCandidateError, StreamBrokenError
from llmroute.policies.branching import strengthened
from llmroute.policies.origins import PolicyText
from llmroute.policies.records import Record, model_data, model_of, situation_data, situation_of
from llmroute.testing import Fail, ScriptedProvider, VirtualClock
from tests.policies.generated import options_of, requests, shuffled, situations, written
from tests.policies.helpers import names

if TYPE_CHECKING:
    from llmroute.policies.files import PolicyFile
    from llmroute.types.plans import Constraint, Plan
    from llmroute.types.reply import Reply
    from llmroute.types.requests import Request
    from tests.policies.generated import Written

ANY = settings(
    deadline=None,
    max_examples=100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
CLIENTS = settings(ANY, max_examples=60)
POLICIES = Path(__file__).resolve().parents[2] / "policies"
MORE: list[Constraint] = [
    policies.local,
    policies.remote,
    policies.abilities("tools"),
    policies.max_cost_usd("0.001"),
]
ASKS: list[dict[str, Any]] = [
    {"local": True},
    {"local": False},
    {"max_cost_usd": Decimal("0.0005")},
    {"purposes": ("distill",)},
]
"""What a caller may ask for besides."""
GIVEN_UP = (NoCandidateError, AllFailedError, StreamBrokenError)
REPLAY = """
import json, sys
from llmroute.policies.records import Record
for values in json.load(sys.stdin):
    print(json.dumps(Record.from_dict(values).replay().to_dict()))
"""


def loaded(file: Written) -> PolicyFile:
    """Load a policy; one whose requirements are refused as never to be met does not count."""
    found = file.load()
    assume(found is not None)
    assert found is not None
    return found


def everybody(plan: Plan) -> list[str]:
    """Every model of a plan, refused ones too."""
    return [*names(plan), *(refusal.model.name for refusal in plan.refused)]


class Asked:
    """A client of a generated policy, whose models answer, or fail, as scripted."""

    def __init__(self, path: Path, failing: frozenset[str], *, stream: bool) -> None:
        """Let every model answer but those of `failing`; streams break in mid-answer."""
        fails: list[str | Fail] = ["begun, "] if stream else []
        fails.append(Fail("server_error"))
        scripts: dict[bool, str | list[str | Fail]] = {True: fails, False: "yes"}
        self.providers = {
            name: ScriptedProvider(scripts[name in failing]) for name in read_names(path)
        }
        self.client = Client(
            path, providers=self.providers, clock=VirtualClock(), backoff=lambda _: 0.0
        )
        self.stream = stream

    def ask(self, asked: Request) -> Reply[None]:
        """Ask, by a stream that begins anew when it breaks, or not by one."""
        messages, options = list(asked.messages), options_of(asked)
        if not self.stream:
            return self.client.chat(messages, **options)
        options["on_break"] = "restart"
        with self.client.stream(messages, **options) as stream:
            for _ in stream:
                pass
            return stream.reply

    @property
    def called(self) -> set[str]:
        """Who was asked."""
        return {name for name, one in self.providers.items() if one.calls}


def read_names(path: Path) -> list[str]:
    """The models that a policy file declares."""
    with Client(path) as client:
        return [model.name for model in client.record("?").models]


def kept(file: Written, folder: str) -> Path:
    """Write a policy to a file."""
    path = Path(folder, "llmroute.toml")
    path.write_text(file.text, encoding="utf-8")
    return path


def fallback(path: Path, asked: Request, *, stream: bool) -> set[str]:
    """Let the first candidates fail, one more each time; returns everybody who was asked.

    Checks that the plan is followed: the first one that does not fail answers, with that plan.
    """
    plan = Asked(path, frozenset(), stream=stream).client.plan(
        list(asked.messages), **options_of(asked)
    )
    order, called = names(plan), set[str]()
    for failing in range(len(order) + 1):
        one = Asked(path, frozenset(order[:failing]), stream=stream)
        with one.client:
            if failing < len(order):
                reply = one.ask(asked)
                assert (reply.model.name, reply.plan) == (order[failing], plan)
            else:
                with pytest.raises(GIVEN_UP) as caught:
                    one.ask(asked)
                assert cast("AllFailedError", caught.value).plan == plan
        assert one.called == set(order[: failing + 1])
        called |= one.called
    assert called.isdisjoint(refusal.model.name for refusal in plan.refused)
    event(f"{len(order)} candidates")
    return called


@given(written(), st.data())
@CLIENTS
def test_the_plan_is_what_chat_does(file: Written, data: st.DataObject) -> None:
    """Chat follows the plan; no path, each candidate failing in turn, reaches a refused model."""
    loaded(file)
    with tempfile.TemporaryDirectory() as folder:
        fallback(kept(file, folder), data.draw(requests()), stream=data.draw(st.booleans()))


@given(written(private=True), st.data())
@CLIENTS
def test_private_data_never_leaves_the_machine(file: Written, data: st.DataObject) -> None:
    """A route that requires local holds beside any others, on every path of fallback."""
    here = {model.name for model in loaded(file).models if model.local}
    asked = data.draw(requests())
    object.__setattr__(asked, "hints", {"private": True})
    with tempfile.TemporaryDirectory() as folder:
        assert fallback(kept(file, folder), asked, stream=data.draw(st.booleans())) <= here


@given(st.data())
@settings(ANY, max_examples=15)
def test_the_policy_private_never_leaves_the_machine(data: st.DataObject) -> None:
    """The shipped private.toml keeps everything here, private-data.toml what is said to be so."""
    asked = data.draw(requests())
    always = data.draw(st.booleans())
    object.__setattr__(asked, "hints", {} if always else {"private": True})
    path = POLICIES / ("private.toml" if always else "private-data.toml")
    with Client(path) as client:
        here = {model.name for model in client.record("?").models if model.local}
    assert fallback(path, asked, stream=data.draw(st.booleans())) <= here


@given(written(), st.data())
@ANY
def test_a_constraint_adds_no_candidate(file: Written, data: st.DataObject) -> None:
    """Whatever a policy is required besides, who may answer then could answer before."""
    found = loaded(file)
    seen = data.draw(situations(found.models))
    before = set(names(found.policy(seen, found.models)))
    more = data.draw(st.sampled_from(MORE))
    assert set(names(strengthened(found.policy, (more,))(seen, found.models))) <= before
    asks = data.draw(st.sampled_from(ASKS))
    narrower = seen._replace(request=replace(seen.request, **asks))
    if seen.request.local is None and seen.request.max_cost_usd is None:
        assert set(names(found.policy(narrower, found.models))) <= before


@given(written(), st.data())
@ANY
def test_refusing_the_unknown_adds_no_candidate(file: Written, data: st.DataObject) -> None:
    """Whoever may answer where the unknown is refused may answer where it comes last."""
    found = loaded(file)
    lenient = loaded(file._replace(rest=file.rest.replace('"refuse"', '"last"')))
    seen = data.draw(situations(found.models))
    plan = found.policy(seen, found.models)
    assert set(names(plan)) <= set(names(lenient.policy(seen, lenient.models)))
    event("refuses" if any(one.rule == "unknown" for one in plan.refused) else "does not")


@given(written(ordered=True), st.data())
@ANY
def test_declaration_orders_nothing_by_itself(file: Written, data: st.DataObject) -> None:
    """Where something is preferred, models declared in another order give the same plan."""
    found = loaded(file)
    other = loaded(shuffled(file, data.draw(st.permutations(range(len(file.models))))))
    seen = data.draw(situations(found.models))
    one, two = found.policy(seen, found.models), other.policy(seen, other.models)
    assert set(names(one)) == set(names(two))
    assert {refusal.model.name: refusal.reason for refusal in one.refused} == {
        refusal.model.name: refusal.reason for refusal in two.refused
    }
    costs = [[candidate.cost_usd for candidate in plan.candidates] for plan in (one, two)]
    assert costs[0] == costs[1]


@given(written(), st.data())
@ANY
def test_every_model_is_a_candidate_or_refused(file: Written, data: st.DataObject) -> None:
    """Each model that a request or its route may choose from stands once in the plan."""
    found = loaded(file)
    seen = data.draw(situations(found.models))
    plan = found.policy(seen, found.models)
    assert len(everybody(plan)) == len(set(everybody(plan)))
    assert all(refusal.rule and refusal.reason for refusal in plan.refused)
    if seen.request.models is not None:
        assert set(everybody(plan)) == set(seen.request.models)
    elif plan.route is None:
        assert set(everybody(plan)) == {model.name for model in found.models}


@given(written(), st.data())
@ANY
def test_equal_situations_give_equal_plans(file: Written, data: st.DataObject) -> None:
    """Asked twice, and with everything written as JSON and read again, the plan is the same."""
    found = loaded(file)
    seen = data.draw(situations(found.models))
    plan = found.policy(seen, found.models)
    assert found.policy(seen, found.models) == plan
    again = situation_of(over_json(situation_data(seen)))
    models = [model_of(over_json(model_data(model))) for model in found.models]
    replayed = loaded(file).policy(again, models)
    assert replayed == plan
    assert over_json(plan.to_dict()) == replayed.to_dict()
    assert str(replayed) == str(plan)


def over_json(values: object) -> dict[str, object]:
    """What a file gives back."""
    return cast("dict[str, object]", json.loads(json.dumps(values, allow_nan=False)))


def test_another_process_plans_the_same() -> None:
    """Records of any decision give the same plans in a process with another hash seed."""
    records: list[Record] = []

    @given(written(), st.data())
    @settings(ANY, derandomize=True, database=None)
    def collect(file: Written, data: st.DataObject) -> None:
        found = loaded(file)
        seen = data.draw(situations(found.models))
        plan = found.policy(seen, found.models)
        policy = PolicyText(file.text, found.name)
        records.append(Record(seen, found.models, plan, policy, "0"))

    collect()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", REPLAY],
            input=json.dumps([one.to_dict() for one in records]),
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        plans = [json.loads(line) for line in done.stdout.splitlines()]
        assert plans == [one.plan.to_dict() for one in records]
