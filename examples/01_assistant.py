"""A small assistant that remembers the conversation: `python 01_assistant.py ["question" ...]`.

It answers on this machine. A question that begins with "!" goes to a GPT-class model, if
OPENAI_API_KEY is set; an empty line ends the chat.
"""

import sys
from contextlib import suppress

import llmroute
from llmroute import Client, Message, policies

client = Client(
    policies.order("local", "gpt"),
    models=[
        llmroute.model("local", use="llama-cpp/smollm2-135m-instruct"),
        llmroute.model("gpt", use="openai/gpt-6.1-terra"),
    ],
)
history: list[Message] = []

with client, suppress(EOFError, KeyboardInterrupt):
    for question in sys.argv[1:] or iter(lambda: input("you> "), ""):
        history.append(Message.user(question.removeprefix("!")))
        try:
            reply = client.chat(
                history,
                system="You are a helpful assistant. Answer briefly.",
                model=["gpt", "local"] if question.startswith("!") else ["local", "gpt"],
                max_tokens=200,
            )
        except llmroute.LLMRouteError as error:
            sys.exit(str(error))
        history.append(reply.message)
        print(f"{reply.model.name}> {reply.text}")
