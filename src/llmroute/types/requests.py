"""What the caller asked: the options as they are typed, and the frozen request made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from .frozen import dataclass, field
from .messages import all_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from decimal import Decimal

    from .messages import Message
    from .plans import Facts
    from .tools import OutputSpec, Tool, ToolChoice

OnBreak = Literal["raise", "restart", "continue", "continue_or_restart"]
RESTARTING = ("restart", "continue_or_restart")
"""Where what was shown may be void, and begin anew."""
ReasoningEffort = Literal["none", "minimal", "low", "medium", "high"]
Hint = str | int | float | bool

TASKS: tuple[str, ...] = (
    "code",
    "math",
    "summarize",
    "translate",
    "rewrite",
    "creative",
    "write",
    "extract",
    "classify",
    "qa",
    "chat",
)
"""What kinds of work a request may name."""

PURPOSES: tuple[str, ...] = (
    "chat",
    "research",
    "evaluate",
    "improve_llm",
    "distill",
    "synthetic_data",
    "compete",
)
"""What answers may be used for; license clauses ask for it. "improve_llm:llama-2" names a target:
the family of models that is improved."""


LANGUAGE = r"[a-z]{2}"
"""An ISO 639-1 code."""


class ChatOptions(TypedDict, total=False):
    """Every option of `chat`, `stream`, `plan` and `with_options`; each may be left out.

    model: a name of the policy, or "provider/model" of the catalog, or several in order of trial;
        left out, the policy chooses.
    task: what kind of work this is ("code", "summarize", ...); routes ask for it.
    hints: facts about this request that the policy declares under [hints]; routes ask for them.
    tags: free labels, kept on the reply's plan; routes may ask for them.
    system: the system instruction; it goes before the messages.
    tools: what the model may ask for: functions with type hints and a docstring, `Tool`s, or dicts
        as OpenAI's API has them; they are never run by llmroute. Models without the ability are
        refused.
    tool_choice: "auto" (the model decides), "required", "none", or the name of the tool that it
        must ask for; left out, "auto".
    reasoning: how much the model thinks before it answers, "none", "minimal", "low", "medium" or
        "high"; models that cannot be told are not, with a warning. Left out, the model's own.
    max_tokens: most tokens of the answer; left out, as many as the model gives.
    temperature: from 0, the most likely token, to 2; left out, this and the next three are the
        model's own.
    top_p: the share of probability that tokens are drawn from, from 0 to 1.
    top_k: how many of the likeliest tokens are drawn from; 0: all.
    min_p: the least probability of a token, as a share of the likeliest one's, from 0 to 1.
    stop: a string, or several, at which the answer ends (not included in it).
    seed: a whole number from 0 to 4294967295 that makes drawing repeatable where it can be.
    language: the language of the request, an ISO 639-1 code ("de"); routes ask for it. Left out, it
        is detected where a route asks.
    max_cost_usd: refuse models whose expected cost for one attempt, in USD, is higher, or unknown.
    max_latency_s: refuse models whose whole answer is predicted to take longer, in seconds; one of
        which nothing is known is refused too.
    min_quality: refuse models below this tier for the task: "poor", "basic", "good", "strong" or
        "top"; one of unknown quality is refused too.
    deadline_s: seconds for the whole call, retries and fallbacks included, at most 86400; left out,
        that of [limits], 120 by default.
    on_break: when a stream breaks after text was shown: "raise", "restart" on the next model,
        "continue" the text on a model that can go on from it (else raise), "continue_or_restart";
        left out, that of [limits], "raise" by default.
    hedge_after_s: seconds without content after which the next model starts beside the first one,
        at most 86400; left out, as [limits] says, never by default.
    local: True refuses remote models, False refuses local ones; left out, neither.
    purposes: what the answer is for, in addition to the policy's facts ("chat", "improve_llm").
    facts: what is true of this request, over the policy's [facts], as license clauses ask for it.
    api_key: a key for this call, for the model's own origin only; left out, that of its variable.
    extra_body: fields added to the JSON body; not model, stream, store, messages and whatever else
        holds the prompt on some wire (input, contents, system, instructions, ...): llmroute writes
        them.
    extra_headers: headers added to the request, whichever model answers; not those that carry the
        key or frame the message (Authorization, Host, Content-Length, ...).
    """

    model: str | Sequence[str]
    task: str
    hints: Mapping[str, Hint]
    tags: Sequence[str]
    system: str
    tools: Sequence[Tool | Callable[..., object] | Mapping[str, object]]
    tool_choice: ToolChoice
    reasoning: ReasoningEffort
    max_tokens: int
    temperature: float
    top_p: float
    top_k: int
    min_p: float
    stop: str | Sequence[str]
    seed: int
    language: str
    max_cost_usd: Decimal | float | str
    max_latency_s: float
    min_quality: str
    deadline_s: float
    on_break: OnBreak
    hedge_after_s: float
    local: bool
    purposes: Sequence[str]
    facts: Mapping[str, object]
    api_key: str
    extra_body: Mapping[str, object]
    extra_headers: Mapping[str, str]


class EmbedOptions(TypedDict, total=False):
    """Every option of `embed` and `plan_embed`; each may be left out.

    model: a name of the policy, or "provider/model" of the catalog, or several in order of trial;
        left out, the policy chooses. Those after the first are tried only if their vectors can be
        compared with the first one's.
    dimensions: how long the vectors shall be; left out, as long as the model makes them. Models
        that make only their own length are refused.
    hints: facts about this request that the policy declares under [hints]; routes ask for them.
    tags: free labels, kept on the plan; routes may ask for them.
    max_cost_usd: refuse models whose expected cost for all texts, in USD, is higher, or unknown.
    deadline_s: seconds for the whole call, every batch of texts included, at most 86400; left out,
        that of [limits], 120 by default.
    local: True refuses remote models, False refuses local ones; left out, neither.
    purposes: what the vectors are for, in addition to the policy's facts.
    facts: what is true of this request, over the policy's [facts], as license clauses ask for it.
    api_key: a key for this call, for the model's own origin only; left out, that of its variable.
    extra_body: fields added to the JSON body of every request; not model, input
        and the others that llmroute writes.
    extra_headers: headers added to every request, as for `chat`.
    """

    model: str | Sequence[str]
    dimensions: int
    hints: Mapping[str, Hint]
    tags: Sequence[str]
    max_cost_usd: Decimal | float | str
    deadline_s: float
    local: bool
    purposes: Sequence[str]
    facts: Mapping[str, object]
    api_key: str
    extra_body: Mapping[str, object]
    extra_headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the answer is drawn; None leaves a setting to the model's own default."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None


# Functions, since calling dict[str, str] takes seven times as long, and a request is made per call.
def _no_hints() -> dict[str, Hint]:
    return {}


def _no_fields() -> dict[str, object]:
    return {}


def _no_headers() -> dict[str, str]:
    return {}


PLAIN = Sampling()
"""Everything left to the model."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the caller asked, frozen; its repr shows sizes, never content.

    `models` of None leaves the choice to the policy; `local` of None allows both kinds; `reasoning`
    of None leaves the effort to the model, `output` of None the shape of the answer. `texts` are
    to be embedded; None for everything else. `dimensions` is the length that is asked for,
    `vector_size` the one that vectors must have; None leaves both to the model. `facts` go over
    those of the policy. Parts of the
    messages are checked and read: images hold a URL or bytes with a media type, results of tools
    are strings. `text_alone` says that it holds, and asks for, nothing but text; `plain` that every
    model gets all of it, since nothing is set either.
    """

    messages: tuple[Message, ...]
    sampling: Sampling = PLAIN
    models: tuple[str, ...] | None = None
    task: str | None = None
    hints: Mapping[str, Hint] = field(default_factory=_no_hints)
    tags: tuple[str, ...] = ()
    max_cost_usd: Decimal | None = None
    local: bool | None = None
    purposes: tuple[str, ...] = ()
    extra_body: Mapping[str, object] = field(default_factory=_no_fields)
    extra_headers: Mapping[str, str] = field(default_factory=_no_headers)
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    output: OutputSpec | None = None
    reasoning: ReasoningEffort | None = None
    texts: tuple[str, ...] | None = None
    dimensions: int | None = None
    vector_size: int | None = None
    language: str | None = None
    max_latency_s: float | None = None
    min_quality: str | None = None
    facts: Facts | None = None
    text_alone: bool = field(init=False, compare=False)
    plain: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Look once at what is asked several times."""
        asks = bool(self.tools) or self.output is not None or self.texts is not None
        text_alone = not asks and all_text(self.messages)
        is_set = self.sampling is not PLAIN or self.reasoning is not None
        extra = self.extra_body or self.extra_headers
        object.__setattr__(self, "text_alone", text_alone)
        object.__setattr__(self, "plain", text_alone and not is_set and not extra)

    def __repr__(self) -> str:
        if self.texts is not None:
            return f"Request({len(self.texts)} texts)"
        return f"Request({len(self.messages)} messages, task={self.task!r})"
