"""Summarize a file for at most a cent, with the plan shown first: `python 02_summary.py FILE`."""

import sys
from pathlib import Path

import llmroute
from llmroute import Client, policies

if not sys.argv[1:]:
    sys.exit(__doc__)

models = [
    llmroute.model("gpt", use="openai/gpt-6-luna"),
    llmroute.model("local", use="llama-cpp/smollm2-135m-instruct"),
]

try:
    text = Path(sys.argv[1]).read_text(encoding="utf-8", errors="replace")
    prompt = f"Summarize this text in three sentences:\n\n{text}"
    with Client(policies.order("gpt", "local"), models=models) as client:
        summarizer = client.with_options(task="summarize", max_tokens=200, max_cost_usd="0.01")
        print(summarizer.plan(prompt), end="\n\n")  # nothing is sent yet
        reply = summarizer.chat(prompt)
except (OSError, llmroute.LLMRouteError) as error:
    sys.exit(str(error))

print(reply.text)
print(f"\n{reply.model.name}, ${reply.cost_usd}, {reply.duration_s:.1f} s", file=sys.stderr)
