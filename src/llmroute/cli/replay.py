"""`llmroute plan --replay`: a recorded decision, made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmroute.client.setup import read_policy
from llmroute.errors import RequestError
from llmroute.policies.plan_records import differences_text
from llmroute.policies.records import Record

from .arguments import options_of
from .chat import as_json
from .failures import FAILED, NO_MODEL
from .terminal import write

if TYPE_CHECKING:
    from llmroute.policies.records import Difference
    from llmroute.types.models import Model
    from llmroute.types.plans import Plan

    from .arguments import Arguments


def replay(arguments: Arguments, file: str) -> int:
    """Plan again what a file recorded: exit code 0 for the same plan, 1 for another.

    With another policy its plan is shown beside, and the exit code says whether a model may answer.
    """
    _check_alone(arguments)
    record = Record.load(file)
    if arguments.policy is not None:
        return _beside(record, arguments)
    found = record.replay()
    apart = record.differences(found)
    if arguments.json:
        values = {"same": not apart, "plan": found.to_dict(), "differences": _plain(apart)}
        write(as_json(values))
    elif apart:
        write(f"{found}\n\nanother plan than the recorded one:\n")
        write(f"{differences_text(apart, ('recorded', 'now'))}\n")
    else:
        write(f"{found}\n\nthe same plan\n")
    return FAILED if apart else 0


def _check_alone(arguments: Arguments) -> None:
    """Refuse what would change the recorded question; raises RequestError."""
    given = (arguments.question, arguments.images, arguments.documents, arguments.schema)
    if any((*given, arguments.record, arguments.hint, options_of(arguments, {}))):
        what = "it plans the recorded question as it was asked; only -p and --json go with it"
        raise RequestError(what, where="--replay")


def _beside(record: Record, arguments: Arguments) -> int:
    """Show what another policy would have chosen."""
    found, name = by_another(record, str(arguments.policy))
    if arguments.json:
        apart = _plain(record.differences(found))
        values = {"recorded": record.plan.to_dict(), "plan": found.to_dict(), "differences": apart}
        write(as_json(values))
    else:
        write(f"recorded:\n{record.plan}\n\nby {name}:\n{found}\n")
    return 0 if found.candidates else NO_MODEL


def by_another(record: Record, policy: str) -> tuple[Plan, str]:
    """Plan by another policy file; models of the record keep the facts that they have there.

    What the file declares besides is planned with as it is declared, and taken to be available.
    """
    file = read_policy(policy)
    recorded = {(model.name, model.id): model for model in record.models}
    models = [recorded.get((one.name, one.id), one) for one in file.models]
    models += _named(record, {one.name for one in models})
    return record._replace(models=tuple(models)).replay(file.policy), file.name


def _named(record: Record, declared: set[str]) -> list[Model]:
    """The models that the recorded question names, and the file does not declare."""
    names = record.situation.request.models or ()
    return [one for one in record.models if one.name in names and one.name not in declared]


def _plain(apart: tuple[Difference, ...]) -> list[dict[str, object]]:
    return [
        {"model": one.model, "field": one.field, "recorded": one.one, "now": one.other}
        for one in apart
    ]
