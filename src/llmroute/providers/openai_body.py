"""What both OpenAI APIs share in a request: sampling parameters and the caller's extra fields."""

from __future__ import annotations

import json
import re
from itertools import starmap
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError, RequestError
from llmroute.types.models import SAMPLING_NAMES

from .wire import HttpRequest

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.models import Endpoint
    from llmroute.types.requests import Request

    from .shapes import Json

FORBIDDEN_HEADERS = frozenset(
    {"authorization", "host", "content-length", "transfer-encoding", "connection"}
)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x21-\x7e]([\x20-\x7e\t]*[\x21-\x7e])?")


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


def request_to(call: Call, path: str, body: Json) -> HttpRequest:
    """Write the request; its extra fields were checked before."""
    request = call.request
    body.update(request.extra_body)
    content = json.dumps(body, separators=(",", ":")).encode("ascii")
    headers = tuple((name.lower(), value) for name, value in request.extra_headers.items())
    return HttpRequest(endpoint_of(call).base_url + path, content, headers)


def check_extras(request: Request) -> None:
    """Raise RequestError for `extra_body` or `extra_headers` that cannot be sent."""
    wrong = next((name for name, value in request.extra_body.items() if not _is_json(value)), None)
    if wrong is not None:
        raise RequestError(f"{wrong!r} cannot be written as JSON", where="extra_body")
    problem = next(filter(None, starmap(_header_problem, request.extra_headers.items())), None)
    if problem is not None:
        hint = "Keys come from the policy or from api_key; values are printable ASCII"
        raise RequestError(problem, where="extra_headers", hint=hint)


def _header_problem(name: str, value: str) -> str | None:
    if name.lower() in FORBIDDEN_HEADERS:
        return f"{name!r} may not be set"
    if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
        return f"{name!r} or its value cannot be sent"
    return None


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
