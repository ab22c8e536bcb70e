"""Base URLs: which are allowed, and the origin that a key is bound to."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from llmroute.types.tuples import NamedTuple

if TYPE_CHECKING:
    from urllib.parse import SplitResult

HOST = r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?|\[[0-9a-f:.]+\]"
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
"""A label of a host's name; it can hold no dot, slash, colon or @ that would change the host."""
PATHS = ("/chat/completions", "/responses", "/embeddings", "/completions", "/messages")
"""What an API adds to a base URL, and none ends in."""
DEFAULT_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """A base URL without trailing slash, and its origin: scheme, host and a port if not usual."""

    base_url: str
    origin: str


def is_loopback_host(host: str) -> bool:
    """Whether `host` is this machine: localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost":
        return True
    from ipaddress import ip_address

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@cache
def is_loopback(origin: str) -> bool:
    """Whether an origin as `address` makes it is on this machine."""
    host = origin.partition("://")[2]
    return is_loopback_host(host[: host.index("]") + 1] if "]" in host else host.partition(":")[0])


def address(text: str) -> Address:
    """Check a base URL and normalize it.

    Raises:
        ValueError: the URL may not be used; the text is a sentence that never quotes the URL,
            which may hold credentials.
    """
    return plain_address(text) or parsed_address(text)


def parsed_address(text: str) -> Address:
    """The address of any URL; raises ValueError likewise."""
    from urllib.parse import urlsplit

    if not text.isascii() or not text.isprintable() or " " in text or "\\" in text:
        raise ValueError("it holds a blank, a backslash or a character that is not printable ASCII")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("it is not a URL: host or port cannot be read") from None
    host = _host(parts)
    shown = f"{parts.scheme}://{host}"
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        shown += f":{port}"
    return Address(shown + parts.path.rstrip("/"), shown)


def plain_address(text: str) -> Address | None:
    """The address of a URL in which nothing needs a closer look, as those of the catalog are."""
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    letters = host.replace(".", "").replace("-", "")
    tail = f"{slash}{path}".rstrip("/")
    plain = (
        scheme == "https",
        text.isascii() and text.isprintable(),
        letters.isalnum() and host.islower() and host.strip(".-") == host,
        not set(path) & set(" \\?#"),
        not tail.endswith(PATHS),
    )
    return Address(f"https://{host}{tail}", f"https://{host}") if all(plain) else None


def _check_parts(parts: SplitResult) -> None:
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("it must begin with https:// (or http:// on this machine)")
    if "@" in parts.netloc:
        raise ValueError("it must not hold credentials; name a variable by key_env")
    tail = parts.path.rstrip("/")
    if tail.endswith(PATHS):
        path = next(path for path in PATHS if tail.endswith(path))
        raise ValueError(f"it must not hold {path}, which is added: leave it out")
    if parts.query or parts.fragment:
        raise ValueError("it must not hold a query or a fragment")


def _host(parts: SplitResult) -> str:
    """Check everything but the port; return the host in lower case, IPv6 in brackets.

    A dot at its end says that the name is whole, which it is; no certificate has it.
    """
    _check_parts(parts)
    host = (parts.hostname or "").removesuffix(".")
    shown = f"[{host}]" if ":" in host else host
    if not re.fullmatch(HOST, shown):
        raise ValueError("its host cannot be read")
    if parts.scheme == "http" and not is_loopback_host(host):
        raise ValueError("plain http goes to this machine only; another host needs https")
    return shown
