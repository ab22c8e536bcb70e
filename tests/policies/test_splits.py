"""Splits: shares by a hash that is the same everywhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from llmroute import policies
from llmroute.errors import PolicyError
from llmroute.policies.splits import WHOLE, split_of
from llmroute.types.messages import Image, Message, ToolCall
from tests.policies.helpers import names, remote, request, situation

if TYPE_CHECKING:
    from llmroute.policies.splits import Split

CANARY = split_of({"old": Decimal(95), "new": Decimal(5)})
MODELS = [remote("old"), remote("new"), remote("spare")]


def share(split: Split, arm: str, count: int = 20_000) -> float:
    """How many of so many requests fall to an arm."""
    return sum(split.arm(request(f"question {n}")) == arm for n in range(count)) / count


def test_the_hash_never_changes() -> None:
    """These requests fall to these arms, on every machine and in every version."""
    even = split_of({"a": Decimal(1), "b": Decimal(1), "c": Decimal(1)}, seed="s")
    assert (
        "".join(even.arm(request(f"question {n}")) for n in range(24)) == "caabbbbaabbbaaccaacababa"
    )


def test_shares_are_what_the_weights_say() -> None:
    """Of many requests each arm gets its share; ends are exact."""
    assert abs(share(CANARY, "new") - 0.05) < 0.005
    assert CANARY.ends == (WHOLE * 95 // 100, WHOLE)
    third = split_of({"a": Decimal("0.1"), "b": Decimal("0.2")})
    assert third.ends == (WHOLE // 3, WHOLE)


def test_a_seed_deals_anew() -> None:
    """Another seed is another deal, independent of the first."""
    again = CANARY._replace(seed="other")
    first = {n for n in range(20_000) if CANARY.arm(request(f"question {n}")) == "new"}
    second = {n for n in range(20_000) if again.arm(request(f"question {n}")) == "new"}
    assert len(first & second) < len(first) / 5


def test_an_arm_of_no_weight_is_never_first() -> None:
    """Weight 0 is fallback only, and stands last."""
    split = split_of({"none": Decimal(0), "a": Decimal(1), "b": Decimal(2)})
    arms = Counter(split.arm(request(str(n))) for n in range(3000))
    assert set(arms) == {"a", "b"}
    assert split_of({"a": Decimal(1), "none": Decimal(0)}).arm(request()) == "a"


def test_the_chosen_arm_is_first_and_the_others_follow_by_weight() -> None:
    """The plan says which arm was chosen, by which share."""
    policy = policies.split({"spare": 6, "old": 90, "new": 4})
    plans = [policy(situation(request(f"question {n}")), MODELS) for n in range(200)]
    orders = {tuple(names(plan)): plan.because for plan in plans}
    assert orders == {
        ("old", "spare", "new"): "split: arm old, 90 of 100",
        ("new", "old", "spare"): "split: arm new, 4 of 100",
        ("spare", "old", "new"): "split: arm spare, 6 of 100",
    }


def test_a_refused_arm_is_told() -> None:
    """If the chosen arm may not answer, the next by weight does, and the plan says so."""
    policy = policies.split({"old": 1, "new": 1})
    free = policy(situation(), MODELS)
    chosen, other = names(free)
    plan = policy(situation(unavailable={chosen: "no key"}), MODELS)
    assert names(plan) == [other]
    assert plan.because == f"split: arm {chosen}, 1 of 2, which may not answer; next"


def test_the_requests_of_one_customer_stay_together() -> None:
    """By a hint all requests of one value get one arm; without the hint the messages decide."""
    split = CANARY._replace(by="hints.customer", arms=(("old", Decimal(1)), ("new", Decimal(1))))
    split = split._replace(ends=(WHOLE // 2, WHOLE))
    for customer in ("acme", 7, True):
        asked = [replace(request(str(n)), hints={"customer": customer}) for n in range(50)]
        assert len({split.arm(one) for one in asked}) == 1
    assert len({split.arm(request(str(n))) for n in range(50)}) == 2
    one, same, text = (replace(request(), hints={"customer": value}) for value in (1, 1.0, "1"))
    assert split.point(one) == split.point(same) != split.point(text)


def test_everything_of_a_message_counts() -> None:
    """Roles, borders of parts, images and calls make another request; its tags and tasks do not."""
    call = ToolCall("1", "f", {"b": 1, "a": 2})
    asked = [
        (Message.user("ab"),),
        (Message.user("a", "b"),),
        (Message.system("ab"),),
        (Message.user("a"), Message.user("b")),
        (Message.user("ab", Image(data=b"1", media_type="image/png")),),
        (Message.user("ab", Image(data=b"2", media_type="image/png")),),
        (Message.assistant(call),),
        (Message.assistant(replace(call, name="g")),),
    ]
    hashes = {CANARY.point(replace(request(), messages=one)) for one in asked}
    assert len(hashes) == len(asked)
    reordered = Message.assistant(replace(call, arguments={"a": 2, "b": 1}))
    again = CANARY.point(replace(request(), messages=(reordered,)))
    assert again == CANARY.point(replace(request(), messages=asked[6]))
    tagged = replace(request(), tags=("x",), task="code")
    assert CANARY.point(tagged) == CANARY.point(request())
    texts = replace(request(), messages=(), texts=("a",))
    assert CANARY.point(texts) != CANARY.point(replace(texts, texts=("b",)))


@pytest.mark.parametrize(
    ("weights", "by", "key"),
    [
        ({}, "request", "split"),
        ({"a": 0}, "request", "split"),
        ({"a": -1}, "request", "split.a"),
        ({"a": "5"}, "request", "split.a"),
        ({"a": float("nan")}, "request", "split.a"),
        ({"a": True}, "request", "split.a"),
        ({"a": 1}, "customer", "split.by"),
        ({"a": 1}, "hints.", "split.by"),
        ({"a": 1}, 5, "split.by"),
        (["a"], "request", "split"),
    ],
)
def test_wrong_splits(weights: dict[str, float], by: str, key: str) -> None:
    """Weights that make no shares are refused with their key."""
    with pytest.raises(PolicyError) as caught:
        policies.split(weights, by)
    assert caught.value.key == key
