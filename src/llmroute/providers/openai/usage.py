"""The usage that both OpenAI APIs report, each under its own names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import AttemptError
from llmroute.types.events import UsageReport
from llmroute.types.usage import Usage

from ..shapes import count_at, object_at, tier_at

if TYPE_CHECKING:
    from llmroute.types.events import ProviderEvent

    from ..shapes import Json


def usage_in(answer: Json, input_name: str, output_name: str) -> list[ProviderEvent]:
    """Report the "usage" of `answer`; nothing when it is absent, or not what the API promises.

    A good answer is not lost to a bad count: what is not reported is estimated, and marked so. The
    service tier comes along: it decides what the usage costs.
    """
    try:
        usage = object_at(answer, "usage")
        if usage.get(input_name) is None and usage.get(output_name) is None:
            return []
        return [UsageReport(_read(usage, input_name, output_name), tier_at(answer))]
    except AttemptError:
        return []


def _read(usage: Json, input_name: str, output_name: str) -> Usage:
    """Read the counts.

    DeepSeek has its own name for cached tokens. xAI and Gemini count reasoning apart from the
    output: then only the total has it.
    """
    details = object_at(usage, f"{input_name}_details")
    input_tokens, output_tokens = count_at(usage, input_name), count_at(usage, output_name)
    cached = count_at(details, "cached_tokens") or count_at(usage, "prompt_cache_hit_tokens")
    cached = min(cached, input_tokens)
    written = min(count_at(details, "cache_write_tokens"), input_tokens - cached)
    reasoning = count_at(object_at(usage, f"{output_name}_details"), "reasoning_tokens")
    apart = count_at(usage, "total_tokens") - input_tokens - output_tokens
    if apart > 0 and (apart == reasoning or not reasoning):
        output_tokens, reasoning = output_tokens + apart, apart
    return Usage(
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cached_input_tokens=cached,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
    )
