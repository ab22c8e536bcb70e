"""The simulator: plans by the policy, steps the flow, and keeps the events in their order."""

from __future__ import annotations

import heapq
from datetime import date
from random import Random
from typing import TYPE_CHECKING, Unpack, cast

from llmroute.client.core import Core
from llmroute.client.options import check
from llmroute.client.setup import read_policy, read_setup
from llmroute.errors import (
    AttemptError,
    LLMRouteError,
    NoCandidateError,
    PolicyError,
    Problem,
    RequestError,
)
from llmroute.flow import Flow
from llmroute.flow import commands as do
from llmroute.flow import occurrences as on
from llmroute.policies.replicas import asked as replicas
from llmroute.testing.provider import ScriptedProvider

from .answers import Asked, Hosts
from .clock import SimulatedClock
from .tally import Tally
from .traffic import made_up
from .world import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from llmroute.client.messages import Prompt
    from llmroute.client.setup import ClientOptions, PolicySource
    from llmroute.driver.session import Order
    from llmroute.types.reply import Reply
    from llmroute.types.requests import ChatOptions

    from .report import Report
    from .traffic import Arrival

WANTED = on.Wanted()


def simulate(
    policy: PolicySource | None = None,
    traffic: Iterable[Arrival] | None = None,
    world: World | None = None,
    *,
    seed: int = 0,
    today: date | None = None,
    **options: Unpack[ClientOptions],
) -> Report:
    """Play `traffic` by a policy, without sending anything and without waiting.

    `policy` and `options` are those of `Client`; every model answers as `world` says, whether or
    not its key or file is there. Without `traffic` some is made up, as the world says. Equal seeds
    give equal reports. The simulation begins at midnight (UTC) of `today`, by default this day.

    Raises:
        PolicyError: the policy, an option or a line of the traffic is wrong, or the world names a
            model that the policy does not have.
        RequestError: a request is wrong.
    """
    return Simulator(policy, world or World(), seed, today or date.today(), options).run(traffic)  # noqa: DTZ011 - retirements are dates without a time zone


class Simulator:
    """One simulation under way."""

    def __init__(
        self,
        policy: PolicySource | None,
        world: World,
        seed: int,
        today: date,
        options: ClientOptions,
    ) -> None:
        """Prepare the client; its clock and its providers are those of the simulation."""
        self.clock = SimulatedClock(today)
        self._chance = Random(seed)  # noqa: S311 - a simulation is no secret
        given: ClientOptions = {**options, "clock": self.clock}
        given["providers"] = dict.fromkeys(_names(policy, options), ScriptedProvider("-"))
        self.core = Core(read_setup(policy, given), given)
        models = self.core.setup.models
        self._world = world.over(models)
        self._hosts = Hosts(self._world, self._chance)
        self._coming: list[tuple[float, int, Playing, on.Occurrence]] = []
        self._count = 0
        self.tally = Tally(replicas(models))

    def run(self, traffic: Iterable[Arrival] | None) -> Report:
        """Play everything to its end."""
        arrivals = iter(made_up(self._world.traffic, self._chance) if traffic is None else traffic)
        following = next(arrivals, None)
        coming, clock = self._coming, self.clock
        while following is not None or coming:
            if following is not None and (not coming or following.at_s <= coming[0][0]):
                clock.moment = max(clock.moment, following.at_s)
                self._begin(following)
                following = next(arrivals, None)
            else:
                moment, _, playing, occurrence = heapq.heappop(coming)
                clock.moment = max(clock.moment, moment)
                playing.take(occurrence)
        return self.tally.report(self._world)

    def _begin(self, arrival: Arrival) -> None:
        try:
            checked = check(cast("ChatOptions", dict(arrival.options)))
            prompt = cast("Prompt", arrival.prompt)
            order = self.core.prepare(prompt, checked, stream=arrival.stream)
        except NoCandidateError as error:
            self.tally.refused(self.clock.moment, error.plan)
            return
        except RequestError as error:
            if arrival.place is None:
                raise
            raise PolicyError([Problem(*arrival.place, "", str(error))]) from None
        snapshot = order.snapshot._replace(chance=self._chance.random)
        Playing(self, order._replace(snapshot=snapshot), arrival).begin()

    def at(self, moment: float, playing: Playing, occurrence: on.Occurrence) -> None:
        """Let something happen to a call at a moment."""
        self._count += 1
        heapq.heappush(self._coming, (moment, self._count, playing, occurrence))

    def answer(self, start: do.Start, playing: Playing) -> Iterator[tuple[float, on.Occurrence]]:
        """What comes of an attempt."""
        return self._hosts.answer(self.clock.moment, start, playing.asked)


