"""The probe: while the network is in doubt or gone, somebody looks whether it is there."""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, NamedTuple

from llmroute.driver.clock import SystemClock
from llmroute.health.network_gate import NetworkGate
from llmroute.health.offline import PROBE_S, Offline, host_of
from llmroute.providers import HTTP_APIS
from llmroute.types.calls import Cancel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from llmroute.health.admission import Gate
    from llmroute.types.calls import Clock

    from .setup import Setup


class Watch(NamedTuple):
    """What a client knows of the network, who asks before an attempt, and who finds out."""

    offline: Offline
    gate: NetworkGate
    prober: Prober


def watch(setup: Setup, http_client: object | None, clock: Clock, gate: Gate) -> Watch:
    """Begin to watch the network, unless the policy says otherwise.

    A probe goes the way that our own connections go. Where others are made (an `http_client`, a
    provider or a client of the application, a clock that is not the machine's) nobody probes.
    `gate` is asked where there is a network.
    """
    ours = http_client is None and isinstance(clock, SystemClock)
    prober = Prober(clock, (lambda: origins_of(setup)) if ours else tuple)
    offline = Offline(prober.begin, watching=setup.offline_mode == "auto")
    prober.tell(offline)
    return Watch(offline, NetworkGate(gate, offline), prober)


def origins_of(setup: Setup) -> tuple[str, ...]:
    """The origins beyond this machine that connections of ours go to."""
    return tuple(
        dict.fromkeys(
            model.endpoint.origin
            for model in setup.models
            if model.endpoint is not None
            and model.api in HTTP_APIS
            and model.name not in setup.providers
            and host_of(model.endpoint.origin) is not None
        )
    )


def reach(origins: Sequence[str], cancel: Cancel) -> str | None:
    """The host reached first on the way to `origins`, by TCP alone; None for none in time."""
    from urllib.parse import urlsplit

    from llmroute.providers.reaching import Place, first_reached, ways_to

    parts = [urlsplit(origin) for origin in origins]
    places = [Place(one.hostname or "", one.port or 443) for one in parts]
    return first_reached(ways_to(places), PROBE_S, cancel)


class Prober:
    """A thread that probes; there is one only while the network is in doubt or gone.

    It ends with the client, closed or forgotten, keeps no program alive, and is not begun in a
    child of the client's process. `reach` finds the host that answers, None for none.
    """

    def __init__(
        self,
        clock: Clock,
        origins: Callable[[], tuple[str, ...]],
        reach: Callable[[Sequence[str], Cancel], str | None] = reach,
    ) -> None:
        """Begin nothing."""
        self._clock = clock
        self._origins = origins
        self._reach = reach
        self._cancel = Cancel()
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._told: Callable[[], Offline | None] = _nobody

    def tell(self, offline: Offline) -> None:
        """Report to `offline` for as long as somebody else holds it."""
        self._told = weakref.ref(offline)

    def begin(self) -> bool:
        """Probe from now on, in a thread, until there is nothing to find out.

        False: nobody can, since there is nothing to probe, or no thread to be had any more.
        """
        if self._cancel.is_set or os.getpid() != self._pid or not self._origins():
            return False
        with self._lock:
            self._wanted = True
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="llmroute-probe", daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the interpreter ends
                    return False
                self._thread = thread
            return True

    def close(self) -> None:
        """End; twice is fine."""
        self._cancel.set("the client was closed")

    def _run(self) -> None:
        try:
            while not self._cancel.is_set and not self._rests():
                self._probe()
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    def _rests(self) -> bool:
        """Whether nobody wants to know any more."""
        with self._lock:
            wanted, self._wanted = self._wanted, False
            if not wanted:
                self._thread = None
            return not wanted

    def _probe(self) -> None:
        """Probe until the answer is clear."""
        due: float | None = self._clock.now()
        while due is not None:
            self._clock.sleep_until(due, self._cancel)
            if not threading.main_thread().is_alive():  # the interpreter ends: no more threads
                return
            began_at = self._clock.now()
            host = self._reach(self._origins(), self._cancel)
            offline = self._told()
            if offline is None or self._cancel.is_set:
                return
            due = offline.probed(self._clock.now(), began_at, host)
            del offline  # it lives no longer for being reported to


def _nobody() -> None:
    """Nobody is told."""
