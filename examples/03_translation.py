"""Translate several texts at once: `python 03_translation.py German "Good morning." ["..." ...]`.

All go out together; each must be done within 30 seconds, fallbacks included. (The starter model
translates badly; it keeps the program running when there is no key and no network.)
"""

import asyncio
import sys

import llmroute
from llmroute import AsyncClient, policies

language, *texts = sys.argv[1:] or ["French", "Good morning.", "Where is the station?"]

models = [
    llmroute.model("gpt", use="openai/gpt-6-luna"),
    llmroute.model("local", use="llama-cpp/smollm2-135m-instruct"),
]


async def translate(client: AsyncClient, text: str) -> str:
    """Translate one text, or say why it did not work."""
    try:
        reply = await client.chat(f"Translate into {language}, without comment: {text}")
    except llmroute.LLMRouteError as error:
        return f"({error})"
    return f"{reply.text.strip()}  [{reply.model.name}{', fell back' if reply.fell_back else ''}]"


async def main() -> None:
    """Translate all of them, and print them in order."""
    async with AsyncClient(policies.order("gpt", "local"), models=models) as client:
        translator = client.with_options(task="translate", temperature=0, deadline_s=30)
        translations = await asyncio.gather(*(translate(translator, text) for text in texts))
    for text, translation in zip(texts, translations, strict=True):
        print(f"{text}\n  {translation}")


asyncio.run(main())
