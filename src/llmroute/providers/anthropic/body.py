"""The body of a request to the Messages API."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError
from llmroute.types.tools import TOOL_CHOICES

from ..bodies import endpoint_of, sampling_of
from ..history import adapted
from .content import THOUGHTS, add, blocks_in, system_of, turns_of
from .schema import closed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmroute.types.calls import Call
    from llmroute.types.messages import Message
    from llmroute.types.requests import ReasoningEffort

    from ..shapes import Json

WIRE = frozenset({"merge_roles", "system_first", "user_first", "tools_with_history"})
"""What holds for every model of this API."""
MAX_TOKENS = 4096
"""The API must be told; this holds where neither the request nor the catalog says."""
LEAST_BUDGET = 1024
"""The API takes no smaller budget for thinking."""
BUDGETS = {"minimal": LEAST_BUDGET, "low": 4096, "medium": 16_384, "high": 32_768}
EFFORTS = {"minimal": "low", "low": "low", "medium": "medium", "high": "high"}
NAMES = {"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "stop": "stop_sequences"}
HOTTEST = 1.0
"""The highest temperature of this API; others go to 2."""
ANSWER_TOOL = "give_answer"
REQUIRED: Json = {"type": "any"}
FORBIDDEN: Json = {"type": "none"}
DISABLED: Json = {"type": "disabled"}
BETWEEN_TOOLS: Json = {"type": "between_tools"}


class Asked(NamedTuple):
    """What decides together: `output_tool` carries the answer where there is no strict schema."""

    schema: Json | None
    output_tool: str | None
    tool_choice: Json | None
    thinking: Json


def body_of(call: Call) -> Json:
    """Write the body; raises AttemptError for what the model cannot be asked for."""
    messages = adapted(call, endpoint_of(call).quirks | WIRE)
    turns = _turns(call, messages)
    asked = _asked(call, turns)
    thinking = asked.thinking.get("type") in {"adaptive", "enabled"}
    body: Json = {
        "model": endpoint_of(call).wire_model,
        "max_tokens": _max_tokens(call),
        "messages": turns,
    }
    if system := system_of(messages):
        body["system"] = system
    body |= _sampling(call, thinking=thinking) | _tools(call, asked) | _thinking_fields(call, asked)
    if call.stream:
        body["stream"] = True
    if call.model.cache is not None:
        _mark(body, call.model.cache)
    return body


def output_tool(call: Call) -> str | None:
    """The name of the tool whose arguments are the answer; None when the answer is text."""
    schema = _schema(call)
    if call.request.output is None or schema is not None:
        return None
    name = ANSWER_TOOL
    while any(tool.name == name for tool in call.request.tools):
        name += "_"
    return name


def _asked(call: Call, turns: list[Json]) -> Asked:
    carrier = output_tool(call)
    choice = _tool_choice(call, carrier)
    forced = choice is not None and choice["type"] in {"any", "tool"}
    if forced and "reasoning" in call.model.abilities:
        return Asked(_schema(call), carrier, choice, _no_thought(call))
    budgeted = not (call.prefix or _calls_unthinking(turns))
    return Asked(_schema(call), carrier, choice, _thinking(call, budgeted=budgeted))


def _no_thought(call: Call) -> Json:
    """Say that the model is not to think: a tool that must be called is an error while it does.

    https://platform.claude.com/docs/en/build-with-claude/thinking-tool-workflows
    """
    quirks = endpoint_of(call).quirks
    return DISABLED if "reasons_unasked" in quirks and "always_reasons" not in quirks else {}


def _calls_unthinking(turns: list[Json]) -> bool:
    """Whether tools that were called without a thought before have just answered."""
    if len(turns) < 2 or blocks_in(turns[-1])[0]["type"] != "tool_result":  # noqa: PLR2004
        return False
    return blocks_in(turns[-2])[0]["type"] not in THOUGHTS


def _schema(call: Call) -> Json | None:
    """The strict schema of the answer; None when there is none, or the API cannot hold it."""
    output = call.request.output
    strict = output is not None and "schema" in call.model.abilities
    return closed(output.schema) if strict and output is not None else None


def _tool_choice(call: Call, carrier: str | None) -> Json | None:
    """Say which tool must be called; raises AttemptError when the model cannot be made to."""
    request = call.request
    choice = request.tool_choice if request.tools else "auto"
    if "no_forced_tools" in endpoint_of(call).quirks:
        if choice not in {"auto", "none"}:
            reason = "the model cannot be made to call a tool: leave tool_choice at auto"
            raise AttemptError("bad_request", reason)
        carrier = None
    if choice not in TOOL_CHOICES:
        return {"type": "tool", "name": choice}
    if carrier is None:
        return {"required": REQUIRED, "none": FORBIDDEN}.get(choice)
    return REQUIRED if request.tools and choice != "none" else {"type": "tool", "name": carrier}


def _thinking(call: Call, *, budgeted: bool) -> Json:
    """Say how the model thinks: by an effort, or a budget of tokens; empty leaves it to the model.

    A budget gives way to what the API does not take beside it: a prefix, and a call that was made
    without a thought.
    """
    effort = call.request.reasoning
    quirks = endpoint_of(call).quirks
    if effort is None or "reasoning" not in call.model.abilities:
        return {}
    if effort == "none" and "always_reasons" not in quirks:
        return BETWEEN_TOOLS if "reasons_between_tools" in quirks else DISABLED
    if "reasoning_budget" in quirks:
        return _budget(call, effort) if budgeted else {}
    return {"type": "adaptive", "display": "summarized"}


def _budget(call: Call, effort: ReasoningEffort) -> Json:
    """Say how many tokens thinking may take; they count as the answer's, and leave it half."""
    tokens = min(BUDGETS.get(effort, LEAST_BUDGET), _max_tokens(call) // 2)
    return {"type": "enabled", "budget_tokens": tokens} if tokens >= LEAST_BUDGET else {}


def _thinking_fields(call: Call, asked: Asked) -> Json:
    fields: Json = {"thinking": asked.thinking} if asked.thinking else {}
    config: Json = {}
    if asked.thinking.get("type") == "adaptive":
        config["effort"] = EFFORTS.get(call.request.reasoning or "", "low")
    if asked.schema is not None:
        config["format"] = {"type": "json_schema", "schema": asked.schema}
    return fields | ({"output_config": config} if config else {})


def _max_tokens(call: Call) -> int:
    return call.request.sampling.max_tokens or call.model.max_output_tokens or MAX_TOKENS


def _sampling(call: Call, *, thinking: bool) -> Json:
    fields = sampling_of(call, reasons=thinking)
    if isinstance(heat := fields.get("temperature"), int | float):
        fields["temperature"] = min(heat, HOTTEST)
    if fields.get("top_k") == 0:  # all tokens, as if nothing was said
        del fields["top_k"]
    return {NAMES[name]: value for name, value in fields.items() if name in NAMES}


def _turns(call: Call, messages: Iterable[Message]) -> list[Json]:
    turns = turns_of(messages)
    if call.prefix:
        if "no_prefill" in endpoint_of(call).quirks:
            raise AttemptError("bad_request", "an answer cannot be begun for the model")
        add(turns, "assistant", [{"type": "text", "text": call.prefix}])
    if turns and turns[-1]["role"] == "assistant":
        last = blocks_in(turns[-1])[-1]
        if last["type"] == "text":
            last["text"] = str(last["text"]).rstrip()  # the API refuses blanks at the end
    return turns


def _tools(call: Call, asked: Asked) -> Json:
    tools = [_tool(tool.name, tool.description, tool.parameters) for tool in call.request.tools]
    output = call.request.output
    if asked.output_tool is not None and output is not None:
        told = "Gives the final answer. Call it once, with the whole answer."
        tools.append(_tool(asked.output_tool, told, output.schema))
    if not tools:
        return {}
    choice: Json = {} if asked.tool_choice is None else {"tool_choice": asked.tool_choice}
    return {"tools": tools} | choice


def _tool(name: str, description: str, schema: Mapping[str, object]) -> Json:
    told: Json = {"description": description} if description else {}
    return {"name": name} | told | {"input_schema": dict(schema)}


def _mark(body: Json, life: str) -> None:
    """Mark what stays the same from turn to turn: tools, instructions, and all that was said."""
    mark: Json = {"type": "ephemeral"} if life == "5m" else {"type": "ephemeral", "ttl": life}
    said = [turn for turn in cast("list[Json]", body["messages"]) if turn["role"] == "user"]
    marked = [body.get("tools"), body.get("system"), said[-1]["content"] if said else None]
    for blocks in marked:
        if blocks is not None:
            cast("list[Json]", blocks)[-1]["cache_control"] = mark
