"""Whether a host can be reached: its name is resolved and TCP connected to it; no byte is sent."""

from __future__ import annotations

import os
import time
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from llmroute.errors import AttemptError

from .dialing import Dial
from .proxies import Proxies

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from llmroute.types.calls import Cancel


class Place(NamedTuple):
    """Where a connection begins."""

    host: str
    port: int


def ways_to(places: Iterable[Place]) -> list[Place]:
    """Where connections to `places` by https begin: there, or at the environment's proxy.

    A proxy that is not spoken here leads nowhere.
    """
    proxies = Proxies(os.environ)
    ways: dict[Place, None] = {}
    for place in places:
        try:
            proxy = proxies.route(*place)
        except AttemptError:
            continue
        ways[place if proxy is None else Place(proxy.host, proxy.port)] = None
    return list(ways)


def first_reached(ways: Sequence[Place], within_s: float, cancel: Cancel) -> str | None:
    """The host that is connected to first, of all that are tried at once.

    None: there was none within `within_s` seconds, or before `cancel` was set. The connections are
    made in a thread each, since nothing bounds the lookup of a name.
    """
    over: SimpleQueue[int] = SimpleQueue()
    end_at = time.monotonic() + within_s
    forget = cancel.on_set(lambda: over.put(-1))
    dials = [Dial(*way, partial(over.put, number)) for number, way in enumerate(ways)]
    try:
        for _ in ways:
            number = over.get(timeout=max(0.0, end_at - time.monotonic()))
            if number < 0:
                return None
            if _connected(dials[number]):
                return ways[number].host
    except Empty:  # time is up
        return None
    finally:
        forget()
        for dial in dials:
            dial.abandon()
    return None


def _connected(dial: Dial) -> bool:
    try:
        dial.take().close()
    except AttemptError:
        return False
    return True
