"""Translate several texts at once: `python 03_translation.py German "Good morning." ["..." ...]`.

All go out together; each must be done within 30 seconds, fallbacks included. (The starter model
translates badly; it keeps the program running when there is no key and no network.)
"""

import asyncio
import sys

import llmroute
from llmroute import AsyncClient, LLMRouteError, Reply, policies

language, *texts = sys.argv[1:] or ["French", "Good morning.", "Where is the station?"]

models = [
    llmroute.model("gpt", use="openai/gpt-6-luna"),
    llmroute.model("local", use="llama-cpp/smollm2-135m-instruct"),
]


async def main() -> bool:
    """Translate all of them, and print them in order; False when none could be."""
    async with AsyncClient(policies.order("gpt", "local"), models=models) as client:
        translator = client.with_options(task="translate", temperature=0, deadline_s=30)
        asked = [translator.chat(f"Translate into {language}: {text}") for text in texts]
        results = await asyncio.gather(*asked, return_exceptions=True)
    for text, result in zip(texts, results, strict=True):
        match result:
            case Reply(text=translation, model=model):
                print(f"{text}\n  {translation.strip()}  [{model.name}]")
            case LLMRouteError():
                print(f"{text}\n  {result}", file=sys.stderr)
            case BaseException():
                raise result
    return any(isinstance(result, Reply) for result in results)


sys.exit(not asyncio.run(main()))
