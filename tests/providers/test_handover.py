"""A conversation begun on any model goes on with any other: all pairs of the catalog's wires."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmroute.catalog import model, provider, provider_names, resolve
from llmroute.catalog.endpoints import places_of
from llmroute.providers import open_codec
from llmroute.types.requests import Request
from llmroute.types.tools import Tool
from tests.providers.calls import call_to
from tests.providers.conversations import conversations
from tests.providers.wires import VALID

if TYPE_CHECKING:
    from llmroute.catalog import ModelOptions
    from llmroute.types.messages import Message
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


MODELS = _models()
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
    VALID[one.api](body_of(one, messages, (TOOL,) if offered else ()), one)
