"""A conversation begun on any model goes on with any other: all pairs of the catalog's wires."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.catalog import model, provider, provider_names, resolve
from llmroute.catalog.endpoints import places_of
from llmroute.errors import RequestError
from llmroute.providers import open_codec
from llmroute.types.messages import Message, ReasoningBlock, ToolCall
from llmroute.types.requests import Request
from llmroute.types.tools import Tool
from tests.providers.calls import call_to
from tests.providers.conversations import conversations
from tests.providers.wires import VALID, objects

if TYPE_CHECKING:
    from llmroute.catalog import ModelOptions
    from llmroute.types.models import Model
    from tests.providers.wires import Json

PLACES = {"resource": "contoso", "account": "0a1b2c", "region": "eu", "api_version": "2024-10-21"}
TOOL = Tool("f", "A function.")


def _models() -> dict[str, Model]:
    """One model of each provider that chats, and of each API that a provider has."""
    found: dict[str, Model] = {}
    for name in provider_names():
        entry = provider(name)
        if entry is None or entry.local:
            continue
        ids = {one.api: id_ for id_, one in entry.models.items()} | (
            {entry.api: "vendor-1"} if entry.any_model or entry.server else {}
        )
        for api, id_ in ids.items():
            if api in VALID:
                found[f"{name}/{api}"] = _made(name, id_)
    return found


def _made(name: str, id_: str) -> Model:
    """Declare and resolve a model, with whatever its address needs."""
    entry = provider(name)
    assert entry is not None
    options: dict[str, object] = {"use": f"{name}/{id_}"}
    options |= {place: PLACES[place] for place in places_of(entry)}
    if name == "openai-compatible":
        options = {"use": name, "model": id_}
    if entry.server and entry.base_url is None:
        options["base_url"] = "http://127.0.0.1:9/v1"
    return resolve(model("m", **cast("ModelOptions", options)))


def _quirky(*quirks: str) -> Model:
    """Declare a server that differs from the API as these quirks say."""
    options: dict[str, object] = {"use": "tgi/m", "abilities": ["tools"], "quirks": quirks}
    return resolve(model("m", **cast("ModelOptions", options)))


MODELS = _models() | {
    "declared/turns": _quirky("user_first", "system_first"),
    "declared/no-system": _quirky("user_first", "no_system"),
}
DIALECTS = sorted({one.dialect for one in MODELS.values()})


def body_of(receiver: Model, messages: tuple[Message, ...], tools: tuple[Tool, ...]) -> Json:
    """What `receiver` is sent."""
    call = call_to("http://127.0.0.1:9", request=Request(messages, tools=tools))
    request = open_codec(receiver.api).encode(call._replace(model=receiver))
    return cast("Json", json.loads(request.content))


def test_every_chat_wire_is_among_them() -> None:
    """The pairs are those of four wires and at least fifteen providers."""
    assert {one.api for one in MODELS.values()} == set(VALID)
    assert len({one.provider for one in MODELS.values()}) >= 15


@pytest.mark.parametrize("receiver", MODELS)
@settings(max_examples=20, deadline=None)
@given(messages=conversations(DIALECTS), offered=st.booleans())
def test_any_history_is_valid_for_any_model(
    receiver: str,
    messages: tuple[Message, ...],
    offered: bool,
) -> None:
    """Whatever other models said, thought and asked for, the receiving wire can take it."""
    one = MODELS[receiver]
    body = body_of(one, messages, (TOOL,) if offered else ())
    VALID[one.api](body, one)
    thoughts = {said for said in map(_thought, objects(body, "messages")) if said}
    assert thoughts <= _own(messages, one)


def _thought(message: Json) -> object:
    return message.get("reasoning_content")


def _own(messages: tuple[Message, ...], one: Model) -> set[str]:
    """What `one` itself thought, or nobody knows who: the only thoughts that it is told of."""
    blocks = [part for said in messages for part in said.parts if isinstance(part, ReasoningBlock)]
    return {
        block.text
        for block in blocks
        if block.dialect == one.dialect or (not block.dialect and not block.data)
    }


# A history, and what the wire of a model must be told of it: each was once told otherwise.
CALL = ToolCall("call_1", "functions.my tool:v2", {"city": "Oslo"})
ASKED = (Message.user("go"), Message.assistant(CALL), Message.tool(CALL, "rain"))
ELSEWHERE = ReasoningBlock("a thought", "openai-chat at https://api.example.com")


def test_mistral_hears_no_user_right_behind_a_tool() -> None:
    """The model speaks between the results of tools and the user."""
    one = MODELS["mistral/openai-chat"]
    body = body_of(one, (*ASKED, Message.user("and?")), ())
    roles = [message["role"] for message in objects(body, "messages")]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]


@pytest.mark.parametrize("receiver", MODELS)
def test_names_of_tools_fit_every_wire(receiver: str) -> None:
    """A name that no wire takes is sent to none; where tools are spoken of, words may hold it."""
    one = MODELS[receiver]
    body = body_of(one, (*ASKED, Message.user("and?")), (TOOL,))
    VALID[one.api](body, one)
    spoken = "tools" not in one.abilities
    assert ("functions.my tool:v2" in json.dumps(body)) == spoken
    assert ("functions_my_tool_v2" in json.dumps(body)) != spoken


def test_deepseek_is_not_told_the_thoughts_of_others() -> None:
    """Bare thoughts of another model are not sent as its own; those of unknown origin are."""
    one = MODELS["deepseek/openai-chat"]
    for block, told in ((ELSEWHERE, False), (ReasoningBlock("a thought"), True)):
        history = (Message.user("go"), Message.assistant(block, CALL), *ASKED[2:])
        assert ("a thought" in json.dumps(body_of(one, history, (TOOL,)))) == told


def test_tgi_is_told_roles_by_turns_and_words_apart() -> None:
    """Two users in a row are one; a call in words stands apart from the text beside it."""
    one = MODELS["tgi/openai-chat"]
    said = (Message.user("one"), Message.user("two"), Message.assistant("Let me see.", CALL))
    first, second, _ = objects(body_of(one, (*said, *ASKED[2:]), ()), "messages")
    assert first["content"] == "one\n\ntwo"
    assert str(second["content"]).startswith("Let me see.\n\n[asked the tool")


def test_declared_quirks_reach_the_wire() -> None:
    """A server that was declared to take no system message is sent none."""
    history = (Message.system("Be terse."), Message.user("hi"))
    body = body_of(MODELS["declared/no-system"], history, ())
    assert body["messages"] == [{"role": "user", "content": "Be terse.\n\nhi"}]


@pytest.mark.parametrize("api", VALID)
@pytest.mark.parametrize("field", ["messages", "input", "contents", "system", "instructions"])
def test_no_wire_takes_another_prompt(api: str, field: str) -> None:
    """extra_body replaces neither conversation nor instruction, on any wire."""
    one = next(one for one in MODELS.values() if one.api == api)
    request = Request((Message.user("hi"),), extra_body={field: []})
    call = call_to("http://127.0.0.1:9", request=request)._replace(model=one)
    with pytest.raises(RequestError, match="may not be set"):
        open_codec(api).encode(call)
