"""Plays the blocks of one page in one namespace; runs in a process of its own.

Reads from standard input the page's name and its blocks as [language, line, text] in JSON, and
prints what each Python block printed, likewise. A policy is written to llmroute.toml when its turn
comes. Nothing but loopback can be reached.
"""

from __future__ import annotations

import ast
import asyncio
import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, cast

from llmroute.testing import no_network

if TYPE_CHECKING:
    from collections.abc import Coroutine


def printed(source: str, place: str, namespace: dict[str, object]) -> str:
    """Run one block, top-level `await` included; returns what it prints."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile(source, place, "exec", flags=flags, dont_inherit=True)
    output = io.StringIO()
    with redirect_stdout(output):
        result: object = FunctionType(code, namespace)()
        if asyncio.iscoroutine(result):
            asyncio.run(cast("Coroutine[object, object, object]", result))
    return output.getvalue()


def play() -> None:
    """Play the page on standard input."""
    page, given = json.load(sys.stdin)
    namespace: dict[str, object] = {"__name__": "__main__"}
    outputs: list[str] = []
    for language, line, text in given:
        if language == "toml":
            Path("llmroute.toml").write_text(text, encoding="utf-8")
        else:  # blank lines before it, so that a traceback names the page's own line
            outputs.append(printed("\n" * (line - 1) + text, page, namespace))
    print(json.dumps(outputs))


if __name__ == "__main__":
    with no_network(allow_loopback=True):
        play()
