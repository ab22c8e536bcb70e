"""What can be typed in a conversation besides messages: /model, /plan, /cost, ..."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest
from llmroute.types.tables import table

from .models import listed
from .questions import document, image
from .terminal import fail, note, write

if TYPE_CHECKING:
    from collections.abc import Callable

    from .session import Session, Turn

ORDER = re.compile(r"/([A-Za-z]+)(?:\s+(.*?))?\s*", re.DOTALL)
NOTHING = "-"
"""Takes back what /model, /system or /attach set."""


class Order(NamedTuple):
    """What follows the name, what it does in a few words, and what does it."""

    takes: str
    does: str
    run: Callable[[Session, str], None]


def is_order(text: str) -> bool:
    """Whether this is a word after a slash, and no path: /etc/hosts is a message."""
    return ORDER.fullmatch(text) is not None


def words_of(session: Session) -> dict[str, list[str]]:
    """Every word after a slash, with the words that may follow it."""
    words: dict[str, list[str]] = {f"/{name}": [] for name in (*ORDERS, *LEAVING)}
    words["/model"] = session.names
    return words


def obey(session: Session, text: str) -> bool:
    """Do what is asked; False when it is to leave. Raises RequestError and PolicyError."""
    found = ORDER.fullmatch(text)
    name, rest = (found[1].lower(), found[2] or "") if found else ("", "")
    if name in LEAVING:
        return False
    order = ORDERS.get(name)
    if order is None:
        known = [f"/{one}" for one in (*ORDERS, *LEAVING)]
        note(f"there is no /{name}. {nearest(f'/{name}', known)}")
        note("To send it as a message, put a space before the slash.")
    else:
        order.run(session, rest)
    return True


def _model(session: Session, rest: str) -> None:
    """Let a model answer from now on, or several in order; without a name show all."""
    names = rest.split()
    if not names:
        write(listed(session.client, session.names) + "\n")
        note(f"now: {_chosen(session)}; /model NAME changes that, /model - lets the policy choose")
        return
    if names == [NOTHING]:
        session.options.pop("model", None)
    else:
        try:
            plan = session.client.plan("?", model=names)
        except RequestError as error:  # names that there are not
            fail(str(error).replace("model:", "/model:", 1))
            return
        for refusal in plan.refused:
            note(f"warning: {refusal}")
        session.options["model"] = names
    note(f"now: {_chosen(session)}")


def _chosen(session: Session) -> str:
    names = session.options.get("model")
    if not names:
        return "the policy chooses"
    return names if isinstance(names, str) else ", then ".join(names)


def _plan(session: Session, rest: str) -> None:
    """Show the plan for a message, or that of the last one."""
    plan = session.would(rest) if rest else session.plan
    if plan is None:
        note("nothing was asked yet; /plan TEXT shows what would answer TEXT, and sends nothing")
    else:
        write(f"{plan}\n")


def _cost(session: Session, _: str) -> None:
    write(f"{session.spending}\n")


def _system(session: Session, rest: str) -> None:
    """Show, set or take back the system instruction."""
    if rest == NOTHING:
        session.options.pop("system", None)
    elif rest:
        session.options["system"] = rest
    system = session.options.get("system")
    note(f"system: {system}" if system else "no system instruction; /system TEXT sets one")


def _attach(session: Session, rest: str) -> None:
    """Let a picture or a document go with the next message."""
    if rest == NOTHING:
        session.attached.clear()
        note("(nothing is attached)")
        return
    if not rest:
        note("say what: /attach FILE (a picture, or a PDF when its name ends in .pdf)")
        return
    part = document(rest) if rest.lower().endswith(".pdf") else image(rest)
    plan = session.attach(part)
    note(f"it goes with the next message; {plan.why}")


def _clear(session: Session, _: str) -> None:
    session.turns.clear()
    session.attached.clear()
    note("(forgotten; model, system and cost stay)")


def _save(session: Session, rest: str) -> None:
    """Write the conversation to a new file: JSON when its name ends so, else Markdown."""
    if not rest:
        note("say where: /save FILE (JSON when its name ends in .json, else Markdown)")
        return
    path = Path(rest).expanduser()
    try:
        with path.open("x", encoding="utf-8", errors="replace") as file:
            file.write(_as_json(session) if path.suffix == ".json" else _as_markdown(session.turns))
    except FileExistsError as error:
        note(f"not saved: {path}: {error.strerror}; choose another name")
    except OSError as error:
        note(f"not saved: {path}: {error.strerror or error}")
    else:
        note(f"saved: {path}")


def _as_json(session: Session) -> str:
    """Write what `chat` takes back: a list of dictionaries in OpenAI's style."""
    system = session.options.get("system")
    said = [{"role": "system", "content": system}] if system else []
    said += [{"role": one.role, "content": one.text} for one in session.messages]
    return json.dumps(said, indent=2) + "\n"


def _as_markdown(turns: list[Turn]) -> str:
    parts: list[str] = []
    for turn in turns:
        who = turn.model or "answer"
        parts.append(f"## You\n\n{turn.question.text}\n")
        parts.append(f"## {who}{f' ({turn.end})' if turn.end else ''}\n\n{turn.answer.text}\n")
    return "\n".join(parts)


def _help(_: Session, __: str) -> None:
    rows = [(f"/{name} {order.takes}".rstrip(), order.does) for name, order in ORDERS.items()]
    rows += [
        ("/quit", "leaves; so do Ctrl-D, and Ctrl-C twice at the prompt"),
        ("...\\", "a line that ends in a backslash goes on in the next one"),
        ('"""', "what follows is one message, up to the next three quotes"),
    ]
    write(table(("type", "for"), rows) + "\n")


LEAVING = ("quit", "exit")
ORDERS: dict[str, Order] = {
    "model": Order(
        "[NAME...]", "this model answers from now on; without NAME: which there are", _model
    ),
    "plan": Order("[TEXT]", "who would answer TEXT, and why; without TEXT: the last plan", _plan),
    "cost": Order("", "tokens and cost of this conversation, model by model", _cost),
    "system": Order("[TEXT]", "the system instruction from now on; - takes it back", _system),
    "attach": Order(
        "FILE", "a picture or a PDF goes with the next message; - takes it back", _attach
    ),
    "clear": Order("", "forgets what was said", _clear),
    "save": Order("FILE", "writes the conversation to a new file, Markdown or .json", _save),
    "help": Order("", "this", _help),
}
"""What each word after a slash does."""
