"""The demo in five acts: `make demo`, or `python examples/demo/main.py 1 3` for some of them.

OPENAI_API_KEY lets the real GPT-class model answer act 2, for less than a cent;
LLAMA=path/to/llama-2-7b-chat.gguf lets your own LLaMA 2 answer.
"""

from __future__ import annotations

import os
import sys
import time

from acts import ACTS
from show import say
from stage import LLAMA, llama_problem, paid_call

from llmroute import LLMRouteError


def main(words: list[str]) -> str | None:
    """Play the acts that `words` number, all by default; returns what went wrong, if anything."""
    every = [str(number) for number in range(1, len(ACTS) + 1)]
    if unknown := [word for word in words if word not in every]:
        return f"there is no act {unknown[0]}; name some of 1 to {len(ACTS)}"
    if problem := llama_problem():
        return f"LLAMA={LLAMA} cannot be used: {problem}"
    began_at = time.monotonic()
    if "2" in (words or every) and (notice := paid_call()):
        say(notice)
    for number in words or every:
        ACTS[int(number) - 1]()
    print(f"The demo took {time.monotonic() - began_at:.0f} s.")
    return None


def run() -> str | None:
    """Play, and flush what was printed while a closed pipe can still be caught."""
    try:
        return main(sys.argv[1:])
    finally:
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(run())
    except BrokenPipeError:  # as of `main.py | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except LLMRouteError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit(130)
