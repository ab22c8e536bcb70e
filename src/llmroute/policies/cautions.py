"""What a user of a candidate should know, though it may answer."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from llmroute.types.abilities import hidden
from llmroute.types.models import dropped_parameters

from .licensing import judged

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.plans import Situation
    from llmroute.types.requests import Request

RETIRING = timedelta(days=30)
"""How long before its retirement a model is warned about."""


def warnings(situation: Situation, model: Model) -> tuple[str, ...]:
    """Say what a user of a candidate should know.

    A retirement that is near, a prompt that may be too long for its window, a parameter that its
    API does not take, an open license clause.
    """
    request = situation.request
    found = _of_license(situation, model)
    window = model.context_tokens
    if window is not None and request.texts is None:
        tight = _tight(situation, model, window)
        found = (*tight, *found) if tight else found
    if not request.plain:
        found = (*_unheard(request, model), *found)
    return (*_retiring(situation, model), *found)


def lasting_warnings(situation: Situation, model: Model) -> tuple[str, ...]:
    """Say what of it holds for every request of the day."""
    return (*_retiring(situation, model), *_of_license(situation, model))


def _retiring(situation: Situation, model: Model) -> tuple[str, ...]:
    day = model.retires_on
    if day is None or day - situation.today > RETIRING:
        return ()
    successor = f"; successor {model.replaced_by}" if model.replaced_by else ""
    return (f"{model.id} retires on {day}{successor}",)


def _of_license(situation: Situation, model: Model) -> tuple[str, ...]:
    """Say what of the licenses is open, and where they come from if that is odd."""
    purposes = situation.request.purposes
    each = [judged(one, situation.facts, purposes).warnings for one in model.replicas or (model,)]
    found = each[0] if len(each) == 1 else tuple(dict.fromkeys(sum(each, ())))
    return found if model.license_note is None else (model.license_note, *found)


def _tight(situation: Situation, model: Model, window: int) -> tuple[str, ...]:
    """Say that prompt and answer may not fit, counted at the high end."""
    high = situation.tokens_of(model).high
    wanted = situation.request.sampling.max_tokens
    needed = high + (1 if wanted is None else wanted)
    if needed <= window:
        return ()
    return (f"may need up to {needed} tokens, the window of {model.name} is {window}",)


def _unheard(request: Request, model: Model) -> tuple[str, ...]:
    """Say what of a request does not reach `model`."""
    dropped = dropped_parameters(model, request.sampling, request.reasoning)
    found = [_dropped(model, name) for name in dropped]
    if not request.text_alone:
        found += filter(None, [hidden(request, model)])
    if model.weights is not None:
        extras = {"extra_body": request.extra_body, "extra_headers": request.extra_headers}
        found += [
            f"{name} is dropped: {model.name} runs in this process"
            for name, given in extras.items()
            if given
        ]
    return tuple(found)


def _dropped(model: Model, name: str) -> str:
    """Say that a parameter is not sent, and when it would be."""
    endpoint = model.endpoint
    reasoning = endpoint is not None and name in endpoint.parameters  # it is taken otherwise
    when = " while it reasons" if reasoning else ""
    return f"{name} is dropped: {model.name} does not take it{when}"
