"""Whether a local model can answer, and within which window, known without loading it."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError

from .header import beyond_trained, read_header, window
from .templates import Unfit, choose_template

if TYPE_CHECKING:
    from llmroute.types.calls import FileTerms
    from llmroute.types.models import Model, Weights

    from .header import Header

INSTALL = "pip install 'llmroute[local]'"


class Known(NamedTuple):
    """What was found out about a file in the state that `stamp` names."""

    stamp: tuple[int, int]
    found: Header | str


@cache
def missing_package() -> str | None:
    """Say which package is missing, from the import path alone; nothing is imported."""
    for module, package in (("llama_cpp", "llama-cpp-python"), ("jinja2", "jinja2")):
        if find_spec(module) is None:
            return f"{package} is not installed; {INSTALL}"
    return None


class Files:
    """What files say of themselves, by path, modification time and size."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._known: dict[str, Known] = {}

    def unavailable(self, model: Model) -> str | None:
        """Say in one sentence why `model` cannot answer; None when nothing speaks against it."""
        missing = missing_package()
        if missing:
            return missing
        if model.weights is None:
            return 'no model file is named; set file = "....gguf" for this model in the policy'
        found = self._look(model.weights.file)
        if isinstance(found, str):
            return found
        beyond = beyond_trained(model.weights.file, model.context_tokens, found)
        if beyond:
            return beyond
        return None if "embed" in model.abilities else _mute(model.weights, found)

    def context_tokens(self, model: Model) -> int | None:
        """Tokens of the window `model` is loaded with; None when no file tells."""
        if model.context_tokens is not None or model.weights is None:
            return model.context_tokens
        found = self._look(model.weights.file)
        return None if isinstance(found, str) else window(None, found)

    def terms(self, model: Model) -> FileTerms | None:
        """What the file says of its license; None when there is none, or it cannot be read."""
        if model.weights is None:
            return None
        found = self._look(model.weights.file)
        return None if isinstance(found, str) else found.terms

    def remember(self, path: str, reason: str) -> None:
        """Keep why `path` did not load, until the file changes."""
        stamp = _stamp(path)
        if stamp is not None:
            self._known[path] = Known(stamp, reason)

    def _look(self, path: str) -> Header | str:
        stamp = _stamp(path)
        known = self._known.get(path)
        if known is not None and known.stamp == stamp:
            return known.found
        found: Header | str
        try:
            found = read_header(path)
        except AttemptError as problem:
            found = problem.fault.reason
        if stamp is not None:
            self._known[path] = Known(stamp, found)
        return found


def _mute(weights: Weights, header: Header) -> str | None:
    """Say why a model cannot chat; None when it can."""
    if header.is_encoder:
        return (
            f"{weights.file} is an encoder ({header.architecture}): it embeds texts and cannot "
            'chat; set abilities = ["embed"] for this model in the policy'
        )
    template = choose_template(weights, header.template)
    return template.reason if isinstance(template, Unfit) else None


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns, status.st_size
