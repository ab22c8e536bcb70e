"""Whether the network is gone: told how attempts end and what a probe finds; it opens no socket.

Times are moments of the call's clock, in seconds.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Literal, NamedTuple

from llmroute.catalog.urls import is_loopback
from llmroute.types.logs import logger

from .admission import Closed

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.faults import Fault
    from llmroute.types.models import Model

State = Literal["online", "suspect", "offline"]

WINDOW_S = 5.0
"""Signs count together, and against the hosts that gave them, for so many seconds."""
HOSTS = 2
"""So many hosts without a way to them, one of them at once, are not to blame themselves."""
PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""Seconds from the beginning of one probe to that of the next; the last one is repeated."""
PROBE_S = 2.0
"""Seconds that a probe may take, as the first of several attempts may take to connect."""
SLACK_S = 5.0
"""Seconds after which a probe that was due and told nothing is no longer waited for."""
SICK_S = 60.0
"""Seconds for which a host that failed while others answered says nothing of the network."""

Told = Literal["answer", "no way", "silence", "nothing"]

TOLD_BY_CODE: dict[str, Told] = {
    **dict.fromkeys(("ENETUNREACH", "EHOSTUNREACH", "ENETDOWN"), "no way"),
    **dict.fromkeys(("EAI_AGAIN", "EAI_NONAME", "EAI_NODATA", "EAI_FAIL"), "no way"),
    **dict.fromkeys(("ECONNREFUSED", "ECONNRESET"), "answer"),
    "ETIMEDOUT": "silence",
}
"""What the system says of a connection to a host, or to the proxy before it."""
TOLD_BY_KIND: dict[str, Told] = {
    "dns": "no way",
    **dict.fromkeys(("connect_timeout", "first_token_timeout"), "silence"),
    **dict.fromkeys(("answer_timeout", "stalled"), "silence"),
}
"""Kinds of faults; a slow model is silent too."""

SHUT = Closed("the network is gone", soft=True)


class Sign(NamedTuple):
    """A host failed, last at `moment`; last at `no_way_at`, no way to it was found at once."""

    moment: float
    no_way_at: float = float("-inf")


def told_by(fault: Fault | None) -> Told:
    """What the end of an attempt tells of the network; a `fault` of None is an answer."""
    if fault is None or fault.status is not None:
        return "answer"
    return TOLD_BY_CODE.get(fault.code or "") or TOLD_BY_KIND.get(fault.kind, "nothing")


def unattended() -> bool:
    """Probe nothing."""
    return False


class Offline:
    """Decides whether the network is there; safe from any thread.

    `begin` is called, with every sign, when somebody should probe; it returns whether somebody
    does, and calls nothing of this. Where nobody does, the network counts as gone until the next
    pause is over, and attempts find out.
    """

    def __init__(self, begin: Callable[[], bool] = unattended, *, watching: bool = True) -> None:
        """Begin online; without `watching`, stay so."""
        self._begin = begin
        self._watching = watching
        self._attended = False
        self._calm = True
        self._lock = threading.Lock()
        self._doubted_at = float("-inf")
        self._sick: dict[str, float] = {}
        self._signs: dict[str, Sign] = {}
        self._since: float | None = None
        self._tries = 0
        self._until = 0.0

    def gone(self, now: float) -> bool:
        """Whether the network is known to be gone."""
        return self._since is not None and now < self._until

    def state(self, now: float) -> State:
        """What is thought of the network."""
        if self.gone(now):
            return "offline"
        return "online" if self._since is None and not self._fresh(now) else "suspect"

    def closed(self, now: float, model: Model) -> Closed | None:
        """Why `model` is better not asked now; None when nothing speaks against it."""
        if self._since is None or not self.gone(now):
            return None
        return None if _host(model) is None else SHUT

    def note(self, now: float, model: Model, fault: Fault | None) -> None:
        """An attempt at `model` was answered (`fault` of None) or failed."""
        if (self._calm and fault is None) or not self._watching:
            return
        host, what = _host(model), told_by(fault)
        if host is None or what == "nothing":
            return
        if what == "answer":
            self._prove(now, host)
        else:
            self._doubt(now, host, no_way=what == "no way")

    def probed(self, now: float, began_at: float, host: str | None) -> float | None:
        """A probe that began at `began_at` reached `host`, None for none; when the next one is due.

        None: there is nothing more to find out.
        """
        if host is not None:
            self._prove(now, host)
            return None
        with self._lock:
            if self._since is None and not self._signs:
                return None
            if (
                self._since is None and began_at < self._doubted_at
            ):  # it knows nothing of this doubt
                return now
            next_at = max(now, began_at + self._pause_s())
            news = self._lose(now, next_at)
        self._tell(news)
        return next_at

    def _prove(self, now: float, host: str) -> None:
        """Somebody beyond the network answered."""
        with self._lock:
            self._sick = {one: until for one, until in self._sick.items() if until > now}
            self._sick |= dict.fromkeys(self._without_way(now), now + SICK_S)
            self._sick.pop(host, None)
            self._signs.clear()
            self._calm = not self._sick
            since, self._since = self._since, None
            self._tries = 0
        if since is not None:
            logger("health").info("the network is back, after %.1f s", now - since)

    def _doubt(self, now: float, host: str, *, no_way: bool) -> None:
        """There was no answer from beyond the network."""
        with self._lock:
            if self.gone(now) or self._fails_alone(now, host):
                return
            self._attended = self._begin()
            if not self._convinced(now, host, no_way=no_way):
                return
            news = self._lose(now, now if self._attended else now + self._pause_s())
        self._tell(news)

    def _fails_alone(self, now: float, host: str) -> bool:
        return self._since is None and now < self._sick.get(host, now)

    def _convinced(self, now: float, host: str, *, no_way: bool) -> bool:
        """Keep a sign; whether it tells, with those before it, that the network is gone."""
        known = self._signs.get(host, Sign(now))
        self._signs = {one: self._signs[one] for one in self._fresh(now)}
        if not self._signs:
            self._doubted_at = now
        self._signs[host] = Sign(now, now if no_way else known.no_way_at)
        self._calm = False
        enough = len(self._signs) >= HOSTS and bool(self._without_way(now))
        return enough or self._since is not None

    def _lose(self, now: float, next_at: float) -> str:
        """The network is gone until a probe at `next_at` finds it; what is to be told of that."""
        self._until = next_at + (PROBE_S + SLACK_S if self._attended else 0.0)
        if self._since is not None:
            return ""
        self._since = now
        return ", ".join(self._signs)

    def _tell(self, hosts: str) -> None:
        if hosts:
            logger("health").warning("the network is gone: no way to %s", hosts)

    def _pause_s(self) -> float:
        self._tries += 1
        return PAUSES_S[min(self._tries, len(PAUSES_S)) - 1]

    def _without_way(self, now: float) -> list[str]:
        return [one for one, sign in self._signs.items() if now - sign.no_way_at <= WINDOW_S]

    def _fresh(self, now: float) -> list[str]:
        return [one for one, sign in self._signs.items() if now - sign.moment <= WINDOW_S]


def _host(model: Model) -> str | None:
    """The host beyond the network that `model` is at; None for one of this machine."""
    return None if model.endpoint is None else host_of(model.endpoint.origin)


@cache
def host_of(origin: str) -> str | None:
    """The host of an origin; None for this machine."""
    if is_loopback(origin):
        return None
    from urllib.parse import urlsplit

    return urlsplit(origin).hostname
