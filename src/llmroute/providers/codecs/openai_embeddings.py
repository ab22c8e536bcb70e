"""The embeddings API of OpenAI, which many servers speak."""

from __future__ import annotations

import re
import sys
from array import array
from typing import TYPE_CHECKING, cast

from llmroute.errors import AttemptError
from llmroute.types.events import End, Vectors

from ..bodies import endpoint_of, request_to
from ..decoding import BodyDecoder
from ..extras import check_extras
from ..openai.errors import error_inside, failure_of
from ..openai.usage import usage_in
from ..shapes import bad, count_at, object_at, objects_at

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.events import ProviderEvent
    from llmroute.types.faults import Fault

    from ..shapes import Json
    from ..wire import Decoder, HttpFailure, HttpRequest

# What llama-server answers with status 500 to a text that does not fit its batch.
_TOO_LONG = re.compile(r"too large to process", re.IGNORECASE)
UNSUPPORTED = 501
"""What it answers when it was not started for embeddings."""


class OpenAIEmbeddings:
    """The codec of `/embeddings`."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent.

        Raises AttemptError "bad_request" for a request that holds no texts.
        """
        check_extras(call.request)
        endpoint = endpoint_of(call)
        if call.request.texts is None:
            raise AttemptError("bad_request", f"{call.model.name!r} only embeds texts")
        body: Json = {
            "model": endpoint.wire_model,
            "input": call.request.texts,
        }
        if call.request.dimensions is not None:
            body["dimensions"] = call.request.dimensions
        if "encoding_format" in endpoint.parameters:
            body["encoding_format"] = "base64"  # a third of the size of decimals
        return request_to(call, "/embeddings", body)

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer; there are no streams of vectors."""
        del stream
        return BodyDecoder(EmbeddingFold(call))

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        error = failure_of(call, failure)
        kind = _kind(error.fault)
        if kind == error.fault.kind:
            return error
        return AttemptError(kind, error.fault.reason, status=failure.status, code=error.fault.code)


class EmbeddingFold:
    """A whole answer into events."""

    def __init__(self, call: Call) -> None:
        """Begin."""
        self.answered = False
        self.done = False
        self._call = call

    def part(self, part: Json, /) -> list[ProviderEvent]:
        """Take an answer that came as one event."""
        return self.whole(part)

    def whole(self, answer: Json, /) -> list[ProviderEvent]:
        """Take a whole answer; raises AttemptError."""
        if answer.get("error") is not None:
            raise error_inside(self._call, answer["error"])
        if answer.get("object") == "error":
            raise error_inside(self._call, answer)
        if "data" not in answer:
            raise bad("the answer has no data")
        self.answered = True
        events: list[ProviderEvent] = [Vectors(_in_order(objects_at(answer, "data")))]
        return events + _usage(answer)

    def end(self) -> list[ProviderEvent]:
        """End."""
        return [End("stop")]


def _kind(fault: Fault) -> str:
    """The kind of a fault that servers tell by another status than they should."""
    if fault.kind == "server_error" and _TOO_LONG.search(fault.reason):
        return "context_length"
    return "bad_request" if fault.status == UNSUPPORTED else fault.kind


def _in_order(items: list[Json]) -> tuple[tuple[float, ...], ...]:
    """The vectors by their index; by their place where a server leaves indexes out."""
    found: dict[int, tuple[float, ...]] = {}
    for place, item in enumerate(items):
        index = count_at(item, "index") if "index" in item else place
        if index in found or index >= len(items):
            raise bad("the answer's vectors are not numbered one by one")
        found[index] = _vector(item.get("embedding"))
    return tuple(found[index] for index in range(len(items)))


def _vector(value: object) -> tuple[float, ...]:
    """Read a vector: a list of numbers, or 32-bit floats in base64, low byte first."""
    if isinstance(value, str):
        return _decoded(value)
    if not isinstance(value, list):
        raise bad("the answer's 'embedding' is neither a list nor base64")
    try:
        return tuple(array("d", cast("list[float]", value)))
    except (TypeError, OverflowError):
        raise bad("the answer's 'embedding' is no list of numbers") from None


def _decoded(text: str) -> tuple[float, ...]:
    from base64 import b64decode  # only servers that were asked write it

    numbers = array("f")
    try:
        numbers.frombytes(b64decode(text, validate=True))
    except ValueError:  # not base64, or not whole floats
        raise bad("the answer's 'embedding' is not 32-bit floats in base64") from None
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(numbers)


def _usage(answer: Json) -> list[ProviderEvent]:
    """Report the usage; some servers write the total alone."""
    try:
        usage = object_at(answer, "usage")
    except AttemptError:
        return []
    if usage.get("prompt_tokens") is None:
        usage = {"prompt_tokens": usage.get("total_tokens")}
    return usage_in({"usage": usage}, "prompt_tokens", "completion_tokens")


CODEC = OpenAIEmbeddings
