"""What other clients call an option, and what to write here instead."""

from __future__ import annotations

LIMITS = (
    *("connect_s", "first_token_s", "between_tokens_s", "attempts_per_model", "answer_tokens"),
    *("hedge_percentile", "body_bytes", "event_bytes"),
)
SET_UP = ("accept", "backoff", "clock", "detect", "health", "http_client", "limits", "offline")
_KEPT = "Nothing is kept at a provider: pass the messages so far as the prompt"
_ADDED = "extra_body={{{0!r}: ...}} sends it to servers that know it"
_UNREAD = _ADDED + "; what it adds to the answer is not read"
_RETRIES = "Retries are limits of a client: Client(limits={'attempts_per_model': 3})"
_SERVER = 'Use llmroute.model(..., use="openai-compatible", base_url=...)'
_SHAPE = "Use output: a type, or a JSON Schema"

_LIMITS = "It is a limit of a client: Client(limits={{{0!r}: ...}})"
_SET_UP = "It goes with the client: Client({0}=...)"

OF_CALLS = {
    **{name: _LIMITS.format(name) for name in LIMITS},
    **{name: _SET_UP.format(name) for name in SET_UP},
    "timeout": "Use deadline_s: seconds for the whole call",
    "max_completion_tokens": "Use max_tokens",
    "max_output_tokens": "Use max_tokens",
    "messages": "Messages are the first argument",
    "input": "It is the first argument",
    "prompt": "It is the first argument",
    "images": "Put them into the message: Message.user(text, Image(path=...))",
    "instructions": "Use system",
    "stream": "Use client.stream(...)",
    "key": "Use api_key",
    "max_cost": "Use max_cost_usd",
    "output": "It goes with a call: chat(..., output=...), so that its reply is typed",
    "response_format": _SHAPE,
    "response_model": _SHAPE,
    "text_format": _SHAPE,
    "reasoning_effort": "Use reasoning",
    "functions": "Use tools",
    "fallbacks": "Models are tried in an order: model=[...], or those of the policy",
    "max_retries": _RETRIES,
    "num_retries": _RETRIES,
    "api_base": _SERVER,
    "base_url": _SERVER,
    "store": _KEPT,
    "previous_response_id": _KEPT,
    "conversation": _KEPT,
    "n": "Ask several times; an answer is one",
    "logprobs": _UNREAD.format("logprobs"),
    "logit_bias": _ADDED.format("logit_bias"),
    "parallel_tool_calls": _ADDED.format("parallel_tool_calls"),
    "user": _ADDED.format("user"),
    "metadata": "Use tags for routes; " + _ADDED.format("metadata"),
    "extra_query": "None is sent; extra_body and extra_headers are",
}
"""Options of a call."""

OF_CLIENTS = {
    **{name: f"Use limits={{{name!r}: ...}}" for name in LIMITS},
    "timeout": "Use limits=Limits(deadline_s=...)",
    "max_retries": "Use limits=Limits(attempts_per_model=...)",
    "num_retries": "Use limits=Limits(attempts_per_model=...)",
    "base_url": _SERVER,
    "api_base": _SERVER,
    "organization": 'Use client.with_options(extra_headers={"OpenAI-Organization": ...})',
    "project": 'Use client.with_options(extra_headers={"OpenAI-Project": ...})',
    "default_headers": "Use client.with_options(extra_headers={...})",
    "azure_endpoint": 'Use llmroute.model(..., use="azure/DEPLOYMENT", resource=...)',
}
"""Options of a client."""
