"""What wakes a driver that sleeps."""

from __future__ import annotations

from llmroute.types.calls import Cancel


class Bell:
    """Ends a driver's sleep early, from any thread; it may be rung at any time, and often.

    It does not know its call, so that whoever may ring it keeps nothing alive.
    """

    __slots__ = ("_listening", "_rung", "over")

    def __init__(self) -> None:
        """Begin silent."""
        self._listening: Cancel | None = None
        self._rung = False
        self.over = False

    def ring(self) -> bool:
        """End the sleep under way, else the next one; False when the call is over."""
        self._rung = True
        listening = self._listening
        if listening is not None:
            listening.set("rung")
        return not self.over

    def listen(self) -> Cancel:
        """What ends the sleep that begins now: set already if it rang since the last one."""
        self._listening = listening = Cancel()
        if self._rung:  # looked at after the line above, as `ring` does it the other way round
            listening.set("rung")
        return listening

    def heard(self) -> None:
        """The sleep is over; what is looked at from here on needs no other ring."""
        self._listening = None
        self._rung = False
