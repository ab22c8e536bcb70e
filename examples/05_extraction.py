"""Facts out of a text, as a typed value: `python 05_extraction.py ["Ada Lovelace, born 1815"]`."""

import sys
from typing import Annotated

from pydantic import BaseModel, Field

import llmroute
from llmroute import Client, policies


class Person(BaseModel):
    """A person that the text is about."""

    name: Annotated[str, Field(max_length=40)]
    born: Annotated[int, Field(description="the year of birth", ge=0, le=2100)]


text = " ".join(sys.argv[1:]) or "Ada Lovelace, born in London in 1815, wrote the first program."

client = Client(
    policies.order("gpt", "local"),
    models=[
        llmroute.model("gpt", use="openai/gpt-6.1-terra"),
        llmroute.model("local", use="llama-cpp/smollm2-135m-instruct"),
    ],
)
try:
    with client:
        reply = client.chat(
            f"Who is this about? {text}", output=Person, task="extract", temperature=0
        )
except llmroute.LLMRouteError as error:
    sys.exit(str(error))

print(f"{reply.output.name}, {reply.output.born}")
print(reply.why, file=sys.stderr)
