"""The body of a request to Gemini's own API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.tools import TOOL_CHOICES

from ..bodies import endpoint_of, sampling_of
from ..history import adapted
from ..openai.output import told
from .content import contents_of, instruction_of

if TYPE_CHECKING:
    from llmroute.types.calls import Call

    from ..shapes import Json

WIRE = frozenset({"system_first", "user_first", "merge_roles"})
"""What holds for every model of this API."""
NAMES = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "stop": "stopSequences",
    "seed": "seed",
}
# How Google's own compatible endpoint reads an effort, for models that are told tokens.
# Source: https://ai.google.dev/gemini-api/docs/openai
BUDGETS = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576}
LEAST_BUDGET = 128
"""The least of models that always think."""
MODES = {"auto": "AUTO", "required": "ANY", "none": "NONE"}


def body_of(call: Call) -> Json:
    """Write the body; raises AttemptError for what the model cannot be asked for."""
    quirks = endpoint_of(call).quirks
    messages = adapted(call, quirks | WIRE)
    if not _held(call):
        messages = tuple(told(call, messages))
    contents = contents_of(messages, signed="signed_calls" in quirks)
    if call.prefix:
        if "no_prefill" in quirks:
            raise AttemptError("bad_request", "an answer cannot be begun for the model")
        contents.append({"role": "model", "parts": [{"text": call.prefix}]})
    body: Json = {"contents": contents}
    instruction = instruction_of(messages)
    if instruction is not None:
        body["systemInstruction"] = instruction
    config = _sampling(call) | _output(call) | _thinking(call)
    if config:
        body["generationConfig"] = config
    return body | _tools(call)


def _sampling(call: Call) -> Json:
    fields: Json = {}
    if call.request.sampling.max_tokens is not None:
        fields["maxOutputTokens"] = call.request.sampling.max_tokens
    for name, value in sampling_of(call).items():
        if name in NAMES and (name, value) != ("top_k", 0):  # 0: all tokens, as if nothing was said
            fields[NAMES[name]] = value
    return fields


def _output(call: Call) -> Json:
    output = call.request.output
    if output is None:
        return {}
    mode: Json = {"responseMimeType": "application/json"}
    return mode | ({"responseJsonSchema": dict(output.schema)} if _held(call) else {})


def _held(call: Call) -> bool:
    """Whether the API holds the model to the schema; where it does not, the model is told of it.

    A schema may hold itself within properties that may be left out, and only there:
    https://ai.google.dev/api/generate-content (responseJsonSchema)
    """
    output = call.request.output
    able = "schema" in call.model.abilities
    if output is None:
        return able
    from llmroute.schemas.limits import loops  # plain text loads no schemas

    return able and not loops(output.schema)


def _thinking(call: Call) -> Json:
    """Say how the model thinks: by a level, or a budget of tokens; empty leaves it to the model."""
    effort = call.request.reasoning
    quirks = endpoint_of(call).quirks
    if effort is None or "reasoning" not in call.model.abilities:
        return {}
    shown: Json = {"includeThoughts": effort != "none"}
    if "reasoning_budget" in quirks:
        none = LEAST_BUDGET if "always_reasons" in quirks else 0
        return {"thinkingConfig": shown | {"thinkingBudget": BUDGETS.get(effort, none)}}
    level = "minimal" if effort == "none" else effort
    if level == "minimal" and "no_minimal_reasoning" in quirks:
        level = "low"
    return {"thinkingConfig": shown | {"thinkingLevel": level.upper()}}


def _tools(call: Call) -> Json:
    request = call.request
    if not request.tools:
        return {}
    declared: list[Json] = []
    for tool in request.tools:
        function: Json = {"name": tool.name, "description": tool.description}
        if tool.parameters.get("properties"):
            function["parametersJsonSchema"] = dict(tool.parameters)
        declared.append(function)
    fields: Json = {"tools": [{"functionDeclarations": declared}]}
    choice = request.tool_choice
    if choice == "auto":
        return fields
    config: Json = {"mode": MODES.get(choice, "ANY")}
    if choice not in TOOL_CHOICES:
        config["allowedFunctionNames"] = [choice]
    return fields | {"toolConfig": {"functionCallingConfig": config}}
