# ruff: noqa: INP001 - a script that stands beside the pages it writes
"""Writes the pages and JSON Schemas that say what the code says: `python docs/generate.py`.

docs/errors.md comes from the error tree and the table of faults, docs/options.md from the
docstrings of `ChatOptions`, `EmbedOptions` and `ClientOptions`; docs/models.md comes from the
catalog by docs/models_page.py, the schemas from docs/schemas.py.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path

from llmroute import errors
from llmroute.client.setup import ClientOptions
from llmroute.errors import FAULT_KINDS, LLMRouteError
from llmroute.types.requests import PURPOSES, TASKS, ChatOptions, EmbedOptions

ERRORS = """\
# Errors

<!-- written by docs/generate.py; change the docstrings and the table in src/llmroute/errors -->

Everything that llmroute raises is an `LLMRouteError`.
No error holds a key, a prompt or an answer, apart from `partial`, which is what a stream had shown:
`error.partial.text`. All of them can be pickled. No exception of an HTTP library leaves the
package: where one was the cause, `__cause__` is a `TransportError` with its class name and a
sentence, and nothing else of it.

## The tree

| class | is also | means |
|---|---|---|
"""

FAULTS = """
## Faults

An attempt that fails has a fault: `reply.attempts[0].fault`, or `error.fault` of an `AttemptError`.
Its `kind` is one of those below, its `reason` a sentence, and its `remedy` says as data what may be
done: retry, fallback, this page and the command line all read it. A call ends in an error only when
nothing is left to try; the text of the error then says in brackets what you can do.

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

WAITS = """
Between two tries of one model llmroute waits 0.5, 1, 2, 4 and then 8 seconds, half of it at random
(`Client(backoff=...)` changes that), or as long as the upstream asked for with Retry-After, and
never past the deadline. `attempts_per_model` of `[limits]`, 3 by default, bounds the tries.

Every way in which a provider is known to fail is played against this: [The table of
faults](faults.md).
"""

CALLS = """\
# Options

<!-- written by docs/generate.py; change the docstrings of the tables of options -->

All of them are given by keyword. What ends in `_s` is in seconds, what ends in `_usd` in USD. None
is the same as leaving an option of a call out. An unknown name or a wrong value is an error with
the nearest right name, before anything is sent.

## Of a call

`chat`, `stream`, `plan` and `with_options` take the same ones, in `Client` and in `AsyncClient`.
Those of `with_options` stay for every call of the client that it makes, unless a call has its own.

| option | type | means |
|---|---|---|
"""

EMBEDDINGS = """
## Of embed

`embed` and `plan_embed` take these. Of the options that `with_options` has set, those hold that are
in this table too.

| option | type | means |
|---|---|---|
"""

CLIENTS = """
`Hint` is `str | int | float | bool`. The tasks are {tasks}, the purposes {purposes}.

A sampling parameter that a model does not take is left out, with a warning on plan and reply.
What local models use when sampling is left out stands in [Local models](local-models.md#sampling).

## Of a client

The first argument of `Client` and `AsyncClient` is the policy: the path of a
[policy file](policy-files.md), or a policy made in code. None, which is the default, means
`$LLMROUTE_POLICY`, else the `llmroute.toml` found from here up to the root of the repository, else
the built-in default. What follows is given by keyword; what is left out comes from the file.

| option | type | means |
|---|---|---|
"""

OPTION = re.compile(r"^(\w+): (.+(?:\n .+)*)", re.MULTILINE)


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
    """The page of errors."""
    return ERRORS + _lines(_tree(LLMRouteError)) + FAULTS + _lines(_faults()) + WAITS


def _options(table: type) -> list[str]:
    """One row per option; raises KeyError for one that the docstring leaves out."""
    means = dict(OPTION.findall(inspect.getdoc(table) or ""))
    types = {name: kind.__forward_arg__ for name, kind in table.__annotations__.items()}
    return [
        f"| `{name}` | `{_cell(kind)}` | {_cell(means[name])} |" for name, kind in types.items()
    ]


def options_page() -> str:
    """The page of options."""
    names = {"tasks": _names(TASKS), "purposes": _names(PURPOSES)}
    pages = [
        CALLS + _lines(_options(ChatOptions)),
        EMBEDDINGS + _lines(_options(EmbedOptions)),
        CLIENTS.format(**names) + _lines(_options(ClientOptions)),
    ]
    return "".join(pages)


def _names(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _lines(rows: list[str]) -> str:
    return "\n".join(rows) + "\n"


def models_page() -> str:
    """The page of models."""
    from docs import models_page as page

    return page.models_page()


def licenses_page() -> str:
    """The page of licenses."""
    from docs.license_page import licenses_page as page

    return page()


FOLDER = Path(__file__).parent
PAGES = {
    FOLDER / "errors.md": errors_page,
    FOLDER / "licenses.md": licenses_page,
    FOLDER / "models.md": models_page,
    FOLDER / "options.md": options_page,
}

if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER.parent))
    from docs.schemas import SCHEMAS

    for path, page in {**PAGES, **SCHEMAS}.items():
        path.write_text(page(), encoding="utf-8")
