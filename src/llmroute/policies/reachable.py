"""Routes that never count, found before anything is asked: what is certain is a problem."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

from .conditions import TokenRange
from .times import WHOLE_WEEK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from llmroute.errors.reading import Table
    from llmroute.types.requests import Hint

    from .branching import Route
    from .conditions import When
    from .times import Times

DECIDES = ("use", "split", "policy", "prefer")
"""The keys by which a route says which model comes first."""
ALL_TOKENS = TokenRange()
MOST_SHOWN = 3
ENDLESS = 2**63


class Placed(NamedTuple):
    """A route, and the table that it was read from."""

    route: Route
    table: Table

    @property
    def label(self) -> str:
        """Its name, or its place when it has none."""
        named = isinstance(self.table.values.get("name"), str)
        return f'route "{self.route.name}"' if named else f"the route at {self.route.place}"

    @property
    def key(self) -> str:
        """The key by which it decides."""
        return next((key for key in DECIDES if key in self.table.values), "")


def check_reachable(routes: Sequence[Placed]) -> None:
    """Report routes whose choice never counts, since earlier ones always decide first."""
    deciding: list[Placed] = []
    for one in routes:
        if not one.route.decides:
            continue
        over = covering(one.route.when, [earlier.route.when for earlier in deciding])
        if over:
            _report(one, [deciding[at] for at in over])
        deciding.append(one)


def _report(late: Placed, first: Sequence[Placed]) -> None:
    verb = "decides" if len(first) == 1 else "decide"
    labels = [one.label for one in first[:MOST_SHOWN]]
    if len(first) > MOST_SHOWN:
        labels.append(f"{len(first) - MOST_SHOWN} more")
    what = f"{late.label} is never reached: {' and '.join(labels)} {verb} first"
    hint = f"Move it before {first[0].route.place}, or take one of them out"
    late.table.problem(late.key, what, hint)


def covers(wide: When, narrow: When) -> bool:
    """Whether every request that matches `narrow` matches `wide`."""
    return all(_covered(wide, narrow))


def covering(when: When, earlier: Sequence[When]) -> list[int]:
    """Which of the `earlier` conditions leave nothing to `when`: one of them, or some together.

    Together they do so if they differ in one thing only: short and long prompts, with and without
    images, by day and by night.
    """
    parts = [_covered(one, when) for one in earlier]
    alone = [at for at, covered in enumerate(parts) if all(covered)]
    if alone:
        return alone[:1]
    return _together(when, earlier, parts)


def _together(when: When, earlier: Sequence[When], parts: Sequence[tuple[bool, ...]]) -> list[int]:
    """Which of the `earlier` conditions, alike but for one thing, cover all of it together."""
    for field, together in UNIONS.items():
        others = [at for at, covered in enumerate(parts) if _but_for(field, covered)]
        if len(others) > 1 and together(when, [earlier[at] for at in others]):
            return others
    return []


def _but_for(field: int, covered: tuple[bool, ...]) -> bool:
    """Whether everything is covered, this one field left aside."""
    return all(covered[:field]) and all(covered[field + 1 :])


def excludes(one: When, other: When) -> bool:
    """Whether no request can match both."""
    return any(
        (
            _differ(one.task, other.task),
            _differ(one.has_images, other.has_images),
            _differ(one.has_tools, other.has_tools),
            _hints_differ(dict(one.hints), dict(other.hints)),
            _apart(one.tokens or ALL_TOKENS, other.tokens or ALL_TOKENS),
            _none_in_common(one.languages, other.languages),
            _same_zone(one.times, other.times) and not _mask(one.times) & _mask(other.times),
        )
    )


def _differ(one: object, other: object) -> bool:
    return one is not None and other is not None and one != other


def _hints_differ(one: Mapping[str, Hint], other: Mapping[str, Hint]) -> bool:
    return any(one.get(name, value) != value for name, value in other.items())


def _none_in_common(one: Sequence[str], other: Sequence[str]) -> bool:
    return bool(one and other) and not set(one) & set(other)


def _covered(wide: When, narrow: When) -> tuple[bool, ...]:
    """For each thing that conditions ask: whether `wide` holds wherever `narrow` does."""
    return (
        wide.task in {None, narrow.task},
        set(wide.hints) <= set(narrow.hints),
        set(wide.tags) <= set(narrow.tags),
        _contains(wide.tokens or ALL_TOKENS, narrow.tokens or ALL_TOKENS),
        wide.has_images in {None, narrow.has_images},
        wide.has_tools in {None, narrow.has_tools},
        not wide.languages or bool(narrow.languages and {*narrow.languages} <= {*wide.languages}),
        wide.times is None
        or (_same_zone(wide.times, narrow.times) and not _mask(narrow.times) & ~_mask(wide.times)),
    )


def _contains(wide: TokenRange, narrow: TokenRange) -> bool:
    return wide.at_least <= narrow.at_least and _end(narrow) <= _end(wide)


def _apart(one: TokenRange, other: TokenRange) -> bool:
    return _end(one) < other.at_least or _end(other) < one.at_least


def _same_zone(one: Times | None, other: Times | None) -> bool:
    """Whether two windows can be compared; no window at all is the whole week in any zone."""
    return one is None or other is None or one.zone == other.zone


@cache
def _mask(times: Times | None) -> int:
    return WHOLE_WEEK if times is None else times.mask


def _tokens_together(when: When, earlier: Sequence[When]) -> bool:
    """Whether ranges leave no gap in the one that is wanted."""
    wanted = when.tokens or ALL_TOKENS
    ranges = sorted((one.tokens or ALL_TOKENS for one in earlier), key=lambda one: one.at_least)
    end = wanted.at_least - 1
    for one in ranges:
        if one.at_least > end + 1:
            break
        end = max(end, _end(one))
    return end >= _end(wanted)


def _end(tokens: TokenRange) -> int:
    return ENDLESS if tokens.at_most is None else tokens.at_most


def _flags_together(name: str) -> Callable[[When, Sequence[When]], bool]:
    def together(_: When, earlier: Sequence[When]) -> bool:
        return {getattr(one, name) for one in earlier} >= {True, False}

    return together


def _languages_together(when: When, earlier: Sequence[When]) -> bool:
    return bool(when.languages) and set(when.languages) <= {
        language for one in earlier for language in one.languages
    }


def _times_together(when: When, earlier: Sequence[When]) -> bool:
    windows = [*(one.times for one in earlier), *([] if when.times is None else [when.times])]
    if not all(_same_zone(one, other) for one, other in pairwise(windows)):
        return False
    return not _mask(when.times) & ~_joined(_mask(one.times) for one in earlier)


def _joined(masks: Iterable[int]) -> int:
    joined = 0
    for mask in masks:
        joined |= mask
    return joined


UNIONS: dict[int, Callable[[When, Sequence[When]], bool]] = {
    3: _tokens_together,
    4: _flags_together("has_images"),
    5: _flags_together("has_tools"),
    6: _languages_together,
    7: _times_together,
}
"""What several conditions cover together, by the field of a condition."""
