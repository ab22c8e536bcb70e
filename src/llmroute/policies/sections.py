"""The sections of a policy file that are plain values: hints, limits, offline, require."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast, get_args

from llmroute.types.accept import ACCEPT, Accept
from llmroute.types.limits import Limits
from llmroute.types.plans import Facts
from llmroute.types.requests import OnBreak
from llmroute.types.tuples import NamedTuple

from .origins import expanded, named_hint

if TYPE_CHECKING:
    from llmroute.errors.reading import Table
    from llmroute.types.plans import OfflineMode

    from .origins import Origin

ELSEWHERE = {
    "timeout": "deadline_s",
    "timeout_s": "deadline_s",
    "request_timeout": "deadline_s",
    "total_timeout": "deadline_s",
    "connect_timeout": "connect_s",
    "read_timeout": "between_tokens_s",
    "max_retries": "attempts_per_model",
    "num_retries": "attempts_per_model",
    "retries": "attempts_per_model",
}
"""What other clients call limits, and what they are called here."""
HINT_TYPES = ("bool", "int", "float", "str")
LONGEST_S = "86400"

Default = TypeVar("Default", float, float | None)


def read_hints(table: Table | None) -> dict[str, str]:
    """Read [hints]: the name and the type of each."""
    if table is None:
        return {}
    declared = {name: table.choice(name, HINT_TYPES) for name in table.values}
    return {name: kind for name, kind in declared.items() if kind}


def hint_fits(kind: str, value: object) -> bool:
    """Whether a value is of a hint's declared type; a whole number is also a float."""
    if isinstance(value, bool) or kind == "bool":
        return isinstance(value, bool) and kind == "bool"
    if kind == "float":
        from decimal import Decimal

        return isinstance(value, int | float | Decimal)
    return isinstance(value, str if kind == "str" else int)


def read_limits(table: Table | None) -> Limits:
    """Read [limits]; what is not given keeps its default."""
    default = Limits()
    if table is None:
        return default
    on_break = table.choice("on_break", get_args(OnBreak))
    percentile = table.number("hedge_percentile", "50", "99.9")
    limits = Limits(
        deadline_s=_seconds(table, "deadline_s", default.deadline_s),
        connect_s=_seconds(table, "connect_s", default.connect_s),
        first_token_s=_seconds(table, "first_token_s", default.first_token_s),
        between_tokens_s=_seconds(table, "between_tokens_s", default.between_tokens_s),
        on_break=cast("OnBreak", on_break or default.on_break),
        attempts_per_model=table.whole("attempts_per_model", 1, 100) or default.attempts_per_model,
        body_bytes=table.whole("body_bytes", 1024, 2**32) or default.body_bytes,
        event_bytes=table.whole("event_bytes", 1024, 2**32) or default.event_bytes,
        answer_tokens=table.whole("answer_tokens", 1, 10**9) or default.answer_tokens,
        hedge_after_s=_seconds(table, "hedge_after_s", default.hedge_after_s),
        hedge_percentile=None if percentile is None else float(percentile),
    )
    table.done(elsewhere=ELSEWHERE)
    return limits


def _seconds(table: Table, name: str, default: Default) -> Default | float:
    value = table.number(name, "0", LONGEST_S, above=True)
    return default if value is None else float(value)


def read_accept(table: Table | None) -> Accept:
    """Read [accept]; what is not given keeps its default."""
    if table is None:
        return ACCEPT
    found = Accept(
        empty=_flag(table, "empty", default=ACCEPT.empty),
        refusal=_flag(table, "refusal", default=ACCEPT.refusal),
        filtered=_flag(table, "filtered", default=ACCEPT.filtered),
        length=_flag(table, "length", default=ACCEPT.length),
    )
    table.done()
    return found


def _flag(table: Table, name: str, *, default: bool) -> bool:
    value = table.flag(name)
    return default if value is None else value


class Detection(NamedTuple):
    """Whether the task of a request is detected that names none.

    `task` of None: where the policy can use it. What is less sure than `min_confidence`, from 0 to
    1, counts as not detected.
    """

    task: bool | None = None
    min_confidence: float = 0.5


def read_detect(table: Table | None) -> Detection:
    """Read [detect]."""
    if table is None:
        return Detection()
    task = table.flag("task")
    least = table.number("min_confidence", "0", "1")
    table.done()
    return Detection(task, Detection().min_confidence if least is None else float(least))


class TokenCounting(NamedTuple):
    """How prompts are counted: by an estimate, or exactly where a vocabulary is at hand.

    `vocabularies` is a folder of vocabulary files; None means none besides installed packages.
    """

    exact: bool = False
    vocabularies: str | None = None


def facts_of(table: Table | None) -> Facts:
    """Read [facts]; the words of licenses are loaded where there are any."""
    if table is None:
        return Facts()
    from .facts import read_facts

    return read_facts(table)


def read_tokens(table: Table | None, folder: str) -> TokenCounting:
    """Read [tokens]; the folder of vocabularies is relative to `folder`, that of the policy."""
    if table is None:
        return TokenCounting()
    count = table.choice("count", ("estimate", "exact"))
    vocabularies = table.file("vocabularies")
    table.done()
    place = None if vocabularies is None else str(expanded(vocabularies, folder))
    return TokenCounting(count == "exact", place)


def read_observations(table: Table | None, origin: Origin) -> str | None:
    """Read [observations]: the file that they are kept in, relative to the policy's folder.

    A policy that nobody named may keep them in its own folder only.
    """
    if table is None:
        return None
    file = table.file("file")
    if file is None and "file" not in table.values:
        table.problem("file", "it is missing", 'Write file = "seen.json"')
    table.done()
    if file is None:
        return None
    path = expanded(file, origin.folder)
    if origin.found and not path.resolve().is_relative_to(expanded(origin.folder).resolve()):
        what = "a policy that was found, not named, may write into its own folder only"
        table.problem("file", what, named_hint(origin))
        return None
    return str(path)


def read_offline(table: Table | None) -> OfflineMode:
    """Read [offline]."""
    if table is None:
        return "auto"
    mode = table.choice("mode", ("auto", "always", "never"))
    table.done()
    return cast("OfflineMode", mode or "auto")
