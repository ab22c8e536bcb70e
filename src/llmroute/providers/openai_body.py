"""What both OpenAI APIs share in a request: sampling parameters and messages, written once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.models import SAMPLING_NAMES

from .shapes import sound
from .wire import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.calls import Call
    from llmroute.types.messages import Message
    from llmroute.types.models import Endpoint

    from .shapes import Json


def endpoint_of(call: Call) -> Endpoint:
    """The endpoint of the call's model; raises AttemptError "bad_request" when it has none."""
    if call.model.endpoint is None:
        raise AttemptError("bad_request", f"{call.model.name!r} has no endpoint")
    return call.model.endpoint


def sampling_fields(call: Call, max_tokens_name: str) -> Json:
    """The sampling parameters that were asked for and that the model takes."""
    sampling = call.request.sampling
    accepted = endpoint_of(call).parameters
    fields: Json = {}
    if sampling.max_tokens is not None:
        fields[max_tokens_name] = sampling.max_tokens
    for name in SAMPLING_NAMES:
        value = getattr(sampling, name)
        if name in accepted and value not in (None, ()):
            fields[name] = value
    return fields


def messages_of(call: Call, messages: Sequence[Message]) -> list[dict[str, str]]:
    """Write `messages`, and the prefix that the answer must go on from; lone surrogates are U+FFFD.

    JSON can escape a lone surrogate, but strict servers refuse the whole request for it.
    """
    written = [{"role": message.role, "content": sound(message.text)} for message in messages]
    if call.prefix:
        written.append({"role": "assistant", "content": sound(call.prefix)})
    return written


def request_to(call: Call, path: str, body: Json) -> HttpRequest:
    """Write the request; its extra fields were checked before."""
    request = call.request
    body.update(request.extra_body)
    content = json.dumps(body, separators=(",", ":")).encode("ascii")
    headers = tuple((name.lower(), value) for name, value in request.extra_headers.items())
    return HttpRequest(endpoint_of(call).base_url + path, content, headers)
