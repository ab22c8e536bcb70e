"""The module-level `chat`: a client of its own, made at first use and closed at exit."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING, cast, overload

from .sync import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    from llmroute.types.reply import OutputT, Reply
    from llmroute.types.requests import ChatOptions
    from llmroute.types.tools import Tool
    from llmroute.types.usage import TokenCount

    from .messages import Prompt

_lock = threading.Lock()
_clients: dict[int, Client] = {}


@overload
def chat(
    prompt: Prompt, *, output: type[OutputT], **options: Unpack[ChatOptions]
) -> Reply[OutputT]: ...
@overload
def chat(
    prompt: Prompt, *, output: Mapping[str, object], **options: Unpack[ChatOptions]
) -> Reply[object]: ...
@overload
def chat(prompt: Prompt, *, output: None = None, **options: Unpack[ChatOptions]) -> Reply: ...
@overload
def chat(prompt: Prompt, *, output: object, **options: Unpack[ChatOptions]) -> Reply[object]: ...
def chat(
    prompt: Prompt | None = None, *, output: object = None, **options: Unpack[ChatOptions]
) -> Reply[object]:
    """Ask with the policy found from here: $LLMROUTE_POLICY, llmroute.toml, or the default.

    The policy is read at the first call and holds for the process, whatever changes afterwards;
    make a `Client` where that matters. Raises what `Client` and `Client.chat` raise.
    """
    client = _default()
    try:
        return client.chat(cast("Prompt", prompt), output=output, **options)
    finally:
        del prompt, options  # a crash report with locals does not get them from here


def count_tokens(
    prompt: Prompt,
    model: str,
    *,
    system: str | None = None,
    tools: Sequence[Tool | Callable[..., object] | Mapping[str, object]] = (),
    output: object = None,
) -> TokenCount:
    """Count the prompt as `model` does, as `Client.count_tokens` of the policy found from here.

    Never touches the network, needs no key, and raises what `Client` and that method raise.
    """
    client = _default()
    try:
        return client.count_tokens(prompt, model, system=system, tools=tools, output=output)
    finally:
        del prompt, system, tools, output


def _default() -> Client:
    """The process's own client; a child process makes its own."""
    process = os.getpid()
    with _lock:
        if process not in _clients:
            _clients[process] = Client()
            atexit.register(_clients[process].close)
        return _clients[process]
