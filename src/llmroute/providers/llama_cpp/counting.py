"""Exact counts for local models: the prompt as the engine would get it, by the file's vocabulary.

A vocabulary is loaded without the weights (0.2 s, some 50 MB), once per state of the file, and
apart from the engine, which may be computing or be closed meanwhile.
"""

from __future__ import annotations

import os
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from llmroute.errors import AttemptError
from llmroute.types.calls import Call, Cancel, Timer
from llmroute.types.limits import Limits

from .bindings import LoadLog, load_library
from .header import read_header
from .prompts import count_prompt
from .vocabulary import Vocabulary

if TYPE_CHECKING:
    from llmroute.types.calls import Clock
    from llmroute.types.models import Model
    from llmroute.types.requests import Request

    from .bindings import Handle, Library
    from .header import Header

NO_CLOCK = cast("Clock", None)  # nothing here looks at the time


class Read(NamedTuple):
    """A vocabulary, and the model without weights that owns it."""

    header: Header
    vocabulary: Vocabulary
    library: Library
    model: Handle
    changed_ns: int


class Counting:
    """The vocabularies of model files; safe from any thread."""

    def __init__(self) -> None:
        """Load nothing yet."""
        self._lock = threading.Lock()
        self._read: dict[str, Read] = {}
        self._free = weakref.finalize(self, _free, self._read)

    def count(self, model: Model, request: Request) -> int:
        """Tokens of the prompt that `request` becomes.

        Raises:
            AttemptError: kind "missing_package", "model_file", "engine", "template" or
                "bad_request".
        """
        path = "" if model.weights is None else os.path.realpath(model.weights.file)
        with self._lock:
            read = self._vocabulary(path)
            if request.texts is not None:
                cut = read.vocabulary.tokenize
                return sum(len(cut(text, special=False, whole=True)) for text in request.texts)
            return count_prompt(_call(model, request), read)

    def close(self) -> None:
        """Free the memory, once nobody counts any more."""
        with self._lock:
            self._free()

    def _vocabulary(self, path: str) -> Read:
        try:
            changed_ns = Path(path).stat().st_mtime_ns
        except (OSError, ValueError):
            raise AttemptError("model_file", f"{path} cannot be read") from None
        known = self._read.get(path)
        if known is not None and known.changed_ns == changed_ns:
            return known
        read = _load(path, changed_ns)
        if known is not None:
            known.library.llama_model_free(known.model)
        self._read[path] = read
        return read


def _load(path: str, changed_ns: int) -> Read:
    library, header = load_library(), read_header(path)
    parameters = library.llama_model_default_params()
    parameters.vocab_only = True
    with LoadLog() as log:
        model = library.llama_model_load_from_file(os.fsencode(path), parameters)
    if model is None:
        raise AttemptError("model_file", f"{path}: {log.reason or 'llama.cpp gave no reason'}")
    vocabulary = Vocabulary(library, library.llama_model_get_vocab(model))
    return Read(header, vocabulary, library, model, changed_ns)


def _call(model: Model, request: Request) -> Call:
    """A call that is never made."""
    limits, timer, cancel = Limits(), Timer(0.0), Cancel()
    return Call(
        id=0,
        model=model,
        request=request,
        stream=False,
        limits=limits,
        clock=NO_CLOCK,
        deadline_at=0.0,
        timer=timer,
        cancel=cancel,
        connect_s=0.0,
    )


def _free(read: dict[str, Read]) -> None:
    for one in list(read.values()):
        one.library.llama_model_free(one.model)
    read.clear()
