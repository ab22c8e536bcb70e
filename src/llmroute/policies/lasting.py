"""What holds of a model all day long, for the same facts: worked out once, not at every plan."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

from .cautions import lasting_warnings
from .constraints import able, licensed, retired

if TYPE_CHECKING:
    from datetime import date

    from llmroute.types.models import Model
    from llmroute.types.plans import Facts, Refusal, Situation
    from llmroute.types.prices import Price

MOST_SHEETS, MOST_MODELS = 64, 4096


class Lasting(NamedTuple):
    """What every plan of the day says of `model`.

    `refusal` is why it may not answer, None when it may; `warnings` go with every request.
    `room_tokens` is what prompt and answer may have, `longest_tokens` what the answer alone may,
    both infinite where there is no limit; a room below 0 says that the file of its weights is
    missing. `rates` are those of the day, None when they depend on
    the prompt, or there are none.
    """

    model: Model
    refusal: Refusal | None
    warnings: tuple[str, ...]
    room_tokens: float
    longest_tokens: float
    rates: Price | None
    has_speed: bool
    has_quality: bool


class Sheet:
    """What lasts, for all models, of one day, the same facts and purposes, and one kind of call.

    Models are known by their identity, and held, so that no other can come to have it.
    """

    __slots__ = ("_known", "facts")

    def __init__(self, facts: Facts) -> None:
        """Begin with nothing known."""
        self.facts = facts
        self._known: dict[int, Lasting] = {}

    def of(self, model: Model, situation: Situation) -> Lasting:
        """What is known of `model`; looked up once, in any situation of this sheet."""
        found = self._known.get(id(model))
        if found is None:
            if len(self._known) >= MOST_MODELS:
                self._known.clear()
            found = self._known[id(model)] = _lasting(model, situation)
        return found


_sheets: dict[tuple[int, tuple[str, ...], date, bool], Sheet] = {}


def sheet_of(situation: Situation) -> Sheet:
    """The sheet for a situation; facts are known by their identity, and held as well."""
    request = situation.request
    embeds = request.texts is not None
    key = (id(situation.facts), request.purposes, situation.today, embeds)
    found = _sheets.get(key)
    if found is None:
        if len(_sheets) >= MOST_SHEETS:
            _sheets.clear()
        found = _sheets[key] = Sheet(situation.facts)
    return found


def _lasting(model: Model, situation: Situation) -> Lasting:
    refusal = retired(situation, model) or licensed(situation, model)
    if refusal is None and situation.request.texts is None:
        refusal = able(situation, model)
    return Lasting(
        model,
        refusal,
        lasting_warnings(situation, model),
        _room_tokens(model),
        inf if model.max_output_tokens is None else model.max_output_tokens,
        _flat(model.price, situation.today),
        model.speed is not None,
        bool(model.scores or model.qualities),
    )


def _room_tokens(model: Model) -> float:
    if model.weights is not None and model.weights.missing is not None:
        return -1
    return inf if model.context_tokens is None else model.context_tokens


def _flat(price: Price | None, day: date) -> Price | None:
    """The rates of a day, if they are the same for every prompt."""
    found = price.on(day) if price is not None and price.is_dated else price
    if found is None or found.long_context or found.cache_write is not None:
        return None
    return found
