"""What a client remembers of failures; what it takes is loaded with the first call."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from llmroute.catalog.urls import is_loopback

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from llmroute.health.admission import Gate
    from llmroute.health.gate import HealthGate
    from llmroute.health.view import Health
    from llmroute.types.calls import Clock
    from llmroute.types.faults import Fault
    from llmroute.types.models import Model
    from llmroute.types.plans import Resting
    from llmroute.types.secrets import Secret

    from .keys import Keyring

NOTHING: Mapping[str, Resting] = {}


class Remembered:
    """The gate of a client, and of calls that bring a key of their own."""

    def __init__(self, keyring: Keyring, clock: Clock, given: Health | None) -> None:
        """Remember in what was `given`, None: in what is the client's own."""
        self._keyring = keyring
        self._now = clock.now
        self._given = given
        self._gate: HealthGate | None = None

    @property
    def health(self) -> Health:
        """What is remembered."""
        if self._given is None:
            from llmroute.health.view import Health

            self._given = Health(self._now)
        return self._given

    def gate(self, key: Secret | None = None) -> Gate:
        """What lets attempts begin; under a `key` of the call's own, others are not concerned."""
        if key is None and self._gate is not None:
            return self._gate
        from llmroute.health.gate import HealthGate

        if key is None:
            self._gate = HealthGate(self.health.memory, self._mark)
            return self._gate
        name = f"api_key {self._keyring.digest(key.reveal()).hex()}"
        return HealthGate(self.health.memory, key_name=name)

    def resting(
        self, models: Sequence[Model], key: Secret | None, unavailable: dict[str, str]
    ) -> Mapping[str, Resting]:
        """Say which models rest; those that are disabled are added to what is `unavailable`."""
        if self._given is None or self._given.memory.is_well:  # as a rule
            return NOTHING
        now = self._now()
        standing = self.gate(key).standing(now, models)
        from llmroute.health.view import resting

        found = {name: resting(closed, now) for name, closed in standing.items()}
        for name, one in found.items():
            if one.disabled:
                unavailable.setdefault(name, _until_asked(one))
        return {name: one for name, one in found.items() if not one.disabled}

    def _mark(self, model: Model, fault: Fault) -> object:
        """What changes with a model's key or file; None: nobody can tell, or it is near.

        A server of this machine is soon mended, and asked soon.
        """
        if model.weights is not None:
            return _file_mark(model.weights.file)
        if model.endpoint is None:
            return model.name
        if is_loopback(model.endpoint.origin):
            return None
        mark = self._keyring.mark(model)
        return model.name if mark is None and fault.remedy.blame != "key" else mark


def _until_asked(one: Resting) -> str:
    if one.for_s is None:
        return f"{one.reason}; it is being asked again"
    return f"{one.reason}; it is asked again in {one.for_s:,.0f} s"


def _file_mark(file: str) -> object:
    try:
        found = os.stat(file)  # noqa: PTH116 - pathlib takes twice as long
    except OSError:
        return file
    return found.st_size, found.st_mtime_ns, found.st_ino
