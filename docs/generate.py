# ruff: noqa: INP001 - a script that stands beside the page it writes
"""Writes docs/errors.md from the error tree and the table of faults: `python docs/generate.py`."""

from __future__ import annotations

from pathlib import Path

from llmroute import errors
from llmroute.errors import FAULT_KINDS, LLMRouteError

PAGE = Path(__file__).parent / "errors.md"

HEAD = """\
# Errors

<!-- written by docs/generate.py; change the docstrings and the table in src/llmroute/errors -->

Everything that llmroute raises is an `LLMRouteError`.
No error holds a key, a prompt or an answer, apart from `partial`, which is what a stream had shown.
All of them can be pickled. No exception of an HTTP library leaves the package: where one was the
cause, `__cause__` is a `TransportError` with its class name and a sentence, and nothing else of it.

## The tree

| class | is also | means |
|---|---|---|
"""

FAULTS = """
## Faults

An attempt that fails has a fault: `reply.attempts[0].fault`, or `error.fault` of an `AttemptError`.
Its `kind` is one of those below, its `reason` a sentence, and its `remedy` says as data what may be
done: retry, fallback, this page and the command line all read it. A call ends in an error only when
nothing is left to try.

| kind | means | llmroute | blame | what you can do |
|---|---|---|---|---|
"""

NEXT = {
    "same": "tries the next model; this one again when no other is left",
    "other_model": "tries the next model, never this one again",
    "other_upstream": "tries the next model at another address; this one again when none is left",
    "larger_window": "tries the next model whose window is larger",
    "none": "stops",
}
DISABLED = {
    "other_upstream": "tries the next model that does not use this key",
    "other_model": NEXT["other_model"],
}
"""The same, of faults that last until somebody changes the configuration."""

TAIL = """
Between two tries of one model llmroute waits 0.5, 1, 2, 4 and then 8 seconds, half of it at random
(`Client(backoff=...)` changes that), or as long as the upstream asked for with Retry-After, and
never past the deadline. `attempts_per_model` of `[limits]`, 3 by default, bounds the tries.
"""


def _cell(text: str | None) -> str:
    """Write a docstring's first paragraph, or a text, in one line."""
    return " ".join((text or "").split("\n\n", maxsplit=1)[0].split()).replace("|", "\\|")


def _tree(kind: type[LLMRouteError], depth: int = 0) -> list[str]:
    """One row per public class, subclasses below their base."""
    rows: list[str] = []
    if not kind.__name__.startswith("_"):
        others = [base.__name__ for base in kind.__bases__ if LLMRouteError not in base.__mro__]
        also = ", ".join(f"`{name}`" for name in others if name != "Exception")
        rows.append(f"| {'— ' * depth}`{kind.__name__}` | {also} | {_cell(kind.__doc__)} |")
        depth += 1
    below = [row for one in kind.__subclasses__() if _public(one) for row in _tree(one, depth)]
    return rows + below


def _public(kind: type[LLMRouteError]) -> bool:
    return kind.__module__ == errors.__name__


def _faults() -> list[str]:
    return [
        " ".join(
            (
                f"| `{name}` | {_cell(kind.meaning)}",
                f"| {(DISABLED if kind.remedy.disable else NEXT)[kind.remedy.next]}",
                f"| {kind.remedy.blame} | {_cell(kind.mend)} |",
            )
        )
        for name, kind in FAULT_KINDS.items()
    ]


def errors_page() -> str:
    """The whole page."""
    tree = "\n".join(_tree(LLMRouteError))
    return f"{HEAD}{tree}\n{FAULTS}" + "\n".join(_faults()) + f"\n{TAIL}"


if __name__ == "__main__":
    PAGE.write_text(errors_page(), encoding="utf-8")
