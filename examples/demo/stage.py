"""What the acts play with: the questions, and clients over the demo's models."""

from __future__ import annotations

import os
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import llmroute
from llmroute import Client, Usage, policies

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute import Declaration

POLICY = Path(__file__).with_name("llmroute.toml")
QUESTION = "Give three reasons to drink water. One line each."
MAX_TOKENS = 888  # with the question at least 900: too much for a window of 512
CHAT = {"purposes": ["chat"], "monthly_active_users": {"2023-06": 0}}
LLAMA = os.environ.get("LLAMA", "")


def local_models() -> list[Declaration]:
    """The models in this process: the reader's LLaMA 2, if LLAMA names its file, and SmolLM2."""
    small = llmroute.model("smollm2", use="llama-cpp/smollm2-135m-instruct")
    if not LLAMA:
        return [small]
    return [llmroute.model("llama-2", use="llama-cpp", file=LLAMA, license="llama-2"), small]


def chat_client(models: Sequence[Declaration]) -> Client:
    """A client that tries `models` in this order, and whose answers are for chatting only."""
    order = policies.order(*(one.name for one in models))
    return Client(order, models=models, facts=CHAT)


def answering_client(offline: Literal["auto", "always"] = "auto") -> Client:
    """The policy file; with LLAMA, the same in Python, the reader's LLaMA 2 first.

    The license of LLaMA 2 forbids what the file states as the purpose, hence another one then.
    """
    if not LLAMA:
        return Client(POLICY, offline=offline)
    models = [*local_models(), llmroute.model("gpt", use="openai/gpt-6.1-terra")]
    names, cheap = (one.name for one in models), policies.max_cost_usd("0.01")
    return Client(
        policies.order(*names, require=[cheap]), models=models, facts=CHAT, offline=offline
    )


def paid_call() -> str | None:
    """Say which remote model act 2 may ask, and for how much at most; None when there is none."""
    with answering_client() as client:
        plan = client.plan(QUESTION, max_tokens=MAX_TOKENS, temperature=0)
    for index, one in enumerate(plan.candidates):
        if not one.model.local and one.model.endpoint and one.model.price:
            most_usd = one.model.price.cost_usd(Usage(plan.tokens.high, MAX_TOKENS))
            return (
                f"{one.model.endpoint.key_name} is set: act 2 asks {one.model.id}"
                f"{' if the local models fail' if index else ''}, which costs at most "
                f"${most_usd.quantize(Decimal('0.001'), ROUND_UP)}. Unset it to play without."
            )
    return None


def llama_problem() -> str | None:
    """Say why the file that LLAMA names cannot answer; None when it can, or is not named."""
    if not LLAMA:
        return None
    with chat_client(local_models()) as client:
        plan = client.plan(QUESTION, model="llama-2")
    return plan.refused[0].reason if plan.refused else None
