"""Prefixes: how much of a prompt's beginning the caches of providers still hold.

Providers keep the beginnings of long prompts for some minutes and charge less for what they read
there. What was sent is remembered as numbers, one for each message, never as text. What a
provider reports goes before what is expected: one that read nothing from its cache, where
something was expected there, is not believed again until it does.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from llmroute.policies.objectives import LEAST_TOKENS
from llmroute.policies.objectives import UNASKED as WRITES_UNASKED
from llmroute.types.messages import Document, Image, ReasoningBlock, ToolCall
from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llmroute.types.messages import Message, Part
    from llmroute.types.models import Model
    from llmroute.types.reply import Attempt
    from llmroute.types.requests import Request
    from llmroute.types.usage import Usage

LIVES_S = {"5m": 300.0, "1h": 3600.0}
WRITTEN_S = 1800.0
"""For how long OpenAI keeps what it asks for writing: its page on prompt caching."""
USUAL_S = 300.0
"""For how long an unmarked prompt is kept: OpenAI says for 5 to 10 minutes after its last use."""
MOST_TRAILS = 64
"""How many prompts are remembered of each model; the oldest is forgotten first."""
UNASKED = ("openai-chat", "openai-responses", "gemini", "custom")
"""The APIs that keep prompts without being told to; others report what they wrote."""
NOTHING: Mapping[str, int] = {}


class Trail(NamedTuple):
    """A prompt that was sent: a mark and a size for each message, and its tokens in all."""

    marks: tuple[int, ...]
    sizes: tuple[int, ...]
    tokens: int
    since_s: float
    until_s: float

    def shared(self, marks: Sequence[int], *, whole: bool = False) -> int:
        """How many tokens of it are the beginning of a prompt with these marks.

        If caches know `whole` prompts only, a part of it is nothing.
        """
        same = 0
        for mine, theirs in zip(self.marks, marks, strict=False):
            if mine != theirs:
                break
            same += 1
        if same == len(self.marks):
            return self.tokens
        if whole:
            return 0
        total = sum(self.sizes)
        return self.tokens * sum(self.sizes[:same]) // total if total else 0


class Prefixes:
    """What was sent to each model by its name; safe from any thread."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self._trails: dict[str, OrderedDict[tuple[int, ...], Trail]] = {}
        self._doubted: set[str] = set()
        self._lock = threading.Lock()

    def held(self, request: Request, models: Iterable[Model], now_s: float) -> Mapping[str, int]:
        """How many tokens of the prompt's beginning each model's provider still holds, if any.

        `now_s` are seconds of any clock that never goes back.
        """
        if not self._trails or request.texts is not None:
            return NOTHING
        marks = marks_of(request)[0]
        found: dict[str, int] = {}
        with self._lock:
            for model in models:
                tokens = self._tokens(model, marks, now_s)
                if tokens and model.name not in self._doubted:
                    found[model.name] = tokens
        return found

    def _tokens(self, model: Model, marks: Sequence[int], asked_s: float) -> int:
        """What was held when a prompt was asked at `asked_s`."""
        trails = self._trails.get(model.name)
        if trails is None:
            return 0
        whole = _charges_writing(model)
        alive = [one for one in trails.values() if one.since_s <= asked_s < one.until_s]
        most = max((one.shared(marks, whole=whole) for one in alive), default=0)
        return most if most >= LEAST_TOKENS else 0

    def note(self, attempt: Attempt, request: Request, now_s: float) -> None:
        """Take what an attempt that answered has put into its provider's cache."""
        model, usage = attempt.model, attempt.usage
        if usage is None or not _tells(attempt, usage):
            return
        marked = usage.cached_input_tokens + usage.cache_write_tokens
        tokens = usage.input_tokens if model.api in UNASKED else marked
        marks, sizes = marks_of(request)
        with self._lock:
            self._compare(attempt, marks, usage.cached_input_tokens, now_s)
            if tokens >= LEAST_TOKENS:
                usual_s = WRITTEN_S if _charges_writing(model) else USUAL_S
                life_s = LIVES_S.get(model.cache or "", usual_s)
                self._keep(model.name, Trail(marks, sizes, tokens, now_s, now_s + life_s))

    def _compare(self, attempt: Attempt, marks: Sequence[int], cached: int, now_s: float) -> None:
        """Believe a provider whose cache did what was expected, doubt one whose did not.

        What came into the cache after the attempt had begun was not expected.
        """
        model, asked_s = attempt.model, now_s - (attempt.ended_s - attempt.started_s)
        if cached:
            self._doubted.discard(model.name)
        elif self._tokens(model, marks, asked_s):
            self._doubted.add(model.name)

    def _keep(self, name: str, trail: Trail) -> None:
        trails = self._trails.setdefault(name, OrderedDict())
        trails[trail.marks] = trail
        trails.move_to_end(trail.marks)
        if len(trails) > MOST_TRAILS:
            trails.popitem(last=False)


def _tells(attempt: Attempt, usage: Usage) -> bool:
    """Whether usage is the provider's own word, of a prompt that it may keep, for another price."""
    price = attempt.model.price
    if price is None or price.cached_input is None or attempt.outcome != "answered":
        return False
    return not usage.estimated and usage.input_tokens >= LEAST_TOKENS


def _charges_writing(model: Model) -> bool:
    """Whether it is a model of OpenAI since GPT-5.6: whole prompts are kept, for longer."""
    price = model.price
    charged = price is not None and price.cache_write is not None
    return charged and model.cache is None and model.api in WRITES_UNASKED


def marks_of(request: Request) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A mark for the tools and each message of a prompt, and how long each of them is."""
    messages = request.messages
    marks = [_mark(message) for message in messages]
    sizes = [sum(map(_size, message.parts)) for message in messages]
    if request.tools or request.output is not None:
        tools = tuple((one.name, one.description, str(one.parameters)) for one in request.tools)
        shape = "" if request.output is None else repr(request.output.schema)
        marks.insert(0, hash((tools, shape)))
        sizes.insert(0, sum(len("".join(tool)) for tool in tools) + len(shape))
    return tuple(marks), tuple(sizes)


def _mark(message: Message) -> int:
    return hash((message.role, tuple(map(_part_mark, message.parts))))


def _part_mark(part: Part) -> int:
    if isinstance(part, str):
        return hash(part)
    if isinstance(part, ToolCall):
        return hash((part.id, part.name))
    if isinstance(part, Image | Document):
        return hash((part.url, part.data))
    if isinstance(part, ReasoningBlock):
        return hash((part.text, part.data))
    return hash((part.call_id, part.name, str(part.content)))


def _size(part: Part) -> int:
    """About how long a part is, in characters; only shares of a prompt are made of it."""
    if isinstance(part, str):
        return len(part)
    if isinstance(part, Image | Document):
        return 3000
    if isinstance(part, ReasoningBlock):
        return len(part.text)
    return len(part.name) + len(str(part.arguments if isinstance(part, ToolCall) else part.content))
