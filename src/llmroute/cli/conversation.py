"""`llmroute chat` at a terminal: a conversation, message by message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import LLMRouteError

from .failures import tell
from .keyboard import Keyboard
from .orders import is_order, obey, words_of
from .terminal import note, write

if TYPE_CHECKING:
    from .past import Past
    from .session import Session

WELCOME = "Ctrl-C stops an answer, Ctrl-D leaves, /help shows what else there is."


def converse(session: Session, past: Past | None) -> int:
    """Answer message after message, until Ctrl-D, /quit, or Ctrl-C twice at the prompt."""
    note(WELCOME)
    if past is not None:
        note(f"What you type is kept in {past.path}; --no-history keeps nothing.")
    keyboard = Keyboard(past, words_of(session))
    leaving = False
    while True:
        try:
            text = keyboard.read()
        except EOFError:
            write("\n")
            return 0
        except KeyboardInterrupt:
            note("")  # what was typed is void
            if leaving and not keyboard.unsent:
                return 0
            leaving = True
            note("(Ctrl-C again leaves)")
            continue
        leaving = False
        if not _answered(session, text):
            return 0


def _answered(session: Session, text: str) -> bool:
    """Do what a message asks for; False when it asks to leave."""
    try:
        if is_order(text):
            return obey(session, text)
        if text.strip():
            session.ask(text)
    except KeyboardInterrupt:
        note("(stopped)")
    except LLMRouteError as error:
        tell(error)
    return True
