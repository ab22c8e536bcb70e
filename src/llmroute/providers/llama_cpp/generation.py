"""One answer: the prompt evaluated, tokens drawn one by one, and events made of them."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError
from llmroute.types.events import End, Opened, UsageReport
from llmroute.types.messages import ToolCall
from llmroute.types.usage import Usage

from .answer import AnswerText
from .calls_in_text import CallFinder
from .embedding import embed
from .prompts import grammar_of, prompted
from .sampler import reproducible, sampler_chain
from .thinking import Thoughts
from .tool_forms import offered

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.calls import Call
    from llmroute.types.events import FinishReason
    from llmroute.types.requests import Sampling

    from .bindings import Sampler
    from .constraint import Constraint
    from .job import Job
    from .loaded import Loaded
    from .prompts import Prompt


class _Ended(NamedTuple):
    """How an answer ended, how many tokens it took, and how many of them were thoughts."""

    reason: FinishReason
    tokens: int
    thinking: int


def answer(job: Job, loaded: Loaded) -> None:
    """Compute one answer and emit its events.

    Raises:
        AttemptError: kind "template", "bad_request", "context_length", "interrupted" or "engine".
    """
    call, flag = job.call, job.flag
    if call.request.texts is not None:
        embed(job, call.request.texts, loaded)
        return
    sampling = call.request.sampling
    prompt = prompted(call, loaded)
    with ExitStack() as stack:
        constraint = _constraint(call, prompt, loaded)
        if constraint is not None:
            stack.callback(constraint.free)
        loaded.sequence.watch(flag)
        job.emit(Opened())
        reused = loaded.sequence.evaluate(prompt.tokens, flag, exact=reproducible(sampling))
        room = loaded.window - len(prompt.tokens)
        limits = (sampling.max_tokens, call.model.max_output_tokens, room)
        limit = min(one for one in limits if one is not None)
        ended = _generate(job, loaded, _Drawing(prompt, constraint, sampling, limit))
    usage = Usage(
        len(prompt.tokens),
        ended.tokens,
        cached_input_tokens=reused,
        reasoning_tokens=ended.thinking,
    )
    job.emit(UsageReport(usage))
    job.emit(End(ended.reason))


class _Drawing(NamedTuple):
    """What holds while tokens are drawn: the prompt, the grammar, and the most tokens."""

    prompt: Prompt
    constraint: Constraint | None
    sampling: Sampling
    limit: int


def _constraint(call: Call, prompt: Prompt, loaded: Loaded) -> Constraint | None:
    """The grammar that the answer keeps to, gone on to behind the prefix."""
    grammar = grammar_of(call.request, prompt.form)
    if grammar is None:
        return None
    from .constraint import Constraint

    constraint = Constraint(loaded.library, loaded.vocabulary.handle, grammar)
    begun = loaded.vocabulary.tokenize(call.prefix, special=False) if call.prefix else []
    if not all(map(constraint.take, begun)):
        constraint.free()
        raise AttemptError("bad_request", "the answer so far does not have the shape asked for")
    return constraint


class _Shown:
    """Makes events of the answer's tokens: text, thoughts, and calls of tools."""

    def __init__(self, job: Job, loaded: Loaded, drawing: _Drawing) -> None:
        self._emit = job.emit
        self._bytes_of = loaded.vocabulary.bytes_of
        self._text = AnswerText(drawing.sampling.stop)
        self._first = not job.call.prefix
        self.finder = _finder(job.call)
        self.thoughts = Thoughts(self.finder, inside=drawing.prompt.inside)

    @property
    def stopped(self) -> bool:
        """Whether a stop string ended the answer."""
        return self._text.stopped

    def add(self, token: int) -> None:
        """Show what a token adds, as far as that is certain."""
        piece = self._text.feed(self._bytes_of(token, first=self._first))
        self._first = False
        if piece:
            for event in self.thoughts.feed(piece):
                self._emit(event)

    def finish(self) -> None:
        """Show what was held back."""
        for event in (*self.thoughts.feed(self._text.finish()), *self.thoughts.finish()):
            self._emit(event)


def _generate(job: Job, loaded: Loaded, drawing: _Drawing) -> _Ended:
    """Draw tokens until the answer is complete."""
    shown = _Shown(job, loaded, drawing)
    chain = sampler_chain(loaded.library, drawing.sampling)
    try:
        produced, thinking = _draw_all(
            shown, _drawer(loaded, drawing, chain, shown.thoughts), loaded, drawing.limit
        )
    finally:
        loaded.library.llama_sampler_free(chain)
    shown.finish()
    if produced >= drawing.limit and not shown.stopped:
        return _Ended("length", produced, thinking)
    return _Ended("tool_calls" if shown.finder.found else "stop", produced, thinking)


def _draw_all(
    shown: _Shown, draw: Callable[[], int | None], loaded: Loaded, limit: int
) -> tuple[int, int]:
    """Draw and show up to `limit` tokens; returns how many, and how many of them were thoughts."""
    thoughts, is_end, append = shown.thoughts, loaded.vocabulary.is_end, loaded.sequence.append
    produced, thinking = 0, 0
    while produced < limit:
        token = draw()
        if token is None or is_end(token):
            break
        produced += 1
        thinking += thoughts.inside
        shown.add(token)
        if shown.stopped:
            break
        if produced < limit:
            append(token)
    return produced, thinking


def _drawer(
    loaded: Loaded, drawing: _Drawing, chain: Sampler, thoughts: Thoughts
) -> Callable[[], int | None]:
    """What draws the next token: freely, or by the grammar once the model has thought."""
    free = partial(loaded.library.llama_sampler_sample, chain, loaded.context, -1)
    constraint = drawing.constraint
    if constraint is None:
        return free
    from .constraint import Choice

    held = partial(constraint.draw, Choice(chain, loaded.context, drawing.sampling))
    return lambda: free() if thoughts.inside else held()


def _finder(call: Call) -> CallFinder:
    """What finds calls in the answer; their ids go on from those of the conversation so far."""
    names = frozenset(tool.name for tool in offered(call.request))
    parts = [part for message in call.request.messages for part in message.parts]
    return CallFinder(names, 1 + sum(isinstance(part, ToolCall) for part in parts))
