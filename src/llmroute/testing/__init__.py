"""Doubles for the tests of programs built on llmroute: a scripted provider, a clock, no network.

They are real implementations of the contracts in `llmroute.types.calls`, not mocks; nothing here
is for production.
"""

from __future__ import annotations

from llmroute.types.events import End, Opened, Reasoning, Text, ToolCallPart, UsageReport
from llmroute.types.usage import Usage

from .clock import VirtualClock
from .network import NetworkForbiddenError, no_network
from .provider import ScriptedProvider
from .script import CutShort, Delay, Fail, Script, Step

__all__ = [
    "CutShort",
    "Delay",
    "End",
    "Fail",
    "NetworkForbiddenError",
    "Opened",
    "Reasoning",
    "Script",
    "ScriptedProvider",
    "Step",
    "Text",
    "ToolCallPart",
    "Usage",
    "UsageReport",
    "VirtualClock",
    "no_network",
]
