"""Constraints: pure functions that refuse a model and say why, in words and numbers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, cast

from llmroute.catalog.declarations import ABILITIES
from llmroute.catalog.entries import provider
from llmroute.catalog.urls import is_loopback
from llmroute.errors.problems import nearest
from llmroute.types.abilities import LACKS, lacking
from llmroute.types.plans import Refusal
from llmroute.types.tuples import NamedTuple

from .embedding import embeds
from .licensing import judged
from .mistakes import wrong
from .objectives import expected_cost_usd
from .requirements import wished

if TYPE_CHECKING:
    from types import MethodType

    from llmroute.types.models import Model
    from llmroute.types.plans import Constraint, Situation
    from llmroute.types.requests import Request

OWN_POLICY = "declare the model in a policy of your own, llmroute.toml or Client(models=[...])"


def retired(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model that its provider no longer serves."""
    if model.retires_on is None or situation.today < model.retires_on:
        return None
    successor = f"; successor {model.replaced_by}" if model.replaced_by else ""
    return Refusal(model, "retired", f"retired {model.retires_on}{successor}")


def licensed(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a use that the license denies, and training on output when nobody can tell.

    Replicas may be at different hosts: the strictest contract counts.
    """
    for one in model.replicas or (model,):
        refusal = judged(one, situation.facts, situation.request.purposes).refusal
        if refusal is not None:
            return Refusal(model, "license", *refusal)
    return None


def able(_: Situation, model: Model) -> Refusal | None:
    """Refuse a model that cannot write text."""
    return None if "text" in model.abilities else Refusal(model, "ability", LACKS["text"])


def able_for(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model that cannot take what the request holds, or give what it asks for."""
    lack = lacking(situation.request, model)
    if lack is None:
        return None
    return Refusal(model, "ability", lack + _declarable(lack, model))


def _declarable(lack: str, model: Model) -> str:
    """Say how to declare what a model lacks, where nobody knows what it can do but the user."""
    missing = next((word for word, words in LACKS.items() if words == lack), "text")
    if missing == "text" or not _is_unlisted(model):
        return ""
    known = () if missing == "embed" else model.abilities - {"text"}
    words = ", ".join(f'"{word}"' for word in sorted({missing, *known}))
    return f" (if it does: abilities = [{words}])"


def _is_unlisted(model: Model) -> bool:
    """Whether the catalog knows the provider of a model, but not the model."""
    entry = provider(model.provider)
    if entry is None or model.api == "custom" or model.upstream_id in entry.models:
        return False
    return entry.server or entry.any_model


def fitting(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model whose window cannot hold prompt and answer, counted at the low end."""
    wanted = situation.request.sampling.max_tokens
    window, longest = model.context_tokens, model.max_output_tokens
    if longest is not None and wanted is not None and wanted > longest:
        reason = f"asked for {wanted} tokens of answer, it gives at most {longest}"
        return Refusal(model, "context", reason)
    if window is None:
        return None
    needed = situation.tokens_of(model).low + (1 if wanted is None else wanted)
    if needed <= window:
        return None
    return Refusal(model, "context", f"needs {needed} tokens, the window is {window}")


def where_asked(situation: Situation, model: Model) -> Refusal | None:
    """Refuse the kind of model, local or remote, that the caller does not want."""
    wanted = situation.request.local
    if wanted is None or wanted is model.local:
        return None
    return Refusal(model, "local", "remote, but local=True" if wanted else "local=False was asked")


def online(situation: Situation, model: Model) -> Refusal | None:
    """Refuse what needs the network when there is none, or when it may not be used."""
    mode = situation.offline_mode
    endpoint = model.endpoint
    if endpoint is None or mode == "never" or (mode == "auto" and not situation.offline):
        return None
    if mode == "always":  # no socket at all, not even to this machine
        return Refusal(model, "offline", f"[offline] mode is always, it is at {endpoint.origin}")
    if is_loopback(endpoint.origin):
        return None
    return Refusal(model, "offline", f"the network is gone, and it is at {endpoint.origin}")


def available(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model that cannot answer now: no key, no file, no package."""
    reason = None if model.weights is None else model.weights.missing
    if reason is None:
        reason = situation.unavailable.get(model.name)
    return None if reason is None else Refusal(model, "unavailable", reason)


def affordable(situation: Situation, model: Model) -> Refusal | None:
    """Refuse a model whose expected cost exceeds the request's own limit, or is not known."""
    limit = situation.request.max_cost_usd
    return None if limit is None else _within(limit, situation, model)


def _within(limit: Decimal, situation: Situation, model: Model) -> Refusal | None:
    return beyond(limit, expected_cost_usd(situation, model), model)


def beyond(limit: Decimal, cost: Decimal | None, model: Model) -> Refusal | None:
    """Refuse a model whose expected cost in USD exceeds `limit`, or is not known."""
    if cost is None:
        return Refusal(model, "price", f"no price is known, and at most ${limit} may be spent")
    if cost <= limit:
        return None
    return Refusal(model, "price", f"expected to cost ${cost:.6f}, at most ${limit} may be spent")


class MaxCost(NamedTuple):
    """What `max_cost_usd` asks for."""

    limit: Decimal

    def check(self, situation: Situation, model: Model) -> Refusal | None:
        """Refuse a model that is expected to cost more."""
        return _within(self.limit, situation, model)


class DefaultMaxCost(NamedTuple):
    """What `max_cost_usd` asks for in the built-in default, which nobody wrote for his models.

    A server of this machine that the caller names may answer although its price is not known.
    """

    limit: Decimal

    def check(self, situation: Situation, model: Model) -> Refusal | None:
        """Refuse a model that is expected to cost more; says whose limit it is, and what to do."""
        refusal = _within(self.limit, situation, model)
        if refusal is None or (model.price is None and _is_here(situation, model)):
            return None
        reason = f"{refusal.reason} by the built-in default: {OWN_POLICY}"
        return Refusal(model, refusal.rule, reason)


def _is_here(situation: Situation, model: Model) -> bool:
    """Whether the caller named a model of a server of this machine."""
    endpoint = model.endpoint
    named = situation.request.models is not None
    return named and endpoint is not None and is_loopback(endpoint.origin)


class Abilities(NamedTuple):
    """What `abilities` asks for."""

    wanted: tuple[str, ...]

    def check(self, _: Situation, model: Model) -> Refusal | None:
        """Refuse a model that lacks one of them."""
        lacking = [word for word in self.wanted if word not in model.abilities]
        return Refusal(model, "ability", f"it lacks {', '.join(lacking)}") if lacking else None


def max_cost_usd(limit: Decimal | str | float) -> Constraint:
    """Refuse models whose expected cost for one attempt, in USD, exceeds `limit` or is not known.

    Raises:
        PolicyError: the limit is no amount of money.
    """
    try:
        amount = Decimal(str(limit))
    except (InvalidOperation, ValueError):  # also an integer of thousands of digits
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        what = "it must be an amount in USD, 0 or more"
        hint = 'Write policies.max_cost_usd("0.02")'
        raise wrong("max_cost_usd", what, hint)
    return MaxCost(amount).check


def default_max_cost_usd(limit: Decimal) -> Constraint:
    """The limit of the built-in default."""
    return DefaultMaxCost(limit).check


def abilities(*wanted: str) -> Constraint:
    """Refuse models that lack one of these abilities ("vision", "tools", "json", ...).

    Raises:
        PolicyError: there is no such ability.
    """
    for word in wanted:
        if word not in ABILITIES:
            what, hint = f"{word!r} is not an ability", nearest(str(word), ABILITIES)
            raise wrong("abilities", what, hint)
    return Abilities(wanted).check


def local(_: Situation, model: Model) -> Refusal | None:
    """Refuse models that are not on this machine."""
    return None if model.local else Refusal(model, "local", "remote, but local = true is required")


def remote(_: Situation, model: Model) -> Refusal | None:
    """Refuse models on this machine."""
    return Refusal(model, "local", "local, but local = false is required") if model.local else None


def _tightest(require: tuple[Constraint, ...]) -> tuple[Constraint, ...]:
    """Of several limits of cost only the lowest, where the first of them stands."""
    limits = [one for one in require if isinstance(getattr(one, "__self__", None), MaxCost)]
    if len(limits) < 2:  # noqa: PLR2004 - nothing to choose from
        return require
    lowest = min(limits, key=_limit)
    return tuple(
        lowest if one is limits[0] else one
        for one in require
        if one is limits[0] or one not in limits
    )


def cost_limit(checks: tuple[Constraint, ...]) -> tuple[Constraint | None, Decimal | None]:
    """The one among `checks` that limits the cost, and its limit; None when none does.

    Whoever reckons the cost anyway need not have it reckoned twice.
    """
    for one in checks:
        if isinstance(getattr(one, "__self__", None), MaxCost):
            return one, _limit(one)
    return None, None


def _limit(check: Constraint) -> Decimal:
    return cast("MaxCost", cast("MethodType", check).__self__).limit


def _of_content(request: Request, *, tight: bool) -> tuple[Constraint, ...]:
    """What judges whether a model can take what the request holds."""
    if request.texts is not None:
        return (embeds,)
    ability: tuple[Constraint, ...] = () if request.text_alone else (able_for,)
    return (*ability, fitting) if tight else ability


def standing(
    situation: Situation, require: tuple[Constraint, ...] = (), *, tight: bool = True
) -> tuple[Constraint, ...]:
    """The constraints that can refuse a model which may answer at all, in their order.

    First what lasts (ability, window), then what was asked for, then what the policy requires, last
    what may change soon (key, file, price). A model that has room to spare, and its file, need not
    be asked for them: `tight` of False leaves that out.
    """
    request = situation.request
    checks = _of_content(request, tight=tight)
    if request.local is not None:
        checks += (where_asked,)
    if situation.offline or situation.offline_mode == "always":
        checks += (online,)
    checks += require if len(require) < 2 else _tightest(require)  # noqa: PLR2004
    if tight or situation.unavailable:
        checks += (available,)
    checks += wished(request)
    return checks if request.max_cost_usd is None else (*checks, affordable)
