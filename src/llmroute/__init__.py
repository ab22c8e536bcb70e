"""One LLM client with routing: see the choice before you pay, get the answer once and in time.

Everything here is loaded when it is first used; importing the package opens and reads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmroute.catalog import Declaration, model
    from llmroute.catalog.costs import price
    from llmroute.client.asynchronous import AsyncClient, AsyncStream
    from llmroute.client.module import chat, count_tokens
    from llmroute.client.setup import ClientOptions
    from llmroute.client.sync import Client, Stream
    from llmroute.errors import (
        AllFailedError,
        AttemptError,
        ClosedError,
        DeadlineExceededError,
        ForkedError,
        LLMRouteError,
        NoCandidateError,
        PolicyError,
        RequestError,
        StreamBrokenError,
    )
    from llmroute.health import Observations
    from llmroute.health.view import Health
    from llmroute.types.accept import Accept, Draft
    from llmroute.types.calls import Call, Clock, Provider
    from llmroute.types.events import (
        End,
        Event,
        Finish,
        Opened,
        Progress,
        Reasoning,
        ReasoningEnd,
        Restarted,
        Resumed,
        Text,
        ToolCallPart,
        UsageReport,
        Vectors,
    )
    from llmroute.types.faults import Fault, Remedy
    from llmroute.types.limits import Limits, RateLimits
    from llmroute.types.messages import (
        Document,
        Image,
        Message,
        ReasoningBlock,
        ToolCall,
        ToolResult,
    )
    from llmroute.types.models import Model, Upstream
    from llmroute.types.observed import Observed, Predicted
    from llmroute.types.plans import Candidate, Facts, Plan, Refusal, Resting, Situation
    from llmroute.types.prices import LongContext, Price
    from llmroute.types.reply import Attempt, Embeddings, PartialReply, Reply
    from llmroute.types.requests import ChatOptions, EmbedOptions, Request
    from llmroute.types.tools import OutputSpec, Tool
    from llmroute.types.usage import TokenCount, Usage

__version__ = "0.1.0"

_HOMES = {
    "catalog": "Declaration model",
    "catalog.costs": "price",
    "client.asynchronous": "AsyncClient AsyncStream",
    "client.module": "chat count_tokens",
    "client.setup": "ClientOptions",
    "client.sync": "Client Stream",
    "errors": "AllFailedError AttemptError ClosedError DeadlineExceededError ForkedError "
    "LLMRouteError NoCandidateError PolicyError RequestError StreamBrokenError",
    "health": "Observations",
    "health.view": "Health",
    "types.accept": "Accept Draft",
    "types.calls": "Call Clock Provider",
    "types.events": "End Event Finish Opened Progress Reasoning ReasoningEnd Restarted Resumed "
    "Text ToolCallPart UsageReport Vectors",
    "types.faults": "Fault Remedy",
    "types.limits": "Limits RateLimits",
    "types.messages": "Document Image Message ReasoningBlock ToolCall ToolResult",
    "types.models": "Model Upstream",
    "types.observed": "Observed Predicted",
    "types.plans": "Candidate Facts Plan Refusal Resting Situation",
    "types.reply": "Attempt Embeddings PartialReply Reply",
    "types.requests": "ChatOptions EmbedOptions Request",
    "types.tools": "OutputSpec Tool",
    "types.prices": "LongContext Price",
    "types.usage": "TokenCount Usage",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}
_SUBMODULES = {"errors", "policies", "testing"}

__all__ = [  # the names that type checkers see, sorted; `_HOMES` says where each one lives
    "Accept",
    "AllFailedError",
    "AsyncClient",
    "AsyncStream",
    "Attempt",
    "AttemptError",
    "Call",
    "Candidate",
    "ChatOptions",
    "Client",
    "ClientOptions",
    "Clock",
    "ClosedError",
    "DeadlineExceededError",
    "Declaration",
    "Document",
    "Draft",
    "EmbedOptions",
    "Embeddings",
    "End",
    "Event",
    "Facts",
    "Fault",
    "Finish",
    "ForkedError",
    "Health",
    "Image",
    "LLMRouteError",
    "Limits",
    "LongContext",
    "Message",
    "Model",
    "NoCandidateError",
    "Observations",
    "Observed",
    "Opened",
    "OutputSpec",
    "PartialReply",
    "Plan",
    "PolicyError",
    "Predicted",
    "Price",
    "Progress",
    "Provider",
    "RateLimits",
    "Reasoning",
    "ReasoningBlock",
    "ReasoningEnd",
    "Refusal",
    "Remedy",
    "Reply",
    "Request",
    "RequestError",
    "Restarted",
    "Resting",
    "Resumed",
    "Situation",
    "Stream",
    "StreamBrokenError",
    "Text",
    "TokenCount",
    "Tool",
    "ToolCall",
    "ToolCallPart",
    "ToolResult",
    "Upstream",
    "Usage",
    "UsageReport",
    "Vectors",
    "chat",
    "count_tokens",
    "model",
    "price",
]


def __getattr__(name: str) -> object:
    """Load a public name when it is first used."""
    from importlib import import_module

    if name in _SUBMODULES:
        return import_module(f"llmroute.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'llmroute' has no attribute {name!r}")
    value: object = getattr(import_module(f"llmroute.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_SUBMODULES, "__version__"])
