"""The Responses API of OpenAI, without keeping anything there (`store: false`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..bodies import endpoint_of, request_to
from ..decoding import BodyDecoder, StreamDecoder
from ..extras import check_extras
from ..history import adapted
from ..openai.body import effort_of, sampling_fields
from ..openai.errors import failure_of
from ..openai.items import items_of
from ..openai.output import instructed, response_format
from ..openai.response_events import ResponseFold
from ..openai.tools import response_tools

if TYPE_CHECKING:
    from llmroute.errors import AttemptError
    from llmroute.types.calls import Call

    from ..shapes import Json
    from ..wire import Decoder, HttpFailure, HttpRequest


class OpenAIResponses:
    """The codec of `/responses`."""

    def encode(self, call: Call, /) -> HttpRequest:
        """Write the request; raises RequestError for extra fields that cannot be sent.

        The system messages at the start are the instructions; later ones stay where they stand.
        """
        check_extras(call.request)
        messages = list(instructed(call, adapted(call)))
        instructions: list[str] = []
        while messages and messages[0].role == "system":
            instructions.append(messages.pop(0).text)
        items = items_of(call, messages)
        body: Json = {"model": endpoint_of(call).wire_model, "input": items, "store": False}
        if instructions:
            body["instructions"] = "\n\n".join(instructions)
        body |= sampling_fields(call, "max_output_tokens")
        body |= response_tools(call) | response_format(call) | _reasoning(call)
        if call.stream:
            body["stream"] = True
        return request_to(call, "/responses", body)

    def decoder(self, call: Call, /, *, stream: bool) -> Decoder:
        """Begin an answer."""
        fold = ResponseFold(call)
        return StreamDecoder(fold, call.limits.event_bytes) if stream else BodyDecoder(fold)

    def failure(self, call: Call, failure: HttpFailure, /) -> AttemptError:
        """Say what an error status and its body mean."""
        return failure_of(call, failure)


def _reasoning(call: Call) -> Json:
    """Ask for the effort, for words about it, and for the encrypted reasoning to give back.

    Only models that reason: others refuse the fields.
    """
    if "reasoning" not in call.model.abilities:
        return {}
    fields: Json = {"include": ["reasoning.encrypted_content"]}
    effort = effort_of(call)
    if effort == "none":
        fields["reasoning"] = {"effort": effort}
    elif effort is not None:
        fields["reasoning"] = {"effort": effort, "summary": "auto"}
    return fields


CODEC = OpenAIResponses
