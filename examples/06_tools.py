"""A model that asks for a tool, and answers with what it gave: `python 06_tools.py [Oslo]`.

The local model is too small to make a sentence of the result: it repeats what it was told.
"""

import sys

import llmroute
from llmroute import Client, Message, policies

city = " ".join(sys.argv[1:]) or "Oslo"


def weather(city: str) -> dict[str, object]:
    """Look up the weather now.

    Args:
        city: the city's name
    """
    return {"city": city, "sky": "rain", "degrees": 7}


client = Client(
    policies.order("gpt", "local"),
    models=[
        llmroute.model("gpt", use="openai/gpt-6.1-terra"),
        llmroute.model("local", use="llama-cpp/smollm2-135m-instruct"),
    ],
)
history = [Message.user(f"What is the weather in {city}?")]
try:
    with client.with_options(max_tokens=100, temperature=0) as asking:
        first = asking.chat(history, tools=[weather], tool_choice="weather")
        results = [Message.tool(one, weather(**one.arguments)) for one in first.tool_calls]
        answer = asking.chat([*history, first.message, *results])
except llmroute.LLMRouteError as error:
    sys.exit(str(error))
print([(one.name, dict(one.arguments)) for one in first.tool_calls])
print(answer.text)
