"""Messages: what is said, and by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")

Part = str
"""One piece of a message's content; text is the only kind so far."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; its repr shows sizes, never content."""

    role: Role
    parts: tuple[Part, ...]

    @staticmethod
    def user(*parts: Part) -> Message:
        """Say something as the user."""
        return Message("user", parts)

    @staticmethod
    def system(*parts: Part) -> Message:
        """Instruct the model."""
        return Message("system", parts)

    @staticmethod
    def assistant(*parts: Part) -> Message:
        """Repeat what a model said."""
        return Message("assistant", parts)

    @property
    def text(self) -> str:
        """The text parts, joined without a separator."""
        return "".join(self.parts)

    def __repr__(self) -> str:
        return f"Message({self.role!r}, {sum(len(str(part)) for part in self.parts)} characters)"
