"""The hosts of a policy: whether their names can be resolved in time, or need not be."""

from __future__ import annotations

import os
import socket
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from llmroute.errors import AttemptError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from llmroute.types.models import Model


def hosts_of(models: Iterable[Model]) -> list[str]:
    """The hosts that these models are at, in order."""
    origins = {model.endpoint.origin for model in models if model.endpoint is not None}
    return sorted({urlsplit(origin).hostname or "" for origin in origins})


def proxied(hosts: Iterable[str]) -> Mapping[str, str]:
    """Say of each host that is reached by a proxy of the environment which one; it resolves it."""
    from llmroute.providers.proxies import Proxies

    proxies = Proxies(os.environ)
    states: dict[str, str] = {}
    for host in hosts:
        try:
            proxy = proxies.route(host, 443)
        except AttemptError as error:
            states[host] = f"cannot be reached: {error.fault.reason}"
        else:
            if proxy is not None:
                states[host] = f"is reached by the proxy of {proxy.variable}"
    return states


def resolved(hosts: Sequence[str], limit_s: float) -> Mapping[str, str]:
    """Resolve all hosts at once; say of each how it went within `limit_s` seconds."""
    states = dict.fromkeys(hosts, f"gave no answer within {limit_s:g} s")

    def resolve(host: str) -> None:
        try:
            socket.getaddrinfo(host, None)
        except OSError as error:
            states[host] = f"does not resolve: {error.strerror or error}"
        else:
            states[host] = "resolves"

    # A resolver cannot be stopped; as daemons these threads do not hold the program's end.
    threads = [threading.Thread(target=resolve, args=(host,), daemon=True) for host in hosts]
    for thread in threads:
        thread.start()
    ends = time.monotonic() + limit_s
    for thread in threads:
        thread.join(max(0.0, ends - time.monotonic()))
    return dict(states)
