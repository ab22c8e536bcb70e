"""The demo in five acts: `make demo`, or `python examples/demo/main.py 1 3` for some of them.

OPENAI_API_KEY lets the real GPT-class model answer; LLAMA=path/to/llama-2-7b-chat.gguf lets your
own LLaMA 2 answer.
"""

from __future__ import annotations

import sys
import time

from acts import ACTS
from stage import LLAMA, llama_problem

from llmroute import LLMRouteError


def main(words: list[str]) -> str | None:
    """Play the acts that `words` number, all by default; returns what went wrong, if anything."""
    every = [str(number) for number in range(1, len(ACTS) + 1)]
    if unknown := [word for word in words if word not in every]:
        return f"there is no act {unknown[0]}; name some of 1 to {len(ACTS)}"
    if problem := llama_problem():
        return f"LLAMA={LLAMA} cannot be used: {problem}"
    began_at = time.monotonic()
    for number in words or every:
        ACTS[int(number) - 1]()
    print(f"The demo took {time.monotonic() - began_at:.0f} s.")
    return None


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except LLMRouteError as error:
        sys.exit(f"\n{error}")
    except KeyboardInterrupt:
        sys.exit(130)
