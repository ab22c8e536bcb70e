"""What tokens cost: `llmroute.price`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from llmroute.errors import RequestError
from llmroute.errors.problems import nearest
from llmroute.errors.reading import kind_of
from llmroute.types.models import Model
from llmroute.types.prices import FREE, STANDARD, is_standard
from llmroute.types.usage import Usage

from .advice import for_id, for_use, near_model
from .entries import provider, provider_names

if TYPE_CHECKING:
    from decimal import Decimal

    from llmroute.types.prices import Price


def price(
    model: str | Model,
    usage: Usage,
    *,
    at: date | datetime | None = None,
    tier: str | None = None,
    cache: str | None = None,
    regional: bool = False,
) -> Decimal:
    """Price `usage` in USD, exactly, by the catalog or a model of a plan or reply.

    `model` is "provider/model" of the catalog, or a Model. `at` is the day whose price counts, or
    the moment, now if not given; `tier` the service tier, such as "batch" or "flex"; `cache` how
    long the provider's cache was to keep what was written to it, such as "1h"; `regional` says that
    a region was asked for. A local model's price is what was declared, or its marginal cost, 0.

    Raises:
        RequestError: there is no such model, no price is known of it, or none of that day, hour,
            tier, time in the cache or region; or `usage` is not possible. What is unknown is never
            0.
    """
    _check_usage(usage)
    moment = datetime.now(UTC) if at is None else _moment(at)
    day = moment.date() if isinstance(moment, datetime) else moment
    found = _priced(model)
    _check_released(model, day)
    if tier is not None or regional or found.is_dated:
        found = _as_asked(found, model, tier, moment, regional=bool(regional))
    if cache is not None:
        found = _kept(found, cache, model)
    return found.cost_usd(usage)


def _as_asked(
    found: Price, model: str | Model, tier: str | None, moment: date, *, regional: bool
) -> Price:
    """The price as it was asked for; that of a name is made once for each minute."""
    if isinstance(moment, datetime):
        moment = moment.replace(second=0, microsecond=0)
    known = tier is None or isinstance(tier, str)  # pyright: ignore[reportUnnecessaryIsInstance]
    if isinstance(model, str) and known:
        return _listed_as_asked(model, tier, moment, regional)
    return _made(found, model, tier, moment, regional=regional)


@lru_cache(maxsize=1024)
def _listed_as_asked(name: str, tier: str | None, moment: date, regional: bool) -> Price:
    return _made(_priced(name), name, tier, moment, regional=regional)


def _made(
    found: Price, model: str | Model, tier: str | None, moment: date, *, regional: bool
) -> Price:
    if tier is not None:
        found = _at_tier(found, tier, model)
    if regional:
        found = _in_region(found, model)
    if found.is_dated:
        day = moment.date() if isinstance(moment, datetime) else moment
        found = _of_hour(_on(found, day, model), moment, model)
    return found


def _name(model: str | Model) -> str:
    return model.id if isinstance(model, Model) else model


def _unknown(where: str, what: str, hint: str = "") -> RequestError:
    return RequestError(what, where=where, hint=hint)


def _check_usage(usage: object) -> None:
    if not isinstance(usage, Usage):
        hint = "Pass llmroute.Usage(input_tokens=1000, output_tokens=500)"
        raise _unknown("usage", f"it must be a Usage, not {kind_of(usage)}", hint)
    from_cache, to_cache = usage.cached_input_tokens, usage.cache_write_tokens
    for tokens in (usage.input_tokens, usage.output_tokens, from_cache, to_cache):
        if not isinstance(tokens, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _unknown("usage", f"tokens are whole numbers, not {kind_of(tokens)}")
        if tokens < 0:
            raise _unknown("usage", "a number of tokens is negative")
    if from_cache + to_cache > usage.input_tokens:
        what = "input_tokens is less than the tokens read from the cache and written to it"
        raise _unknown("usage", what, "input_tokens includes them")


def _moment(at: object) -> date:
    """The day that was asked for, or the moment in UTC where it has a time zone."""
    if isinstance(at, datetime) and at.tzinfo is not None:
        return at.astimezone(UTC)
    if isinstance(at, date) and not isinstance(at, datetime):
        return at
    without = "a moment without its time zone" if isinstance(at, datetime) else kind_of(at)
    raise _unknown("at", f"it must be a date, not {without}", "Pass datetime.date(2026, 8, 1)")


@cache
def _listed(name: str) -> Price | None:
    """The price that the catalog lists."""
    host, _, id_ = name.partition("/")
    entry = provider(host)
    if entry is None:
        meant = near_model(name)
        hint = f"Did you mean {meant!r}?" if meant else ""
        hint = hint or for_use(name, provider_names(), in_code=False)
        raise _unknown("model", f"the catalog has no model {name[:80]!r}", hint)
    known = entry.model(id_)
    if known is None:
        what = f"the catalog has no model {id_[:80]!r} of {entry.name}"
        raise _unknown("model", what, for_id(id_, entry))
    return FREE if entry.local and known.price is None else known.price


def _priced(model: str | Model) -> Price:
    if not isinstance(model, str | Model):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _unknown("model", f"it must be a name or a Model, not {kind_of(model)}")
    found = model.price if isinstance(model, Model) else _listed(model)
    if found is None:
        raise _unknown("model", f"no price is known of {_name(model)}")
    return found


@cache
def _released(name: str) -> date | None:
    """The day on which a model of the catalog came out; None: not known."""
    host, _, id_ = name.partition("/")
    entry = provider(host)
    known = None if entry is None else entry.model(id_)
    return None if known is None else known.released


def _check_released(model: str | Model, day: date) -> None:
    """A model has no price before it came out."""
    released = model.released if isinstance(model, Model) else _released(model)
    if released is not None and day < released:
        raise _unknown("at", f"{_name(model)} came out on {released}, {day} is before that")


def _in_region(found: Price, model: str | Model) -> Price:
    there = found.in_region()
    if there is None:
        raise _unknown("regional", f"{_name(model)} has no known price of regions")
    return there


def _at_tier(found: Price, tier: str, model: str | Model) -> Price:
    if isinstance(model, Model) and not is_standard(model.service_tier):
        if tier == model.service_tier:
            return found
        if found.plain is None:
            what = f"the price declared of {model.id} is that of its tier {model.service_tier!r}"
            raise _unknown("tier", what, 'For others name it as "provider/model"')
    if not isinstance(tier, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise _unknown("tier", f"it must be a string, not {kind_of(tier)}")
    there = found.at_tier(tier)
    if there is None:
        known = (STANDARD[0], *(name for name, _ in found.tiers))
        what = f"{_name(model)} has no known price of the tier {tier!r}"
        raise _unknown("tier", what, nearest(tier, known))
    return there


def _on(found: Price, day: date, model: str | Model) -> Price:
    there = found.on(day)
    if there is None:
        raise _unknown("at", f"{_name(model)} has no known price of {day}")
    return there


def _of_hour(found: Price, moment: date, model: str | Model) -> Price:
    if not found.hours:
        return found
    if isinstance(moment, datetime):
        return found.of_hour(moment)
    what = f"the price of {_name(model)} depends on the hour"
    raise _unknown("at", what, "Pass a datetime with its time zone")


def _kept(found: Price, life: str, model: str | Model) -> Price:
    known = [name for name, _ in found.cache_writes]
    if life in known:
        return found.marked(life)
    what = f"{_name(model)} has no known price of writing to a cache for {life!r}"
    raise _unknown("cache", what, f"Known: {', '.join(known)}" if known else "")
