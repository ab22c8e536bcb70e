"""One conversation: what was said, with whom, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import (
    AllFailedError,
    DeadlineExceededError,
    LLMRouteError,
    NoCandidateError,
    StreamBrokenError,
)
from llmroute.types.messages import Message

from .chat import about, show
from .failures import tell
from .spending import Spending
from .terminal import note

if TYPE_CHECKING:
    from llmroute.client.sync import Client
    from llmroute.types.messages import Document, Image
    from llmroute.types.plans import Plan
    from llmroute.types.requests import ChatOptions


class Turn(NamedTuple):
    """A question and its answer; `end` is "" when the answer is whole, else why it is not."""

    question: Message
    answer: Message
    model: str
    end: str = ""


class Session:
    """A conversation under way; `plan` is that of the last question, None before the first."""

    def __init__(self, client: Client, options: ChatOptions, names: list[str]) -> None:
        """Begin with nothing said; `names` are the models that the policy names."""
        self.names = names
        self.client = client
        self.options = options
        self.turns: list[Turn] = []
        self.plan: Plan | None = None
        self.spending = Spending()
        self.attached: list[Image | Document] = []

    @property
    def messages(self) -> list[Message]:
        """Everything said so far."""
        return [said for turn in self.turns for said in (turn.question, turn.answer)]

    def ask(self, text: str) -> None:
        """Answer one message; what was shown stays in the conversation, also if it was stopped."""
        question = self._question(text)
        shown: list[str] = []
        end = "broken off"
        try:
            self._stream(question, shown)
        except KeyboardInterrupt:
            note("(stopped)")
            end = "stopped"
            self.spending.stopped += 1
        except LLMRouteError as error:
            self._failed(error)
            tell(error)
        if shown:
            self._keep(Turn(question, Message.assistant("".join(shown)), "", end))
        if self.attached:
            note("(what was attached goes with the next message; /attach - takes it back)")

    def would(self, text: str) -> Plan:
        """The plan for `text` as the next message; nothing is sent. Raises RequestError."""
        return self.client.plan([*self.messages, self._question(text)], **self.options)

    def attach(self, part: Image | Document) -> Plan:
        """Send `part` with the next message; returns who could take it. Raises RequestError."""
        plan = self.client.plan([Message.user("?", part)], **self.options)
        self.attached.append(part)
        return plan

    def _question(self, text: str) -> Message:
        return Message.user(text, *self.attached)

    def _stream(self, question: Message, shown: list[str]) -> None:
        with self.client.stream([*self.messages, question], **self.options) as stream:
            self.plan = stream.plan
            show(stream, shown)
            reply = stream.reply
            self._keep(Turn(question, reply.message, reply.model.name))
            shown.clear()  # it is in the conversation
            self.spending.add(reply.attempts)
            for line in about(reply):
                note(line)

    def _keep(self, turn: Turn) -> None:
        """Make a turn part of the conversation, and what was attached with it."""
        self.turns.append(turn)
        self.attached.clear()

    def _failed(self, error: LLMRouteError) -> None:
        if isinstance(error, NoCandidateError):
            self.plan = error.plan
        if isinstance(error, AllFailedError | DeadlineExceededError | StreamBrokenError):
            self.spending.add(error.attempts)
