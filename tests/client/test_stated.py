"""Facts of a single call: over those of the policy, for that call alone."""

from __future__ import annotations

import pytest

import llmroute
from llmroute import Client, NoCandidateError, RequestError
from llmroute.client.stated import MOST, Stated
from llmroute.testing import ScriptedProvider
from llmroute.types.messages import Message
from llmroute.types.plans import Facts
from llmroute.types.requests import Request

HOME = {"purposes": ["chat"], "monthly_active_users": {"2023-06": 0}}


def client() -> Client:
    """A client of one model under the license of Llama 2."""
    provider = ScriptedProvider("a", "b", "c")
    model = llmroute.model("m", use="scripted", provider=provider, license="llama-2")
    return Client(models=[model], facts=HOME)


def test_a_call_states_facts_of_its_own() -> None:
    """What one call is for may be denied, and the next call is as before."""
    with client() as asked:
        assert asked.chat("hi").text == "a"
        with pytest.raises(NoCandidateError) as caught:
            asked.chat("hi", facts={"purposes": ["synthetic_data"]})
        assert caught.value.plan.refused[0].clause == "1.b.v"
        assert asked.chat("hi").text == "b"
        million = {"monthly_active_users": {"2023-06": 701_000_000}}
        assert asked.plan("hi", facts=million).refused[0].clause == "2"
        tied = asked.with_options(facts={"purposes": ["distill:llama-2"]})
        assert tied.chat("hi").text == "c"


def test_a_wrong_fact_is_named() -> None:
    """A fact that there is not is an error of the call, with the nearest right one."""
    with client() as asked, pytest.raises(RequestError, match="Did you mean 'purposes'") as caught:
        asked.chat("hi", facts={"purpose": ["chat"]})
    assert caught.value.where == "facts.purpose"


def test_equal_facts_are_one_object() -> None:
    """Licenses are judged once for equal facts, and the memory of them is bounded."""
    stated = Stated(Facts(commercial=True))

    def request(users: int) -> Request:
        over = Facts(monthly_active_users=(("now", users),))
        return Request((Message.user("hi"),), facts=over)

    assert stated.of(request(1)) is stated.of(request(1))
    assert stated.of(request(1)).commercial is True
    found = [stated.of(request(users)) for users in range(2 * MOST)]
    assert len(set(found)) == 2 * MOST
