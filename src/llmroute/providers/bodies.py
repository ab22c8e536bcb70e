"""What every wire API's requests share: the endpoint, the sampling parameters, extra fields."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from llmroute.errors import AttemptError
from llmroute.types.models import SAMPLING_NAMES, dropped_parameters
from llmroute.types.requests import PLAIN

from .shapes import sound
from .wire import HttpRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.types.calls import Call
    from llmroute.types.models import Endpoint

    from .shapes import Json


def endpoint_of(call: Call) -> Endpoint:
    """The endpoint of the call's model; raises AttemptError "bad_request" when it has none."""
    if call.model.endpoint is None:
        raise AttemptError("bad_request", f"{call.model.name!r} has no endpoint")
    return call.model.endpoint


def sampling_of(call: Call, *, reasons: bool = False) -> Json:
    """The sampling parameters, but max_tokens, that were asked for and that the model takes.

    `reasons` leaves those out that it does not take while it reasons, whatever effort was asked.
    """
    request = call.request
    if request.sampling is PLAIN:
        return {}
    left_out = {*dropped_parameters(call.model, request.sampling, request.reasoning)}
    if reasons:
        left_out |= endpoint_of(call).rejects_when_reasoning
    fields: Json = {}
    for name in SAMPLING_NAMES:
        value = getattr(request.sampling, name)
        if name not in left_out and value not in (None, ()):
            fields[name] = value
    return fields


def request_to(call: Call, path: str, body: Json) -> HttpRequest:
    """Write the request; its extra fields, which were checked before, are merged into the body.

    Lone surrogates are U+FFFD, wherever they stand: JSON can escape them, but strict servers refuse
    the whole request for one.
    """
    request = call.request
    body = merged(body, request.extra_body) if request.extra_body else body
    content = sound(json.dumps(body, separators=(",", ":"), ensure_ascii=False)).encode()
    headers = tuple((name.lower(), value) for name, value in request.extra_headers.items())
    return HttpRequest(endpoint_of(call).base_url + path, content, headers)


def merged(body: Json, extra: Mapping[str, object]) -> Json:
    """Add `extra` to `body`; where both hold an object, its fields are added likewise."""
    result = dict(body)
    for name, value in extra.items():
        ours = result.get(name)
        if isinstance(ours, dict) and isinstance(value, dict):
            result[name] = merged(cast("Json", ours), cast("Json", value))
        else:
            result[name] = value
    return result
