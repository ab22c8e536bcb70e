"""A tutor whose words come as they are found: `python 04_tutor.py ["What is gravity?"]`.

When the model breaks off in the middle, the next one starts over, and the student sees it.
"""

import sys

import llmroute
from llmroute import Client, Restarted, Text, policies

question = " ".join(sys.argv[1:]) or "What is gravity?"

client = Client(
    policies.order("gpt", "local"),
    models=[
        llmroute.model("gpt", use="openai/gpt-6.1-terra"),
        llmroute.model("local", use="llama-cpp/smollm2-135m-instruct"),
    ],
)
tutor = "You are a patient tutor. Explain in two short sentences, for a child of ten."

try:
    with (
        client,
        client.stream(question, system=tutor, on_break="restart", max_tokens=300) as stream,
    ):
        for event in stream:
            match event:
                case Text(text):
                    print(text, end="", flush=True)
                case Restarted(model):
                    print(f"\n\n({model.name} starts over)\n")
                case _:
                    pass
except llmroute.LLMRouteError as error:
    sys.exit(f"\n{error}")
print(f"\n\n{stream.reply.why}", file=sys.stderr)
