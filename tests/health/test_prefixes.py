"""Prefixes: what the caches of providers still hold of a prompt makes it cheaper there."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import llmroute
from llmroute import AsyncClient, Client, Image, Message, Request, Usage, policies
from llmroute.health.prefixes import MOST_TRAILS, Prefixes, marks_of
from llmroute.testing import Fail, ScriptedProvider, VirtualClock
from llmroute.types.models import Model
from llmroute.types.prices import Price
from llmroute.types.reply import Attempt
from tests.policies.helpers import situation

CACHED = Price(Decimal(2), Decimal(8), cached_input=Decimal("0.2"))
FAR = Model("far", "test", "far", "openai-chat", price=CACHED)
SYSTEM = Message.system("Answer as the handbook says. " * 300)
ASKED = Request((SYSTEM, Message.user("What about holidays?")))
LATER = Request((*ASKED.messages, Message.assistant("Take them."), Message.user("How many?")))


def attempt(usage: Usage, model: Model = FAR) -> Attempt:
    """An attempt that answered."""
    return Attempt(1, model, "answered", 0.0, 1.0, usage=usage)


def after(usage: Usage, model: Model = FAR, request: Request = ASKED) -> Prefixes:
    """What is remembered after one answer at 0 s."""
    prefixes = Prefixes()
    prefixes.note(attempt(usage, model), request, 0.0)
    return prefixes


def test_a_conversation_goes_on_from_what_was_sent() -> None:
    """All of the last prompt is held when the next one begins with it."""
    prefixes = after(Usage(2000, 10))
    assert prefixes.held(LATER, [FAR], 10.0) == {"far": 2000}
    assert prefixes.held(ASKED, [FAR], 10.0) == {"far": 2000}


def test_another_question_shares_the_instruction() -> None:
    """Where only the first messages are the same, their share of the tokens is held."""
    other = Request((SYSTEM, Message.user("And what about sick leave, if I may ask?")))
    held = after(Usage(2000, 10)).held(other, [FAR], 10.0)["far"]
    share = len(SYSTEM.text) / (len(SYSTEM.text) + len("What about holidays?"))
    assert held == int(2000 * share)


def test_another_beginning_shares_nothing() -> None:
    """A changed instruction, other tools or a picture in front leave nothing of it."""
    prefixes = after(Usage(2000, 10))
    tool = llmroute.Tool("look")
    for other in (
        Request((Message.system("Be kind."), *ASKED.messages[1:])),
        Request(ASKED.messages, tools=(tool,)),
        Request((Message.user(Image(url="https://a.example/a.png")), *ASKED.messages)),
    ):
        assert prefixes.held(other, [FAR], 10.0) == {}


def test_what_was_sent_is_forgotten_by_the_provider() -> None:
    """After its life in the cache nothing is held; a mark for an hour holds for an hour."""
    assert after(Usage(2000, 10)).held(LATER, [FAR], 300.0) == {}
    marked = Model("far", "test", "far", "anthropic-messages", price=CACHED, cache="1h")
    prefixes = after(Usage(2000, 10, 0, 1900), marked)
    assert prefixes.held(LATER, [marked], 3599.0) == {"far": 1900}
    assert prefixes.held(LATER, [marked], 3600.0) == {}


def test_a_short_prompt_is_not_kept() -> None:
    """Caches begin at 1,024 tokens."""
    assert after(Usage(1023, 10)).held(LATER, [FAR], 1.0) == {}


def test_what_must_be_marked_is_held_as_reported() -> None:
    """An API that keeps what it is told to keep reports what it wrote; else nothing is held."""
    model = Model("far", "test", "far", "anthropic-messages", price=CACHED)
    assert after(Usage(2000, 10), model).held(LATER, [model], 1.0) == {}


def test_without_a_price_of_cached_input_nothing_is_remembered() -> None:
    """Where reading from the cache costs what reading does, nothing is counted."""
    plain = Model("far", "test", "far", "openai-chat", price=Price(Decimal(2), Decimal(8)))
    assert after(Usage(2000, 10), plain).held(LATER, [plain], 1.0) == {}


def test_a_provider_whose_cache_did_nothing_is_doubted() -> None:
    """What was expected and not read is expected no more, until the provider reads some."""
    prefixes = after(Usage(2000, 10))
    prefixes.note(attempt(Usage(2100, 10)), LATER, 5.0)
    assert prefixes.held(LATER, [FAR], 6.0) == {}
    prefixes.note(attempt(Usage(2100, 10, 2000)), LATER, 7.0)
    assert prefixes.held(LATER, [FAR], 8.0) == {"far": 2100}


def test_attempts_at_once_do_not_make_a_provider_doubted() -> None:
    """Of two attempts that ran at once, the later answer could not read what the earlier wrote."""
    prefixes = after(Usage(2000, 10))
    prefixes.note(attempt(Usage(2000, 10)), ASKED, 0.5)
    assert prefixes.held(LATER, [FAR], 1.0) == {"far": 2000}
    prefixes.note(attempt(Usage(2000, 10)), ASKED, 2.0)
    assert prefixes.held(LATER, [FAR], 3.0) == {}


def test_where_writing_has_a_price_whole_prompts_are_kept_for_half_an_hour() -> None:
    """OpenAI's models since GPT-5.6 find a whole earlier prompt, no part of one."""
    price = Price(Decimal(2), Decimal(8), Decimal("0.2"), cache_write=Decimal("2.5"))
    new = Model("new", "test", "new", "openai-chat", price=price)
    prefixes = after(Usage(2000, 10), new)
    assert prefixes.held(LATER, [new], 1799.0) == {"new": 2000}
    assert prefixes.held(LATER, [new], 1800.0) == {}
    assert prefixes.held(Request((SYSTEM, Message.user("And sick leave?"))), [new], 1.0) == {}


