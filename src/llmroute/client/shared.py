"""What clients and streams of both colors have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Self, overload

from llmroute.errors import ClosedError, LLMRouteError, RequestError
from llmroute.types.requests import RESTARTING

from .checks import given_options
from .core import Core
from .options import NOTHING, check, merge, request, shaped
from .setup import read_setup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Unpack

    from llmroute.driver.session import Order
    from llmroute.health import Observations
    from llmroute.health.view import Health
    from llmroute.policies.records import Record
    from llmroute.types.plans import Plan
    from llmroute.types.reply import Reply
    from llmroute.types.requests import ChatOptions, EmbedOptions
    from llmroute.types.secrets import Secret
    from llmroute.types.tools import Output, Tool
    from llmroute.types.usage import TokenCount

    from .embedding import Embedding
    from .embedding_texts import Texts
    from .messages import Prompt
    from .options import Checked
    from .setup import ClientOptions, PolicySource

    ChatTools = Sequence[Tool | Callable[..., object] | Mapping[str, object]]
    Ordered = tuple[Order, Secret | None] | LLMRouteError
    Begun = tuple[Embedding, Secret | None] | LLMRouteError


class RefusesPickle:
    """Connections, threads and keys do not travel; plans, replies and errors do."""

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} is never pickled: make one in each process. "
            "Plans, replies and errors can be pickled"
        )


class BaseClient(RefusesPickle):
    """The part of a client that waits for nothing."""

    def __init__(
        self, policy: PolicySource | None = None, **options: Unpack[ClientOptions]
    ) -> None:
        """Read the policy; raises PolicyError with every problem found."""
        made = self._made(policy, options)
        del policy, options  # a key that was passed here by mistake is in no crash report
        if isinstance(made, LLMRouteError):
            raise made
        self._core = made
        self._base: Checked = NOTHING
        self._owner = True

    @property
    def observations(self) -> Observations:
        """What it has seen of its models; pass it to another client to share it."""
        return self._core.observations

    @property
    def health(self) -> Health:
        """What it remembers of failures; pass it to another client to share it."""
        return self._core.remembered.health

    @overload
    def plan(
        self, prompt: Prompt, *, output: Output | None = None, **options: Unpack[ChatOptions]
    ) -> Plan: ...
    @overload
    def plan(self, prompt: Prompt, *, output: object, **options: Unpack[ChatOptions]) -> Plan: ...
    def plan(
        self, prompt: Prompt | None = None, *, output: object = None, **options: Unpack[ChatOptions]
    ) -> Plan:
        """Choose without sending anything; a plan without candidates is returned, not raised.

        Raises RequestError for the call itself, ClosedError, ForkedError, and PolicyError for a
        policy in code that names no model.
        """
        planned = self._planned(prompt, options, output)
        del prompt, options
        if isinstance(planned, LLMRouteError):
            raise planned
        return planned

    @overload
    def record(
        self, prompt: Prompt, *, output: Output | None = None, **options: Unpack[ChatOptions]
    ) -> Record: ...
    @overload
    def record(
        self, prompt: Prompt, *, output: object, **options: Unpack[ChatOptions]
    ) -> Record: ...
    def record(
        self, prompt: Prompt | None = None, *, output: object = None, **options: Unpack[ChatOptions]
    ) -> Record:
        """Plan without sending anything, and keep all that the plan was made from.

        The record holds the prompt; `record.save(file)` writes it, `record.replay()` plans again.
        Raises what `plan` raises.
        """
        recorded = self._recorded(prompt, options, output)
        del prompt, options
        if isinstance(recorded, LLMRouteError):
            raise recorded
        return recorded

    @overload
    def plan_embed(self, texts: str, **options: Unpack[EmbedOptions]) -> Plan: ...
    @overload
    def plan_embed(self, texts: Sequence[str], **options: Unpack[EmbedOptions]) -> Plan: ...
    def plan_embed(self, texts: Texts | None = None, **options: Unpack[EmbedOptions]) -> Plan:
        """Choose who would embed `texts`, as `embed` does, without sending anything.

        A plan without candidates is returned, not raised. Raises what `plan` raises.
        """
        begun = self._begun(texts, options)
        del texts, options
        if isinstance(begun, LLMRouteError):
            raise begun
        return begun[0].plan

    def count_tokens(
        self,
        prompt: Prompt,
        model: str,
        *,
        system: str | None = None,
        tools: ChatTools = (),
        output: object = None,
    ) -> TokenCount:
        """Count the prompt as `model`, a name of the policy or "provider/model", counts it.

        Never touches the network. `method` says "exact" where the vocabulary of the model is at
        hand and the form of what is sent is known, else "estimate", with an interval and a `hint`.
        A vocabulary is loaded at the first count (up to a second).

        Raises RequestError for the prompt or the model, ClosedError, ForkedError, and PolicyError
        when a vocabulary in the folder that was named is not the right one.
        """
        counted = self._counted(prompt, model, {"system": system, "tools": tools}, output)
        del prompt, system, tools, output
        if isinstance(counted, LLMRouteError):
            raise counted
        return counted

    def with_options(self, **options: Unpack[ChatOptions]) -> Self:
        """Make a client with these options set; it shares everything and owns nothing.

        Raises RequestError for an option that is wrong.
        """
        child = type(self).__new__(type(self))
        vars(child).update(vars(self), _base=self._checked(options), _owner=False)
        return child

    @staticmethod
    def _made(policy: PolicySource | None, options: ClientOptions) -> Core | LLMRouteError:
        try:
            given = given_options(options)
            return Core(read_setup(policy, given), given)
        except LLMRouteError as error:
            return error.with_traceback(None)

    # Errors come out of these as values, without the frames that saw the prompt: a crash report
    # with locals then has nothing to show but the frame of the public method, which forgot it.
    def _ordered(
        self, prompt: Prompt | None, options: ChatOptions, output: object, *, stream: bool
    ) -> Ordered:
        try:
            checked = self._checked(options) if options else self._base
            if output is not None:
                checked = shaped(checked, output)
            order = self._core.prepare(prompt, checked, stream=stream)
        except LLMRouteError as error:
            return error.with_traceback(None)
        return order, checked.key

    def _planned(
        self, prompt: Prompt | None, options: ChatOptions, output: object
    ) -> Plan | LLMRouteError:
        try:
            checked = self._checked(options)
            if output is not None:
                checked = shaped(checked, output)
            return self._core.plan(request(prompt, checked.values), checked.key)
        except LLMRouteError as error:
            return error.with_traceback(None)

    def _recorded(
        self, prompt: Prompt | None, options: ChatOptions, output: object
    ) -> Record | LLMRouteError:
        try:
            checked = self._checked(options)
            if output is not None:
                checked = shaped(checked, output)
            return self._core.recorded(request(prompt, checked.values), checked.key)
        except LLMRouteError as error:
            return error.with_traceback(None)

    def _counted(
        self, prompt: Prompt, model: str, given: Mapping[str, object], output: object
    ) -> TokenCount | LLMRouteError:
        from .counting import counted  # programs that only chat need none of it

        try:
            return counted(self._core, prompt, model, given, output)
        except LLMRouteError as error:
            return error.with_traceback(None)

    def _begun(self, texts: Texts | None, options: EmbedOptions) -> Begun:
        from .embedding import begin  # programs that only chat need none of it

        try:
            return begin(self._core, texts, options, self._base)
        except LLMRouteError as error:
            return error.with_traceback(None)

    def _checked(self, options: ChatOptions) -> Checked:
        return merge(self._base, check(options))

    def __repr__(self) -> str:
        core: Core | None = vars(self).get("_core")  # None in a crash report on its making
        return f"{type(self).__name__}({core.describe() if core else 'not made'})"


class EnteredAsync:
    """What goes with `async with`; a plain `with` is refused by checkers of types, and in words."""

    if not TYPE_CHECKING:

        def __enter__(self) -> NoReturn:
            raise RequestError("is entered by async with", where=type(self).__name__)

        def __exit__(self, *exc_info: object) -> None:
            """There for Python to find; `__enter__` never returns."""


class BaseStream(RefusesPickle):
    """The part of a stream that waits for nothing."""

    def __init__(self, order: Order) -> None:
        """Hold the plan that the stream follows."""
        self.plan = order.plan
        self._on_break = order.snapshot.on_break

    def __repr__(self) -> str:
        names = ", then ".join(repr(one.model.name) for one in self.plan.candidates)
        return f"{type(self).__name__}({names})"

    def _refuse_restart(self) -> None:
        """Refuse the plain text of a stream that may begin anew; raises RequestError."""
        if self._on_break in RESTARTING:
            raise RequestError(
                f'text would repeat after a restart, because on_break="{self._on_break}"',
                where="stream.text",
                hint="Read the events, and void the text at Restarted",
            )


def one_consumer() -> RequestError:
    """Refuse a second reader of a stream."""
    hint = "Make a stream for each, or let one pass the events on"
    return RequestError("it is being read already, by another", where="stream", hint=hint)


def finished(result: Reply[object] | Exception | None) -> None:
    """Refuse a reply that is not there yet; raises ClosedError."""
    if result is None:
        raise ClosedError("the stream has no reply yet: read it to its end first")
