"""What a client holds, in whichever color: models, policy, keys, providers and live calls."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol
from weakref import WeakSet

from llmroute import __version__
from llmroute.driver.clock import SystemClock
from llmroute.errors import ClosedError, ForkedError, NoCandidateError
from llmroute.health import Observations, Prefixes
from llmroute.health.observations import candidate_of
from llmroute.policies.embedding import one_space
from llmroute.policies.replicas import asked as asked_models
from llmroute.policies.replicas import spread
from llmroute.policies.resting import rested
from llmroute.types.plans import Plan, Situation

from . import later
from .checks import wrong
from .detecting import detected
from .keys import Keyring, check_key
from .lending import Lent
from .models import Models
from .options import check_hints, request
from .registry import Registry
from .remembering import Remembered
from .replicas import add_groups, draws
from .snapshots import Snapshots
from .stated import Stated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from llmroute.driver.session import Order
    from llmroute.flow import occurrences as on
    from llmroute.health.admission import Gate
    from llmroute.policies.records import Record
    from llmroute.types.calls import Clock
    from llmroute.types.models import Model
    from llmroute.types.plans import Resting
    from llmroute.types.reply import Attempt
    from llmroute.types.requests import Request
    from llmroute.types.secrets import Secret
    from llmroute.types.usage import TokenCount

    from .messages import Prompt
    from .options import Checked
    from .probing import Watch
    from .setup import ClientOptions, Setup


class Stoppable(Protocol):
    """A live call of either color."""

    def abort(self, occurrence: on.Closing) -> None:
        """Stop it, from any thread."""
        ...


class Core:
    """The part of a client that knows no color; safe from any thread."""

    def __init__(self, setup: Setup, options: ClientOptions) -> None:
        """Hold `setup`; opens nothing."""
        self.setup = setup
        self.clock: Clock = options.get("clock") or SystemClock()
        self.keyring = Keyring(setup.keys)
        self.registry = Registry(setup.providers, options.get("http_client"), setup.catalog)
        self._models = Models(setup.models, setup.catalog)
        self._draws = draws() if any(one.replicas for one in setup.models) else None
        self._has_files = any(model.weights is not None for model in setup.models)
        self._http_client = options.get("http_client")
        self.observations = _observations(setup, self.clock)
        self.remembered = Remembered(self.keyring, self.clock, setup.health)
        self._prefixes = Prefixes()
        self._network: Watch | None = None
        self._stated = Stated(setup.facts)
        self._pid = os.getpid()
        self._closed = False
        self._calls: set[Stoppable] = set()
        self._streams: WeakSet[Stoppable] = WeakSet()
        self._lock = threading.Lock()
        self._lent = Lent(self, None)
        self.snapshots = Snapshots(setup, options.get("backoff"), self._gate, self.observations)

    def describe(self) -> str:
        """Name the models and whether the client is closed."""
        names = ", ".join(model.name for model in self.setup.models)
        return f"models: {names}" + (", closed" if self._closed else "")

    def check_process(self) -> None:
        """Raise ForkedError in a child of the process that made the client."""
        if os.getpid() != self._pid:
            raise ForkedError(
                "this client was made in another process: its connections are shared with it, and "
                "answers would get mixed. Make a client in each process"
            )

    def check_open(self) -> None:
        """Raise ForkedError in a child process, ClosedError after `close`."""
        if self._closed or os.getpid() != self._pid:
            self.check_process()
            raise ClosedError("this client is closed")

    def prepare(self, prompt: Prompt | None, checked: Checked, *, stream: bool) -> Order:
        """Plan a call and freeze it; raises NoCandidateError when no model may answer."""
        asked = request(prompt, checked.values)
        plan = self.plan(asked, checked.key)
        if not plan.candidates:
            raise NoCandidateError(plan)
        values = checked.values
        snapshot = self.snapshots.of(values, plan, stream=stream, key=checked.key)
        return later.order()(asked, plan, snapshot)

    def plan(self, asked: Request, key: Secret | None) -> Plan:
        """Take the one snapshot and let the policy choose; sends nothing."""
        return self._chosen(*self._seen(asked, key))

    def recorded(self, asked: Request, key: Secret | None) -> Record:
        """Plan, and keep all that the plan was made from; sends nothing."""
        from llmroute.policies.records import Record

        situation, models = self._seen(asked, key)
        plan = self._chosen(situation, models)
        return Record(situation, models, plan, self.setup.source, __version__)

    def _seen(self, asked: Request, key: Secret | None) -> tuple[Situation, tuple[Model, ...]]:
        """Take the one snapshot: all that the policy may look at, and the models it has."""
        self.check_open()
        if asked.hints or asked.extra_body or asked.extra_headers:
            self._check_asked(asked)
        models = self.named(asked.models)
        if key is not None:
            check_key(models, self.setup.lent)
        today, now = self.clock.today(), self.clock.wall_time()
        models = self._models.priced(models, today, now)
        tokens, counts = self._counted(asked, models)
        unavailable, resting = self._standing(models, key)
        seen, moment, network = self.observations.seen, self.clock.now(), self._network
        situation = Situation(
            asked,
            tokens,
            today,
            self._stated.of(asked),
            unavailable,
            network is not None and network.offline.gone(moment),
            self.setup.offline_mode,
            now,
            counts,
            seen,
            self._prefixes.held(asked, models, moment),
            detected(asked, self.setup.detect, seen),
            resting,
            next(self._draws) if self._draws else 0.0,
        )
        return situation, models

    def _check_asked(self, asked: Request) -> None:
        """Refuse hints that nobody declared, and fields that are not sent; raises RequestError."""
        if asked.hints:
            check_hints(asked.hints, self.setup.hints)
        if asked.extra_body or asked.extra_headers:
            from llmroute.providers.extras import check_extras

            check_extras(asked)

    def _standing(
        self, models: tuple[Model, ...], key: Secret | None
    ) -> tuple[dict[str, str], Mapping[str, Resting]]:
        """Say who cannot answer, and who had better not be asked now."""
        there = asked_models(models) if self._draws else models
        unavailable = self._unavailable(there, key)
        resting = self.remembered.resting(there, key, unavailable)
        if self._draws:
            add_groups(models, unavailable)
        return unavailable, resting

    def _counted(
        self, asked: Request, models: tuple[Model, ...]
    ) -> tuple[TokenCount, Mapping[str, TokenCount]]:
        """Count the prompt: by estimates, or exactly where the policy wants it and it can be."""
        if not self.setup.counts_exactly:
            return later.estimator()(asked, models)
        from .counting import counts

        return counts(self, asked, models)

    def _chosen(self, situation: Situation, models: tuple[Model, ...]) -> Plan:
        """Let the policy choose."""
        plan = self.setup.policy(situation, models)
        if not isinstance(plan, Plan):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise wrong("policy", f"it returned {type(plan).__name__}, not a Plan")
        plan = plan if situation.request.texts is None else one_space(plan)
        plan = spread(plan, situation) if self._draws else plan
        return rested(plan, situation) if situation.resting else plan

    def lend(self, key: Secret | None) -> Lent:
        """Lend the client's resources to one call."""
        return self._lent if key is None else Lent(self, key)

    def enter(self, call: Stoppable) -> None:
        """Keep a live call, so that closing the client can stop it; `leave` must follow."""
        self._calls.add(call)
        if self._closed:  # closed meanwhile, perhaps after the calls were looked through
            self._calls.discard(call)
            raise ClosedError("this client is closed")

    def leave(self, call: Stoppable) -> None:
        """Forget a call that has ended."""
        self._calls.discard(call)

    def enter_stream(self, stream: Stoppable) -> None:
        """Keep a live stream for as long as somebody holds it."""
        with self._lock:
            if not self._closed:
                self._streams.add(stream)
                return
        raise ClosedError("this client is closed")

    def record(self, attempt: Attempt, order: Order) -> None:
        """Observe an attempt, and log its outcome: names, times and kinds, never content."""
        request = order.request
        self.observations.note(attempt, order.plan.task, candidate_of(order.plan, attempt.model))
        self._prefixes.note(attempt, request, self.clock.now())
        self.snapshots.note(attempt, order.snapshot)
        if attempt.fault is not None:
            from .logged import log_failure

            log_failure(attempt)

    def stop(self) -> bool:
        """Close once: stop the live calls; False when the client was closed before."""
        with self._lock:
            if self._closed:
                return False
            self._closed = True
            live = [*self._calls.copy(), *self._streams]
        if self._network is not None:
            self._network.prober.close()
        if live:
            from llmroute.flow.occurrences import Closing

            for session in live:
                session.abort(Closing())
        return True

    def keep(self) -> None:
        """Save what was seen, where that is kept, and not in a child of the client's process."""
        if os.getpid() == self._pid:
            self.observations.keep()

    def named(self, names: tuple[str, ...] | None) -> tuple[Model, ...]:
        """The models of these names, those of this machine with what their files say."""
        if names is None and not self._has_files:  # as a rule
            return self._models.declared
        models = self._models.named(names)
        return tuple(
            self.registry.with_file(model) if model.weights is not None else model
            for model in models
        )

    def _unavailable(self, models: tuple[Model, ...], key: Secret | None) -> dict[str, str]:
        reasons: dict[str, str] = {}
        for model in models:
            if model.endpoint is not None:
                reason = self.keyring.problem(model, key)
            else:
                reason = self.registry.unavailable(model)
            if reason is not None:
                reasons[model.name] = reason
        return reasons

    def _gate(self, key: Secret | None) -> Gate:
        """What lets attempts begin: a network first, then what is remembered of failures."""
        if key is None:
            return self.network().gate
        from llmroute.health.network_gate import NetworkGate

        return NetworkGate(self.remembered.gate(key), self.network().offline)

    def network(self) -> Watch:
        """Who watches the network for this client; nobody before its first call."""
        from .probing import watch

        with self._lock:
            if self._network is None:
                inner = self.remembered.gate()
                self._network = watch(self.setup, self._http_client, self.clock, inner)
            return self._network


def _observations(setup: Setup, clock: Clock) -> Observations:
    """Those that were passed on, else some of its own; raises PolicyError for a wrong file."""
    given = setup.observations
    made = given if isinstance(given, Observations) else Observations(given, clock=clock)
    made.begin(asked_models(setup.models))
    return made