def test_a_tool_with_other_parameters_is_another_beginning() -> None:
    """Tools stand in front of a prompt with all that they say."""
    tools = [llmroute.Tool("look", parameters={"type": "object", "title": at}) for at in "ab"]
    asked = [Request(ASKED.messages, tools=(tool,)) for tool in tools]
    prefixes = after(Usage(2000, 10), request=asked[0])
    assert prefixes.held(asked[0], [FAR], 1.0) == {"far": 2000}
    assert prefixes.held(asked[1], [FAR], 1.0) == {}


def test_failed_and_estimated_attempts_tell_nothing() -> None:
    """Only what a provider reported of an answer counts."""
    prefixes = after(Usage(2000, 10, estimated=True))
    prefixes.note(Attempt(1, FAR, "failed", 0, 1, usage=Usage(2000, 0)), ASKED, 0.0)
    prefixes.note(Attempt(1, FAR, "answered", 0, 1), ASKED, 0.0)
    assert prefixes.held(LATER, [FAR], 1.0) == {}


def test_memory_is_bounded() -> None:
    """Of each model the newest prompts are remembered, and only so many."""
    prefixes = Prefixes()
    asked = [Request((SYSTEM, Message.user(f"Question {at}"))) for at in range(MOST_TRAILS + 1)]
    for one in asked:
        prefixes.note(attempt(Usage(2000, 10, 1900)), one, 0.0)
    assert prefixes.held(asked[-1], [FAR], 1.0) == {"far": 2000}
    assert prefixes.held(asked[0], [FAR], 1.0)["far"] < 2000


def test_only_numbers_are_kept() -> None:
    """What is remembered of a prompt holds none of its text."""
    marks, sizes = marks_of(LATER)
    assert len(marks) == len(sizes) == 4
    assert all(isinstance(one, int) for one in (*marks, *sizes))


def test_the_model_that_holds_the_prompt_is_cheaper() -> None:
    """A policy by cost stays where the conversation is cached, and says how much is held."""
    near = llmroute.model(
        "near",
        use="scripted",
        provider=ScriptedProvider("a", "b", usage=Usage(2000, 10)),
        price={"input": 2, "output": 8, "cached_input": 0.2},
    )
    cheap = llmroute.model(
        "cheap",
        use="scripted",
        provider=ScriptedProvider(Fail("overloaded"), "c", "d", usage=Usage(2000, 10)),
        price={"input": 1, "output": 8},
    )
    clock = VirtualClock()
    history = [SYSTEM, Message.user("What about holidays?")]
    policy = policies.best(policies.cost_usd)
    with Client(models=[near, cheap], policy=policy, clock=clock) as client:
        first = client.chat(history, max_tokens=10)
        assert [one.model.name for one in first.attempts] == ["cheap", "near"]
        history += [first.message, Message.user("How many?")]
        plan = client.plan(history, max_tokens=10)
        assert plan.model is not None
        held = min(2000, plan.tokens.value)  # no more than the prompt is thought to have
        assert (plan.model.name, plan.candidates[0].held_tokens) == ("near", held)
        assert f"({held}" in str(plan)
        clock.advance(301)
        later = client.plan(history, max_tokens=10).model
    assert later is not None
    assert later.name == "cheap"


def test_async_calls_are_remembered_too() -> None:
    """Both colors keep the same memory."""
    asyncio.run(_ask_twice())


async def _ask_twice() -> None:
    provider = ScriptedProvider("a", usage=Usage(2000, 10))
    model = llmroute.model("m", use="scripted", provider=provider, price=CACHED)
    async with AsyncClient(models=[model]) as client:
        await client.chat(list(ASKED.messages))
        assert client.plan(list(LATER.messages)).candidates[0].held_tokens > 1024


def test_cost_counts_what_is_held_at_the_price_of_reading() -> None:
    """Held tokens cost cached_input, the rest costs input."""
    from llmroute.policies.objectives import expected_cost_usd

    seen = situation(tokens=3000)._replace(held={"far": 2000})
    cost = expected_cost_usd(seen, FAR)
    assert cost == (2000 * Decimal("0.2") + 1000 * 2 + 256 * 8) / Decimal(10**6)
