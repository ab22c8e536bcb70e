"""Ghost Attention's data form at run time: does a small model keep an instruction over 8 turns?

`python -m benchmarks.adherence` plays the same conversations with SmolLM2-135M twice, with and
without `repeat_instruction`, at temperature 0, and counts the answers in the language that the
system instruction asks for, told by the commonest words of each language. (Of the instructions
that a program can check, those about language are the only ones found that a model so small keeps
at all.) It prints the share per turn, and the prompt tokens that it costs.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import llmroute
from llmroute import Client, Message

TURNS = 8
ANSWER_TOKENS = 24


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = _words("the of and a to in is it that for with as on are this was its")


class Rule(NamedTuple):
    """An instruction, and the commonest words of the language that it asks for."""

    instruction: str
    words: frozenset[str]

    def kept(self, text: str) -> bool:
        """Whether more words of the language than of English are in `text`."""
        said = re.findall(r"\w+", text.lower())
        return sum(one in self.words for one in said) > sum(one in ENGLISH for one in said)


RULES = (
    Rule(
        "Answer in Spanish. Responde en español.",
        _words("el la los las de del que y en un una es por con se su para como"),
    ),
    Rule(
        "Answer in French. Réponds en français.",
        _words("le la les des de du que et en un une est par avec se pour dans sont"),
    ),
    Rule(
        "Answer in German. Antworte auf Deutsch.",
        _words("der die das und ist ein eine von zu mit den dem auf für nicht sich"),
    ),
    Rule(
        "Answer in Italian. Rispondi in italiano.",
        _words("il la i gli le di del che e un una è per con si sono nel della"),
    ),
)
TOPICS = (
    ("the sea", "a ship", "the wind", "a harbor", "an island", "a storm", "fish", "the tide"),
    ("bread", "cheese", "soup", "tea", "rice", "an apple", "salt", "honey"),
)


class Tally(NamedTuple):
    """How many answers of each turn kept their instruction, of how many, and the prompt tokens."""

    kept: list[int]
    asked: int
    input_tokens: int


def play(*, repeat: bool) -> Tally:
    """Play every conversation once."""
    small = llmroute.model(
        "small", use="llama-cpp/smollm2-135m-instruct", repeat_instruction=repeat
    )
    kept, tokens = [0] * TURNS, 0
    with Client(models=[small]) as client:
        for rule in RULES:
            for topics in TOPICS:
                history: list[Message] = []
                for turn, topic in enumerate(topics):
                    history.append(Message.user(f"Tell me about {topic}."))
                    reply = client.chat(
                        history, system=rule.instruction, temperature=0, max_tokens=ANSWER_TOKENS
                    )
                    history.append(reply.message)
                    kept[turn] += rule.kept(reply.text.strip())
                    tokens += reply.usage.input_tokens
    return Tally(kept, len(RULES) * len(TOPICS), tokens)


def main() -> None:
    """Play both ways and print."""
    tallies = {"without": play(repeat=False), "with": play(repeat=True)}
    print(
        "turn      " + "".join(f"{turn:>6}" for turn in range(1, TURNS + 1)) + "   all  tokens in"
    )
    for name, tally in tallies.items():
        shares = "".join(f"{100 * count // tally.asked:>5}%" for count in tally.kept)
        total = 100 * sum(tally.kept) // (tally.asked * TURNS)
        print(f"{name:<10}{shares}{total:>5}%{tally.input_tokens:>11}")


if __name__ == "__main__":
    main()
