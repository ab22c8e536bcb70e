"""Every kind of fault with its remedy: retry, fallback, docs and the command line read this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.faults import Remedy
from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.reply import Attempt


class FaultKind(NamedTuple):
    """What a kind of fault means, what the flow does about it, and what a person can do."""

    remedy: Remedy
    meaning: str
    mend: str


FAULT_KINDS: dict[str, FaultKind] = {
    "rate_limit": FaultKind(
        Remedy("same", "upstream"),
        "too many requests or tokens for now",
        "wait, lower the rate, or name another model; Retry-After is kept to",
    ),
    "quota_exhausted": FaultKind(
        Remedy("other_upstream", "key", disable=True),
        "the account behind the key has no quota left",
        "raise the quota at the provider; waiting does not help",
    ),
    "bad_key": FaultKind(
        Remedy("other_upstream", "key", disable=True),
        "the key was refused (401)",
        "check the key, or declare one where there is none",
    ),
    "payment_required": FaultKind(
        Remedy("other_upstream", "key", disable=True),
        "the account must be paid for first (402)",
        "settle the account at the provider",
    ),
    "forbidden": FaultKind(
        Remedy("other_model", "key", disable=True),
        "the key may not use this model or region (403)",
        "ask for access, or name another model",
    ),
    "model_not_found": FaultKind(
        Remedy("other_model", "model", disable=True),
        "the upstream does not know the model (404)",
        "check `model` or `use`; the model may be retired",
    ),
    "context_length": FaultKind(
        Remedy("larger_window", "request"),
        "prompt and answer do not fit the model's window",
        "shorten the prompt, lower max_tokens, or add a model with a larger window",
    ),
    "content_filtered": FaultKind(
        Remedy("other_model", "request"),
        "the provider's filter refused the request, or cut the answer off",
        "rephrase, or let another model answer",
    ),
    "bad_request": FaultKind(
        Remedy("other_model", "request"),
        "the upstream refused the request as malformed",
        "read the reason; often a parameter the model does not take",
    ),
    "too_large": FaultKind(
        Remedy("other_model", "request"),
        "the request is larger than the upstream takes (413)",
        "send less",
    ),
    "server_error": FaultKind(
        Remedy("same", "upstream"),
        "the upstream failed (5xx, or an error inside an answer)",
        "nothing; another model answers, or the same one later",
    ),
    "overloaded": FaultKind(
        Remedy("same", "upstream"),
        "the upstream has no capacity now (503, 529)",
        "nothing; another model answers, or the same one later",
    ),
    "connect": FaultKind(
        Remedy("other_upstream", "upstream"),
        "no connection: refused, unreachable or reset",
        "check base_url and that the server runs; behind a proxy, HTTPS_PROXY and NO_PROXY",
    ),
    "client_closed": FaultKind(
        Remedy("other_model"),
        "the HTTP or openai client that was passed was closed by the application",
        "keep the client that you pass open until the llmroute client is closed",
    ),
    "dns": FaultKind(
        Remedy("other_upstream", "upstream"),
        "the host's name cannot be resolved",
        "check the network, and the host's name",
    ),
    "tls": FaultKind(
        Remedy("other_upstream", "upstream"),
        "no secure connection",
        "check the certificate, or whether the server speaks TLS",
    ),
    "connect_timeout": FaultKind(
        Remedy("other_upstream", "upstream"),
        "connecting took longer than connect_s",
        "check the network, or raise [limits] connect_s",
    ),
    "pool_timeout": FaultKind(
        Remedy("same", "nobody"),
        "no connection of the HTTP client that was passed was free within half of connect_s",
        "give that client more connections, or pass none: our own pool has no limit",
    ),
    "first_token_timeout": FaultKind(
        Remedy("same", "upstream"),
        "no content within first_token_s, or within the attempt's share of the deadline",
        "raise [limits] first_token_s or deadline_s",
    ),
    "answer_timeout": FaultKind(
        Remedy("same", "upstream"),
        "no whole answer within the attempt's share of the deadline",
        "raise deadline_s, lower max_tokens, or use stream",
    ),
    "stalled": FaultKind(
        Remedy("same", "upstream"),
        "the answer stopped for longer than between_tokens_s",
        "raise [limits] between_tokens_s if the model is that slow",
    ),
    "cut_short": FaultKind(
        Remedy("same", "upstream"),
        "the connection ended before the answer was complete",
        "nothing; it is never passed off as complete",
    ),
    "bad_response": FaultKind(
        Remedy("same", "upstream"),
        "the answer is not what the API promises: HTML, no JSON, wrong shape, no choices",
        "check that base_url points to an OpenAI-compatible API",
    ),
    "other_dimensions": FaultKind(
        Remedy("other_model", "model"),
        "the vectors have another length than `dimensions` asks for",
        "leave dimensions out, or name a model that takes it",
    ),
    "empty_after_reasoning": FaultKind(
        Remedy("other_model", "model"),
        "the model thought, and then said nothing",
        "raise max_tokens, or lower reasoning: thinking uses up the same tokens",
    ),
    "empty_answer": FaultKind(
        Remedy("other_model", "model"),
        "the model said nothing at all",
        "let another model answer; [accept] empty = true lets it count",
    ),
    "refusal": FaultKind(
        Remedy("other_model", "request"),
        "the model refused to answer, and [accept] refusal is false",
        "rephrase, or let another model answer",
    ),
    "cut_at_length": FaultKind(
        Remedy("other_model", "request"),
        "the answer was cut at its length limit, and [accept] length is false",
        "raise max_tokens, or let a model answer that gives more",
    ),
    "not_accepted": FaultKind(
        Remedy("other_model", "model"),
        "a check of the application did not accept the answer",
        "read the reason; it is the check's own",
    ),
    "bad_tool_call": FaultKind(
        Remedy("other_model", "model"),
        "the model asked for a tool that there is not, or with arguments that do not fit",
        "read the reason; describe the tool better, or let another model answer",
    ),
    "bad_output": FaultKind(
        Remedy("other_model", "model"),
        "the answer does not have the shape that `output` asks for",
        "read the reason; raise max_tokens if it was cut, or let another model answer",
    ),
    "too_long": FaultKind(
        Remedy("other_model", "upstream"),
        "the answer exceeds the size limits",
        "lower max_tokens",
    ),
    "redirected": FaultKind(
        Remedy("other_upstream", "upstream"),
        "the upstream answered with a redirect, which is never followed",
        "put the final address into base_url",
    ),
    "model_file": FaultKind(
        Remedy("other_model", "model", disable=True),
        "the model file cannot be loaded",
        "read the reason; download the file again if it is truncated",
    ),
    "engine": FaultKind(
        Remedy("other_model", "upstream"),
        "the local engine failed",
        "read the reason; `llmroute doctor` shows the engine's state",
    ),
    "template": FaultKind(
        Remedy("other_model", "model", disable=True),
        "the chat template is missing or does not render",
        'set template = "llama-2" (or another) for this model in the policy',
    ),
    "bad_key_format": FaultKind(
        Remedy("other_upstream", "key", disable=True),
        "the key holds characters that cannot be sent",
        "read the reason; mend the key, or the function that returns it",
    ),
    "missing_package": FaultKind(
        Remedy("other_model", "model", disable=True),
        "a package that this model needs is not installed",
        'install the extra that the reason names, e.g. pip install "llmroute[local]"',
    ),
    "provider_bug": FaultKind(
        Remedy("other_model", "upstream"),
        "the provider raised an error of its own instead of a typed one",
        "report it to whoever wrote the provider",
    ),
    "interrupted": FaultKind(
        Remedy("none", "nobody"),
        "the attempt was stopped: its time was up, or the caller left",
        "nothing",
    ),
}


def told(attempts: Sequence[Attempt]) -> list[str]:
    """Say of each model what failed, where, how often, and what a person can do."""
    lines: dict[tuple[str, str], int] = {}
    mends: dict[tuple[str, str], str] = {}
    for attempt in attempts:
        if attempt.fault is not None:
            origin = attempt.model.upstream.origin if attempt.model.endpoint else ""
            named = not origin or origin in attempt.fault.reason
            where = "" if named else f" at {origin}"
            key = (attempt.model.name + where, attempt.fault.reason)
            lines[key] = lines.get(key, 0) + 1
            mends[key] = FAULT_KINDS[attempt.fault.kind].mend
    return [
        f"{who}: {reason}" + (f" ({tries} tries)" if tries > 1 else "") + _mend(mends[who, reason])
        for (who, reason), tries in lines.items()
    ]


def _mend(mend: str) -> str:
    return "" if mend.startswith("nothing") else f" [{mend}]"
