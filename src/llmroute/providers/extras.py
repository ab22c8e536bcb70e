"""What a caller may add to a request: fields of its body, and headers.

A client asks before anything is sent, so this module is light.
"""

from __future__ import annotations

from itertools import starmap
from typing import TYPE_CHECKING

from llmroute.errors import RequestError
from llmroute.types.headers import FORBIDDEN_HEADERS, header_flaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from llmroute.types.requests import Request

# Fields that this library writes itself, and what to use instead.
RESERVED_FIELDS = {
    "model": "Name the model by the option model",
    "stream": "Call stream() for a stream, chat() for a whole answer",
    "messages": "Pass the messages as the prompt",
    "input": "Pass the messages as the prompt",
    "contents": "Pass the messages as the prompt",
    "system": "Pass the instruction by the option system",
    "systemInstruction": "Pass the instruction by the option system",
    "system_instruction": "Pass the instruction by the option system",
    "instructions": "Pass the instruction by the option system",
    "store": "Nothing is kept at the provider; leave it out",
}


def check_extras(request: Request) -> None:
    """Raise RequestError for `extra_body` or `extra_headers` that cannot or may not be sent.

    No frame of it holds a value or a message, so that a crash report with locals does not either.
    """
    reserved = next((name for name in request.extra_body if name in RESERVED_FIELDS), None)
    if reserved is not None:
        hint = RESERVED_FIELDS[reserved]
        raise RequestError(f"{reserved!r} may not be set", where="extra_body", hint=hint)
    wrong = next((name for name, value in request.extra_body.items() if not _is_json(value)), None)
    if wrong is not None:
        raise RequestError(f"{wrong!r} cannot be written as JSON", where="extra_body")
    problem = _headers_problem(request.extra_headers)
    if problem is not None:
        hint = (
            "Keys come from the policy or from api_key; values are printable ASCII, no space around"
        )
        raise RequestError(problem, where="extra_headers", hint=hint)


def _headers_problem(headers: Mapping[str, str]) -> str | None:
    return next(filter(None, starmap(_header_problem, headers.items())), None) or _repeated(headers)


def _header_problem(name: str, value: str) -> str | None:
    if name.lower() in FORBIDDEN_HEADERS:
        return f"{name!r} may not be set"
    return header_flaw(name, value)


def _repeated(names: Iterable[str]) -> str | None:
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.lower(), name)
        if first != name:
            return f"{first!r} and {name!r} are the same header"
    return None


def _is_json(value: object) -> bool:
    import json  # only when there are fields

    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
