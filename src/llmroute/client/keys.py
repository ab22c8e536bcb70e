"""Keys: read late, stripped and checked, never kept in a plan and never printed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from llmroute.driver.hooks import guarded
from llmroute.errors import AttemptError, RequestError
from llmroute.types.secrets import Secret, flaw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet

    from llmroute.types.models import Model


class Keyring:
    """Where each model's key comes from: the application's callable, else the variable."""

    __slots__ = ("_callables", "_salt")

    def __init__(self, callables: Mapping[str, Callable[[], str]]) -> None:
        """`callables` maps a model's name to what returns its key."""
        self._callables = dict(callables)
        self._salt = b""

    def problem(self, model: Model, given: Secret | None = None) -> str | None:
        """Say why no key can be sent for `model`; None when one can, or none is needed.

        An application's callable is not called here: it may take time.
        """
        endpoint = model.endpoint
        if endpoint is None:
            return None
        if given is not None:
            return flaw(given.reveal(), "api_key")
        if endpoint.key_name is None or model.name in self._callables:
            return None
        if not os.environ.get(endpoint.key_name, "").strip():
            return f"{endpoint.key_name} is not set"
        return flaw(os.environ[endpoint.key_name], endpoint.key_name)

    def read(self, model: Model, given: Secret | None = None) -> Secret | None:
        """The key of `model`, None when none is needed; raises AttemptError when it is unfit."""
        if model.endpoint is None:
            return None
        source = self._callables.get(model.name)
        if given is None and source is not None:
            name = f"the key function of {model.name}"
            given = _asked(source, name)
            problem = flaw(given.reveal(), name)
        else:
            problem = self.problem(model, given)
        if problem is not None:
            raise AttemptError("bad_key_format", problem)
        if given is None and model.endpoint.key_name is not None:
            given = Secret(os.environ.get(model.endpoint.key_name, ""))
        return None if given is None else Secret(given.reveal().strip())

    def mark(self, model: Model) -> object:
        """What changes with the text of a model's key; None: a function of the application's."""
        source = self._callables.get(model.name)
        if source is not None:
            is_fixed = isinstance(getattr(source, "__self__", None), Secret)
            return model.name if is_fixed else None
        name = None if model.endpoint is None else model.endpoint.key_name
        return model.name if name is None else self.digest(os.environ.get(name, ""))

    def digest(self, key: str) -> bytes:
        """A salted hash of a key: it tells keys apart, and nothing of them."""
        from hashlib import blake2b  # only where something failed, or a call brings a key

        self._salt = self._salt or os.urandom(16)
        return blake2b(key.strip().encode(), key=self._salt, digest_size=8).digest()


def _asked(source: Callable[[], str], name: str) -> Secret:
    """Call a key function; raises AttemptError when it raises, or returns anything but a string."""
    key = cast("object", guarded(source, name, "bad_key_format"))
    if isinstance(key, str):
        return Secret(key)
    kind = type(key).__name__
    del key
    raise AttemptError("bad_key_format", f"{name} must return a string, it returned {kind}")


def check_key(models: tuple[Model, ...], lent: AbstractSet[str]) -> None:
    """Refuse a key of one call that has not one origin to go to; raises RequestError.

    `lent` names the models that openai clients of the application send for.
    """
    if len(models) != 1:
        hint = "Name it: model=..., so that the key reaches its own origin only"
        raise RequestError("a key needs exactly one model", where="api_key", hint=hint)
    if models[0].name in lent:
        what = f"the openai client that was passed for {models[0].name!r} sends its own key"
        hint = "Leave api_key out, or declare the model without client"
        raise RequestError(what, where="api_key", hint=hint)
