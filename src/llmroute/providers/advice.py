"""Where an attempt failed and how to mend it, said in one place for every codec and transport."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.frozen import replace

if TYPE_CHECKING:
    from llmroute.types.calls import Call
    from llmroute.types.faults import Fault
    from llmroute.types.models import Endpoint

NOT_FOUND = 404
NO_MODEL = frozenset({"model_not_found", "deploymentnotfound"})
PLACED = frozenset({"connect", "connect_timeout", "dns", "tls"})


def advised(fault: Fault, call: Call, lender: str | None = None) -> AttemptError:
    """Make an error of `fault` whose reason names the address, or where the key comes from.

    Base URLs hold no credentials; the key is never named, only its variable, or the client of the
    application that may have sent it, `lender`.
    """
    endpoint = call.model.endpoint
    if endpoint is None:
        return AttemptError.of(fault)
    if fault.kind == "bad_key" and call.key is None and lender is not None:
        reason = f"{fault.reason}; check the key of the {lender} that sent it"
        return AttemptError.of(replace(fault, reason=reason))
    if fault.status == NOT_FOUND and call.model.api == "openai-responses" and lender == "client":
        return AttemptError.of(replace(fault, reason=fault.reason + _chat_only(fault, endpoint)))
    advice = _advice(fault, endpoint, keyless=call.key is None)
    return AttemptError.of(replace(fault, reason=fault.reason + advice))


def _advice(fault: Fault, endpoint: Endpoint, *, keyless: bool) -> str:
    if fault.kind == "bad_key":
        return _key_advice(endpoint, keyless=keyless)
    if fault.kind == "bad_response":
        return f", from {endpoint.base_url}: {_api_advice(endpoint)}"
    if fault.kind == "model_not_found" and fault.code is None:
        named = f"does it have {endpoint.wire_model!r}, and "
        return f", at {endpoint.base_url}: {named}{_api_advice(endpoint)}"
    if fault.kind == "connect" and fault.reason == os.strerror(errno.ECONNREFUSED):
        return f": nothing listens at {endpoint.origin}"
    return f" ({endpoint.origin})" if fault.kind in PLACED else ""


def _chat_only(fault: Fault, endpoint: Endpoint) -> str:
    """Say which API the application's client was asked for, unless the server knows it."""
    if (fault.code or "").lower() in NO_MODEL:
        return ""
    return (
        f"; it was asked for /responses at {endpoint.base_url}: for a server that has chat "
        f'completions alone write use = "openai-compatible", model = "{endpoint.wire_model}"'
    )


def _key_advice(endpoint: Endpoint, *, keyless: bool) -> str:
    if keyless:
        return "; no key is declared for it (key_env)"
    return f"; check {endpoint.key_name or 'the key'}, or the api_key that was passed"


def _api_advice(endpoint: Endpoint) -> str:
    question = "is this an OpenAI-compatible API?"
    usual = endpoint.base_url.endswith("/v1")
    return question if usual else f"{question} base_url usually ends in /v1"
