"""The five acts."""

from __future__ import annotations

import socket

import show
from footer import installed, needed, weigh
from stage import (
    LLAMA,
    MAX_TOKENS,
    POLICY,
    QUESTION,
    answering_client,
    chat_client,
    local_models,
)
from standin import TOKENS, stand_in

import llmroute
from llmroute import Client
from llmroute.testing import NetworkForbiddenError, no_network


def plan() -> None:
    """Act 1: the choice, before anything is sent."""
    show.title("Act 1 of 5: the plan, before anything is sent")
    show.say(
        f"""The question "{QUESTION}" meets the five models of examples/demo/llmroute.toml.
        Nothing is sent and no model is loaded yet: this is what would happen, and why."""
    )
    with Client(POLICY) as client:
        print(client.plan(QUESTION, max_tokens=MAX_TOKENS, temperature=0), end="\n\n")
    show.say(
        """How to read it: "->" would answer, "2." and on would step in if that one fails, "x" may
        not answer: no key, retired, against its license (clause 1.b.v), window too small.
        "$0 marginal" means that the model runs on this machine, which is paid for already."""
    )
    if LLAMA:
        show.say(
            """The policy file says that answers will train another model, which the license of
            LLaMA 2 forbids. For chatting it is allowed, so that from here on your own file does
            the answering, with the purpose "chat":"""
        )
        with answering_client() as client:
            print(client.plan(QUESTION, max_tokens=MAX_TOKENS, temperature=0), end="\n\n")


def answer() -> None:
    """Act 2: the same call, answered."""
    show.title("Act 2 of 5: the answer")
    show.say("The same call again, this time answered, as the tokens come:")
    with (
        answering_client() as client,
        client.stream(QUESTION, max_tokens=MAX_TOKENS, temperature=0) as stream,
    ):
        reply = show.answer(stream)
        show.reply(reply)
        if reply.fell_back:
            show.attempts(reply.attempts)


def broken() -> None:
    """Act 3: a server dies in the middle of its answer."""
    show.title("Act 3 of 5: a server dies in the middle of its answer")
    show.say(
        f"""Now a remote model comes first. It is a stand-in for a GPT server, on 127.0.0.1, and it
        hangs up after {len(TOKENS)} tokens. It never came to report its usage, so that the table
        below estimates it from the text ("about"); its price is made up. With on_break="restart"
        the next model begins anew:"""
    )
    with stand_in() as base_url:
        remote = llmroute.model(
            "stand-in",
            use="openai-compatible",
            base_url=base_url,
            model="stand-in-gpt",
            price={"input": 1, "output": 5},
        )
        with (
            chat_client([remote, *local_models()]) as client,
            client.stream(
                "What is photosynthesis? Two sentences.",
                on_break="restart",
                max_tokens=120,
                temperature=0,
            ) as stream,
        ):
            reply = show.answer(stream)
    show.attempts(reply.attempts)


def offline() -> None:
    """Act 4: the network is gone."""
    show.title("Act 4 of 5: no network at all")
    with no_network():
        try:
            socket.create_connection(("api.openai.com", 443), timeout=5)
        except NetworkForbiddenError as error:
            show.say(
                f"""From here on every socket raises: one to {error.target} just did. The same
                program, told [offline] mode = "always", answers all the same:"""
            )
        with (
            answering_client(offline="always") as client,
            client.stream(
                "What is the water cycle? Answer in two sentences.", max_tokens=120, temperature=0
            ) as stream,
        ):
            show.reply(show.answer(stream))


def weight() -> None:
    """Act 5: what all this weighs."""
    show.title("Act 5 of 5: what it weighs")
    alone, tools = needed(), {"pip", "setuptools", "wheel"}
    measured = weigh(str(POLICY))
    rows = [
        ("packages", f"{len(installed() - tools)} in this environment, the demo's extras included"),
        ("", f"{len(alone) + 1} of them are llmroute and what it needs without extras"),
        ("import", f"{_ms(measured.import_s, measured.import_cpu_s)}, in a fresh interpreter"),
        ("client", f"{_ms(measured.client_s, measured.client_cpu_s)}: policy and catalog are read"),
        ("sockets", f"{measured.import_sockets} opened by the import"),
    ]
    show.facts(rows)


def _ms(wall_s: float, cpu_s: float) -> str:
    return f"{wall_s * 1000:.1f} ms ({cpu_s * 1000:.1f} ms of CPU)"


ACTS = (plan, answer, broken, offline, weight)
