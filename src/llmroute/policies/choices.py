"""How a policy's text chooses, without the models that it declares: for planning again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.errors import PolicyError
from llmroute.errors.guards import check_depth
from llmroute.errors.positions import Positions
from llmroute.errors.reading import Table
from llmroute.errors.toml import located, parse

from .origins import placing
from .routing import Known, Parts
from .sections import read_hints

if TYPE_CHECKING:
    from llmroute.errors import Problem
    from llmroute.types.plans import Policy


def read_choice(text: str, name: str, names: frozenset[str]) -> Policy:
    """Read of a policy's text only how it chooses; `names` are the models it may choose from.

    Nothing is looked up in a catalog or on this machine.

    Raises:
        PolicyError: something in it is wrong; all problems at once.
    """
    check_depth(text, name)
    positions = Positions(text)
    problems: list[Problem] = []

    report = located(name, positions, problems)

    top = Table(parse(text, name), (), report)
    models = top.table("models")
    known = names.union(models.values if models else ())
    place = placing(positions, name)
    policy = Parts(top, Known(known, read_hints(top.table("hints")), place)).top.policy
    if problems:
        raise PolicyError(problems)
    return policy
