"""Policies, requests and situations of any kind, for properties that hold for all of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

from llmroute.errors import PolicyError
from llmroute.policies.files import loads_policy
from llmroute.tokens import estimate_request
from llmroute.types.messages import Image, Message
from llmroute.types.plans import Facts, Situation
from llmroute.types.requests import TASKS, ChatOptions, Request, Sampling
from llmroute.types.tools import Tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmroute.policies.files import PolicyFile
    from llmroute.types.models import Model

NAMES = ("a", "b", "c", "d", "e", "f")
PRIVATE = """
[[route]]
name = "private data stays here"
when = { hints.private = true }
require = { local = true }
"""
INNER = """
[[route]]
when = { hints.customer = "acme", tags = ["night"] }
policy = "inner"
"""
HINTS = '[hints]\nprivate = "bool"\ncustomer = "str"\n'
PREFER = (
    'minimize = "cost"',
    'minimize = "cost"\nunknown = "refuse"',
    'minimize = { cost = 0.7, latency = 0.3 }\nunknown = "refuse"',
)
"""What orders models in whichever order they are declared."""
NEXT_LINE = "\n"
PRICES = st.sampled_from(["0.1", "0.5", "1", "3", "10"])


class Written(NamedTuple):
    """A policy file in parts; `ordered` says that declaration decides no order."""

    models: tuple[str, ...]
    rest: str
    ordered: bool

    @property
    def text(self) -> str:
        """The file."""
        return "\n".join(["version = 1", HINTS, *self.models, self.rest])

    def load(self) -> PolicyFile | None:
        """Load it; None where its requirements or routes are refused as never to be met."""
        try:
            return loads_policy(self.text)
        except PolicyError:
            return None


def table(name: str, here: bool, facts: dict[str, str]) -> str:
    """Write a model, on this machine or elsewhere."""
    url = "http://127.0.0.1:9/v1" if here else f"https://{name}.example/v1"
    lines = [f"[models.{name}]", 'use = "openai-compatible"', f'base_url = "{url}"']
    lines += [f'model = "{name}"', f"local = {str(here).lower()}"]
    return "\n".join([*lines, *(f"{key} = {value}" for key, value in facts.items())])


FACTS = st.fixed_dictionaries(
    {},
    optional={
        "price": st.builds("{{ input = {}, output = {} }}".format, PRICES, PRICES),
        "context_tokens": st.sampled_from(["40", "400", "8000"]),
        "license": st.sampled_from(['"apache-2.0"', '"llama-2"']),
        "abilities": st.sampled_from(['["tools"]', '["vision"]', '["tools", "vision", "json"]']),
        "repeat_instruction": st.just("true"),
    },
)
WHENS = st.sampled_from(
    [
        'task = "code"',
        'task = "qa"',
        'tags = ["night"]',
        "tokens = { at_least = 20 }",
        "has_tools = true",
        "has_images = true",
        'language = "de"',
        'hints.customer = "acme"',
        'time = "22:00-06:00"',
    ]
)
REQUIRES = st.sampled_from(
    ["max_cost_usd = 0.002", "max_cost_usd = 0.01", 'abilities = ["tools"]', "local = true"]
)


def _uses(names: Sequence[str]) -> st.SearchStrategy[str]:
    some = st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)
    weights = st.dictionaries(st.sampled_from(names), st.integers(1, 9), min_size=1, max_size=3)
    listed = some.map(lambda found: "use = [" + ", ".join(f'"{one}"' for one in found) + "]")
    split = weights.map(
        lambda found: "split = { " + ", ".join(f"{one} = {by}" for one, by in found.items()) + " }"
    )
    by_customer = split.map(lambda text: f'{text}\nsplit_by = "hints.customer"\nsplit_seed = "s"')
    prefer = st.sampled_from(PREFER).map(
        lambda text: f"prefer = {{ {text.replace(NEXT_LINE, ', ')} }}"
    )
    return st.one_of(listed, split, by_customer, prefer)


def _routes(names: Sequence[str], path: str = "route") -> st.SearchStrategy[list[str]]:
    def route(when: str, require: str | None, says: str) -> str:
        required = f"require = {{ {require} }}" if require else ""
        return "\n".join([f"[[{path}]]", f"when = {{ {when} }}", required, says])

    found = st.builds(route, WHENS, st.none() | REQUIRES, _uses(names))
    return st.lists(found, max_size=4, unique=True)


@st.composite
def written(draw: st.DrawFn, *, private: bool = False, ordered: bool | None = None) -> Written:
    """A policy of up to six models, with requirements, routes and a preference.

    `private` adds a route that keeps private data on this machine, `ordered` a preference.
    """
    names = NAMES[: draw(st.integers(1, len(NAMES)))]
    models = tuple(table(name, draw(st.booleans()), draw(FACTS)) for name in names)
    require = draw(st.none() | REQUIRES)
    prefers = draw(st.booleans()) if ordered is None else ordered
    rest = [f"[require]\n{require}"] if require else []
    rest += [f"[prefer]\n{draw(st.sampled_from(PREFER))}"] if prefers else []
    routes = draw(_routes(names))
    if draw(st.booleans()):
        routes.append(INNER)
        rest += [f"[policies.inner]\nrequire = {{ {draw(REQUIRES)} }}"]
        rest += [f"prefer = {{ {PREFER[0]} }}", *draw(_routes(names, "policies.inner.route"))]
    if private:
        routes.insert(draw(st.integers(0, len(routes))), PRIVATE)
    return Written(models, "\n".join([*rest, *routes]), prefers)


WORDS = st.sampled_from(["hi", "Wie ist das Wetter heute in Berlin?", "word " * 40, "模型 " * 30])
IMAGE = Image(url="https://a.example/b.png")
TOOL = Tool("t", "does something")


@st.composite
def requests(draw: st.DrawFn, names: Sequence[str] = ()) -> Request:
    """A request of any kind; `names` are models that it may name."""
    parts: list[str | Image] = [draw(WORDS)]
    parts += draw(st.sampled_from([[], [], [IMAGE]]))
    named: tuple[str, ...] | None = None
    if names and draw(st.integers(0, 2)) == 0:
        named = tuple(draw(st.lists(st.sampled_from(names), min_size=1, unique=True)))
    return Request(
        (Message.system("Be terse."), Message.user(*parts)),
        Sampling(max_tokens=draw(st.none() | st.sampled_from([1, 30, 3000]))),
        models=named,
        task=draw(st.none() | st.sampled_from(TASKS)),
        hints=draw(st.sampled_from([{}, {"private": True}, {"customer": "acme"}])),
        tags=draw(st.sampled_from([(), ("night",)])),
        max_cost_usd=draw(st.none() | st.sampled_from([Decimal("0.001"), Decimal("0.1")])),
        local=draw(st.sampled_from([None, None, True, False])),
        tools=draw(st.sampled_from([(), (TOOL,)])),
        language=draw(st.sampled_from([None, "de"])),
    )


@st.composite
def situations(draw: st.DrawFn, models: Sequence[Model]) -> Situation:
    """A moment in which some of the models cannot answer."""
    names = [model.name for model in models]
    asked = draw(requests(names))
    gone = draw(st.lists(st.sampled_from(names), unique=True, max_size=2))
    return Situation(
        asked,
        estimate_request(asked),
        date(2026, 11, 23),
        draw(st.sampled_from([Facts(), Facts(commercial=True, purposes=("chat",))])),
        dict.fromkeys(gone, "it is gone"),
        offline=draw(st.booleans()),
        now=draw(st.sampled_from([None, datetime(2026, 11, 23, 23, 30, tzinfo=UTC)])),
    )


def shuffled(file: Written, order: Sequence[int]) -> Written:
    """The same policy with its models declared in another order."""
    return file._replace(models=tuple(file.models[at] for at in order))


def options_of(asked: Request) -> ChatOptions:
    """What a caller passes to ask the same, besides the messages."""
    sampling, options = asked.sampling, ChatOptions(hints=asked.hints, tags=asked.tags)
    if asked.models is not None:
        options["model"] = asked.models
    if asked.task is not None:
        options["task"] = asked.task
    if asked.local is not None:
        options["local"] = asked.local
    if asked.language is not None:
        options["language"] = asked.language
    if sampling.max_tokens is not None:
        options["max_tokens"] = sampling.max_tokens
    if asked.max_cost_usd is not None:
        options["max_cost_usd"] = asked.max_cost_usd
    if asked.tools:
        options["tools"] = asked.tools
    return options
