"""What a policy may require besides price, place and abilities: time, quality, data, licenses."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from llmroute.errors.problems import nearest
from llmroute.errors.regions import region_meant
from llmroute.types.models import QUALITIES, dropped_parameters
from llmroute.types.plans import Refusal
from llmroute.types.tuples import NamedTuple

from .expectations import predicted_latency_s
from .licensing import card
from .mistakes import wrong
from .qualities import quality_of

if TYPE_CHECKING:
    from llmroute.types.models import Model
    from llmroute.types.plans import Constraint, Situation
    from llmroute.types.requests import Request

LONGEST_S = 86_400
"""A day: the longest time that may be asked for."""


def too_slow(limit_s: float, situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model that is predicted to take longer, or of which nothing is known."""
    latency_s = predicted_latency_s(situation, model)
    if latency_s is None:
        reason = f"how fast it is is not known, and it may take {limit_s:g} s at most"
        lacks = "speed needs first_token_s and tokens_per_s"
        declare = "declare speed" if model.speed is None else lacks
        return Refusal(model, "latency", f"{reason}; {declare}, or let it answer some requests")
    if latency_s <= limit_s:
        return None
    return Refusal(model, "latency", f"predicted to take {latency_s:.2f} s of {limit_s:g} s")


def too_weak(least: str, situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model below a tier for the task, or of unknown quality.

    A task that was detected refuses more models, and lets none in.
    """
    refusal = _too_weak(least, situation.request.task, model)
    if refusal is not None or situation.detected is None:
        return refusal
    if quality_of(model, situation.task) is None:
        return None
    return _too_weak(least, situation.task, model)


def _too_weak(least: str, task: str | None, model: Model) -> Refusal | None:
    quality = quality_of(model, task)
    what = f"for {task}" if task else "in general"
    if quality is None:
        reason = f'how good it is {what} is not known, "{least}" is required'
        reason += f'; declare quality = "{least}" if it is'
        return Refusal(model, "quality", reason)
    if QUALITIES.index(quality.tier) >= QUALITIES.index(least):
        return None
    reason = f'it is "{quality.tier}" {what} ({quality.basis}), "{least}" is required'
    return Refusal(model, "quality", reason)


def fast_enough(situation: Situation, model: Model) -> Refusal | None:
    """Refuse what the request's own max_latency_s refuses."""
    limit_s = situation.request.max_latency_s
    return None if limit_s is None else too_slow(limit_s, situation, model)


def good_enough(situation: Situation, model: Model) -> Refusal | None:
    """Refuse what the request's own min_quality refuses."""
    least = situation.request.min_quality
    return None if least is None else too_weak(least, situation, model)


def wished(request: Request) -> tuple[Constraint, ...]:
    """What the request itself asks for, of quality and time."""
    good = () if request.min_quality is None else (good_enough,)
    return good if request.max_latency_s is None else (*good, fast_enough)


class MaxLatency(NamedTuple):
    """What `max_latency_s` asks for."""

    limit_s: float

    def check(self, situation: Situation, model: Model) -> Refusal | None:
        """Refuse a model that is predicted to take longer."""
        return too_slow(self.limit_s, situation, model)


class MinQuality(NamedTuple):
    """What `min_quality` asks for."""

    least: str

    def check(self, situation: Situation, model: Model) -> Refusal | None:
        """Refuse a model below the tier."""
        return too_weak(self.least, situation, model)


class Regions(NamedTuple):
    """What `regions` asks for."""

    allowed: tuple[str, ...]

    def check(self, _: Situation, model: Model) -> Refusal | None:
        """Refuse a model that works anywhere else, or nobody knows where."""
        if model.local:
            return None
        wanted = " or ".join(self.allowed)
        where = model.handling.regions if model.handling is not None else ()
        if not where:
            hint = f'declare data = {{ regions = ["{self.allowed[0]}"] }} if it is so'
            return Refusal(model, "region", f"where it works is not known, not {wanted}; {hint}")
        if set(where) <= set(self.allowed):
            return None
        return Refusal(model, "region", f"it works in {', '.join(where)}, not in {wanted} alone")


class Only(NamedTuple):
    """What `only` asks for: names of the policy, "provider/model" ids, or providers."""

    names: tuple[str, ...]

    def check(self, _: Situation, model: Model) -> Refusal | None:
        """Refuse every model that is not named."""
        if {model.name, model.id, model.provider} & set(self.names):
            return None
        return Refusal(model, "denied", f"only {', '.join(self.names)} may answer")


class Never(NamedTuple):
    """What `never` asks for: names of the policy, "provider/model" ids, or providers."""

    names: tuple[str, ...]

    def check(self, _: Situation, model: Model) -> Refusal | None:
        """Refuse every model that is named."""
        for name in (model.name, model.id, model.provider):
            if name in self.names:
                return Refusal(model, "denied", f"{name} may never answer")
        return None


def max_latency_s(limit_s: float) -> Constraint:
    """Refuse models whose whole answer is predicted to take longer, in seconds, or unknown.

    Raises:
        PolicyError: the limit is no time.
    """
    if not 0 < limit_s <= LONGEST_S:  # also NaN
        hint = "Write policies.max_latency_s(2.5)"
        raise wrong("max_latency_s", "it must be more than 0 s and at most a day", hint)
    return MaxLatency(float(limit_s)).check


def min_quality(least: str) -> Constraint:
    """Refuse models below this tier of QUALITIES for the request's task, or of unknown quality.

    Raises:
        PolicyError: there is no such tier.
    """
    if least not in QUALITIES:
        raise wrong("min_quality", "there is no such quality", nearest(str(least), QUALITIES))
    return MinQuality(least).check


def regions(*allowed: str) -> Constraint:
    """Refuse models whose prompts are processed elsewhere ("eu", "us"); local ones pass.

    Raises:
        PolicyError: no region is named, or by a word that models do not use for it.
    """
    for name in _names("regions", allowed):
        if meant := region_meant(name):
            raise wrong("regions", f"{name!r} is no region", f"Did you mean {meant!r}?")
    return Regions(allowed).check


def only(*names: str) -> Constraint:
    """Refuse every model but those named, by name, "provider/model" id, or provider.

    Raises:
        PolicyError: none is named.
    """
    return Only(_names("only", names)).check


def never(*names: str) -> Constraint:
    """Refuse the models named, by name, "provider/model" id, or provider.

    Raises:
        PolicyError: none is named.
    """
    return Never(_names("never", names)).check


def _names(key: str, names: tuple[str, ...]) -> tuple[str, ...]:
    given = cast("tuple[object, ...]", names)
    if not given or not all(isinstance(one, str) and one for one in given):
        raise wrong(key, "it must name at least one", f'Write policies.{key}("gpt")')
    return names


def no_training(_: Situation, model: Model) -> Refusal | None:
    """Refuse models whose host trains on prompts, or may; local ones pass."""
    trains = model.handling.trains if model.handling is not None else None
    if model.local or trains is False:
        return None
    if trains:
        return Refusal(model, "data", "its host trains models on prompts")
    hint = "declare data = { trains = false } if it does not"
    return Refusal(model, "data", f"whether its host trains on prompts is not known; {hint}")


def zero_retention(_: Situation, model: Model) -> Refusal | None:
    """Refuse models whose host keeps prompts, or may; local ones pass."""
    data = model.handling
    if model.local or (data is not None and (data.zero_retention or data.retention_days == 0)):
        return None
    days = None if data is None else data.retention_days
    kept = "how long its host keeps prompts is not known"
    if days:
        kept = f"its host keeps prompts up to {days} days"
    hint = "declare data = { zero_retention = true } if you have that agreement"
    return Refusal(model, "data", f"{kept}; {hint}")


def open_weights(_: Situation, model: Model) -> Refusal | None:
    """Refuse models whose weights are not open, or of which that is not known."""
    if model.open_weights:
        return None
    known = "its weights are not open" if model.open_weights is False else "not known to be open"
    return Refusal(model, "weights", known)


def osi_approved(_: Situation, model: Model) -> Refusal | None:
    """Refuse models whose weights, or their base, are not under licenses that the OSI approved."""
    if model.open_weights is False:
        return Refusal(model, "license", "its weights are closed, under no license to approve")
    for license_ in (model.license, *model.base_licenses):
        found = None if license_ is None else card(license_)
        if found is None or not found.osi_approved:
            what = f"the license {license_} is" if license_ else "its license is not known, so"
            return Refusal(model, "license", f"{what} not known to be approved by the OSI")
    return None


def every_parameter(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model that would not get a parameter of the request; without it, it is dropped."""
    request = situation.request
    if request.plain:
        return None
    dropped = dropped_parameters(model, request.sampling, request.reasoning)
    return Refusal(model, "parameter", f"it does not take {dropped[0]}") if dropped else None
