"""Routes in code: what [[route]] of a policy file says."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

from .branching import Route, Routes
from .conditions import When
from .ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal
    from typing import Unpack

    from llmroute.errors import Problem
    from llmroute.types.plans import Constraint, Objective, Policy, Preference
    from llmroute.types.requests import Hint

PLACE = "python"


class WhenOptions(TypedDict, total=False):
    """Every condition of `when`; each may be left out, and all that are given must hold.

    task: the task that the caller names.
    hints: values that the caller's hints must equal.
    tags: tags that the request must all carry.
    tokens: how long the prompt is: {"at_least": 1000, "at_most": 8000}, either or both.
    has_images: whether a message holds an image.
    has_tools: whether the call brings tools.
    language: a two-letter code, or several, one of which must be that of the request.
    time: a window of the day, "22:00-06:00".
    days: the days of the week on which the window starts, ["sat", "sun"].
    zone: the time zone of both, "Europe/Berlin"; left out, UTC.
    """

    task: str
    hints: Mapping[str, Hint]
    tags: Sequence[str]
    tokens: Mapping[str, int]
    has_images: bool
    has_tools: bool
    language: str | Sequence[str]
    time: str
    days: Sequence[str]
    zone: str


class RouteOptions(TypedDict, total=False):
    """What a route says; one of these it must, besides its name.

    name: how plans call the route; left out, what its condition says.
    require: constraints that hold for its requests.
    use: the models to choose from, in order.
    prefer: what orders them; left out, their order.
    policy: who decides in place of `use` and `prefer`.
    repeat_instruction: whether the system instruction is repeated in each turn of the user.
    """

    name: str
    require: Sequence[Constraint]
    use: Sequence[str]
    prefer: Objective | Preference
    policy: Policy
    repeat_instruction: bool


def when(**conditions: Unpack[WhenOptions]) -> When:
    """Say which requests a route is for; without a condition, all of them.

    Raises:
        PolicyError: a condition is unknown or has the wrong type; all problems at once.
    """
    from llmroute.errors import PolicyError
    from llmroute.errors.reading import Table, collector

    from .whens import read_when

    problems: list[Problem] = []
    values = cast("Mapping[str, object]", conditions)
    found = read_when(Table(values, ("when",), collector("policies", problems)), None)
    if problems:
        raise PolicyError(problems)
    return found


def route(condition: When | None = None, **says: Unpack[RouteOptions]) -> Route:
    """Say what holds for the requests of a condition; None is every request.

    Raises:
        PolicyError: it says nothing, or an argument is of another type.
    """
    from .arguments import check_route

    check_route(condition, says)
    at = condition or When()
    use = says.get("use")
    return Route(
        when=at,
        name=says.get("name") or str(at),
        place=PLACE,
        require=tuple(says.get("require", ())),
        use=None if use is None else tuple(use),
        objective=says.get("prefer"),
        policy=says.get("policy"),
        repeat_instruction=says.get("repeat_instruction", False),
    )


def routes(
    given: Sequence[Route], otherwise: Policy | None = None, require: Sequence[Constraint] = ()
) -> Policy:
    """Require what every matching route requires, and let the first that decides decide.

    `otherwise` decides where none does; None tries the models as they are declared. `require` holds
    for every request.

    Raises:
        PolicyError: a route is never reached, or an argument is of another type.
    """
    from .arguments import check_require, check_routes

    check_routes(given, otherwise)
    check_require("routes", require)
    return Routes(tuple(given), otherwise or Ranking().plan, tuple(require)).plan


def split(weights: Mapping[str, float | Decimal], by: str = "request", seed: str = "") -> Policy:
    """Send each request to one of several models, by weight: {"gpt": 95, "new": 5}.

    The others follow by weight, as its fallback. The choice is a hash of `seed` and of what `by`
    says: "request", the messages, or a hint, "hints.customer"; it is the same on every machine.

    Raises:
        PolicyError: a weight is negative, all are 0, or an argument is of another type.
    """
    from .arguments import checked_weights
    from .splits import split_of

    choice = split_of(checked_weights(weights, by, seed), by, seed)
    return Ranking(use=tuple(weights), objective=choice).plan
