"""The module-level `chat`: a client of its own, made at first use and closed at exit."""

from __future__ import annotations

import atexit
import os
import threading
from typing import TYPE_CHECKING

from .sync import Client

if TYPE_CHECKING:
    from typing import Unpack

    from llmroute.types.reply import Reply
    from llmroute.types.requests import ChatOptions

    from .messages import Prompt

_lock = threading.Lock()
_clients: dict[int, Client] = {}


def chat(prompt: Prompt, **options: Unpack[ChatOptions]) -> Reply:
    """Ask with the policy found from here: $LLMROUTE_POLICY, llmroute.toml, or the default.

    The policy is read at the first call and holds for the process, whatever changes afterwards;
    make a `Client` where that matters. Raises what `Client` and `Client.chat` raise.
    """
    return _default().chat(prompt, **options)


def _default() -> Client:
    """The process's own client; a child process makes its own."""
    process = os.getpid()
    with _lock:
        if process not in _clients:
            _clients[process] = Client()
            atexit.register(_clients[process].close)
        return _clients[process]
