"""The system instruction, said again in each turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import llmroute
from llmroute import AsyncClient, Client, Message
from llmroute.testing import ScriptedProvider
from llmroute.types.instruction import repeated
from llmroute.types.messages import Image
from llmroute.types.requests import Request

if TYPE_CHECKING:
    from pathlib import Path

    from llmroute.catalog import PriceTable

PNG = Image(data=b"\x89PNG\r\n\x1a\n", media_type="image/png")
TALK = (
    Message.user("one"),
    Message.assistant("1"),
    Message.user("two"),
    Message.assistant("2"),
    Message.user(PNG, "three"),
)


def test_each_turn_but_the_first_gets_it() -> None:
    """The instruction stands before each user turn; the first one has it right before it."""
    request = Request((Message.system("Be terse."), *TALK))
    assert repeated(request).messages == (
        Message.system("Be terse."),
        Message.user("one"),
        Message.assistant("1"),
        Message.user("Be terse.\n\ntwo"),
        Message.assistant("2"),
        Message.user("Be terse.", PNG, "three"),
    )


@pytest.mark.parametrize(
    "messages", [TALK, (Message.system("Be terse."), Message.user("one")), (Message.user("one"),)]
)
def test_nothing_to_repeat_changes_nothing(messages: tuple[Message, ...]) -> None:
    """Without an instruction, or with one turn only, the conversation stays as it is."""
    assert repeated(Request(messages)).messages == messages


POLICY = """
version = 1
[models.a]
use = "openai/gpt-4o-mini"
{model}
[[route]]
when = {{ tags = ["roleplay"] }}
{route}
require = {{ max_cost_usd = 1 }}
"""


@pytest.mark.parametrize(
    ("model", "route", "tags", "again"),
    [
        ("", "", ["roleplay"], False),
        ("repeat_instruction = true", "", [], True),
        ("repeat_instruction = false", "", [], False),
        ("", "repeat_instruction = true", ["roleplay"], True),
        ("", "repeat_instruction = true", [], False),
        ("", "repeat_instruction = false", ["roleplay"], False),
    ],
)
def test_a_model_or_a_route_asks_for_it(
    tmp_path: Path, model: str, route: str, tags: list[str], *, again: bool
) -> None:
    """A model's declaration has it for all requests, a route for those that match; plans say so."""
    file = tmp_path / "llmroute.toml"
    file.write_text(POLICY.format(model=model, route=route), encoding="utf-8")
    provider = ScriptedProvider("ok")
    with Client(file, providers={"a": provider}) as client:
        plan = client.plan(list(TALK[:3]), system="Be terse.", tags=tags)
        client.chat(list(TALK[:3]), system="Be terse.", tags=tags)
    said = provider.calls[0].request.messages[3].text
    assert said == ("Be terse.\n\ntwo" if again else "two")
    assert plan.repeat_instruction == (again and not model)


async def _ask(client: AsyncClient) -> None:
    async with client:
        await client.chat(list(TALK[:3]), system="Be terse.")


def test_it_is_the_same_with_asyncio() -> None:
    """Both colors send the same."""
    import asyncio

    provider = ScriptedProvider("ok")
    one = llmroute.model("a", use="own", provider=provider, repeat_instruction=True)
    asyncio.run(_ask(AsyncClient(models=[one])))
    assert provider.calls[0].request.messages[3].text == "Be terse.\n\ntwo"


def test_what_is_repeated_counts() -> None:
    """The plan's tokens, cost and window are those of the request as it is sent."""
    talk = [one for _ in range(10) for one in (Message.user("and?"), Message.assistant("so."))]
    talk.append(Message.user("and?"))
    system = "Answer with care. " * 100
    provider = ScriptedProvider("ok")
    price: PriceTable = {"input": 1, "output": 1}
    once = llmroute.model("once", use="own", provider=provider, price=price)
    again = llmroute.model(
        "again", use="own", provider=provider, price=price, repeat_instruction=True
    )
    small = llmroute.model(
        "small", use="own", provider=provider, repeat_instruction=True, context_tokens=2000
    )
    with Client(models=[once, again, small]) as client:
        plan = client.plan(talk, system=system)
        reply = client.chat(talk, system=system, model="again")
    costs = [one.cost_usd for one in plan.candidates]
    assert costs[0] is not None
    assert costs[1] is not None
    assert costs[1] > 5 * costs[0]
    assert [(one.model.name, one.rule) for one in plan.refused] == [("small", "context")]
    assert reply.usage.estimated
    assert reply.usage.input_tokens > 5 * plan.tokens.value