class Playing:
    """One call under way: what a driver is where time passes."""

    __slots__ = (
        "_began_at",
        "_cancelled",
        "_done",
        "_flow",
        "_sim",
        "_wake_at",
        "asked",
        "order",
    )

    def __init__(self, sim: Simulator, order: Order, arrival: Arrival) -> None:
        """Begin nothing yet."""
        self._sim = sim
        self.order = order
        self._flow = Flow()
        self._began_at = sim.clock.moment
        self._cancelled: set[int] = set()
        self._done = False
        self._wake_at: float | None = None
        most, wanted = order.request.sampling.max_tokens, arrival.output_tokens
        snapshot = order.snapshot
        self.asked = Asked(
            order.plan.tokens.value,
            max(1, wanted if most is None else min(wanted, most)),
            snapshot.stream,
            snapshot.limits.between_tokens_s,
        )

    def begin(self) -> None:
        """The call begins."""
        order = self.order
        self._feed(on.Begin(order.plan, order.snapshot, order.request, self._ring))

    def take(self, occurrence: on.Occurrence) -> None:
        """Take what was to happen, unless it was prevented meanwhile."""
        if isinstance(occurrence, on.Tick):
            if self._done or self._wake_at is None or self._sim.clock.moment < self._wake_at:
                return
            self._wake_at = None
        elif getattr(occurrence, "id", 0) in self._cancelled:
            return
        self._feed(occurrence)

    def _ring(self) -> bool:
        """Somebody says that waiting may be over."""
        if not self._done:
            self._wake_at = self._sim.clock.moment
            self._sim.at(self._wake_at, self, on.Tick())
        return not self._done

    def _feed(self, occurrence: on.Occurrence) -> None:
        pull = False
        for command in self._flow.step(self._sim.clock.moment, occurrence):
            pull |= isinstance(command, do.Emit)
            self._apply(command)
        if pull and not self._done:
            self._feed(WANTED)

    def _apply(self, command: do.Command) -> None:
        match command:
            case do.WakeAt(moment):
                self._wake_at = moment
                self._sim.at(moment, self, on.Tick())
            case do.Start():
                self._start(command)
            case do.Cancel(attempt_id, why):
                self._cancelled.add(attempt_id)
                self._feed(on.Failed(attempt_id, AttemptError("interrupted", why)))
            case do.Record(attempt):
                self._sim.core.record(attempt, self.order)
                self._sim.tally.attempted(attempt)
            case do.Finish(result) | do.Fail(result):
                self._end(result)
            case _:
                pass

    def _start(self, start: do.Start) -> None:
        self._sim.core.observations.started(start.model)
        for seconds, occurrence in self._sim.answer(start, self):
            self._sim.at(self._sim.clock.moment + seconds, self, occurrence)

    def _end(self, result: Reply[object] | LLMRouteError) -> None:
        self._done = True
        tally = self._sim.tally
        if isinstance(result, LLMRouteError):
            tally.failed(self._began_at, self._sim.clock.moment, result)
        else:
            tally.answered(self._began_at, result, stream=self.order.snapshot.stream)


def _names(policy: PolicySource | None, options: ClientOptions) -> list[str]:
    """The names of the policy's models."""
    if "models" in options:
        return [one.name for one in options["models"]]
    if callable(policy):
        return []
    return [one.name for one in read_policy(policy).models]
