"""The time an attempt has left, asked anew before every socket operation, and its breaking off."""

from __future__ import annotations

import errno
import socket
import ssl
import threading
from typing import TYPE_CHECKING, Self

from llmroute.errors import AttemptError, TransportError

if TYPE_CHECKING:
    from collections.abc import Callable

    from llmroute.types.calls import Call

LONGEST_S = 86_400.0
"""No operation waits longer than a day; sockets take no more than the platform's time_t."""

_NO_ADDRESS = ("EAI_AGAIN", "EAI_NONAME", "EAI_FAIL", "EAI_NODATA")


class Budget(float):
    """A float, because HTTP libraries pass time-outs down as floats of seconds.

    A caller's own HTTP client takes it at its value, the seconds left when the attempt began. Our
    own sockets ask `left()` before each operation, since the driver moves the call's timer while
    content comes in.
    """

    __slots__ = ("_breaker", "_connect_by", "_end_at", "_forget", "_lock", "call", "ended")

    call: Call
    ended: bool
    """Whether the peer closed the connection."""
    _breaker: Callable[[], None] | None
    _connect_by: float | None
    _end_at: float | None
    _forget: Callable[[], None]
    _lock: threading.Lock

    def __new__(cls, call: Call) -> Self:
        """Begin an attempt."""
        self = super().__new__(cls, max(0.0, call.timer.at - call.clock.now()))
        self._breaker = None
        self.call = call
        self.ended = False
        self._connect_by = None
        self._end_at = None
        self._lock = threading.Lock()
        self._forget = call.cancel.on_set(self._break_off)
        return self

    def left(self) -> float:
        """Seconds until control must be given back, more than 0; raises AttemptError if none."""
        if self.call.cancel.why is not None:
            raise AttemptError("interrupted", self.call.cancel.why)
        moment = self.call.timer.at
        if self._end_at is not None:
            moment = min(moment, self._end_at)
        left = moment - self.call.clock.now()
        if left <= 0.0:
            raise AttemptError("interrupted", "the attempt's time was up")
        return min(left, LONGEST_S)

    def left_to_connect(self) -> float:
        """Seconds for DNS, TCP and TLS, counted from the first asking; raises AttemptError."""
        left = self.left()
        now = self.call.clock.now()
        if self._connect_by is None:
            self._connect_by = now + self.call.connect_s
        to_connect = self._connect_by - now
        if to_connect <= 0.0:
            raise AttemptError(
                "connect_timeout", f"connecting took longer than {self.call.connect_s:g} s"
            )
        return min(left, to_connect)

    def end_within(self, seconds: float) -> None:
        """Give control back in `seconds` at the latest, whatever the timer says."""
        end_at = self.call.clock.now() + seconds
        self._end_at = end_at if self._end_at is None else min(end_at, self._end_at)

    def hold(self, breaker: Callable[[], None] | None) -> None:
        """Run `breaker`, in any thread, when the call is cancelled; at once if it already is."""
        with self._lock:
            self._breaker = breaker
        if self.call.cancel.why is not None:
            self._break_off()

    def release(self) -> None:
        """End the attempt: a later cancel touches nothing."""
        self._forget()
        self.hold(None)

    def _break_off(self) -> None:
        with self._lock:
            if self._breaker is not None:
                self._breaker()


def budget_of(timeout: float | None) -> Budget:
    """Recognize the budget that went through an HTTP library as a time-out."""
    if not isinstance(timeout, Budget):
        raise TypeError("the pool is used with budgets only")
    return timeout


def broken(kind: str, error: OSError, reason: str = "") -> AttemptError:
    """Say which socket operation failed and why, without the error's own arguments."""
    text = reason or error.strerror or type(error).__name__
    failure = AttemptError(kind, text, code=code_of(error))
    failure.__cause__ = TransportError(type(error).__name__, text)
    return failure


def code_of(error: OSError) -> str | None:
    """The system's name of an error ("ENETUNREACH", "EAI_AGAIN"); None when it has none."""
    if isinstance(error, ssl.SSLError):
        return None
    if isinstance(error, socket.gaierror):
        return next((name for name in _NO_ADDRESS if getattr(socket, name, 0) == error.errno), None)
    return errno.errorcode.get(error.errno or 0)
