"""The shape that an answer must have, as both OpenAI APIs are told of it.

A model with the ability "schema" is held to the schema by its server. One with "json" alone is held
to JSON, and told the schema in words. A plan refuses one that has neither.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llmroute.types.messages import Message

from ..bodies import endpoint_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.calls import Call
    from llmroute.types.tools import OutputSpec

    from ..shapes import Json

LONGEST_NAME = 64
_UNNAMEABLE = re.compile(r"[^a-zA-Z0-9_-]")
_MODE = {"type": "json_object"}


def chat_format(call: Call) -> Json:
    """The field of chat completions that asks for the call's output; none without one."""
    output = call.request.output
    if output is None:
        return {}
    if "schema" in call.model.abilities:
        return {"response_format": {"type": "json_schema", "json_schema": _schema(output)}}
    return {"response_format": _MODE}


def response_format(call: Call) -> Json:
    """The same field of the Responses API."""
    output = call.request.output
    if output is None:
        return {}
    if "schema" in call.model.abilities:
        return {"text": {"format": {"type": "json_schema"} | _schema(output)}}
    return {"text": {"format": _MODE}}


def instructed(call: Call, messages: Sequence[Message]) -> Sequence[Message]:
    """Tell a model of the schema in words, where its server does not hold it to that."""
    return messages if "schema" in call.model.abilities else told(call, messages)


def told(call: Call, messages: Sequence[Message]) -> Sequence[Message]:
    """Tell a model of the schema in words, if there is one.

    The word JSON is among them: JSON mode is refused without it.
    """
    output = call.request.output
    if output is None:
        return messages
    from llmroute.schemas.instructions import instructions  # plain text loads no schemas

    words = instructions(output)
    if messages and messages[0].role == "system":
        return [Message("system", (*messages[0].parts, "\n\n" + words)), *messages[1:]]
    if messages and messages[0].role == "user" and "no_system" in endpoint_of(call).quirks:
        return [Message("user", (words + "\n\n", *messages[0].parts)), *messages[1:]]
    return [Message.system(words), *messages]


def _schema(output: OutputSpec) -> Json:
    """The schema, strict where it has such a form."""
    from llmroute.schemas.strict import strict_schema

    strict = strict_schema(output.schema)
    schema = dict(output.schema) if strict is None else strict
    return {"name": _name(output), "schema": schema, "strict": strict is not None}


def _name(output: OutputSpec) -> str:
    """The output's name, in the letters and the length that the API takes."""
    return _UNNAMEABLE.sub("_", output.name)[:LONGEST_NAME] or "output"
